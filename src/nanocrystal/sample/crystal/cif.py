"""Reading a crystal structure file (CIF) into numbers, with errors that say what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.text import read_text

FloatArray = NDArray[np.float64]
LONGEST = 1e5
"""Å; no cell is longer"""


@dataclass(frozen=True)
class CifSite:
    """One site as a CIF gives it.

    Parameters
    ----------
    label, element : str
        Its name in the file, and the symbol of its element.
    fract : tuple of 3 float
        Fractional coordinates.
    occupancy : float
        Part of its places that is filled, 0 to 1.
    u_iso : float or None
        Mean-square displacement along one axis, Å²; None where the file has none.
    """

    label: str
    element: str
    fract: tuple[float, float, float]
    occupancy: float
    u_iso: float | None


@dataclass(frozen=True)
class CifStructure:
    """What a CIF says of a crystal.

    Parameters
    ----------
    source, text : str
        The file as it was named, and its text.
    cell : array (6,)
        a, b, c in Å, α, β, γ in °.
    space_group : str
        Its Hermann–Mauguin symbol.
    rotations : array (n, 3, 3)
        Of the symmetry operations, on fractional coordinates.
    translations : array (n, 3)
        Of the symmetry operations, in parts of the cell.
    sites : tuple of CifSite
        Those of the asymmetric unit.
    notes : tuple of str
        Sentences on what the reader left out or decided.
    """

    source: str
    text: str
    cell: FloatArray
    space_group: str
    rotations: FloatArray
    translations: FloatArray
    sites: tuple[CifSite, ...]
    notes: tuple[str, ...] = ()


def read_cif(path: str | Path, where: str = "cif") -> CifStructure:
    """Return the structure in a CIF.

    Parameters
    ----------
    path : str or Path
        The file.
    where : str, optional
        What messages call the file.

    Returns
    -------
    CifStructure
        The first structure that has sites.

    Raises
    ------
    InputError
        For a file that is missing or unusable.
    """
    return parse_cif(read_text(Path(path), where), str(path))


def parse_cif(text: str, source: str) -> CifStructure:
    """Return the structure in the text of a CIF.

    Parameters
    ----------
    text : str
        The text; its first block that has atom sites counts.
    source : str
        What messages and reports call it.

    Returns
    -------
    CifStructure
        The structure.

    Raises
    ------
    InputError
        For a CIF without cell or sites, with unknown elements, or whose symmetry cannot be understood.
    """
    import gemmi

    block = _block_with_sites(text, source)
    try:
        small = gemmi.make_small_structure_from_block(block)
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(source, f"its cell, symmetry or sites cannot be understood ({reason}).") from None
    cell = _cell(block, small)
    _check_cell(block, cell, source)
    rotations, translations, name = _operations(block, small, source)
    sites = tuple(_sites(block, small, source))
    if not sites:
        raise InputError(source, "has no atom sites with a label (_atom_site_label) and coordinates.")
    return CifStructure(source, text, cell, name, rotations, translations, sites)


def _block_with_sites(text: str, source: str) -> Any:
    """Return the first block with coordinates; raises InputError for a text that is no CIF or has none."""
    import gemmi

    begin = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if not begin:
        raise InputError(source, "is empty; a CIF with a structure is needed.")
    if begin.startswith("<"):
        raise InputError(source, "is a web page (HTML or XML), not a CIF; download the file itself.")
    try:
        document = gemmi.cif.read_string(text)
    except (ValueError, RuntimeError) as error:
        match = re.match(r"string:(\d+):\S*\s*(.*)", str(error), re.DOTALL)
        place, reason = (f"{source}, line {match[1]}", match[2]) if match else (source, str(error))
        reason = " ".join(reason.removeprefix("string:").split())
        if "data_" in reason:
            raise InputError(
                source, f"is not a CIF: it must begin with a line data_NAME, but begins with {begin[:40]!r}."
            ) from None
        raise InputError(place, f"is not a readable CIF ({reason}).") from None
    block = next((b for b in document if b.find_loop("_atom_site_fract_x")), None)
    if block is None:
        raise InputError(source, "has no atom sites (no _atom_site_fract_x); a structure with coordinates is needed.")
    return block


def _cell(block: Any, small: Any) -> FloatArray:
    """Return the cell; where the file leaves out the angles gemmi drops the lengths too, so they are set here."""
    import gemmi

    angles = [block.find_value(f"_cell_angle_{name}") for name in ("alpha", "beta", "gamma")]
    lengths = [gemmi.cif.as_number(block.find_value(f"_cell_length_{name}") or "?") for name in "abc"]
    if all(angle is None for angle in angles) and np.all(np.isfinite(lengths)) and min(lengths) > 0.0:
        a, b, c = lengths
        small.cell = gemmi.UnitCell(a, b, c, 90.0, 90.0, 90.0)
    return np.array(small.cell.parameters)


def _check_cell(block: Any, cell: FloatArray, source: str) -> None:
    """Raise InputError for a cell that is incomplete or impossible (for which gemmi takes 1 Å and 90°)."""
    import gemmi

    for name in "abc":
        entry = block.find_value(f"_cell_length_{name}")
        if entry is None or not np.isfinite(gemmi.cif.as_number(entry)):
            shown = "lacks" if entry is None else f"has {entry!r} as"
            raise InputError(source, f"{shown} the cell length _cell_length_{name}; a number in Å is needed.")
        if not 0.0 < gemmi.cif.as_number(entry) <= LONGEST:
            raise InputError(source, f"has {entry!r} as the cell length _cell_length_{name}, which cannot be meant.")
    for name, angle in zip(("alpha", "beta", "gamma"), cell[3:], strict=True):
        entry = block.find_value(f"_cell_angle_{name}")
        degrees = 90.0 if entry is None else gemmi.cif.as_number(entry)
        if not (0.0 < degrees < 180.0 and abs(degrees - angle) < 1e-6):
            raise InputError(source, f"has {entry!r} as the cell angle _cell_angle_{name}, which cannot be meant.")


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
            if not list(group):
                raise InputError(source, "its symmetry operations lack the identity x,y,z.")
        else:
            space_group = small.spacegroup
            if space_group is None and name:
                space_group = gemmi.find_spacegroup_by_name(name, small.cell.alpha, small.cell.gamma)
            if space_group is None:
                number = block.find_value("_space_group_IT_number") or block.find_value("_symmetry_Int_Tables_number")
                space_group = gemmi.find_spacegroup_by_number(int(gemmi.cif.as_string(number))) if number else None
            if space_group is None:
                raise InputError(
                    source,
                    (f"gives the unknown space group {name!r}" if name else "names no space group")
                    + " and lists no symmetry operations; add _space_group_symop_operation_xyz, or a standard "
                    "_space_group_name_H-M_alt such as 'P 1' or 'F m -3 m'.",
                )
            group, name = space_group.operations(), space_group.hm
    except (ValueError, RuntimeError) as error:
        raise InputError(source, f"its symmetry operations cannot be read ({error}).") from None
    if listed:
        space_group = gemmi.find_spacegroup_by_ops(group)
        name = space_group.hm if space_group is not None else name
    operations = list(group)
    rotations = np.array([op.rot for op in operations], dtype=float) / gemmi.Op.DEN
    translations = np.array([op.tran for op in operations], dtype=float) / gemmi.Op.DEN
    return rotations, translations, name or "P 1"


def _sites(block: Any, small: Any, source: str) -> list[CifSite]:
    sites: list[CifSite] = []
    names: dict[str, int] = {}
    displaced = _labels_with_displacement(block)
    for site in small.sites:
        if not site.type_symbol and not site.label:
            continue
        symbol = site.element.name
        if symbol == "X" or site.element.atomic_number == 0:
            shown = site.type_symbol or site.label
            raise InputError(
                source, f"site {site.label!r} has the unknown element {shown!r}; correct _atom_site_type_symbol."
            )
        fract = (site.fract.x, site.fract.y, site.fract.z)
        if not np.all(np.isfinite(fract)):
            raise InputError(source, f"site {site.label!r} lacks a coordinate, or it is no number.")
        if not 0.0 < site.occ <= 1.0 + 1e-6:
            raise InputError(
                source, f"site {site.label!r} has occupancy {site.occ:g}; it must be above 0 and at most 1."
            )
        label = re.sub(r"\W", "_", site.label) or symbol
        label = label if not label[0].isdigit() else f"_{label}"
        names[label] = names.get(label, 0) + 1
        if names[label] > 1:
            label = f"{label}_{names[label]}"
        sites.append(CifSite(label, symbol, fract, min(site.occ, 1.0), _displacement(site, small, displaced)))
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


def _displacement(site: Any, small: Any, labels: set[str]) -> float | None:
    """Return u_iso in Å²: as given, or a third of the trace of Uij in the Cartesian frame."""
    if site.aniso.nonzero():
        u = np.array(site.aniso.as_mat33().tolist())
        cell = small.cell
        orth = np.array(cell.orth.mat.tolist())
        metric = orth.T @ orth
        reciprocal = np.sqrt(np.diag(np.linalg.inv(metric)))
        return float((u * np.outer(reciprocal, reciprocal) * metric).sum() / 3.0)
    if site.label in labels:
        return float(site.u_iso)
    return None
