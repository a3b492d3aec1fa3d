"""The atom sites of a CIF: elements, coordinates, occupancies; what is left out or decided is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.cif_block import FRACT, Block, written_number
from nanocrystal.sample.crystal.symmetry import FULL
from nanocrystal.tables.elements import is_element
from nanocrystal.text import in_words

VACANCIES = frozenset(("va", "vac", "vacancy", "vacant", "□"))
DUMMIES = frozenset(("x", "xx", "q", "du", "dum", "dummy", "lp"))
"""symbols of places that hold no atom: drawn points, peaks of a map, lone pairs"""
HYDROGEN = frozenset(("H", "D"))
FARTHEST = 1000.0
"""cells; no atom is listed farther from the origin"""
WATER = "wat"
"""label of the oxygen of water, as the American Mineralogist database writes it"""
NAMED = 6
"""labels that a note names, before it only counts them"""


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


@dataclass
class ReadSites:
    """The sites with atoms: their rows in the loop, sites without displacements, and what to know.

    step: one unit of the last digit of the coordinates, in parts of the cell.
    """

    rows: list[int] = field(default_factory=list)
    sites: list[CifSite] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    step: float = 0.0
    notes: list[str] = field(default_factory=list)


def read_sites(block: Block, formula: Mapping[str, float] | None) -> ReadSites:
    """Return the sites of a block; formula: element -> number, with which ambiguous labels are decided.

    Raises InputError for a site with an unknown element, without a coordinate, or with an impossible occupancy.
    """
    columns = [block.beside(FRACT[0], tag) for tag in FRACT]
    for tag, column in zip(FRACT, columns, strict=True):
        if column is None:
            raise InputError(block.source, f"has no {tag} beside {FRACT[0]}; all three coordinates are needed.")
    coordinates = list(zip(*(column for column in columns if column is not None), strict=True))
    n = len(coordinates)
    symbols = block.beside(FRACT[0], "_atom_site_type_symbol") or [None] * n
    labels = block.beside(FRACT[0], "_atom_site_label") or [None] * n
    filled = block.beside(FRACT[0], "_atom_site_occupancy") or ["1"] * n
    flags = block.beside(FRACT[0], "_atom_site_calc_flag") or [None] * n
    found, elements = ReadSites(), Elements(formula)
    steps: list[float] = []
    without: dict[str, list[str]] = {}
    for row, (symbol, label, place) in enumerate(zip(symbols, labels, coordinates, strict=True)):
        called = label or symbol
        if called is None:
            continue
        reason = "drawn points that are no atoms" if (flags[row] or "").lower() == "dum" else ""
        reason = reason or elements.why_none(symbol, called)
        if reason:
            without.setdefault(reason, []).append(called)
            continue
        element = elements.of(symbol, called, block.source)
        if element in HYDROGEN and None in place:
            without.setdefault("hydrogen without coordinates", []).append(called)
            continue
        fract = _coordinates(place, called, block.source, steps)
        occupancy = _occupancy(filled[row], called, block.source)
        if occupancy is None:
            found.notes.append(f"the occupancy of {called} is unknown; 1 was taken.")
            occupancy = 1.0
        if occupancy == 0.0:
            without.setdefault("sites of occupancy 0", []).append(called)
            continue
        found.rows.append(row)
        found.labels.append(called)
        found.sites.append(CifSite(called, element, fract, occupancy, None))
    left_out = [f"left out, as {reason}: {_few(labels)}." for reason, labels in without.items()]
    if not found.sites:
        why = f"; {' '.join(left_out)}" if left_out else "."
        raise InputError(block.source, f"has no atom sites with a label (_atom_site_label) and coordinates{why}")
    names = _names([(site.label, site.element) for site in found.sites])
    found.sites = [replace(site, label=name) for site, name in zip(found.sites, names, strict=True)]
    found.step = min((s for s in steps if s > 0.0), default=0.0)
    found.notes += left_out
    found.notes += elements.notes()
    return found


def _few(labels: list[str]) -> str:
    shown = list(dict.fromkeys(labels))
    more = len(shown) - NAMED
    return in_words(shown) if more <= 1 else f"{', '.join(shown[:NAMED])} and {more} more"


def _coordinates(
    place: tuple[str | None, ...], called: str, source: str, steps: list[float]
) -> tuple[float, float, float]:
    values = []
    for tag, text in zip(FRACT, place, strict=True):
        number = None if text is None else written_number(text)
        if number is None:
            problem = "is unknown" if text is None else f"is {text!r}, no number"
            raise InputError(
                source, f"site {called!r} lacks a coordinate: {tag} {problem}; complete it or delete the site."
            )
        if abs(number.value) > FARTHEST:
            raise InputError(source, f"site {called!r} has {text!r} as {tag}, which cannot be meant.")
        values.append(number.value)
        steps.append(number.step)
    x, y, z = values
    return x, y, z


def _occupancy(text: str | None, called: str, source: str) -> float | None:
    """Return an occupancy, at most 1, None for an unknown one; 1.004(8) is 1."""
    if text is None:
        return None
    number = written_number(text)
    if number is None:
        raise InputError(source, f"site {called!r} has {text!r} as its occupancy, which is no number.")
    allowed = max(FULL, 1.0 + (number.sigma or 0.0))
    if not 0.0 <= number.value <= allowed:
        percent = "; is it in percent?" if 1.0 < number.value <= 100.0 and number.sigma is None else "."
        raise InputError(
            source, f"site {called!r} has occupancy {number.value:g}; it must be above 0 and at most 1{percent}"
        )
    return min(number.value, 1.0)


def _names(sites: list[tuple[str, str]]) -> list[str]:
    """Return labels, with the element for an empty one, as names: letters, digits and underscores, each once."""
    names: list[str] = []
    times: dict[str, int] = {}
    for label, element in sites:
        name = re.sub(r"\W", "_", label) or element
        name = f"_{name}" if name[0].isdigit() else name
        times[name] = times.get(name, 0) + 1
        names.append(name if times[name] == 1 else f"{name}_{times[name]}")
    return names


class Reading(NamedTuple):
    """A label that may be read in two ways: what was taken, what it might be, and whether the formula decided."""

    label: str
    taken: str
    other: str
    by_formula: bool


@dataclass
class Elements:
    """The elements of sites, from type symbols or else from labels, of which some may be read in two ways."""

    formula: Mapping[str, float] | None
    ambiguous: list[Reading] = field(default_factory=list)
    water: list[str] = field(default_factory=list)

    def why_none(self, symbol: str | None, label: str) -> str:
        """Return why a site holds no atom, "" where it holds one."""
        letters = _letters(symbol or label)
        if letters.lower() in VACANCIES and not (symbol is None and letters.lower() == "va" and self._has("V")):
            return "vacancies"
        return "drawn points that are no atoms" if letters.lower() in DUMMIES else ""

    def of(self, symbol: str | None, label: str, source: str) -> str:
        """Return the element of a site; raises InputError for an unknown one."""
        text = symbol or label
        letters = _letters(text)
        if symbol is None and letters.lower().startswith(WATER):
            self.water.append(label)
            return "O"
        two, one = letters[:2].capitalize(), letters[:1].upper()
        readings = [e for e in dict.fromkeys((two, one)) if is_element(e)]
        misspelt = symbol is not None and len(letters) == 2 and letters[1].islower() and two not in readings
        if not readings or misspelt:
            raise InputError(
                source, f"site {label!r} has the unknown element {text!r}; correct _atom_site_type_symbol."
            )
        if len(readings) == 1:
            return readings[0]
        by_formula = [e for e in readings if self._has(e)] if self.formula else []
        element = by_formula[0] if len(by_formula) == 1 else two
        if element != two or (symbol is None and not (letters[0].isupper() and letters[1].islower())):
            other = one if element == two else two
            self.ambiguous.append(Reading(label, element, other, len(by_formula) == 1))
        return element

    def _has(self, element: str) -> bool:
        return self.formula is not None and element in self.formula

    def notes(self) -> list[str]:
        """Return what was taken for labels that may be read in two ways."""
        notes = []
        for decided in (True, False):
            chosen = [reading for reading in self.ambiguous if reading.by_formula == decided]
            if not chosen:
                continue
            taken = in_words(list(dict.fromkeys(r.taken for r in chosen)))
            others = in_words(list(dict.fromkeys(r.other for r in chosen)))
            why = "as _chemical_formula_sum says" if decided else "and nothing in the file decides"
            notes.append(
                f"the elements of {_few([r.label for r in chosen])} may be {taken} or {others}: {taken} taken, {why}; "
                "_atom_site_type_symbol would tell."
            )
        if self.water:
            notes.append(f"{_few(self.water)} taken as the oxygen of water; its hydrogen is not in the list.")
        return notes


def _letters(text: str) -> str:
    match = re.search(r"[^\W\d_]+|□", text)
    return match[0] if match else ""
