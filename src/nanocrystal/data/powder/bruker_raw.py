"""Powder scans of Bruker and Siemens as binary files (.raw), versions 1 to 4.

They begin with "RAW ", "RAW2", "RAW1.01" and "RAW4.00". Places of numbers are those that xylib (`bruker_raw`, after
appendices of the manuals DIFFRAC-AT and DIFFRACplus XCH) and the importer of GSAS-II (`BrukerRAW`) name. Numbers are
little-endian, counts 4-byte floats. Sizes that a file states are compared with its own before they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nanocrystal.data.curve import Curve
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.powder.binary import Binary, is_beta, line_of
from nanocrystal.data.powder.bruker_raw4 import scans_of_version_4
from nanocrystal.data.powder.scan import Scan, curve_of_scans, even_angles, scan_of
from nanocrystal.data.stated import Stated

EXPORT = "export it as .xy or .uxd from DIFFRAC.EVA or with PowDLL."
MOST_RANGES = 10_000
HEADER_1, HEADER_2, HEADER_3 = 156, 256, 712
"""bytes before the first counts of version 1, and before the first range of the others"""
SCAN_TYPES_3 = {0: "locked coupled", 1: "unlocked coupled", 2: "detector scan"}
"""numbers of scans over 2θ in version 3"""


def bruker_raw_curve(file: RawFile) -> Curve:
    """Return the curve of a .raw file of Bruker; raises InputError where it holds no scan over 2θ, or is cut off."""
    versions: dict[bytes, Callable[[RawFile], tuple[Sequence[Scan], list[str]]]] = {
        b"RAW ": _version_1,
        b"RAW2": _version_2,
        b"RAW1.0": _version_3,
        b"RAW4.0": scans_of_version_4,
    }
    read = next((v for magic, v in versions.items() if file.content.startswith(magic)), None)
    if read is None:
        raise file.error(f"is no .raw file of Bruker; {EXPORT}")
    scans, notes = read(file)
    if not scans:
        raise file.error(f"holds no range with points; {EXPORT}")
    return curve_of_scans(file, scans, notes)


def _version_1(file: RawFile) -> tuple[list[Scan], list[str]]:
    """Return the scans of DIFFRAC-AT: each range has a header of its own, with or without "RAW " before it."""
    scans, at = list[Scan](), 0
    while len(scans) < MOST_RANGES:
        data = Binary(file, at - (0 if file.content[at : at + 4] == b"RAW " else 4))
        n = data.integer(4)
        start, step, time = data.single(24), data.single(12), data.single(8)
        stated = _stated(data.single(72), data.single(76), None, "", data.text(40, 32))
        counts = data.singles(HEADER_1, n, 4)
        scans.append(scan_of(file, even_angles(start, step, n), counts, time=time, stated=stated))
        more = data.integer(152)
        at = data.start + HEADER_1 + 4 * n
        if more == 0 or at >= len(file.content):
            break
    return scans, []


def _version_2(file: RawFile) -> tuple[list[Scan], list[str]]:
    head = Binary(file, 0)
    ranges = head.short(4)
    stated = _stated(head.single(190), head.single(194), head.single(198), head.text(188, 2), "")
    scans, at = list[Scan](), HEADER_2
    for _ in range(min(ranges, MOST_RANGES)):
        data = Binary(file, at)
        size, n = data.short(0), data.short(2)
        if size < 48:
            raise file.error(f"has a range with a header of {size} bytes; it is damaged.")
        start, step, time = data.single(16), data.single(12), data.single(8)
        counts = data.singles(size, n, 4)
        scans.append(scan_of(file, even_angles(start, step, n), counts, time=time, stated=stated))
        at += size + 4 * n
    return scans, []


def _version_3(file: RawFile) -> tuple[list[Scan], list[str]]:
    head = Binary(file, 0)
    ranges = head.integer(12)
    lines = (head.double(624), head.double(632), head.double(648))
    stated = _stated(*lines, head.text(608, 4), head.text(326, 60))
    beta = head.double(640)
    of_beta = replace(stated, wavelength=line_of(beta), second_wavelength=None, ratio=None)
    scans, others, at = [], [], HEADER_3
    for _ in range(min(ranges, MOST_RANGES)):
        data = Binary(file, at)
        size, n = data.integer(0), data.integer(4)
        varying, width, more = data.integer(248), data.integer(252) or 4, data.integer(256)
        if size < 304 or width < 4:
            raise file.error(f"has a range with a header of {size} bytes and points of {width}; it is damaged.")
        kind = data.integer(196)
        counts = data.singles(size + more, n, width)
        if kind not in SCAN_TYPES_3:
            others.append(f"a scan of type {kind}, which is not over 2θ")
        elif varying:
            others.append("angles or other values for each point")
        else:
            start, step, time = data.double(16), data.double(176), data.single(192)
            x = even_angles(start, step, n)
            tilt = {"theta": data.double(8)} if kind == 2 else {}
            here = of_beta if is_beta(data.double(240), beta) else stated
            scans.append(replace(scan_of(file, x, counts, time=time, stated=here), tilt=tilt))
        at += size + more + width * n
    if others and not scans:
        raise file.error(f"holds {others[0]}; {EXPORT}")
    return scans, [f"{len(others)} ranges that are no plain scan over 2θ were left out"] if others else []


def _stated(first: float, second: float, ratio: float | None, anode: str, sample: str) -> Stated:
    return Stated(
        radiation="x-ray",
        wavelength=line_of(first),
        second_wavelength=line_of(second) if ratio != 0.0 else None,
        ratio=line_of(ratio) if line_of(second) is not None else None,
        anode=anode.capitalize() if anode.isalpha() else "",
        sample=sample,
    )


BRUKER_RAW = Format(
    "RAW of Bruker",
    (),
    bruker_raw_curve,
    knows=lambda content: content.startswith((b"RAW ", b"RAW2", b"RAW1.0", b"RAW4.0")),
)
