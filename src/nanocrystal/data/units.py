"""Units of abscissae as files write them, and what they are in Å⁻¹, Å, degrees or eV."""

from __future__ import annotations

import math
from collections.abc import Mapping

HERE: Mapping[str, str] = {"q": "Å⁻¹", "r": "Å", "two_theta": "°", "energy": "eV"}
"""abscissa -> the unit in which it is held"""

_SPELLINGS: Mapping[str, Mapping[float, str]] = {
    "q": {
        1.0: "a-1 1/a /a ang-1 1/ang /ang perangstrom inverseangstrom inverseangstroms inverseangstroem angstrom-1"
        " 1/angstrom angstroms-1 1/angstroms invangstrom invang reciprocalangstrom reciprocalangstroms perang"
        " inverseang inversea 1/angstroem angstroem-1",
        0.1: "nm-1 1/nm /nm pernm inversenanometre inversenanometres inversenanometer inversenanometers pernanometer"
        " pernanometre nanometre-1 nanometer-1 1/nanometer 1/nanometre reciprocalnanometers reciprocalnanometres invnm"
        " inversenm",
        1e-4: "um-1 1/um /um",
        1e-8: "cm-1 1/cm /cm",
        1e-10: "m-1 1/m /m",
        100.0: "pm-1 1/pm /pm",
    },
    "r": {
        1.0: "a ang angstrom angstroms angstroem",
        10.0: "nm nanometre nanometres nanometer nanometers",
        0.01: "pm picometre picometres picometer picometers",
        1e10: "m metre meter metres meters",
    },
    "two_theta": {
        1.0: "deg degs degree degrees ° grad.",
        math.degrees(1.0): "rad rads radian radians",
        math.degrees(1e-3): "mrad milliradian milliradians",
        1e-3: "mdeg millidegree millidegrees millideg",
        0.01: "cdeg centidegree centidegrees",
    },
    "energy": {1.0: "ev electronvolt electronvolts", 1000.0: "kev kiloelectronvolt kiloelectronvolts"},
    "delay": {
        1.0: "s sec second seconds",
        1e-3: "ms msec millisecond milliseconds",
        1e-6: "us",
        1e-9: "ns",
        60.0: "min",
    },
    "shift": {1.0: "ppm", math.nan: "hz khz"},
    "gradient": {1.0: "t/m", 0.01: "g/cm"},
}
FACTORS: Mapping[str, Mapping[str, float]] = {
    axis: {word: factor for factor, words in spelt.items() for word in words.split()}
    for axis, spelt in _SPELLINGS.items()
}
"""abscissa -> plain spelling of a unit -> what numbers in it are multiplied with"""
_OTHERS = (
    "mm cm um px pixel pixels channel channels ch s sec second seconds ms us µs ns ps min h k hz khz mhz "
    "ppm v t counts count cts cps a.u. au arb arb.u. arb.units arbitraryunits arbunits none 1/cm cm-1 1/m "
    "m-1 mm-1 1/mm 1/s s-1 counts/s cts/s e.u. electrons 1 - a-2 1/a2 a-3 barn b/sr cm-1sr-1 1/cm/sr %"
)
OTHERS = frozenset(_OTHERS.split())
"""units of other quantities, in plain spelling"""
_SIGNS = str.maketrans({"−": "-", "–": "-", "⁻": "-", "¹": "1", "²": "2", "µ": "u", "μ": "u", "º": "°", "˚": "°"})
_LATEX = str.maketrans("", "", "${}\\ ^*_'\"")


def plain(unit: str) -> str:
    """Return a unit in plain spelling: small letters, no blanks, signs of typesetting or Å as one letter."""
    text = unit.strip().translate(_SIGNS).replace("\\AA", "A").replace("\\aa", "A").replace("\\circ", "°")
    for spelling in ("Å", "\u212b", "Ã\x85", "Ã…", "å"):
        text = text.replace(spelling, "A")
    return text.lower().replace("ö", "oe").translate(_LATEX)


def factor(unit: str, axis: str) -> float | None:
    """Return what numbers of an abscissa in a unit are multiplied with; None for a unit that it does not have."""
    known = FACTORS.get(axis)
    return None if known is None else known.get(plain(unit))


def spellings(unit: str, axis: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return all plain spellings of a unit of an axis, and those of all its units."""
    known = FACTORS[axis]
    same = frozenset(word for word, of in known.items() if of == known[unit]) | {unit}
    return same, frozenset(known)


def is_unit(text: str) -> bool:
    """Say whether a text is a unit, of an abscissa or of another quantity."""
    word = plain(text)
    return word in OTHERS or any(word in known for known in FACTORS.values())


def looks_like_a_unit(text: str) -> bool:
    """Say whether a text can hardly be but a unit, known or not: one word with an inverse in it."""
    word = plain(text)
    return is_unit(text) or (len(word) < 16 and word[:2] == "1/") or (1 < len(word) < 16 and word[-2:] in ("-1", "-2"))
