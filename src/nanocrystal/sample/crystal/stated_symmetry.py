"""What a CIF states of its symmetry, in up to four ways: a list of operations, Hall symbol, name, number.

Each statement means one setting or several; those that all statements allow are what the file may mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.cif_block import Block, written_number
from nanocrystal.sample.crystal.group_operations import (
    Operations,
    check_group,
    closed,
    missing_product,
    ordered,
    read_operations,
)
from nanocrystal.sample.crystal.group_symbols import (
    Setting,
    hall_operations,
    setting_of,
    settings_named,
    settings_numbered,
)

FloatArray = NDArray[np.float64]
LISTED = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
HALL = ("_space_group_name_Hall", "_symmetry_space_group_name_Hall")
NAMES = (
    "_space_group_name_H-M_alt",
    "_space_group_name_H-M_full",
    "_symmetry_space_group_name_H-M",
    "_space_group_name_H-M",
    "_space_group_name_H-M_ref",
)
NUMBERS = ("_space_group_IT_number", "_symmetry_Int_Tables_number")
SYSTEMS = ("_space_group_crystal_system", "_symmetry_cell_setting")
SETTING = "setting"
"""key and argument that say the setting in the place of the file"""


@dataclass(frozen=True, eq=False)
class Candidate:
    """Operations that a file may mean, and what they are called."""

    operations: Operations
    setting: Setting | None
    name: str

    @classmethod
    def of(cls, setting: Setting) -> Candidate:
        """Return a setting as one."""
        return cls(setting.operations, setting, setting.short)

    @property
    def shown(self) -> str:
        """Its symbol with origin or axes, in quotes."""
        return repr(self.setting.symbol) if self.setting else repr(self.name) if self.name else "the listed operations"

    @property
    def number(self) -> int | None:
        """Its number in the International Tables, None where its setting is none of those known."""
        return self.setting.number if self.setting else None


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement of a file about its symmetry: what it is called, and what it may mean, the usual first.

    tells: how much of it is said: "operations", each of them; "axes", but not where the origin is; "group" alone.
    """

    words: str
    candidates: Sequence[Candidate]
    tells: Literal["operations", "axes", "group"]

    def allows(self, candidate: Candidate) -> bool:
        """Return whether a candidate is what is stated."""
        if any(candidate.operations.codes == c.operations.codes for c in self.candidates):
            return True
        if self.tells == "operations":
            return False
        if candidate.setting is not None:
            return self.tells == "group" and any(candidate.number == c.number for c in self.candidates)
        return any(candidate.operations.kind == c.operations.kind for c in self.candidates)


@dataclass(frozen=True, eq=False)
class StatedSymmetry:
    """All statements of a file about its symmetry, the one that counts most first, and what to know of them.

    incomplete: the listed operations where they are no group.
    """

    statements: Sequence[Statement]
    listed: Candidate | None
    incomplete: Operations | None
    system: str | None
    notes: Sequence[str]

    def consistent(self, cell: FloatArray) -> list[Candidate]:
        """Return what all statements allow and the cell fits, the usual first."""
        fitting = [c for c in distinct(self.statements[0].candidates) if c.operations.fits(cell)]
        return usual_axis([c for c in fitting if all(s.allows(c) for s in self.statements)])

    def possible(self, cell: FloatArray) -> list[Candidate]:
        """Return all that any statement means and the cell fits; where it fits none, their groups in other axes."""
        stated = distinct([c for s in self.statements for c in s.candidates])
        fitting = [c for c in stated if c.operations.fits(cell)]
        numbers = dict.fromkeys(c.number for c in stated if c.number is not None)
        others = [Candidate.of(s) for n in numbers for s in settings_numbered(n)]
        return fitting or [c for c in distinct(others) if c.operations.fits(cell)]

    def against(self, candidate: Candidate) -> list[str]:
        """Return the statements, in words, that a candidate contradicts."""
        return [s.words for s in self.statements if not s.allows(candidate)]


def distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return candidates with different operations, the first of each."""
    found: dict[frozenset[int], Candidate] = {}
    for candidate in candidates:
        found.setdefault(candidate.operations.codes, candidate)
    return list(found.values())


def usual_axis(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates without other unique axes than the first's, where all are monoclinic: b is meant unsaid."""
    settings = [c.setting for c in candidates if c.setting is not None and c.setting.system == "monoclinic"]
    if len(settings) < len(candidates):
        return list(candidates)
    axes = [s.axes.strip("-0123456789") for s in settings]
    return [c for c, axis in zip(candidates, axes, strict=True) if axis == axes[0]]


def stated_symmetry(block: Block, setting: str = "") -> StatedSymmetry:
    """Return what a block says of its symmetry; setting: a symbol that is taken in the place of what it says.

    Raises InputError where nothing is said that is known, for operations that cannot be read, and, at "setting", for
    an unknown symbol.
    """
    notes: list[str] = []
    statements: list[Statement] = []
    listed, incomplete = _listed(block)
    if listed is not None:
        statements.append(Statement("the list of operations", [listed], "operations"))
    statements += _hall(block, notes)
    named = _named(block, notes)
    statements += named
    numbered = _numbered(block, notes)
    statements += numbered
    system = block.text(*SYSTEMS)
    if setting:
        return StatedSymmetry([_by_user(setting)], None, None, system, _against_user(setting, statements))
    if incomplete is not None and not statements:
        check_group(incomplete, block.source)
    if not statements:
        raise InputError(block.source, _nothing_known(block))
    return StatedSymmetry(statements, listed, incomplete, system, notes)


def _nothing_known(block: Block) -> str:
    """Return the sentence about a block whose symmetry nothing says."""
    names, numbers = ([text for _, text in block.texts(*tags)] for tags in (NAMES, NUMBERS))
    said = f"gives the unknown space group {names[0]!r}" if names else "names no space group"
    if numbers and not names:
        said = f"gives {numbers[0]!r} as the number of its space group, which must be 1 to 230,"
    return (
        f"{said} and lists no symmetry operations; add _space_group_symop_operation_xyz, or a standard "
        "_space_group_name_H-M_alt such as 'P 1' or 'F m -3 m'."
    )


def _listed(block: Block) -> tuple[Candidate | None, Operations | None]:
    """Return the listed operations, or else, where they are no group, what there is of them."""
    columns = (block.column(tag) for tag in LISTED)
    triplets = next((known for known in ([t for t in column or () if t] for column in columns) if known), [])
    if not triplets:
        return None, None
    operations = read_operations(triplets, block.source)
    if missing_product(operations) is not None:
        return None, operations
    operations = ordered(operations)
    setting = setting_of(operations)
    return Candidate(operations, setting, setting.short if setting else _name_of(block)), None


def _name_of(block: Block) -> str:
    """Return what a block calls a setting that is none of those known, "" where it says nothing."""
    return block.text(*NAMES) or ""


def _hall(block: Block, notes: list[str]) -> list[Statement]:
    statements = []
    for _, text in block.texts(*HALL):
        operations = hall_operations(text)
        if operations is None or missing_product(operations) is not None:
            notes.append(f"the Hall symbol {text!r} cannot be read, so it was not compared.")
            continue
        setting = setting_of(operations)
        candidate = Candidate(operations, setting, setting.short if setting else _name_of(block) or text)
        statements.append(Statement(f"the Hall symbol {text!r}", [candidate], "operations"))
    return _once(statements)


def _named(block: Block, notes: list[str]) -> list[Statement]:
    statements = []
    for tag, text in block.texts(*NAMES):
        settings = settings_named(text)
        if not settings:
            notes.append(f"the space group {text!r} is no known symbol, so it was not compared.")
            continue
        # a name of the reference setting says nothing of the axes of the file
        tells: Literal["axes", "group"] = "group" if tag.endswith("_ref") else "axes"
        statements.append(Statement(f"the name {text!r}", [Candidate.of(s) for s in settings], tells))
    return _once(statements)


def _numbered(block: Block, notes: list[str]) -> list[Statement]:
    statements = []
    for tag, text in block.texts(*NUMBERS):
        number = written_number(text)
        settings = () if number is None else settings_numbered(round(number.value))
        if not settings:
            notes.append(f"{tag} is {text!r}, which is no number of a space group (1 to 230).")
            continue
        statements.append(Statement(f"the number {text}", [Candidate.of(s) for s in settings], "group"))
    return _once(statements)


def _once(statements: list[Statement]) -> list[Statement]:
    return list({s.words: s for s in statements}.values())


def _by_user(setting: str) -> Statement:
    settings = settings_named(setting)
    if settings:
        return Statement(f"{SETTING} = {setting!r}", [Candidate.of(s) for s in settings], "axes")
    operations = hall_operations(setting)
    if operations is None or missing_product(operations) is not None:
        problem = f"{setting!r} is no symbol of a space group; write it like 'F d -3 m :1' or 'P 1 21/n 1'."
        raise InputError(SETTING, problem)
    known = setting_of(operations)
    candidate = Candidate(operations, known, known.short if known else setting)
    return Statement(f"{SETTING} = {setting!r}", [candidate], "operations")


def _against_user(setting: str, statements: Sequence[Statement]) -> list[str]:
    chosen = _by_user(setting)
    against = [s.words for s in statements if not any(s.allows(c) for c in chosen.candidates)]
    return [f"{SETTING} = {setting!r} was taken, against {' and '.join(against)} of the file."] if against else []


def completed(symmetry: StatedSymmetry) -> Candidate | None:
    """Return the group that an incomplete list generates, None where it generates none."""
    group = None if symmetry.incomplete is None else closed(symmetry.incomplete)
    if group is None:
        return None
    setting = setting_of(group)
    return Candidate(group, setting, setting.short if setting else "")
