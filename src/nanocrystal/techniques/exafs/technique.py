"""X-ray absorption fine structure χ(k): shells of neighbours around an absorber, by paths of FEFF.

Definition
    χ(k) = S₀² Σ n Im {F(q)/(q R²) exp(−2p″R_eff − 2p²σ² + (2/3)p⁴c₄ + i[2qR_eff + δ(q) + 2p(ΔR − 2σ²/R_eff)
    − (4/3)p³c₃])}, R = R_eff + ΔR, q² = k² − e0/3.80998 (eV, Å⁻¹): e0 above 0 moves the zero of k to a higher energy.
    F, δ, p = p′ + i/λ and R_eff are those of a table of FEFF 6, 8 or 10 (feffNNNN.dat), interpolated by cubic splines.
    Each path is a table [datasets.NAME.paths.PATH] with feff (the file), n_coord, sigma2, and delta_r or distance;
    third and fourth are cumulants. σ² is a relative mean-square displacement, the variance of a distance. s02 is left
    to the fit unless given.

What is compared
    fit_space = "r": Re and Im of the transform of kⁿχ·window over r_range, (δk/√π) Σ kⁿχ(k) exp(−2ikR), with points
    each 0.05 Å⁻¹ and 2048 in all; "k": kⁿχ(k) within k_range. χ² = (N_ind/N) Σ |data − model|²/ε²,
    N_ind = 2ΔkΔR/π; several kweights are one measurement, so N_ind is not multiplied by their number. That decides what
    is found. Standard errors are those that noise of σ makes of it, by propagation through the fit, and beside them
    × √χ²_red, χ²_red = χ²/(N_ind − n), where that is above 1. Errors by the curvature of χ², as those of IFEFFIT and
    larch, hold only as far as N_ind/N stands for the correlation within a transform.

Window
    hanning, kaiser, welch, parzen, sine or gaussian, rising over k_range[0] ± dk/2 and falling over k_range[1] ± dk/2.

Weights
    σ of the file (columns k, chi, sigma); without it that of white noise which makes the transform between 15 and 25 Å,
    or with weights = "uniform" none: errors then follow from the misfit.

Derived
    distance of each path with delta_r; edge_energy = k_zero + e0 where k_zero says at which energy k of the data is 0.

Limits
    Shells nearer than π/2Δk are not resolved, and remarked on. More parameters than N_ind are refused unless
    force = true. n_coord of all paths and s02 cannot both be free: only their product is seen. One e0 for all paths;
    polarised beams and multiple-electron excitations are not calculated. A posterior samples exp(−χ²/2) of that χ²,
    wider than what noise of σ makes: up to twice in R, and in k, where N_ind/N leaves little of the points, several
    times.

Checked against
    the sum of three paths of copper that FEFF 8L itself makes, to 1.1e-4 of 0.35 at the k of its tables, between which
    it draws straight lines; hand calculation of path, transforms and windows; an exact distribution of distances by its
    cumulants; xraylarch 2026.3.1: windows to 1e-15, χ(k) of a path to 1e-9, transforms to rounding; its documented fit
    of a copper foil (S₀² 0.931(39), R 2.5418(26) Å, σ² 0.00867(31) Å², e0 4.36(51) eV). Errors cover: 300 seeds of
    white noise, one or three powers of k, in R and in k.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.data import Curve
from nanocrystal.errors import InputError
from nanocrystal.measurement import Abscissa, Axis, CurveTechnique, Points
from nanocrystal.measurement.curve import Measured
from nanocrystal.measurement.keys import Column, QGrid, Range
from nanocrystal.measurement.points import check_from_zero, check_limits
from nanocrystal.parameters import (
    Claim,
    Derivation,
    Limits,
    Meaning,
    Number,
    Parameter,
    Quantity,
    as_parameter,
    of_measurement,
)
from nanocrystal.techniques.exafs.model import ExafsModel
from nanocrystal.techniques.exafs.paths import ExafsPath, bound_path, check_absorber, local_of_paths
from nanocrystal.techniques.exafs.space import COARSEST, NOISE_RANGE, FitSpace

Window = Literal["hanning", "kaiser", "welch", "parzen", "sine", "gaussian"]
Edge = Literal["K", "L1", "L2", "L3", "M1", "M2", "M3", "M4", "M5"]
NEAR = 1e-6
"""Å⁻¹; points so near to an end of a range are at it"""
LARGEST_K = 40.0
"""Å⁻¹; no fine structure goes so far"""
FIRST_K = 3.0
"""Å⁻¹; below it tables of single electrons hold badly"""
MOST_R = 25.0
"""Å; beyond it nothing is resolved"""
BEYOND = 0.25
"""Å⁻¹ by which tables may end before the points: the last cubic goes on"""


@dataclass(frozen=True, kw_only=True)
class Exafs(CurveTechnique, own=("space",)):
    """EXAFS χ(k) of shells around an absorber, measured (`file`) or to be simulated (`k`).

    References
    ----------
    J. J. Rehr, R. C. Albers, Rev. Mod. Phys. 72, 621 (2000); M. Newville, J. Synchrotron Rad. 8, 322 (2001).
    """

    chi: InitVar[Column | None] = None
    k: QGrid = None
    k_range: Annotated[Range | None, "Å⁻¹; what is transformed, or compared [all above 3 Å⁻¹]"] = None
    dk: Annotated[float, "Å⁻¹; over which the window rises and falls", Limits(least=0.0, most=20.0)] = 1.0
    window: Annotated[Window, "form of its slopes"] = "hanning"
    kweights: Annotated[Sequence[float], "powers n of kⁿχ(k), together one measurement"] = (1.0, 2.0, 3.0)
    fit_space: Annotated[Literal["r", "k"], "whether transforms are compared, over r_range, or kⁿχ(k) itself"] = "r"
    r_range: Annotated[Range | None, "Å, of the transform, not corrected for phases; both ends included"] = None
    force: Annotated[bool, "whether more parameters than N_ind may be refined"] = False
    element: Annotated[str | None, "the absorber; tables of another one are refused"] = None
    edge: Annotated[Edge | None, "of the absorber; tables of another one are refused"] = None
    k_zero: Annotated[float | None, "eV; the energy where k of the data is 0, to which e0 adds", Limits(above=0.0)] = (
        None
    )
    s02: Annotated[
        Number | None,
        Quantity(
            "s02",
            "",
            "S₀², by which all paths are multiplied",
            1.0,
            0.0,
            3.0,
            scale=0.1,
            meaning=Meaning("amplitude reduction", "of the absorber, with what else weakens all of χ(k)"),
        ),
    ] = None
    e0: Annotated[
        Number | None,
        Quantity(
            "e0",
            "eV",
            "by how much the photoelectrons begin above the zero of k of the data",
            0.0,
            -50.0,
            50.0,
            scale=1.0,
            meaning=of_measurement("edge shift", "zero of k of the tables less that of the data"),
            claim=Claim("k of the data begins where that of the tables does", other=2.0, either_way=True),
        ),
    ] = None
    paths: Annotated[Mapping[str, ExafsPath], "the paths, by name: [datasets.NAME.paths.PATH]"] = field(
        default_factory=dict
    )

    name: ClassVar[str] = "exafs"
    needs_sample: ClassVar[bool] = False
    linear: ClassVar[tuple[str, ...]] = ("s02",)
    points: ClassVar[Points] = Points(
        abscissae=(Abscissa("k", Axis("k", "Å⁻¹"), "k", from_zero=True),),
        ordinate="χ",
        blank="a χ",
        fewest=5,
        without_sigma="uniform",
        no_counts="χ(k) is no count, and its error does not follow from its value",
        aliases={"k": "x", "chi": "y"},
        usual={2: ("x", "y"), 3: ("x", "y", "sigma")},
    )
    derives: ClassVar[Mapping[str, Derivation]] = {
        "distance": Derivation(
            "Å",
            "half the length of the path",
            Meaning("interatomic distance", "mean of absorber and scatterer, of a longer path half its length"),
        ),
        "edge_energy": Derivation(
            "eV", "where photoelectrons begin", of_measurement("edge energy", "zero of k of the tables")
        ),
    }

    def __post_init__(self, sigma: Column | float | None, intensity: Column | None, chi: Column | None) -> None:
        if intensity is not None:
            raise InputError("Exafs.intensity", "is called chi here: χ(k).")
        self._hold("chi", chi, sigma)

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        quantities, numbers = local_of_paths(self.paths)
        own = {name: getattr(self, name) for name in self.quantities}
        if self.file is None and self.s02 is None:
            own["s02"] = Parameter(1.0, left_out=True)
        return self.with_background({**self.quantities, **quantities}, {**own, **numbers}, self.linear)

    def bind(self, name: str, sample: Any, folder: Path = Path()) -> ExafsModel:
        """Read data and tables and return the model; raises InputError for what cannot be used."""
        where = f"datasets.{name}"
        if not self.paths:
            raise InputError(
                f"{where}.paths", f"has no path; add a table such as [{where}.paths.first] with feff, n_coord, sigma2."
            )
        self._check_amplitudes(where)
        bound = {n: bound_path(p, n, f"{where}.paths.{n}", folder) for n, p in self.paths.items()}
        check_absorber(bound, self.element, self.edge, where)
        compared = self.compared(where, folder)
        measured, zero = compared.measured, self.k_zero
        for path in bound.values():
            if path.table.k[-1] + BEYOND < measured.x[-1]:
                raise InputError(
                    f"{path.where}.feff",
                    f"{Path(path.feff.source).name} ends at k = {path.table.k[-1]:g} Å⁻¹, but the points go to "
                    f"{measured.x[-1]:g}; let FEFF go further, or end k_range before.",
                )
        space, n_free = None, sum(p.vary or p.linear for _, p in self.declared().values())
        if compared.curve is not None:
            space = self.space(compared.curve.x, where)
            self._check_information(n_free, space, where)
            measured = self._in_space(measured, space, where)
        return ExafsModel(
            settings=self,
            where=where,
            measured=measured,
            blanks=compared.at_points(),
            paths=bound,
            space=space,
            n_free=n_free,
            zero=zero,
            inputs={p.feff.source: p.feff.sha256 for p in bound.values()},
        )

    # ---- the points ---------------------------------------------------------------------------

    def space(self, k: FloatArray, where: str) -> FitSpace:
        """Return where data and model are compared; raises InputError for ranges that cannot be used.

        k: of the whole curve, (n,).
        """
        if self.r_range is None:
            raise InputError(
                f"{where}.r_range", "is missing; say where the shells are in the transform, such as [1.0, 3.0]."
            )
        low, high = self.r_range
        if not 0.0 <= low < high <= MOST_R:
            raise InputError(f"{where}.r_range", f"needs 0 ≤ low < high ≤ {MOST_R:g} (Å), got [{low:g}, {high:g}].")
        if not self.kweights or not all(0.0 <= w <= 5.0 for w in self.kweights):
            listed = ", ".join(f"{w:g}" for w in self.kweights)
            raise InputError(f"{where}.kweights", f"needs one or more powers of k from 0 to 5, got [{listed}].")
        k_range = self.k_range or (max(FIRST_K, float(k[0])), float(k[-1]))
        return FitSpace(k_range, self.r_range, self.dk, self.window, tuple(self.kweights), self.fit_space)

    def _prepared(self, curve: Curve, where: str) -> Curve:
        """Return the curve with its columns called as EXAFS calls them."""
        return replace(curve, x_name="k", y_name="chi")

    def _in_range(self, curve: Curve, abscissa: Abscissa, where: str) -> Curve:
        """Return the points that count: those within k_range, and where the window rises and falls."""
        self._check_enough(curve, "", where)
        if self.k_range is not None:
            check_limits(self.k_range, abscissa, f"{where}.k_range")
            curve.between(*self.k_range, f"{where}.k_range")
        start, stop = self.space(curve.x, where).support
        start, stop = max(start - NEAR, float(curve.x[0])), min(stop + NEAR, float(curve.x[-1]))
        return curve.between(start, stop, f"{where}.k_range")

    def _check_abscissa(self, x: FloatArray, abscissa: Abscissa, where: str) -> None:
        check_from_zero(x, abscissa.symbol, where)
        if x[-1] > LARGEST_K:
            raise InputError(
                where, f"k goes to {x[-1]:g} Å⁻¹, beyond {LARGEST_K:g}; is the first column k, and not an energy in eV?"
            )

    def _in_space(self, measured: Measured, space: FitSpace, where: str) -> Measured:
        """Return the points with their noise, and the combinations of them that are compared."""
        k, notes, words = measured.x, measured.notes, measured.weights
        if len(k) > 1 and np.diff(k).min() <= 0.0:
            at = k[1:][np.diff(k) <= 0.0][0]
            raise InputError(f"{where}.file", f"has two points at k = {at:g} Å⁻¹; give one.")
        sigma = measured.sigma
        if sigma is None and self.weights is None:
            if float(np.diff(k).max()) > COARSEST:
                notes = (
                    *notes,
                    f"points are up to {np.diff(k).max():.3g} Å⁻¹ apart, too far to tell noise at "
                    f"{NOISE_RANGE[1]:g} Å; errors follow from the misfit.",
                )
            else:
                powers = sorted(space.kweights)
                noise = space.noise_of(k, measured.observed, powers[len(powers) // 2])  # type: ignore[arg-type]
                sigma = np.full(len(k), noise)
                words = f"1/σ² with σ = {noise:.3g}, white noise that makes the transform between 15 and 25 Å"
        whitening = space.whitening(k, sigma)
        noisy = whitening if sigma is None else whitening * sigma
        return replace(
            measured,
            sigma=sigma,
            weights=words,
            notes=notes,
            whitening=whitening,
            information=space.n_independent,
            overlap=noisy @ noisy.T,
        )

    # ---- what cannot be meant -----------------------------------------------------------------

    def _check_amplitudes(self, where: str) -> None:
        """Raise InputError where all amplitudes are free: s02 and each n_coord."""
        free = self.s02 is None or as_parameter(self.s02).vary
        if free and all(p.frees("n_coord") for p in self.paths.values()) and self.file is not None:
            what = "left to the fit" if self.s02 is None else "free"
            raise InputError(
                f"{where}.s02",
                f"is {what} and so is n_coord of every path, but only their product is seen; give s02 (0.7 to 1.0, "
                "from a standard), or hold one n_coord.",
            )

    def _check_information(self, n_free: int, space: FitSpace, where: str) -> None:
        if n_free > space.n_independent and not self.force:
            raise InputError(
                where,
                f"has {n_free} refined parameters, but {space.n_independent:.1f} independent points (2ΔkΔR/π); hold or "
                "tie some, widen k_range or r_range, or say force = true.",
            )
