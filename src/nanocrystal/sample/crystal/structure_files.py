"""The files a crystal may be read from: CIF, .stru and projects of PDFgui, POSCAR of VASP, .ncmat of NCrystal.

Which it is the text says where it can, the name of the file otherwise; what is none of them is read as a CIF.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar

from nanocrystal.errors import InputError
from nanocrystal.parameters import ExactlyOne
from nanocrystal.parameters.number import came
from nanocrystal.sample.crystal import ncmat, pdffit, pdfgui, poscar
from nanocrystal.sample.crystal.cif import CifStructure, parse_cif
from nanocrystal.tables.library import library_name, library_text
from nanocrystal.text import decoded, file_bytes

LIBRARY = "library:"
"""what begins the source of a bundled structure"""

OTHER_PROGRAMS = {
    ".gpx": "a project of GSAS-II: export the phase there (Export → Phase as → CIF)",
    ".exp": "an experiment of GSAS: export the phase as a CIF",
    ".pcr": "an input of FullProf, which writes a .cif beside it",
    ".inp": "an input of another program (of Topas: Out_CIF_STR writes a CIF)",
    ".res": "a file of SHELX: write a CIF with ACTA",
    ".ins": "a file of SHELX: write a CIF with ACTA",
    ".xyz": 'a list of atoms without a cell: it is the file of a population with shape = "atoms"',
    ".pdb": "a file of the Protein Data Bank: save the structure as a CIF",
    ".vesta": "a file of VESTA: export it there (File → Export Data, CIF)",
    ".cmdf": "a file of CrystalMaker: export a CIF",
    ".xsf": "a file of XCrySDen: save the structure as a CIF or POSCAR",
    ".rmc6f": "a configuration of RMCProfile, atoms of many cells: give the CIF or .stru it began from",
}
"""what other files are, by suffix, and how to come from there"""


@dataclass(frozen=True)
class StructureFile:
    """What a crystal structure is read from."""

    cif: Annotated[
        str | None,
        "structure file (CIF, POSCAR, .stru, .ddp or .ncmat; see Files), relative to the study; or package:NAME/path "
        "inside an installed package",
    ] = None
    library: Annotated[str | None, "name of a bundled structure; see: nanocrystal library"] = None
    block: Annotated[str, "data block of a CIF, phase of a PDFgui project [the first with a structure]"] = ""
    setting: Annotated[str, 'space group with axes and origin, such as "F d -3 m :1" [as the CIF says]'] = ""
    one_of: ClassVar[ExactlyOne] = ExactlyOne("cif", "library")


def read_structure(
    file: str | Path, where: str, source: str | None = None, block: str = "", setting: str = ""
) -> CifStructure:
    """Return the structure of a file, or of the library: "library:NAME"; raises InputError at `where`.

    source: how reports and messages name the file, its path if not said; block, setting: see `structure_of_file`.
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
        return structure_of_file(Path(file), f"{where}.cif", source, block, setting)
    except InputError as error:
        if error.where not in ("block", "setting"):
            raise
        raise InputError(f"{where}.{error.where}", error.problem) from None


def is_structure(path: Path) -> bool:
    """Say whether a file holds a crystal structure, by its name."""
    suffixes = (".cif", *pdfgui.SUFFIXES, *pdffit.SUFFIXES, *ncmat.SUFFIXES, *poscar.SUFFIXES)
    return path.suffix.lower() in suffixes or path.name.upper().startswith(poscar.NAMES)


def structure_of_file(
    path: Path, where: str, source: str | None = None, block: str = "", setting: str = ""
) -> CifStructure:
    """Return the structure in a file of a crystal.

    where: what names the file; source: what reports and messages call it [its path]; block: which of several is meant;
    setting: the space group of a CIF with its axes and origin [as it says]. Raises InputError, at `where` for a file
    that cannot be read, at the file and its line for what it holds, at "block" and "setting" for these.
    """
    named, content = source or str(path), file_bytes(path, where)
    suffix = path.suffix.lower()
    if suffix in pdfgui.SUFFIXES or content.startswith(pdfgui.BEGIN):
        _check_unasked("setting", setting)
        structure, notes = pdfgui.parse_project(content, named, block or None)
        return replace(structure, notes=notes, block=block)
    if suffix in OTHER_PROGRAMS:
        what = OTHER_PROGRAMS[suffix]
        raise InputError(named, f"is {what}. A crystal is read from a CIF, .stru, .ddp, POSCAR or .ncmat.")
    text = decoded(content, f"{where}: {path}" if where else str(path))
    if pdffit.is_pdffit(text) or suffix in pdffit.SUFFIXES:
        return _with_notes(*pdffit.parse_pdffit(text, named), block, setting)
    if text.startswith(ncmat.BEGIN) or suffix in ncmat.SUFFIXES:
        return _with_notes(*ncmat.parse_ncmat(text, named), block, setting)
    if suffix in poscar.SUFFIXES or path.name.upper().startswith(poscar.NAMES):
        return _with_notes(*poscar.parse_poscar(text, named), block, setting)
    return parse_cif(text, named, block=block, setting=setting)


def _with_notes(structure: CifStructure, notes: tuple[str, ...], block: str, setting: str) -> CifStructure:
    """Return a structure with notes; raises InputError where a part of a file was asked for that it does not have."""
    _check_unasked("block", block)
    _check_unasked("setting", setting)
    return replace(structure, notes=notes)


def _check_unasked(key: str, value: str) -> None:
    if value:
        of = "CIFs and projects of PDFgui" if key == "block" else "CIFs"
        raise InputError(key, f"is for {of}, got {value!r}; leave it out.")
