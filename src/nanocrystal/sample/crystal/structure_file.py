"""What a crystal structure is read from: a CIF, or a name of the library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from nanocrystal.errors import InputError
from nanocrystal.parameters import ExactlyOne
from nanocrystal.parameters.number import came
from nanocrystal.sample.crystal.cif import CifStructure, parse_cif
from nanocrystal.tables.library import library_name, library_text
from nanocrystal.text import read_text

LIBRARY = "library:"
"""what begins the source of a bundled structure"""


@dataclass(frozen=True)
class StructureFile:
    """What a crystal structure is read from."""

    cif: Annotated[str | None, "file, relative to the study; or package:NAME/path inside an installed package"] = None
    library: Annotated[str | None, "name of a bundled structure; see: nanocrystal library"] = None
    block: Annotated[str, "data block of the CIF [the first with a structure]"] = ""
    setting: Annotated[str, 'space group with axes and origin, such as "F d -3 m :1" [as the CIF says]'] = ""
    one_of: ClassVar[ExactlyOne] = ExactlyOne("cif", "library")


def read_structure(
    file: str | Path, where: str, source: str | None = None, block: str = "", setting: str = ""
) -> CifStructure:
    """Return the structure of a CIF, or of the library: "library:NAME"; raises InputError at `where`.

    source: how reports and messages name the file, its path if not said; block, setting: see `parse_cif`.
    """
    if isinstance(file, str) and file.startswith(LIBRARY):
        for key, value in (("block", block), ("setting", setting)):
            if value:
                raise InputError(f"{where}.{key}", "is for a file of your own; the library has one structure each.")
        known = library_name(file.removeprefix(LIBRARY), f"{where}.library")
        return parse_cif(library_text(known), f"{LIBRARY}{known}")
    if not isinstance(file, str | Path) or "\n" in str(file):
        raise InputError("Crystal.structure", f'must be a file or "library:NAME", got {came(file)}.')
    try:
        return parse_cif(read_text(Path(file), f"{where}.cif"), source or str(file), block=block, setting=setting)
    except InputError as error:
        if error.where not in ("block", "setting"):
            raise
        raise InputError(f"{where}.{error.where}", error.problem) from None
