"""Formats that nmrglue reads: Varian and Agilent, JEOL, JCAMP-DX, NMRPipe. What its values mean is said here."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.data.nmr_data import IndirectAxis, NmrData, frequency_mhz, time_axis
from nanocrystal.errors import InputError

INSTALL = 'pip install "nmrglue>=0.11"'
VARIAN_SERIES = {"d2": ("delay", "s", 1.0), "bt": ("delay", "s", 1.0), "tau": ("delay", "s", 1.0)}
"""arrayed parameter -> name, unit, factor; any other is kept by its own name"""


def _nmrglue(name: str, path: Path) -> Any:
    """Return a reader module of nmrglue; raises InputError where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(f"nmrglue.fileio.{name}")
    except ModuleNotFoundError:
        raise InputError(str(path), f"needs nmrglue to be read: {INSTALL}") from None


def _read(path: Path, what: str, reader: Callable[[], Any]) -> Any:
    """Return what nmrglue reads; raises InputError for whatever it stumbles over."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return reader()
    except InputError:
        raise
    except Exception as error:  # nmrglue raises whatever a damaged file makes numpy or struct raise
        said = " ".join(str(error).split()) or type(error).__name__
        raise InputError(str(path), f"cannot be read as {what} ({said[:120]}); is it complete?") from None


def _named(stated: Any, nucleus: str | None, path: Path, key: str) -> str:
    name = nucleus or str(stated or "").replace("^", "").strip()
    if not name:
        raise InputError(str(path), f'does not say which nucleus was observed ({key}); name it, such as "133Cs".')
    return name


# ---- Varian, Agilent ----------------------------------------------------------------------------


def read_varian(folder: Path, nucleus: str | None = None) -> NmrData:
    """Return the FID or arrayed series of a folder with fid and procpar; raises InputError.

    sfrq is the frequency of the carrier, reffrq that of 0 ppm; the sense of rotation is turned to ours.
    """
    varian = _nmrglue("varian", folder)
    if not (folder / "fid").is_file():
        raise InputError(str(folder), "has procpar but no fid; files are missing.")
    header, values = _read(folder / "fid", "Varian data", lambda: varian.read(str(folder), as_2d=True))
    procpar = {name: entry["values"] for name, entry in header["procpar"].items()}
    values = np.conj(np.atleast_2d(np.asarray(values, dtype=np.complex128)))
    n_expected = int(header["nblocks"]) * int(header["ntraces"])
    if len(values) != n_expected:
        raise InputError(str(folder / "fid"), f"is cut off: {n_expected} traces were meant, {len(values)} are there.")
    if float(_first(procpar, "ni", 0)) > 1:
        raise InputError(str(folder), "has two dimensions (ni > 1); single FIDs and arrays of them are read.")
    width = float(_first(procpar, "sw", 0.0))
    if not width > 0.0:
        raise InputError(str(folder / "procpar"), f"must give sw above 0 Hz, got {width:g}.")
    axis = _varian_axis(procpar, len(values), folder) if len(values) > 1 else None
    kelvin = frequency_mhz(_first(procpar, "temp", None))
    return NmrData(
        domain="time",
        values=values if len(values) > 1 else values[0],
        x=time_axis(values.shape[1], 1.0 / width),
        complete=True,
        nucleus=_named(_varian_nucleus(_first(procpar, "tn", "")), nucleus, folder, "tn"),
        carrier_mhz=frequency_mhz(_first(procpar, "sfrq", None)),
        reference_mhz=frequency_mhz(_first(procpar, "reffrq", None)),
        format="Varian",
        source=str(folder / "fid"),
        indirect=axis,
        temperature=None if kelvin is None else kelvin + 273.15,
        solvent=_first(procpar, "solvent", None),
        parameters=procpar,
        notes=("temperature of procpar is in °C",) if kelvin is not None else (),
    )


def _first(procpar: dict[str, list[str]], name: str, default: Any) -> Any:
    values = procpar.get(name)
    return values[0] if values else default


def _varian_nucleus(name: str) -> str:
    """Return 1H for H1, 133Cs for Cs133."""
    letters = "".join(c for c in name if c.isalpha())
    return "".join(c for c in name if c.isdigit()) + letters


def _varian_axis(procpar: dict[str, list[str]], n_traces: int, folder: Path) -> IndirectAxis:
    """Return the arrayed parameter; raises InputError where its values are not as many as the traces."""
    name = str(_first(procpar, "array", ""))
    if not name or "," in name or "(" in name or name not in procpar:
        return IndirectAxis("trace", "", np.arange(n_traces, dtype=np.float64), f"array = {name!r}")
    values = np.array([float(v) for v in procpar[name]])
    if len(values) != n_traces:
        raise InputError(
            str(folder / "procpar"), f"holds {len(values)} values of {name}, but the series has {n_traces} traces."
        )
    meaning, unit, factor = VARIAN_SERIES.get(name, (name, "", 1.0))
    return IndirectAxis(meaning, unit, values * factor, f"procpar, array = {name}")


# ---- JEOL ---------------------------------------------------------------------------------------


def read_jeol(path: Path, nucleus: str | None = None) -> NmrData:
    """Return the FID or spectrum of a one-dimensional .jdf; raises InputError."""
    jeol = _nmrglue("jeol", path)
    header, values = _read(path, "JEOL data", lambda: jeol.read(str(path)))
    if not isinstance(values, np.ndarray) or np.squeeze(values).ndim != 1:
        raise InputError(str(path), "has more than one dimension; of JEOL single FIDs and spectra are read.")
    parameters = {k: v for k, v in header["parameters"].items() if k != "info"}
    values = np.squeeze(values).astype(np.complex128)
    unit = str(header["header"]["units"][0]).lower()
    width, carrier = float(parameters["x_sweep"]), float(parameters["x_freq"]) * 1e-6
    offset = float(parameters.get("x_offset", 0.0))
    reference = carrier / (1.0 + 1e-6 * offset)
    is_spectrum = "ppm" in unit or "hz" in unit or "hertz" in unit
    if is_spectrum:
        start, stop = (float(header["header"][f"data_axis_{end}"][0]) for end in ("start", "stop"))
        notes: tuple[str, ...] = ()
        x = np.linspace(start, stop, len(values))
        if start > stop:
            x, values = x[::-1], values[::-1]
    else:
        delay, said = _jeol_delay(parameters)
        x, notes = time_axis(len(values), 1.0 / width, delay), (said,)
    return NmrData(
        domain="shift" if is_spectrum else "time",
        values=values,
        x=x,
        complete=True,
        nucleus=_named(_jeol_nucleus(str(parameters.get("x_domain", ""))), nucleus, path, "x_domain"),
        carrier_mhz=carrier,
        reference_mhz=reference,
        format="JEOL",
        source=str(path),
        temperature=_kelvin(parameters.get("temp_get")),
        solvent=str(parameters.get("solvent") or "") or None,
        parameters=parameters,
        notes=notes,
    )


def _kelvin(celsius: Any) -> float | None:
    return float(celsius) + 273.15 if isinstance(celsius, int | float) else None


def _jeol_nucleus(domain: str) -> str:
    """Return 1H for Proton, 13C for Carbon13."""
    words = {"proton": "1H", "deuterium": "2H", "carbon": "C", "nitrogen": "N", "fluorine": "F", "phosphorus": "P"}
    words |= {"silicon": "Si", "boron": "B", "cesium": "Cs", "lead": "Pb", "tin": "Sn", "cadmium": "Cd"}
    words |= {"selenium": "Se", "aluminum": "Al", "lithium": "Li", "sodium": "Na"}
    letters = "".join(c for c in domain if c.isalpha())
    number = "".join(c for c in domain if c.isdigit())
    element = words.get(letters.lower(), letters)
    return element if element[:1].isdigit() else number + element


def _jeol_delay(parameters: dict[str, Any]) -> tuple[float, str]:
    """Return the delay of the digital filter in points: Σ_k (order_k − 1)/(2 Π_{l≥k} factor_l) of its stages."""
    orders, factors = str(parameters.get("orders") or ""), str(parameters.get("factors") or "")
    stages = _stages(orders, factors)
    if not stages:
        return 0.0, "no digital filter is named in the file"
    delay = 0.0
    for k, (order, _) in enumerate(stages):
        delay += 0.5 * (order - 1) / float(np.prod([f for _, f in stages[k:]]))
    return delay, f"the digital filter delays the signal by {delay:.4g} points (orders and factors of its stages)"


def _stages(orders: str, factors: str) -> list[tuple[int, int]]:
    """Return (order, factor) of each stage from the texts that JEOL packs them in: a count, then columns of digits."""
    if not orders or not factors or not orders[0].isdigit():
        return []
    n = int(orders[0])
    wide, digits = (len(orders) - 1) // n, factors.replace(" ", "")
    try:
        return [(int(orders[1 + k * wide : 1 + (k + 1) * wide]), int(digits[k], 16)) for k in range(n)]
    except (ValueError, IndexError):
        return []


# ---- JCAMP-DX -----------------------------------------------------------------------------------


def read_jcamp(path: Path, nucleus: str | None = None) -> NmrData:
    """Return the spectrum or FID of a .dx or .jdx; raises InputError."""
    jcamp = _nmrglue("jcampdx", path)
    header, signal = _read(path, "JCAMP-DX", lambda: jcamp.read(str(path)))
    if signal is None:
        raise InputError(str(path), "holds no NMR spectrum and no FID (XYDATA or NTUPLES).")
    parts = [np.asarray(p, dtype=np.float64) for p in (signal if isinstance(signal, list) else [signal])]
    complete = len(parts) == 2
    values = np.asarray(parts[0] + (1j * parts[1] if complete else 0j), dtype=np.complex128)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first, last, is_ppm = jcamp._find_firstx_lastx(header)
    if first is None or last is None:
        raise InputError(str(path), "does not say where its axis begins and ends (FIRSTX, LASTX).")
    observed = frequency_mhz(_text(header, ".OBSERVEFREQUENCY"))
    name = _named(_text(header, ".OBSERVENUCLEUS"), nucleus, path, ".OBSERVE NUCLEUS")
    is_fid = "FID" in _text(header, "DATATYPE").upper()
    x = np.linspace(float(first), float(last), len(values))
    order = slice(None, None, -1) if x[0] > x[-1] else slice(None)
    parameters = {k: v for k, v in header.items() if not k.startswith("_")}
    reference, notes = observed, []
    if is_fid:
        delay = float(_text(header, "$GRPDLY") or 0.0)
        if delay > 0.0:
            notes.append(f"the digital filter delays the signal by {delay:.4g} points ($GRPDLY)")
            x = x - max(delay, 0.0) * (x[1] - x[0])
        reference = frequency_mhz(_text(header, "$BF1")) or observed
    elif not is_ppm:
        if observed is None:
            raise InputError(str(path), "has an axis in Hz but no .OBSERVE FREQUENCY to make ppm of it.")
        x = x / observed
        notes.append("Hz were divided by the observe frequency: 0 ppm is where the file has 0 Hz")
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
        solvent=_text(header, ".SOLVENTNAME") or None,
        title=_text(header, "TITLE"),
        parameters=parameters,
        notes=tuple(notes),
    )


def _text(header: dict[str, Any], key: str) -> str:
    entries = header.get(key)
    return str(entries[0]).strip() if entries else ""


# ---- NMRPipe ------------------------------------------------------------------------------------


def read_nmrpipe(path: Path, nucleus: str | None = None) -> NmrData:
    """Return the FID or spectrum, one-dimensional or a series in its other dimension; raises InputError."""
    pipe = _nmrglue("pipe", path)
    header, values = _read(path, "NMRPipe data", lambda: pipe.read(str(path)))
    values = np.asarray(values)
    if values.ndim > 2:
        raise InputError(str(path), f"has {values.ndim} dimensions; one, or a series of one, is read.")
    axis = pipe.guess_udic(header, values)[values.ndim - 1]
    if not axis["obs"] > 0.0 or not axis["sw"] > 0.0:
        raise InputError(str(path), "does not say its spectral width and frequency (FDF2SW, FDF2OBS).")
    shift_of_carrier = float(axis["car"]) / float(axis["obs"])
    carrier = float(axis["obs"])
    reference = carrier / (1.0 + 1e-6 * shift_of_carrier)
    n, complete = values.shape[-1], bool(np.iscomplexobj(values))
    counted = np.arange(len(values), dtype=np.float64)
    series = IndirectAxis("trace", "", counted, "counted") if values.ndim == 2 else None
    name = _named(axis["label"], nucleus, path, "FDF2LABEL")
    if axis["time"]:
        delay = max(0.0, float(header.get("FDDMXVAL", 0.0))) if header.get("FDDMXFLAG", 0) != 1 else 0.0
        x = time_axis(n, 1.0 / float(axis["sw"]), delay)
    else:
        x = (np.arange(n) - n // 2 + 1 - n % 2) * float(axis["sw"]) / n
        values = values[..., ::-1]
    return NmrData(
        domain="time" if axis["time"] else "frequency",
        values=values.astype(np.complex128),
        x=x,
        complete=complete,
        nucleus=name,
        carrier_mhz=carrier,
        reference_mhz=reference,
        format="NMRPipe",
        source=str(path),
        indirect=series,
        parameters=dict(header),
    )
