"""Data of Bruker spectrometers: fid and ser as measured, 1r, 1i and 2rr as processed.

Layout: EXPNO/{acqus, acqu2s, fid or ser, vdlist, …}/pdata/PROCNO/{procs, 1r, 1i, 2rr}. Numbers are 32-bit integers,
or 64-bit floats where DTYPA or DTYPP is 2; traces of a ser begin at multiples of 1024 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.arrays import ComplexArray
from nanocrystal.data.nmr_bruker_parameters import group_delay, list_values, numbered, parameter_file
from nanocrystal.data.nmr_data import (
    MHZ,
    WIDEST_PPM,
    IndirectAxis,
    NmrData,
    complex_values,
    frequency_of,
    sweep_of,
    time_axis,
)
from nanocrystal.data.numbers import choice_of, finite_number, number_of, text_of, whole_number_of
from nanocrystal.errors import InputError
from nanocrystal.text import file_bytes, in_any_case

BLOCK = 1024
"""bytes at which traces begin"""
LISTS = {
    "vdlist": ("delay", "s", 1.0, r"\bi?vd\b"),
    "vclist": ("loops", "", 1.0, r"\bi?vc\b|\blo to \S+ times c\b"),
    "vplist": ("pulse", "s", 1e-6, r"\bi?vp\b"),
    "difflist": ("gradient", "T/m", 0.01, r"[Dd]iff"),
}
"""file -> name, unit, the file's own unit in this one, how a pulse program speaks of it (G/cm is 0.01 T/m)"""
LARGEST_POWER = 64
"""of 2, by which stored numbers are multiplied"""
COLDEST, HOTTEST = 60.0, 3000.0
"""K, between which a temperature is believed"""
SERIES_MODES = (0, 1)
"""FnMODE of a series (undefined or QF); others make a two-dimensional correlation spectrum"""


def read_bruker(folder: Path, nucleus: str | None = None, indirect: str | None = None) -> NmrData:
    """Return the FID or series of an experiment (a folder with acqus and fid or ser); raises InputError."""
    acqus_path = folder / "acqus" if (folder / "acqus").is_file() else folder / "acqu"
    acqus = parameter_file(acqus_path)
    is_series = (folder / "ser").is_file()
    path = folder / ("ser" if is_series else "fid")
    if choice_of(acqus, "AQ_mod", acqus_path, range(4), 3) not in (1, 3):
        raise InputError(
            str(acqus_path), "says AQ_mod 0 or 2 (qf, qseq): FIDs of real points are not read; process them in TopSpin."
        )
    width = sweep_of(acqus, "SW_h", acqus_path)
    n_traces = _traces(folder, path) if is_series else 1
    values = _raw(path, acqus, acqus_path, n_traces)
    delay, said = group_delay(acqus, acqus_path)
    notes = [said]
    axis = _indirect(folder, n_traces, indirect, notes) if is_series else None
    reference, how = _reference(folder, acqus, acqus_path)
    notes.append(how)
    return NmrData(
        domain="time",
        values=values,
        x=time_axis(values.shape[-1], 1.0 / width, delay),
        complete=True,
        nucleus=_nucleus(acqus, nucleus, acqus_path),
        carrier_mhz=frequency_of(acqus, "SFO1", acqus_path),
        reference_mhz=reference,
        format="Bruker",
        source=str(path),
        indirect=axis,
        temperature=_temperature(acqus),
        solvent=text_of(acqus, "SOLVENT") or None,
        title=_title(folder),
        parameters=_all(acqus),
        notes=tuple(notes),
    )


def read_bruker_processed(folder: Path, nucleus: str | None = None, indirect: str | None = None) -> NmrData:
    """Return the spectrum of a pdata/PROCNO folder, or the spectra of a series (2rr); raises InputError."""
    procs_path = folder / "procs"
    procs = parameter_file(procs_path)
    experiment = folder.absolute().parent.parent
    acqus_path = experiment / "acqus"
    acqus = parameter_file(acqus_path) if acqus_path.is_file() else {}
    is_series = (folder / "2rr").is_file()
    path = folder / ("2rr" if is_series else "1r")
    if not path.is_file():
        raise InputError(str(folder), "holds no 1r and no 2rr: nothing was processed here.")
    n_points = whole_number_of(procs, "SI", procs_path, least=1)
    notes = [f"processed by the spectrometer's program (LB = {number_of(procs, 'LB', procs_path, 0.0):g} Hz)"]
    axis = None
    if is_series:
        real, imaginary = _tiled(path, procs, folder), None
        if (experiment / "acqu2s").is_file():
            real = real[: _traces(experiment, path)]
        axis = _indirect(experiment, len(real), indirect, notes)
    else:
        real = _numbers(path, procs, procs_path, n_points)
        imaginary = _numbers(folder / "1i", procs, procs_path, n_points) if (folder / "1i").is_file() else None
    values = complex_values(real, imaginary)
    sf = number_of(procs, "SF", procs_path, least=MHZ[0], most=MHZ[1], unit="MHz")
    step = sweep_of(procs, "SW_p", procs_path) / sf / n_points
    first = number_of(procs, "OFFSET", procs_path, least=-WIDEST_PPM, most=WIDEST_PPM, unit="ppm")
    shift = np.asarray(first - step * np.arange(n_points), dtype=np.float64)
    observed = None
    if acqus or nucleus is not None or procs.get("AXNUC"):
        observed = _nucleus(acqus or {"NUC1": procs.get("AXNUC", "")}, nucleus, acqus_path)
    return NmrData(
        domain="shift",
        values=np.ascontiguousarray(values[..., ::-1]),
        x=shift[::-1].copy(),
        complete=imaginary is not None,
        nucleus=observed,
        carrier_mhz=frequency_of(acqus, "SFO1", acqus_path),
        reference_mhz=sf,
        format="Bruker, processed",
        source=str(path),
        indirect=axis,
        temperature=_temperature(acqus),
        solvent=text_of(acqus, "SOLVENT") or None,
        title=_title(experiment),
        parameters=_all({**acqus, **procs}),
        notes=tuple(notes),
    )


# ---- numbers ------------------------------------------------------------------------------------


def _kind(stated: Mapping[str, Any], path: Path, kind: str, order: str) -> np.dtype[Any]:
    """Return how numbers are stored, by the keys that say it."""
    number = np.dtype(np.float64 if choice_of(stated, kind, path, (0, 2), 0) == 2 else np.int32)
    return number.newbyteorder(">" if choice_of(stated, order, path, (0, 1), 0) == 1 else "<")


def _stored(path: Path, needed: int, what: str, advice: str) -> bytes:
    """Return the first bytes of a file, as many as are needed; raises InputError where it holds fewer."""
    try:
        if path.stat().st_size >= needed:
            with path.open("rb") as stream:
                return stream.read(needed)
        has = path.stat().st_size
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror or error}.") from None
    raise InputError(str(path), f"is cut off: {what} are {needed} bytes, it has {has}; {advice}")


def _scaled(numbers: NDArray[Any], stated: Mapping[str, Any], key: str, path: Path) -> NDArray[np.float64]:
    """Return stored numbers × 2 to the power that a parameter states."""
    power = whole_number_of(stated, key, path, 0, least=-LARGEST_POWER, most=LARGEST_POWER)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(numbers.astype(np.float64) * 2.0**power)


def _raw(path: Path, acqus: Mapping[str, Any], acqus_path: Path, n_traces: int) -> ComplexArray:
    """Return (n_points,) of a fid or (n_traces, n_points) of a ser."""
    n_reals = whole_number_of(acqus, "TD", acqus_path, least=1)
    kind = _kind(acqus, acqus_path, "DTYPA", "BYTORDA")
    is_series = path.name == "ser"
    length = n_reals * kind.itemsize
    stride = -(-length // BLOCK) * BLOCK if is_series else length
    needed = (n_traces - 1) * stride + length
    what = f"{n_traces} trace{'s' * (n_traces > 1)} of {n_reals} numbers"
    content = _stored(path, needed, what, "copy it again, or was the measurement stopped?")
    rows = np.frombuffer(content.ljust(n_traces * stride, b"\0"), kind).reshape(n_traces, -1)
    reals = _scaled(rows[:, : n_reals - n_reals % 2], acqus, "NC", acqus_path)
    values = complex_values(reals[:, ::2], reals[:, 1::2])
    return values if is_series else values[0]


def _numbers(path: Path, procs: Mapping[str, Any], procs_path: Path, n: int) -> NDArray[np.float64]:
    kind = _kind(procs, procs_path, "DTYPP", "BYTORDP")
    content = _stored(path, n * kind.itemsize, f"{n} points", "copy it again.")
    return _scaled(np.frombuffer(content, kind), procs, "NC_proc", procs_path)


def _tiled(path: Path, direct: Mapping[str, Any], folder: Path) -> NDArray[np.float64]:
    """Return the rows of a 2rr, which is stored in tiles of XDIM by XDIM."""
    sizes = []
    for name, stated in (("procs", direct), ("proc2s", parameter_file(folder / "proc2s"))):
        size = whole_number_of(stated, "SI", folder / name, least=1)
        tile = whole_number_of(stated, "XDIM", folder / name, 0, least=0) or size
        if size % tile:
            raise InputError(str(folder / name), f"says SI = {size} in tiles of XDIM = {tile}, which do not fill it.")
        sizes.append((size, tile))
    (columns, wide), (rows, high) = sizes
    flat = _numbers(path, direct, folder / "procs", columns * rows)
    tiles = flat.reshape(rows // high, columns // wide, high, wide)
    return tiles.transpose(0, 2, 1, 3).reshape(rows, columns)


# ---- what the series changed ----------------------------------------------------------------------


def _traces(folder: Path, path: Path) -> int:
    """Return how many traces a series has; raises InputError for a two-dimensional correlation spectrum."""
    acqu2s = folder / "acqu2s"
    if not acqu2s.is_file():
        raise InputError(str(path), "is a series, but acqu2s, which says how many traces it has, is missing.")
    second = parameter_file(acqu2s)
    mode = whole_number_of(second, "FnMODE", acqu2s, 0)
    if mode not in SERIES_MODES:
        raise InputError(
            str(path),
            f"is a two-dimensional correlation spectrum (FnMODE = {mode}); single FIDs and series of them "
            "(relaxation, diffusion) are read.",
        )
    if (folder / "acqu3s").is_file():
        raise InputError(str(path), "has three dimensions; single FIDs and series of them are read.")
    return whole_number_of(second, "TD", acqu2s, least=1)


def _indirect(folder: Path, n_traces: int, chosen: str | None, notes: list[str]) -> IndirectAxis:
    """Return what the series changed: the list that is asked for, or the one that the pulse program uses."""
    present = [name for name in LISTS if (folder / name).is_file()]
    if chosen is not None and chosen not in present:
        raise InputError(str(folder), f"has no {chosen}; lists here: {', '.join(present) or 'none'}.")
    if chosen is None and present:
        program = _pulse_program(folder)
        used = [name for name in present if re.search(LISTS[name][3], program)] or present
        chosen = "difflist" if "difflist" in used else used[0]
        if len(present) > 1:
            notes.append(f"of {', '.join(present)} {chosen} is taken; name another one where that is wrong")
    if chosen is None:
        notes.append("there is no list of what was changed from trace to trace; traces are counted from 0")
        return IndirectAxis("trace", "", np.arange(n_traces, dtype=np.float64), "counted")
    name, unit, factor, _ = LISTS[chosen]
    path = folder / chosen
    values, with_units = list_values(path)
    if len(values) < n_traces:
        raise InputError(
            str(path), f"holds {len(values)} values, but the series has {n_traces} traces; there must be one for each."
        )
    if len(values) > n_traces:
        notes.append(f"{chosen} holds {len(values)} values; the first {n_traces} are those of the traces")
    if chosen == "difflist":
        notes.append("gradients of difflist are in G/cm and were multiplied by 0.01 T/m")
    if chosen == "vclist":
        notes.append("vclist holds numbers of loops: multiply them by the echo time to have delays")
    return IndirectAxis(name, unit, values[:n_traces] * (1.0 if with_units else factor), chosen)


def _pulse_program(folder: Path) -> str:
    path = folder / "pulseprogram"
    text = in_any_case(file_bytes(path, str(path))) if path.is_file() else ""
    return "\n".join(line.split(";")[0] for line in text.splitlines())


# ---- what else the parameters say -----------------------------------------------------------------


def _nucleus(acqus: Mapping[str, Any], nucleus: str | None, path: Path) -> str:
    """Return the observed nucleus such as "133Cs"; raises InputError where nobody says."""
    stated = (text_of(acqus, key) for key in ("NUC1", "NUCLEUS"))
    name = nucleus or next((text for text in stated if text not in ("", "off")), None)
    if not name:
        raise InputError(str(path), 'does not say which nucleus was observed (NUC1); name it, such as "133Cs".')
    return name


def _reference(folder: Path, acqus: Mapping[str, Any], path: Path) -> tuple[float | None, str]:
    """Return the frequency of 0 ppm (MHz) and a sentence: SF of the first processed spectrum, else BF1."""
    for procs in sorted(folder.glob("pdata/*/procs")):
        sf = frequency_of(parameter_file(procs), "SF", procs)
        if sf is not None:
            return sf, f"0 ppm is at {sf:.7f} MHz, SF of pdata/{procs.parent.name}"
    basic = frequency_of(acqus, "BF1", path)
    return basic, f"0 ppm is at BF1 = {basic} MHz, for nothing was referenced"


def _temperature(acqus: Mapping[str, Any]) -> float | None:
    """Return TE in K; values of long ago were in °C and are left out, as are those of a unit that was off."""
    value = finite_number(acqus.get("TE"))
    return value if value is not None and COLDEST < value < HOTTEST else None


def _title(folder: Path) -> str:
    for path in sorted(folder.glob("pdata/*/title")):
        return " ".join(in_any_case(file_bytes(path, str(path))).split())
    return ""


def _all(acqus: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **acqus,
        "delays_s": numbered(acqus, "D", "d"),
        "pulses_us": numbered(acqus, "P", "p"),
        "gradients_percent": numbered(acqus, "GPZ", "gpz"),
    }


def diffusion_times(data: NmrData) -> tuple[float, float, str]:
    """Return Δ and δ in s, and a sentence, from d20 and p30 as Bruker's own diffusion programs use them.

    With bipolar gradients (a pulse program with "bp" in its name) δ is twice p30. Programs of other people may use
    other parameters: the sentence says what was taken. Raises InputError where they are missing.
    """
    delays, pulses = data.parameters.get("delays_s", {}), data.parameters.get("pulses_us", {})
    if "d20" not in delays or "p30" not in pulses:
        raise InputError(data.source, "has no d20 and p30, from which Δ and δ are taken; give both times.")
    program = str(data.parameters.get("PULPROG", ""))
    bipolar = "bp" in program
    small = pulses["p30"] * 1e-6 * (2.0 if bipolar else 1.0)
    how = f"Δ = d20 = {delays['d20']:g} s, δ = {'2 p30' if bipolar else 'p30'} = {small:g} s, as in {program}"
    return float(delays["d20"]), float(small), how
