"""Powder scans of PANalytical (.xrdml): counts over 2θ, with attenuators and counting times taken into account.

The format is the XRDMeasurement schema, versions 1.0 to 2.3 (http://www.xrdml.com): `counts` are as counted, with
`beamAttenuationFactors` beside them where an attenuator was in; `intensities`, of older files, are multiplied by the
factors already. Several scans of the same angles (repeats) are added up.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np

from nanocrystal.data.curve import Curve, FloatArray
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.stated import Stated
from nanocrystal.errors import InputError

SAME = 1e-4
"""°; angles of two scans that are the same"""


@dataclass(frozen=True)
class _Scan:
    """One scan, arrays (n,): 2θ (°), counts, and what intensities are multiplied by (attenuation), times in s."""

    two_theta: FloatArray
    counts: FloatArray
    factor: FloatArray
    time: FloatArray


def xrdml_curve(file: RawFile) -> Curve:
    """Return the curve in a file; raises InputError for what holds no scan over 2θ.

    Where attenuators or counting times differ along the scan the intensities are scaled to those of no attenuator and
    the mean time, and σ says so; else intensities are counts without σ.
    """
    content, address = file.content, file.address
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise InputError(address, f"cannot be read as .xrdml: {error}.") from None
    if _tag(root) != "xrdMeasurements":
        raise InputError(address, f"is no .xrdml file: it begins with <{_tag(root)}> instead of <xrdMeasurements>.")
    scans = [e for e in root.iter() if _tag(e) == "dataPoints"]
    if not scans:
        raise InputError(address, "holds no scan; was the measurement stopped before it began?")
    scan, notes = _joined([_scan(e, address) for e in scans], address)
    always = np.ptp(scan.time) == 0.0 and scan.time[0] > 0.0
    stated = Stated(
        radiation="x-ray",
        wavelength=_stated_number(root, "kAlpha1"),
        second_wavelength=_stated_number(root, "kAlpha2"),
        ratio=_stated_number(root, "ratioKAlpha2KAlpha1"),
        anode=next((e.text.strip() for e in root.iter() if _tag(e) == "anodeMaterial" and e.text), ""),
        counting_time=float(scan.time[0]) if always else None,
    )
    intensity, sigma, more = _scaled(scan)
    all_notes = (f"{len(intensity)} points over 2θ were read", *notes, *more)
    return file.curve(scan.two_theta, intensity, sigma, axes=("two_theta", "intensity"), stated=stated, notes=all_notes)


def _stated_number(root: ElementTree.Element, name: str) -> float | None:
    """Return the first number above 0 that an element of this name holds."""
    for element in root.iter():
        if _tag(element) == name:
            with contextlib.suppress(ValueError):
                value = float(element.text or "")
                if 0.0 < value < np.inf:
                    return value
    return None


def _scan(points: ElementTree.Element, address: str) -> _Scan:
    counted = _child(points, "counts")
    older = _child(points, "intensities") if counted is None else None
    element = counted if counted is not None else older
    if element is None:
        raise InputError(address, "holds a scan without counts.")
    numbers = _numbers(element, address)
    two_theta = _angles(points, len(numbers), address)
    factor = _beside(points, "beamAttenuationFactors", len(numbers), 1.0, address)
    common = _child(points, "commonCountingTime")
    always = float(_numbers(common, address)[0]) if common is not None else 0.0
    time = _beside(points, "countingTimes", len(numbers), always, address)
    if not (factor > 0.0).all():
        raise InputError(address, "holds beamAttenuationFactors that are not above 0.")
    if (numbers < 0.0).any():
        raise InputError(address, f"holds negative counts, the first {numbers[numbers < 0.0][0]:g}.")
    return _Scan(two_theta, numbers if older is None else numbers / factor, factor, time)


def _angles(points: ElementTree.Element, n: int, address: str) -> FloatArray:
    """Return 2θ of the points: both ends, or a list."""
    axis = next((e for e in points if _tag(e) == "positions" and e.get("axis") == "2Theta"), None)
    if axis is None:
        raise InputError(address, "holds a scan over another axis than 2Theta; only scans over 2θ are powder patterns.")
    listed, start, end = (_child(axis, k) for k in ("listPositions", "startPosition", "endPosition"))
    if listed is not None:
        two_theta = _numbers(listed, address)
        if len(two_theta) != n:
            raise InputError(address, f"holds {len(two_theta)} angles for {n} counts; the file is damaged.")
    elif start is not None and end is not None:
        two_theta = np.linspace(_numbers(start, address)[0], _numbers(end, address)[0], n)
    else:
        raise InputError(address, "holds a scan at one 2θ; only scans over 2θ are powder patterns.")
    if len(two_theta) < 3 or not (np.all(np.diff(two_theta) > 0.0) or np.all(np.diff(two_theta) < 0.0)):
        raise InputError(address, "holds a scan whose 2θ are not in order, or of fewer than 3 points.")
    return two_theta


def _joined(scans: Sequence[_Scan], address: str) -> tuple[_Scan, list[str]]:
    """Return the sum of repeated scans, 2θ ascending."""
    first = scans[0]
    for scan in scans[1:]:
        if len(scan.counts) != len(first.counts) or np.abs(scan.two_theta - first.two_theta).max() > SAME:
            raise InputError(
                address, f"holds {len(scans)} scans of different ranges; export the one that is meant alone."
            )
        if np.any(scan.factor != first.factor):
            raise InputError(address, f"holds {len(scans)} scans with different attenuators; export one alone.")
    counts, time = sum(s.counts for s in scans), sum(s.time for s in scans)
    order = slice(None, None, -1) if first.two_theta[0] > first.two_theta[-1] else slice(None)
    notes = [f"{len(scans)} scans of the same angles were added up"] if len(scans) > 1 else []
    joined = [np.ascontiguousarray(np.asarray(a)[order]) for a in (first.two_theta, counts, first.factor, time)]
    return _Scan(*joined), notes


def _scaled(scan: _Scan) -> tuple[FloatArray, FloatArray | None, list[str]]:
    """Return intensities, their σ (None where they are plain counts) and notes."""
    factor, notes = scan.factor, []
    if (factor != 1.0).any():
        n = int((factor != factor.min()).sum())
        notes.append(f"attenuation was taken back, by {factor.max():g} at the most; {n} points were attenuated more")
    if np.ptp(scan.time) > 0.0:
        if not (scan.time > 0.0).all():
            notes.append("counting times that are not all above 0 were left aside")
        else:
            factor = factor * scan.time.mean() / scan.time
            notes.append(f"counting times differ; intensities are for {scan.time.mean():g} s")
    if not notes:
        return scan.counts, None, []
    return scan.counts * factor, factor * np.sqrt(np.maximum(scan.counts, 1.0)), notes


def _beside(points: ElementTree.Element, name: str, n: int, default: float, address: str) -> FloatArray:
    """Return one number for each point."""
    element = _child(points, name)
    if element is None:
        return np.full(n, default)
    numbers = _numbers(element, address)
    if len(numbers) != n:
        raise InputError(address, f"holds {len(numbers)} {name} for {n} counts; the file is damaged.")
    return numbers


def _numbers(element: ElementTree.Element, address: str) -> FloatArray:
    try:
        numbers = np.array((element.text or "").split(), dtype=np.float64)
    except ValueError:
        raise InputError(address, f"holds text among the numbers of {_tag(element)}.") from None
    if not len(numbers) or not np.isfinite(numbers).all():
        raise InputError(address, f"holds no numbers, or infinite ones, in {_tag(element)}.")
    return numbers


def _child(element: ElementTree.Element, name: str) -> ElementTree.Element | None:
    return next((e for e in element if _tag(e) == name), None)


def _tag(element: ElementTree.Element) -> str:
    """Return the name of an element without its name space."""
    return element.tag.rpartition("}")[2]


XRDML = Format("XRDML of PANalytical", (".xrdml",), xrdml_curve)
