"""What canSAS files hold, in XML and in HDF5: one of several curves, its columns with units, and what is said of it.

The definitions are those of canSAS 1D, versions 1.0 and 1.1 (https://www.cansas.org/formats/canSAS1d/1.1/doc/), and
of NXcanSAS: Q, I; Idev and Qdev, their standard deviations; of a slit dQl, the resolution along it, and dQw, across it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data.curve import Curve
from nanocrystal.data.formats import RawFile
from nanocrystal.data.lines import quoted
from nanocrystal.data.stated import Radiation, Stated
from nanocrystal.data.units import factor

FloatArray = NDArray[np.float64]
PER_CM = 1e8
"""cm⁻¹ in an Å⁻¹"""
COLUMNS = ("Q", "I", "Idev", "Qdev", "dQl", "dQw")
SMEARED = ("slit-smeared", "slit smeared", "not-desmeared", "not desmeared")
"""words in the name of a curve that was measured with a slit"""
MEAN_NOTHING = ("", "none", "a.u.", "au", "arbitrary", "counts", "unknown", "1")
"""units of intensity that are none"""


@dataclass(frozen=True, kw_only=True)
class SasData:
    """One curve as its file has it.

    columns, units: by the names of canSAS; sr: whether per steradian is part of a unit makes no difference; names:
    those by which it may be called, the best first; notes: of its reader.
    """

    columns: Mapping[str, FloatArray]
    units: Mapping[str, str]
    stated: Stated
    names: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def chosen_of(file: RawFile, names: Sequence[Sequence[str]]) -> int:
    """Return the index of the curve that is meant; names: of each, those by which it may be called.

    Shown in messages are names of the first kind that tells all of them apart. Raises InputError as `RawFile.chosen`.
    """
    if isinstance(file.entry, str):
        meant = [i for i, called in enumerate(names) if file.entry in called]
        if len(meant) == 1:
            return meant[0]
    kinds = [[called[k] if k < len(called) else "" for called in names] for k in range(max(map(len, names)))]
    apart = next((kind for kind in kinds if all(kind) and len(set(kind)) == len(kind)), [""] * len(names))
    return file.chosen([quoted(name, 60)[1:-1] for name in apart], "SASdata")


def sas_curve(file: RawFile, data: SasData) -> Curve:
    """Return the curve, q in Å⁻¹, I in cm⁻¹ where its unit is absolute, with the resolution of q where there is one.

    Raises InputError for a unit of Q that is not known.
    """
    notes = [*data.notes]
    unit = data.units.get("Q", "").strip()
    per_angstrom = factor(unit, "q") if unit else 1.0
    if per_angstrom is None:
        raise file.error(f"gives Q in the unit {quoted(unit, 30)}, which is not known; 1/A and 1/nm are, for instance.")
    if not unit:
        notes.append("the file states no unit of Q; it is taken to be Å⁻¹")
    q, intensity = data.columns["Q"] * per_angstrom, data.columns["I"]
    sigma, resolution = data.columns.get("Idev"), _resolution(data, per_angstrom, notes)
    scale, y_unit = _absolute(data.units.get("I", ""), notes)
    if sigma is not None:
        sigma = sigma * (_per_cm(data.units.get("Idev", "")) or scale if scale != 1.0 else 1.0)
    sigma = None if sigma is None else _of_points(sigma, "Idev", notes)
    slit, told = _of_a_slit(data, per_angstrom)
    notes += told
    read = ", ".join(n for n in COLUMNS[:4] if n in data.columns)
    notes.insert(0, f"{len(q)} points were read: {read}")
    stated = replace(data.stated, x_unit=unit, y_unit=y_unit, slit_length=slit)
    axes = ("q", "intensity")
    return file.curve(q, intensity * scale, sigma, axes=axes, stated=stated, notes=notes, resolution=resolution)


def radiation_of(words: str) -> Radiation | None:
    """Return the radiation that the text of a source or a probe names."""
    text = words.lower().replace(" ", "").replace("-", "")
    for word, radiation in (
        ("neutron", "neutron"),
        ("xray", "x-ray"),
        ("synchrotron", "x-ray"),
        ("electron", "electron"),
    ):
        if word in text:
            return radiation  # type: ignore[return-value]
    return None


def _per_cm(unit: str) -> float | None:
    """Return the factor to cm⁻¹ of an absolute unit of intensity, per steradian or not; None for another unit."""
    plain = unit.strip().replace(" ", "")
    for ending in ("/sr", "*sr^-1", "sr^-1", "sr-1"):
        plain = plain.removesuffix(ending)
    if plain.lower() in ("cm2/cm3", "cm^2/cm^3", "m2/m3", "m^2/m^3"):
        return 1.0 if plain[:2].lower() == "cm" else 0.01
    found = {"1/mm": 1e-7, "mm-1": 1e-7, "mm^-1": 1e-7}.get(plain) or factor(plain, "q")
    return None if found is None else float(f"{found * PER_CM:.12g}")


def _absolute(unit: str, notes: list[str]) -> tuple[float, str]:
    """Return what intensities are multiplied by, and the unit they then have."""
    scale = _per_cm(unit)
    if scale is None:
        if unit.strip().lower() not in MEAN_NOTHING:
            notes.append(f"the intensity is in {quoted(unit, 30)}, as the file has it")
        return 1.0, unit.strip()
    if scale != 1.0:
        notes.append(f"the intensity was converted from {unit.strip()} to 1/cm (multiplied by {scale:g})")
    return scale, "1/cm"


def _of_points(sigma: FloatArray, name: str, notes: list[str]) -> FloatArray | None:
    """Return standard deviations, None where there are none at all."""
    if (sigma > 0.0).any():
        return sigma
    notes.append(f"{name} is nowhere above 0 and is ignored")
    return None


def _resolution(data: SasData, per_angstrom: float, notes: list[str]) -> FloatArray | None:
    qdev = data.columns.get("Qdev")
    if qdev is None:
        return None
    own = factor(data.units.get("Qdev", ""), "q") or per_angstrom
    if qdev.shape != data.columns["Q"].shape or not (np.isfinite(qdev).all() and (qdev >= 0.0).all()):
        notes.append("Qdev is missing or negative at some points and is ignored: no resolution of q is taken")
        return None
    return np.asarray(qdev * own) if qdev.any() else None


def _of_a_slit(data: SasData, per_angstrom: float) -> tuple[float | None, list[str]]:
    """Return the length of the slit of a measurement, Å⁻¹, and notes: a model must be averaged over it."""
    length = data.columns.get("dQl")
    if length is not None and np.isfinite(length).any() and np.nanmax(length) > 0.0:
        own = factor(data.units.get("dQl", ""), "q") or per_angstrom
        low, high = (float(f"{float(f(length)) * own:.9g}") for f in (np.nanmin, np.nanmax))
        shown = f"{high:g}" if low == high else f"{low:g} to {high:g}"
        what = "which small angles take as slit_length" if low == high else "which is not one length: say slit_length"
        return high if low == high else None, [f"the curve is slit-smeared, dQl = {shown} Å⁻¹, {what}"]
    called = next((word for word in SMEARED for name in data.names if word in name.lower()), "")
    if called:
        return None, [f"the curve is called {called!r}; say slit_length, or the model is compared without the slit"]
    return None, []
