"""Structures in projects of PDFgui (.ddp, .ddp3): a phase of a fit as it began or as it was refined.

A project is a zip archive with one text of a structure, in the format of .stru files, for each phase of each fit:
PROJECT/FIT/structure/PHASE/initial and, of a fit that was run, …/refined, names as in a web address (`+` for a blank).
What else it holds is pickled, which no stranger's file may be trusted with: only these texts are read. Layout:
`pdfguicontrol.py`, `fitstructure.py` of diffpy.pdfgui (https://github.com/diffpy/diffpy.pdfgui), version 3.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote_plus

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.sample.crystal.cif import CifStructure
from nanocrystal.sample.crystal.pdffit import parse_pdffit
from nanocrystal.text import decoded

SUFFIXES = (".ddp", ".ddp3")
LARGEST_TEXT = 50_000_000
"""bytes of a structure"""
MOST_FILES = 100_000
BEGIN = b"PK"
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ArithmeticError, LookupError, ValueError)
"""what a damaged archive raises, beside what an encrypted or exotic one does"""
EXPORT = "in PDFgui say Phases → Export Selected Phase, and use that file (.stru or .cif)"


def parse_project(content: bytes, source: str, block: str | None = None) -> tuple[CifStructure, tuple[str, ...]]:
    """Return the structure of a phase, with sentences on how it was read.

    block: FIT/PHASE, either of the two where that is enough, or FIT/PHASE/initial; refined where there is such, unless
    said. Raises InputError for what is no project, and where several phases could be meant.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if len(archive.infolist()) > MOST_FILES:
                raise InputError(source, "holds more files than any project; is it one of PDFgui?")
            names = _names(archive)
            chosen = _chosen(names, block, source)
            text = decoded(_part(archive, names[chosen], source), f"{source} ({chosen})")
    except (*BROKEN, NotImplementedError, RuntimeError):
        problem = f"cannot be read as a project of PDFgui (a zip archive); {EXPORT}."
        raise InputError(source, problem) from None
    structure, notes = parse_pdffit(text, f"{source} ({chosen})")
    structure = replace(structure, source=source)
    return structure, (f"the structure is {chosen} of the project.", *notes)


def _names(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the texts of structures: FIT/PHASE/initial or /refined -> name in the archive."""
    names = {}
    for name in archive.namelist():
        parts = name.split("/")
        if len(parts) == 5 and parts[2] == "structure" and parts[4] in ("initial", "refined"):
            names["/".join(unquote_plus(p) for p in (parts[1], parts[3], parts[4]))] = name
    return names


def _chosen(names: Mapping[str, str], block: str | None, source: str) -> str:
    """Return which text is meant, as FIT/PHASE/refined."""
    if not names:
        raise InputError(source, f"holds no structure that can be read; {EXPORT}.")
    phases = list(dict.fromkeys(name.rpartition("/")[0] for name in names))
    if block in names:
        return str(block)
    if block is not None:
        meant = [p for p in phases if block == p or block in (p.partition("/")[0], p.partition("/")[2])]
        if not meant:
            raise InputError(source, f"has no phase {block!r}; {nearest_names(block, phases)}.")
        phases = meant
    if len(phases) > 1:
        shown = ", ".join(f'"{p}"' for p in phases[:8]) + (", …" if len(phases) > 8 else "")
        raise InputError(source, f"holds {len(phases)} phases; choose one with block = …, of: {shown}.")
    refined = f"{phases[0]}/refined"
    return refined if refined in names else f"{phases[0]}/initial"


def _part(archive: zipfile.ZipFile, name: str, source: str) -> bytes:
    if archive.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotImplementedError
    with archive.open(name) as stream:
        content = stream.read(LARGEST_TEXT + 1)
    if len(content) > LARGEST_TEXT:
        raise InputError(source, "holds a structure that is too large to be one.")
    return content
