"""FIDs and spectra of NMRPipe (.fid, .ft, .ft1, .ft2, .pipe), read with nmrglue."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nanocrystal.data.nmr_data import MHZ, WIDEST_PPM, IndirectAxis, NmrData, sweep_of, time_axis
from nanocrystal.data.nmr_foreign import content_of, named_nucleus, nmrglue, read_by
from nanocrystal.data.numbers import number_of
from nanocrystal.errors import InputError

WHAT = "NMRPipe data"
MOST_BYTES = 1 << 28
LONGEST_DELAY = 1e5
"""points"""


def read_nmrpipe(path: Path, nucleus: str | None = None) -> NmrData:
    """Return the FID or spectrum, one-dimensional or a series in its other dimension; raises InputError."""
    pipe = nmrglue("pipe", path)
    content = content_of(path, MOST_BYTES)
    header, values = read_by(path, WHAT, lambda: pipe.read(content))
    values = np.asarray(values)
    if values.ndim > 2:
        raise InputError(str(path), f"has {values.ndim} dimensions; one, or a series of one, is read.")
    axis = read_by(path, WHAT, lambda: pipe.guess_udic(header, values)[values.ndim - 1])
    if not axis["obs"] > 0.0 or not axis["sw"] > 0.0:
        raise InputError(str(path), "does not say its spectral width and frequency (FDF2SW, FDF2OBS).")
    stated = {**header, "FDF2SW": axis["sw"], "FDF2OBS": axis["obs"], "FDF2CAR": axis["car"] / axis["obs"]}
    width = sweep_of(stated, "FDF2SW", path)
    carrier = number_of(stated, "FDF2OBS", path, least=MHZ[0], most=MHZ[1], unit="MHz")
    at = number_of(stated, "FDF2CAR", path, least=-WIDEST_PPM, most=WIDEST_PPM, unit="ppm")
    n, complete = values.shape[-1], bool(np.iscomplexobj(values))
    counted = np.arange(len(values), dtype=np.float64)
    if axis["time"]:
        delay = number_of(stated, "FDDMXVAL", path, 0.0, least=-LONGEST_DELAY, most=LONGEST_DELAY)
        x = time_axis(n, 1.0 / width, max(0.0, delay) if header.get("FDDMXFLAG", 0) != 1 else 0.0)
    else:
        x = (np.arange(n) - n // 2 + 1 - n % 2) * width / n
        values = values[..., ::-1]
    return NmrData(
        domain="time" if axis["time"] else "frequency",
        values=values.astype(np.complex128),
        x=x,
        complete=complete,
        nucleus=named_nucleus(axis["label"], nucleus, path, "FDF2LABEL"),
        carrier_mhz=carrier,
        reference_mhz=carrier / (1.0 + 1e-6 * at),
        format="NMRPipe",
        source=str(path),
        indirect=IndirectAxis("trace", "", counted, "counted") if values.ndim == 2 else None,
        parameters=dict(header),
    )
