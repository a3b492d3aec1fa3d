"""Powder scans of Bruker and Siemens as text (.uxd): counts or rates over 2θ, one block for each range.

The layout as xylib (`uxd`) and the reader of CrysFML (`Socabim`) describe it: lines `_KEY=value`; blocks that begin
with _DRIVE; then _COUNTS or _CPS and intensities alone, from _START in steps of _STEPSIZE, or _2THETACOUNTS or
_2THETACPS and pairs, whose angles are rounded to two or three decimals: where these follow the step that is stated, the
straight line through them is taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np

from nanocrystal.data.curve import Curve, FloatArray
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.lines import number, quoted, text_lines
from nanocrystal.data.markup import positive
from nanocrystal.data.powder.scan import Scan, counts_of_rates, curve_of_scans, even_angles, scan_of
from nanocrystal.data.stated import Stated

ROUNDED, SAME_STEP = 0.006, 1e-5
"""°; of angles from the straight line that they are a rounding of, and of its slope from the step that is stated"""
DRIVES = ("COUPLED", "LOCKEDCOUPLED", "UNLOCKEDCOUPLED", "2THETA", "DETECTORSCAN", "TWOTHETA")
"""what moves in scans over 2θ, in capitals without signs"""
DATA = re.compile(r"_(2THETA)?(COUNTSTIME|COUNTS|CPS)\b")
PEAKS = ("_D-I", "_2THETA-I")


@dataclass
class _Block:
    """One range. said: its keys and those above all ranges; paired: whether angles stand beside the intensities."""

    said: dict[str, str]
    paired: bool = False
    rate: bool = False
    timed: bool = False
    values: list[list[float]] = field(default_factory=list)


def uxd_curve(file: RawFile) -> Curve:
    """Return the curve of a .uxd file; raises InputError where it holds no scan over 2θ."""
    scans, notes, others = [], [], []
    for block in _blocks(file):
        drive = block.said.get("_DRIVE", "COUPLED")
        if re.sub(r"[^A-Z0-9]", "", drive.upper()) not in DRIVES:
            others.append(drive)
            continue
        scan, more = _scan(file, block)
        scans.append(scan)
        notes += more
    if not scans and others:
        raise file.error(f"holds a scan of the drive {quoted(others[0], 30)}; only scans over 2θ are powder patterns.")
    if not scans:
        raise file.error("holds no scan: there is no line _COUNTS, _CPS, _2THETACOUNTS or _2THETACPS with numbers.")
    if others:
        notes.append(f"{len(others)} scans that are not over 2θ were left out")
    return curve_of_scans(file, scans, list(dict.fromkeys(notes)))


def _blocks(file: RawFile) -> list[_Block]:
    """Return the ranges that hold intensities."""
    common: dict[str, str] = {}
    said, blocks = common, []
    current: _Block | None = None
    for at, text in enumerate(text_lines(file.text), 1):
        line = text.strip().rstrip("\x1a")
        if not line or line.startswith(";"):
            continue
        data = DATA.match(line.upper())
        if data is not None:
            current = _Block(said, data[1] is not None, data[2] == "CPS", data[2] == "COUNTSTIME")
            blocks.append(current)
        elif line.startswith("_"):
            current = None
            key, _, value = line.partition("=")
            if key.upper() == "_DRIVE":
                said = dict(common)
            said[key.upper().strip()] = value.split(";")[0].strip().strip("'\"").strip()
        elif current is not None:
            values = [number(w) for w in re.split(r"[\s,]+", line)]
            width = 1 + current.paired + current.timed
            if None in values or (width > 1 and len(values) < width):
                raise file.error(f"{quoted(line)} holds no {'angle and count' if current.paired else 'counts'}.", at)
            numbers = [v for v in values if v is not None]
            current.values += [numbers[:width]] if width > 1 else [[v] for v in numbers]
        elif not any(k in said for k in PEAKS):
            raise file.error(f"{quoted(line)} stands where no counts were announced.", at)
    return [b for b in blocks if b.values]


def _scan(file: RawFile, block: _Block) -> tuple[Scan, list[str]]:
    said, notes = block.said, list[str]()
    values = np.array(block.values, dtype=np.float64)
    start, step, time = (number(said.get(k, "")) for k in ("_START", "_STEPSIZE", "_STEPTIME"))
    n, time = len(values), time if time is not None and 0.0 < time < np.inf else None
    even: FloatArray | None = None
    if start is not None and step is not None and np.isfinite([start, step]).all() and step > 0.0:
        even = even_angles(start, step, n)
    if block.paired:
        x = _unrounded(values[:, 0], step)
    elif even is None:
        raise file.error("must say _START and _STEPSIZE of a range whose angles are not written.")
    else:
        x = even
    counts = values[:, int(block.paired)]
    if block.rate:
        counts, notes = counts_of_rates(counts, time)
    tilt = {k.strip("_").lower(): v for k in ("_THETA", "_KHI") if (v := number(said.get(k, ""))) is not None}
    scan = scan_of(
        file,
        x,
        counts,
        time=values[:, -1] if block.timed else time or 0.0,
        called=not block.rate or time is not None,
        stated=_stated(said),
    )
    alone = said.get("_DRIVE", "").upper() in ("2THETA", "DETECTORSCAN")
    return replace(scan, tilt=tilt if alone else {}), notes


def _unrounded(x: FloatArray, step: float | None) -> FloatArray:
    """Return angles (n,) without their rounding, where they are even in the step that the file states."""
    if len(x) < 3 or step is None or not np.isfinite(x).all():
        return x
    places = np.arange(len(x), dtype=np.float64) - 0.5 * (len(x) - 1)
    slope = float(places @ x / (places @ places))
    line = np.asarray(x.mean() + places * slope)
    return line if np.abs(x - line).max() < ROUNDED and abs(slope - step) < SAME_STEP else x


def _stated(said: dict[str, str]) -> Stated:
    first, second, ratio = (positive(said.get(k, "")) for k in ("_WL1", "_WL2", "_WLRATIO"))
    return Stated(
        radiation="x-ray",
        wavelength=first,
        second_wavelength=second,
        ratio=ratio if second is not None else None,
        anode=said.get("_ANODE", "").capitalize(),
        sample=said.get("_SAMPLE", ""),
    )


def _begins(content: bytes) -> bool:
    """Say whether the first line that is no comment is that of a .uxd file."""
    lines = (line.strip() for line in content.splitlines())
    return next((line for line in lines if line and not line.startswith(b";")), b"").upper().startswith(b"_FILEVERSION")


UXD = Format("UXD of Bruker", (".uxd",), uxd_curve, knows=_begins)
