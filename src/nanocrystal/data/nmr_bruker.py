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
from nanocrystal.data.nmr_data import IndirectAxis, NmrData, checked, frequency_mhz, time_axis
from nanocrystal.errors import InputError
from nanocrystal.text import in_any_case

BLOCK = 1024
"""bytes at which traces begin"""
LISTS = {
    "vdlist": ("delay", "s", 1.0, r"\bi?vd\b"),
    "vclist": ("loops", "", 1.0, r"\bi?vc\b|\blo to \S+ times c\b"),
    "vplist": ("pulse", "s", 1e-6, r"\bi?vp\b"),
    "difflist": ("gradient", "T/m", 0.01, r"[Dd]iff"),
}
"""file -> name, unit, the file's own unit in this one, how a pulse program speaks of it (G/cm is 0.01 T/m)"""
SERIES_MODES = (0, 1)
"""FnMODE of a series (undefined or QF); others make a two-dimensional correlation spectrum"""


def read_bruker(folder: Path, nucleus: str | None = None, indirect: str | None = None) -> NmrData:
    """Return the FID or series of an experiment (a folder with acqus and fid or ser); raises InputError."""
    acqus_path = folder / "acqus" if (folder / "acqus").is_file() else folder / "acqu"
    acqus = parameter_file(acqus_path)
    is_series = (folder / "ser").is_file()
    path = folder / ("ser" if is_series else "fid")
    n_reals = _positive(acqus, "TD", acqus_path)
    width = _positive(acqus, "SW_h", acqus_path)
    n_traces = _traces(folder, path) if is_series else 1
    values, complex_points = _raw(path, acqus, int(n_reals), n_traces)
    delay, said = group_delay(acqus, str(acqus_path))
    notes = [said]
    if not complex_points:
        raise InputError(
            str(acqus_path), "says AQ_mod 0 or 2 (qf, qseq): FIDs of real points are not read; process them in TopSpin."
        )
    axis = _indirect(folder, acqus, n_traces, indirect, notes) if is_series else None
    reference, how = _reference(folder, acqus)
    notes.append(how)
    return checked(
        NmrData(
            domain="time",
            values=values,
            x=time_axis(values.shape[-1], 1.0 / float(width), delay),
            complete=True,
            nucleus=_nucleus(acqus, nucleus, acqus_path),
            carrier_mhz=frequency_mhz(acqus.get("SFO1")),
            reference_mhz=reference,
            format="Bruker",
            source=str(path),
            indirect=axis,
            temperature=_temperature(acqus),
            solvent=acqus.get("SOLVENT"),
            title=_title(folder),
            parameters=_all(acqus),
            notes=tuple(notes),
        )
    )


def read_bruker_processed(folder: Path, nucleus: str | None = None, indirect: str | None = None) -> NmrData:
    """Return the spectrum of a pdata/PROCNO folder, or the spectra of a series (2rr); raises InputError."""
    procs = parameter_file(folder / "procs")
    experiment = folder.parents[1]
    acqus_path = experiment / "acqus"
    acqus = parameter_file(acqus_path) if acqus_path.is_file() else {}
    is_series = (folder / "2rr").is_file()
    path = folder / ("2rr" if is_series else "1r")
    if not path.is_file():
        raise InputError(str(folder), "holds no 1r and no 2rr: nothing was processed here.")
    n_points = int(_positive(procs, "SI", folder / "procs"))
    notes = [f"processed by the spectrometer's program (LB = {procs.get('LB', 0)} Hz)"]
    axis = None
    if is_series:
        proc2s = parameter_file(folder / "proc2s")
        rows = _tiled(path, procs, proc2s)
        n_traces = _traces(experiment, path) if (experiment / "acqu2s").is_file() else len(rows)
        real, imaginary = rows[:n_traces], None
        axis = _indirect(experiment, acqus, len(real), indirect, notes)
    else:
        real = _numbers(path, procs, n_points)
        imaginary = _numbers(folder / "1i", procs, n_points) if (folder / "1i").is_file() else None
    values = np.asarray(real if imaginary is None else real + 1j * imaginary, dtype=np.complex128)
    values = values * 2.0 ** int(procs.get("NC_proc", 0))
    sf = float(_positive(procs, "SF", folder / "procs"))
    step = float(_positive(procs, "SW_p", folder / "procs")) / sf / n_points
    shift = np.asarray(float(procs["OFFSET"]) - step * np.arange(n_points), dtype=np.float64)
    observed = None
    if acqus or nucleus is not None or procs.get("AXNUC"):
        observed = _nucleus(acqus or {"NUC1": procs.get("AXNUC", "")}, nucleus, acqus_path)
    return checked(
        NmrData(
            domain="shift",
            values=np.ascontiguousarray(values[..., ::-1]),
            x=shift[::-1].copy(),
            complete=imaginary is not None,
            nucleus=observed,
            carrier_mhz=frequency_mhz(acqus.get("SFO1")),
            reference_mhz=sf,
            format="Bruker, processed",
            source=str(path),
            indirect=axis,
            temperature=_temperature(acqus),
            solvent=acqus.get("SOLVENT"),
            title=_title(experiment),
            parameters=_all({**acqus, **procs}),
            notes=tuple(notes),
        )
    )


# ---- numbers ------------------------------------------------------------------------------------


def _raw(path: Path, acqus: Mapping[str, Any], n_reals: int, n_traces: int) -> tuple[ComplexArray, bool]:
    """Return (n_points,) of a fid or (n_traces, n_points) of a ser, and whether points are complex."""
    kind = np.dtype(np.float64 if int(acqus.get("DTYPA", 0)) == 2 else np.int32)
    kind = kind.newbyteorder(">" if int(acqus.get("BYTORDA", 0)) == 1 else "<")
    content = path.read_bytes()
    is_series = path.name == "ser"
    length = n_reals * kind.itemsize
    stride = -(-length // BLOCK) * BLOCK if is_series else length
    needed = (n_traces - 1) * stride + length
    if len(content) < needed:
        raise InputError(
            str(path),
            f"is cut off: {n_traces} trace{'s' * (n_traces > 1)} of {n_reals} numbers are {needed} bytes, "
            f"it has {len(content)}; copy it again, or was the measurement stopped?",
        )
    padded = content + b"\0" * max(0, n_traces * stride - len(content))
    reals = np.frombuffer(padded[: n_traces * stride], kind).reshape(n_traces, -1)[:, :n_reals].astype(np.float64)
    reals *= 2.0 ** int(acqus.get("NC", 0))
    reals = reals[:, : n_reals - n_reals % 2]
    values = np.ascontiguousarray(reals[:, ::2] + 1j * reals[:, 1::2])
    return (values if is_series else values[0]), int(acqus.get("AQ_mod", 3)) in (1, 3)


def _numbers(path: Path, procs: Mapping[str, Any], n: int) -> NDArray[np.float64]:
    kind = np.dtype(np.float64 if int(procs.get("DTYPP", 0)) == 2 else np.int32)
    kind = kind.newbyteorder(">" if int(procs.get("BYTORDP", 0)) == 1 else "<")
    content = path.read_bytes()
    if len(content) < n * kind.itemsize:
        raise InputError(
            str(path), f"is cut off: {n} points are {n * kind.itemsize} bytes, it has {len(content)}; copy it again."
        )
    return np.frombuffer(content[: n * kind.itemsize], kind).astype(np.float64)


def _tiled(path: Path, direct: Mapping[str, Any], other: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the rows of a 2rr, which is stored in tiles of XDIM by XDIM."""
    columns, rows = int(direct["SI"]), int(other["SI"])
    wide, high = int(direct.get("XDIM", 0)) or columns, int(other.get("XDIM", 0)) or rows
    flat = _numbers(path, direct, columns * rows)
    tiles = flat.reshape(rows // high, columns // wide, high, wide)
    return tiles.transpose(0, 2, 1, 3).reshape(rows, columns)


# ---- what the series changed ----------------------------------------------------------------------


def _traces(folder: Path, path: Path) -> int:
    """Return how many traces a series has; raises InputError for a two-dimensional correlation spectrum."""
    acqu2s = folder / "acqu2s"
    if not acqu2s.is_file():
        raise InputError(str(path), "is a series, but acqu2s, which says how many traces it has, is missing.")
    second = parameter_file(acqu2s)
    mode = int(second.get("FnMODE", 0))
    if mode not in SERIES_MODES:
        raise InputError(
            str(path),
            f"is a two-dimensional correlation spectrum (FnMODE = {mode}); single FIDs and series of them "
            "(relaxation, diffusion) are read.",
        )
    if (folder / "acqu3s").is_file():
        raise InputError(str(path), "has three dimensions; single FIDs and series of them are read.")
    return int(_positive(second, "TD", acqu2s))


def _indirect(
    folder: Path, acqus: Mapping[str, Any], n_traces: int, chosen: str | None, notes: list[str]
) -> IndirectAxis:
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
    text = in_any_case(path.read_bytes()) if path.is_file() else ""
    return "\n".join(line.split(";")[0] for line in text.splitlines())


# ---- what else the parameters say -----------------------------------------------------------------


def _positive(parameters: Mapping[str, Any], name: str, path: Path) -> float:
    value = parameters.get(name)
    if not isinstance(value, int | float) or not value > 0:
        raise InputError(str(path), f"must give {name} above 0, got {value!r}.")
    return float(value)


def _nucleus(acqus: Mapping[str, Any], nucleus: str | None, path: Path) -> str:
    """Return the observed nucleus such as "133Cs"; raises InputError where nobody says."""
    name = nucleus or next((acqus[k] for k in ("NUC1", "NUCLEUS") if acqus.get(k) not in (None, "", "off")), None)
    if not name:
        raise InputError(str(path), 'does not say which nucleus was observed (NUC1); name it, such as "133Cs".')
    return str(name)


def _reference(folder: Path, acqus: Mapping[str, Any]) -> tuple[float | None, str]:
    """Return the frequency of 0 ppm (MHz) and a sentence: SF of the first processed spectrum, else BF1."""
    for procs in sorted(folder.glob("pdata/*/procs")):
        sf = frequency_mhz(parameter_file(procs).get("SF"))
        if sf is not None:
            return sf, f"0 ppm is at {sf:.7f} MHz, SF of pdata/{procs.parent.name}"
    basic = frequency_mhz(acqus.get("BF1"))
    return basic, f"0 ppm is at BF1 = {basic} MHz, for nothing was referenced"


def _temperature(acqus: Mapping[str, Any]) -> float | None:
    """Return TE in K; values of long ago were in °C and are left out, as are those of a unit that was off."""
    value = acqus.get("TE")
    return float(value) if isinstance(value, int | float) and value > 60.0 else None


def _title(folder: Path) -> str:
    for path in sorted(folder.glob("pdata/*/title")):
        return " ".join(in_any_case(path.read_bytes()).split())
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
