"""Crystals with statistical boundaries: I(Q) of 5,000 points, and a step of a refinement with exact derivatives.

Run: python benchmarks/twins.py
Medians of seven calls with a new cell length (so nothing is kept), warm, two threads where the kernels use them:
wall time, and CPU time of the process over all threads, which other load on the machine disturbs less. The same
without boundaries stands beside. What these numbers are is tested in tests/sample/order/test_twins.py.
"""

from __future__ import annotations

import resource
import sys
from itertools import count
from pathlib import Path

from common import machine, print_table, timed

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from nanocrystal.parameters import Evaluation
from nanocrystal.refinement import declared_parameters
from nanocrystal.sample import Cube, Distribution, Population, Prism, Sample, TwinFamily
from nanocrystal.sample.shapes.boxes import Box
from nanocrystal.techniques import TotalScattering
from support.modelling import crystal
from support.structures import GAMMA_CSPBBR3

U_ISO = {"Pb": 0.015, "Cs": 0.035, "Br": 0.03}
FAMILIES = {
    "ab": TwinFamily("1/2<110>{110}", 0.05),
    "c": TwinFamily("1/2[001]{110}", 0.02),
    "layers": TwinFamily("1/2<110>(001)", 0.03),
}
POPULATION = Prism(Distribution("lognormal", 80.0, 15.0), Distribution("lognormal", 100.0, 15.0))
TASKS: dict[str, tuple[Box, float, float]] = {
    "20 nm cube": (Cube(200.0), 100.0, float("nan")),
    "8 × 10 nm, spreads of 1.5 nm": (POPULATION, 150.0, 200.0),
}
"""name -> shape, demands in ms: of I(Q), of a step"""
REPEATS = 7


def times_ms(shape: Box, twins: dict[str, TwinFamily]) -> tuple[tuple[float, float], tuple[float, float], int]:
    """Return (wall, CPU) of I(Q), the same of I(Q) with the derivatives by sizes, cell and twins, and how many."""
    sample = Sample({"p": Population("x", shape, twins=twins)}, {"x": crystal(GAMMA_CSPBBR3, U_ISO)})
    settings = TotalScattering(q=f"0.8:20:{19.2 / 4999:.10f}", background_terms=0)
    model = settings.bind("iq", sample)
    values = declared_parameters(sample, {"iq": settings}).initial_values()
    base = Evaluation(values, model.requirement)
    ends = (".a", ".b", ".c", "edge_length", ".mean", ".std", ".probability")
    wanted = [a for a in values if a.endswith(ends)]
    number = count(1)

    def moved() -> Evaluation:
        return base.at(values.moved({"crystals.x.a": values["crystals.x.a"] * (1.0 + 1e-6 * next(number))}))

    def step() -> None:
        evaluation = moved()
        model.curves(evaluation)
        model.exact_derivatives(evaluation, wanted)

    step()
    curve, whole = timed(lambda: model.curves(moved()), REPEATS), timed(step, REPEATS)
    return (1e3 * curve[0], 1e3 * curve[1]), (1e3 * whole[0], 1e3 * whole[1]), len(wanted)


def main() -> None:
    print(machine(), end="\n\n")
    rows = []
    for label, (shape, curve_demand, step_demand) in TASKS.items():
        for twins in ({}, FAMILIES):
            curve, step, n = times_ms(shape, twins)
            demands = (f"{curve_demand:.0f}", f"{step_demand:.0f}" if step_demand == step_demand else "")
            rows.append((
                label, f"{len(twins)} families", *(f"{wall:.0f} / {cpu:.0f}" for wall, cpu in (curve, step)), str(n),
                *(demands if twins else ("", "")),
            ))  # fmt: skip
    head = ("γ-CsPbBr3", "boundaries", "I(Q), ms", "I(Q) and derivatives, ms", "of so many", "demand", "demand")
    print_table(head, rows)
    print("ms: wall / CPU over all threads; largest memory of the process:", end=" ")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
