"""One-dimensional spectra and FIDs in JCAMP-DX (.dx, .jdx), read with nmrglue once their tables are of sane size.

A letter S to Z or s with digits repeats the value before it as often (J. G. Grasselli, Pure Appl. Chem. 63, 1781
(1991); A. N. Davies & P. Lampen, Appl. Spectrosc. 47, 1093 (1993) for NMR): a few bytes may stand for any number.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.arrays import ComplexArray
from nanocrystal.data.nmr_data import NmrData, complex_values, frequency_of
from nanocrystal.data.nmr_foreign import content_of, named_nucleus, nmrglue, read_by, unreadable
from nanocrystal.data.numbers import number_of, text_of
from nanocrystal.errors import InputError
from nanocrystal.text import in_any_case

WHAT = "JCAMP-DX"
MOST_BYTES = 1 << 26
MOST_POINTS = 1 << 22
"""that repetitions may stand for"""
LONGEST_RUN = 1000
"""of blanks and commas in a line, which its reader tries in all ways"""
LARGEST = 1e12
"""s, Hz or ppm; no axis goes further"""
LONGEST_DELAY = 1e5
"""points"""
_REPEATED = re.compile(r"([S-Zs])(\d*)", re.ASCII)
_BLANKS = re.compile(r"(?:[^\S\n]|,)+")
_TABLES = ("XYDATA", "DATATABLE")


def read_jcamp(path: Path, nucleus: str | None = None) -> NmrData:
    """Return the spectrum or FID of a .dx or .jdx; raises InputError."""
    jcamp = nmrglue("jcampdx", path)
    _check_tables(path, in_any_case(content_of(path, MOST_BYTES)))
    header, signal = read_by(path, WHAT, lambda: jcamp.read(str(path)))
    if signal is None:
        raise InputError(str(path), "holds no NMR spectrum and no FID (XYDATA or NTUPLES).")
    values, complete = _values(signal, path)
    stated = {k: text_of(header, k) for k in header if not k.startswith("_")}
    x, is_ppm = _axis(jcamp, header, len(values), path)
    observed = frequency_of(stated, ".OBSERVEFREQUENCY", path)
    name = named_nucleus(stated.get(".OBSERVENUCLEUS"), nucleus, path, ".OBSERVE NUCLEUS")
    is_fid = "FID" in stated.get("DATATYPE", "").upper()
    reference, notes = observed, []
    if is_fid:
        delay = number_of({"$GRPDLY": stated.get("$GRPDLY")}, "$GRPDLY", path, 0.0, least=-1.0, most=LONGEST_DELAY)
        if delay > 0.0:
            notes.append(f"the digital filter delays the signal by {delay:.4g} points ($GRPDLY)")
            x = x - delay * (x[1] - x[0])
        reference = frequency_of(stated, "$BF1", path) or observed
    elif not is_ppm:
        if observed is None:
            raise InputError(str(path), "has an axis in Hz but no .OBSERVE FREQUENCY to make ppm of it.")
        x = x / observed
        notes.append("Hz were divided by the observe frequency: 0 ppm is where the file has 0 Hz")
    order = slice(None, None, -1) if x[0] > x[-1] else slice(None)
    return NmrData(
        domain="time" if is_fid else "shift",
        values=values[order],
        x=x[order],
        complete=complete,
        nucleus=name,
        carrier_mhz=observed,
        reference_mhz=reference,
        format="JCAMP-DX",
        source=str(path),
        indirect=None,
        temperature=None,
        solvent=stated.get(".SOLVENTNAME") or None,
        title=stated.get("TITLE", ""),
        parameters={k: v for k, v in header.items() if not k.startswith("_")},
        notes=tuple(notes),
    )


def _check_tables(path: Path, text: str) -> None:
    """Raise InputError where repetitions stand for more points than any spectrum has, or blanks for nothing."""
    if any(len(run[0]) > LONGEST_RUN for run in _BLANKS.finditer(text)):
        raise unreadable(path, WHAT, f"a line of it holds more than {LONGEST_RUN} blanks or commas together")
    in_table, repeated = False, 0
    for line in text.splitlines():
        if line.lstrip().startswith("##"):
            key = re.sub(r"[ \-_/]", "", line.lstrip()[2:].partition("=")[0].upper())
            in_table = key in _TABLES
        elif in_table:
            for letter, digits in _REPEATED.findall(line):
                count = f"{9 if letter == 's' else ord(letter) - ord('R')}{digits}"
                repeated += int(count) if len(count) < 10 else MOST_POINTS + 1
            if repeated > MOST_POINTS:
                raise unreadable(path, WHAT, f"it repeats values more than {MOST_POINTS} times")


def _values(signal: Any, path: Path) -> tuple[ComplexArray, bool]:
    """Return the points, (n,), and whether their imaginary parts are there, too."""
    parts = [np.asarray(p, dtype=np.float64) for p in (signal if isinstance(signal, list) else [signal])]
    if any(part.ndim != 1 or part.shape != parts[0].shape for part in parts) or parts[0].size < 2:
        raise unreadable(path, WHAT, "its real and imaginary parts are not as long as each other")
    return complex_values(*parts[:2]), len(parts) == 2


def _axis(jcamp: Any, header: Mapping[str, Any], n: int, path: Path) -> tuple[Any, bool]:
    """Return the axis, (n,), and whether it is in ppm; raises InputError where its ends are not stated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            first, last, is_ppm = jcamp._find_firstx_lastx(header)
        except (ValueError, IndexError, KeyError):
            first = last = None
    if first is None or last is None:
        raise InputError(str(path), "does not say where its axis begins and ends (FIRSTX, LASTX).")
    ends = {"FIRSTX": first, "LASTX": last}
    begin, end = (number_of(ends, key, path, least=-LARGEST, most=LARGEST) for key in ends)
    return np.linspace(begin, end, n), bool(is_ppm)
