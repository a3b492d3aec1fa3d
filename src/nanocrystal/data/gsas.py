"""Powder data of GSAS in free columns (FXYE): 2θ in centidegrees, intensity, σ.

A. C. Larson & R. B. Von Dreele, General Structure Analysis System, LAUR 86-748: a line BANK with the number of points,
the binning and the type, then the points. Only type FXYE of constant wavelength is read; the packed types STD and ESD
and times of flight are refused.
"""

from __future__ import annotations

import numpy as np

from nanocrystal.data.curve import Curve
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.lines import quoted
from nanocrystal.errors import InputError

CENTIDEGREES = 100.0


def gsas_curve(file: RawFile) -> Curve:
    """Return the curve of the only bank; raises InputError for other kinds of file, in one sentence."""
    lines, address = file.text.splitlines(), file.address
    banks = [i for i, line in enumerate(lines) if line.upper().startswith("BANK")]
    if not banks:
        raise InputError(address, "is no powder data of GSAS: no line begins with BANK.")
    if len(banks) > 1:
        raise InputError(address, f"holds {len(banks)} banks; only files with one are read.")
    words = lines[banks[0]].upper().split()
    if words[-1] != "FXYE":
        raise InputError(address, f"is of the type {words[-1]}; of GSAS only FXYE is read: export that, or .xye.")
    if any(w in words for w in ("SLOG", "RALF", "TIME_MAP")):
        raise InputError(address, "holds times of flight; only constant wavelengths are read.")
    rows = []
    for number, line in enumerate(lines[banks[0] + 1 :], banks[0] + 2):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            rows.append([float(w) for w in line.split()[:3]])
        except ValueError:
            raise InputError(f"{address}, line {number}", f"{quoted(line)} is no 2θ, intensity and σ.") from None
    if len(rows) < 3 or any(len(row) != 3 for row in rows):
        raise InputError(address, "must hold at least 3 rows of 2θ, intensity and σ behind BANK.")
    x, y, sigma = np.array(rows, dtype=np.float64).T
    if not np.isfinite([x, y, sigma]).all() or not np.all(np.diff(x) > 0.0):
        raise InputError(address, "holds 2θ that do not ascend, or missing values.")
    kept = sigma > 0.0
    if kept.sum() < 3:
        raise InputError(address, "holds hardly any point with a σ above 0.")
    left_out = int((~kept).sum())
    notes = ["2θ was read in centidegrees, as GSAS writes it"]
    notes += [f"{left_out} of {len(x)} points have σ = 0 and were left out"] if left_out else []
    x, y, sigma = x[kept] / CENTIDEGREES, y[kept], sigma[kept]
    return file.curve(x, y, sigma, axes=("two_theta", "intensity"), notes=notes)


GSAS = Format("powder data of GSAS", (".fxye", ".gsas", ".gsa"), gsas_curve)
