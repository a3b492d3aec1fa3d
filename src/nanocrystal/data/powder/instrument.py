"""Instrument parameters of GSAS-II (.instprm) and GSAS (.prm): radiation and wavelengths, and profile terms in words.

The first is lines `name:value` (documentation of GSAS-II, instrument parameters): Type PXC or PNC (X-rays or neutrons
of one wavelength; the third letter T is time of flight), Lam, or Lam1, Lam2 and I(L2)/I(L1), Polariz., Zero,
U, V, W (variances, centidegrees²), X, Y (full widths, centidegrees), SH/L. The second is lines `INS  1 ICONS` with
wavelengths, zero and polarization, and `INS   HTYPE` (LAUR 86-748).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from nanocrystal.data.lines import number
from nanocrystal.data.stated import Radiation
from nanocrystal.errors import InputError
from nanocrystal.text import read_text

SUFFIXES = (".instprm", ".prm", ".PRM", ".INSTPRM")
VARIANCES = 8.0 * np.log(2.0) / 1e4
"""degrees² of a squared full width, of a variance in centidegrees²"""
LARGEST = 2**20
"""bytes; a file of instrument parameters is smaller"""
_ICONS = re.compile(r"^INS\s+\d+\s*ICONS(.*)$", re.MULTILINE)
_HTYPE = re.compile(r"^INS\s+HTYPE\s+(\w+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """wavelengths: Å, one or two; ratio: intensity of the second over that of the first; terms: by the name here."""

    radiation: Radiation
    wavelengths: tuple[float, ...]
    ratio: float | None = None
    terms: dict[str, float] = field(default_factory=dict)

    def said(self, name: str) -> str:
        """Return a sentence on what a file of this name states, its terms as keys of the technique powder."""
        lines = " and ".join(f"{w:g}" for w in self.wavelengths)
        sentence = f"{name} states {self.radiation}s of {lines} Å"
        terms = ", ".join(f"{k} = {v:.4g}" for k, v in self.terms.items())
        return f"{sentence}; its other terms are not taken, as keys of powder they are {terms}" if terms else sentence


def read_instrument(path: Path, where: str) -> Instrument:
    """Return what a file of instrument parameters says; raises InputError for others and for times of flight."""
    address = f"{where}: {path}" if where else str(path)
    if path.is_file() and path.stat().st_size > LARGEST:
        raise InputError(address, "is too large for a file of instrument parameters.")
    text = read_text(path, where)
    if _ICONS.search(text):
        return _of_gsas(text, address)
    pairs = dict(p for line in text.splitlines() if (p := _pair(line)) is not None)
    return _of_gsas_ii(pairs, address)


def beside(path: Path, named: str) -> tuple[Instrument | None, list[str]]:
    """Return the instrument file that stands beside a data file, and notes; named: by the data, "" for its own name.

    None where there is none, or none that can be read.
    """
    names = [Path(named.replace("\\", "/")).name] if named else [path.with_suffix(s).name for s in SUFFIXES]
    for name in dict.fromkeys(names):
        candidate = path.parent / name
        if not name or candidate == path or not candidate.is_file():
            continue
        try:
            instrument = read_instrument(candidate, "")
        except InputError as error:
            return None, [f"the instrument parameters {name} beside it were not used: {error.problem}"]
        return instrument, [f"beside the data, {instrument.said(name)}"]
    return None, []


def _pair(line: str) -> tuple[str, str] | None:
    """Return name and value of a line of GSAS-II."""
    if line.startswith("#") or ":" not in line:
        return None
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _of_gsas_ii(pairs: dict[str, str], address: str) -> Instrument:
    kind = pairs.get("Type", "")
    if len(kind) != 3 or kind[0] != "P":
        raise InputError(address, "is no file of instrument parameters: it has neither a Type of powder nor ICONS.")
    values = {k: v for k, text in pairs.items() if (v := number(text)) is not None and np.isfinite(v)}
    first = values.get("Lam", values.get("Lam1"))
    second = values.get("Lam2") if "Lam" not in values else None
    ratio = values.get("I(L2)/I(L1)")
    terms = {
        "kalpha2_ratio": ratio if second else None,
        "zero": values.get("Zero"),
        "polarization": _of_one(values.get("Polariz.")) if kind[1] == "X" and not values.get("Azimuth") else None,
        "caglioti_u": _times(values.get("U"), VARIANCES),
        "caglioti_v": _times(values.get("V"), VARIANCES),
        "caglioti_w": _times(values.get("W"), VARIANCES),
        "lorentz_x": _times(values.get("X"), 0.01),
        "lorentz_y": _times(values.get("Y"), 0.01),
        "axial_divergence": _times(values.get("SH/L"), 0.5),
    }
    checked = _checked(kind[1:], (first, second), ratio, address)
    return replace(checked, terms={k: v for k, v in terms.items() if v})


def _of_gsas(text: str, address: str) -> Instrument:
    match = _ICONS.search(text)
    assert match is not None
    kind = _HTYPE.search(text)
    values = [number(w) for w in match[1].split()]
    first, second = [*values, None, None][:2]
    ratio = values[-1] if len(values) > 5 and second else None
    return _checked(kind[1][1:3] if kind else "", (first, second or None), ratio, address)


def _checked(
    kind: str, wavelengths: tuple[float | None, float | None], ratio: float | None, address: str
) -> Instrument:
    """Return an instrument; kind: X or N, then C or T. Raises InputError where it says no wavelength."""
    if kind[1:2] == "T":
        raise InputError(address, "is of times of flight; only one wavelength, or a doublet, is read.")
    if kind[:1] not in ("X", "N"):
        raise InputError(address, "does not say whether it is of X-rays or of neutrons.")
    lines = tuple(w for w in wavelengths if w is not None and np.isfinite(w) and w > 0.0)
    if not lines or lines[0] != wavelengths[0]:
        raise InputError(address, "names no wavelength above 0.")
    known = ratio if ratio is not None and np.isfinite(ratio) and ratio > 0.0 and len(lines) > 1 else None
    radiation: Radiation = "x-ray" if kind[0] == "X" else "neutron"
    return Instrument(radiation=radiation, wavelengths=lines, ratio=known)


def _of_one(value: float | None) -> float | None:
    """Return what is left of 1."""
    return None if value is None else 1.0 - value


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
