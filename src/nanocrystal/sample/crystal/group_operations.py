"""Symmetry operations as a set: read from triplets, checked to be a group, compared with other sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.symmetry import metric_misfit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
PARTS = 24
"""translations are counted in these parts of the cell"""
MOST = 192
"""operations of a cell; no group of the International Tables has more"""
METRIC_MISFIT = 2e-3
"""relative; a cell whose metric the operations change by more is not theirs"""
_POWERS = 5 ** np.arange(9, dtype=np.int64)
_SHIFTS = PARTS ** np.arange(3, dtype=np.int64)
_CELLS = np.array(list(product((-1, 0, 1), repeat=3)), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Operations:
    """Operations x → R x + t on fractional coordinates.

    turns: (n, 3, 3) whole numbers; shifts: (n, 3), in 24ths of the cell.
    """

    turns: IntArray
    shifts: IntArray

    @classmethod
    def of(cls, operations: Iterable[Any]) -> Operations:
        """Return operations of gemmi's."""
        listed = list(operations)
        turns = np.array([op.rot for op in listed], dtype=np.int64) // PARTS
        return cls(turns, np.array([op.tran for op in listed], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.turns)

    @property
    def rotations(self) -> FloatArray:
        """The matrices R, (n, 3, 3)."""
        return self.turns.astype(np.float64)

    @property
    def translations(self) -> FloatArray:
        """The translations t in parts of the cell, (n, 3)."""
        return self.shifts / PARTS

    @cached_property
    def codes(self) -> frozenset[int]:
        """One number for each operation modulo lattice translations."""
        return frozenset(_codes(self.turns, self.shifts).tolist())

    def gemmi_group(self) -> Any:
        """Return the operations as gemmi has them."""
        import gemmi

        return gemmi.GroupOps([_gemmi_op(turn, shift) for turn, shift in zip(self.turns, self.shifts, strict=True)])

    def fits(self, cell: FloatArray) -> bool:
        """Return whether the operations keep the metric of a cell."""
        return metric_misfit(cell, self.rotations) <= METRIC_MISFIT

    @cached_property
    def kind(self) -> tuple[tuple[tuple[int, int, tuple[int, ...]], int], ...]:
        """What no change of axes or origin changes: how many turns there are of each kind, with their screws.

        A turn is told by determinant, trace, and the numbers m for which m times the screw or glide of an operation
        with that turn is a lattice translation, m as small as can be.
        """
        centrings = self.shifts[(self.turns == np.eye(3, dtype=np.int64)).all(axis=(1, 2))]
        lattice = frozenset(_shift_codes(centrings).tolist())
        found: dict[bytes, set[int]] = {}
        for turn, shift in zip(self.turns, self.shifts, strict=True):
            found.setdefault(turn.tobytes(), set()).update(_screws(turn, shift, lattice))
        turns = {key: np.frombuffer(key, dtype=np.int64).reshape(3, 3) for key in found}
        kinds = (
            (round(float(np.linalg.det(turns[k]))), int(np.trace(turns[k])), tuple(sorted(found[k]))) for k in found
        )
        return tuple(sorted(Counter(kinds).items()))


def _codes(turns: IntArray, shifts: IntArray) -> IntArray:
    turned = (turns.reshape(*turns.shape[:-2], 9) + 2) @ _POWERS
    return np.asarray(turned * PARTS**3 + (shifts % PARTS) @ _SHIFTS)


def _shift_codes(shifts: IntArray) -> IntArray:
    return np.asarray((shifts % PARTS) @ _SHIFTS)


def _screws(turn: IntArray, shift: IntArray, lattice: frozenset[int]) -> set[int]:
    """Return the smallest m for which m times the screw is a lattice translation, of an operation in several cells."""
    power, order, total = turn, 1, np.eye(3, dtype=np.int64)
    while not np.array_equal(power, np.eye(3)):
        total, power, order = total + power, power @ turn, order + 1
    along = (shift + PARTS * _CELLS) @ total.T  # order times the screw, (n_cells, 3)
    screws = set()
    left = np.ones(len(along), dtype=bool)
    for m in range(1, order + 1):
        whole = left & (m * along % order == 0).all(axis=1)
        whole &= np.isin(_shift_codes(m * along // order), list(lattice))
        if whole.any():
            screws.add(m)
            left &= ~whole
    return screws


# ---- a list in a file -----------------------------------------------------------------------------


def read_operations(triplets: Sequence[str], source: str) -> Operations:
    """Return operations listed as x,y,z, each once; raises InputError for what is no operation."""
    import gemmi

    listed: dict[str, Any] = {}
    for number, text in enumerate(triplets, start=1):
        try:
            op = gemmi.Op(text.replace(" ", "").lower())
        except (ValueError, RuntimeError) as error:
            problem = f"its symmetry operation number {number}, {text!r}, cannot be read ({error})."
            raise InputError(source, f"{problem} Write it as x,y,z with fractions such as 1/2.") from None
        if abs(op.det_rot()) != gemmi.Op.DEN**3:
            problem = f"its symmetry operation number {number}, {text!r}, is none: it does not keep volumes"
            raise InputError(source, f"{problem}; correct it.")
        listed.setdefault(op.wrap().triplet(), op)
    return Operations.of(listed.values())


def check_group(operations: Operations, source: str) -> None:
    """Raise InputError where operations lack the identity, or one that two of them make."""
    missing = missing_product(operations)
    if missing is not None:
        if missing == "x,y,z":
            raise InputError(source, "its symmetry operations lack the identity x,y,z; correct or complete the list.")
        raise InputError(
            source,
            f"its {len(operations)} symmetry operations are no group: {missing} follows from two of them and is not "
            "in the list; correct or complete it, or leave it out where _space_group_name_H-M_alt says the symmetry.",
        )


def missing_product(operations: Operations) -> str | None:
    """Return an operation that a group with these would have and they lack, None where they are a group."""
    turns, shifts = operations.turns, operations.shifts
    identity = _codes(np.eye(3, dtype=np.int64), np.zeros(3, dtype=np.int64))
    if int(identity) not in operations.codes:
        return "x,y,z"
    products = turns[:, None] @ turns[None], np.einsum("aij,bj->abi", turns, shifts) + shifts[:, None]
    lacking = ~np.isin(_codes(*products), np.array(sorted(operations.codes)))
    if not lacking.any():
        return None
    first = np.unravel_index(int(np.argmax(lacking)), lacking.shape)
    return triplet(products[0][first], products[1][first])


def closed(operations: Operations) -> Operations | None:
    """Return the group that operations generate; None where it is none of a crystal."""
    made = operations
    while missing_product(made) is not None:
        turns = np.concatenate([np.eye(3, dtype=np.int64)[None], (made.turns[:, None] @ made.turns).reshape(-1, 3, 3)])
        moved = np.einsum("aij,bj->abi", made.turns, made.shifts) + made.shifts[:, None]
        shifts = np.concatenate([np.zeros((1, 3), dtype=np.int64), moved.reshape(-1, 3)])
        turns, shifts = np.concatenate([made.turns, turns]), np.concatenate([made.shifts, shifts]) % PARTS
        _, first = np.unique(_codes(turns, shifts), return_index=True)
        if len(first) > MOST:
            return None
        made = Operations(turns[np.sort(first)], shifts[np.sort(first)])
    return ordered(made)


def ordered(operations: Operations) -> Operations:
    """Return the operations of a group with those of a primitive cell first, then those that centring adds."""
    made = Operations.of(operations.gemmi_group())
    return made if made.codes == operations.codes else operations


def triplet(turn: IntArray, shift: IntArray) -> str:
    """Return an operation as x,y,z."""
    return str(_gemmi_op(turn, shift % PARTS).triplet())


def _gemmi_op(turn: IntArray, shift: IntArray) -> Any:
    import gemmi

    op = gemmi.Op()
    op.rot = (turn * PARTS).tolist()
    op.tran = shift.tolist()
    return op
