"""Powder scans of Rigaku: .ras (SmartLab Guidance and others, text) and .rasx (SmartLab Studio, a zip archive).

Layouts as xrayutilities (`io.rigaku_ras`) and the readers of FAIRmat (`readers-xrd`) describe them, and as files show
them. A .ras holds scans between *RAS_HEADER_START and *RAS_INT_END: lines `*KEY "value"`, then angle, intensity, and in
a third column the factor of the attenuator, which the intensity is to be multiplied with. A .rasx holds the same rows
in Data0/Profile0.txt, and what was set in Data0/MesurementConditions0.xml.

Counts that are spread over steps are no whole numbers; their scatter is within 12 % of their root (three files).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from nanocrystal.data.archive import Archive
from nanocrystal.data.curve import Curve, FloatArray
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.lines import number, quoted, text_lines
from nanocrystal.data.markup import Element, child, first_text, named, positive, xml_root
from nanocrystal.data.powder.scan import Scan, counted, counts_of_rates, curve_of_scans, scan_of
from nanocrystal.data.stated import Stated
from nanocrystal.text import decoded

AXES = ("twotheta", "twothetatheta", "twothetaomega", "2theta", "2thetatheta", "theta2theta", "2thetaomega")
"""what scans over 2θ are called, in small letters without signs"""
RATES = ("cps", "counts/sec", "counts/s")
MOST_SCANS = 20_000
SECONDS = {"deg/min": 60.0, "degmin": 60.0, "deg/sec": 1.0, "deg/s": 1.0}
"""of a speed in that unit: seconds in its unit of time"""
_PAIR = re.compile(r'\*(\S+)\s+"?(.*?)"?\s*')
_PROFILE = re.compile(r"Data([0-9]{1,9})/Profile([0-9]{1,9})\.txt")


def ras_curve(file: RawFile) -> Curve:
    """Return the curve of a .ras file; raises InputError where it holds no scan over 2θ."""
    header: dict[str, str] = {}
    blocks: list[tuple[dict[str, str], list[tuple[int, str]]]] = []
    inside = False
    for at, text in enumerate(text_lines(file.text), 1):
        line = text.strip()
        if line == "*RAS_HEADER_START":
            header = {}
        elif line == "*RAS_INT_START":
            blocks.append((header, []))
            inside = True
        elif line.startswith("*"):
            inside = False
            pair = _PAIR.fullmatch(line)
            if pair is not None:
                header[pair[1]] = pair[2]
        elif inside and line and not line.startswith("#"):
            blocks[-1][1].append((at, line))
    if not blocks:
        raise file.error("holds no scan: there is no line *RAS_INT_START.")
    return _curve(file, [(h, _rows(file, rows, "")) for h, rows in blocks])


def rasx_curve(file: RawFile) -> Curve:
    """Return the curve of a .rasx file; raises InputError where it holds no scan over 2θ."""
    archive = Archive(file)
    names = archive.names
    profiles = sorted((m for n in names if (m := _PROFILE.fullmatch(n))), key=lambda m: (int(m[1]), int(m[2])))
    if not profiles or len(profiles) > MOST_SCANS:
        raise file.error("holds no profile of a scan; export it as .ras or .xy from SmartLab Studio.")
    blocks = []
    for match in profiles:
        conditions = f"Data{match[1]}/MesurementConditions{match[2]}.xml"
        if conditions not in names:
            raise file.error(f"holds no {conditions}, which says how {match[0]} was measured.")
        root = xml_root(archive.content(conditions), archive.address(conditions), ".rasx")
        lines = text_lines(decoded(archive.content(match[0]), archive.address(match[0])))
        numbered = [(i, line.strip("\ufeff \t\r")) for i, line in enumerate(lines, 1)]
        rows = _rows(file, [(i, line) for i, line in numbered if line], f"{match[0]}, ")
        blocks.append((_conditions(root), rows))
    return _curve(file, blocks)


def _curve(file: RawFile, blocks: Sequence[tuple[Mapping[str, str], FloatArray]]) -> Curve:
    """Return the curve of scans, each what was said of it by the keys of .ras and rows (n, 3)."""
    scans, notes, others = [], [], []
    for said, rows in blocks:
        axis = said.get("MEAS_SCAN_AXIS_X_INTERNAL") or said.get("MEAS_SCAN_AXIS_X") or "unnamed"
        if re.sub(r"[^a-z0-9]", "", axis.lower()) not in AXES:
            others.append(axis)
            continue
        scan, more = _scan(file, said, rows)
        scans.append(scan)
        notes += more
    if not scans:
        raise file.error(f"holds a scan over the axis {quoted(others[0], 30)}; only scans over 2θ are powder patterns.")
    if others:
        notes.append(f"{len(others)} scans that are not over 2θ were left out")
    return curve_of_scans(file, scans, list(dict.fromkeys(notes)))


def _scan(file: RawFile, said: Mapping[str, str], rows: FloatArray) -> tuple[Scan, list[str]]:
    unit = said.get("MEAS_SCAN_UNIT_Y", "").lower()
    values, factor, notes = rows[:, 1], rows[:, 2], []
    time = _time(said)
    if not factor.any():
        factor = np.ones_like(factor)
    if (factor != 1.0).any():
        values, multiplied = counted(values, factor)
        if multiplied:
            notes.append("intensities are multiplied with the factors of the attenuator already")
    if unit in RATES:
        values, more = counts_of_rates(values, time)
        notes += more
    scan = scan_of(
        file,
        rows[:, 0],
        values,
        factor=factor,
        time=time or 0.0,
        called=unit == "counts" or (unit in RATES and time is not None),
        stated=_stated(said),
    )
    return replace(scan, tilt=_places(said)), notes


def _time(said: Mapping[str, str]) -> float | None:
    """Return the time of a step, s; None where speed and step do not say it."""
    speed, step = positive(said.get("MEAS_SCAN_SPEED", "")), positive(said.get("MEAS_SCAN_STEP", ""))
    unit = said.get("MEAS_SCAN_SPEED_UNIT", "").lower().strip()
    if speed is None:
        return None
    if unit in ("sec", "s", "sec."):
        return speed
    if unit in SECONDS and step is not None:
        return step / speed * SECONDS[unit]
    return None


def _stated(said: Mapping[str, str]) -> Stated:
    first, second, beta = (positive(said.get(f"HW_XG_WAVE_LENGTH_{n}", "")) for n in ("ALPHA1", "ALPHA2", "BETA"))
    line = said.get("MEAS_COND_XG_WAVE_TYPE", "").lower()
    if line.startswith("kb"):
        first, second = beta, None
    elif line.endswith("1"):
        second = None
    return Stated(
        radiation="x-ray",
        wavelength=first,
        second_wavelength=second,
        anode=said.get("HW_XG_TARGET_NAME", ""),
        sample=said.get("FILE_SAMPLE", "") or said.get("FILE_COMMENT", ""),
    )


def _places(said: Mapping[str, str]) -> dict[str, float]:
    """Return where omega and chi stood, where they were held."""
    axes = {said[k]: k.rpartition("-")[2] for k in said if k.startswith("MEAS_COND_AXIS_NAME_INTERNAL-")}
    places = {a: number(said.get(f"MEAS_COND_AXIS_POSITION-{axes[a]}", "")) for a in ("Omega", "Chi") if a in axes}
    return {a: p for a, p in places.items() if p is not None and np.isfinite(p)}


def _rows(file: RawFile, lines: Sequence[tuple[int, str]], within: str) -> FloatArray:
    """Return angle, intensity and attenuation (n, 3), the last 1 where it is left out."""
    rows = []
    for at, line in lines:
        values = [number(w) for w in line.replace(",", " ").split()]
        if len(values) not in (2, 3) or None in values:
            raise file.error(f"{within}line {at}: {quoted(line)} is no angle and intensity.")
        rows.append([*values, 1.0][:3])
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _conditions(root: Element) -> dict[str, str]:
    """Return what a .rasx says of a scan, by the keys of .ras."""
    scan = next(named(root, "ScanInformation"), root)
    pairs = [[(e.text or "").strip() for e in pair] for pair in named(root, "Pair")]
    said = {p[0].lstrip("*"): p[1] for p in pairs if len(p) == 2}
    for key, name in {
        "MEAS_SCAN_AXIS_X_INTERNAL": "AxisName",
        "MEAS_SCAN_SPEED": "Speed",
        "MEAS_SCAN_SPEED_UNIT": "SpeedUnit",
        "MEAS_SCAN_STEP": "Step",
        "MEAS_SCAN_UNIT_Y": "IntensityUnit",
    }.items():
        said[key] = first_text(scan, name)
    for key, name in {
        "HW_XG_TARGET_NAME": "TargetName",
        "HW_XG_WAVE_LENGTH_ALPHA1": "WavelengthKalpha1",
        "HW_XG_WAVE_LENGTH_ALPHA2": "WavelengthKalpha2",
        "HW_XG_WAVE_LENGTH_BETA": "WavelengthKbeta",
        "MEAS_COND_XG_WAVE_TYPE": "WaveType",
        "FILE_SAMPLE": "SampleName",
    }.items():
        said[key] = first_text(root, name)
    information = child(root, "RSMInformation")
    if information is not None:  # a map of reciprocal space: omega goes from scan to scan
        said |= {"MEAS_COND_AXIS_NAME_INTERNAL-m": "Omega", "MEAS_COND_AXIS_POSITION-m": _omega(root)}
    return said


def _omega(root: Element) -> str:
    axes = (e for e in named(root, "Axis") if e.get("Name") == "Omega")
    return next((e.get("Position", "") for e in axes), "")


RAS = Format("RAS of Rigaku", (".ras",), ras_curve, knows=lambda content: content.lstrip()[:15] == b"*RAS_DATA_START")
RASX = Format(
    "RASX of Rigaku",
    (".rasx",),
    rasx_curve,
    knows=lambda content: content[:2] == b"PK" and (b"/Profile" in content or b"MesurementConditions" in content),
)
