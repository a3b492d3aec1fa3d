"""The unit of an abscissa: what a file says of it, and what its numbers are multiplied with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nanocrystal.arrays import FloatArray
from nanocrystal.data import units
from nanocrystal.data.headings import Heading, heading
from nanocrystal.data.lines import quoted
from nanocrystal.errors import InputError

UNIT_KEYS = ("qunit", "xunit", "unitx", "unitq", "unitofq", "qunits", "xunits", "xaxisunit")
"""plain keys of a header that name the unit of the abscissa"""
_PER_NM = re.compile(r"nm ?\^?\{? ?[-−] ?1|1 ?/ ?nm|nm⁻¹", re.IGNORECASE)
_PER_ANGSTROM = re.compile(r"(\bA|Å|\bang\w*|\\AA) ?\^?\{? ?[-−] ?1|1 ?/ ?(A\b|Å|ang)|(A|Å)⁻¹", re.IGNORECASE)
_TWO_THETA = re.compile(r"(?<![a-z0-9])(2|two)[ _-]?th(eta)?(?![a-z])|2θ|\btth\b", re.IGNORECASE)
_Q = re.compile(r"\bq(?![a-z])", re.IGNORECASE)
LONGEST_LINE = 200
"""characters of a line of free text that may say what the abscissa is"""


@dataclass(frozen=True)
class Scale:
    """What numbers of an abscissa are multiplied with; unit: as the file states it, "" where it does not."""

    factor: float = 1.0
    unit: str = ""
    words: str = ""

    def of(self, x: FloatArray) -> FloatArray:
        """Return an abscissa in the unit in which it is held; x: (n,) as it stands in the file."""
        return x if self.factor == 1.0 else x * self.factor if self.factor > 1.0 else x / (1.0 / self.factor)

    def note(self, axis: str) -> tuple[str, ...]:
        """Return what is said of a conversion."""
        if self.factor == 1.0:
            return ()
        return (f"{axis} was converted to {units.HERE[axis]}: the header says {quoted(self.words, 60)}",)


def scale_of(header: Sequence[str], title: Heading, axis: str, address: str, told: bool) -> Scale:
    """Return the scale of an abscissa, of which `title` is the heading; header: the lines above the table.

    told: whether the user said what the abscissa is. Raises InputError for a unit that this abscissa does not have,
    and, unless told, where free text speaks of another abscissa or of nm, without a heading that could be read.
    """
    if axis not in units.HERE:
        unit = title.unit or (title.text if units.plain(title.text) in units.FACTORS["shift"] else "")
        return Scale(1.0, unit, title.text) if units.is_unit(unit) else Scale()
    if title.unit:
        return _known(title.unit, axis, title.text, address)
    for line in header:
        said = _unit_of_line(line, axis, titled=bool(title.text))
        if said is not None:
            return _known(said.unit, axis, said.text, address)
    if not (title.text or told):
        _refuse_other_words(header, axis, address)
    return Scale()


def _known(unit: str, axis: str, words: str, address: str) -> Scale:
    factor = units.factor(unit, axis)
    if factor is not None:
        return Scale(factor, unit, words)
    if not units.looks_like_a_unit(unit):
        return Scale()
    known = {1.0: units.HERE[axis], "q": "nm⁻¹", "r": "nm", "two_theta": "radians", "energy": "keV"}
    raise InputError(
        address,
        f"the header says {quoted(words, 60)}, but {axis} cannot be in '{unit}'; it is read in {known[1.0]} or "
        f'{known[axis]}. Convert it, or, where the header is wrong, say believe = "study".',
    )


def _unit_of_line(line: str, axis: str, titled: bool) -> Heading | None:
    """Return a line of a header that is a key which names the unit, or, unless there are headings, a title with it."""
    text = line.strip().lstrip("\ufeff#!%; \t")
    if not text or len(text) > LONGEST_LINE:
        return None
    key, found, value = text.partition("=")
    if not found:
        key, found, value = text.partition(":")
    if found:
        named = re.sub(r"[^a-z]", "", key.lower()) in UNIT_KEYS and units.is_unit(value.strip(" \"',"))
        return Heading(text, axis, value.strip(" \"',")) if named else None
    said = Heading("") if titled else heading(text)
    return said if said.meaning == axis and units.factor(said.unit, axis) is not None else None


def _refuse_other_words(header: Sequence[str], axis: str, address: str) -> None:
    """Raise InputError for free text, in a file without headings, that names another abscissa or q in nm⁻¹."""
    for line in header:
        if "=" in line or len(line) > LONGEST_LINE:
            continue
        if axis != "two_theta" and _TWO_THETA.search(line) and not _Q.search(line):
            raise InputError(
                address,
                f"column 1 is read as {axis}, but the header says {quoted(line, 40)}; say which it is, such as "
                'columns = ["two_theta", "intensity"], or, where the header is wrong, believe = "study".',
            )
        if axis == "q" and _PER_NM.search(line) and not _PER_ANGSTROM.search(line):
            raise InputError(
                address,
                f'the header says {quoted(line, 40)}; is q in nm⁻¹? Say q_unit = "1/nm" where a data set has that key, '
                'or convert q to Å⁻¹; where the header is wrong, say believe = "study".',
            )
