"""Atoms one by one, as files of other programs list them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.sample.crystal.clusters import Cluster

MARGIN = 5.0
"""Å of empty space around the atoms in the box of a CIF"""


@dataclass(frozen=True)
class AtomList:
    """Elements (n_atoms,), positions (n_atoms, 3) in Å, and of each atom its domain and the label of its site."""

    elements: Sequence[str]
    positions: NDArray[np.float64]
    domains: NDArray[np.int64]
    sites: Sequence[str]

    def xyz_text(self, comment: str) -> str:
        """Return an .xyz file."""
        return Cluster(tuple(self.elements), self.positions, "atoms").xyz_text(comment)

    def extxyz_text(self, comment: str) -> str:
        """Return an extended .xyz file; a column holds the domain of each atom, another its site."""
        head = f'Properties=species:S:1:pos:R:3:domain:I:1:site:S:1 pbc="F F F" title="{" ".join(comment.split())}"'
        rows = (
            f"{e} {x:.6f} {y:.6f} {z:.6f} {d} {site}"
            for e, (x, y, z), d, site in zip(self.elements, self.positions, self.domains, self.sites, strict=True)
        )
        return "\n".join([str(len(self.sites)), head, *rows]) + "\n"

    def cif_text(self, comment: str) -> str:
        """Return a CIF of the atoms in an otherwise empty box, without symmetry."""
        low = self.positions.min(axis=0) - MARGIN
        box = self.positions.max(axis=0) + MARGIN - low
        fract = (self.positions - low) / box
        lines = [f"# {' '.join(comment.split())}", "data_crystal"]
        lines += [f"_cell_length_{n} {v:.6f}" for n, v in zip("abc", box, strict=True)]
        lines += [f"_cell_angle_{n} 90" for n in ("alpha", "beta", "gamma")]
        lines += ["_space_group_name_H-M_alt 'P 1'", "loop_", "_space_group_symop_operation_xyz", "'x, y, z'", "loop_"]
        lines += ["_atom_site_label", "_atom_site_type_symbol", *(f"_atom_site_fract_{n}" for n in "xyz")]
        lines += [
            f"{e}{k} {e} {x:.7f} {y:.7f} {z:.7f}"
            for k, (e, (x, y, z)) in enumerate(zip(self.elements, fract, strict=True), start=1)
        ]
        return "\n".join(lines) + "\n"
