"""Populations by the lattice sum: I(Q) of whole size distributions at the cost of one, and its derivatives.

Run: python benchmarks/populations.py
Each time is the median of seven calls with a new cell length (so nothing is cached), two threads where the
kernels use them, from the parameters to 5,000 data points. The error of the 8 × 8 × 8 cube is against the
direct double sum.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from pathlib import Path

from common import machine

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from nanocrystal.parameters import Evaluation
from nanocrystal.refinement import declared_parameters
from nanocrystal.sample import Cube, Distribution, Prism
from nanocrystal.techniques import TotalScattering
from support.modelling import sample_of
from support.structures import CUBIC, GAMMA_CSPBBR3

U_ISO = {"Pb": 0.0127, "Cs": 0.03, "Br": 0.025}
POPULATION = Prism(Distribution("lognormal", 81.9, 19.7), Distribution("lognormal", 97.9, 19.6))
TASKS = {
    "cubic, 20 nm cube (196,520 atoms)": (CUBIC, Cube(34 * 5.87)),
    "cubic, bivariate lognormal population": (CUBIC, POPULATION),
    "orthorhombic, bivariate lognormal population": (GAMMA_CSPBBR3, POPULATION),
}


def median_ms(call: object, n: int = 7) -> float:
    """Return the median time of a call with the number of the repetition, ms."""
    times = []
    for k in range(n + 1):
        start = time.perf_counter()
        call(k)  # type: ignore[operator]
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[1:])


def row(label: str, text: str, shape: object) -> str:
    """Return the line of one task for the table."""
    sample = sample_of(text, shape, U_ISO)
    settings = TotalScattering(q=f"0.8:20:{19.2 / 4999:.10f}", background_terms=0)
    model = settings.bind("iq", sample)
    values = declared_parameters(sample, {"iq": settings}).initial_values()
    base = Evaluation(values, model.requirement)
    model.curves(base)

    def shifted(k: int, name: str) -> Evaluation:
        return base.at(values.moved({name: values[name] * (1.0 + 1e-6 * (k + 1))}))

    wanted = [a for a in values if a.endswith((".a", ".b", ".c", "edge_length", ".mean", ".std"))]
    whole = median_ms(lambda k: model.curves(shifted(k, "crystals.x.a")))
    step = median_ms(lambda k: model.curves(shifted(k, "crystals.x.u_iso.Pb")))
    slopes = median_ms(lambda k: model.exact_derivatives(shifted(k, "crystals.x.a"), wanted))
    return f"| {label} | {whole:.0f} | {step:.1f} | {slopes:.0f} ({len(wanted)} parameters) |"


def main() -> None:
    print(machine())
    print("\n| task | I(Q), ms | step without cell or sizes, ms | derivatives of cell and sizes, ms |")
    print("| --- | --- | --- | --- |")
    for label, (text, shape) in TASKS.items():
        print(row(label, text, shape))
    print(f"\nlargest memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
