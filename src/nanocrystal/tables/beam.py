"""Wavelength and energy of X-rays."""

from __future__ import annotations

from nanocrystal.errors import InputError

EV_ANGSTROM = 12398.419843320026
"""h c in eV Å (exact SI values)"""


def beam_wavelength(
    wavelength: float | None, energy: float | None, where: str, limits: tuple[float, float]
) -> float | None:
    """Return the wavelength (Å) from itself or the energy (eV), None without both.

    limits: Å, the shortest and the longest that may be meant. Raises InputError for a value beyond them, and where
    the two contradict each other.
    """
    shortest, longest = limits
    if energy is not None and not EV_ANGSTROM / longest <= energy <= EV_ANGSTROM / shortest:
        hint = f"; if it is in keV, write energy = {1000.0 * energy:g}" if 0.0 < energy < 200.0 else ""
        allowed = f"{EV_ANGSTROM / longest:.0f} and {EV_ANGSTROM / shortest:.0f}"
        raise InputError(f"{where}.energy", f"is in eV and must lie within {allowed}, got {energy:g}{hint}.")
    if wavelength is not None and not shortest <= wavelength <= longest:
        problem = f"is in Å and must lie within {shortest:g} and {longest:g}, got {wavelength:g}"
        raise InputError(f"{where}.wavelength", f"{problem}.")
    if energy is None:
        return wavelength
    from_energy = EV_ANGSTROM / energy
    if wavelength is not None and abs(from_energy / wavelength - 1.0) > 1e-3:
        problem = f"{energy:g} eV is {from_energy:.5g} Å, but wavelength says {wavelength:g} Å; give one"
        raise InputError(f"{where}.energy", f"{problem}.")
    return wavelength if wavelength is not None else from_energy
