"""Total scattering I(Q) of the sample by the Debye equation, in electron units of its average nanocrystal.

Definition
    I(Q) = Σ_i Σ_j f_i f_j* exp(−(u_i + u_j) Q²/2) sin(Q r_ij)/(Q r_ij), self term included
    (Debye, Ann. Phys. 351, 809 (1915)), the number-weighted mean over sizes and populations;
    what is measured: scale · I(Q) · P(2θ) + background + blanks.
    f = f0(Q) of Waasmaier & Kirfel, Acta Cryst. A51, 416 (1995), with f′ + i f″ of Chantler where an
    energy or wavelength is given (anomalous = false leaves them out). Partly filled places: self term
    o f², pair term o_i o_j. With delta1 or delta2 the displacements of near pairs are correlated as in
    a PDF: σ² = (u_i + u_j)(1 − delta1/r − delta2/r²) for r below 12 Å.

Instrument
    P = 1 − polarization + polarization cos² 2θ (0: corrected data; 0.5: unpolarised beam). Resolution:
    a Gaussian in Q of standard deviation q_resolution + q_resolution_slope Q.

Background
    Chebyshev polynomials over the range of the data, background.c0, c1, … (background_terms of them),
    any number of measured blanks, each with its own scale, and with compton = true incoherent
    scattering in the approximation Z − f0²/Z, the mean over the atoms (all populations alike, occupancies
    as they start). All are linear.

Weights
    σ of the file; without them counting statistics (σ = √I) or, if asked for, all points alike.

Checked against
    a direct double sum over explicit atoms, on absolute scale; a prism of 8 × 8 × 8 cells as a
    population against its atoms; means over explicit crystals of many sizes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve, read_curve, resolve
from nanocrystal.errors import InputError
from nanocrystal.kernels.debye import debye_intensity
from nanocrystal.kernels.pairs import pair_kinds, peak_list
from nanocrystal.kernels.sine import SineTransform
from nanocrystal.parameters import Evaluation, Number, Parameter, ParameterSet, Quantity, as_parameter
from nanocrystal.sample import Distribution, PairGrid, PairStructure, Sample, Sphere
from nanocrystal.sample.lattice_pairs import MOST_PAIRS
from nanocrystal.tables.elements import atomic_number
from nanocrystal.tables.form_factors import absorption_edges, anomalous_factor, form_factor
from nanocrystal.techniques.base import Axis, Drawing, Measured, Noise, grid_from_text, local_parameters

FloatArray = NDArray[np.float64]
KEV_ANGSTROM = 12.398419843320026
"""h c in keV Å (exact SI values)"""
NARROWEST = 2e-4
"""Å⁻¹; resolutions narrower than this are taken as this wide where they vary over the data"""
NEAR = 12.0
"""Å; correlated motion reaches that far"""
LARGEST_Q = 60.0
"""Å⁻¹; a larger abscissa is not a Q in Å⁻¹"""
TABULATED_Q = 75.0
"""Å⁻¹; s = Q/4π up to 6 Å⁻¹ is what the table of form factors covers"""
USUAL_Q = (3.0, 35.0)
"""Å⁻¹; where data end elsewhere their abscissa may have been misread"""
SHORTEST, LONGEST = 0.08, 25.0
"""Å; X-rays of 155 keV and of 500 eV"""
MOST_TERMS = 50
"""of the background"""
FEWEST = 10
"""points of a fit"""
MOST_COUNTS = 1e15
"""at the highest point of a simulated curve; more cannot be drawn from Poisson's law"""
BLURRED = {"q_resolution": 0.3, "q_resolution_slope": 0.05}
"""resolutions, Å⁻¹ and without unit, beyond which no peak is left; none is wider where a fit begins"""
EDGE = 50.0
"""eV; so near an absorption edge f′ and f″ of free atoms do not hold"""
BACKGROUND = Quantity("background", "", "coefficient of a Chebyshev polynomial of the background", 0.0)
BLANK = Quantity("scale", "", "scale of a measured blank", 1.0)


@dataclass(frozen=True)
class Blank:
    """A measured blank (capillary, solvent, air) with its own scale, left to the fit unless given."""

    file: str
    columns: Sequence[str] | None = None
    scale: Number | None = None


@dataclass(frozen=True)
class TotalScattering:
    """Total scattering, measured (`file`) or to be simulated (`q` or `two_theta`).

    q_range: Å⁻¹; two_theta_range: degrees; exclude: ranges of the abscissa left out; wavelength: Å;
    energy: eV; background: coefficients by name (c0, c1, …), left to the fit where not given.
    """

    file: str | Path | None = None
    columns: Sequence[str] | None = None
    q: str | None = None
    two_theta: str | None = None
    q_range: tuple[float, float] | None = None
    two_theta_range: tuple[float, float] | None = None
    exclude: Sequence[tuple[float, float]] | None = None
    q_unit: Literal["1/angstrom", "1/nm"] = "1/angstrom"
    wavelength: float | None = None
    energy: float | None = None
    anomalous: bool = True
    weights: Literal["sigma", "counting", "uniform"] | None = None
    background_terms: int = 4
    background: Mapping[str, Number] = field(default_factory=dict)
    blanks: Mapping[str, Blank] = field(default_factory=dict)
    compton: bool = False
    polarization: Number | None = None
    q_resolution: Number | None = None
    q_resolution_slope: Number | None = None
    scale: Number | None = None
    noise: Noise | None = None

    name: ClassVar[str] = "total-scattering"
    linear: ClassVar[tuple[str, ...]] = ("scale",)
    quantities: ClassVar[Mapping[str, Quantity]] = {
        "scale": Quantity("scale", "", "scale of the calculated curve", 1.0, scale=0.1),
        "polarization": Quantity("polarization", "", "part p of 1 − p + p cos² 2θ", 0.0, 0.0, 1.0, scale=0.1),
        "q_resolution": Quantity(
            "q_resolution", "Å⁻¹", "standard deviation of the resolution, constant part", 0.0, 0.0, 1.0, scale=0.003
        ),
        "q_resolution_slope": Quantity(
            "q_resolution_slope", "", "standard deviation of the resolution over Q", 0.0, 0.0, 0.1, scale=0.001
        ),
    }

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.quantities}
        quantities = dict(self.quantities)
        linear = ["scale"]
        for k in range(min(self.background_terms, MOST_TERMS)):  # more are refused by `bind`
            quantities[f"background.c{k}"] = BACKGROUND
            given[f"background.c{k}"] = self.background.get(f"c{k}")
            linear.append(f"background.c{k}")
        for name, blank in self.blanks.items():
            quantities[f"blanks.{name}.scale"] = BLANK
            given[f"blanks.{name}.scale"] = blank.scale
            linear.append(f"blanks.{name}.scale")
        if self.compton:
            quantities["compton_scale"] = Quantity("compton_scale", "", "scale of the incoherent scattering", 1.0)
            linear.append("compton_scale")
        if self.file is None:  # simulated: scale 1, background 0
            defaults = {n: 1.0 if n == "scale" else 0.0 for n in linear}
            given = {n: defaults.get(n) if given.get(n) is None else given[n] for n in quantities}
        return local_parameters(quantities, tuple(linear), given)

    def bind(self, name: str, sample: Sample, folder: Path = Path()) -> TotalScatteringModel:
        """Read the data and return the model of this data set.

        Raises InputError for files and settings that cannot be used.
        """
        where = f"datasets.{name}"
        if sum(v is not None for v in (self.file, self.q, self.two_theta)) != 1:
            raise InputError(where, 'needs either a file or, to simulate, q or two_theta = "START:STOP:STEP".')
        self._check_background(where)
        self._check_sizes(sample)
        wavelength = self._wavelength(where)
        self._check_beam(sample, wavelength, where)
        x, observed, sigma, axis, notes, digest = self._points(where, folder, wavelength)
        q = x if axis.name == "Q" else 4.0 * np.pi * np.sin(np.radians(x) / 2.0) / self._needed(wavelength, where)
        self._check_reach(q, axis, wavelength, where)
        weights = "none" if observed is None else self._weight_words(sigma, notes)
        if observed is not None and sigma is None and self.weights != "uniform":
            sigma = self._counting_sigma(x, observed, axis, where)
        measured = Measured(x, observed, sigma, weights, str(self.file or "simulated"), digest, tuple(notes))
        blanks = {n: self._blank(b, x, axis, f"{where}.blanks.{n}", folder) for n, b in self.blanks.items()}
        return TotalScatteringModel(self, where, sample, measured, axis, q, wavelength, blanks)

    def _check_background(self, where: str) -> None:
        n = self.background_terms
        if not 0 <= n <= MOST_TERMS:
            raise InputError(f"{where}.background_terms", f"must be 0 to {MOST_TERMS}, got {n}; 3 to 6 are usual.")
        for key in self.background:
            if key not in [f"c{k}" for k in range(n)]:
                known = {0: "there is none", 1: "there is only c0"}.get(n, f"they are c0 to c{n - 1}")
                raise InputError(
                    f"{where}.background.{key}",
                    f"is no coefficient of the background: with background_terms = {n} {known}; "
                    "raise background_terms or leave it out.",
                )

    def _check_sizes(self, sample: Sample) -> None:
        """Raise InputError for infinite crystals, and for spheres with more pairs than can be enumerated.

        Shapes along the lattice are checked where their pairs are counted.
        """
        values = ParameterSet(sample.declared_alone()).initial_values()
        for name, population in sample.populations.items():
            crystal, prefix = sample.crystal_of(name), f"populations.{name}"
            if crystal is None:
                continue
            if population.shape.name == "bulk":
                raise InputError(
                    f"{prefix}.shape",
                    "the Debye equation needs finite crystals; give a shape with a size instead of bulk.",
                )
            if not isinstance(population.shape, Sphere):
                continue
            vectors = crystal.vectors(values, f"crystals.{population.crystal}")
            reach, cell = population.shape.reach(values, prefix), abs(float(np.linalg.det(vectors)))
            radius = PairGrid(0.0, 1.0, whole=True).reaching(reach).r_max + float(np.linalg.norm(vectors, axis=1).sum())
            places = sum((k + 1) * s.multiplicity for k, s in enumerate(crystal.sites))
            if 4.19 * radius**3 / cell * places > MOST_PAIRS:
                atoms = np.pi / 6.0 * reach**3 / cell * sum(s.multiplicity for s in crystal.sites)
                spread = isinstance(population.shape.diameter, Distribution)
                remedy = "make mean or std smaller" if spread else "make it smaller"
                raise InputError(
                    f"{prefix}.diameter",
                    f"the largest crystals are {reach / 10.0:.3g} nm across and hold {atoms:.1g} atoms, too many pairs "
                    f"for the Debye equation; {remedy}.",
                )

    def _wavelength(self, where: str) -> float | None:
        for key in ("wavelength", "energy"):
            value = getattr(self, key)
            if value is not None and not value > 0.0:
                raise InputError(f"{where}.{key}", f"must be above 0, got {value:g}.")
        hc = 1000.0 * KEV_ANGSTROM
        if self.energy is not None and not hc / LONGEST <= self.energy <= hc / SHORTEST:
            hint = f"; if it is in keV, write energy = {1000.0 * self.energy:g}" if self.energy < 200.0 else ""
            raise InputError(
                f"{where}.energy",
                f"is in eV and must lie within {hc / LONGEST:.0f} and {hc / SHORTEST:.0f}, got {self.energy:g}{hint}.",
            )
        if self.wavelength is not None and not SHORTEST <= self.wavelength <= LONGEST:
            unit, factor = ("nm", 10.0) if self.wavelength < SHORTEST else ("pm", 0.01)
            raise InputError(
                f"{where}.wavelength",
                f"is in Å and must lie within {SHORTEST:g} and {LONGEST:g}, got {self.wavelength:g}; "
                f"if it is in {unit}, write wavelength = {factor * self.wavelength:g}.",
            )
        from_energy = None if self.energy is None else hc / self.energy
        if self.wavelength is not None and from_energy is not None and abs(from_energy / self.wavelength - 1.0) > 1e-3:
            raise InputError(
                f"{where}.energy",
                f"{self.energy:g} eV is {from_energy:.5g} Å, but wavelength says {self.wavelength:g} Å; give one.",
            )
        return self.wavelength if self.wavelength is not None else from_energy

    def _beam_key(self) -> str:
        return "energy" if self.wavelength is None else "wavelength"

    def _check_beam(self, sample: Sample, wavelength: float | None, where: str) -> None:
        """Raise InputError where f′ and f″, the polarisation or the resolution cannot be calculated."""
        for key, most in BLURRED.items():
            given = getattr(self, key)
            width = None if given is None else as_parameter(given).value
            if width is not None and width > most:
                raise InputError(
                    f"{where}.{key}",
                    f"is a standard deviation and must be at most {most:g}, got {width:g}, which leaves no peaks; "
                    f"usual are {0.01 * most:g} to {0.1 * most:g}.",
                )
        polarised = self.polarization is not None and as_parameter(self.polarization) != Parameter(0.0)
        if wavelength is None and polarised:
            raise InputError(
                f"{where}.polarization",
                "needs the angle of each point: give the wavelength (Å) or energy (eV), or leave polarization out.",
            )
        if wavelength is not None and self.anomalous:
            for element in _elements(sample):
                anomalous_factor(element, 1000.0 * KEV_ANGSTROM / wavelength, f"{where}.{self._beam_key()}")

    def _check_reach(self, q: FloatArray, axis: Axis, wavelength: float | None, where: str) -> None:
        """Raise InputError for a Q that no angle below 180° reaches, or that no form factor is known for."""
        highest = float(q.max())
        place = f"{where}.{'file' if self.file else 'q' if self.q else 'two_theta'}"
        if wavelength is not None and axis.name == "Q" and highest > 4.0 * np.pi / wavelength * 1.0001:
            raise InputError(
                f"{where}.{self._beam_key()}",
                f"a wavelength of {wavelength:.5g} Å reaches Q = {4.0 * np.pi / wavelength:.4g} Å⁻¹ at most, but "
                f"the data go to {highest:.4g}; correct it, or if the file is over 2θ say "
                'columns = ["two_theta", "intensity"].',
            )
        if highest > TABULATED_Q:
            raise InputError(
                place, f"Q goes to {highest:.4g} Å⁻¹, but form factors are tabulated up to {TABULATED_Q:g} only."
            )

    def _needed(self, wavelength: float | None, where: str) -> float:
        if wavelength is None:
            raise InputError(f"{where}.wavelength", "is missing: data over 2θ need the wavelength (Å) or energy (eV).")
        return wavelength

    def _points(
        self, where: str, folder: Path, wavelength: float | None
    ) -> tuple[FloatArray, FloatArray | None, FloatArray | None, Axis, list[str], str | None]:
        """Return abscissa, observed, sigma, the axis, notes and the digest of the file."""
        if self.file is None:
            key = "q" if self.q is not None else "two_theta"
            for unused in ("q_range", "two_theta_range", "exclude"):
                if getattr(self, unused) is not None:
                    raise InputError(f"{where}.{unused}", f"chooses points of a file; without one it is {key} alone.")
            x = grid_from_text(getattr(self, key), f"{where}.{key}")
            self._check_abscissa(x, key, f"{where}.{key}", wavelength)
            return x, None, None, _axis(key), [], None
        curve = read_curve(
            resolve(str(self.file), folder, f"{where}.file"),
            columns=self.columns,
            where=f"{where}.file",
            per_nm=self.q_unit == "1/nm",
        )
        name = Path(str(self.file)).name
        if curve.x_name not in ("q", "two_theta") or curve.y_name not in ("intensity", "y"):
            raise InputError(
                f"{where}.file",
                f"technique total-scattering needs intensity over q or two_theta, but {name} has "
                f'{curve.y_name} over {curve.x_name}; if it is that all the same, say columns = ["q", "intensity"].',
            )
        if self.q_unit == "1/nm" and curve.x_name != "q":
            raise InputError(f"{where}.q_unit", f"is the unit of Q, but {name} is over 2θ; leave it out.")
        curve = self._chosen(curve, where)
        self._check_abscissa(curve.x, curve.x_name, f"{where}.file", wavelength)
        sigma = None if self.weights in ("counting", "uniform") else curve.sigma
        if self.weights == "sigma" and sigma is None:
            raise InputError(
                f"{where}.weights",
                f'is "sigma", but no column of {name} was read as σ; name it with '
                f'columns = ["{curve.x_name}", "intensity", "sigma"], or say weights = "counting".',
            )
        return curve.x, curve.y, sigma, _axis(curve.x_name), list(curve.notes), curve.sha256

    def _chosen(self, curve: Curve, where: str) -> Curve:
        """Return the points within the range asked for and outside the excluded regions; Q in Å⁻¹."""
        from dataclasses import replace

        if curve.x_name == "q" and self.q_unit == "1/nm":
            curve = replace(curve, x=curve.x / 10.0)
        key = "q_range" if curve.x_name == "q" else "two_theta_range"
        other = "two_theta_range" if key == "q_range" else "q_range"
        if getattr(self, other) is not None:
            raise InputError(f"{where}.{other}", f"does not fit a file over {curve.x_name}; give {key} instead.")
        limits = getattr(self, key)
        if limits is not None:
            if not limits[0] < limits[1]:
                raise InputError(f"{where}.{key}", f"needs low < high, got [{limits[0]:g}, {limits[1]:g}].")
            curve = curve.between(limits[0], limits[1], f"{where}.{key}")
            if len(curve.x) < FEWEST:
                raise InputError(
                    f"{where}.{key}",
                    f"holds {len(curve.x)} points of the file; give a range with at least {FEWEST}.",
                )
        if len(curve.x) < FEWEST:
            name = Path(str(self.file)).name
            raise InputError(f"{where}.file", f"{name} has {len(curve.x)} points; at least {FEWEST} are needed.")
        kept = np.ones(len(curve.x), dtype=bool)
        for low, high in self.exclude or ():
            if not low < high:
                raise InputError(f"{where}.exclude", f"each range needs low < high, got [{low:g}, {high:g}].")
            kept &= (curve.x < low) | (curve.x > high)
        if kept.sum() < FEWEST:
            raise InputError(
                f"{where}.exclude",
                f"leaves {kept.sum()} of {len(kept)} points; at least {FEWEST} are needed, so leave out less.",
            )
        sigma = None if curve.sigma is None else curve.sigma[kept]
        return replace(curve, x=curve.x[kept], y=curve.y[kept], sigma=sigma)

    def _check_abscissa(self, x: FloatArray, name: str, where: str, wavelength: float | None) -> None:
        if x[0] < 0.0:
            raise InputError(where, f"{'Q' if name == 'q' else '2θ'} must not be negative, got {x[0]:g}.")
        if name == "q" and x[-1] > LARGEST_Q:
            raise InputError(
                where,
                f'Q goes to {x[-1]:g} Å⁻¹; if it is in nm⁻¹ say q_unit = "1/nm", if it is 2θ say '
                'columns = ["two_theta", "intensity"].',
            )
        if name == "two_theta" and x[-1] >= 180.0:
            raise InputError(where, f"2θ must be below 180°, got {x[-1]:g}.")

    def _weight_words(self, sigma: FloatArray | None, notes: list[str]) -> str:
        if sigma is not None:
            return "1/σ² with the σ of the file"
        if self.weights == "uniform":
            return "all points alike, as asked for"
        if self.weights is None:
            notes.append("the file has no σ: counting statistics, σ = √I, were assumed.")
        return "counting statistics, 1/I"

    def _counting_sigma(self, x: FloatArray, observed: FloatArray, axis: Axis, where: str) -> FloatArray:
        if (observed < 0.0).any():
            first = int(np.flatnonzero(observed < 0.0)[0])
            key = "weights" if self.weights else "file"
            why = "counting weights" if self.weights else "the file has no σ, and the counting weights that then hold"
            raise InputError(
                f"{where}.{key}",
                f"{why} need counts of at least 0, but at {axis.name} = {x[first]:g} {axis.unit} the file has "
                f'{observed[first]:g}; give σ as a third column, or say weights = "uniform".',
            )
        return np.sqrt(np.maximum(observed, 1.0))

    def _blank(self, blank: Blank, x: FloatArray, axis: Axis, where: str, folder: Path) -> FloatArray:
        """Return a blank at the points of the data, interpolated linearly."""
        per_nm = self.q_unit == "1/nm"
        path = resolve(blank.file, folder, f"{where}.file")
        curve = read_curve(path, columns=blank.columns, where=f"{where}.file", per_nm=per_nm)
        name = Path(blank.file).name
        if curve.y_name not in ("intensity", "y"):
            raise InputError(
                f"{where}.file", f"a blank is an intensity, but {name} holds {curve.y_name} over {curve.x_name}."
            )
        if curve.x_name not in ("q", "two_theta") or _axis(curve.x_name) != axis:
            own = "q" if axis.name == "Q" else axis.name
            raise InputError(
                f"{where}.file",
                f"{name} is over {curve.x_name}, the data are over {own}; convert the blank, or if it is over {own} "
                f'all the same say columns = ["{own}", "intensity"] there.',
            )
        at = curve.x / 10.0 if curve.x_name == "q" and per_nm else curve.x
        step = float(np.median(np.diff(at)))
        if at[0] > x[0] + step or at[-1] < x[-1] - step:
            low, high = max(at[0], x[0]), min(at[-1], x[-1])
            key = "q_range" if axis.name == "Q" else "two_theta_range"
            remedy = f"; give {key} = [{low:g}, {high:g}]" if low < high else ""
            raise InputError(
                f"{where}.file",
                f"{name} goes from {at[0]:g} to {at[-1]:g} {axis.unit}, the data from {x[0]:g} to {x[-1]:g}; the blank "
                f"must cover them{remedy}.",
            )
        if not curve.y.any():
            raise InputError(f"{where}.file", f"{name} is zero everywhere; name another column or leave the blank out.")
        return np.interp(x, at, curve.y)


def _elements(sample: Sample) -> list[str]:
    """Return the elements of all crystals and clusters, in alphabetical order."""
    return sorted(_composition(sample))


def _composition(sample: Sample) -> dict[str, float]:
    """Return which part of the atoms each element is: the mean over populations, occupancies as they start."""
    values = ParameterSet(sample.declared_alone()).initial_values()
    found: dict[str, float] = {}
    for name, population in sample.populations.items():
        crystal = sample.crystal_of(name)
        if crystal is None:
            assert population.atoms is not None
            cluster = population.atoms.cluster
            counts = np.bincount(cluster.kinds, minlength=len(cluster.species))
            atoms = list(zip(cluster.species, counts.tolist(), strict=True))
        else:
            occupancies = crystal.occupancies(values, f"crystals.{population.crystal}")
            atoms = [(s.element, s.multiplicity * float(o)) for s, o in zip(crystal.sites, occupancies, strict=True)]
        total = sum(n for _, n in atoms) * len(sample.populations)
        for element, n in atoms:
            found[element] = found.get(element, 0.0) + n / total
    return found


def _axis(name: str) -> Axis:
    return Axis("Q", "Å⁻¹") if name == "q" else Axis("two_theta", "°")


@dataclass(frozen=True)
class TotalScatteringModel:
    """Total scattering bound to a sample; q: (n_points,) Å⁻¹ of the points."""

    settings: TotalScattering
    where: str
    sample: Sample
    measured: Measured
    x_axis: Axis
    q: FloatArray
    wavelength: float | None
    blanks: Mapping[str, FloatArray]

    technique: ClassVar[str] = "total-scattering"
    y_axis: ClassVar[Axis] = Axis("intensity", "")

    @property
    def linear(self) -> tuple[str, ...]:
        own = ["scale", *(f"background.c{k}" for k in range(self.settings.background_terms))]
        own += [f"blanks.{n}.scale" for n in self.blanks]
        if self.settings.compton:
            own.append("compton_scale")
        return tuple(f"{self.where}.{n}" for n in own)

    def background_rows(self) -> tuple[int, ...]:
        return tuple(range(1, len(self.linear)))

    @property
    def requirement(self) -> PairGrid:
        """All pairs of the crystals, in bins fine enough for the largest Q."""
        return PairGrid(0.0, min(0.005, 0.125 / float(self.q.max())), whole=True)

    def curves(self, evaluation: Evaluation) -> FloatArray:
        parts = self._intensities(evaluation, *self._ideal_grid(evaluation))
        sample = self._through_instrument(evaluation, np.asarray(sum(parts.values())))
        return np.concatenate([sample[None, :], self._background])

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, FloatArray]:
        """Exact for lengths and cell parameters of shapes along the lattice.

        Where amounts of several populations are given by mass or volume, a size changes their numbers as
        well; that is left to differences. So is correlated motion.
        """
        populations = self.sample.populations.values()
        if len(populations) > 1 and any(p.fraction_basis != "number_fraction" for p in populations):
            return {}
        structures = self.sample.pairs(evaluation)
        if any(s.delta1 or s.delta2 for s in structures.values()):
            return {}
        q, grid = self._ideal_grid(evaluation)

        def reduction(moments: FloatArray, strained: bool) -> FloatArray:
            transform = self._transform(evaluation.requirement.h, moments.shape[1], q, grid)
            sums = transform(moments)
            return transform(moments, "cos") - sums if strained else sums

        shaped = self.sample.shaped_derivatives(evaluation, addresses, reduction)
        if set(shaped) != set(structures):
            return {}
        numbers = {n: evaluation.values.get(f"populations.{n}.number_fraction", 1.0) for n in shaped}
        found: dict[str, FloatArray] = {}
        for name, by in shaped.items():
            part = numbers[name] / sum(numbers.values()) if len(shaped) > 1 else 1.0
            for address, sums in by.pairs_by.items():
                total = sums + by.stretched_by[address] if address in by.stretched_by else sums
                slope = self._debye(structures[name], q, grid, total, by.blocks_by[address])
                rows = np.zeros((len(self.linear), len(self.q)))
                rows[0] = part * self._through_instrument(evaluation, slope)
                found[address] = found.get(address, 0.0) + rows
        return found

    def _debye(self, structure: PairStructure, q: FloatArray, grid: str, sums: FloatArray, units: float) -> FloatArray:
        """Return the intensity of so many units with these pair sums."""
        kinds = structure.kinds
        f = np.array([self._form_factor(k.element, q, grid) for k in kinds])
        u_iso, occupancy = np.array([k.u_iso for k in kinds]), np.array([k.occupancy for k in kinds])
        counts = units * np.array([k.count for k in kinds])
        return debye_intensity(q, sums, f, u_iso, occupancy, counts)

    def _transform(self, h: float, n_bins: int, q: FloatArray, grid: str) -> SineTransform:
        key = (h, n_bins, grid)
        if key not in self._transforms:
            while len(self._transforms) > 3:
                del self._transforms[next(iter(self._transforms))]
            self._transforms[key] = SineTransform(h, n_bins, q)
        return self._transforms[key]

    @cached_property
    def _transforms(self) -> dict[tuple[float, int, str], SineTransform]:
        return {}

    # ---- the sample ---------------------------------------------------------------------------

    def _intensities(self, evaluation: Evaluation, q: FloatArray, grid: str) -> dict[str, FloatArray]:
        """Return what each population adds to I(Q) of the mean nanocrystal at q; `grid` names this set of Q."""
        structures = self.sample.pairs(evaluation)
        fractions = self.sample.atom_fractions(evaluation, structures)
        numbers = {n: fractions[n] / (s.n_atoms * (s.n_units or 1.0)) for n, s in structures.items()}
        total = sum(numbers.values())
        return {
            n: numbers[n] / total * (s.n_units or 1.0) * self._of_population(evaluation, n, s, q, grid)
            for n, s in structures.items()
        }

    def _of_population(
        self, evaluation: Evaluation, name: str, structure: PairStructure, q: FloatArray, grid: str
    ) -> FloatArray:
        """Return I(Q) per unit (block, cell or cluster) of one population."""
        sums = evaluation.once(
            f"sums of {name} at {self.where} {grid}",
            structure.depends_on,
            lambda: self._transform(structure.h, structure.moments.shape[1], q, grid)(_enveloped(structure)),
        )
        intensity = self._debye(structure, q, grid, sums, 1.0)
        if structure.delta1 or structure.delta2:
            f = np.array([self._form_factor(k.element, q, grid) for k in structure.kinds])
            intensity = intensity + self._correlated(structure, q, f)
        return intensity

    def _correlated(self, structure: PairStructure, q: FloatArray, f: NDArray[Any]) -> FloatArray:
        """Return what correlated motion adds to I(Q) per unit, over pairs nearer than NEAR."""
        added = np.zeros(len(q))
        moments = _enveloped(structure)[:, : int(NEAR / structure.h)]
        for row, (a, b) in enumerate(pair_kinds(len(structure.kinds))):
            count, distance, _, _ = peak_list(moments[row], structure.h)
            first, second = structure.kinds[a], structure.kinds[b]
            motion = np.clip(structure.delta1 / distance + structure.delta2 / distance**2, 0.0, 1.0)
            total = first.u_iso + second.u_iso
            damping = np.exp(-0.5 * total * np.outer(q**2, 1.0 - motion)) - np.exp(-0.5 * total * q**2)[:, None]
            pairs = (damping * np.sinc(np.outer(q, distance) / np.pi)) @ count
            product = (f[a] * np.conj(f[b])).real
            added += 2.0 * product * first.occupancy * second.occupancy * pairs
        return added

    def _form_factor(self, element: str, q: FloatArray, grid: str) -> NDArray[Any]:
        key = (element, grid)
        if key not in self._form_factors:
            f: NDArray[Any] = form_factor(element, q)
            if self.wavelength is not None and self.settings.anomalous:
                f = f + anomalous_factor(element, 1000.0 * KEV_ANGSTROM / self.wavelength)
            self._form_factors[key] = f
        return self._form_factors[key]

    @cached_property
    def _form_factors(self) -> dict[tuple[str, str], NDArray[Any]]:
        return {}

    # ---- the instrument -----------------------------------------------------------------------

    def _ideal_grid(self, evaluation: Evaluation) -> tuple[FloatArray, str]:
        """Return the Q at which the ideal curve is needed, and a name for them: finer than the points to be smeared."""
        width = self._widths(evaluation)
        if not width.any():
            return self.q, "points"
        narrowest = max(float(width.min()), NARROWEST)
        longest = max(s.h * s.moments.shape[1] for s in self.sample.pairs(evaluation).values())
        # sin(Qr) of the longest distances must not be folded back into what the resolution lets through
        step = 2.0 ** np.floor(np.log2(min(narrowest / 1.5, 2.0 * np.pi / (longest + 6.0 / narrowest))))
        low = max(0.0, float(self.q.min() - 6.0 * width.max()))
        n = int((float(self.q.max()) + 6.0 * float(width.max()) - low) / step) + 2
        return low + step * np.arange(float(n)), f"every {step:g} from {low:.6f}, {n}"

    def _widths(self, evaluation: Evaluation) -> FloatArray:
        constant, slope = (evaluation.values[f"{self.where}.{k}"] for k in ("q_resolution", "q_resolution_slope"))
        return np.asarray(constant + slope * self.q)

    def _through_instrument(self, evaluation: Evaluation, ideal: FloatArray) -> FloatArray:
        """Return what the instrument makes of a curve on the ideal grid: resolution, polarisation; at the points."""
        width = self._widths(evaluation)
        if not width.any():
            return self._polarised(evaluation, ideal)
        fine, _ = self._ideal_grid(evaluation)
        low, step = fine[0], fine[1] - fine[0]
        smeared = np.empty(len(self.q))
        for k, (centre, sigma) in enumerate(zip(self.q, np.maximum(width, NARROWEST), strict=True)):
            first = max(0, int((centre - 6.0 * sigma - low) / step))
            last = min(len(fine), int((centre + 6.0 * sigma - low) / step) + 2)
            weight = np.exp(-0.5 * ((fine[first:last] - centre) / sigma) ** 2)
            smeared[k] = weight @ ideal[first:last] / weight.sum()
        return self._polarised(evaluation, smeared)

    def _polarised(self, evaluation: Evaluation, intensity: FloatArray) -> FloatArray:
        p = evaluation.values[f"{self.where}.polarization"]
        if p == 0.0:
            return intensity
        assert self.wavelength is not None  # checked by `bind`
        cos_two_theta = 1.0 - 2.0 * (self.q * self.wavelength / (4.0 * np.pi)) ** 2
        return intensity * (1.0 - p + p * cos_two_theta**2)

    @cached_property
    def _background(self) -> FloatArray:
        """Chebyshev polynomials, blanks and Compton scattering, (n_background, n_points)."""
        x = self.measured.x
        place = 2.0 * (x - x.min()) / max(float(np.ptp(x)), 1e-12) - 1.0
        rows = [np.polynomial.chebyshev.chebvander(place, max(0, self.settings.background_terms - 1)).T]
        rows[0] = rows[0][: self.settings.background_terms]
        rows += [b[None, :] for b in self.blanks.values()]
        if self.settings.compton:
            incoherent = sum(
                part * (atomic_number(e) - form_factor(e, self.q) ** 2 / atomic_number(e))
                for e, part in _composition(self.sample).items()
            )
            rows.append(np.asarray(incoherent)[None, :])
        return np.concatenate(rows)

    # ---- for the report -----------------------------------------------------------------------

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        if len(self.sample.populations) < 2:
            return {}
        scale = evaluation.values[f"{self.where}.scale"]
        parts = self._intensities(evaluation, *self._ideal_grid(evaluation))
        return {n: scale * self._through_instrument(evaluation, part) for n, part in parts.items()}

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        return (*self._doubts_on_axis(), *self._needless_exclusions(), *self._edges(), *self._floor(evaluation))

    def _doubts_on_axis(self) -> list[str]:
        highest = float(self.q.max())
        if self.measured.observed is None or USUAL_Q[0] <= highest <= USUAL_Q[1]:
            return []
        if self.x_axis.name != "Q":
            other = 'Q, say columns = ["q", "intensity"]'
            return [] if highest > USUAL_Q[1] else [_doubt(highest, f"if the first column of the file is {other}")]
        if highest < USUAL_Q[0]:
            per_nm = self.settings.q_unit == "1/nm"
            return [_doubt(highest, "if the file is in Å⁻¹, leave q_unit out")] if per_nm else []
        two_theta = 'if it is 2θ, say columns = ["two_theta", "intensity"]'
        return [_doubt(highest, f'if the file is in nm⁻¹, say q_unit = "1/nm"; {two_theta}')]

    def _needless_exclusions(self) -> list[str]:
        x = self.measured.x
        return [
            f"exclude = [{low:g}, {high:g}] leaves nothing out: the data go from {x[0]:g} to {x[-1]:g} "
            f"{self.x_axis.unit}."
            for low, high in self.settings.exclude or ()
            if high < x[0] or low > x[-1]
        ]

    def _edges(self) -> list[str]:
        if self.wavelength is None or not self.settings.anomalous:
            return []
        energy = 1000.0 * KEV_ANGSTROM / self.wavelength
        return [
            f"{energy:.0f} eV is {abs(energy - at):.0f} eV {'below' if energy < at else 'above'} the {edge} edge of "
            f"{element} ({at:.0f} eV): f′ and f″ are uncertain there; so is the scale of this element."
            for element in _elements(self.sample)
            for edge, at in absorption_edges(element).items()
            if abs(energy - at) <= EDGE
        ]

    def _floor(self, evaluation: Evaluation) -> list[str]:
        """Return a remark where the data have a floor that the model, without any background, has not."""
        observed, sigma = self.measured.observed, self.measured.sigma
        if observed is None or len(self.linear) > 1:
            return []
        calculated = evaluation.values[self.linear[0]] * self.curves(evaluation)[0]
        at = int(np.argmin(calculated))
        floor, lowest = float(observed.min()), float(calculated[at])
        noise = float(np.std(observed - calculated)) if sigma is None else float(sigma[at])
        if floor < 1.2 * lowest or floor - lowest < 3.0 * noise:
            return []
        return [
            f"the data nowhere fall below {floor:.4g}, the model does, to {lowest:.4g} at {self.x_axis.name} = "
            f"{self.measured.x[at]:.4g} {self.x_axis.unit}: give background_terms, or a blank."
        ]

    def drawing(self, evaluation: Evaluation) -> Drawing | None:
        return None

    def simulated(self, calculated: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Add counting noise: the curve is scaled to `counts` at its highest point and drawn from Poisson's law."""
        noise = self.settings.noise
        if noise is None:
            return calculated, None
        if noise.counts is None or not noise.counts > 0.0:
            raise InputError(f"{self.where}.noise", "of total scattering needs counts, those at the highest point.")
        if noise.counts > MOST_COUNTS:
            raise InputError(f"{self.where}.noise.counts", f"must be at most {MOST_COUNTS:g}, got {noise.counts:g}.")
        if not calculated.max() > 0.0:
            raise InputError(f"{self.where}.scale", "leaves no intensity above 0 to be counted; give a scale above 0.")
        factor = noise.counts / float(calculated.max())
        drawn = np.random.default_rng(noise.seed).poisson(np.maximum(calculated * factor, 0.0)).astype(np.float64)
        return drawn, np.sqrt(np.maximum(drawn, 1.0))

    def methods(self) -> tuple[str, ...]:
        anomalous = " with f′ and f″ of Chantler (xraydb)" if self.wavelength and self.settings.anomalous else ""
        return (
            "I(Q) was calculated by the Debye equation (Debye, Ann. Phys. 351, 809 (1915)) from all pairs of atoms of "
            "the populations, sizes averaged in closed form; form factors of Waasmaier & Kirfel, Acta Cryst. A51, 416 "
            f"(1995){anomalous}. Sums over pairs by moment histograms and short Fourier transforms, exact to 1e-6.",
        )


def _doubt(highest: float, hint: str) -> str:
    return f"Q goes to {highest:.3g} Å⁻¹, which is unusual; {hint}."


def _enveloped(structure: PairStructure) -> FloatArray:
    """Return the moments with the envelope of a finite shape, exact to first order within each bin."""
    if structure.envelope is None:
        return structure.moments
    r = structure.h * np.arange(float(structure.moments.shape[1]))
    gamma = structure.envelope(r)
    change = np.gradient(gamma)
    moments = gamma[None, :, None] * structure.moments
    moments[:, :, :3] += change[None, :, None] * structure.moments[:, :, 1:]
    return moments
