"""What the lines above a table state of a measurement, read in the words of many programs.

Taken are `key = value` and `key: value`, cells of a spreadsheet that stand side by side, and lines of JSON. Sentences
are not read, but for two words that leave no doubt: PDFgetN, and neutron beside what is measured with neutrons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nanocrystal.data.lines import quoted
from nanocrystal.data.stated import Radiation, Stated, half_digit
from nanocrystal.data.units import plain

EV_ANGSTROM = 12398.419843320026
"""h c in eV Å, exact SI values"""
MOST_LINES, LONGEST_LINE = 5000, 1000
"""lines of a header, and characters of a line, that are looked at"""
SHORTEST, LONGEST = 0.01, 50.0
"""Å; what lies beyond is no wavelength that a header means"""

_PAIR = re.compile(r"(?:^|(?<=[\s#!%;(]))([A-Za-z_][\w.\-]*)[ \t]*=(?!=)", re.ASCII)
_KEY = re.compile(
    r"""["'\s#!%;/*]*(?:(?:Inst|Sam)parm: )?"""
    r"""([A-Za-zα-ωΑ-Ω_][\w \-./()\[\]°Åα-ω]{0,50}?)["']?\s{0,20}[:=,;\t]\s{0,20}(\S.*)""",
    re.DOTALL,
)
_BARE = re.compile(r"[\s#!%;/*]*(calibrated wavelength|wavelength|lambda)\s{1,20}([\d.].*)", re.IGNORECASE)
_WIDE_GAP = re.compile(r"\t|[ ]{2,}")
_NUMBER = re.compile(r"[\"'\s]*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)[\"'\s]*([^\s\"',;)]*)")
_BRACKET = re.compile(r"[(\[]([^()\[\]]*)[)\]]$")
_NEUTRONS = re.compile(
    r"^\W*neutrons?\W*$|\bpdfgetn\b|\bneutron[- ](powder|diffraction|pdf|data|scattering|total|pair|beam)",
    re.IGNORECASE,
)
_X_RAYS = re.compile(r"\bpdfgetx\w*|\bx[- ]?rays?\b|\bsynchrotron\b", re.IGNORECASE)
_GSAS_TYPE = re.compile(r"P([XN])[CTB]")
_TUBE = re.compile(r"(Ti|Cr|Fe|Co|Ni|Cu|Mo|Rh|Ag|W)[\s,_-]*(K|$)")
_ELEMENT = re.compile(r"[A-Z][a-z]?")


@dataclass(frozen=True)
class _Statement:
    """A key in plain letters, its value, the unit in the brackets of the key, and where both stand."""

    key: str
    value: str
    unit: str
    place: str


_OF_ENERGY = "wavelength by the energy"
_WAVELENGTHS = (
    "wavelength lambda lambda1 wavelength1 calibratedwavelength xraywavelength kalpha1 kalpha1wavelength "
    "ka1 wl wl1 incidentwavelength radiationwavelength diffrnradiationwavelength kα1 "
    "kα1wavelength lam"
)
_SECOND = "kalpha2 kalpha2wavelength lambda2 wavelength2 ka2 wl2 kα2 kα2wavelength"
_RATIOS = "kalpha2kalpha1ratio ka2ka1ratio ka2ka1 ratiokalpha2kalpha1 kα2kα1ratio kalpha2ratio"
_ENERGIES = "energy xrayenergy beamenergy photonenergy incidentenergy energykev energyev"
_ANODES = "anode anodematerial target targetmaterial xraytarget xrayanode tubeanode tube xraysource source"
_RADIATIONS = (
    "radiation radiationtype stype mode scatteringtype probe beam particle radiationprobe beamtype datatype type kind "
    "experiment experimenttype technique scatterer source sourcetype"
)
_COMPOSITIONS = "composition formula chemicalformula samplecomposition sampleformula chemicalcomposition"
_SAMPLES = "sample samplename sampleid title"
_TEMPERATURES = "temperature temp sampletemperature t temperaturek"
_TIMES = "countingtime timeperstep steptime scansteptime timeperstepsec"


def stated_in(header: Sequence[str]) -> Stated:
    """Return what a header states; header: the lines above the table, as they stand.

    Where a key comes twice the first value that can be read stands.
    """
    found: dict[str, Any] = {}
    places: dict[str, str] = {}
    roundings: dict[str, float] = {}
    for statement in _statements(header):
        for name, read in _FACTS.get(statement.key, ()):
            if name in found:
                continue
            value = read(statement)
            if value is not None:
                found[name], places[name] = value, statement.place
                match = _NUMBER.match(statement.value)
                if match is not None and isinstance(value, float):
                    roundings[name] = half_digit(match[1])
    if "radiation" not in found:
        radiation, place = _free_words(header)
        if radiation is not None:
            found["radiation"], places["radiation"] = radiation, place
    by_energy = found.pop(_OF_ENERGY, None)
    if by_energy is not None and "wavelength" not in found:
        found["wavelength"], places["wavelength"] = by_energy, places[_OF_ENERGY]
        roundings["wavelength"] = roundings[_OF_ENERGY]
    return Stated(**found, places=places, roundings=roundings)


def pairs_in(header: Sequence[str]) -> dict[str, str]:
    """Return the "key = value" pairs of the header lines, keys in lower case.

    Several pairs may stand on one line; a value ends at the next pair or at a wide gap.
    """
    return {key.lower(): value for line in header for key, value in _pairs(line)}


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    keys = list(_PAIR.finditer(line))
    for i, key in enumerate(keys):
        end = keys[i + 1].start() if i + 1 < len(keys) else len(line)
        value = line[key.end() : end].strip()
        yield key[1], _WIDE_GAP.split(value, maxsplit=1)[0].strip().rstrip(",;") if value else ""


def _statements(header: Sequence[str]) -> Iterator[_Statement]:
    """Yield what lines state, a line of several pairs each of them."""
    for number, text in enumerate(header[:MOST_LINES], start=1):
        line = text[:LONGEST_LINE].lstrip("\ufeff")
        pairs: Sequence[tuple[str, str]] = list(_pairs(line)) if "=" in line else ()
        if len(pairs) < 2:
            match = _KEY.match(line) or _BARE.match(line)
            pairs = [(match[1], match[2])] if match else pairs
        for key, value in pairs:
            bracket = _BRACKET.search(key.strip())
            name = key.strip()[: bracket.start()] if bracket else key
            plain_key = re.sub(r"[\W_]", "", name.lower())
            place = f"line {number}, {quoted(line, 60)}"
            yield _Statement(plain_key, value.strip(), bracket[1] if bracket else "", place)


def _free_words(header: Sequence[str]) -> tuple[Radiation | None, str]:
    """Return the radiation that free text names without doubt, and where."""
    neutrons = x_rays = ""
    for number, text in enumerate(header[:MOST_LINES], start=1):
        line = text[:LONGEST_LINE]
        neutrons = neutrons or (f"line {number}, {quoted(line, 60)}" if _NEUTRONS.search(line) else "")
        x_rays = x_rays or (f"line {number}, {quoted(line, 60)}" if _X_RAYS.search(line) else "")
    return ("neutron", neutrons) if neutrons and not x_rays else (None, "")


# ---- values -----------------------------------------------------------------------------------------


def _number(statement: _Statement) -> tuple[float, str] | None:
    """Return the number of a value, and the unit beside it or in the key, in plain spelling."""
    match = _NUMBER.match(statement.value)
    if match is None:
        return None
    try:
        value = float(match[1])
    except ValueError:
        return None
    return (value, plain(match[2].strip("()[]") or statement.unit)) if abs(value) < 1e300 else None


def _wavelength(statement: _Statement) -> float | None:
    found = _number(statement)
    if found is None:
        return None
    value, unit = found
    factors = {"nm": 10.0, "pm": 0.01, "m": 1e10}
    factor = factors.get(unit, 1e10 if value < 1e-7 else 1.0)
    return _within(value * factor)


def _from_energy(statement: _Statement) -> float | None:
    found = _number(statement)
    if found is None or not found[0] > 0.0:
        return None
    value, unit = found
    kilo = unit == "kev" or statement.key.endswith("kev") or (unit != "ev" and value < 300.0)
    return _within(EV_ANGSTROM / (1000.0 * value if kilo else value))


def _within(wavelength: float) -> float | None:
    """Return a wavelength in Å without the digits that a unit adds, None where it can be none."""
    return float(f"{wavelength:.12g}") if SHORTEST <= wavelength <= LONGEST else None


def _positive(statement: _Statement) -> float | None:
    found = _number(statement)
    return found[0] if found is not None and found[0] > 0.0 else None


def _inverse_angstrom(statement: _Statement) -> float | None:
    found = _number(statement)
    if found is None or found[0] < 0.0:
        return None
    return float(f"{0.1 * found[0]:.12g}") if found[1] in ("nm-1", "1/nm") else found[0]


def _kelvin(statement: _Statement) -> float | None:
    found = _number(statement)
    if found is None:
        return None
    value, unit = found
    if unit in ("c", "°c", "degc"):
        return value + 273.15 if value >= -273.15 else None
    certain = unit == "k" or (statement.key not in ("t", "temp") and unit == "" and value >= 60.0)
    return value if certain and value >= 0.0 else None


def _anode(statement: _Statement) -> str | None:
    value = statement.value.strip(" \"',;")
    tube = _TUBE.match(value)
    if tube:
        return tube[1]
    element = _ELEMENT.fullmatch(value)
    return value if element and statement.key not in ("source", "tube", "xraysource") else None


def _radiation(statement: _Statement) -> Radiation | None:
    """Return the radiation that a value names; only `stype` names it by one letter."""
    value = re.sub(r"[\s\"',;_-]", "", statement.value.lower().partition("#")[0])
    letters: dict[str, Radiation] = {"x": "x-ray", "n": "neutron", "e": "electron"}
    if statement.key == "stype" and value in letters:
        return letters[value]
    if value.startswith(("neutron", "spallationneutron", "reactorneutron", "pulsedreactorneutron")):
        return "neutron"
    if value.startswith(("xray", "synchrotron", "fixedtubexray")):
        return "x-ray"
    return "electron" if value in ("electron", "electrons") else None


def _of_gsas(statement: _Statement) -> Radiation | None:
    match = _GSAS_TYPE.fullmatch(statement.value.strip(" \"',;"))
    return None if match is None else ("x-ray" if match[1] == "X" else "neutron")


def _text(statement: _Statement) -> str | None:
    value = statement.value.strip(" \"',;")
    return value[:200] or None


_QUANTITIES = {"gr": "g", "fq": "f", "sq": "s", "iq": "intensity"}


def _quantity(statement: _Statement) -> str | None:
    return _QUANTITIES.get(statement.value.strip(" \"',;").lower())


def _table() -> Mapping[str, Sequence[tuple[str, Callable[[_Statement], Any]]]]:
    facts: dict[str, list[tuple[str, Callable[[_Statement], Any]]]] = {}
    for names, fact, read in (
        (_WAVELENGTHS, "wavelength", _wavelength),
        (_SECOND, "second_wavelength", _wavelength),
        (_RATIOS, "ratio", _positive),
        (_ENERGIES, _OF_ENERGY, _from_energy),
        (f"{_ANODES} radiation radiationtype", "anode", _anode),
        (_RADIATIONS, "radiation", _radiation),
        ("type", "radiation", _of_gsas),
        (_COMPOSITIONS, "composition", _text),
        ("qmin", "qmin", _inverse_angstrom),
        ("qmax", "qmax", _inverse_angstrom),
        ("qdamp", "qdamp", _inverse_angstrom),
        ("qbroad", "qbroad", _inverse_angstrom),
        (_TEMPERATURES, "temperature", _kelvin),
        (_TIMES, "counting_time", _positive),
        (_SAMPLES, "sample", _text),
        ("outputtype", "quantity", _quantity),
    ):
        for name in names.split():
            facts.setdefault(name, []).append((fact, read))
    return facts


_FACTS = _table()
"""plain key -> facts that it may state, and how its value is read"""
