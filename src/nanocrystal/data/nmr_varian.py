"""FIDs of Varian and Agilent: a folder with fid and procpar, read with nmrglue once the sizes in its header fit.

The file fid begins with six 32-bit and two 16-bit integers, big-endian: blocks, traces of a block, numbers of a trace,
their bytes, bytes of a trace and of a block, version, status; a 32-bit integer says how many headers of 28 bytes each
block has (Agilent, VnmrJ User Programming, "Data file header"; nmrglue, fileio/varian.py).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.data.nmr_data import IndirectAxis, NmrData, frequency_of, sweep_of, time_axis
from nanocrystal.data.nmr_foreign import content_of, named_nucleus, nmrglue, read_by, unreadable
from nanocrystal.data.numbers import finite_number, number_of, numbers_of, text_of
from nanocrystal.errors import InputError

SERIES = {"d2": ("delay", "s", 1.0), "bt": ("delay", "s", 1.0), "tau": ("delay", "s", 1.0)}
"""arrayed parameter -> name, unit, factor; any other is kept by its own name"""
WHAT = "Varian data"
HEADER, BLOCK_HEADER, MOST_HEADERS = 32, 28, 9
S_32, S_FLOAT = 0x4, 0x8
"""bits of the status: numbers of 32 bits, or in floating point"""
ABSOLUTE_ZERO = -273.15
HOTTEST = 3000.0
"""°C; more is no temperature of a probe"""


def read_varian(folder: Path, nucleus: str | None = None) -> NmrData:
    """Return the FID or arrayed series of a folder with fid and procpar; raises InputError.

    sfrq is the frequency of the carrier, reffrq that of 0 ppm; the sense of rotation is turned to ours.
    """
    varian = nmrglue("varian", folder)
    path, procpar_path = folder / "fid", folder / "procpar"
    if not path.is_file():
        raise InputError(str(folder), "has procpar but no fid; files are missing.")
    content_of(procpar_path)
    n_traces = _checked_traces(path)
    header, values = read_by(path, WHAT, lambda: varian.read(str(folder), as_2d=True))
    lists = {name: entry["values"] for name, entry in header["procpar"].items()}
    procpar = {name: listed[0] for name, listed in lists.items() if listed}
    values = np.conj(np.atleast_2d(np.asarray(values, dtype=np.complex128)))
    if len(values) != n_traces:
        raise InputError(str(path), f"is cut off: {n_traces} traces were meant, {len(values)} are there.")
    if number_of(procpar, "ni", procpar_path, 0.0) > 1:
        raise InputError(str(folder), "has two dimensions (ni > 1); single FIDs and arrays of them are read.")
    width = sweep_of(procpar, "sw", procpar_path)
    axis = _axis(lists, procpar, n_traces, procpar_path) if n_traces > 1 else None
    celsius = finite_number(procpar.get("temp"))
    stated = celsius is not None and ABSOLUTE_ZERO < celsius < HOTTEST
    return NmrData(
        domain="time",
        values=values if n_traces > 1 else values[0],
        x=time_axis(values.shape[1], 1.0 / width),
        complete=True,
        nucleus=named_nucleus(_nucleus(text_of(procpar, "tn")), nucleus, folder, "tn"),
        carrier_mhz=frequency_of(procpar, "sfrq", procpar_path),
        reference_mhz=frequency_of(procpar, "reffrq", procpar_path),
        format="Varian",
        source=str(path),
        indirect=axis,
        temperature=celsius - ABSOLUTE_ZERO if celsius is not None and stated else None,
        solvent=text_of(procpar, "solvent") or None,
        parameters=lists,
        notes=("temperature of procpar is in °C",) if stated else (),
    )


def _checked_traces(path: Path) -> int:
    """Return how many traces a fid holds; raises InputError where its header states more than the file has."""
    with path.open("rb") as stream:
        beginning = stream.read(HEADER)
    if len(beginning) < HEADER:
        raise unreadable(path, WHAT, f"it has {len(beginning)} bytes, its header takes {HEADER}")
    blocks, traces, numbers, _, _, _, _, status, headers = struct.unpack(">6l2hl", beginning)
    if min(blocks, traces) < 1 or numbers < 2 or numbers % 2 or not 0 <= headers <= MOST_HEADERS:
        stated = f"{blocks} blocks of {traces} traces of {numbers} numbers and {headers} headers"
        raise unreadable(path, WHAT, f"its header states {stated}")
    size = 4 if status & (S_32 | S_FLOAT) else 2
    needed = HEADER + blocks * (headers * BLOCK_HEADER + traces * numbers * size)
    has = path.stat().st_size
    if has < needed:
        said = f"{blocks * traces} trace{'s' * (blocks * traces > 1)} of {numbers} numbers are {needed} bytes"
        raise InputError(str(path), f"is cut off: {said}, it has {has}; copy it again.")
    return int(blocks * traces)


def _nucleus(name: str) -> str:
    """Return 1H for H1, 133Cs for Cs133."""
    letters = "".join(c for c in name if c.isalpha())
    return "".join(c for c in name if c.isdigit()) + letters


def _axis(lists: Mapping[str, Any], procpar: Mapping[str, Any], n_traces: int, path: Path) -> IndirectAxis:
    """Return the arrayed parameter; raises InputError where its values are not as many as the traces."""
    name = text_of(procpar, "array")
    if not name or "," in name or "(" in name or name not in lists:
        return IndirectAxis("trace", "", np.arange(n_traces, dtype=np.float64), f"array = {name!r}")
    values = numbers_of(lists, name, path)
    if len(values) != n_traces:
        raise InputError(str(path), f"holds {len(values)} values of {name}, but the series has {n_traces} traces.")
    meaning, unit, factor = SERIES.get(name, (name, "", 1.0))
    return IndirectAxis(meaning, unit, values * factor, f"procpar, array = {name}")
