"""What a powder pattern does not tell by itself: what cells, amounts and sizes of one pattern are worth.

Cells of a laboratory diffractometer: two samples of one standard on it differ by about 1e-4, since the height of the
sample, the zero of 2θ and the cell move the reflections nearly alike. How much the choice between the first two means
is told: the shifts that a displacement makes, fitted by a zero and a change of each cell. Amounts: how far Brindley's
microabsorption would move them for particles of usual size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.techniques.powder.microabsorption import Absorber, particle_factors

AT_BEST = 1e-4
"""of a cell length, without a standard in the sample"""
PARTICLES = (1.0, 5.0)
"""µm, of powders that were ground"""
NOTEWORTHY = 0.01
"""of a mass fraction"""


@dataclass(frozen=True)
class Reflections:
    """One phase: 2θ of its reflections in the range, degrees, (n,); lengths: of its cell that were refined, Å."""

    name: str
    two_theta: FloatArray
    lengths: Mapping[str, float]


def cell_remarks(phases: Sequence[Reflections], displacement: float, radius: float | None, varied: str) -> list[str]:
    """Return what the cells of a laboratory pattern without a standard are worth, in one sentence; none of no cell.

    displacement: mm, radius: mm; varied: "displacement" or "zero", whichever was refined, else nothing.
    """
    refined = [p for p in phases if p.lengths and len(p.two_theta)]
    if not refined:
        return []
    said = f"cells of a laboratory diffractometer without a standard in the sample are good to {AT_BEST:g} at best"
    other = ""
    if varied == "displacement" and radius is not None and displacement != 0.0:
        strains = with_zero_instead([p.two_theta for p in refined], displacement, radius)
        values = [
            f"{k} of {p.name} {length * (1.0 + strain):.5f} for {length:.5f} Å"
            for p, strain in zip(refined, strains, strict=True)
            for k, length in list(p.lengths.items())[:1]
        ]
        other = f"; with zero refined instead of displacement: {', '.join(values)}"
    return [f"{said}, whatever their standard errors{other}."]


def with_zero_instead(two_theta: Sequence[FloatArray], displacement: float, radius: float) -> FloatArray:
    """Return the relative changes of cells (n_phases,) that stand with a zero for a displacement, of even weights.

    Shifts of 2θ, radians: by a displacement s −2 s cos θ/R, by a zero a constant, by a strain ε −2 ε tan θ.
    """
    theta = np.radians(np.concatenate(two_theta)) / 2.0
    shift = -2.0 * displacement / radius * np.cos(theta)
    phase = np.repeat(np.arange(len(two_theta)), [len(x) for x in two_theta])
    strains = [np.where(phase == k, -2.0 * np.tan(theta), 0.0) for k in range(len(two_theta))]
    columns = np.stack([np.ones(len(theta)), *strains], axis=1)
    return np.asarray(np.linalg.lstsq(columns, shift, rcond=None)[0][1:])


def amount_remarks(
    absorbers: Mapping[str, Absorber], amounts: Mapping[str, float], *, overflow: bool = True
) -> list[str]:
    """Return how far microabsorption may move mass fractions, in one sentence; nothing where it hardly can.

    overflow: whether a beam longer than the sample is taken into account, or cannot be.
    """
    if len(absorbers) < 2 or any(a.diameter is not None for a in absorbers.values()):
        return []
    found = {diameter: true_amounts(absorbers, amounts, diameter) for diameter in PARTICLES}
    apart = {n: abs(found[PARTICLES[-1]][n] - w) for n, w in amounts.items()}
    most = max(apart, key=lambda n: round(apart[n], 6))  # the first of those that move alike, as two phases do
    if apart[most] < NOTEWORTHY:
        return []
    mu = ", ".join(f"{n} {a.absorption:.0f}" for n, a in absorbers.items())
    values = ", ".join(f"of {d:g} µm {found[d][most]:.3f}" for d in PARTICLES)
    beam, too = ("", "") if overflow else (", and at low angles a beam longer than the sample,", " and overflow_angle")
    others = f"Plates that lie flat{beam} change amounts as much: try texture{too}."
    return [
        f"phases absorb differently (μ in cm⁻¹: {mu}): with particles {values} of the mass would be {most}, for "
        f"{amounts[most]:.3f} without microabsorption; state particle_diameter, and grind finely. {others}",
    ]


def true_amounts(absorbers: Mapping[str, Absorber], seen: Mapping[str, float], diameter: float) -> dict[str, float]:
    """Return the mass fractions that are seen as these where all particles have one diameter, µm."""
    sized = {n: replace(a, diameter=diameter) for n, a in absorbers.items()}
    amounts = dict(seen)
    for _ in range(20):
        factors = particle_factors(sized, amounts)
        parts = {n: w / factors[n] for n, w in seen.items()}
        total = sum(parts.values())
        amounts = {n: part / total for n, part in parts.items()}
    return amounts


def width_remarks(instrument: Sequence[str], sizes: Sequence[str], has_standard: bool) -> list[str]:
    """Return a remark where widths of the instrument and of the sample were refined from one pattern."""
    if not instrument or not sizes or has_standard:
        return []
    which = f"{', '.join(instrument)} and {', '.join(sizes)}"
    return [f"{which} were refined from one pattern: widths of the instrument come from a standard; hold them."]
