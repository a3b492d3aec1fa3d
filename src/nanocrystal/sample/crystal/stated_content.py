"""What a CIF states of the content of the cell: formula and formula units, density, volume, multiplicities."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import gcd

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.cif_block import FRACT, Block, written_number
from nanocrystal.tables.formula import atoms_of_formula

TOLERANCE = 0.02
"""relative; formula and sites agree that well where occupancies were refined"""
FACTOR = 4.0 / 3.0
"""from here on atoms of an element are missing or doubled"""
EXCHANGED = 1.05
"""within this factor the cell has the atoms of the formula, if some of other elements"""
CALCULATED = "_exptl_crystal_density_diffrn"
MEASURED = "_exptl_crystal_density_meas"
KILOGRAMS = 1000.0
"""densities above are in kg/m³"""


@dataclass(frozen=True)
class StatedDensity:
    """A density in g/cm³; near: factor within which a right one lies, wrong: from which on atoms are missing."""

    value: float
    words: str
    near: float
    wrong: float


@dataclass(frozen=True)
class FormulaCheck:
    """How the atoms of a cell compare with the formula.

    expected: element -> number by formula × Z, or, without Z, by the formula and what fits best; units: how many
    formula units these are; ratio: what every element has of the expected, None where they differ; verdict: "agrees",
    "near", also where elements are exchanged, or "contradicts" where atoms are missing or doubled; hydrogen: how much
    of the expected H is not there.
    """

    expected: Mapping[str, float]
    units: float
    ratio: float | None
    verdict: str
    hydrogen: float


@dataclass(frozen=True)
class StatedContent:
    """What a file says of the content of its cell; what it does not say is None."""

    formula: Mapping[str, float] | None = None
    rounding: Mapping[str, float] = field(default_factory=dict)
    units: float | None = None
    density: StatedDensity | None = None
    volume: float | None = None
    multiplicities: Sequence[int | None] | None = None

    def check(self, counts: Mapping[str, float]) -> FormulaCheck | None:
        """Return how the atoms of a cell, element -> number, compare with the formula; None without a formula."""
        if self.formula is None:
            return None
        found, formula = with_hydrogen(counts), with_hydrogen(self.formula)
        if self.units is None:
            return self._compared(found, formula, _best_units(found, formula))
        checks = [self._compared(found, formula, units) for units in self._possible_units(formula)]
        return next((c for c in checks if c.verdict == "agrees"), checks[0])

    def _possible_units(self, formula: Mapping[str, float]) -> list[float]:
        """Return Z, and 1 where the formula is that of the whole cell, as some programs write it."""
        units = self.units or 1.0
        whole = [round(n) for n in formula.values()]
        exact = all(abs(n - w) < 1e-9 for n, w in zip(formula.values(), whole, strict=True))
        return [units, 1.0] if exact and units > 1.0 and gcd(*whole) == units else [units]

    def _compared(self, found: Mapping[str, float], formula: Mapping[str, float], units: float) -> FormulaCheck:
        expected = {e: units * n for e, n in formula.items()}
        allowed = {e: max(TOLERANCE * n, units * self.rounding.get(e, 0.0)) for e, n in expected.items()}
        heavy = [e for e in formula if e != "H"] or list(formula)
        ratios = {e: found.get(e, 0.0) / expected[e] for e in heavy}
        foreign = [e for e in found if e not in formula and found[e] > 0.0]
        whole = all(abs(found.get(e, 0.0) - expected[e]) <= allowed[e] for e in heavy)
        lacking = max(0.0, expected.get("H", 0.0) - found.get("H", 0.0))
        lacking = lacking if lacking > allowed.get("H", 0.0) else 0.0
        total = sum(found.get(e, 0.0) for e in {*heavy, *foreign}) / sum(expected[e] for e in heavy)
        exchanged = 1.0 / EXCHANGED < total < EXCHANGED
        hydrogen_fits = "H" in heavy or found.get("H", 0.0) <= expected.get("H", 0.0) + allowed.get("H", 0.0)
        if whole and not foreign and hydrogen_fits:
            verdict = "agrees"
        elif not exchanged and (foreign or not all(1.0 / FACTOR < r < FACTOR for r in ratios.values())):
            verdict = "contradicts"
        else:
            verdict = "near"
        low, high = min(ratios.values()), max(ratios.values())
        alike = not foreign and low > 0.0 and high / low < 1.0 + 2.0 * TOLERANCE
        return FormulaCheck(expected, units, (low + high) / 2.0 if alike else None, verdict, lacking)


def with_hydrogen(counts: Mapping[str, float]) -> dict[str, float]:
    """Return element -> number with deuterium as hydrogen."""
    merged: dict[str, float] = {}
    for element, number in counts.items():
        key = "H" if element == "D" else element
        merged[key] = merged.get(key, 0.0) + number
    return merged


def _best_units(found: Mapping[str, float], formula: Mapping[str, float]) -> float:
    """Return the number of formula units by which most atoms but hydrogen are as the formula says."""
    heavy = {e: n for e, n in formula.items() if e != "H"} or dict(formula)
    units = [found[e] / n for e, n in heavy.items() if found.get(e, 0.0) > 0.0]
    if not units:
        return 1.0
    fitting = {u: sum(n for e, n in heavy.items() if abs(found.get(e, 0.0) / n / u - 1.0) < TOLERANCE) for u in units}
    return max(units, key=lambda u: fitting[u])


def stated_content(block: Block, rows: Sequence[int]) -> tuple[StatedContent, list[str]]:
    """Return what a block states, and notes; rows: those of the atom sites that hold atoms."""
    formula, rounding, notes = stated_formula(block)
    units = block.number("_cell_formula_units_Z")
    column = block.beside(FRACT[0], "_atom_site_symmetry_multiplicity", "_atom_site_site_symmetry_multiplicity")
    multiplicities = None if column is None else [_whole(column[row]) for row in rows]
    stated = StatedContent(
        formula,
        rounding,
        units if units is not None and units > 0.0 else None,
        _density(block),
        block.number("_cell_volume"),
        multiplicities,
    )
    return stated, notes


def stated_formula(block: Block) -> tuple[Mapping[str, float] | None, Mapping[str, float], list[str]]:
    """Return element -> number of `_chemical_formula_sum`, by how much each is rounded, and notes."""
    text = block.text("_chemical_formula_sum")
    if text is None:
        return None, {}, []
    try:
        formula = atoms_of_formula(text)
    except InputError:
        return None, {}, [f"_chemical_formula_sum {text!r} cannot be read, so the sites were not compared with it."]
    rounding = {}
    for element, decimals in re.findall(r"([A-Z][a-z]?)\s*\d*\.(\d*)", text):
        rounding["H" if element == "D" else element] = 0.51 * 10.0 ** -len(decimals)
    return formula, rounding, []


def _whole(text: str | None) -> int | None:
    number = None if text is None else written_number(text)
    return None if number is None else round(number.value)


def _density(block: Block) -> StatedDensity | None:
    """Return the density that was calculated, else the measured one."""
    kinds = ((CALCULATED, "the density calculated there", 1.03, 1.25), (MEASURED, "the density measured", 1.15, 1.4))
    for tag, words, near, wrong in kinds:
        number = written_number(block.text(tag) or "")
        if number is not None and number.value > 0.0:
            rounded = 1.0 + number.step / number.value
            value = number.value / (KILOGRAMS if number.value > 100.0 else 1.0)
            return StatedDensity(value, words, max(near, rounded), max(wrong, rounded))
    return None
