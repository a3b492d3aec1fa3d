"""Spectra of nuclei in solids: anisotropic shift and quadrupole coupling, static or at the magic angle.

By the package mrsimulator, an extra; conventions in `spectra.solids`. In a study the same is a line of nmr-lines
with shape = "solid".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares
from nanocrystal.spectra.solids import (
    Nucleus,
    Transitions,
    csa_reach_hz,
    quadrupole_reach_hz,
    require_mrsimulator,
    second_order_shift_ppm,
    solid_line,
)
from nanocrystal.tables.isotopes import isotope

FloatArray = NDArray[np.float64]
N_POINTS = 2001
WIDTHS_BESIDE = 10.0


@dataclass(frozen=True, kw_only=True)
class SolidSite(Declares):
    """One site of a nucleus in a solid.

    Parameters
    ----------
    position : float
        Isotropic shift, ppm.
    csa : float
        Anisotropy of the shift, δ_zz − δ_iso, ppm.
    csa_asymmetry : float
        (δ_yy − δ_xx)/csa, 0 to 1.
    cq : float
        Quadrupole coupling e²qQ/h, Hz.
    cq_asymmetry : float
        Of the field gradient, 0 to 1; its axes are those of the shift.
    area : float
        Over ppm.
    """

    position: float = 0.0
    csa: float = 0.0
    csa_asymmetry: float = 0.0
    cq: float = 0.0
    cq_asymmetry: float = 0.0
    area: float = 1.0


@dataclass(frozen=True)
class SolidObservation(Declares):
    """How a solid is observed.

    Parameters
    ----------
    spinning_rate_hz : float
        At the magic angle, Hz; 0 static, 1e12 infinitely fast.
    transitions : str
        "central" or "all", of half-integer spins from 3/2.
    """

    spinning_rate_hz: float = 0.0
    transitions: Transitions = "central"


def solid_spectrum(
    sites: SolidSite | Sequence[SolidSite],
    nucleus: str,
    spectrometer_frequency_mhz: float,
    fwhm_hz: float,
    *,
    lorentzian_part: float = 0.5,
    observed: SolidObservation | None = None,
    ppm: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return the spectrum of sites of a solid, broadened by a Voigt profile.

    By the package mrsimulator, an extra.

    Parameters
    ----------
    sites : SolidSite or sequence of SolidSite
        Each with its area over ppm.
    nucleus : str
        Such as "133Cs".
    spectrometer_frequency_mhz : float
        Of this nucleus, MHz.
    fwhm_hz : float
        Full width of the profile, Hz.
    lorentzian_part : float, optional
        Lorentzian width over the sum of both widths of the profile, 0 to 1.
    observed : SolidObservation, optional
        Spinning and transitions [static, the central one].
    ppm : array (n,), optional
        The axis [2001 points about the patterns].

    Returns
    -------
    ppm : array (n,)
        The axis.
    intensity : array (n,)
        Per ppm.

    Raises
    ------
    InputError
        For sites and numbers that cannot be, and where mrsimulator is not installed.

    References
    ----------
    Convention of the shift: U. Haeberlen, High Resolution NMR in Solids: Selective Averaging (Academic Press, 1976).
    """
    all_sites = [sites] if isinstance(sites, SolidSite) else list(sites)
    entry, observed = isotope(nucleus), observed or SolidObservation()
    rate_hz = observed.spinning_rate_hz
    seen = Nucleus(entry.name, entry.spin, spectrometer_frequency_mhz, observed.transitions)
    _check(all_sites, seen, fwhm_hz, lorentzian_part, rate_hz)
    require_mrsimulator("solid_spectrum")
    axis = _axis(all_sites, seen, fwhm_hz, rate_hz) if ppm is None else np.asarray(ppm, dtype=np.float64)
    form = solid_line(seen, seen.mhz, differentiated=())
    intensity = np.zeros_like(axis)
    common = {"spinning_rate": rate_hz, "fwhm": fwhm_hz / seen.mhz, "lorentzian_part": lorentzian_part}
    for site in all_sites:
        values = vars(site) | common
        intensity += site.area * form.curve(axis, *(values[n] for n in form.parameters))
    return axis, intensity


def centre_of_gravity_ppm(site: SolidSite, nucleus: str, spectrometer_frequency_mhz: float) -> float:
    """Return where the centre of gravity of the central transition lies: isotropic and second-order shift.

    Parameters
    ----------
    site : SolidSite
        Of which position, cq and cq_asymmetry count.
    nucleus : str
        Such as "133Cs".
    spectrometer_frequency_mhz : float
        Of this nucleus, MHz.

    Returns
    -------
    float
        ppm.

    Raises
    ------
    InputError
        For an unknown nucleus.

    References
    ----------
    D. Freude & J. Haase, NMR Basic Principles and Progress 29, 1 (1993).
    """
    entry = isotope(nucleus)
    seen = Nucleus(entry.name, entry.spin, spectrometer_frequency_mhz)
    return site.position + second_order_shift_ppm(seen, site.cq, site.cq_asymmetry)


def _axis(sites: Sequence[SolidSite], nucleus: Nucleus, fwhm_hz: float, rate_hz: float) -> FloatArray:
    """Return an axis that holds all patterns, some sidebands and the feet of the lines."""
    low, high = [], []
    for site in sites:
        reach = csa_reach_hz(nucleus, site.csa) + quadrupole_reach_hz(nucleus, site.cq)
        beside = (reach + min(rate_hz, 2.0 * reach) + WIDTHS_BESIDE * fwhm_hz) / nucleus.mhz
        low.append(site.position - beside)
        high.append(site.position + beside)
    return np.linspace(min(low), max(high), N_POINTS)


def _check(sites: Sequence[SolidSite], nucleus: Nucleus, fwhm: float, part: float, rate: float) -> None:
    for name, value in (("spectrometer_frequency_mhz", nucleus.mhz), ("fwhm_hz", fwhm)):
        if not (np.isfinite(value) and value > 0.0):
            raise InputError(name, f"must be above 0, got {value:g}.")
    if not 0.0 <= part <= 1.0:
        raise InputError("lorentzian_part", f"must be from 0 to 1, got {part:g}.")
    if not (np.isfinite(rate) and rate >= 0.0):
        raise InputError("spinning_rate_hz", f"must be 0 or above (1e12: infinitely fast), got {rate:g}.")
    if not sites:
        raise InputError("sites", "is empty; give at least one SolidSite.")
    for k, site in enumerate(sites):
        for name in ("csa_asymmetry", "cq_asymmetry"):
            if not 0.0 <= getattr(site, name) <= 1.0:
                raise InputError(f"sites[{k}].{name}", f"must be from 0 to 1, got {getattr(site, name):g}.")
        if site.cq != 0.0 and nucleus.spin < 1.0:
            raise InputError(f"sites[{k}].cq", f"{nucleus.name} has spin ½ and no quadrupole moment; leave it out.")
