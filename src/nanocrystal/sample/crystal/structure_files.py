"""The files a crystal may be read from: CIF, .stru and projects of PDFgui, POSCAR of VASP, .ncmat of NCrystal.

Which it is the text says where it can, the name of the file otherwise; what is none of them is read as a CIF.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal import ncmat, pdffit, pdfgui, poscar
from nanocrystal.sample.crystal.cif import CifStructure, parse_cif
from nanocrystal.text import decoded, file_bytes

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


def is_structure(path: Path) -> bool:
    """Say whether a file holds a crystal structure, by its name."""
    suffixes = (".cif", *pdfgui.SUFFIXES, *pdffit.SUFFIXES, *ncmat.SUFFIXES, *poscar.SUFFIXES)
    return path.suffix.lower() in suffixes or path.name.upper().startswith(poscar.NAMES)


def structure_of_file(path: Path, where: str, source: str | None = None, block: str | None = None) -> CifStructure:
    """Return the structure in a file of a crystal.

    where: what names the file; source: what reports and messages call it [its path]; block: which of several is meant.
    Raises InputError, at `where` for a file that cannot be read, at the file and its line for what it holds.
    """
    named, content = source or str(path), file_bytes(path, where)
    suffix = path.suffix.lower()
    if suffix in pdfgui.SUFFIXES or content.startswith(pdfgui.BEGIN):
        return _with_notes(*pdfgui.parse_project(content, named, block))
    if suffix in OTHER_PROGRAMS:
        what = OTHER_PROGRAMS[suffix]
        raise InputError(named, f"is {what}. A crystal is read from a CIF, .stru, .ddp, POSCAR or .ncmat.")
    text = decoded(content, f"{where}: {path}" if where else str(path))
    if pdffit.is_pdffit(text) or suffix in pdffit.SUFFIXES:
        return _with_notes(*pdffit.parse_pdffit(text, named))
    if text.startswith(ncmat.BEGIN) or suffix in ncmat.SUFFIXES:
        return _with_notes(*ncmat.parse_ncmat(text, named))
    if suffix in poscar.SUFFIXES or path.name.upper().startswith(poscar.NAMES):
        return _with_notes(*poscar.parse_poscar(text, named))
    return parse_cif(text, named)


def _with_notes(structure: CifStructure, notes: tuple[str, ...]) -> CifStructure:
    return replace(structure, notes=notes)
