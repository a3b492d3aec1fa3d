"""Reading a crystal structure file (CIF) into numbers that agree with what the file says of them.

What is wrong with a file is said by its line or tag; what is left out or decided is said in notes. The parts: blocks
and tags (`cif_block`), sites (`cif_sites`, `cif_displacements`), what is stated (`stated_symmetry`, `stated_content`),
and the check of all of it together (`agreement`, `verdict`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares
from nanocrystal.sample.crystal.agreement import Agreement
from nanocrystal.sample.crystal.cif_block import Block, chosen_block, written_number
from nanocrystal.sample.crystal.cif_displacements import displacements
from nanocrystal.sample.crystal.cif_sites import CifSite, read_sites
from nanocrystal.sample.crystal.stated_content import stated_content, stated_formula
from nanocrystal.sample.crystal.stated_symmetry import stated_symmetry
from nanocrystal.sample.crystal.symmetry import CELL_NAMES, cell_freedom
from nanocrystal.sample.crystal.verdict import check_overlap, check_units, doubts
from nanocrystal.text import in_words, read_text

__all__ = ["CifSite", "CifStructure", "parse_cif", "read_cif"]

FloatArray = NDArray[np.float64]
LONGEST = 1e5
"""Å; no cell is longer"""
WAVES = ("_cell_modulation_dimension", "_cell_wave_vector_x", "_space_group_ssg_name")
MODULATED = "the structure is modulated; its average was read, without the waves."
NAMELESS = "?"
"""the symbol of a space group in axes that have none"""


@dataclass(frozen=True)
class CifStructure(Declares):
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
        What was decided, left out, or does not agree in the file.
    block, setting : str
        What was asked for: a data block, a setting of the space group; "" for what the file says.
    rounding : float
        One unit of the last digit of the coordinates, in parts of the cell.
    """

    source: str
    text: str
    cell: FloatArray
    space_group: str
    rotations: FloatArray
    translations: FloatArray
    sites: tuple[CifSite, ...]
    notes: tuple[str, ...] = ()
    block: str = ""
    setting: str = ""
    rounding: float = 0.0


def read_cif(path: str | Path, where: str = "cif", *, block: str = "", setting: str = "") -> CifStructure:
    """Return the structure in a CIF.

    Parameters
    ----------
    path : str or Path
        The file.
    where : str, optional
        What messages call the file.
    block : str, optional
        The data block [the first with a structure].
    setting : str, optional
        The space group with its axes and origin, such as "F d -3 m :1" [as the file says].

    Returns
    -------
    CifStructure
        The structure; its `notes` say what was decided.

    Raises
    ------
    InputError
        For a file that is missing or unusable, or that contradicts itself so that atoms would be missing or doubled.
    """
    return parse_cif(read_text(Path(path), where), str(path), block=block, setting=setting)


def parse_cif(text: str, source: str, *, block: str = "", setting: str = "") -> CifStructure:
    """Return the structure in the text of a CIF.

    Parameters
    ----------
    text : str
        The text; its first block that has atom sites counts.
    source : str
        What messages and reports call it.
    block : str, optional
        The data block [the first with a structure].
    setting : str, optional
        The space group with its axes and origin, such as "F d -3 m :1" [as the file says].

    Returns
    -------
    CifStructure
        The structure; its `notes` say what was decided.

    Raises
    ------
    InputError
        For a CIF without cell or sites, with unknown elements, whose symmetry cannot be understood, or that contradicts
        itself so that atoms would be missing or doubled.
    """
    return structure_of(text, source, block, setting)


def structure_of(text: str, source: str, block: str, setting: str, *, cluster: bool = False) -> CifStructure:
    """Return the structure in the text of a CIF; cluster: whether its atoms are meant alone, in a box of any size."""
    chosen, notes = chosen_block(text, source, block)
    cell = _cell(chosen)
    formula, _, _ = stated_formula(chosen)
    found = read_sites(chosen, formula)
    u_iso, of_displacements = displacements(chosen, cell, found.rows, found.labels)
    sites = tuple(replace(site, u_iso=u) for site, u in zip(found.sites, u_iso, strict=True))
    stated, of_formula = stated_content(chosen, found.rows)
    symmetry = stated_symmetry(chosen, setting)
    agreement = Agreement(symmetry, stated, sites, cell, found.step)
    candidate, content = agreement.decided(source)
    boxed = cluster and len(candidate.operations) == 1
    check_units(content, source)
    check_overlap(content, source)
    notes += [*found.notes, *of_displacements, *of_formula, *agreement.notes]
    notes += doubts(candidate, content, symmetry.system, source, boxed)
    notes += _unsaid_angles(chosen, cell, candidate.operations.rotations)
    notes += [MODULATED] if any(tag in chosen for tag in WAVES) else []
    return CifStructure(
        source,
        text,
        cell,
        candidate.name or NAMELESS,
        candidate.operations.rotations,
        candidate.operations.translations,
        sites,
        tuple(dict.fromkeys(notes)),
        block,
        setting,
        found.step,
    )


def _cell(block: Block) -> FloatArray:
    """Return the cell; angles left out are 90°, as the dictionary of CIFs says.

    Raises InputError for a cell that is incomplete or impossible.
    """
    cell = []
    for name in CELL_NAMES[:3]:
        tag = f"_cell_length_{name}"
        text = block.text(tag)
        number = None if text is None else written_number(text)
        if number is None:
            shown = f"has {text or '?'!r} as" if tag in block else "lacks"
            raise InputError(block.source, f"{shown} the cell length {tag}; a number in Å is needed.")
        if not 0.0 < number.value <= LONGEST:
            raise InputError(block.source, f"has {text!r} as the cell length {tag}, which cannot be meant.")
        cell.append(number.value)
    for name in CELL_NAMES[3:]:
        tag = f"_cell_angle_{name}"
        text = block.text(tag) if tag in block else "90"
        number = None if text is None else written_number(text)
        if number is None or not 0.0 < number.value < 180.0:
            raise InputError(block.source, f"has {text or '?'!r} as the cell angle {tag}, which cannot be meant.")
        cell.append(number.value)
    alpha, beta, gamma = cell[3:]
    if not (alpha + beta + gamma < 360.0 and 2.0 * max(cell[3:]) < alpha + beta + gamma):
        shown = f"{alpha:g}, {beta:g} and {gamma:g}"
        raise InputError(
            block.source, f"the cell angles {shown}° make no cell; correct _cell_angle_alpha, beta, gamma."
        )
    return np.array(cell)


def _unsaid_angles(block: Block, cell: FloatArray, rotations: FloatArray) -> list[str]:
    """Return a note on angles that the file leaves out although symmetry leaves them free."""
    left_out = [name for name in CELL_NAMES[3:] if f"_cell_angle_{name}" not in block]
    if not left_out:
        return []
    free = [CELL_NAMES[i] for i in cell_freedom(cell, rotations).free]
    unsaid = [f"_cell_angle_{name}" for name in left_out if name in free]
    return [f"{in_words(unsaid)} is not given, and symmetry leaves it free; 90° was taken."] if unsaid else []
