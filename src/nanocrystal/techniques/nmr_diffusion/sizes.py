"""Sizes from diffusion coefficients: d = k_B T/(3π η D), less the ligands, beside the crystals of the sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, pi
from typing import Annotated, Any

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import Declares, Derivation, DerivedQuantity, Here, Meaning, Number
from nanocrystal.tables import viscosity as viscosities
from nanocrystal.tables.constants import BOLTZMANN, ZERO_CELSIUS

TEMPERATURES = (150.0, 500.0)
"""K, between which solvents are liquid"""
VISCOSITIES = (0.05, 100.0)
"""mPa·s, of solvents and dispersions in which diffusion is measured"""
Sizes = Callable[[str], float]
"""population -> the mean diameter of its crystals, Å"""
ONE_LAW = "one for all of a component, weighted by the nuclei seen"
DIFFUSION = Meaning("self-diffusion coefficient", "by pulsed field gradients").more(ONE_LAW)
SOLVODYNAMIC = "solvodynamic, of the sphere that diffuses alike (Stokes and Einstein, stick boundary)"
SIZES: Mapping[str, Derivation] = {
    "solvodynamic_diameter": Derivation(
        "nm",
        "solvodynamic diameter, sphere with stick boundary",
        Meaning("diameter", SOLVODYNAMIC).more("core with ligands and the solvent that goes with them", ONE_LAW),
    ),
    "core_diameter": Derivation(
        "nm",
        "solvodynamic diameter less twice the thickness of the ligands",
        Meaning("diameter", SOLVODYNAMIC).more("less twice the stated thickness of the ligands", ONE_LAW),
    ),
    "core_over_population": Derivation(
        "",
        "core diameter over the mean one of a population",
        Meaning(
            "diameter ratio",
            "solvodynamic diameter less the ligands over the number-weighted mean diameter of the crystals, of spheres "
            "of equal volume",
        ),
    ),
}


@dataclass(frozen=True)
class DiffusionComponent(Declares):
    """One diffusion coefficient, the lines of the spectrum that show it, and what its diameter is compared with."""

    diffusion: Annotated[Number | None, "µm²/s (1e-12 m²/s)"] = None
    lines: Annotated[Sequence[str] | None, "lines that it is in [all]"] = None
    shell_thickness: Annotated[float | None, "nm, of the ligands; taken off twice for the core"] = None
    population: Annotated[str | None, "whose mean diameter the core is compared with"] = None


@dataclass(frozen=True)
class Solvodynamics(Declares):
    """What diameters rest on: temperature (K), and viscosity (mPa·s) or a tabulated solvent; None: no diameters."""

    temperature: float | None
    viscosity: float | None
    solvent: str | None

    def __bool__(self) -> bool:
        return self.temperature is not None

    def check(self, components: Mapping[str, DiffusionComponent], where: str, sample: Any) -> None:
        """Raise InputError for what a diameter lacks: temperature, viscosity, or a population."""
        if self.viscosity is not None and self.solvent is not None:
            raise InputError(f"{where}.viscosity", "stands beside solvent; the diameter rests on one of the two.")
        of_diameters = [k for k in ("temperature", "viscosity", "solvent") if getattr(self, k) is not None]
        for name, component in components.items():
            keys = [k for k in ("shell_thickness", "population") if getattr(component, k) is not None]
            of_diameters += [f"components.{name}.{k}" for k in keys]
        if not of_diameters:
            return
        if self.viscosity is None and self.solvent is None:
            raise InputError(
                f"{where}.viscosity",
                f"is missing, but {of_diameters[0]} asks for a diameter: give it in mPa·s, or a tabulated solvent.",
            )
        if self.temperature is None:
            raise InputError(f"{where}.temperature", "is missing: give it in K; the diameter rests on it.")
        _check_positive(self.temperature, f"{where}.temperature", "K")
        _check_positive(self.viscosity, f"{where}.viscosity", "mPa·s")
        _check_units(self.temperature, self.viscosity, where)
        self.eta(where)
        for name, component in components.items():
            _check_component(component, f"{where}.components.{name}", sample)

    def eta(self, where: str = "") -> tuple[float, str]:
        """Return η (mPa·s) and where it is from."""
        if self.viscosity is not None:
            return self.viscosity, "given"
        assert self.solvent is not None
        assert self.temperature is not None
        value = viscosities.viscosity_mpa_s(self.solvent, self.temperature, f"{where}.solvent")
        return value, f"{self.solvent}, {viscosities.SOURCES[self.solvent]}"

    @staticmethod
    def negative_core(at: str, component: DiffusionComponent, values: Mapping[str, DerivedQuantity]) -> str | None:
        """Return a remark where the shell leaves no core, else None; values: what `diameters` returned."""
        outer = values[f"{at}.solvodynamic_diameter"].value
        if component.shell_thickness is None or outer > 2.0 * component.shell_thickness:
            return None
        return (
            f"{at}.core_diameter is not derived: twice the shell_thickness, {2.0 * component.shell_thickness:g} nm, "
            f"is not below the solvodynamic diameter, {outer:.3g} nm; are shell_thickness (nm) and viscosity (mPa·s) "
            "right?"
        )

    @property
    def words(self) -> str:
        value, source = self.eta()
        return f"diameters rest on η = {value:.4g} mPa·s ({source}) at {self.temperature:g} K."

    def diameters(
        self, at: str, component: DiffusionComponent, coefficient: float, sizes: Sizes
    ) -> dict[str, DerivedQuantity]:
        """Return the diameters (nm) that follow from D (m²/s), by address under `at`."""
        assert self.temperature is not None
        eta, _ = self.eta()
        outer = 1e9 * BOLTZMANN * self.temperature / (3.0 * pi * eta * 1e-3 * coefficient)
        text = f"solvodynamic diameter, sphere with stick boundary, η = {eta:.4g} mPa·s"
        diameters = {f"{at}.solvodynamic_diameter": SIZES["solvodynamic_diameter"].of(outer, text)}
        if component.shell_thickness is not None and outer > 2.0 * component.shell_thickness:
            core = outer - 2.0 * component.shell_thickness
            text = f"solvodynamic diameter less twice {component.shell_thickness:g} nm"
            diameters[f"{at}.core_diameter"] = SIZES["core_diameter"].of(core, text)
            if component.population is not None:
                mean = 0.1 * sizes(component.population)
                text = f"core diameter over the mean one of {component.population}, {mean:.3g} nm"
                diameters[f"{at}.core_over_population"] = SIZES["core_over_population"].of(core / mean, text)
        return diameters


def _check_component(component: DiffusionComponent, at: str, sample: Any) -> None:
    _check_positive(component.shell_thickness, f"{at}.shell_thickness", "nm")
    name = component.population
    if name is None:
        return
    known = {} if sample is None else sample.populations
    if name not in known:
        raise InputError(f"{at}.population", f"there is no population {name!r}; {nearest_names(name, known)}")
    if not known[name].shape.sized:
        raise InputError(f"{at}.population", f"{name} has no size to compare with.")
    if component.shell_thickness is None:
        raise InputError(f"{at}.population", "is compared with the core; give shell_thickness (nm).")


def _check_positive(value: float | None, where: str, unit: str) -> None:
    if value is not None and not (isfinite(value) and value > 0.0):
        raise InputError(where, f"must be above 0 {unit}, got {value:g}.")


def _check_units(temperature: float, viscosity: float | None, where: str) -> None:
    """Raise InputError for numbers that are credible only in another unit, or in none."""
    low, high = TEMPERATURES
    if not low <= temperature <= high:
        in_kelvin = temperature + ZERO_CELSIUS
        guess = f"; in °C? then give {in_kelvin:g}" if low <= in_kelvin <= high else ""
        raise InputError(f"{where}.temperature", f"must be from {low:g} to {high:g} K, got {temperature:g}{guess}.")
    low, high = VISCOSITIES
    if viscosity is not None and not low <= viscosity <= high:
        guess = f"; in Pa·s? then give {1e3 * viscosity:g}" if low <= 1e3 * viscosity <= high else ""
        raise InputError(f"{where}.viscosity", f"must be from {low:g} to {high:g} mPa·s, got {viscosity:g}{guess}.")


def mean_diameter(sample: Any, population: Here) -> float:
    """Return the number-weighted mean diameter (Å) of the crystals of a population: of equal volume, or of spheres."""
    shape = sample.populations[population.address.rpartition(".")[2]].shape
    return float(shape.at(population).mean_diameter)
