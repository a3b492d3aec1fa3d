"""FIDs and spectra of SIMPSON (.fid, .spe) in its text form: SIMP, NP=, SW=, TYPE=, DATA, pairs of numbers, END."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nanocrystal.arrays import ComplexArray
from nanocrystal.data.lines import quoted
from nanocrystal.data.nmr_data import NmrData, complex_values, sweep_of, time_axis
from nanocrystal.data.numbers import finite_number, text_of, whole_number_of
from nanocrystal.errors import InputError
from nanocrystal.text import read_text

KINDS = ("FID", "SPE")


def read_simpson(path: Path, nucleus: str | None = None, carrier_mhz: float | None = None) -> NmrData:
    """Return a simulated FID or spectrum; frequencies in Hz; raises InputError for binary or cut-off files.

    Points of a spectrum run from −SW/2 upwards in steps of SW/NP.
    """
    lines = read_text(path, str(path)).splitlines()
    if not lines or lines[0].strip() != "SIMP":
        raise InputError(str(path), "is no file of SIMPSON: it does not begin with SIMP.")
    start = next((k for k, line in enumerate(lines) if line.strip() == "DATA"), None)
    if start is None:
        raise InputError(str(path), "has no line DATA; is it cut off?")
    pairs = (line.partition("=") for line in lines[1:start] if "=" in line)
    head = {key.strip(): value.strip() for key, _, value in pairs}
    if text_of(head, "FORMAT").upper() not in ("", "TEXT"):
        raise InputError(str(path), "is binary; save it from SIMPSON as text (fsave without -binary).")
    if whole_number_of(head, "NI", path, 1) > 1:
        raise InputError(str(path), "has two dimensions; one is read.")
    kind = text_of(head, "TYPE").upper() or "FID"
    if kind not in KINDS:
        raise InputError(str(path), f"must give TYPE as {' or '.join(KINDS)}, got {kind[:60]!r}.")
    n, width = whole_number_of(head, "NP", path, least=1), sweep_of(head, "SW", path)
    values = _pairs(lines, start + 1, n, path)
    x = (np.arange(n) - n // 2) * width / n if kind == "SPE" else time_axis(n, 1.0 / width)
    return NmrData(
        domain="frequency" if kind == "SPE" else "time",
        values=values,
        x=x,
        complete=True,
        nucleus=nucleus,
        carrier_mhz=carrier_mhz,
        reference_mhz=carrier_mhz,
        format="SIMPSON",
        source=str(path),
        parameters=head,
    )


def _pairs(lines: Sequence[str], first: int, n: int, path: Path) -> ComplexArray:
    """Return the n points that stand from a line on; raises InputError where they are fewer, more, or no numbers."""
    rows = [(k, line.split()) for k, line in enumerate(lines[first:], first + 1) if line.strip() not in ("", "END")]
    if len(rows) != n:
        raise InputError(str(path), f"must hold NP = {n} pairs of numbers, it holds {len(rows)}; is it cut off?")
    pairs = np.empty((n, 2))
    for place, (number, words) in zip(pairs, rows, strict=True):
        found = [finite_number(word) for word in words[:2]]
        if len(found) < 2 or None in found:
            raise InputError(f"{path}, line {number}", f"{quoted(' '.join(words))} is no pair of numbers.")
        place[:] = found
    return complex_values(pairs[:, 0], pairs[:, 1])
