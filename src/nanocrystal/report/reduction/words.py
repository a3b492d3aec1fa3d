"""What a reduction says in words."""

from __future__ import annotations

from collections.abc import Iterator

from nanocrystal.reduction import IntegratedImage, ReducedPattern
from nanocrystal.reduction.sum_rules import SumRuleCheck
from nanocrystal.reduction.xas import ReducedAbsorption
from nanocrystal.report.page.numbers import concise, number
from nanocrystal.report.reduction.result import ReductionResult

AGREES = 3.0
"""σ by which a check may be off"""
NEAR = 0.05
"""relative: nearer is good enough whatever σ is"""
DEFINED = (
    "S(Q) = [I/N − (⟨f²⟩ − ⟨f⟩²)]/⟨f⟩², F(Q) = Q [S(Q) − 1], G(r) = (2/π) ∫ F(Q) sin(Qr) dQ by a direct sum; form "
    "factors of neutral atoms by D. Waasmaier & A. Kirfel, Acta Cryst. A51, 416 (1995). σ are those of the counts "
    "of sample and blanks, propagated to first order through every step, with all correlations that these make."
)
NOISE = {"scans": "by the scatter of scans", "scatter": "by χ(R) at 15 to 25 Å"}
"""where σ of χ(k) comes from"""
OF_EDGES = (
    "μ(E) is that of transmission, −ln(I/I₀), or fluorescence, I_f/I₀, the mean of all scans. Where e₀ was not given, "
    "it is where μ(E) rises most steeply. A line before the edge and a polynomial behind it leave the step at e₀, by "
    "which μ(E) is normalised; k² = 2m(E − e₀)/ħ².",
    "Background: a spline in k that leaves as little as possible of χ(R) below rbkg (AUTOBK: M. Newville, P. Līviņš, "
    "Y. Yacoby, J. J. Rehr & E. A. Stern, Phys. Rev. B 47, 14126 (1993)), by rexafs.",
    "χ(R) = δk/√π Σ k^w χ(k) W(k) exp(2ikR) with a Hann window that rises and falls over 1 Å⁻¹; phases are not "
    "corrected. Noise: of several scans the standard error of their mean, of one the scatter of χ(R) between 15 and 25 "
    "Å (M. Newville, B. I. Boyanov & D. E. Sayers, J. Synchrotron Rad. 6, 264 (1999)); both corrected to what noise of "
    "μ(E) is between 2 and 6 Å, by noise that goes the same way.",
)
METHODS = {
    "polynomial": "Polynomial: the intensity is scaled to ⟨f²⟩ by least squares, and what a polynomial Q p(Q) of "
    "degree rpoly qmaxinst/π describes of F(Q) is taken out (P. Juhás, T. Davis, C. L. Farrow & S. J. L. Billinge, "
    "J. Appl. Cryst. 46, 560 (2013)).",
    "physical": "Physical: absorption and polarisation are divided out, Compton scattering (H. H. M. Balyuzi, Acta "
    "Cryst. A31, 600 (1975), with its recoil) and fluorescence subtracted; the scale is that of high Q, or of the sum "
    "rule of J. Krogh-Moe, Acta Cryst. 9, 951 (1956), and N. Norman, Acta Cryst. 10, 370 (1957).",
}


def summary(result: ReductionResult) -> str:
    """Return scales, checks and what to know of each reduction, and whether anything has changed, in lines."""
    lines = [result.title or "Reduction"]
    for name, one in result.reductions.items():
        lines += _of_one(name, one)
    for name, scan in result.absorption.items():
        lines += _of_scan(name, scan)
    for (name, other), difference in result.differentials.items():
        lines.append(f"  {name} − {concise(difference.scale, difference.scale_stderr)} × {other}")
    lines += [f"  {sentence}" for comparison in result.unchanged.values() for sentence in comparison.said]
    return "\n".join(lines)


def _of_one(name: str, one: ReducedPattern) -> Iterator[str]:
    yield f"  {name}: {one.composition.formula}, {one.settings.method}, Q to {one.pdf.qmax:g} Å⁻¹"
    for scale in one.scales:
        yield f"    blank {scale.name}: {concise(scale.value, scale.stderr)} ({'fitted' if scale.fitted else 'given'})"
    for check in one.checks:
        expected = "" if check.expected is None else f", expected {number(check.expected, 4)}"
        mark = "! " if check_state(check, one) == "off" else ""
        value = f"{concise(check.found, check.sigma)} {check.unit}".rstrip()
        yield f"    {mark}{check.meaning}: {value}{expected}"
    for note in one.notes:
        yield f"    ! {note}"


def _of_scan(name: str, one: ReducedAbsorption) -> Iterator[str]:
    scans = f"{len(one.scans)} scans" if len(one.scans) > 1 else "one scan"
    yield f"  {name}: {edge_words(one)}, {scans}, e0 {one.e0:.2f} eV, step {number(one.step, 4)}"
    if one.noise is not None:
        yield f"    χ(k) to {one.k[-1]:.2f} Å⁻¹; σ {number(one.noise.epsilon_k, 2)}, {NOISE[one.noise.how]}"
    for note in one.notes:
        yield f"    ! {note}"


def edge_words(one: ReducedAbsorption) -> str:
    """Return element and edge."""
    return f"{one.settings.element} {one.settings.edge}"


def check_state(check: SumRuleCheck, one: ReducedPattern) -> str:
    """Return "good", "off", or why it says nothing."""
    if check.expected is None:
        return "ρ₀ not given"
    if check.name != "high_q" and one.settings.method == "polynomial":
        return "not kept by the polynomial"
    near = abs(check.found - check.expected) <= NEAR * abs(check.expected)
    within = check.sigma is not None and abs(check.found - check.expected) <= AGREES * check.sigma
    return "good" if near or within else "off"


def methods(result: ReductionResult) -> list[str]:
    """Return one paragraph each: what was calculated and how, with the reference."""
    used = {one.settings.method for one in result.reductions.values()}
    scattering = [DEFINED, *(text for method, text in METHODS.items() if method in used)] if used else []
    return [*scattering, *(OF_EDGES if result.absorption else ())]


def beam_words(image: IntegratedImage) -> str:
    """Return the wavelength of integrated images, and what the monitor counted where there is one."""
    monitored = image.settings is not None and image.settings.monitor is not None
    return f"wavelength {image.wavelength:.6g} Å" + (f", monitor {image.monitor:.6g}" if monitored else "")
