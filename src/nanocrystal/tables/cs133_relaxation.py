"""Relaxation of ¹³³Cs in colloidal CsPbBr₃ nanocrystals, by ligand, size and site; numbers as they are printed.

M. Aebli, C. J. Kaul, N. Yazdani, F. Krieg, C. Bernasconi, D. Guggisberg, M. Marczak, V. Morad, L. Piveteau, M. I.
Bodnarchuk, R. Verel, V. Wood & M. V. Kovalenko, Disorder and halide distributions in cesium lead halide nanocrystals as
seen by colloidal ¹³³Cs nuclear magnetic resonance spectroscopy, supporting information, Table S13. No uncertainties are
printed; a dash there is None here.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

SOURCE = "Aebli et al., colloidal ¹³³Cs NMR of CsPbX₃ nanocrystals, supporting information, Table S13"


@dataclass(frozen=True, kw_only=True)
class Cs133Relaxation:
    """One row: T1 in s and T2 in ms of a site (core, intermediate, surface); None where none is printed."""

    ligand: str
    size_nm: float
    site: str
    t1_s: float | None
    t2_ms: float | None


@lru_cache(maxsize=1)
def cs133_relaxation() -> tuple[Cs133Relaxation, ...]:
    """Return all rows in the order of the paper."""
    with (files("nanocrystal.tables") / "cs133_relaxation.csv").open(encoding="utf-8") as stream:
        return tuple(
            Cs133Relaxation(
                ligand=row["ligand"],
                size_nm=float(row["size_nm"]),
                site=row["site"],
                t1_s=_printed(row["t1_s"]),
                t2_ms=_printed(row["t2_ms"]),
            )
            for row in csv.DictReader(stream)
        )


def _printed(text: str) -> float | None:
    return float(text) if text else None
