"""The enthalpy of a crystal divided by coherent boundaries, against that of one cubic domain.

    ΔH_ONC = Σ_ij γ_ij A_ij + Σ_i ΔH_o ρ_o V_i/fw        ΔH_cNC = ΔH_c ρ_c V_NC/fw

the two equations of F. Bertolotti et al., ACS Nano 11, 3819 (2017), who use them in words: boundaries cost
∝ N^(1/3), entropy gains ∝ N for N domains. The paper's text gives no γ, no ΔH and no entropy; they
are inputs here. Its N^(1/3) is that of N equal cubic domains in a cube of edge L, n = N^(1/3) along each
edge: 3 (n − 1) planes of area L² each, thus an area of 3 L² (N^(1/3) − 1); the paper leaves the −1 out.

What follows from that form and is easily overlooked: ∝ N^(1/3) against ∝ N has no minimum between one domain
and the most that fit, only a maximum (`FreeEnergy.barrier`). Either no boundaries are stable or as many
as possible; sizes in between need a cost that grows faster, such as boundaries that repel each other.

Checked against: hand calculations of every term, and a count of the boundaries of divided cubes
(tests/analysis/test_twin_energetics.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nanocrystal.analysis.estimate import FloatArray, checked_series
from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares
from nanocrystal.tables.constants import AVOGADRO, BOLTZMANN
from nanocrystal.tables.constants import ELECTRONVOLT as ELECTRONVOLT
from nanocrystal.tables.elements import atomic_mass
from nanocrystal.text import csv_text

MOLE_PER_CUBIC_ANGSTROM = 1e-24
"""ρ V/fw with ρ in g/cm³, V in Å³ and fw in g/mol is in units of this, mol"""


@dataclass(frozen=True, kw_only=True)
class Substance(Declares):
    """The two phases of a substance.

    Parameters
    ----------
    enthalpy_orthorhombic, enthalpy_cubic : float
        ΔH_o and ΔH_c, kJ/mol; only their difference counts for which is favoured.
    density : float
        Of the orthorhombic phase, g/cm³.
    weight : float
        Of a formula unit, g/mol.
    density_cubic : float or None
        Of the cubic phase, g/cm³; None: the same.
    """

    enthalpy_orthorhombic: float
    enthalpy_cubic: float
    density: float
    weight: float
    density_cubic: float | None = None


@dataclass(frozen=True, kw_only=True)
class NetworkEnthalpy:
    """Enthalpies of one nanocrystal divided by boundaries, and of the same as one cubic domain.

    Parameters
    ----------
    boundary : float
        Of its boundaries, J.
    domains : float
        Of its orthorhombic domains, J.
    cubic : float
        As one cubic domain, J.
    boundary_area : float
        Å².
    volume : float
        Å³.
    amount : float
        Formula units, mol.
    """

    boundary: float
    domains: float
    cubic: float
    boundary_area: float
    volume: float
    amount: float

    @property
    def divided(self) -> float:
        """ΔH_ONC, J."""
        return self.boundary + self.domains

    @property
    def advantage(self) -> float:
        """ΔH_ONC − ΔH_cNC, J; negative where the divided crystal is favoured."""
        return self.divided - self.cubic

    @property
    def advantage_per_mole(self) -> float:
        """The same per mole of formula units, kJ/mol."""
        return self.advantage / self.amount / 1000.0

    @property
    def highest_surface_tension(self) -> float:
        """The mean γ, J/m², below which the divided crystal has the lower enthalpy (inf without boundaries)."""
        if self.boundary_area == 0.0:
            return np.inf if self.domains < self.cubic else -np.inf
        return (self.cubic - self.domains) / (self.boundary_area * 1e-20)

    def __repr__(self) -> str:
        favoured = "divided" if self.advantage < 0.0 else "single cubic domain"
        return (
            f"NetworkEnthalpy(boundaries {self.boundary / ELECTRONVOLT:.4g} eV on {self.boundary_area / 100:.4g} nm², "
            f"domains {self.domains / ELECTRONVOLT:.4g} eV, cubic {self.cubic / ELECTRONVOLT:.4g} eV; "
            f"divided − cubic = {self.advantage / ELECTRONVOLT:.4g} eV or {self.advantage_per_mole:.4g} kJ/mol; "
            f"lower in enthalpy: {favoured}; break-even at γ = {self.highest_surface_tension:.3g} J/m²)"
        )

    def to_csv(self) -> str:
        """Return one row of all terms."""
        return csv_text(
            {
                "boundary (J)": [self.boundary],
                "domains (J)": [self.domains],
                "cubic (J)": [self.cubic],
                "divided minus cubic (J)": [self.advantage],
                "divided minus cubic (kJ/mol)": [self.advantage_per_mole],
                "boundary area (Å²)": [self.boundary_area],
                "volume (Å³)": [self.volume],
                "amount (mol)": [self.amount],
                "break-even surface tension (J/m²)": [self.highest_surface_tension],
            }
        )


@dataclass(frozen=True, kw_only=True)
class FreeEnergy:
    """The free energy of a cube over the number of its domains, against one domain without boundaries.

    Parameters
    ----------
    n_domains : array (n,)
        N.
    boundary : array (n,)
        The cost γ A(N), J.
    entropy : array (n,)
        The gain −T s (N − 1), J.
    temperature : float
        T, K.
    barrier : float
        The number of domains with the highest free energy: fewer heal, more divide further; inf at s T = 0.
    """

    n_domains: FloatArray
    boundary: FloatArray
    entropy: FloatArray
    temperature: float
    barrier: float

    @property
    def total(self) -> FloatArray:
        """(n,) J."""
        return self.boundary + self.entropy

    def __repr__(self) -> str:
        kt = BOLTZMANN * self.temperature
        least = int(np.argmin(self.total))
        return (
            f"FreeEnergy at {self.temperature:g} K: lowest at N = {self.n_domains[least]:.4g} "
            f"({self.total[least] / ELECTRONVOLT:.4g} eV, {self.total[least] / kt if kt else np.nan:.4g} k_B T) "
            f"of {self.n_domains[0]:.4g} to {self.n_domains[-1]:.4g}; highest at N = {self.barrier:.4g}"
        )

    def to_csv(self) -> str:
        """Return one row for each number of domains."""
        columns = {"n_domains": self.n_domains, "boundary (J)": self.boundary, "entropy (J)": self.entropy}
        return csv_text({**columns, "total (J)": self.total})


def formula_weight(content: dict[str, float]) -> float:
    """Return the mass of a formula unit.

    Parameters
    ----------
    content : dict of str to float
        Number of atoms by element, such as {"Cs": 1, "Pb": 1, "Br": 3}.

    Returns
    -------
    float
        g/mol.

    Raises
    ------
    InputError
        For unknown elements.
    """
    return sum(n * atomic_mass(element) for element, n in content.items())


def crystal_density(cell_volume: float, n_units: float, weight: float) -> float:
    """Return the density of a crystal.

    Parameters
    ----------
    cell_volume : float
        Å³.
    n_units : float
        Formula units in the cell.
    weight : float
        Of a formula unit, g/mol.

    Returns
    -------
    float
        g/cm³.

    Raises
    ------
    InputError
        For numbers that are not above 0.
    """
    _positive("crystal_density", cell_volume=cell_volume, n_units=n_units, weight=weight)
    return n_units * weight / AVOGADRO / cell_volume * 1e24


def network_enthalpy(
    *,
    areas: ArrayLike,
    surface_tensions: float | Sequence[float] | FloatArray,
    volumes: ArrayLike,
    substance: Substance,
) -> NetworkEnthalpy:
    """Return the enthalpies of a crystal of orthorhombic domains and of the same volume as one cubic domain.

    ΔH_ONC = Σ_ij γ_ij A_ij + Σ_i ΔH_o ρ_o V_i/fw against ΔH_cNC = ΔH_c ρ_c V_NC/fw. Checked against a hand calculation
    of each term.

    Parameters
    ----------
    areas : array (n_boundaries,)
        A_ij, Å².
    surface_tensions : float or array (n_boundaries,)
        γ_ij, J/m², or one number for all.
    volumes : array (n_domains,)
        V_i, Å³.
    substance : Substance
        Enthalpies, densities and weight of its two phases.

    Returns
    -------
    NetworkEnthalpy
        J.

    Raises
    ------
    InputError
        For arrays and numbers that cannot be used.

    References
    ----------
    F. Bertolotti et al., ACS Nano 11, 3819 (2017).
    """
    where = "network_enthalpy"
    (areas_,) = checked_series(where, areas=areas)
    tensions = np.full(len(areas_), surface_tensions) if np.ndim(surface_tensions) == 0 else surface_tensions
    areas_, tensions = checked_series(where, areas=areas_, surface_tensions=tensions)
    (volumes_,) = checked_series(where, volumes=volumes)
    if len(volumes_) == 0 or volumes_.min() <= 0.0:
        raise InputError(f"{where}, volumes", "must be at least one, all positive (Å³).")
    if len(areas_) and areas_.min() < 0.0:
        raise InputError(f"{where}, areas", f"must not be negative (Å²), got {areas_.min():g}.")
    density, weight = substance.density, substance.weight
    cubic_density = density if substance.density_cubic is None else substance.density_cubic
    _positive(where, density=density, density_cubic=cubic_density, weight=weight)
    volume = float(volumes_.sum())
    amount = density * volume / weight * MOLE_PER_CUBIC_ANGSTROM
    amount_cubic = cubic_density * volume / weight * MOLE_PER_CUBIC_ANGSTROM
    return NetworkEnthalpy(
        boundary=float(tensions @ areas_) * 1e-20,
        domains=1000.0 * substance.enthalpy_orthorhombic * amount,
        cubic=1000.0 * substance.enthalpy_cubic * amount_cubic,
        boundary_area=float(areas_.sum()),
        volume=volume,
        amount=amount,
    )


def divided_box(lengths: Sequence[float], cuts: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """Return the areas of planes and the volumes of the boxes into which they cut a box.

    Parameters
    ----------
    lengths : sequence of 3 float
        The edges, Å.
    cuts : sequence of 3 int
        Number of planes across each edge, which cut it into equal parts.

    Returns
    -------
    areas : array (n_planes,)
        Of each plane, Å².
    volumes : array (n_domains,)
        Of each box, Å³.

    Raises
    ------
    InputError
        For lengths that are not above 0 and numbers of planes that are no whole numbers.
    """
    if len(lengths) != 3 or min(lengths) <= 0.0:
        raise InputError("divided_box, lengths", f"must be three positive lengths (Å), got {tuple(lengths)}.")
    if len(cuts) != 3 or min(cuts) < 0 or any(int(c) != c for c in cuts):
        raise InputError("divided_box, cuts", f"must be three numbers of planes, 0 or more, got {tuple(cuts)}.")
    a, b, c = lengths
    areas = np.repeat([b * c, c * a, a * b], cuts)
    n_domains = int(np.prod([n + 1 for n in cuts]))
    return areas, np.full(n_domains, a * b * c / n_domains)


def boundary_area(n_domains: ArrayLike, edge: float) -> FloatArray:
    """Return the area of the boundaries of N equal cubic domains in a cube of edge L, 3 L² (N^(1/3) − 1).

    Parameters
    ----------
    n_domains : array (n,) or float
        N, at least 1.
    edge : float
        L, Å.

    Returns
    -------
    array (n,)
        Å².

    Raises
    ------
    InputError
        For numbers out of these ranges.

    References
    ----------
    F. Bertolotti et al., ACS Nano 11, 3819 (2017), who leave the −1 out.
    """
    _positive("boundary_area", edge=edge)
    (n,) = checked_series("boundary_area", n_domains=np.atleast_1d(np.asarray(n_domains, dtype=np.float64)))
    if n.min() < 1.0:
        raise InputError("boundary_area, n_domains", f"must be at least 1, got {n.min():g}.")
    return np.asarray(3.0 * edge**2 * (np.cbrt(n) - 1.0))


def free_energy(
    n_domains: ArrayLike, edge: float, surface_tension: float, temperature: float, entropy_per_domain: float
) -> FreeEnergy:
    """Return γ 3 L² (N^(1/3) − 1) − T s (N − 1) over the number N of cubic domains in a cube.

    Checked against hand calculations and a count of the faces between domains.

    Parameters
    ----------
    n_domains : array (n,)
        N, ascending, at least 1.
    edge : float
        L, Å.
    surface_tension : float
        γ, J/m².
    temperature : float
        T, K.
    entropy_per_domain : float
        s, in units of k_B. ln 4 = 1.39, the four states of a pseudocubic cell, is an upper bound for domains whose
        places are fixed, since neighbours that happen to be in one state are one domain.

    Returns
    -------
    FreeEnergy
        J.

    Raises
    ------
    InputError
        For numbers out of these ranges.

    References
    ----------
    F. Bertolotti et al., ACS Nano 11, 3819 (2017).
    """
    where = "free_energy"
    area = boundary_area(n_domains, edge)
    n = np.atleast_1d(np.asarray(n_domains, dtype=np.float64))
    if np.any(np.diff(n) <= 0.0):
        raise InputError(f"{where}, n_domains", "must be ascending.")
    for name, value in (("temperature", temperature), ("entropy_per_domain", entropy_per_domain)):
        if not 0.0 <= value < np.inf:
            raise InputError(f"{where}, {name}", f"must not be negative, got {value}.")
    _positive(where, surface_tension=surface_tension)
    gain = BOLTZMANN * entropy_per_domain * temperature
    cost = surface_tension * edge**2 * 1e-20
    barrier = float((cost / gain) ** 1.5) if gain > 0.0 else np.inf
    return FreeEnergy(
        n_domains=n,
        boundary=surface_tension * area * 1e-20,
        entropy=-gain * (n - 1.0),
        temperature=temperature,
        barrier=barrier,
    )


def _positive(where: str, **values: float) -> None:
    for name, value in values.items():
        if not 0.0 < value < np.inf:
            raise InputError(f"{where}, {name}", f"must be positive, got {value}.")
