"""Reading a crystal structure file (CIF) into numbers, with errors that say what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CifSite:
    """One site as the file gives it; u_iso None where the file has no displacement parameter."""

    label: str
    element: str
    fract: tuple[float, float, float]
    occupancy: float
    u_iso: float | None


@dataclass(frozen=True)
class CifStructure:
    """What a CIF says: cell a, b, c (Å) and angles (°), operations, sites of the asymmetric unit."""

    source: str
    text: str
    cell: FloatArray
    space_group: str
    rotations: FloatArray
    translations: FloatArray
    sites: tuple[CifSite, ...]


def read_text(path: Path, where: str) -> str:
    """Return the text of a file; raises InputError where it cannot be read."""
    from nanocrystal.errors import nearest_names

    if not path.is_file():
        folder = path.parent
        if path.is_dir() or not folder.is_dir():
            raise InputError(where, f"expected a file, but {str(path)!r} is not one.")
        names = nearest_names(path.name, [p.name for p in folder.iterdir() if p.is_file()])
        raise InputError(where, f"there is no file {str(path)!r}; {names}")
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def parse_cif(text: str, source: str) -> CifStructure:
    """Return the structure in the first block of `text` that has atom sites.

    Raises InputError, naming `source`, for a CIF without cell or sites, with unknown elements, or
    whose symmetry cannot be understood.
    """
    import gemmi

    try:
        document = gemmi.cif.read_string(text)
    except (ValueError, RuntimeError) as error:
        raise InputError(source, f"is not a readable CIF ({' '.join(str(error).split())}).") from None
    block = next((b for b in document if b.find_loop("_atom_site_fract_x")), None)
    if block is None:
        raise InputError(source, "has no atom sites (no _atom_site_fract_x); a structure with coordinates is needed.")
    small = gemmi.make_small_structure_from_block(block)
    cell = np.array(small.cell.parameters)
    if "_cell_length_a" not in {pair.pair[0] for pair in block if pair.pair} or not (
        np.all(np.isfinite(cell)) and np.all(cell > 0.0)
    ):
        raise InputError(source, "has no complete unit cell (_cell_length_a … _cell_angle_gamma).")
    rotations, translations, name = _operations(block, small, source)
    sites = tuple(_sites(block, small, source))
    if not sites:
        raise InputError(source, "has no atom sites with coordinates.")
    return CifStructure(source, text, cell, name, rotations, translations, sites)


def _operations(block: Any, small: Any, source: str) -> tuple[FloatArray, FloatArray, str]:
    import gemmi

    listed: list[str] = []
    for tag in ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz"):
        listed = [gemmi.cif.as_string(v) for v in block.find_values(tag)]
        if listed:
            break
    name = small.spacegroup_hm or ""
    try:
        if listed:
            group = gemmi.GroupOps([gemmi.Op(text.replace(" ", "").lower()) for text in listed])
        else:
            found = small.spacegroup
            if found is None and name:
                found = gemmi.find_spacegroup_by_name(name, small.cell.alpha, small.cell.gamma)
            if found is None:
                number = block.find_value("_space_group_IT_number") or block.find_value("_symmetry_Int_Tables_number")
                found = gemmi.find_spacegroup_by_number(int(gemmi.cif.as_string(number))) if number else None
            if found is None:
                raise InputError(
                    source,
                    f"its space group {name or '(none given)'!r} is not known and it lists no symmetry operations; "
                    "add _space_group_symop_operation_xyz or a standard _space_group_name_H-M_alt.",
                )
            group, name = found.operations(), found.hm
    except (ValueError, RuntimeError) as error:
        raise InputError(source, f"its symmetry operations cannot be read ({error}).") from None
    if listed:
        found = gemmi.find_spacegroup_by_ops(group)
        name = found.hm if found is not None else name
    operations = list(group)
    rotations = np.array([op.rot for op in operations], dtype=float) / gemmi.Op.DEN
    translations = np.array([op.tran for op in operations], dtype=float) / gemmi.Op.DEN
    return rotations, translations, name or "P 1"


def _sites(block: Any, small: Any, source: str) -> list[CifSite]:
    sites: list[CifSite] = []
    names: dict[str, int] = {}
    given_u = _labels_with_displacement(block)
    for site in small.sites:
        if not site.type_symbol and not site.label:
            continue
        symbol = site.element.name
        if symbol == "X" or site.element.atomic_number == 0:
            shown = site.type_symbol or site.label
            raise InputError(source, f"site {site.label!r} has the unknown element {shown!r}.")
        fract = (site.fract.x, site.fract.y, site.fract.z)
        if not np.all(np.isfinite(fract)):
            raise InputError(source, f"site {site.label!r} has no coordinates.")
        if not 0.0 < site.occ <= 1.0 + 1e-6:
            raise InputError(source, f"site {site.label!r} has occupancy {site.occ:g}; it must be above 0 and at most 1.")
        label = re.sub(r"\W", "_", site.label) or symbol
        label = label if not label[0].isdigit() else f"_{label}"
        names[label] = names.get(label, 0) + 1
        if names[label] > 1:
            label = f"{label}_{names[label]}"
        sites.append(CifSite(label, symbol, fract, min(site.occ, 1.0), _displacement(site, small, given_u)))
    return sites


def _labels_with_displacement(block: Any) -> set[str]:
    """Return the labels of sites for which the file gives an isotropic displacement (U or B)."""
    import gemmi

    labels: set[str] = set()
    for tag in ("_atom_site_U_iso_or_equiv", "_atom_site_B_iso_or_equiv"):
        for row in block.find(["_atom_site_label", tag]):
            if row[1] not in ("?", "."):
                labels.add(gemmi.cif.as_string(row[0]))
    return labels


def _displacement(site: Any, small: Any, given: set[str]) -> float | None:
    """Return u_iso in Å²: as given, or a third of the trace of Uij in the Cartesian frame."""
    if site.aniso.nonzero():
        u = np.array(site.aniso.as_mat33().tolist())
        cell = small.cell
        orth = np.array(cell.orth.mat.tolist())
        metric = orth.T @ orth
        reciprocal = np.sqrt(np.diag(np.linalg.inv(metric)))
        return float((u * np.outer(reciprocal, reciprocal) * metric).sum() / 3.0)
    if site.label in given:
        return float(site.u_iso)
    return None
