"""A liquid of hard spheres, counted and reduced in two ways, with names and notes that no page may take for its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nanocrystal.reduction import (
    Intensity,
    ReducedPattern,
    Reduction,
    ReductionBlank,
    differential_functions,
    pattern_change,
    reduced_pattern,
)
from nanocrystal.reduction.spread import Spread
from nanocrystal.report.reduction.result import ReductionResult
from support.reduction_samples import DENSITY, atomic, capillary, hard_spheres

HOSTILE = "<script>alert(1)</script>"
SETTINGS = Reduction(composition="Ni", qmax=20.0, rpoly=0.9, r=(0.0, 25.0, 0.02), number_density=DENSITY)


def liquid(settings: Reduction = SETTINGS, name: str = "liquid", blank_scale: float = 0.9) -> ReducedPattern:
    q = np.arange(0.3, 22.0, 0.02)
    squared_mean, _ = atomic(q, {"Ni": 1.0})
    counts = 60.0 * squared_mean * hard_spheres(q) + 0.9 * capillary(q)

    def counted(y: np.ndarray) -> Intensity:
        return Intensity(
            q=q,
            value=y,
            spread=Spread.of_counts(np.sqrt(y)),
            name="x",
            source=f"x{HOSTILE}.chi",
            sha256="0" * 64,
            notes=(f"note {HOSTILE}",),
        )

    blank = ReductionBlank("capillary", counted(capillary(q)), blank_scale)
    return reduced_pattern(counted(counts), settings, [blank], name)


def result() -> ReductionResult:
    one, physical = liquid(), liquid(replace(SETTINGS, method="physical", compton=False), "physical")
    comparison = pattern_change(
        one.intensity, physical.intensity, components={"shell": np.exp(-((one.intensity.q - 4.0) ** 2))}
    )
    return ReductionResult(
        title=f"Liquid {HOSTILE}",
        version="0.1.0",
        reductions={"liquid": one, "physical": physical},
        differentials={("physical", "liquid"): differential_functions(physical, one, scale=1.0)},
        unchanged={("liquid", "physical"): comparison},
        inputs={f"x{HOSTILE}.chi": "0" * 64},
    )
