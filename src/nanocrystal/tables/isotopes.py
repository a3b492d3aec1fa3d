"""Nuclei for NMR: spin, abundance, gyromagnetic ratio, quadrupole moment, frequency ratio Ξ, receptivity.

All from R. K. Harris, E. D. Becker, S. M. Cabral de Menezes, R. Goodfellow & P. Granger, NMR nomenclature. Nuclear spin
properties and conventions for chemical shifts (IUPAC Recommendations 2001), Pure Appl. Chem. 73, 1795 (2001), Tables 1
to 3; quadrupole moments there are those of P. Pyykkö, Mol. Phys. 99, 1617 (2001). Ξ is the frequency of 0 ppm (of the
reference sample) in per cent of that of the ¹H of tetramethylsilane in the same field. The receptivity D^p is that of
equal numbers of atoms of the element at natural abundance, over ¹H: x |γ|³ I(I + 1), in the unit of ¹H.

The γ of ²⁰⁷Pb that the paper prints (here as printed) is 1.7 % below what Ξ and its neighbours Tl and Bi suggest; Ξ,
which spectrometers use, is not touched by that.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from nanocrystal.errors import InputError, nearest_names

SOURCE = "Harris et al., Pure Appl. Chem. 73, 1795 (2001)"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


@dataclass(frozen=True, kw_only=True)
class Isotope:
    """A nucleus, as nuclear magnetic resonance sees it.

    Parameters
    ----------
    name : str
        Such as "133Cs".
    spin : float
        I.
    abundance : float
        Fraction of the element, 0 to 1.
    gyromagnetic_ratio : float
        rad s⁻¹ T⁻¹, with its sign.
    quadrupole_moment_fm2 : float or None
        fm² (10⁻³⁰ m²); None for spin ½.
    frequency_ratio_percent : float
        Ξ: the frequency of 0 ppm in per cent of that of ¹H of tetramethylsilane.
    reference_sample : str
        What is at 0 ppm.
    receptivity : float
        D^p: relative to ¹H, at natural abundance.

    References
    ----------
    R. K. Harris et al., Pure Appl. Chem. 73, 1795 (2001).
    """

    name: str
    spin: float
    abundance: float
    gyromagnetic_ratio: float
    quadrupole_moment_fm2: float | None
    frequency_ratio_percent: float
    reference_sample: str
    receptivity: float

    @property
    def receptivity_of_carbon(self) -> float:
        """D^C, to ¹³C at natural abundance."""
        return self.receptivity / isotope("13C").receptivity

    def frequency_mhz(self, tms_proton_mhz: float) -> float:
        """Return the frequency of 0 ppm in the field in which the ¹H of TMS has tms_proton_mhz."""
        return tms_proton_mhz * self.frequency_ratio_percent / 100.0


@lru_cache(maxsize=1)
def isotopes() -> dict[str, Isotope]:
    """Return all nuclei of the table.

    Returns
    -------
    dict
        Name, such as "133Cs", -> Isotope.
    """
    with (files("nanocrystal.tables") / "isotopes.csv").open(encoding="utf-8") as stream:
        return {row["isotope"]: _isotope(row) for row in csv.DictReader(stream)}


def _isotope(row: dict[str, str]) -> Isotope:
    return Isotope(
        name=row["isotope"],
        spin=float(row["spin"]),
        abundance=float(row["abundance_percent"]) / 100.0,
        gyromagnetic_ratio=float(row["gamma_1e7_rad_per_s_T"]) * 1e7,
        quadrupole_moment_fm2=float(row["quadrupole_fm2"]) if row["quadrupole_fm2"] else None,
        frequency_ratio_percent=float(row["xi_percent"]),
        reference_sample=row["reference_sample"],
        receptivity=float(row["receptivity"]),
    )


def isotope(name: str, where: str = "nucleus") -> Isotope:
    """Return a nucleus by its name.

    Parameters
    ----------
    name : str
        133Cs, ¹³³Cs or Cs133.
    where : str, optional
        What messages call the name.

    Returns
    -------
    Isotope
        Its spin, abundance, frequency, receptivity, …

    Raises
    ------
    InputError
        For a nucleus that is not in the table.

    References
    ----------
    R. K. Harris et al., Pure Appl. Chem. 73, 1795 (2001).
    """
    plain = name.strip().replace("^", "").translate(_SUPERSCRIPTS).replace("-", "")
    letters, digits = "".join(c for c in plain if c.isalpha()), "".join(c for c in plain if c.isdigit())
    known = isotopes()
    entry = known.get(digits + letters.capitalize())
    if entry is None:
        same = [n for n, i in known.items() if n.lstrip("0123456789") == letters.capitalize()]
        hint = f"of this element: {', '.join(same)}" if same else nearest_names(digits + letters, known)
        raise InputError(where, f"there is no nucleus {name!r} in the table; {hint}.")
    return entry
