"""Pair distribution function G(r) of the sample, by the exact transform of the Debye sum.

Definition
    S(Q) − 1 = Σ_{i≠j} f_i f_j exp(−σ_ij² Q²/2) sin(Q r_ij)/(Q r_ij) / (N ⟨f⟩²),
    F(Q) = Q [S(Q) − 1],
    G(r) = (2/π) ∫_{qmin}^{qmax} F(Q) sin(Q r) dQ
    (Debye, Ann. Phys. 351, 809 (1915); Egami & Billinge, Underneath the Bragg Peaks, 2nd ed. 2012).
    In real space a pair is a Gaussian about r_ij divided by r_ij, of variance
    σ_ij² = (u_i + u_j)(1 − delta1/r − delta2/r² + qbroad² r²),
    weighted by f_i f_j/⟨f⟩² as a function of Q (Waasmaier–Kirfel form factors of neutral atoms).
    delta1 and delta2, the correlated motion, are said of a crystal or, for short, of the data set.
    Resolution multiplies G by exp(−(r qdamp)²/2).

Baseline
    Without qmin the small-angle part is left out, as PDF programs do: G = peaks − 4π r ρ₀ γ₀(r), with
    γ₀ of the shape (1 for bulk). For explicit atoms the small-angle part is that of the atoms
    smeared by Gaussians of 2.5 Å. With qmin nothing is left out and the transform starts at qmin.

Peak form
    peak_form = "pdfgui" divides each Gaussian by r instead of r_ij and weights with the atomic numbers
    instead of f(Q), and multiplies the curve by γ₀(r) at the end, as PDFgui does (Farrow et al., J. Phys.:
    Condens. Matter 19, 335219 (2007)); for comparison. With it the same data give u_iso that differ by
    up to 20 %.

Fitting
    Points of G(r) closer than π/qmax are not independent, so the comparison is made on the Nyquist
    grid r = n π/qmax (Farrow et al., Phys. Rev. B 84, 134105 (2011)); the data are interpolated there, and what
    `exclude` leaves out are points of that grid. G(r) is no count, so counting statistics do not hold. blanks are
    measured G(r), as of what surrounds the sample, each with its own linear scale.
    With several populations F(Q) is the mean over all atoms of the sample, over one ⟨f⟩².

Noise
    Points of the Nyquist grid are independent only where the noise of F(Q) is white up to qmax; that of counts grows
    with Q as σ_F = Q σ_I/(N ⟨f⟩²), and makes
    Cov[G(r), G(r′)] = (2/π)² ΔQ² Σ σ_F²(Q) sin(Q r) sin(Q r′).
    What is known of it decides how points are weighed.
    - With `reduction` the reduction hands on the covariance of its counts through all of its steps, and with
    covariance = "NAME.fq" it is made of σ of F(Q) in that file: residuals are W (observed − calculated) with
    W Cov Wᵀ = 1. What lies below the first Q, or varies as slowly in F(Q) as what is below rpoly in G(r), may lie
    beneath the points in any amount and does not count. χ² is that of these residuals, R_w weighs points alike, as
    other programs print it.
    - With σ of each point in the file (or noise_range) points of the Nyquist grid are independent, as of noise that is
    white in F(Q): two points at any distance are correlated as sin(qmax Δr)/(qmax Δr).
    - Without σ all points count alike, and values are those of other programs. Standard errors are
    those of residuals that follow a law of noise,
    σ_F² = a + b Q² + [c + d I(Q)] Q²/⟨f⟩⁴
    (white in F(Q), white in S(Q), a background that counts, the counts of the sample), a to d by the restricted
    likelihood of the residuals (Patterson & Thompson, Biometrika 58, 545 (1971)).
    - covariance = "law" weighs the points by that law, too, law and fit in turn. Where noise is all that the fit
    leaves, sizes come out several times as sure. Where the model misfits by more, values move with the weights:
    compare both.

Checked against
    a direct double sum over the atoms, transformed numerically; diffpy.pdffit2 with "pdfgui" peaks; the covariance of
    noise against ten thousand reductions of noisy counts by numpy, element by element, and the standard errors that
    follow from it against 400 noise seeds (docs/uncertainties.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve
from nanocrystal.data.supplied import SuppliedCurve
from nanocrystal.errors import InputError
from nanocrystal.measurement import Abscissa, CurveTechnique, Points, TransformedTo, grid_from_text
from nanocrystal.measurement.agreement import Says, says_of_beam
from nanocrystal.measurement.keys import Column, Radiation, RGrid, RRange
from nanocrystal.measurement.points import DISTANCE, check_from_zero, check_limits
from nanocrystal.parameters import Claim, Number, Parameter, Quantity, as_parameter, of_measurement
from nanocrystal.sample import MOTION, Sample
from nanocrystal.techniques.pdf.model import PdfModel, between_points
from nanocrystal.techniques.pdf.noise import with_noise

FloatArray = NDArray[np.float64]
LARGEST = 1e100
"""Å⁻²: squares of more are no numbers"""
LONGEST = 1000.0
"""Å; beyond, no instrument's G(r) holds anything"""
LEAST_QMAX = 4.0
"""Å⁻¹; what is transformed up to less is no PDF"""


@dataclass(frozen=True, kw_only=True)
class Pdf(CurveTechnique):
    """A pair distribution function, measured (`file`, or arrays `r`, `g` and `sigma`) or to be simulated (`r`).

    References
    ----------
    P. Debye, Ann. Phys. 351, 809 (1915); T. Egami, S. J. L. Billinge, Underneath the Bragg Peaks, 2nd ed. (2012);
    C. L. Farrow et al., Phys. Rev. B 84, 134105 (2011), for the Nyquist grid.
    """

    g: InitVar[Column | None] = None
    r: RGrid = None
    r_range: RRange = None
    qmax: Annotated[float | None, "Å⁻¹; up to where the data were transformed [from the header of the file]"] = None
    qmin: Annotated[
        float | None, "Å⁻¹; from where the transform starts; leave it out where small angles were left out"
    ] = None
    radiation: Radiation = "x-ray"
    peak_form: Annotated[
        Literal["debye", "pdfgui"], "exact peaks (debye), or those of PDFgui for comparison (pdfgui)"
    ] = "debye"
    scale: Annotated[
        Number | None,
        Quantity(
            "scale", "", "scale of the calculated curve", 1.0, scale=0.1, meaning=of_measurement("scale", "of G(r)")
        ),
    ] = None
    qdamp: Annotated[
        Number | None,
        Quantity(
            "qdamp",
            "Å⁻¹",
            "width of the resolution, damps G(r) by exp(−(r qdamp)²/2)",
            0.0,
            0.0,
            1.0,
            scale=0.01,
            meaning=of_measurement(
                "resolution", "standard deviation in Q, alike at all Q, that damps G(r) by exp(−(r qdamp)²/2)"
            ),
            claim=Claim("the instrument damps nothing", other=0.03),
        ),
    ] = None
    qbroad: Annotated[
        Number | None,
        Quantity(
            "qbroad",
            "Å⁻¹",
            "broadening of the peaks with distance",
            0.0,
            0.0,
            1.0,
            scale=0.01,
            meaning=of_measurement("resolution", "of peaks of G(r), whose variance grows by the part qbroad² r²"),
            claim=Claim("peaks are as broad at all distances", other=0.01),
        ),
    ] = None
    covariance: Annotated[
        str | Path | None,
        'the noise of G(r): a file of its F(Q) with σ, such as the .fq of `nanocrystal reduce`, or "law", by which '
        "points are weighed then [that of the reduction; σ of each point; without σ standard errors follow the law]",
    ] = None
    delta1: Annotated[Number | None, MOTION["delta1"]] = None
    delta2: Annotated[Number | None, MOTION["delta2"]] = None

    name: ClassVar[str] = "pdf"
    from_reduction: ClassVar[tuple[str, str] | None] = ("r", "g")
    points: ClassVar[Points] = Points(
        abscissae=(DISTANCE,),
        ordinate="G",
        blank="G",
        fewest=5,
        without_sigma="uniform",
        alike="all points alike (the file has no σ)",
        no_counts="G(r) is no count, and its error does not follow from its value",
    )
    linear: ClassVar[tuple[str, ...]] = ("scale",)
    _of_files: ClassVar[tuple[str, ...]] = ("noise_range", "covariance")

    def __post_init__(self, sigma: Column | float | None, intensity: Column | None, g: Column | None) -> None:
        if intensity is not None:
            raise InputError("Pdf.intensity", "is called g here: G(r), Å⁻².")
        self._hold("g", g, sigma)

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        numbers: dict[str, Any] = {name: getattr(self, name) for name in self.quantities}
        quantities = {k: q for k, q in self.quantities.items() if k not in MOTION or numbers[k] is not None}
        return self.with_background(quantities, numbers, self.linear)

    def bind(self, name: str, sample: Sample, folder: Path = Path()) -> PdfModel:
        """Read the data and return the model of this data set.

        Raises InputError for files and settings that cannot be used.
        """
        where = f"datasets.{name}"
        self._check_motion(sample, where)
        says_of_beam(self.radiation, self.name, where)
        compared = self.compared(where, folder, sample)
        qmax, _ = self._qmax(compared.curve, where)
        if compared.measured.x[-1] > LONGEST:
            key = "r_range" if self.r_range else "r"
            reach = f"goes to {compared.measured.x[-1]:g} Å; G(r) is calculated up to {LONGEST:g} Å."
            raise InputError(f"{where}.{key}", reach)
        measured, inputs = with_noise(self, compared, qmax, where, folder)
        return PdfModel(
            settings=self,
            where=where,
            sample=sample,
            measured=measured,
            inputs=inputs,
            qmin=self.qmin or 0.0,
            qmax=qmax,
            curve=compared.curve,
            blanks=compared.blanks,
        )

    # ---- for plans ----------------------------------------------------------------------------

    def on_independent_points(self, where: str) -> tuple[Self, tuple[str, ...]]:
        """Return the data set on its Nyquist grid, where a refinement compares it."""
        if self.qmax is None or not isinstance(self.r, str):
            return self, ()
        r = grid_from_text(self.r, f"{where}.r")
        step = np.pi / self.qmax
        if r[1] - r[0] > 1.05 * step:
            return self, ()
        note = (
            "points of G(r) nearer than π/qmax are not independent; it is compared at r = n π/qmax, a point each "
            f"{step:.4f} Å, with the σ of the study at each."
        )
        return replace(self, r=nyquist_grid(float(r[0]), float(r[-1]), self.qmax)), (note,)

    @property
    def transformed_to(self) -> TransformedTo | None:
        if self.qmax is None:
            return None
        return TransformedTo("qmax", "Å⁻¹", float(self.qmax), max(self.qmin or 0.0, LEAST_QMAX))

    def transformed_up_to(self, limit: float, where: str) -> Self:
        """Return the data set transformed up to another qmax: its Nyquist grid, and the noise that F(Q) leaves in G."""
        assert isinstance(self.r, str)
        assert self.qmax is not None
        assert self.noise is not None
        assert self.noise.sigma is not None
        r = grid_from_text(self.r, f"{where}.r")
        noise = replace(self.noise, sigma=float(self.noise.sigma) * np.sqrt(limit / self.qmax))
        return replace(self, qmax=limit, r=nyquist_grid(float(r[0]), float(r[-1]), limit), noise=noise)

    # ---- the points ---------------------------------------------------------------------------

    def _check_motion(self, sample: Sample, where: str) -> None:
        """Correlated motion is said of the sample, or for short of a data set; not of both."""
        stated = [k for k in MOTION if getattr(self, k) is not None]
        motions = {f"crystals.{n}": c.motion for n, c in sample.crystals.items()}
        motions |= {f"populations.{n}": p.shape.own_motion for n, p in sample.populations.items() if p.shape.of_atoms}
        for place, motion in motions.items():
            if stated and motion:
                raise InputError(
                    f"{where}.{stated[0]}", f"correlated motion is given by {place}.{next(iter(motion))} too; keep one."
                )

    def _says(self, where: str, sample: Sample) -> Mapping[str, Says]:
        numbers = {k: getattr(self, k) for k in ("qmin", "qdamp", "qbroad")}
        fixed = {k: as_parameter(n) for k, n in numbers.items() if n is not None}
        said = {
            k: Says(p.value, f"the study takes {k} = {p.value:g}", k)
            for k, p in fixed.items()
            if p.value is not None and not p.vary
        }
        return {**super()._says(where, sample), **says_of_beam(self.radiation, self.name, where), **said}

    def _qmax(self, curve: Curve | None, where: str) -> tuple[float, list[str]]:
        """Return up to where the data were transformed, and notes; raises InputError for what cannot be."""
        qmax, notes = self._stated_qmax(curve, where)
        qmin = 0.0 if self.qmin is None else self.qmin
        if not 0.0 <= qmin < qmax <= 100.0:
            raise InputError(f"{where}.qmax", f"needs 0 ≤ qmin < qmax ≤ 100 Å⁻¹, got qmin = {qmin:g}, qmax = {qmax:g}.")
        return qmax, notes

    def _stated_qmax(self, curve: Curve | None, where: str) -> tuple[float, list[str]]:
        qmax = None if curve is None else curve.stated.qmax
        if self.qmax is not None:
            if qmax is None or abs(qmax - self.qmax) < 1e-3 * self.qmax:
                return float(self.qmax), []
            if isinstance(self.file, SuppliedCurve):
                problem = (
                    f"is {self.qmax:g} Å⁻¹, but the reduction goes to {qmax:g}; say the same in both, or leave it out"
                )
                raise InputError(f"{where}.qmax", f"{problem} here.")
            note = f"the header of the file says qmax = {qmax:g}, the study {self.qmax:g} Å⁻¹, which is used"
            if self.qmax > qmax:
                note += "; beyond the first the data hold nothing, so that calculated peaks are too sharp"
            return float(self.qmax), [f"{note}."]
        if qmax is None:
            raise InputError(f"{where}.qmax", "is missing: say up to which Q (Å⁻¹) the data were transformed.")
        return qmax, [f"qmax = {qmax:g} Å⁻¹ was taken from the header of the file."]

    def _check_abscissa(self, x: FloatArray, abscissa: Abscissa, where: str) -> None:
        if self.file is None:
            check_from_zero(x, abscissa.symbol, where)

    def _prepared(self, curve: Curve, where: str) -> Curve:
        self._check_enough(curve, "", where)
        if not np.abs(curve.y).max() < LARGEST:
            raise InputError(f"{where}.file", f"{curve.source} holds values up to {np.abs(curve.y).max():.1e} Å⁻².")
        return curve

    def _in_range(self, curve: Curve, abscissa: Abscissa, where: str) -> Curve:
        """Return the curve on the Nyquist grid within the range, or as it is where its points are farther apart."""
        qmax, notes = self._qmax(curve, where)
        step = np.pi / qmax
        if self.r_range is None:
            low, high = max(float(curve.x[0]), 0.5), float(curve.x[-1])
        else:
            low, high = self.r_range
            check_limits(self.r_range, abscissa, f"{where}.r_range")
            curve.between(low, high, f"{where}.r_range")
        curve = replace(curve, faults=curve.faults_within(low, high))
        self._refuse_two_values(curve, low, high, where)
        r = step * np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
        if len(r) < self.points.fewest:
            raise InputError(
                f"{where}.r_range",
                f"holds {len(r)} independent points (one each {step:.3f} Å at qmax = {qmax:g}); use a wider range.",
            )
        coarse = float(np.median(np.diff(curve.x)))
        if coarse > 1.05 * step:
            r = curve.x[(curve.x >= low) & (curve.x <= high)]
            notes.append(f"the points are {coarse:.3g} Å apart, more than π/qmax; they are fitted as they are.")
            observed = np.interp(r, curve.x, curve.y)
        else:
            observed = between_points(curve, r)
            notes.append(f"compared on the Nyquist grid, r = n π/qmax, a point each {step:.4f} Å.")
        sigma = None if curve.sigma is None else np.interp(r, curve.x, curve.sigma)
        if self.r_range is None:
            notes.append(f"no r_range was given: compared from {r[0]:.3g} to {r[-1]:.4g} Å, all there is.")
        return replace(curve, x=r, y=observed, sigma=sigma, notes=(*curve.notes, *notes))

    def _refuse_two_values(self, curve: Curve, low: float, high: float, where: str) -> None:
        """Raise InputError where G has two values at one r, between which nothing can be interpolated."""
        at = np.flatnonzero((np.diff(curve.x) == 0.0) & (curve.x[1:] >= low) & (curve.x[1:] <= high))
        if len(at):
            first, r = curve.y[at[0] : at[0] + 2], curve.x[at[0]]
            problem = f"has two values of G at r = {r:g} Å, {first[0]:g} and {first[1]:g}, and {len(at)} such places"
            raise InputError(f"{where}.file", f"{Path(curve.source).name} {problem}; keep one of each.")


def nyquist_grid(low: float, high: float, qmax: float) -> str:
    """Return r = n π/qmax within a range, as the text of a grid."""
    step = np.pi / qmax
    first, last = int(np.ceil(max(low, 0.5 * step) / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return f"{first * step!r}:{last * step!r}:{step!r}".replace("np.float64(", "").replace(")", "")
