"""Made scans of X-ray absorption and files of them, written from the descriptions of their formats."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.data.xas import AbsorptionScan, AbsorptionSignal, absorption_signal
from nanocrystal.reduction.xas import ReducedAbsorption, XrayAbsorption, reduced_absorption

ETOK = 0.2624682917
"""Å⁻² eV⁻¹: 2 m/ħ²"""
E0 = 8979.0


def energies(e0: float = E0, k_end: float = 14.0, k_step: float = 0.05) -> FloatArray:
    """Return energies of a usual scan of an edge at e0, (n,) eV."""
    before = np.arange(e0 - 180.0, e0 - 20.0, 5.0)
    edge = np.arange(e0 - 20.0, e0 + 30.0, 0.5)
    behind = e0 + np.arange(np.sqrt(30.0 * ETOK), k_end, k_step) ** 2 / ETOK
    return np.concatenate([before, edge, behind])


def made_chi(k: FloatArray) -> FloatArray:
    """Return a χ(k) of two shells, at R of 2.5 and 3.6 Å without phases, (n,)."""
    amplitude = (k / 5.0) ** 2 * np.exp(1.0 - (k / 5.0) ** 2)
    return amplitude * (0.12 * np.sin(5.0 * k) + 0.06 * np.sin(7.2 * k))


def made_mu(energy: FloatArray, e0: float = E0, step: float = 1.4) -> FloatArray:
    """Return μ of an arctangent edge of 1 eV on a falling line, with χ behind it, (n,)."""
    k = np.sqrt(np.maximum(energy - e0, 0.0) * ETOK)
    rise = 0.5 + np.arctan((energy - e0) / 1.0) / np.pi
    return np.asarray(0.9 - 2e-4 * (energy - e0) + step * rise * (1.0 - 1.5e-4 * (energy - e0)) + step * made_chi(k))


def counts_of(mu: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return i0 and itrans of a μ, in which i0 is not constant, (n,) each."""
    i0 = 2e5 + 3e3 * np.sin(np.arange(len(mu)) / 9.0)
    return i0, i0 * np.exp(-mu)


def xdi_text(columns: Mapping[str, FloatArray], first: str = "# XDI/1.0 MADE/1.0", **stated: str) -> str:
    """Return an XDI file; columns: name with its unit -> values; stated: Family_keyword -> value."""
    lines = [first, *(f"# Column.{n}: {name}" for n, name in enumerate(columns, start=1))]
    lines += [f"# {key.replace('_', '.', 1)}: {value}" for key, value in stated.items()]
    lines += ["# ///", "# made by a test", "#----", "# " + " ".join(name.split()[0] for name in columns)]
    rows = zip(*columns.values(), strict=True)
    return "\n".join([*lines, *("  ".join(f"{v:.10g}" for v in row) for row in rows)]) + "\n"


def athena_bytes(records: Sequence[tuple[Mapping[str, str], FloatArray, FloatArray]]) -> bytes:
    """Return a project of Athena; records: settings, energies and μ."""
    parts = ["# Athena project file -- Demeter version 0.9.26\n# made by a test\n\n"]
    for n, (settings, energy, mu) in enumerate(records):
        said = ",".join(f"'{key}','{value}'" for key, value in settings.items())
        parts.append(f"$old_group = 'g{n}';\n@args = ({said},'titles',['it\\'s made','of 2'],'npts',{len(energy)});\n")
        for name, values in (("x", energy), ("y", mu)):
            parts.append(f"@{name} = ({','.join(repr(str(v)) for v in values.tolist())});\n")
        parts.append("[record]   # create object and set arrays in ifeffit\n\n")
    return gzip.compress("".join(parts).encode())


def written(path: Path, content: str | bytes) -> Path:
    """Return the path of a file with a content."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def signals(scans: Sequence[tuple[FloatArray, FloatArray]]) -> list[AbsorptionSignal]:
    """Return scans of (energies, μ) as they come of files."""
    named = [
        AbsorptionScan(columns={"energy": e, "mu": mu}, source=f"scan {n}") for n, (e, mu) in enumerate(scans, start=1)
    ]
    return [absorption_signal(scan, "mu", {}, "reduction.cu") for scan in named]


def reduced(scans: Sequence[tuple[FloatArray, FloatArray]], **settings: Any) -> ReducedAbsorption:
    """Return the reduction of scans of the Cu K edge."""
    return reduced_absorption(
        signals(scans), XrayAbsorption(element="Cu", edge="K", mode="mu", **settings), "cu", "reduction.cu"
    )
