"""Where 0 ppm is: by a peak of known shift, or by an absolute frequency ratio Ξ to the ¹H of tetramethylsilane.

Ξ: R. K. Harris, E. D. Becker, S. M. Cabral de Menezes, R. Goodfellow & P. Granger, Pure Appl. Chem. 73, 1795 (2001).
"""

from __future__ import annotations

import numpy as np

from nanocrystal.errors import InputError
from nanocrystal.spectra.processing.spectrum import NmrSpectrum
from nanocrystal.tables.isotopes import isotope


def referenced_by_peak(spectrum: NmrSpectrum, near: float, shift: float, within: float = 0.5) -> NmrSpectrum:
    """Return the spectrum with its ppm axis moved so that a line has a known shift.

    The line is the highest point near a place, by the parabola through the three highest points.

    Parameters
    ----------
    spectrum : NmrSpectrum
        With a ppm axis.
    near : float
        Where the line is now, ppm.
    shift : float
        Where it belongs, ppm.
    within : float, optional
        How far from `near` it is looked for, ppm.

    Returns
    -------
    NmrSpectrum
        With another axis.

    Raises
    ------
    InputError
        Where there is no line or no ppm axis.
    """
    if spectrum.shift is None:
        raise InputError(spectrum.source, "has no ppm axis; give the spectrometer frequency first.")
    y = np.atleast_2d(spectrum.real)
    row = y[int(np.argmax(np.abs(y).max(axis=1)))]
    inside = np.flatnonzero(np.abs(spectrum.shift - near) <= within)
    where = f"{near:g} ± {within:g} ppm"
    if len(inside) < 3:
        raise InputError(spectrum.source, f"has no points at {where}.")
    k = int(inside[np.argmax(np.abs(row[inside]))])
    if not 0 < k < len(row) - 1 or abs(row[k]) < 5.0 * float(np.max(spectrum.noise)):
        raise InputError(spectrum.source, f"has no line at {where} that stands out of the noise.")
    before, top, after = (float(v) for v in np.abs(row[k - 1 : k + 2]))
    offset = 0.5 * (before - after) / (before - 2.0 * top + after)
    position = float(spectrum.shift[k] + offset * (spectrum.shift[1] - spectrum.shift[0]))
    return spectrum.shifted(shift - position, f"so that the line at {position:.5g} ppm is at {shift:g} ppm")


def referenced_by_ratio(spectrum: NmrSpectrum, tms_proton_mhz: float, nucleus: str | None = None) -> NmrSpectrum:
    """Return the spectrum referenced by Ξ: 0 ppm is at Ξ/100 % times the ¹H frequency of TMS in the same field.

    Parameters
    ----------
    spectrum : NmrSpectrum
        With absolute frequencies.
    tms_proton_mhz : float
        ¹H frequency of tetramethylsilane on this spectrometer, MHz (SF of a referenced ¹H spectrum).
    nucleus : str, optional
        Such as "133Cs" [as the spectrum says].

    Returns
    -------
    NmrSpectrum
        With another axis.

    Raises
    ------
    InputError
        Where the nucleus or the frequency is not known.

    References
    ----------
    R. K. Harris, E. D. Becker, S. M. Cabral de Menezes, R. Goodfellow & P. Granger, Pure Appl. Chem. 73, 1795 (2001).
    """
    name = nucleus or spectrum.nucleus
    if name is None:
        raise InputError(spectrum.source, 'does not say its nucleus; name it, such as "133Cs".')
    entry = isotope(name)
    how = f"Ξ = {entry.frequency_ratio_percent:.6f} % ({entry.reference_sample})"
    return spectrum.referenced(tms_proton_mhz * entry.frequency_ratio_percent / 100.0, how)
