"""Populations by the lattice sum: steps of a refinement of I(Q) at 5,000 points, favourable and hard.

    python benchmarks/populations.py [--large] [--repeats 5] [--tables laws,growth,sites]

Each row is a fresh process, which reads a study and takes steps in turn: the curve at a new cell length, at new sizes
(some 0.1 % each, as in a fit), at a new displacement, and all exact derivatives (cell, sizes, displacements) after a
new cell length. No value comes twice, so that nothing of an earlier step is the answer. Medians of wall / CPU time over
all threads, ms; "first" is the first curve of the process, with what is compiled or loaded; the peak is that of the
whole process. The sums themselves are held against direct sums in tests/truth/test_total_scattering.py.
"""

from __future__ import annotations

import argparse

from processes import machine
from studies import cube, print_growth, prisms, sites, step_table

LAWS = {
    "cubic, one 20 nm cube (196,520 atoms)": cube(200.0, cubic=True),
    "cubic, prisms of 82 ± 20 × 98 ± 20 Å": prisms((81.9, 19.7), (97.9, 19.6), cubic=True),
    "γ, the same prisms": prisms((81.9, 19.7), (97.9, 19.6)),
    "γ, prisms, both 50 ± 10 Å": prisms((50.0, 10.0)),
    "γ, prisms, both 100 ± 20 Å": prisms((100.0, 20.0)),
    "γ, prisms, both 200 ± 40 Å": prisms((200.0, 40.0)),
    "γ, prisms, both 100 ± 50 Å": prisms((100.0, 50.0)),
}
EDGES = (5, 10, 20, 40)  # nm
LARGE = 80  # nm, with --large
SITES = (5, 20, 50, 100, 200)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="also cubes of 80 nm, some minutes")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tables", default="laws,growth,sites", help="which tables, with commas")
    options = parser.parse_args()
    tables = options.tables.split(",")
    print(machine(), end="\n\n")
    if "laws" in tables:
        step_table("population", LAWS, options.repeats)
    if "growth" in tables:
        edges = [*EDGES, *([LARGE] if options.large else [])]
        for name, cubic in (("γ", False), ("cubic", True)):
            labels = {f"{name}, {edge} nm": 10.0 * edge for edge in edges}
            found = step_table("cubes", {k: cube(edge, cubic=cubic) for k, edge in labels.items()}, options.repeats)
            print_growth(labels, found)
    if "sites" in tables:
        step_table("cell in P 1, 10 nm cube", {f"{n} atoms": sites(n) for n in SITES}, options.repeats)


if __name__ == "__main__":
    main()
