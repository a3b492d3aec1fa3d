"""Powder patterns in CIF (pdCIF): 2θ and counts or intensities of a data block, with standard uncertainties.

Names of the powder dictionary (International Tables for Crystallography G, chapter 3.3; cif_pd.dic of the IUCr).
Measured counts come before measured intensities, these before processed ones and those before net ones, whose
background is subtracted. Angles are those that were measured, else those that were corrected for the zero; listed, or
from `range_min`, `range_max` and `range_inc`. σ is the number in parentheses, else the root of 1/weight; of counts it
is left to the weights, but where counting times or a monitor differ.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from nanocrystal.data.curve import Curve, FloatArray
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.markup import positive
from nanocrystal.data.powder.scan import curve_of_scans, even_angles, scan_of
from nanocrystal.data.stated import Radiation, Stated

ORDINATES = (
    "_pd_meas_counts_total",
    "_pd_meas_intensity_total",
    "_pd_proc_intensity_total",
    "_pd_meas_intensity_net",
    "_pd_proc_intensity_net",
)
"""in the order in which they are preferred"""
LISTED = ("_pd_meas_2theta_scan", "_pd_meas_2theta_corrected", "_pd_proc_2theta_corrected")
RANGES = ("_pd_meas_2theta_range", "_pd_proc_2theta_range")
TIMES = ("_pd_meas_step_count_time", "_pd_meas_counts_monitor", "_pd_meas_intensity_monitor")
"""of each point; the first in s"""
WEIGHTS = "_pd_proc_ls_weight"
OTHERS = {
    "_pd_meas_time_of_flight": "times of flight",
    "_pd_proc_d_spacing": "intensities over d",
    "_pd_proc_recip_len_Q": "intensities over Q",
    "_pd_proc_energy_incident": "energies",
}
"""abscissae that are not read"""
PROBES: dict[str, Radiation] = {"neutron": "neutron", "x-ray": "x-ray", "xray": "x-ray", "electron": "electron"}
if TYPE_CHECKING:
    import gemmi

_NUMBER = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][+-]?\d{1,4})?)(?:\((\d{1,99})\))?", re.ASCII)


@dataclass(frozen=True)
class _Pattern:
    """A block with an ordinate: the names of its columns, and of 2θ where it is even."""

    block: gemmi.cif.Block
    ordinate: str
    listed: str
    even: str


def pdcif_curve(file: RawFile) -> Curve:
    """Return the pattern of one block; raises InputError where none holds one over 2θ."""
    import gemmi

    try:
        document = gemmi.cif.read_string(file.text)
    except (ValueError, RuntimeError) as error:
        raise file.error(f"cannot be read as CIF: {' '.join(str(error).split())[:120]}.") from None
    patterns = [p for block in document if (p := _pattern(block)) is not None]
    if not patterns:
        raise file.error(_why_none(document))
    pattern = patterns[file.chosen([p.block.name for p in patterns], "data blocks with a pattern")]
    y, su = _numbers(file, pattern, pattern.ordinate)
    x = _angles(file, pattern, len(y))
    sigma, notes = _sigma(file, pattern, y, su)
    notes.insert(0, f"{pattern.ordinate} of the block {pattern.block.name} over {pattern.listed or pattern.even}")
    kept = np.isfinite(x) & np.isfinite(y) & (sigma > 0.0 if sigma is not None else True)
    if not kept.all():
        notes.append(f"{int((~kept).sum())} of {len(kept)} points have no value or no weight and were left out")
    stated = _stated(document, pattern.block)
    if sigma is None:
        time, said = _times(file, pattern, len(y))
        counts = pattern.ordinate == ORDINATES[0]
        scan = scan_of(file, x[kept], y[kept], time=time[kept], called=counts, stated=stated)
        return curve_of_scans(replace(file, entry=None), [scan], [*notes, *said])
    scan = scan_of(file, x[kept], y[kept])
    sigma = sigma[kept][::-1] if x[kept][0] > x[kept][-1] else sigma[kept]
    axes = ("two_theta", "intensity")
    return file.curve(scan.two_theta, scan.counts, sigma, axes=axes, stated=stated, notes=notes)


def _pattern(block: gemmi.cif.Block) -> _Pattern | None:
    """Return what a block holds over 2θ, None where it holds nothing such."""
    for name in ORDINATES:
        n = len(block.find_values(name))
        if n < 3:
            continue
        listed = next((a for a in LISTED if len(block.find_values(a)) == n), "")
        even = next((r for r in RANGES if block.find_value(f"{r}_min") and block.find_value(f"{r}_inc")), "")
        if listed or even:
            return _Pattern(block, name, listed, even)
    return None


def _why_none(document: gemmi.cif.Document) -> str:
    names = {tag for i in range(len(document)) for item in document[i] for tag in _tags(item)}
    found = next((what for name, what in OTHERS.items() if name.lower() in names), None)
    if found is not None:
        return f"holds {found}; only 2θ at one wavelength is read: export such data as .xye."
    if any(name.startswith("_atom_site_") for name in names):
        return "holds a crystal structure but no powder pattern; name it as cif of a crystal."
    return "holds no powder pattern: no block has intensities (_pd_meas_counts_total, …) over 2θ."


def _tags(item: gemmi.cif.Item) -> list[str]:
    """Return the names of a pair or a loop, in small letters."""
    if item.loop is not None:
        return [t.lower() for t in item.loop.tags]
    pair: tuple[str, str] | None = cast("tuple[str, str] | None", item.pair)
    return [] if pair is None else [pair[0].lower()]


def _numbers(file: RawFile, pattern: _Pattern, name: str) -> tuple[FloatArray, FloatArray]:
    """Return the values of a column and their standard uncertainties, NaN where there is none."""
    import gemmi

    values, su = [], []
    for token in pattern.block.find_values(name):
        text = gemmi.cif.as_string(token).strip()
        match = _NUMBER.fullmatch(text)
        if match is None and text not in ("", "?", "."):
            raise file.error(f"holds {text[:30]!r} among the values of {name} in the block {pattern.block.name}.")
        value, error = (np.nan, np.nan) if match is None else _with_su(match[1], match[2])
        values.append(value)
        su.append(error)
    return np.array(values, dtype=np.float64), np.array(su, dtype=np.float64)


def _with_su(mantissa: str, digits: str | None) -> tuple[float, float]:
    """Return a number and its standard uncertainty, which counts in units of its last digit."""
    plain = mantissa.lower().replace("d", "e")
    if digits is None:
        return float(plain), np.nan
    number, _, exponent = plain.partition("e")
    decimals = len(number.partition(".")[2])
    return float(plain), float(f"{digits[:15]}e{int(exponent or 0) - decimals + max(0, len(digits) - 15)}")


def _angles(file: RawFile, pattern: _Pattern, n: int) -> FloatArray:
    if pattern.listed:
        return _numbers(file, pattern, pattern.listed)[0]
    ends = [_value(pattern.block, f"{pattern.even}_{k}") for k in ("min", "inc", "max")]
    start, step, end = ends
    if start is None or not step or not np.isfinite([start, step]).all():
        raise file.error(f"holds no numbers as {pattern.even}_min and _inc in the block {pattern.block.name}.")
    if end is not None and abs(start + step * (n - 1) - end) > 0.6 * abs(step):
        raise file.error(
            f"states {pattern.even} from {start:g} to {end:g} in steps of {step:g}, which are not the {n} points that "
            f"the block {pattern.block.name} holds."
        )
    return even_angles(start, step, n)


def _times(file: RawFile, pattern: _Pattern, n: int) -> tuple[FloatArray, list[str]]:
    """Return what the points were counted for, by time or else by a monitor, 0 where nothing says it, and a note."""
    for name in TIMES:
        if len(pattern.block.find_values(name)) == n:
            note = [] if name == TIMES[0] else [f"counts were compared by the monitor, {name}"]
            return _numbers(file, pattern, name)[0], note
    common = _value(pattern.block, TIMES[0])
    return np.full(n, common or 0.0), []


def _value(block: gemmi.cif.Block, name: str) -> float | None:
    import gemmi

    match = _NUMBER.fullmatch(gemmi.cif.as_string(block.find_value(name) or "?").strip())
    return None if match is None else _with_su(match[1], None)[0]


def _sigma(file: RawFile, pattern: _Pattern, y: FloatArray, su: FloatArray) -> tuple[FloatArray | None, list[str]]:
    """Return σ, None for counts and where nothing states it, and notes."""
    notes = ["the background is subtracted in the file"] if pattern.ordinate.endswith("_net") else []
    if np.isfinite(su).any():
        return np.where(np.isfinite(su), su, 0.0), notes
    if pattern.ordinate == ORDINATES[0]:
        return None, notes
    if len(pattern.block.find_values(WEIGHTS)) != len(y):
        return None, notes
    weights = _numbers(file, pattern, WEIGHTS)[0]
    notes.append(f"σ is the root of 1/{WEIGHTS}")
    positive_weights = np.isfinite(weights) & (weights > 0.0)
    return np.where(positive_weights, 1.0 / np.sqrt(np.where(positive_weights, weights, 1.0)), 0.0), notes


def _stated(document: gemmi.cif.Document, block: gemmi.cif.Block) -> Stated:
    """Return what the block states, or the only other block that does."""
    wavelengths = _column(document, block, "_diffrn_radiation_wavelength")
    parts = _column(document, block, "_diffrn_radiation_wavelength_wt")
    lines = [w for t in wavelengths if (w := positive(t.partition("(")[0])) is not None]
    ratio = None
    if len(lines) == 2 and len(parts) == 2:
        first, second = (positive(t.partition("(")[0]) for t in parts)
        ratio = second / first if first and second else None
    probe = " ".join(_column(document, block, "_diffrn_radiation_probe")[:1]).lower()
    kind = " ".join(_column(document, block, "_diffrn_radiation_type")[:1]).lower()
    radiation = PROBES.get(probe) or next((r for word, r in PROBES.items() if word in kind), None)
    if radiation is None and re.match(r"[a-z]{1,2}\s*k\\?", kind):
        radiation = "x-ray"
    kelvin = (
        _column(document, block, name) for name in ("_diffrn_ambient_temperature", "_cell_measurement_temperature")
    )
    return Stated(
        radiation=radiation,
        wavelength=lines[0] if lines else None,
        second_wavelength=lines[1] if len(lines) == 2 else None,
        ratio=ratio,
        temperature=next((t for k in kelvin if k and (t := positive(k[0].partition("(")[0])) is not None), None),
        composition=_text(block, "_chemical_formula_sum"),
        sample=_text(block, "_chemical_name_common") or _text(block, "_pd_block_id") or block.name,
    )


def _column(document: gemmi.cif.Document, block: gemmi.cif.Block, name: str) -> Sequence[str]:
    """Return the texts of a name in the block, else in the only block that has it."""
    import gemmi

    having = [b for b in (block,) if len(b.find_values(name))] or [b for b in document if len(b.find_values(name))]
    if len(having) != 1:
        return ()
    return [gemmi.cif.as_string(t).strip() for t in having[0].find_values(name)]


def _text(block: gemmi.cif.Block, name: str) -> str:
    import gemmi

    value = gemmi.cif.as_string(block.find_value(name) or "?").strip()
    return value if value not in ("?", ".") else ""


PDCIF = Format("powder pattern in CIF", (".cif",), pdcif_curve)
