"""The model of a data set of technique exafs: the sum of its paths, and what is said of a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from math import log

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.kernels.exafs import PathValues, path_slopes
from nanocrystal.measurement import Axis, CurveModel
from nanocrystal.parameters import DerivedQuantity, Evaluation, Values
from nanocrystal.tables.elements import covalent_radius, symbol_of
from nanocrystal.techniques.exafs.paths import BoundPath
from nanocrystal.techniques.exafs.space import FitSpace

TOO_SHORT = 0.8
"""of the sum of covalent radii: no two atoms are so near"""


@dataclass(frozen=True, kw_only=True)
class ExafsModel(CurveModel, own=("paths", "space", "n_free", "zero")):
    """χ(k) of paths around one kind of absorber.

    space: what is compared, None where nothing was measured; n_free: how many of its own numbers are refined; zero: eV,
    where k of the data is 0, None where that is not known.
    """

    technique = "exafs"
    paths: Mapping[str, BoundPath]
    space: FitSpace | None = None
    n_free: int = 0
    zero: float | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)

    x_axis = Axis("k", "Å⁻¹")
    y_axis = Axis("chi", "")

    @property
    def called(self) -> str:
        return "χ(k)"

    @property
    def signals(self) -> tuple[str, ...]:
        return ("s02",)

    @property
    def _s02(self) -> str:
        return f"{self.where}.s02"

    def _slopes(self, evaluation: Evaluation, path: BoundPath) -> FloatArray:
        """Return χ of one scatterer and its derivatives, (5, n_points)."""
        names = path.names()
        addresses = (f"{self.where}.e0", *(f"{path.where}.{n}" for n in names.values()))

        def compute() -> FloatArray:
            here = evaluation.values.under(path.where)
            values = {n: here[given] for n, given in names.items()}
            values["delta_r"] -= path.feff.reff if path.given == "distance" else 0.0
            e0 = evaluation.values.under(self.where)["e0"]
            return path_slopes(self.measured.x, path.table, PathValues(e0, **values))

        return evaluation.once(("exafs path", path.where), addresses, compute)

    def _number(self, evaluation: Evaluation, path: BoundPath) -> float:
        return evaluation.values.under(path.where)["n_coord"]

    def signal(self, evaluation: Evaluation) -> FloatArray:
        total = np.zeros(len(self.measured.x))
        for path in self.paths.values():
            total += self._number(evaluation, path) * self._slopes(evaluation, path)[0]
        return total[None, :]

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, FloatArray]:
        """Return dΦ/d(address) of all numbers of the paths; that of e0 is differenced."""
        wanted, found = set(addresses), {}
        for path in self.paths.values():
            slopes = self._slopes(evaluation, path)
            number = self._number(evaluation, path)
            own = {f"{path.where}.n_coord": slopes[0]}
            own |= {f"{path.where}.{n}": number * s for n, s in zip(path.names().values(), slopes[1:], strict=True)}
            for address, slope in own.items():
                if address in wanted:
                    found[address] = np.zeros((len(self.linear), len(self.measured.x)))
                    found[address][0] = slope
        return found

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        s02 = evaluation.values[self._s02]
        return {
            name: np.asarray(s02 * self._number(evaluation, path) * self._slopes(evaluation, path)[0])
            for name, path in self.paths.items()
        }

    # ---- what follows ---------------------------------------------------------------------------

    def _distance(self, values: Values, path: BoundPath) -> float:
        given = values.under(path.where)[path.given]
        return given if path.given == "distance" else path.feff.reff + given

    def derived(self, values: Values) -> Mapping[str, DerivedQuantity]:
        derives = type(self.settings).derives
        derived = {
            f"{path.where}.distance": derives["distance"].of(self._distance(values, path))
            for path in self.paths.values()
            if path.given == "delta_r"
        }
        if self.zero is not None:
            absolute = self.zero + values.under(self.where)["e0"]
            derived[f"{self.where}.edge_energy"] = derives["edge_energy"].of(absolute)
        return derived

    # ---- what is said ---------------------------------------------------------------------------

    @cached_property
    def _shells(self) -> tuple[BoundPath, ...]:
        return tuple(path for path in self.paths.values() if path.is_single)

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        values = evaluation.values
        return (*self._of_fit(evaluation), *self._too_near(values), *self._too_short(values))

    def _too_short(self, values: Values) -> tuple[str, ...]:
        said = []
        for path in self._shells:
            symbols = [symbol_of(z) for z in (path.feff.absorber, path.feff.atoms[0].number)]
            usual, distance = sum(map(covalent_radius, symbols)), self._distance(values, path)
            if distance < TOO_SHORT * usual:
                said.append(
                    f"paths.{path.name}: {symbols[0]} and {symbols[1]} are {distance:.3f} Å apart, less "
                    f"than {TOO_SHORT:g} of the sum of their covalent radii, {usual:.2f} Å; no such bond is known."
                )
        return tuple(said)

    def _too_near(self, values: Values) -> tuple[str, ...]:
        if self.space is None:
            return ()
        said, resolved = [], self.space.resolution
        for one, other in combinations(self._shells, 2):
            apart = abs(self._distance(values, one) - self._distance(values, other))
            if apart < resolved:
                said.append(
                    f"the shells {one.name} and {other.name} are {apart:.3f} Å apart, nearer than "
                    f"π/2Δk = {resolved:.3f} Å; they are not resolved: only their sum is sure."
                )
        return tuple(said)

    def _of_fit(self, evaluation: Evaluation) -> tuple[str, ...]:
        """Return how good the fit is, in the words of IFEFFIT and of EXCURV."""
        space, measured = self.space, self.measured
        if space is None or measured.observed is None:
            return ()
        s02 = evaluation.values[self._s02]
        calculated = sum(self.components(evaluation).values(), np.zeros(len(measured.x)))
        of_data, of_difference = (measured.whitened(y) for y in (measured.observed, measured.observed - calculated))
        misfit, whole = (float(y @ y) for y in (of_difference, of_data))
        part = (measured.x >= space.k_range[0]) & (measured.x <= space.k_range[1])
        if whole == 0.0 or not measured.observed[part].any():
            return ()
        n_ind, n = space.n_independent, self.n_free
        said = [
            f"{n_ind:.2f} independent points, 2ΔkΔR/π ({n_ind + 1.0:.2f} as larch counts them), "
            f"{n} refined parameters of its own; R-factor {misfit / whole:.5f}."
        ]
        if measured.sigma is not None and misfit > 0.0:
            reduced = f", χ²_red = {misfit / (n_ind - n):.4g}" if n_ind > n else ""
            likelihood = n_ind * log(misfit / n_ind)
            said.append(
                f"χ² = {misfit:.4g}{reduced}, AIC = {likelihood + 2.0 * n:.2f}, "
                f"BIC = {likelihood + log(n_ind) * n:.2f} (N_ind ln(χ²/N_ind) + 2n, + n ln N_ind)."
            )
        power = max(space.kweights)
        weight = measured.x**power
        size = np.abs(weight * measured.observed)[part].sum()
        percent = 100.0 * np.abs(weight * (measured.observed - calculated))[part].sum() / size
        double = ", ".join(
            f"{name} {2.0 * evaluation.values.under(path.where)['sigma2']:.4g} Å²" for name, path in self.paths.items()
        )
        said.append(
            f"in the words of EXCURV: AFAC {s02:.3g} (S₀²), 2σ² {double}, Ef "
            f"{evaluation.values.under(self.where)['e0']:.3g} eV (above the zero of k of the data), R {percent:.1f} % "
            f"(Σ|T − E|k^{power:g}/Σ|E|k^{power:g}, not filtered)."
        )
        return tuple(said)

    def methods(self) -> tuple[str, ...]:
        if self.space is None:
            return ()
        space = self.space
        where = f"R = {space.r_range[0]:g} to {space.r_range[1]:g} Å"
        powers = ", ".join(f"{p:g}" for p in space.kweights)
        compared = f"transforms over {where}" if space.space == "r" else f"points over k, information of {where}"
        return (
            f"EXAFS: the sum of {len(self.paths)} paths with tables of FEFF, compared as {compared}, k = "
            f"{space.k_range[0]:g} to {space.k_range[1]:g} Å⁻¹, window {space.kind} with dk = {space.dk:g}, powers of "
            f"k {powers} as one measurement; N_ind = 2ΔkΔR/π = {space.n_independent:.2f} (shells nearer than "
            f"{space.resolution:.3f} Å are not resolved). M. Newville, J. Synchrotron Rad. 8, 322 (2001). Standard "
            "errors are those that noise of σ makes of the points, whatever N_ind is.",
        )
