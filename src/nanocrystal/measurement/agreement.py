"""What a file states of its measurement against what a study says of it: one table, one rule.

A fact on which the calculated numbers rest (radiation, wavelength, units) is refused where the two contradict each
other by more than the digits of the file allow; another is remarked on. `believe = "study"` leaves the header aside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.data import Curve
from nanocrystal.data.stated import Stated
from nanocrystal.data.units import looks_like_a_unit, plain, spellings
from nanocrystal.errors import InputError
from nanocrystal.sample import Sample
from nanocrystal.tables.formula import atoms_of_formula
from nanocrystal.tables.xray_tubes import K_ALPHA

WITHIN = 1e-4
"""relative; wavelengths that differ by more are not the same"""
ROUNDED = 2e-3
"""relative; other numbers that differ by more are not the same"""
MOST_ROUNDING = 1e-3
"""relative; what few digits excuse at the most"""
SAME_COMPOSITION = 0.05
"""relative; ratios of elements that differ by more are those of another composition"""


@dataclass(frozen=True)
class Says:
    """What a study says of a fact that a file may state.

    value: it; shown: in words, as part of a sentence; key: of the data set, where the study says it; tolerated: why
    another value in the file does no harm, "" where it does; advice: what to do, where that is not the same always.
    """

    value: Any
    shown: str
    key: str = "file"
    tolerated: str = ""
    advice: str = ""


@dataclass(frozen=True)
class _Rule:
    """How a fact is compared; words: what it is; refused: whether a contradiction ends the run; advice: what to do."""

    words: str
    same: Callable[[Stated, Any], bool]
    refused: bool
    unit: str = ""
    advice: str = ""


OF_BLANKS = ("radiation", "wavelength", "anode", "x_unit")
"""facts that must be those of the data in a blank, too, wavelength and anode over 2θ"""


def remarks_on(curve: Curve, says: Mapping[str, Says], where: str) -> list[str]:
    """Return remarks on what the file of a curve states otherwise than its study; says: name of a fact -> it.

    where: the address of the data set. Raises InputError where the two cannot both be meant.
    """
    remarks = []
    for name, rule in _RULES.items():
        said, stated = says.get(name), getattr(curve.stated, name)
        if said is None or stated in (None, "") or rule.same(curve.stated, said.value):
            continue
        value = f"{stated:g}" if isinstance(stated, float) else f"{stated}"
        shown = f"{rule.words}{value}{rule.unit}"
        words = f"{Path(curve.source).name} states {shown} ({curve.stated.place(name)}), but {said.shown}"
        if rule.refused and not said.tolerated:
            advice = f'{said.advice or rule.advice}; where the header is wrong, say believe = "study"'
            raise InputError(f"{where}.{said.key}", f"{words}. {advice[0].upper()}{advice[1:]}.")
        remarks.append(f"{words}{f': {said.tolerated}' if said.tolerated else ''}.")
    return remarks


def says_of_beam(radiation: str, technique: str, where: str, tolerated: str = "") -> Mapping[str, Says]:
    """Return what a technique that calculates with X-rays says of the radiation.

    radiation: as the study has it; tolerated: why neutrons would give the same curve, "" where they do not. Raises
    InputError where the study asks for what is not calculated.
    """
    if radiation != "x-ray" and not tolerated:
        raise InputError(
            f"{where}.radiation",
            f"is {radiation}: technique {technique} calculates with the form factors of X-rays; the scattering of "
            "neutrons is not calculated yet.",
        )
    of = technique if technique == "reduction" else f"technique {technique}"
    return {"radiation": Says("x-ray", f"{of} calculates with X-rays", tolerated=tolerated)}


def says_of_unit(axis: str, unit: str, shown: str, key: str, advice: str) -> Mapping[str, Says]:
    """Return what a study says of the unit of an abscissa; axis: of `data.units`; unit: in plain spelling."""
    return {"x_unit": Says(spellings(unit, axis), shown, key, advice=advice)}


def says_of_sample(sample: Sample) -> Mapping[str, Says]:
    """Return what a sample says of a composition that a file may state: its elements, and their ratios if it is one."""
    elements = {e for c in sample.crystals.values() for e in c.elements}
    elements |= {e for p in sample.populations.values() for e in p.shape.species}
    if not elements:
        return {}
    formulas = {c.formula for c in sample.crystals.values()}
    alone = next(iter(formulas)) if len(formulas) == 1 and len(sample.populations) == 1 else ""
    shown = f"the sample of the study is {alone}" if alone else f"the sample of the study holds {_listed(elements)}"
    return {"composition": Says((frozenset(elements), alone), shown)}


def _listed(elements: set[str]) -> str:
    return ", ".join(sorted(elements))


# ---- comparing ------------------------------------------------------------------------------------


def _is_near(stated: float, said: float, relative: float, rounding: float) -> bool:
    """Compare numbers; rounding: relative, of what the file gives, which excuses a little only."""
    return abs(stated - said) <= max(relative, min(rounding, MOST_ROUNDING)) * (1.0 + 1e-9) * abs(said)


def _lines(first: float, second: float | None) -> list[float]:
    """Return a wavelength, or those of a doublet and their mean by 2 to 1, Å."""
    return [first] if second is None else [first, second, (2.0 * first + second) / 3.0]


def _same_wavelength(stated: Stated, said: tuple[float, ...]) -> bool:
    """Compare the first lines; a single line on one side may be any line of a doublet on the other, or their mean.

    A number that a header states in nm, without saying so, is that wavelength, too.
    """
    assert stated.wavelength is not None
    second = said[1] if len(said) > 1 else None
    rounding = stated.rounding("wavelength")
    if stated.second_wavelength is not None and second is not None:
        return _is_near(stated.wavelength, said[0], WITHIN, rounding)
    mine = _lines(said[0], second)
    theirs = _lines(stated.wavelength, stated.second_wavelength)
    return any(_is_near(t, unit * m, WITHIN, rounding) for t in theirs for m in mine for unit in (1.0, 0.1))


def _same_anode(stated: Stated, said: tuple[float, ...]) -> bool:
    """Compare an anode with the wavelengths of a study, which may be those of its doublet or their mean."""
    if stated.anode not in K_ALPHA:
        return True
    lines = _lines(*K_ALPHA[stated.anode])
    return any(abs(w / line - 1.0) < ROUNDED for w in said for line in lines)


def _same_composition(stated: Stated, said: tuple[frozenset[str], str]) -> bool:
    try:
        theirs = atoms_of_formula(stated.composition, "")
    except InputError:
        return True  # a name, no formula
    elements, formula = said
    if theirs.keys() != elements:
        return False
    if not formula:
        return True
    try:
        mine = atoms_of_formula(formula, "")
    except InputError:
        return True
    parts = np.array([[counts[e] for e in sorted(elements)] for counts in (theirs, mine)], dtype=np.float64)
    parts /= parts.sum(axis=1, keepdims=True)
    return bool(np.all(np.abs(parts[0] - parts[1]) <= SAME_COMPOSITION * parts[1]))


def _same_number(name: str) -> Callable[[Stated, float], bool]:
    return lambda stated, said: _is_near(getattr(stated, name), said, ROUNDED, stated.rounding(name))


_RULES: Mapping[str, _Rule] = {
    "radiation": _Rule(
        "the radiation ",
        lambda stated, said: stated.radiation == said,
        refused=True,
        advice="other radiation than X-rays is not calculated yet",
    ),
    "wavelength": _Rule(
        "a wavelength of ",
        _same_wavelength,
        refused=True,
        unit=" Å",
        advice="give the wavelength with which the file was measured",
    ),
    "anode": _Rule(
        "an anode of ",
        _same_anode,
        refused=True,
        advice="give the tube with which the file was measured",
    ),
    "x_unit": _Rule(
        "the unit ",
        lambda stated, said: plain(stated.x_unit) in said[0] or plain(stated.x_unit) not in said[1],
        refused=True,
    ),
    "y_unit": _Rule(
        "the unit ",
        lambda stated, said: plain(stated.y_unit) in said or not looks_like_a_unit(stated.y_unit),
        refused=True,
        advice="convert the intensity to cm⁻¹, or leave the amount out and the scale to the fit",
    ),
    "composition": _Rule("the composition ", _same_composition, refused=False),
    "qmax": _Rule("qmax = ", _same_number("qmax"), refused=False, unit=" Å⁻¹"),
    "qmin": _Rule("qmin = ", _same_number("qmin"), refused=False, unit=" Å⁻¹"),
    "qdamp": _Rule("qdamp = ", _same_number("qdamp"), refused=False, unit=" Å⁻¹"),
    "qbroad": _Rule("qbroad = ", _same_number("qbroad"), refused=False, unit=" Å⁻¹"),
}
"""fact of a file -> how it is compared"""
