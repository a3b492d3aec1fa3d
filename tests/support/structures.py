"""Structures that several tests share, as numbers and as CIF text written for this project."""

from __future__ import annotations

import numpy as np

CUBIC_CSPBBR3 = 5.87
"""Å"""


def cubic_cluster(n: int, displacement: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return positions (5n³, 3) Å and kinds (Pb 0, Cs 1, Br 2) of an n × n × n cube of cubic CsPbBr3."""
    cells = np.array(np.meshgrid(*[np.arange(n)] * 3, indexing="ij")).reshape(3, -1).T
    basis = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]])
    positions = np.concatenate([cells + b for b in basis]) * CUBIC_CSPBBR3
    kinds = np.repeat([0, 1, 2, 2, 2], n**3)
    if displacement:
        positions = positions + np.random.default_rng(5).normal(0.0, displacement, positions.shape)
    return positions, kinds


def cif(cell: str, group: str, sites: str, extra: str = "") -> str:
    """Return a CIF; sites: lines of label, symbol, x, y, z, occupancy[, columns named in extra]."""
    tags = [f"_cell_length_{n}" for n in "abc"] + [f"_cell_angle_{n}" for n in ("alpha", "beta", "gamma")]
    lines = ["data_test", *(f"{t} {v}" for t, v in zip(tags, cell.split(), strict=True))]
    lines += [f"_space_group_name_H-M_alt '{group}'", "loop_", "_atom_site_label", "_atom_site_type_symbol"]
    lines += [f"_atom_site_fract_{n}" for n in "xyz"] + ["_atom_site_occupancy", *extra.split()]
    return "\n".join([*lines, sites.strip()]) + "\n"


CUBIC = cif("5.87 5.87 5.87 90 90 90", "P m -3 m", "Pb Pb 0 0 0 1\nCs Cs 0.5 0.5 0.5 1\nBr Br 0.5 0 0 1")
NICKEL = cif("3.52 3.52 3.52 90 90 90", "F m -3 m", "Ni Ni 0 0 0 1")
WURTZITE_CDSE = cif(
    "4.3 4.3 7.01 90 90 120", "P 63 m c", "Cd Cd 0.333333 0.666667 0 1\nSe Se 0.333333 0.666667 0.376 1"
)
# cell and coordinates: doi 10.1023/A:1022836800820
GAMMA_CSPBBR3 = cif(
    "8.207 8.255 11.759 90 90 90",
    "P b n m",
    "Cs1 Cs 0.99 0.971 0.25 1\nPb1 Pb 0.5 0 0 1\nBr1 Br 0.046 0.505 0.25 1\nBr2 Br 0.793 0.205 0.025 1",
)
