"""Facts about elements: masses and covalent radii, from the tables that gemmi carries."""

from __future__ import annotations

from functools import cache

from nanocrystal.errors import InputError

HIGHEST = 119
"""no atomic number reaches it"""


@cache
def _element(symbol: str) -> tuple[int, float, float]:
    import gemmi

    element = gemmi.Element(symbol)
    return element.atomic_number, element.weight, element.covalent_r


def is_element(symbol: str) -> bool:
    """Say whether `symbol` is that of a chemical element, written as usual (Cs, not CS)."""
    return symbol.isalpha() and symbol == symbol.capitalize() and _element(symbol)[0] > 0


def _known(symbol: str) -> tuple[int, float, float]:
    if not is_element(symbol):
        raise InputError("", f"{symbol!r} is not the symbol of an element.")
    return _element(symbol)


def atomic_number(symbol: str) -> int:
    """Return the atomic number; raises InputError for an unknown symbol."""
    return _known(symbol)[0]


def symbol_of(number: int) -> str:
    """Return the symbol of the element with an atomic number; raises InputError for a number that no element has."""
    import gemmi

    if not 0 < number < HIGHEST:
        raise InputError("", f"{number} is not the atomic number of an element.")
    return str(gemmi.Element(number).name)


def atomic_mass(symbol: str) -> float:
    """Return the standard atomic mass in daltons (gemmi's table)."""
    return _known(symbol)[1]


def covalent_radius(symbol: str) -> float:
    """Return the covalent radius in Å (Cordero et al., Dalton Trans. 2008, 2832, by gemmi's table)."""
    return _known(symbol)[2]
