"""Quantitative NMR: amounts by an internal standard, ligands per nanocrystal and per nm², with uncertainties.

    ligand = amount_by_standard_mol((1.32, 0.02), 2, (1.00, 0.01), 2, (5.0e-6, 1e-7))
    print(concentration_mol_per_l(ligand, (5.0e-4, 2e-6)))

A number is given as it is, or as (value, standard error); an `UncertainValue` that one function returned may go into
the next. Errors are propagated linearly and taken as independent: what enters twice (such as one volume) has to enter
one function. Nothing is assumed about the sample: extinction coefficients, densities and shapes are the user's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import isfinite, pi, sqrt
from typing import Literal

import numpy as np

from nanocrystal.analysis.estimate import UncertainValue
from nanocrystal.errors import InputError
from nanocrystal.parameters.difference import difference, step_of
from nanocrystal.tables.constants import AVOGADRO

Measured = float | tuple[float, float] | UncertainValue
"""a number, or a number with its standard error"""
Shape = Literal["sphere", "cube"]


def amount_by_standard_mol(
    area: Measured, protons: int, standard_area: Measured, standard_protons: int, standard_mol: Measured
) -> UncertainValue:
    """Return the amount of a molecule by an internal standard, n = n_s (A/p)/(A_s/p_s).

    The delay between scans has to be at least five T1 of both.

    Parameters
    ----------
    area : float, (float, float) or UncertainValue
        A, integral of a signal of the molecule; a pair is value and standard error.
    protons : int
        p, of that signal in each molecule.
    standard_area : float, (float, float) or UncertainValue
        A_s, likewise of the standard.
    standard_protons : int
        p_s.
    standard_mol : float, (float, float) or UncertainValue
        n_s, mol.

    Returns
    -------
    UncertainValue
        n, mol.

    Raises
    ------
    InputError
        For numbers that are not above 0, and protons that are no whole number.
    """
    for name, number in (("protons", protons), ("standard_protons", standard_protons)):
        if number < 1 or int(number) != number:
            raise InputError(name, f"must be a whole number of at least 1, got {number:g}.")
    quantities = {"area": area, "standard_area": standard_area, "standard_mol": standard_mol}
    ratio = standard_protons / protons
    return propagated(lambda a, s, n: n * a / s * ratio, quantities, "mol")


def concentration_mol_per_l(amount_mol: Measured, volume_l: Measured) -> UncertainValue:
    """Return the concentration c = n/V.

    Parameters
    ----------
    amount_mol : float, (float, float) or UncertainValue
        n, mol.
    volume_l : float, (float, float) or UncertainValue
        V, L.

    Returns
    -------
    UncertainValue
        c, mol/L.

    Raises
    ------
    InputError
        For numbers that are not above 0.
    """
    return propagated(lambda n, v: n / v, {"amount_mol": amount_mol, "volume_l": volume_l}, "mol/L")


def concentration_by_absorbance_mol_per_l(
    absorbance: Measured, extinction_l_per_mol_cm: Measured, path_cm: Measured = 1.0, dilution: Measured = 1.0
) -> UncertainValue:
    """Return the concentration of nanocrystals by Beer and Lambert, c = A f/(ε l).

    Parameters
    ----------
    absorbance : float, (float, float) or UncertainValue
        A, decadic.
    extinction_l_per_mol_cm : float, (float, float) or UncertainValue
        ε per mole of nanocrystals at that wavelength, of this size, L mol⁻¹ cm⁻¹.
    path_cm : float, (float, float) or UncertainValue, optional
        l, cm.
    dilution : float, (float, float) or UncertainValue, optional
        f, volume after over before.

    Returns
    -------
    UncertainValue
        c, mol/L.

    Raises
    ------
    InputError
        For numbers that are not above 0.
    """
    quantities = {
        "absorbance": absorbance,
        "extinction_l_per_mol_cm": extinction_l_per_mol_cm,
        "path_cm": path_cm,
        "dilution": dilution,
    }
    return propagated(lambda a, e, path, f: a * f / (e * path), quantities, "mol/L")


def concentration_by_mass_mol_per_l(
    mass_concentration_g_per_l: Measured, diameter_nm: Measured, density_g_per_cm3: Measured, shape: Shape = "sphere"
) -> UncertainValue:
    """Return the concentration of nanocrystals from the mass of their cores in a volume, c = m/(N_A ρ V).

    V of a sphere is π d³/6, of a cube d³; sizes have no spread here (⟨d³⟩ is larger than ⟨d⟩³).

    Parameters
    ----------
    mass_concentration_g_per_l : float, (float, float) or UncertainValue
        m, of cores, g/L.
    diameter_nm : float, (float, float) or UncertainValue
        d, diameter or edge, nm.
    density_g_per_cm3 : float, (float, float) or UncertainValue
        ρ, g/cm³.
    shape : str, optional
        "sphere" or "cube".

    Returns
    -------
    UncertainValue
        c, mol/L.

    Raises
    ------
    InputError
        For numbers that are not above 0, and another shape.
    """
    quantities = {
        "mass_concentration_g_per_l": mass_concentration_g_per_l,
        "diameter_nm": diameter_nm,
        "density_g_per_cm3": density_g_per_cm3,
    }
    factor = _checked_shape(shape, pi / 6.0, 1.0)
    return propagated(lambda m, d, rho: m / (AVOGADRO * rho * factor * (d * 1e-7) ** 3), quantities, "mol/L")


def ligands_per_nanocrystal(ligand_mol_per_l: Measured, nanocrystal_mol_per_l: Measured) -> UncertainValue:
    """Return the number of bound ligands of a nanocrystal, N = c_ligand/c_nanocrystal.

    Parameters
    ----------
    ligand_mol_per_l : float, (float, float) or UncertainValue
        c_ligand, of bound ligands, mol/L.
    nanocrystal_mol_per_l : float, (float, float) or UncertainValue
        c_nanocrystal in the same dispersion, mol/L.

    Returns
    -------
    UncertainValue
        N.

    Raises
    ------
    InputError
        For numbers that are not above 0.
    """
    quantities = {"ligand_mol_per_l": ligand_mol_per_l, "nanocrystal_mol_per_l": nanocrystal_mol_per_l}
    return propagated(lambda ligand, crystal: ligand / crystal, quantities, "")


def surface_nm2(diameter_nm: Measured, shape: Shape = "sphere", *, spread_nm: float = 0.0) -> UncertainValue:
    """Return the mean surface of a nanocrystal, π(d² + s²), or 6(d² + s²) of cubes with edge d.

    Parameters
    ----------
    diameter_nm : float, (float, float) or UncertainValue
        d, number-weighted mean, with its standard error, nm.
    shape : str, optional
        "sphere" or "cube".
    spread_nm : float, optional
        s, standard deviation of the sizes, which is not that of their mean, nm.

    Returns
    -------
    UncertainValue
        nm².

    Raises
    ------
    InputError
        For a diameter that is not above 0, a spread below 0 and another shape.
    """
    if not (isfinite(spread_nm) and spread_nm >= 0.0):
        raise InputError("spread_nm", f"must be at least 0 nm, got {spread_nm:g}.")
    factor = _checked_shape(shape, pi, 6.0)
    return propagated(lambda d: factor * (d**2 + spread_nm**2), {"diameter_nm": diameter_nm}, "nm²")


def ligands_per_nm2(
    ligands: Measured, diameter_nm: Measured, shape: Shape = "sphere", *, spread_nm: float = 0.0
) -> UncertainValue:
    """Return the number of ligands over the mean surface of a nanocrystal; see `surface_nm2`.

    Parameters
    ----------
    ligands : float, (float, float) or UncertainValue
        Of a nanocrystal.
    diameter_nm : float, (float, float) or UncertainValue
        Number-weighted mean, nm.
    shape : str, optional
        "sphere" or "cube".
    spread_nm : float, optional
        Standard deviation of the sizes, nm.

    Returns
    -------
    UncertainValue
        1/nm².

    Raises
    ------
    InputError
        As `surface_nm2`.
    """
    surface = surface_nm2(diameter_nm, shape, spread_nm=spread_nm)
    return propagated(lambda n, s: n / s, {"ligands": ligands, "surface_nm2": surface}, "1/nm²")


def propagated(function: Callable[..., float], given: dict[str, Measured], unit: str) -> UncertainValue:
    """Return a function of independent numbers with its standard error, √Σ(∂f/∂x σ_x)².

    The error is that of a straight line through the function: for relative errors above some 20 % use
    `propagated_by_sampling`.

    Parameters
    ----------
    function : callable
        Of the numbers, in the order in which they stand in `given`.
    given : dict of str to float, (float, float) or UncertainValue
        Numbers by the name that messages call them, alone or with their standard error.
    unit : str
        Of what is returned.

    Returns
    -------
    UncertainValue
        The value and its standard error, NaN where no number has one.

    Raises
    ------
    InputError
        For numbers that are not above 0.
    """
    numbers = {name: _number(name, value) for name, value in given.items()}
    values = [v for v, _ in numbers.values()]
    variance = 0.0
    for k, (value, error) in enumerate(numbers.values()):
        if error > 0.0:
            moved = partial(_with_another, function, values, k)
            variance += (error * difference(moved, value, step_of(error))) ** 2
    error = sqrt(variance) if variance > 0.0 else float("nan")
    return UncertainValue(function(*values), error, error, unit)


def _with_another(function: Callable[..., float], values: Sequence[float], k: int, value: float) -> float:
    """Return the function of numbers of which the k-th is another."""
    return function(*values[:k], value, *values[k + 1 :])


def propagated_by_sampling(
    function: Callable[..., float], given: dict[str, Measured], rng: np.random.Generator, n: int = 20000
) -> tuple[float, float, float]:
    """Return the median and the central 68.3 % of a function of normally distributed numbers, by drawing them.

    Parameters
    ----------
    function : callable
        Of the numbers, in the order in which they stand in `given`.
    given : dict of str to float, (float, float) or UncertainValue
        Numbers by the name that messages call them, alone or with their standard error.
    rng : numpy.random.Generator
        That draws.
    n : int, optional
        How many draws.

    Returns
    -------
    median, low, high : float
        Low and high are the ends of the central 68.3 %.

    Raises
    ------
    InputError
        For numbers that are not above 0.
    """
    drawn = [rng.normal(value, error, n) for value, error in (_number(k, v) for k, v in given.items())]
    values = np.array([function(*row) for row in zip(*drawn, strict=True)])
    low, middle, high = np.quantile(values, (0.15865, 0.5, 0.84135))
    return float(middle), float(low), float(high)


def _number(name: str, measured: Measured) -> tuple[float, float]:
    """Return value and standard error (0 where there is none)."""
    if isinstance(measured, UncertainValue):
        value, error = measured.value, measured.stderr_scaled if measured.determined else 0.0
    elif isinstance(measured, tuple):
        value, error = measured
    else:
        value, error = measured, 0.0
    if not (isfinite(value) and value > 0.0):
        raise InputError(name, f"must be above 0, got {value:g}.")
    if not (isfinite(error) and error >= 0.0):
        raise InputError(name, f"has a standard error that must be at least 0, got {error:g}.")
    return float(value), float(error)


def _checked_shape(shape: str, sphere: float, cube: float) -> float:
    if shape not in ("sphere", "cube"):
        raise InputError("shape", f"must be sphere or cube, got {shape!r}.")
    return sphere if shape == "sphere" else cube
