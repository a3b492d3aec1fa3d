"""Lists of symmetry operations: read, checked to be groups, compared whatever their axes and origin."""

from __future__ import annotations

import gemmi
import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.group_operations import (
    Operations,
    check_group,
    closed,
    missing_product,
    ordered,
    read_operations,
)

DIAMOND = [op.triplet() for op in gemmi.SpaceGroup("F d -3 m:1").operations()]


def test_decimals_and_spaces_are_read() -> None:
    found = read_operations(["x,y,z", "-X, 0.5 + Y , -Z+.5"], "x.cif")
    assert found.codes == read_operations(["x,y,z", "-x,y+1/2,1/2-z"], "x.cif").codes


def test_an_operation_that_stands_twice_counts_once() -> None:
    assert len(read_operations(["x,y,z", "-x,-y,-z", "-x+1,-y,-z"], "x.cif")) == 2


@pytest.mark.parametrize("wrong", ["x,y", "x,y,q", "x,y,z+1/7"])
def test_unreadable_operations_are_told_by_their_number(wrong: str) -> None:
    with pytest.raises(InputError, match=r"x\.cif: its symmetry operation number 2, "):
        read_operations(["x,y,z", wrong], "x.cif")


def test_what_is_flat_is_no_operation() -> None:
    """x,x,z applied twice is itself: with the identity it is closed, and still no symmetry."""
    with pytest.raises(InputError, match="does not keep volumes"):
        read_operations(["x,y,z", "x,x,z"], "x.cif")


def test_every_setting_is_a_group_and_lacks_what_is_taken_away() -> None:
    for setting in list(gemmi.spacegroup_table())[::7]:
        operations = Operations.of(setting.operations())
        assert missing_product(operations) is None
        if len(operations) > 2:
            assert missing_product(Operations(operations.turns[:-1], operations.shifts[:-1])) is not None


def test_the_missing_operation_is_named() -> None:
    with pytest.raises(InputError, match="3 symmetry operations are no group: x,-y,z follows"):
        check_group(read_operations(["x,y,z", "-x,y,-z", "-x,-y,-z"], "x.cif"), "x.cif")
    with pytest.raises(InputError, match="lack the identity"):
        check_group(read_operations(["-x,-y,-z"], "x.cif"), "x.cif")


def test_a_list_is_completed() -> None:
    for kept in (DIAMOND[:-1], DIAMOND[::2][:40] + DIAMOND[1:3]):
        made = closed(read_operations(kept, "x.cif"))
        assert made is not None
        assert made.codes == read_operations(DIAMOND, "x.cif").codes
    assert closed(read_operations(["x,y,z", "x+1/24,y,z", "x,y+1/24,z"], "x.cif")) is None


def test_order_of_the_turns_is_kept() -> None:
    listed = read_operations(DIAMOND, "x.cif")
    assert np.array_equal(ordered(listed).turns, listed.turns)
    assert ordered(listed).codes == listed.codes


def test_kind_is_that_of_the_group_in_all_its_settings() -> None:
    kinds: dict[int, set[object]] = {}
    for setting in gemmi.spacegroup_table_itb():
        if setting.number % 3 == 0:
            kinds.setdefault(setting.number, set()).add(Operations.of(setting.operations()).kind)
    assert all(len(found) == 1 for found in kinds.values())
    assert len({next(iter(found)) for found in kinds.values()}) > 60


@pytest.mark.parametrize("symbol", ["P 1 21/c 1", "P n m a", "I 41/a m d:2", "P 63/m m c", "F d -3 m:1"])
def test_kind_does_not_change_with_origin_or_axes(symbol: str) -> None:
    group = gemmi.SpaceGroup(symbol).operations()
    before = Operations.of(group).kind
    for change in ("x+1/8,y-1/12,z+1/3", "x+y,y,z-x", "z,x,y"):
        group.change_basis_forward(gemmi.Op(change))
        assert Operations.of(group).kind == before
