"""Structure files of other programs, written from the descriptions of their formats and not from what reads them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

Atom = tuple[str, float, float, float]
"""element and fractional coordinates"""

A, C, Z = 4.30, 7.01, 0.375
"""of wurtzite CdSe, Å"""
WURTZITE: tuple[Atom, ...] = (
    ("Cd", 1 / 3, 2 / 3, 0.0),
    ("Cd", 2 / 3, 1 / 3, 0.5),
    ("Se", 1 / 3, 2 / 3, Z),
    ("Se", 2 / 3, 1 / 3, 0.5 + Z),
)
HEXAGONAL = (A, A, C, 90.0, 90.0, 120.0)


def stru(
    cell: Sequence[float],
    atoms: Sequence[Atom],
    *,
    head: str = "",
    ncell: Sequence[int] | None = None,
    u: Sequence[float] = (0.014, 0.014, 0.014, 0.007, 0.0, 0.0),
    occupancy: float = 1.0,
) -> str:
    """Return a structure as PDFgui writes it; u: U11, U22, U33, U12, U13, U23; head: further lines of the head."""
    counts = ncell or (1, 1, 1, len(atoms))
    lines = ["title  made for a test", "format pdffit", "scale   1.000000"]
    lines += head.splitlines()
    lines += ["cell    " + ",  ".join(f"{v:.6f}" for v in cell)]
    lines += ["dcell   " + ",  ".join(["0.000000"] * 6), "ncell   " + ", ".join(f"{n:9d}" for n in counts), "atoms"]
    zeros = " " * 12 + "0.00000000        0.00000000        0.00000000"
    for element, x, y, z in atoms:
        lines += [
            f"{element.upper():4s} {x:17.8f} {y:17.8f} {z:17.8f} {occupancy:12.4f}",
            zeros + "       0.0000",
            " " * 12 + " ".join(f"{v:17.8f}" for v in u[:3]),
            zeros,
            " " * 12 + " ".join(f"{v:17.8f}" for v in u[3:]),
            zeros,
        ]
    return "\n".join(lines) + "\n"


def project(structures: Mapping[str, str], name: str = "made") -> bytes:
    """Return a project of PDFgui; structures: FIT/PHASE/initial or FIT/PHASE/refined -> text of a .stru file.

    Where PDFgui keeps what it pickled stand bytes that no reader may load.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        fits = list(dict.fromkeys(key.split("/")[0] for key in structures))
        for fit in fits:
            archive.writestr(f"{name}/{fit.replace(' ', '+')}/parameters", b"cposix\nsystem\n(S'exit 3'\ntR.")
        for key, text in structures.items():
            fit, phase, state = key.split("/")
            folder = f"{name}/{fit.replace(' ', '+')}/structure/{phase.replace(' ', '+')}"
            archive.writestr(f"{folder}/{state}", text)
            if state == "initial":
                archive.writestr(f"{folder}/constraints", b"cposix\nsystem\n(S'exit 3'\ntR.")
        archive.writestr(f"{name}/fits", "\n".join(fits))
    return stream.getvalue()


def poscar(
    vectors: Sequence[Sequence[float]],
    rows: Sequence[str],
    *,
    kinds: str = "Cd Se\n2 2",
    factor: str = "1.0",
    mode: str = "Direct",
    comment: str = "made for a test",
) -> str:
    """Return a POSCAR; kinds: the lines of elements and counts; rows: those of the atoms."""
    lattice = [" ".join(f"{v:.16f}" for v in vector) for vector in vectors]
    return "\n".join([comment, factor, *lattice, kinds, mode, *rows]) + "\n"


def ncmat(lengths: str, angles: str, group: str, atoms: Sequence[str]) -> str:
    """Return a structure of NCrystal."""
    lines = ["NCMAT v3", "# made for a test", "@CELL", f"  lengths {lengths}", f"  angles {angles}"]
    lines += ["@SPACEGROUP", f"  {group}", "@ATOMPOSITIONS", *(f"  {a}" for a in atoms)]
    return "\n".join([*lines, "@DEBYETEMPERATURE", "  Cd 150.0", "  Se 200.0"]) + "\n"
