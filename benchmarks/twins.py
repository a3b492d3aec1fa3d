"""Crystals with statistical boundaries: steps of a refinement of I(Q) at 5,000 points, as in populations.py.

    python benchmarks/twins.py [--large] [--repeats 5]

γ-CsPbBr3 with none to three families of boundaries, whose probabilities are refined with sizes, cell and displacements.
What these numbers are is tested in tests/sample/order/test_twins.py.
"""

from __future__ import annotations

import argparse

from processes import machine
from studies import cube, print_growth, prisms, step_table

PRISMS = ((80.0, 15.0), (100.0, 15.0))
EDGES = (5, 10, 20, 40)  # nm


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="also cubes of 80 nm, some minutes")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(machine(), end="\n\n")
    tasks = {f"80 ± 15 × 100 ± 15 Å, {n} families": prisms(*PRISMS, families=n) for n in range(4)}
    tasks |= {f"100 ± 50 Å, {n} families": prisms((100.0, 50.0), families=n) for n in (0, 3)}
    step_table("prisms", tasks, options.repeats)
    labels = {f"{edge} nm, three families": 10.0 * edge for edge in (*EDGES, *([80] if options.large else []))}
    found = step_table("cubes", {k: cube(edge, families=3) for k, edge in labels.items()}, options.repeats)
    print_growth(labels, found)


if __name__ == "__main__":
    main()
