"""Version 4 of .raw of Bruker ("RAW4.00"): segments of stated length, then ranges; see `bruker_raw` for where from.

A segment is its kind, its length and what it holds: 10 a name and a text, 30 the tube, 50 a drive with the place where
it began. Kind 0 or 160 begins a range: a header of 160 bytes, segments of its own, then the points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from nanocrystal.data.formats import RawFile
from nanocrystal.data.powder.binary import Binary, is_beta, line_of
from nanocrystal.data.powder.scan import SAME, Scan, even_angles, scan_of
from nanocrystal.data.stated import Stated

EXPORT = "export it as .xy or .uxd from DIFFRAC.EVA or with PowDLL."
FIRST_SEGMENT, RANGE_HEADER = 61, 160
TEXT, TUBE, DRIVE = 10, 30, 50
RANGES = (0, 160)
SCANS = ("lockedcoupled", "unlockedcoupled", "detectorscan", "2thetaomega", "omega2theta", "2theta")
"""what scans over 2θ are called, in small letters without signs"""


@dataclass(frozen=True)
class _Range:
    """A range: its header, the places of its drives by name, and the byte behind it."""

    scan: Scan | None
    kind: str
    end: int


def scans_of_version_4(file: RawFile) -> tuple[list[Scan], list[str]]:
    """Return the scans over 2θ and notes; raises InputError where there is none, or the file is damaged."""
    beta: float | None = None
    stated, at, scans, others = Stated(radiation="x-ray"), FIRST_SEGMENT, list[Scan](), list[str]()
    while at + 8 <= len(file.content):
        data = Binary(file, at)
        kind = data.integer(0)
        if kind in RANGES:
            found = _range(file, at, stated, beta)
            if found.scan is None:
                others.append(found.kind)
            else:
                scans.append(found.scan)
            at = found.end
            continue
        length = _length(file, data)
        if kind == TEXT and data.text(12, 24) == "SAMPLEID":
            stated = replace(stated, sample=data.text(36, length - 36))
        elif kind == TUBE and length >= 120:
            stated, beta = _of_tube(stated, data), line_of(data.double(96))
        at += length
    if others and not scans:
        raise file.error(f"holds a scan of the type {others[0]!r}, which is not over 2θ; {EXPORT}")
    return scans, [f"{len(others)} ranges that are not over 2θ were left out"] if others else []


def _length(file: RawFile, segment: Binary) -> int:
    """Return the length of a segment, at least that of its own head; raises InputError beyond the end."""
    length = segment.integer(4)
    if length < 8 or segment.start + length > len(file.content):
        raise file.error(f"holds a segment of {length} bytes where none can be; it was cut off or is damaged.")
    return length


def _range(file: RawFile, at: int, stated: Stated, beta: float | None) -> _Range:
    """Return the range that begins at a byte; beta: the wavelength of Kβ, where the tube says it."""
    data = Binary(file, at)
    kind, start, step, n = data.text(32, 24), data.double(72), data.double(80), data.integer(88)
    time, width, size = data.single(92), data.integer(136), data.integer(140)
    if width < 4:
        raise file.error(f"holds points of {width} bytes; it is damaged.")
    counts = data.singles(RANGE_HEADER + size, n, width)
    end = at + RANGE_HEADER + size + n * width
    drives: dict[str, float] = {}
    place = at + RANGE_HEADER
    while place + 8 <= at + RANGE_HEADER + size:
        segment = Binary(file, place)
        length = _length(file, segment)
        if segment.integer(0) == DRIVE and length >= 64:
            drives.setdefault(segment.text(12, 24), segment.double(56))
        place += length
    plain = re.sub(r"[^a-z0-9]", "", kind.lower())
    if plain not in SCANS or abs(drives.get("2Theta", start) - start) > SAME:
        return _Range(None, kind, end)
    tilt = {k: drives[k] for k in ("Theta",) if k in drives and plain == "detectorscan"}
    tilt |= {k: drives[k] for k in ("Chi",) if k in drives}
    x = even_angles(start, step, n)
    if beta is not None and is_beta(data.double(112), beta):
        stated = replace(stated, wavelength=beta, second_wavelength=None, ratio=None)
    return _Range(replace(scan_of(file, x, counts, time=time, stated=stated), tilt=tilt), kind, end)


def _of_tube(stated: Stated, data: Binary) -> Stated:
    first, second, ratio = (line_of(data.double(k)) for k in (80, 88, 104))
    anode = data.text(116, 4)
    return replace(
        stated,
        wavelength=first,
        second_wavelength=second if ratio else None,
        ratio=ratio if second else None,
        anode=anode.capitalize() if anode.isalpha() else "",
    )
