"""A path file of FEFF, written from the description of its layout, of made numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

HEAD = """\
 made numbers                                                    Feff 6L.02
 Abs   Z={absorber} Rmt= 1.289 Rnm= 1.424 {shell} shell
 Pot 1 Z={scatterer} Rmt= 1.272 Rnm= 1.392
 Gam_ch=1.761E+00 H-L exch
 Mu=-5.535E+00 kf=1.806E+00 Vint=-1.796E+01 Rs_int= 2.008
 Path    1      icalc       2
 -----------------------------------------------------------------------
   {legs}  {degeneracy:.3f}   {reff:.4f}    2.6300   -5.53502 nleg, deg, reff, rnrmav(bohr), edge
        x         y         z   pot at#
      .0000     .0000     .0000  0  {absorber} Cu       absorbing atom
"""
COLUMNS = "    k   real[2*phc]   mag[feff]  phase[feff] red factor   lambda     real[p]@#\n"
K = np.concatenate([np.arange(0.0, 2.0, 0.1), np.arange(2.0, 6.0, 0.2), np.arange(6.0, 20.1, 0.5)])
"""Å⁻¹, as FEFF spaces them"""


def table(
    *, slope: float = -0.9, width: float = 7.0, mean_free: float = 12.0, height: float = 0.8
) -> tuple[np.ndarray, ...]:
    """Return made columns of a table: a broad bump of backscattering, phases that fall, p that is k and a little."""
    central = 3.0 - 0.25 * K
    magnitude = height * K / (1.0 + K) * np.exp(-(((K - width) / 6.0) ** 2))
    phase = -5.0 + (slope + 0.25) * K
    reduction = np.full_like(K, 0.95)
    return K, central, magnitude, phase, reduction, np.full_like(K, mean_free), np.sqrt(K**2 + 3.0)


def write_feff(
    path: Path,
    columns: Sequence[np.ndarray] | None = None,
    *,
    reff: float = 2.5,
    absorber: int = 29,
    scatterer: int = 29,
    shell: str = "K",
    degeneracy: float = 12.0,
) -> Path:
    """Write a path to one scatterer at `reff` along z and return where it is."""
    numbers = {"absorber": absorber, "scatterer": scatterer, "shell": shell}
    head = HEAD.format(**numbers, legs=2, degeneracy=degeneracy, reff=reff)
    atom = f"      .0000     .0000{reff:10.4f}  1  {scatterer} Cu\n"
    rows = np.column_stack(table() if columns is None else columns)
    text = "".join(f"{row[0]:7.3f} " + " ".join(f"{v:12.6E}" for v in row[1:]) + "\n" for row in rows)
    path.write_text(head + atom + COLUMNS + text, encoding="utf-8")
    return path
