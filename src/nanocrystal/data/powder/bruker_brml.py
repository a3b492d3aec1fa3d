"""Powder scans of Bruker (.brml of DIFFRAC.SUITE, a zip archive of XML): counts over 2θ with their counting times.

The layout as the importer of GSAS-II (`BrukerBRML`) and the readers of FAIRmat (`readers-xrd`) describe it, and as
files show it: each Experiment*/RawData*.xml is one scan; its DataRoute marked Measured holds a line Datum for each
point, and DataViews say which columns are MeasuredTime (s), AbsorptionFactor, the axes and what was recorded. What was
recorded is multiplied with the factor of the absorber already: divided by it, it is whole (seen in a measured file).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from nanocrystal.data.archive import Archive
from nanocrystal.data.curve import Curve, FloatArray
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.markup import Element, child, first_number, first_text, named, number_array, xml_root
from nanocrystal.data.powder.scan import Scan, counted, curve_of_scans, scan_of
from nanocrystal.data.stated import Stated

EXPORT = "export it as .xy or .raw from DIFFRAC.EVA."
MOST_SCANS = 2_000
_RAW_DATA = re.compile(r"(?:.*/)?Experiment([0-9]{1,9})/RawData([0-9]{1,9})\.xml")
_FIXED = ("MeasuredTime", "AbsorptionFactor")


@dataclass(frozen=True)
class _Columns:
    """Which columns of a Datum are what, from 0; None where there is none."""

    two_theta: int
    counts: int
    time: int | None
    factor: int | None
    unit: str


def brml_curve(file: RawFile) -> Curve:
    """Return the curve of a .brml file; raises InputError where it holds no scan over 2θ."""
    archive = Archive(file)
    found = sorted((m for n in archive.names if (m := _RAW_DATA.fullmatch(n))), key=lambda m: (int(m[1]), int(m[2])))
    if not found or len(found) > MOST_SCANS:
        raise file.error(f"holds no Experiment0/RawData0.xml, where .brml keeps a scan; {EXPORT}")
    scans, notes, refused = [], [], []
    sample = _sample(archive, found)
    for match in found:
        root = xml_root(archive.content(match[0]), archive.address(match[0]), ".brml")
        route = _route(root)
        columns = "holds no points" if route is None else _columns(route)
        if route is None or isinstance(columns, str):
            refused.append(str(columns))
            continue
        scan, more = _scan(file, root, route, columns, sample)
        scans.append(scan)
        notes += more
    if not scans:
        raise file.error(f"{refused[0]}; {EXPORT}")
    if refused:
        notes.append(f"{len(refused)} scans that are not over 2θ were left out")
    return curve_of_scans(file, scans, list(dict.fromkeys(notes)))


def _route(root: Element) -> Element | None:
    """Return the points as they were measured, else the first ones."""
    routes = [r for r in named(root, "DataRoute") if child(r, "Datum") is not None]
    return next((r for r in routes if r.get("RouteFlag") == "Measured"), next(iter(routes), None))


def _columns(route: Element) -> _Columns | str:
    """Return what stands where in a Datum, or why that is no scan over 2θ."""
    axes = [a.get("AxisId", "") for s in named(route, "ScanAxes") for a in named(s, "ScanAxisInfo")]
    axes = list(dict.fromkeys(axes))
    if "TwoTheta" not in axes:
        return f"holds a scan over {', '.join(axes)[:60] or 'no axis'}; only scans over 2θ are powder patterns"
    views = list(named(route, "RawDataView"))
    if not views:  # time, factor, axes, counts
        return _Columns(2 + axes.index("TwoTheta"), 2 + len(axes), 0, 1, "Counts")
    places: dict[str, int] = {}
    recorded: list[tuple[int, int, str]] = []
    for view in views:
        start, length = view.get("Start", ""), view.get("Length", "")
        if not (start.isdecimal() and length.isdecimal() and len(start) < 9 and len(length) < 9):
            return "says no places of its columns"
        places.setdefault(view.get("LogicName", ""), int(start))
        for i, column in enumerate(named(view, "FieldDefinitions")):
            places.setdefault(column.get("AxisId", ""), int(start) + i)
        recording = next(named(view, "Recording"), None)
        if recording is not None:
            unit = next((u.get("Base", "") for u in named(recording, "Unit")), "")
            recorded.append((int(start), int(length), unit))
    counts = next((r for r in recorded if r[2].lower().startswith("count")), recorded[0] if recorded else None)
    if counts is None or "TwoTheta" not in places:
        return "does not say which column is 2θ and which are counts"
    if counts[1] != 1:
        return f"holds {counts[1]} channels for each point, not one"
    time, factor = (places.get(n) for n in _FIXED)
    return _Columns(places["TwoTheta"], counts[0], time, factor, counts[2])


def _scan(file: RawFile, root: Element, route: Element, at: _Columns, sample: str) -> tuple[Scan, list[str]]:
    rows = [number_array(e.text or "", file.address, "Datum") for e in route if e.tag.rpartition("}")[2] == "Datum"]
    width, needed = len(rows[0]), max(at.two_theta, at.counts, at.time or 0, at.factor or 0) + 1
    if any(len(row) != width for row in rows) or width < needed:
        raise file.error(f"holds points of {width} columns, or of different ones, where {needed} are announced.")
    values: FloatArray = np.array(rows, dtype=np.float64)
    factor = np.ones(len(values)) if at.factor is None else values[:, at.factor]
    time = np.zeros(len(values)) if at.time is None else values[:, at.time]
    counts, multiplied = counted(values[:, at.counts], factor)
    notes = ["intensities are multiplied with the factors of the absorber already"] if multiplied else []
    if not multiplied and (time > 0.0).all() and np.ptp(time) > 0.0:
        scaled, normalised = counted(values[:, at.counts], factor * time.max() / time)
        if normalised:
            counts, factor, time = scaled, factor * time.max() / time, np.full(len(values), time.max())
            notes, multiplied = ["intensities are scaled to one counting time already"], True
    if not multiplied and (factor != 1.0).any():
        raise file.error(f"says of an absorber what does not fit its counts; {EXPORT}")
    first, second, ratio = (first_number(root, f"WaveLength{n}") for n in ("Alpha1", "Alpha2", "Ratio"))
    stated = Stated(
        radiation="x-ray",
        wavelength=first,
        second_wavelength=second if ratio else None,
        ratio=ratio if second else None,
        anode=first_text(root, "TubeMaterial"),
        sample=sample,
    )
    scan = scan_of(
        file,
        values[:, at.two_theta],
        counts,
        factor=factor,
        time=time,
        called=at.unit.lower().startswith("count"),
        stated=stated,
    )
    return scan, notes


def _sample(archive: Archive, found: list[re.Match[str]]) -> str:
    """Return the name of the sample, where the archive has one."""
    name = found[0][0].rpartition("/")[0] + "/DataContainer.xml"
    if name not in archive.names:
        return ""
    root = xml_root(archive.content(name), archive.address(name), ".brml")
    return next((e.get("SampleName", "") for e in named(root, "MeasurementInfo")), "")


BRML = Format(
    "BRML of Bruker",
    (".brml",),
    brml_curve,
    knows=lambda content: content[:2] == b"PK" and b"Experiment0/" in content,
)
