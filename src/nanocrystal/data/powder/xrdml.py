"""Powder scans of PANalytical (.xrdml): counts over 2θ, with attenuators and counting times taken into account.

The format is the XRDMeasurement schema, versions 1.0 to 2.3 (http://www.xrdml.com): `counts` are as counted, with
`beamAttenuationFactors` (or one `commonBeamAttenuationFactor`) beside them where an attenuator was in; `intensities`,
of older files, are multiplied by the factors already. `divergenceCorrections` are not applied.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np

from nanocrystal.data.curve import Curve, FloatArray
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.markup import (
    Element,
    child,
    first_number,
    first_text,
    named,
    number_array,
    positive,
    tag,
    xml_root,
)
from nanocrystal.data.powder.scan import NON_AMBIENT, Scan, curve_of_scans, scan_of
from nanocrystal.data.stated import Stated

FOLLOWING = ("Omega", "Chi", "Psi")
"""axes whose place makes a scan another one; phi turns for the statistics of grains"""
OTHER_AXIS = "holds a scan over another axis than 2Theta; only scans over 2θ are powder patterns."
ONE_PLACE = "holds a scan at one 2θ; only scans over 2θ are powder patterns."


def xrdml_curve(file: RawFile) -> Curve:
    """Return the curve in a file; raises InputError for what holds no scan over 2θ.

    Where attenuators or counting times differ along the scan the intensities are scaled to those of no attenuator and
    the mean time, and σ says so; else intensities are counts without σ.
    """
    root = xml_root(file.content, file.address, ".xrdml")
    if tag(root) != "xrdMeasurements":
        raise file.error(f"is no .xrdml file: it begins with <{tag(root)}> instead of <xrdMeasurements>.")
    scans, left_out, notes = [], [], []
    for measurement in list(named(root, "xrdMeasurement")) or [root]:
        stated, said = _stated(root, measurement)
        for points in named(measurement, "dataPoints"):
            refused = _refused(points)
            if refused:
                left_out.append(refused)
                continue
            scans.append(_scan(file, points, stated))
            if child(points, "divergenceCorrections") is not None:
                said.append("the file corrects for a variable divergence slit, which is not applied: counts stand")
        notes += said
    if not scans:
        raise file.error(left_out[0] if left_out else "holds no scan; was the measurement stopped before it began?")
    if left_out:
        notes.append(f"{len(left_out)} scans that are not over 2θ were left out")
    return curve_of_scans(file, scans, list(dict.fromkeys(notes)))


def _stated(root: Element, measurement: Element) -> tuple[Stated, list[str]]:
    """Return what a measurement states, and notes on its wavelength."""
    first, second, beta = (first_number(measurement, n) for n in ("kAlpha1", "kAlpha2", "kBeta"))
    ratio_text, notes = first_text(measurement, "ratioKAlpha2KAlpha1"), []
    ratio = 0.0 if ratio_text and not ratio_text.strip("0.") else positive(ratio_text)
    intended = next((e.get("intended", "") for e in named(measurement, "usedWavelength")), "")
    if intended.replace(" ", "").lower() == "k-beta":
        first, second, ratio = beta, None, None
    if ratio == 0.0:
        second = None
    beam = next(named(measurement, "incidentBeamPath"), None)
    crystal = None if beam is None else child(beam, "monochromator")
    if crystal is not None and ratio:
        name = crystal.get("name") or "without a name"
        notes.append(f"a monochromator stood before the sample ({name}): say whether Kα2 passed it")
    sample = next(named(root, "sample"), None)
    title = "" if sample is None else first_text(sample, "name") or first_text(sample, "id")
    anode = first_text(measurement, "anodeMaterial")
    stated = Stated(
        radiation="x-ray", wavelength=first, second_wavelength=second, ratio=ratio, anode=anode, sample=title
    )
    return stated, notes


def _refused(points: Element) -> str:
    """Return why points are not over 2θ, "" where they are."""
    axis = _positions(points, "2Theta")
    if axis is None:
        return OTHER_AXIS
    here = {tag(e) for e in axis}
    return "" if "listPositions" in here or {"startPosition", "endPosition"} <= here else ONE_PLACE


def _scan(file: RawFile, points: Element, stated: Stated) -> Scan:
    address = file.address
    counts, older = child(points, "counts"), child(points, "intensities")
    element = counts if counts is not None else older
    if element is None:
        raise file.error("holds a scan without counts.")
    numbers = number_array(element.text or "", address, tag(element))
    if (numbers < 0.0).any():
        raise file.error(f"holds negative counts, the first {numbers[numbers < 0.0][0]:g}.")
    n = len(numbers)
    factor = _beside(file, points, ("beamAttenuationFactors", "commonBeamAttenuationFactor"), n, 1.0)
    if not (factor > 0.0).all():
        raise file.error("holds beamAttenuationFactors that are not above 0.")
    time = _beside(file, points, ("countingTimes", "commonCountingTime"), n, 0.0)
    scan = scan_of(
        file,
        _angles(file, points, n),
        numbers if counts is not None else numbers / factor,
        factor=factor,
        time=time,
        called=True,
        stated=stated,
    )
    tilt = {axis: place for axis in FOLLOWING if (place := _place(points, axis)) is not None}
    tilt |= _non_ambient(points)
    return replace(scan, tilt=tilt, whole=scan.whole or counts is None)


def _angles(file: RawFile, points: Element, n: int) -> FloatArray:
    """Return 2θ of the points: both ends, or a list."""
    axis = _positions(points, "2Theta")
    assert axis is not None
    listed = child(axis, "listPositions")
    if listed is not None:
        return number_array(listed.text or "", file.address, tag(listed))
    ends = [e for e in (child(axis, k) for k in ("startPosition", "endPosition")) if e is not None]
    start, end = (float(number_array(e.text or "", file.address, tag(e))[0]) for e in ends)
    return np.linspace(start, end, n)


def _place(points: Element, axis: str) -> float | None:
    """Return where an axis stands, or begins, °."""
    positions = _positions(points, axis)
    if positions is None:
        return None
    texts = (e.text or "" for k in ("commonPosition", "startPosition", "listPositions") for e in named(positions, k))
    first = next(chain.from_iterable(t.split() for t in texts), "")
    try:
        return float(first)
    except ValueError:
        return None


def _non_ambient(points: Element) -> dict[str, float]:
    """Return the mean of what a chamber was set to in a scan, as the file has it."""
    values = [positive(t) for e in named(points, "nonAmbientValues") for t in (e.text or "").split()]
    known = [v for v in values if v is not None]
    return {NON_AMBIENT: float(np.mean(known))} if known else {}


def _beside(file: RawFile, points: Element, names: tuple[str, str], n: int, default: float) -> FloatArray:
    """Return one number for each point; names: of the element that lists them, and of that of one for all."""
    listed, common = child(points, names[0]), child(points, names[1])
    if listed is None and common is None:
        return np.full(n, default)
    element = listed if listed is not None else common
    assert element is not None
    numbers = number_array(element.text or "", file.address, tag(element))
    if listed is None:
        return np.full(n, numbers[0])
    if len(numbers) != n:
        raise file.error(f"holds {len(numbers)} {names[0]} for {n} counts; the file is damaged.")
    return numbers


def _positions(points: Element, axis: str) -> Element | None:
    return next((e for e in points if tag(e) == "positions" and e.get("axis") == axis), None)


XRDML = Format("XRDML of PANalytical", (".xrdml",), xrdml_curve, knows=lambda content: b"<xrdMeasurements" in content)
