"""Chemical formulas."""

from __future__ import annotations

import re

from nanocrystal.errors import InputError
from nanocrystal.tables.elements import is_element

_TOKEN = re.compile(r"\s*([A-Z][a-z]?)\s*(\d*\.?\d*(?:[eE][+-]?\d+)?)")


def atoms_of_formula(formula: str, where: str = "") -> dict[str, float]:
    """Return how many atoms of each element a formula such as "CsPbBr3" or "Cs Pb Br3" has; raises InputError."""
    if not formula.strip():
        raise InputError(where, 'is empty; give a formula such as "CsPbBr3".')
    if any(c in formula for c in "()[]"):
        raise InputError(where, f"{formula!r} has brackets; write every element with its number, such as CH3NH3PbI3.")
    counts: dict[str, float] = {}
    rest = formula
    while rest.strip():
        match = _TOKEN.match(rest)
        if match is None:
            raise InputError(where, f"{formula!r} cannot be read at {rest.strip()!r}; write it like CsPbBr3.")
        element, number = match[1], match[2]
        if not is_element(element):
            raise InputError(where, f"{element!r} in {formula!r} is no element; symbols are written like Cs, Pb, Br.")
        counts[element] = counts.get(element, 0.0) + (float(number) if number not in ("", ".") else 1.0)
        rest = rest[match.end() :]
    counts = {e: n for e, n in counts.items() if n > 0.0}
    if not counts:
        raise InputError(where, f"{formula!r} holds no atoms.")
    return counts
