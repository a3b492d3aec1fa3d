"""Whether a CIF agrees with itself: which of the settings that it may mean is meant, and what contradicts what.

Evidence comes in order: formula × Z, the multiplicities of the sites, atoms that overlap, density, volume per atom.
Where what is stated contradicts itself, only formula × Z or a stated density decides, and a note says so. Where atoms
would be missing or doubled the file is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.cif_sites import CifSite
from nanocrystal.sample.crystal.content import DENSE, PLAUSIBLE, SPARSE, Content
from nanocrystal.sample.crystal.group_symbols import settings_numbered
from nanocrystal.sample.crystal.stated_content import StatedContent
from nanocrystal.sample.crystal.stated_symmetry import Candidate, StatedSymmetry, completed, distinct
from nanocrystal.text import in_words

FloatArray = NDArray[np.float64]
Made = tuple[Candidate, Content]
CLOSER = 0.7
"""of the shortest contact that another setting gives; in wrong settings of 180 known structures none is longer than
the right one by more than a quarter, and three of ten are shorter by so much"""
TAG = "_space_group_name_H-M_alt"


class Agreement:
    """The decision for one file.

    cell: (6,), Å and °; step: one unit of the last digit of coordinates; notes: what is to be known of the decision.
    """

    def __init__(
        self, symmetry: StatedSymmetry, stated: StatedContent, sites: Sequence[CifSite], cell: FloatArray, step: float
    ) -> None:
        self.symmetry, self.stated, self.sites, self.cell, self.step = symmetry, stated, sites, cell, step
        self.notes: list[str] = list(symmetry.notes)

    def decided(self, source: str) -> Made:
        """Return the operations that are meant and the content of the cell; raises InputError where none can be."""
        symmetry = self.symmetry
        if symmetry.incomplete is not None:
            return self._of_incomplete(source)
        consistent = [self._made(c) for c in symmetry.consistent(self.cell)]
        if not consistent:
            return self._of_contradiction(source)
        if symmetry.listed is None and len(consistent) == 1 and _against_formula(consistent[0][1]):
            return self._of_other_axes(consistent[0])
        return self._narrowed(consistent, source)

    def _made(self, candidate: Candidate) -> Made:
        return candidate, Content(self.sites, self.cell, candidate.operations, self.step, self.stated)

    # ---- what is left open ----------------------------------------------------------------------

    def _narrowed(self, made: list[Made], source: str) -> Made:
        """Return the one of several settings for which the evidence is; raises InputError where none is."""
        if len(made) == 1:
            return made[0]
        left, reason = made, ""
        for test, why in EVIDENCE:
            contents = [m[1] for m in left]
            kept = [m for m in left if test(m[1], contents)]
            if kept and len(kept) < len(left):
                left, reason = kept, why(kept[0][1])
            if len(left) == 1:
                break
        first = left[0]
        others = [m for m in left[1:] if not m[1].same_as(first[1])]
        if others and first[1].clash is None:
            choices = in_words([f"{c.shown} ({content.words})" for c, content in [first, *others]], "or")
            raise InputError(
                source,
                f"{self._stated_words()} leaves open which setting is meant, and its atoms fit {choices}; say it in "
                f'{TAG}, or as setting = "{first[0].shown[1:-1]}".',
            )
        if reason:
            self.notes.append(
                f"{self._stated_words()} leaves the setting open: {first[0].shown} was taken, as {reason}."
            )
        return first

    def _stated_words(self) -> str:
        return in_words([s.words for s in self.symmetry.statements])

    def _of_other_axes(self, stated: Made) -> Made:
        """Return a group in other axes or with another origin, where only so the atoms are those of the formula."""
        candidate, content = stated
        others = [Candidate.of(s) for s in settings_numbered(candidate.number or 0)]
        fitting = [self._made(c) for c in distinct(others) if c.operations.fits(self.cell)]
        agreeing = _with_bonds([m for m in fitting if _agrees_strongly(m[1])])
        if not agreeing or not all(m[1].same_as(agreeing[0][1]) for m in agreeing[1:]):
            return stated
        meant, right = agreeing[0]
        self.notes.append(
            f"{self._stated_words()} contradicts the formula: there would be {content.words} in the cell; "
            f"{meant.shown} was taken, with which it holds {right.words}, as {_expected_words(right)}."
        )
        return meant, right

    # ---- what contradicts itself ----------------------------------------------------------------

    def _of_contradiction(self, source: str) -> Made:
        """Return what formula × Z or the density decides for; raises InputError where they do not."""
        made = [self._made(c) for c in self.symmetry.possible(self.cell)]
        listed = self.symmetry.listed
        misfit = not any(c.operations.fits(self.cell) for s in self.symmetry.statements for c in s.candidates)
        agreeing = [m for m in made if _agrees_strongly(m[1])] or [m for m in made if _near_formula(m[1])]
        if not agreeing and listed is not None and made and made[0][0] is listed and not _said(made[0][1]):
            agreeing = self._plausible_list(made)
        agreeing = made if misfit and len(made) == 1 else _with_bonds(agreeing)
        alike = [m for m in agreeing if m[1].same_as(agreeing[0][1])]
        if agreeing and (agreeing[0][0] is listed or len(alike) == len(agreeing)):
            meant, content = agreeing[0]
            why = f"with it the cell holds {content.words}"
            why += f", as {_expected_words(content)}" if _agrees_strongly(content) else ""
            what = "the list of operations" if meant is listed else meant.shown
            against, others = in_words(self.symmetry.against(meant)), self._others_than(meant)
            against, others = (self._cell_words(), self._stated_words()) if misfit else (against, others)
            self.notes.append(f"{against} contradicts {others}: {what} was taken; {why}.")
            return meant, content
        if misfit:
            name = self.symmetry.statements[0].candidates[0].name
            problem = f"{self._cell_words()} and the symmetry {name!r} disagree"
            raise InputError(source, f"{problem}; correct the cell or the symmetry operations.")
        raise InputError(source, self._contradiction(made))

    def _cell_words(self) -> str:
        return f"the cell ({', '.join(f'{v:g}' for v in self.cell)})"

    def _plausible_list(self, made: list[Made]) -> list[Made]:
        """Return the list of operations first, where nothing else than the name or number is against it."""
        listed, *others = made
        same = all(m[1].counts == listed[1].counts or not _ordinary(m[1]) for m in others)
        return [listed] if _ordinary(listed[1]) and same else []

    def _others_than(self, meant: Candidate) -> str:
        allowing = [s.words for s in self.symmetry.statements if s.allows(meant)]
        return in_words(allowing) if allowing else "the rest of the file"

    def _contradiction(self, made: Sequence[Made]) -> str:
        shown = []
        for statement in self.symmetry.statements:
            means = [m for m in made if statement.allows(m[0])]
            where = f" ({means[0][0].shown}: {means[0][1].words} in the cell)" if means else ""
            shown.append(f"{statement.words}{where}")
        says = f", where {_expected_words(made[0][1])}" if _expected_words(made[0][1]) else ""
        return (
            f"contradicts itself: {'; '.join(dict.fromkeys(shown))}{says}. Correct or delete what is wrong, or give "
            'setting = "…".'
        )

    def _of_incomplete(self, source: str) -> Made:
        """Return the group of a list that lacks operations, where all else in the file agrees with it."""
        from nanocrystal.sample.crystal.group_operations import check_group

        group, listed = completed(self.symmetry), self.symmetry.incomplete
        if group is not None and group.operations.fits(self.cell) and not self.symmetry.against(group):
            content = self._made(group)[1]
            if _agrees_strongly(content):
                lacking = len(group.operations) - len(listed or ())
                self.notes.append(
                    f"the list of operations is no group: it lacks {lacking} of {len(group.operations)}, and was "
                    f"completed to {group.shown}, as with it the cell holds {content.words}, as "
                    f"{_expected_words(content)}."
                )
                return group, content
        assert listed is not None
        check_group(listed, source)
        raise AssertionError


# ---- evidence -------------------------------------------------------------------------------------


def _formula_fits(content: Content) -> bool:
    return content.formula is not None and content.formula.verdict == "agrees"


def _against_formula(content: Content) -> bool:
    """Return whether atoms are missing or doubled by formula × Z."""
    return content.stated.units is not None and content.formula is not None and not _formula_fits(content)


def _near_formula(content: Content) -> bool:
    """Return whether the content is nearly what formula × Z says, as where an occupancy was refined."""
    near = content.stated.units is not None and content.formula is not None and content.formula.verdict == "near"
    return near and _density_near(content) and content.clash is None


def _density_fits(content: Content) -> bool:
    density, ratio = content.stated.density, content.density_ratio
    return density is not None and ratio is not None and 1.0 / density.near < ratio < density.near


def _density_near(content: Content) -> bool:
    density, ratio = content.stated.density, content.density_ratio
    return density is None or ratio is None or 1.0 / density.wrong < ratio < density.wrong


def _said(content: Content) -> bool:
    """Return whether the file says how much is in the cell: formula × Z, or a density."""
    stated = content.stated
    return (stated.formula is not None and stated.units is not None) or stated.density is not None


def _ordinary(content: Content) -> bool:
    """Return whether atoms are as far apart and as many as in an ordinary solid."""
    return DENSE < content.volume_ratio < PLAUSIBLE and content.clash is None


def _agrees_strongly(content: Content) -> bool:
    """Return whether the content is what formula × Z says, or else the density, and nothing speaks against it."""
    if content.stated.formula is not None and content.stated.units is not None:
        return _formula_fits(content) and _density_near(content) and content.clash is None
    proportions = content.formula is None or _formula_fits(content)
    return proportions and _density_fits(content) and content.clash is None


def _expected_words(content: Content) -> str:
    """Return what of the file says how much is in the cell, "" where nothing does."""
    stated = content.stated
    if stated.formula is not None and stated.units is not None:
        return "formula × Z says"
    return f"{stated.density.words}, {stated.density.value:.4g} g/cm³, says" if stated.density is not None else ""


def _with_bonds(made: list[Made]) -> list[Made]:
    """Return those whose atoms are not much closer than they could be."""
    contents = [m[1] for m in made]
    return [m for m in made if _bonded(m[1], contents)]


def _bonded(content: Content, others: Sequence[Content]) -> bool:
    return content.closest > CLOSER * max(other.closest for other in others)


Test = Callable[[Content, Sequence[Content]], bool | None]
EVIDENCE: tuple[tuple[Test, Callable[[Content], str]], ...] = (
    (lambda c, _: _formula_fits(c), lambda c: f"only so the cell holds {c.words} and agrees with the formula"),
    (lambda c, _: c.multiplicities_agree, lambda c: "only so the multiplicities of the sites are those stated"),
    (lambda c, _: c.clash is None, lambda c: "else atoms would overlap"),
    (lambda c, _: _density_fits(c), lambda c: f"only so the density is that stated, {c.density:.3g} g/cm³"),
    (
        lambda c, _: DENSE < c.volume_ratio < SPARSE,
        lambda c: f"only so the atoms take the volume of a solid ({c.words} in {c.volume:.4g} Å³)",
    ),
    (_bonded, lambda c: "else atoms would be closer than they are in solids"),
)
"""tests of the content of a cell in the order in which they count, and what a note says where one decides"""
