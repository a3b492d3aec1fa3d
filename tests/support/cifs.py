"""Small CIFs by hand, and what a crystal of one holds."""

from __future__ import annotations

from nanocrystal.sample import Crystal
from nanocrystal.sample.crystal.cif import CifStructure, parse_cif

PLAIN = "label type_symbol fract_x fract_y fract_z"
FULL = f"{PLAIN} occupancy"
TENSOR = ("11", "22", "33", "12", "13", "23")


def cif(cell: str, head: str, sites: str, columns: str = PLAIN, name: str = "made") -> str:
    """Return a CIF; cell: six numbers, or one for a cube; head: further lines; sites: rows of the columns."""
    values = cell.split()
    values = values if len(values) == 6 else [*(values * 3), "90", "90", "90"]
    tags = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines = [f"data_{name}", *(f"_cell_{t} {v}" for t, v in zip(tags, values, strict=True)), head.strip(), "loop_"]
    lines += [f"_atom_site_{column}" for column in columns.split()]
    return "\n".join([*lines, *(row.strip() for row in sites.strip().splitlines()), ""])


def named(symbol: str, *more: str) -> str:
    """Return the line that names a space group, and further lines."""
    return "\n".join([f"_space_group_name_H-M_alt '{symbol}'", *more])


def listed(*triplets: str) -> str:
    """Return the loop of symmetry operations."""
    return "\n".join(["loop_", "_space_group_symop_operation_xyz", *(f"'{t}'" for t in triplets)])


def tensor(kind: str, rows: str) -> str:
    """Return the loop of displacement tensors, kind U, B or beta, with these rows."""
    tags = [f"_atom_site_aniso_{kind}_{ij}" for ij in TENSOR]
    return "\n".join(["loop_", "_atom_site_aniso_label", *tags, rows, ""])


def crystal(structure: CifStructure | str) -> Crystal:
    """Return the crystal of a structure, or of the text of a CIF, with some displacement."""
    read = parse_cif(structure, "made.cif") if isinstance(structure, str) else structure
    return Crystal(read, u_iso=dict.fromkeys((s.element for s in read.sites), 0.01))


def atoms(structure: CifStructure | str) -> dict[str, float]:
    """Return element -> number of atoms in the cell."""
    made = crystal(structure)
    counts: dict[str, float] = {}
    for site, given in zip(made.sites, made.structure.sites, strict=True):
        counts[site.element] = counts.get(site.element, 0.0) + site.multiplicity * given.occupancy
    return counts
