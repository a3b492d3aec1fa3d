"""A step of a joint refinement against the sum of its parts, and how many lattice sums each makes.

Run: python benchmarks/joint.py
Total scattering, a PDF in two ranges of r, and SAXS of one population of γ-CsPbBr3 prisms; curves at new cell lengths
(so nothing is kept), medians of seven, warm: wall time and CPU time of the process. Lattice sums are counted as calls
of `LatticeNow.__call__`.
Then one to eight data sets of 5,000 points of prisms with one family of boundaries, as in populations.py: all curves at
new values, and the Jacobian.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from common import machine, print_table, timed
from processes import Side
from studies import HEAD, refined, step_row, step_times

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from nanocrystal.refinement import declared_parameters
from nanocrystal.refinement.problem import Problem
from nanocrystal.sample import Distribution, Population, Prism, Sample
from nanocrystal.sample.pairs.lattice_pairs import LatticeNow
from nanocrystal.techniques import Pdf, Saxs, TotalScattering
from support.modelling import crystal
from support.structures import GAMMA_CSPBBR3

U_ISO = {"Pb": 0.015, "Cs": 0.035, "Br": 0.03}
SHAPE = Prism(Distribution("lognormal", 80.0, 15.0), Distribution("lognormal", 100.0, 15.0))
DATASETS = {
    "iq": TotalScattering(q="0.8:20:0.005", background_terms=0),
    "near": Pdf(r="1.5:20:0.02", qmax=20.0),
    "far": Pdf(r="20:60:0.02", qmax=20.0),
    "saxs": Saxs(q="0.01:0.5:0.001", solvent="toluene"),
}
REPEATS = 7


class Counter:
    """Counts the lattice sums that are made."""

    def __init__(self) -> None:
        self.calls = 0
        self._whole = LatticeNow.__call__

    def __enter__(self) -> Counter:
        counter, whole = self, self._whole

        def counted(self: LatticeNow, *given):  # type: ignore[no-untyped-def]
            counter.calls += 1
            return whole(self, *given)

        LatticeNow.__call__ = counted  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        LatticeNow.__call__ = self._whole  # type: ignore[method-assign]


def curves_ms(names: list[str]) -> tuple[float, float, int]:
    """Return wall and CPU time of the curves of these data sets in one problem, ms, and the lattice sums they make."""
    sample = Sample({"p": Population("x", SHAPE)}, {"x": crystal(GAMMA_CSPBBR3, U_ISO)})
    datasets = {n: DATASETS[n] for n in names}
    problem = Problem(declared_parameters(sample, datasets), {n: d.bind(n, sample) for n, d in datasets.items()})
    number, values = count(1), problem.evaluation(problem.start)

    def step() -> None:
        a = values.values["crystals.x.a"] * (1.0 + 1e-6 * next(number))
        moved = values.at(values.values.moved({"crystals.x.a": a}))
        for model in problem.models.values():
            model.curves(moved)

    step()
    with Counter() as counter:
        step()
    wall, cpu = timed(step, REPEATS)
    return 1e3 * wall, 1e3 * cpu, counter.calls


def main() -> None:
    print(machine(), end="\n\n")
    rows, total = [], [0.0, 0.0, 0]
    for name in DATASETS:
        wall, cpu, sums = curves_ms([name])
        total = [total[0] + wall, total[1] + cpu, total[2] + sums]
        rows.append((name, f"{wall:.0f} / {cpu:.0f}", str(sums)))
    rows.append(("sum of these", f"{total[0]:.0f} / {total[1]:.0f}", str(total[2])))
    wall, cpu, sums = curves_ms(list(DATASETS))
    rows.append(("all four together", f"{wall:.0f} / {cpu:.0f}", str(sums)))
    print_table(("data sets", "curves, ms (wall / CPU)", "lattice sums"), rows)
    rows = [(str(n), *step_row(*step_times(refined(1), Side(), REPEATS, n))) for n in (1, 2, 4, 8)]
    print_table(("data sets of 5,000 points", *HEAD), rows)


if __name__ == "__main__":
    main()
