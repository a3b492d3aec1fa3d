"""FIDs and spectra of JEOL (.jdf), read with nmrglue once the sizes in their header fit.

Layout, as far as it is needed here (nmrglue, fileio/jeol.py): a big-endian header of 1360 bytes; at 8 the byte order of
what follows, at 14 in the two highest bits the kind of numbers, at 24 eight kinds of axes, at 176 eight numbers of
points, at 1212 where parameters begin, at 1284 where data begin. Parameters are 16 bytes, of which the third integer
says how many there are, then 64 bytes each: at 4 a power of ten, at 32 the kind of its value.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.data.nmr_data import MHZ, WIDEST_PPM, NmrData, sweep_of, time_axis
from nanocrystal.data.nmr_foreign import content_of, named_nucleus, nmrglue, read_by, unreadable
from nanocrystal.data.numbers import finite_number, number_of, text_of
from nanocrystal.errors import InputError

WHAT = "JEOL data"
MOST_BYTES = 1 << 28
HEADER, PARAMETER = 1360, 64
BYTES_OF_NUMBERS = {0: 8, 1: 4}
SECTIONS = {3: 2, 4: 2}
"""kind of an axis -> how many parts its numbers have: complex ones two"""
HIGHEST_POWER = 30
TEXT = 0
HOTTEST = 3000.0
WORDS = {"proton": "1H", "deuterium": "2H", "carbon": "C", "nitrogen": "N", "fluorine": "F", "phosphorus": "P"}
WORDS |= {"silicon": "Si", "boron": "B", "cesium": "Cs", "lead": "Pb", "tin": "Sn", "cadmium": "Cd"}
WORDS |= {"selenium": "Se", "aluminum": "Al", "lithium": "Li", "sodium": "Na"}
"""what JEOL calls nuclei"""


def read_jeol(path: Path, nucleus: str | None = None) -> NmrData:
    """Return the FID or spectrum of a one-dimensional .jdf; raises InputError."""
    jeol = nmrglue("jeol", path)
    _check_sizes(path, content_of(path, MOST_BYTES))
    header, values = read_by(path, WHAT, lambda: jeol.read(str(path)))
    if not isinstance(values, np.ndarray) or np.squeeze(values).ndim != 1:
        raise InputError(str(path), "has more than one dimension; of JEOL single FIDs and spectra are read.")
    parameters = {k: v for k, v in header["parameters"].items() if k != "info"}
    values = np.squeeze(values).astype(np.complex128)
    width = sweep_of(parameters, "x_sweep", path)
    carrier = 1e-6 * number_of(parameters, "x_freq", path, least=1e6 * MHZ[0], most=1e6 * MHZ[1], unit="Hz")
    offset = number_of(parameters, "x_offset", path, 0.0, least=-WIDEST_PPM, most=WIDEST_PPM, unit="ppm")
    reference = carrier / (1.0 + 1e-6 * offset)
    unit = str(header["header"]["units"][0]).lower()
    in_hz = "hz" in unit or "hertz" in unit
    notes: tuple[str, ...]
    if is_spectrum := "ppm" in unit or in_hz:
        x, notes = _shifts(header["header"], path, len(values), reference if in_hz else None)
        if x[0] > x[-1]:
            x, values = x[::-1], values[::-1]
    else:
        delay, said = _delay(parameters)
        x, notes = time_axis(len(values), 1.0 / width, delay), (said,)
    celsius = finite_number(parameters.get("temp_get"))
    return NmrData(
        domain="shift" if is_spectrum else "time",
        values=values,
        x=x,
        complete=True,
        nucleus=named_nucleus(_nucleus(text_of(parameters, "x_domain")), nucleus, path, "x_domain"),
        carrier_mhz=carrier,
        reference_mhz=reference,
        format="JEOL",
        source=str(path),
        temperature=None if celsius is None or not -273.15 < celsius < HOTTEST else celsius + 273.15,
        solvent=text_of(parameters, "solvent") or None,
        parameters=parameters,
        notes=notes,
    )


def _check_sizes(path: Path, content: bytes) -> None:
    """Raise InputError where a header states more data or parameters than the file has, or no sane power of ten."""
    if len(content) < HEADER:
        raise unreadable(path, WHAT, f"it has {len(content)} bytes, its header takes {HEADER}")
    kind = BYTES_OF_NUMBERS.get(content[14] >> 6)
    if content[8] > 1 or kind is None:
        raise unreadable(path, WHAT, "its header states no known order or kind of numbers")
    sections = 2 if 4 in content[24:32] else math.prod(SECTIONS.get(axis, 1) for axis in content[24:32])
    points = math.prod(struct.unpack_from(">8I", content, 176))
    (start,) = struct.unpack_from(">I", content, 1284)
    if start + points * sections * kind > len(content) or points < 1:
        said = f"{points} points in {sections} parts of {kind} bytes from byte {start} on"
        raise InputError(str(path), f"is cut off: its header states {said}, it has {len(content)}; copy it again.")
    order = "<" if content[8] == 1 else ">"
    (at,) = struct.unpack_from(">I", content, 1212)
    first = at + 16
    count = struct.unpack_from(f"{order}I", content, at + 8)[0] if first <= len(content) else 1
    if first + count * PARAMETER > len(content):
        raise unreadable(path, WHAT, f"its header states parameters from byte {at} on, it has {len(content)}")
    for entry in range(first, first + count * PARAMETER, PARAMETER):
        (power,) = struct.unpack_from(f"{order}h", content, entry + 4)
        (value,) = struct.unpack_from(f"{order}i", content, entry + 32)
        if abs(power) > HIGHEST_POWER or (value == TEXT and power):
            raise unreadable(path, WHAT, f"a parameter of it is times ten to the power of {power}")


def _shifts(header: Mapping[str, Any], path: Path, n: int, hz_per_ppm: float | None) -> tuple[Any, tuple[str, ...]]:
    """Return the axis of a spectrum in ppm, (n,), and notes; hz_per_ppm: where the file has Hz."""
    factor = hz_per_ppm or 1.0
    ends = {f"data_axis_{end}": header[f"data_axis_{end}"][0] / factor for end in ("start", "stop")}
    start, stop = (number_of(ends, key, path, least=-WIDEST_PPM, most=WIDEST_PPM, unit="ppm") for key in ends)
    note = "Hz were divided by the frequency of 0 ppm: 0 ppm is where the file has 0 Hz"
    return np.linspace(start, stop, n), (note,) if hz_per_ppm else ()


def _nucleus(domain: str) -> str:
    """Return 1H for Proton, 13C for Carbon13."""
    letters = "".join(c for c in domain if c.isalpha())
    number = "".join(c for c in domain if c.isdigit())
    element = WORDS.get(letters.lower(), letters)
    return element if element[:1].isdigit() else number + element


def _delay(parameters: Mapping[str, Any]) -> tuple[float, str]:
    """Return the delay of the digital filter in points: Σ_k (order_k − 1)/(2 Π_{l≥k} factor_l) of its stages."""
    stages = _stages(text_of(parameters, "orders"), text_of(parameters, "factors"))
    if not stages:
        return 0.0, "no digital filter is named in the file"
    delay = 0.0
    for k, (order, _) in enumerate(stages):
        delay += 0.5 * (order - 1) / math.prod(factor for _, factor in stages[k:])
    return delay, f"the digital filter delays the signal by {delay:.4g} points (orders and factors of its stages)"


def _stages(orders: str, factors: str) -> list[tuple[int, int]]:
    """Return (order, factor) of each stage from the texts that JEOL packs them in: a count, then columns of digits."""
    digits = factors.replace(" ", "")
    if not (orders.isascii() and orders.isdigit() and digits and digits.isascii()) or orders[0] == "0":
        return []
    n = int(orders[0])
    wide = (len(orders) - 1) // n
    try:
        stages = [(int(orders[1 + k * wide : 1 + (k + 1) * wide]), int(digits[k], 16)) for k in range(n)]
    except (ValueError, IndexError):
        return []
    return stages if all(order and factor for order, factor in stages) else []
