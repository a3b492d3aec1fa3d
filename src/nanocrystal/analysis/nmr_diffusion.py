"""Size from diffusion: the solvodynamic diameter of Stokes and Einstein, with the viscosity that it rests on.

print(diameter_from_diffusion(85.0, 298.15, viscosity_mpa_s=0.714))
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, pi

from nanocrystal.errors import InputError
from nanocrystal.tables.constants import BOLTZMANN
from nanocrystal.tables.viscosity import SOURCES
from nanocrystal.tables.viscosity import viscosity_mpa_s as tabulated_viscosity


@dataclass(frozen=True, kw_only=True)
class SolvodynamicDiameter:
    """The diameter of a sphere that diffuses so, d = k_B T/(3π η D), and what it rests on.

    Parameters
    ----------
    diameter_nm : float
        d, nm.
    stderr_nm : float or None
        From that of D alone, nm; None where D has none.
    diffusion_um2_per_s : float
        D, µm²/s.
    temperature_k : float
        T, K.
    viscosity_mpa_s : float
        η, mPa s.
    viscosity_source : str
        Where η is from.
    """

    diameter_nm: float
    stderr_nm: float | None
    diffusion_um2_per_s: float
    temperature_k: float
    viscosity_mpa_s: float
    viscosity_source: str

    def __str__(self) -> str:
        error = "" if self.stderr_nm is None else f" ± {self.stderr_nm:.2g}"
        return (
            f"d = {self.diameter_nm:.3g}{error} nm from D = {self.diffusion_um2_per_s:.4g} µm²/s "
            f"({self.diffusion_um2_per_s * 1e-12:.4g} m²/s) at {self.temperature_k:g} K with "
            f"η = {self.viscosity_mpa_s:.4g} mPa·s ({self.viscosity_source}); sphere, stick boundary"
        )


def diameter_from_diffusion(
    diffusion_um2_per_s: float,
    temperature_k: float,
    *,
    viscosity_mpa_s: float | None = None,
    solvent: str | None = None,
    stderr_um2_per_s: float | None = None,
) -> SolvodynamicDiameter:
    """Return the diameter of a sphere that diffuses so, d = k_B T/(3π η D).

    The viscosity is either a number or that of a solvent of the tables.

    Parameters
    ----------
    diffusion_um2_per_s : float
        D, µm²/s.
    temperature_k : float
        T, K.
    viscosity_mpa_s : float, optional
        η, mPa s; this or `solvent`.
    solvent : str, optional
        Its name, see `viscosity_mpa_s`.
    stderr_um2_per_s : float, optional
        Standard error of D, µm²/s.

    Returns
    -------
    SolvodynamicDiameter
        The diameter in nm.

    Raises
    ------
    InputError
        For numbers that are not above 0, an unknown solvent, and where both or neither of viscosity and solvent are
        there.

    References
    ----------
    A. Einstein, Ann. Phys. 322, 549 (1905).
    """
    if (viscosity_mpa_s is None) == (solvent is None):
        raise InputError("viscosity", "give exactly one of viscosity_mpa_s and solvent: the diameter rests on it.")
    _positive("diffusion_um2_per_s", diffusion_um2_per_s, "µm²/s")
    _positive("temperature_k", temperature_k, "K")
    if solvent is not None:
        viscosity, source = tabulated_viscosity(solvent, temperature_k), f"{solvent}, {SOURCES[solvent]}"
    else:
        assert viscosity_mpa_s is not None
        viscosity, source = viscosity_mpa_s, "given"
    _positive("viscosity_mpa_s", viscosity, "mPa s")
    diameter = BOLTZMANN * temperature_k / (3.0 * pi * viscosity * 1e-3 * diffusion_um2_per_s * 1e-12) * 1e9
    error = None if stderr_um2_per_s is None else diameter * stderr_um2_per_s / diffusion_um2_per_s
    return SolvodynamicDiameter(
        diameter_nm=diameter,
        stderr_nm=error,
        diffusion_um2_per_s=diffusion_um2_per_s,
        temperature_k=temperature_k,
        viscosity_mpa_s=viscosity,
        viscosity_source=source,
    )


def viscosity_from_diffusion(diffusion_um2_per_s: float, diameter_nm: float, temperature_k: float) -> float:
    """Return the viscosity that a published pair of D and d was made with, η = k_B T/(3π D d).

    Parameters
    ----------
    diffusion_um2_per_s : float
        D, µm²/s.
    diameter_nm : float
        d, nm.
    temperature_k : float
        T, K.

    Returns
    -------
    float
        η, mPa s.

    Raises
    ------
    InputError
        For numbers that are not above 0.

    References
    ----------
    A. Einstein, Ann. Phys. 322, 549 (1905).
    """
    for name, value, unit in (
        ("diffusion_um2_per_s", diffusion_um2_per_s, "µm²/s"),
        ("diameter_nm", diameter_nm, "nm"),
        ("temperature_k", temperature_k, "K"),
    ):
        _positive(name, value, unit)
    return BOLTZMANN * temperature_k / (3.0 * pi * diffusion_um2_per_s * 1e-12 * diameter_nm * 1e-9) * 1e3


def _positive(name: str, value: float, unit: str) -> None:
    if not (isfinite(value) and value > 0.0):
        raise InputError(name, f"must be above 0 {unit}, got {value:g}.")
