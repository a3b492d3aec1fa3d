"""One reduction: settings, and the way from counts to I(Q), S(Q), F(Q), G(r) with checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares, Limits
from nanocrystal.reduction.absorption import Geometry, absorption_coefficient, absorption_factor
from nanocrystal.reduction.angles import (
    BEAM_LIMITS,
    polarization_factor,
    recoil_factor,
    two_theta,
)
from nanocrystal.reduction.blanks import FittedScale, ReductionBlank, without_blanks
from nanocrystal.reduction.composition import AtomicComposition
from nanocrystal.reduction.intensity import FEWEST, Intensity
from nanocrystal.reduction.physical import Normalization, Physical, physical_structure_factor
from nanocrystal.reduction.polynomial import polynomial_structure_factor
from nanocrystal.reduction.structure import StructureFactor
from nanocrystal.reduction.sum_rules import LOW_R, SumRuleCheck, checks
from nanocrystal.reduction.transform import (
    MOST_TERMS,
    DNormalization,
    PairDistribution,
    Window,
    d_over_g,
    pair_distribution,
    sine_matrix,
)
from nanocrystal.tables.beam import EV_ANGSTROM, beam_wavelength
from nanocrystal.tables.form_factors import anomalous_factor

TABULATED_Q = 75.0
"""Å⁻¹: form factors are tabulated up to sin θ/λ = 6 Å⁻¹"""
NOTEWORTHY = 0.2
"""relative: by so much the sum rule may be off before it is said"""


@dataclass(frozen=True, kw_only=True)
class Absorption(Declares):
    """Absorption in the sample."""

    geometry: Annotated[Geometry, "shape of the sample, and how a plate stands to the beam"]
    mu_radius: Annotated[float | None, "μR of a cylinder"] = None
    mu_thickness: Annotated[float | None, "μt of a plate"] = None
    radius: Annotated[float | None, "mm; with density, instead of mu_radius"] = None
    thickness: Annotated[float | None, "mm; with density, instead of mu_thickness"] = None
    density: Annotated[float | None, "g/cm³ of the sample in the beam, with its voids"] = None


MOST_POINTS = 200_000
"""of G(r)"""
MOST_PRODUCTS = 2_000_000_000
"""of points of G(r) and of F(Q): about 20 s"""


@dataclass(frozen=True, kw_only=True)
class Reduction(Declares):
    """How counts become S(Q) and G(r); see docs/reduction.md."""

    composition: Annotated[str, 'formula of the sample, such as "CsPbBr3"']
    method: Annotated[
        Literal["polynomial", "physical"], "the ad-hoc correction of PDFgetX3, or explicit corrections"
    ] = "polynomial"
    qmin: Annotated[float, "Å⁻¹; from where the transform starts"] = 0.0
    qmax: Annotated[float | None, "Å⁻¹; up to where it goes [qmaxinst]"] = None
    qmaxinst: Annotated[float | None, "Å⁻¹; last Q that is used at all [end of the data]"] = None
    rpoly: Annotated[float, "Å; the polynomial takes out what is below it in G(r)"] = 0.9
    r: Annotated[tuple[float, float, float], "START:STOP:STEP of G(r) in Å"] = (0.0, 60.0, 0.01)
    window: Annotated[Window, "of the transform"] = "none"
    wavelength: Annotated[float | None, "Å; for 2θ, polarisation, absorption, recoil"] = None
    energy: Annotated[float | None, "eV; instead of the wavelength"] = None
    anomalous: Annotated[bool, "whether f′ and f″ are used"] = False
    density: Annotated[float | None, "g/cm³ of the material; for sum rules"] = None
    number_density: Annotated[float | None, "atoms/Å³, instead of density"] = None
    polarization: Annotated[float | None, "part p of 1 − p + p cos² 2θ [not corrected]"] = None
    absorption: Annotated[Absorption | None, "[reduction.NAME.absorption]"] = None
    compton: Annotated[bool, "whether Compton scattering is subtracted (physical)"] = True
    recoil_power: Annotated[
        float,
        Limits(least=0.0, most=3.0),
        "n of (E′/E)ⁿ: 2 for counted photons, 3 for a detector of energy",
    ] = 2.0
    fluorescence: Annotated[
        float | Literal["fit"],
        Limits(least=0.0, unit="electron units per atom"),
        'constant below the pattern, electron units per atom, or "fit" (physical)',
    ] = 0.0
    normalization: Annotated[Normalization, "how the absolute scale is found (physical)"] = "high-q"
    normalization_range: Annotated[
        tuple[float, float] | None, "Å⁻¹; where I is ⟨f²⟩ on average [last 40 % of Q] (physical)"
    ] = None
    d_normalization: Annotated[DNormalization, "of D(r): over ⟨f⟩², where it is G(r), over ⟨f²⟩, or in electrons²"] = (
        "squared-mean"
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class ReducedPattern:
    """A reduced measurement: I(Q), S(Q), F(Q) and G(r), with checks.

    Parameters
    ----------
    name : str
        Of the reduction
    settings : Reduction
        How it was done
    composition : AtomicComposition
        Of the sample
    measured : Intensity
        The counts as read
    intensity : Intensity
        Without blanks, up to qmaxinst
    corrected : Intensity
        After absorption and polarisation
    background : array (n,)
        The blanks as subtracted, on the grid of `intensity`
    scales : sequence of FittedScale
        Of the blanks
    structure : StructureFactor
        S(Q) and F(Q)
    pdf : PairDistribution
        G(r)
    checks : sequence of SumRuleCheck
        What S(Q) and G(r) must obey
    number_density : float or None
        atoms/Å³; None where it is not known
    notes : sequence of str
        What to know, one sentence each
    """

    name: str
    settings: Reduction
    composition: AtomicComposition
    measured: Intensity
    intensity: Intensity
    corrected: Intensity
    background: FloatArray
    scales: Sequence[FittedScale]
    structure: StructureFactor
    pdf: PairDistribution
    checks: Sequence[SumRuleCheck]
    number_density: float | None
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def d(self) -> FloatArray:
        """D(r) in the normalisation that the settings name, (n_r,)."""
        return self.pdf.g * d_over_g(self.composition, self.settings.d_normalization)


def reduced_pattern(
    sample: Intensity, settings: Reduction, blanks: Sequence[ReductionBlank] = (), name: str = "", where: str = ""
) -> ReducedPattern:
    """Return I(Q), S(Q), F(Q) and G(r) of a sample, with the uncertainty of its counts.

    Parameters
    ----------
    sample : Intensity
        What was measured of it
    settings : Reduction
        Composition, limits and corrections
    blanks : sequence of ReductionBlank, optional
        What is subtracted
    name : str, optional
        Of the reduction
    where : str, optional
        The address of the settings, for messages

    Returns
    -------
    ReducedPattern
        With sum rules that say how far the scale can be trusted

    Raises
    ------
    InputError
        For settings that cannot be meant, and where nothing can be reduced

    References
    ----------
    P. Juhás, T. Davis, C. L. Farrow & S. J. L. Billinge, J. Appl. Cryst. 46, 560 (2013), of the polynomial; J.
    Krogh-Moe, Acta Cryst. 9, 951 (1956), and N. Norman, Acta Cryst. 10, 370 (1957), of the scale by the sum rule.
    """
    composition = AtomicComposition.from_formula(settings.composition, f"{where}.composition")
    wavelength = beam_wavelength(settings.wavelength, settings.energy, where, BEAM_LIMITS)
    _check_method(settings, where)
    qmaxinst, qmax = _limits(sample, settings, where)
    density = _number_density(settings, composition, where)
    used = sample.between(0.0, qmaxinst)
    if len(used.q) < FEWEST:
        raise InputError(
            f"{where}.qmaxinst", f"leaves {len(used.q)} points of {sample.name}; at least {FEWEST} are needed."
        )
    intensity, scales = without_blanks(used, blanks, where)
    corrected, polarised = _corrected(intensity, settings, composition, wavelength, where)
    structure = _structure(corrected, polarised, settings, composition, wavelength, density, where)
    r = _r_grid(settings, len(structure.q), where)
    pdf = pair_distribution(structure, r, settings.qmin, qmax, settings.window, where)
    low = r[r <= LOW_R]
    to_g = sine_matrix(structure.q, low, settings.qmin, qmax, settings.window)
    sum_rules = checks(structure, pdf.g, r, to_g, density)
    return ReducedPattern(
        name=name,
        settings=settings,
        composition=composition,
        measured=sample,
        intensity=intensity,
        corrected=corrected,
        background=used.value - intensity.value,
        scales=scales,
        structure=structure,
        pdf=pdf,
        checks=sum_rules,
        number_density=density,
        notes=(*sample.notes, *structure.notes, *_remarks(settings.method == "polynomial", sum_rules, scales)),
    )


# ---- settings ---------------------------------------------------------------------------------------


def _check_method(settings: Reduction, where: str) -> None:
    if settings.method == "physical":
        return
    defaults = Reduction(composition=settings.composition)
    for key in ("fluorescence", "normalization", "normalization_range"):
        if getattr(settings, key) != getattr(defaults, key):
            raise InputError(f"{where}.{key}", 'is for method = "physical"; the polynomial takes the place of it here.')


def _limits(sample: Intensity, settings: Reduction, where: str) -> tuple[float, float]:
    """Return qmaxinst and qmax, after checking them against the data."""
    last = float(sample.q[-1])
    qmaxinst = last if settings.qmaxinst is None else settings.qmaxinst
    step = float(sample.q[-1] - sample.q[-2])
    for key, value in (("qmaxinst", qmaxinst), ("qmax", settings.qmax)):
        if value is not None and value > last + step:
            problem = f"is {value:g} Å⁻¹, beyond the data: {sample.name} goes to {last:g}"
            raise InputError(f"{where}.{key}", f"{problem}; make it smaller or leave it out.")
    if qmaxinst > TABULATED_Q:
        raise InputError(f"{where}.qmaxinst", f"is {qmaxinst:g} Å⁻¹; form factors are tabulated up to {TABULATED_Q:g}.")
    qmaxinst = min(qmaxinst, last)
    qmax = qmaxinst if settings.qmax is None else min(settings.qmax, last)
    if qmax > qmaxinst + 1e-9:
        problem = f"is {qmax:g} Å⁻¹, above qmaxinst = {qmaxinst:g}, the last Q that is used"
        raise InputError(f"{where}.qmax", f"{problem}; make it smaller.")
    if not 0.0 <= settings.qmin < qmax:
        raise InputError(f"{where}.qmin", f"needs 0 ≤ qmin < qmax = {qmax:g} Å⁻¹, got {settings.qmin:g}.")
    return qmaxinst, min(qmax, float(sample.between(0.0, qmaxinst).q[-1]))


def _number_density(settings: Reduction, composition: AtomicComposition, where: str) -> float | None:
    for key in ("density", "number_density"):
        value = getattr(settings, key)
        if value is not None and not value > 0.0:
            raise InputError(f"{where}.{key}", f"must be above 0, got {value:g}.")
    if settings.density is None:
        return settings.number_density
    derived = composition.number_density(settings.density)
    if settings.number_density is not None and abs(derived / settings.number_density - 1.0) > 0.01:
        problem = (
            f"{settings.density:g} g/cm³ of {composition.formula} is {derived:.5g} atoms/Å³, but number_density says"
        )
        raise InputError(f"{where}.density", f"{problem} {settings.number_density:g}; give one.")
    return settings.number_density if settings.number_density is not None else derived


def _r_grid(settings: Reduction, n_q: int, where: str) -> FloatArray:
    """Return the points of G(r); raises InputError for more than a transform of n_q points may have."""
    start, stop, step = settings.r
    if not (0.0 <= start < stop <= 1000.0 and 0.0 < step < stop - start):
        problem = f"needs 0 ≤ START < STOP ≤ 1000 and a positive STEP, got {start:g}:{stop:g}:{step:g}"
        raise InputError(f"{where}.r", f"{problem}, in Å.")
    intervals = min((stop - start) / step, 1e15)
    most = min(MOST_POINTS, MOST_PRODUCTS // n_q)
    near = (min(stop, LOW_R) - start) / step * n_q  # a matrix at once, for the sum rules
    if intervals >= most or near > MOST_TERMS:
        raise InputError(f"{where}.r", f"would have {intervals + 1.0:.10g} points; make its step larger.")
    return np.asarray(start + step * np.arange(int(np.floor(intervals + 1e-6)) + 1))


# ---- steps ------------------------------------------------------------------------------------------


def _corrected(
    intensity: Intensity, settings: Reduction, composition: AtomicComposition, wavelength: float | None, where: str
) -> tuple[Intensity, FloatArray]:
    """Return the intensity over absorption and polarisation, and the polarisation, (n,)."""
    polarised = np.ones(len(intensity.q))
    if settings.polarization is None and settings.absorption is None:
        return intensity, polarised
    key = "absorption" if settings.polarization is None else "polarization"
    if wavelength is None:
        raise InputError(f"{where}.{key}", "needs the angle of each point: give the wavelength (Å) or the energy (eV).")
    angle = two_theta(intensity.q, wavelength, where)
    if settings.polarization is not None:
        if not 0.0 <= settings.polarization <= 1.0:
            problem = f"is the part p of 1 − p + p cos² 2θ and lies within 0 and 1, got {settings.polarization:g}"
            raise InputError(f"{where}.polarization", f"{problem}.")
        polarised = polarization_factor(angle, settings.polarization)
    absorbed = np.ones(len(intensity.q))
    if settings.absorption is not None:
        mu_length = _mu_length(settings.absorption, composition, wavelength, f"{where}.absorption")
        absorbed = absorption_factor(settings.absorption.geometry, mu_length, angle, f"{where}.absorption")
    return intensity.times(1.0 / (polarised * absorbed)), polarised


def _mu_length(absorption: Absorption, composition: AtomicComposition, wavelength: float, where: str) -> float:
    """Return μR of a cylinder or μt of a plate."""
    long, short = ("mu_radius", "radius") if absorption.geometry == "cylinder" else ("mu_thickness", "thickness")
    for other in {"mu_radius", "radius", "mu_thickness", "thickness"} - {long, short}:
        if getattr(absorption, other) is not None:
            raise InputError(
                f"{where}.{other}", f"does not fit geometry = {absorption.geometry!r}; give {long} or {short}."
            )
    product, length = getattr(absorption, long), getattr(absorption, short)
    if product is not None:
        return float(product)
    if length is None or absorption.density is None:
        raise InputError(where, f"needs {long}, or {short} (mm) and density (g/cm³, as in the beam).")
    if not (length > 0.0 and absorption.density > 0.0):
        raise InputError(f"{where}.{short}", f"and density must be above 0, got {length:g} and {absorption.density:g}.")
    return float(length) * absorption_coefficient(composition, absorption.density, EV_ANGSTROM / wavelength, where)


def _structure(
    corrected: Intensity,
    polarised: FloatArray,
    settings: Reduction,
    composition: AtomicComposition,
    wavelength: float | None,
    density: float | None,
    where: str,
) -> StructureFactor:
    energy = None
    if settings.anomalous:
        if wavelength is None:
            raise InputError(f"{where}.anomalous", "needs the wavelength (Å) or the energy (eV).")
        energy = EV_ANGSTROM / wavelength
        for element in composition.parts:
            anomalous_factor(element, energy, f"{where}.anomalous")
    if settings.method == "polynomial":
        return polynomial_structure_factor(corrected, composition, settings.rpoly, energy, where)
    q = corrected.q
    incoherent, notes = np.zeros(len(q)), []
    if settings.compton:
        incoherent = composition.incoherent(q)
        if wavelength is None:
            notes.append("Compton scattering without its recoil factor: no wavelength or energy was given.")
        else:
            incoherent = incoherent * recoil_factor(two_theta(q, wavelength, where), wavelength, settings.recoil_power)
    how = Physical(settings.normalization, settings.normalization_range, settings.fluorescence, density)
    structure = physical_structure_factor(corrected, composition, incoherent, 1.0 / polarised, how, energy, where)
    return replace(structure, notes=(*structure.notes, *notes))


def _remarks(polynomial: bool, sum_rules: Sequence[SumRuleCheck], scales: Sequence[FittedScale]) -> list[str]:
    """Return sentences on what looks wrong."""
    said = []
    for scale in scales:
        if scale.value < 0.0:
            said.append(f"The scale of blank {scale.name} is negative ({scale.value:.4g}).")
        if scale.chi2_red is not None and scale.chi2_red > 2.0:
            said.append(
                f"Blank {scale.name} does not describe the sample in its fit_range (χ²_red {scale.chi2_red:.3g}): "
                "something else scatters there; its uncertainty is scaled by the root of that."
            )
    integral = next((c for c in sum_rules if c.name == "integral"), None)
    if polynomial or integral is None or integral.expected is None:
        return said
    off = abs(integral.found - integral.expected)
    if off > max(NOTEWORTHY * abs(integral.expected), 3.0 * (integral.sigma or 0.0)):
        ratio = integral.found / integral.expected
        said.append(f"∫ Q² (S − 1) dQ is {ratio:.2f} times −2π² ρ0: the scale of S(Q) is not absolute.")
    return said
