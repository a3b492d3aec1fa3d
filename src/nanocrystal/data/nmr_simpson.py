"""FIDs and spectra of SIMPSON (.fid, .spe) in its text form: SIMP, NP=, SW=, TYPE=, DATA, pairs of numbers, END."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nanocrystal.data.nmr_data import NmrData, time_axis
from nanocrystal.errors import InputError
from nanocrystal.text import read_text


def read_simpson(path: Path, nucleus: str | None = None, carrier_mhz: float | None = None) -> NmrData:
    """Return a simulated FID or spectrum; frequencies in Hz; raises InputError for binary or cut-off files.

    Points of a spectrum run from −SW/2 upwards in steps of SW/NP.
    """
    lines = read_text(path, str(path)).splitlines()
    if lines[0].strip() != "SIMP":
        raise InputError(str(path), "is no file of SIMPSON: it does not begin with SIMP.")
    if "DATA" not in (line.strip() for line in lines):
        raise InputError(str(path), "has no line DATA; is it cut off?")
    start = next(k for k, line in enumerate(lines) if line.strip() == "DATA")
    head = dict(line.strip().split("=", 1) for line in lines[1:start] if "=" in line)
    if head.get("FORMAT", "TEXT").upper() != "TEXT":
        raise InputError(str(path), "is binary; save it from SIMPSON as text (fsave without -binary).")
    if int(head.get("NI", 1)) > 1:
        raise InputError(str(path), "has two dimensions; one is read.")
    n, width = int(head["NP"]), float(head["SW"])
    rows = [line.split() for line in lines[start + 1 :] if line.strip() and line.strip() != "END"]
    if len(rows) != n or any(len(row) < 2 for row in rows):
        raise InputError(str(path), f"must hold NP = {n} pairs of numbers, it holds {len(rows)}; is it cut off?")
    pairs = np.array([[float(v) for v in row[:2]] for row in rows])
    is_spectrum = head.get("TYPE", "FID").upper() == "SPE"
    x = (np.arange(n) - n // 2) * width / n if is_spectrum else time_axis(n, 1.0 / width)
    return NmrData(
        domain="frequency" if is_spectrum else "time",
        values=pairs[:, 0] + 1j * pairs[:, 1],
        x=x,
        complete=True,
        nucleus=nucleus,
        carrier_mhz=carrier_mhz,
        reference_mhz=carrier_mhz,
        format="SIMPSON",
        source=str(path),
        parameters=head,
    )
