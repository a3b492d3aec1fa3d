"""Symbols and numbers of elements."""

from __future__ import annotations

import pytest

from nanocrystal.errors import InputError
from nanocrystal.tables.elements import atomic_number, symbol_of


def test_symbols_by_number_and_back() -> None:
    assert [symbol_of(z) for z in (1, 29, 82, 118)] == ["H", "Cu", "Pb", "Og"]
    assert all(atomic_number(symbol_of(z)) == z for z in range(1, 119))


@pytest.mark.parametrize("number", [0, -1, 119])
def test_numbers_that_no_element_has(number: int) -> None:
    with pytest.raises(InputError, match=f"^{number} is not the atomic number of an element"):
        symbol_of(number)
