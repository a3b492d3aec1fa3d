"""Powder patterns that are not read: what they are, by first bytes or suffix, and how they can be exported."""

from __future__ import annotations

from nanocrystal.data.curve import Curve
from nanocrystal.data.formats import Format, RawFile

MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"RAW_", "a .raw file of STOE WinXPOW", "export it as .xy or .xye from WinXPOW"),
    (b"V3RD", "an .rd file of Philips", "export it as .xy or .xrdml from X'Pert"),
    (b"V5RD", "an .rd file of Philips", "export it as .xy or .xrdml from X'Pert"),
    (b"V3PC", "an .sd file of Philips", "export it as .xy or .xrdml from X'Pert"),
    (b"FI\0", "a .raw file of Rigaku", "export it as .ras or .xy from the program of the instrument"),
    (b"SampleIdent", "a .udf file of Philips", "export it as .xy or .xrdml from X'Pert"),
    (b"SIETRONICS", "a .cpi file of Sietronics", "export it as .xy"),
)
"""first bytes, what such a file is, and what to do"""
SUFFIXES = {
    ".raw": "a .raw file, but neither of Bruker nor of GSAS",
    ".rd": "an .rd file of Philips",
    ".sd": "an .sd file of Philips",
    ".udf": "a .udf file of Philips",
    ".cpi": "a .cpi file of Sietronics",
    ".gpx": "a project of GSAS-II",
    ".mdi": "an .mdi file of JADE",
}


def refused(file: RawFile) -> Curve:
    """Raise InputError: what the file is, and how its pattern can be had."""
    for magic, what, remedy in MAGIC:
        if file.content.startswith(magic):
            raise file.error(f"is {what}, which is not read; {remedy}.")
    what = SUFFIXES.get(file.path.suffix.lower(), "a file of another program")
    raise file.error(f"is {what}, which is not read; export it as .xy or .xye from the program that wrote it.")


UNREAD = Format(
    "powder patterns that are not read",
    tuple(SUFFIXES),
    refused,
    knows=lambda content: any(content.startswith(magic) for magic, _, _ in MAGIC),
)
