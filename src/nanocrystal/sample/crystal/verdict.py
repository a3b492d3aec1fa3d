"""What is wrong with the content of a cell by the rest of its file: what is refused, and what is only said."""

from __future__ import annotations

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.contacts import overlap_words
from nanocrystal.sample.crystal.content import DENSE, PLAUSIBLE, SPARSE, Content, counted
from nanocrystal.sample.crystal.stated_content import FormulaCheck
from nanocrystal.sample.crystal.stated_symmetry import Candidate
from nanocrystal.tables.atomic_volumes import expected_volume

TOO_FULL, TOO_EMPTY = 0.03, 15.0
"""of the usual volume; outside, lengths are in another unit, or the cell is not that of these atoms"""
UNITS = {"pm": 1e6, "nm": 1e-3}
"""unit -> the volume of a cell whose lengths are in it, read as Å, over the true one"""
VOLUME = 0.01
"""relative; cell lengths and stated volume agree better"""
SYSTEMS = {
    "trigonal": ("trigonal", "rhombohedral", "hexagonal"),
    "hexagonal": ("hexagonal",),
}
"""crystal system of a group -> what files call it; others by their own name"""
EDITS = "correct or delete what is wrong"


def check_units(content: Content, source: str) -> None:
    """Raise InputError for a cell whose lengths are in another unit, or in which the atoms cannot be."""
    ratio = content.volume_ratio
    if TOO_FULL < ratio < TOO_EMPTY or _density_supports(content):
        return
    per_atom = content.volume / sum(content.counts.values())
    a, b, c = (f"{length:g}" for length in content.cell[:3])
    for unit, factor in UNITS.items():
        if 0.5 * DENSE < ratio / factor < 2.0 * SPARSE:
            raise InputError(
                source,
                f"the cell ({a}, {b}, {c}) would be {per_atom:.3g} Å³ for each atom; are its lengths in {unit}? They "
                "must be in Å.",
            )
    if ratio < TOO_FULL:
        raise InputError(
            source,
            f"the cell has {per_atom:.3g} Å³ for each atom, {1.0 / ratio:.2g} times less than such atoms take; check "
            "its lengths (in Å), its angles (in degrees) and the symmetry.",
        )


def check_overlap(content: Content, source: str) -> None:
    """Raise InputError where two atoms are closer than atoms can be."""
    clash = content.clash
    if clash is None:
        return
    first, second = (content.sites[content.site_of_atom[k]].label for k in (clash.first, clash.second))
    raise InputError(source, overlap_words(first, second, clash, content.volume))


def doubts(candidate: Candidate, content: Content, system: str | None, source: str, boxed: bool = False) -> list[str]:
    """Return what disagrees; raises InputError where atoms are missing or doubled.

    boxed: whether the cell is a box around a cluster, which may be as large as it likes.
    """
    notes: list[str] = []
    stated = content.stated
    if stated.volume is not None and abs(stated.volume / content.volume - 1.0) > VOLUME:
        notes.append(
            f"_cell_volume is {stated.volume:g} Å³, but lengths and angles of the cell give {content.volume:.5g} Å³."
        )
    check = content.formula
    if check is not None:
        notes += _formula_notes(check, content, source)
    notes += _density_notes(content, source)
    if content.multiplicities_agree is False:
        notes.append("the multiplicities of its sites are not those that the space group gives.")
    if not boxed and not _content_agrees(content):
        notes += volume_notes(content)
    group = candidate.setting.system if candidate.setting is not None else None
    if group is not None and system is not None and system.lower() not in SYSTEMS.get(group, (group,)):
        notes.append(f"the crystal system is given as {system!r}, but {candidate.shown} is {group}.")
    return notes


def _content_agrees(content: Content) -> bool:
    """Return whether the file itself confirms how much is in the cell."""
    by_formula = content.stated.units is not None and content.formula is not None
    if by_formula and content.formula is not None and content.formula.verdict == "agrees":
        return True
    return _density_supports(content)


def _density_supports(content: Content) -> bool:
    density, ratio = content.stated.density, content.density_ratio
    return density is not None and ratio is not None and 1.0 / density.near < ratio < density.near


def _ordinary(ratio: float) -> bool:
    return DENSE < ratio < PLAUSIBLE


def _formula_notes(check: FormulaCheck, content: Content, source: str) -> list[str]:
    units = content.stated.units
    if check.verdict == "agrees":
        notes = []
        if check.hydrogen:
            notes.append(
                f"the formula has {check.expected['H']:.4g} H in the cell, of which {check.hydrogen:.4g} are not among "
                "the sites."
            )
        if units is None and abs(check.units - max(1.0, round(check.units))) > 0.05:
            notes.append(f"the cell holds {check.units:.3g} times the formula, which is no whole number.")
        return notes
    said = "formula × Z" if units is not None else "its formula"
    problem = f"the sites make {content.words} in the cell, but {said} says {counted(dict(check.expected))}"
    if check.verdict == "near":
        return [f"{problem}."]
    expected = content.volume / expected_volume(check.expected)
    by_volume = check.ratio is not None and _ordinary(content.volume_ratio) and not DENSE < expected < SPARSE
    if _density_supports(content):
        return [f"{problem}; the density agrees with the sites."]
    if by_volume:
        return [f"{problem}; the volume of the cell, {content.volume:.5g} Å³, is that of what the sites make."]
    tags = "_chemical_formula_sum and _cell_formula_units_Z" if units is not None else "_chemical_formula_sum"
    raise InputError(
        source,
        f"{problem}: atoms are missing or doubled; {EDITS}: the symmetry, the coordinates and occupancies, or {tags}.",
    )


def _density_notes(content: Content, source: str) -> list[str]:
    density, ratio = content.stated.density, content.density_ratio
    if density is None or ratio is None or 1.0 / density.near < ratio < density.near:
        return []
    problem = f"the sites make {content.density:.4g} g/cm³, but {density.words} is {density.value:.4g} g/cm³"
    agrees = content.stated.units is not None and content.formula is not None and content.formula.verdict == "agrees"
    if 1.0 / density.wrong < ratio < density.wrong or agrees:
        return [f"{problem}."]
    if _ordinary(content.volume_ratio) and not _ordinary(content.volume_ratio * ratio):
        return [f"{problem}; the volume of the cell, {content.volume:.5g} Å³, is that of what the sites make."]
    raise InputError(
        source,
        f"{problem}: atoms are missing or doubled; {EDITS}: the symmetry, the coordinates and occupancies, or the "
        "density.",
    )


def volume_notes(content: Content) -> list[str]:
    """Return a note on a cell that is unusually full or empty."""
    ratio = content.volume_ratio
    if DENSE < ratio < SPARSE:
        return []
    per_atom = content.volume / sum(content.counts.values())
    times = f"{ratio:.2g} times" if ratio > 1.0 else f"{ratio:.2g} of"
    why = "atoms may be missing, or there are pores" if ratio > 1.0 else "atoms may be doubled"
    return [f"the cell has {per_atom:.3g} Å³ for each atom, {times} what {content.words} usually take: {why}."]
