"""Relaxation of several lines over one list of delays, each with a time of its own or all with one.

    print(relaxation_of_lines(delays, integrals, "inversion-recovery", names=["core", "surface"]))

Published ¹³³Cs times by ligand, size and site are what `published_cs133` returns;
`relaxation_figure` draws them, and yours, against size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanocrystal.analysis.estimate import UncertainValue
from nanocrystal.errors import InputError
from nanocrystal.spectra import DECAYS, SumOfForms
from nanocrystal.spectra.batch.shared import SharedFit, fit_shared
from nanocrystal.tables.cs133_relaxation import cs133_relaxation
from nanocrystal.text import csv_text

FloatArray = NDArray[np.float64]
Kind = Literal["inversion-recovery", "saturation-recovery", "echo-decay"]
INVERSION = {"inversion-recovery": 2.0, "saturation-recovery": 1.0}


@dataclass(frozen=True)
class LineRelaxation:
    """The relaxation of one line.

    Parameters
    ----------
    name : str
        Of the line.
    time : UncertainValue
        T1 or T2, s.
    amplitude : UncertainValue
        M: where a recovery ends, where a decay begins.
    inversion : UncertainValue or None
        f of a recovery; None where it was fixed, and of decays.
    """

    name: str
    time: UncertainValue
    amplitude: UncertainValue
    inversion: UncertainValue | None


@dataclass(frozen=True, kw_only=True)
class RelaxationOfLines:
    """Relaxation times of several lines over one list of delays.

    Parameters
    ----------
    kind : str
        "inversion-recovery", "saturation-recovery" or "echo-decay".
    lines : tuple of LineRelaxation
        In the order of the integrals.
    common : bool
        Whether one time holds for all.
    chi2_red : float or None
        Of all lines together; None without σ.
    longest : float
        The last delay, s.
    """

    kind: Kind
    lines: tuple[LineRelaxation, ...]
    common: bool
    chi2_red: float | None
    longest: float

    def __str__(self) -> str:
        what = "T2" if self.kind == "echo-decay" else "T1"
        rows = [f"{line.name:14s} {what} = {line.time!r}   amplitude {line.amplitude!r}" for line in self.lines]
        if self.common:
            rows.append(f"one {what} for all lines")
        if self.chi2_red is not None:
            rows.append(f"χ²_red = {self.chi2_red:.3g}")
        short = [line.name for line in self.lines if self.longest < 3.0 * line.time.value]
        if short and self.kind != "echo-decay":
            rows.append(f"the longest delay, {self.longest:.3g} s, is less than three times T1 of {', '.join(short)}")
        return "\n".join(rows)

    def to_csv(self) -> str:
        """Return one row a line."""
        return csv_text(
            {
                "line": [x.name for x in self.lines],
                "time_s": [x.time.value for x in self.lines],
                "time_stderr_s": [x.time.stderr_scaled for x in self.lines],
                "amplitude": [x.amplitude.value for x in self.lines],
                "amplitude_stderr": [x.amplitude.stderr_scaled for x in self.lines],
            }
        )


def relaxation_of_lines(
    delays_s: ArrayLike,
    integrals: ArrayLike,
    kind: Kind,
    *,
    names: Sequence[str] = (),
    sigma: ArrayLike | None = None,
    common_time: bool = False,
    inversion: float | None = None,
) -> RelaxationOfLines:
    """Return relaxation times of lines from their integrals over delays.

    A recovery is M [1 − f exp(−t/T)], a decay M exp(−t/T).

    Parameters
    ----------
    delays_s : array (n_delays,)
        t, s.
    integrals : array (n_lines, n_delays)
        In any unit.
    kind : str
        "inversion-recovery", "saturation-recovery" or "echo-decay".
    names : sequence of str, optional
        Of the lines [line_1, line_2, …].
    sigma : float or array (n_lines, 1) or (n_lines, n_delays), optional
        Standard deviations of the integrals; without, uncertainties follow from the scatter.
    common_time : bool, optional
        Whether one T holds for all lines.
    inversion : float, optional
        f, held: 2 for complete inversion, 1 for saturation [refined for each line].

    Returns
    -------
    RelaxationOfLines
        T, M and f of each line.

    Raises
    ------
    InputError
        For arrays that do not fit one another and delays below 0.
    """
    t, y = np.asarray(delays_s, dtype=np.float64), np.atleast_2d(np.asarray(integrals, dtype=np.float64))
    if t.ndim != 1 or y.shape[1] != len(t):
        raise InputError("integrals", f"must have the shape (n_lines, {t.size}) of the delays, got {y.shape}.")
    if len(t) and t.min() < 0.0:
        raise InputError("delays_s", f"must be at least 0 s, got {t.min():g}.")
    labels = list(names) or [f"line_{k + 1}" for k in range(len(y))]
    if len(labels) != len(y):
        raise InputError("names", f"must be as many as the lines, {len(y)}, got {len(labels)}.")
    recovers = kind in INVERSION
    fixed = {} if inversion is None or not recovers else {"a.inversion": inversion}
    model = SumOfForms({"a": DECAYS["recovery" if recovers else "exponential"]}, 0, fixed=fixed)
    start = {"a.time": float(np.median(t[t > 0.0]))}
    if recovers and not fixed:
        start["a.inversion"] = INVERSION[kind]
    spread = None if sigma is None else np.broadcast_to(np.asarray(sigma, dtype=np.float64), y.shape)
    shared = ["a.time"] if common_time else []
    groups = [slice(None)] if common_time else [slice(k, k + 1) for k in range(len(y))]
    fits = [
        fit_shared(model, t, y[g], start, shared=shared, sigma=None if spread is None else spread[g]) for g in groups
    ]
    estimates = [e for fit in fits for e in _estimates(fit, spread is not None, recovers and not fixed)]
    freedom = sum(fit.n_points - fit.n_parameters for fit in fits)
    chi2_red = None if spread is None else sum(fit.chi2 for fit in fits) / max(freedom, 1)
    lines = tuple(LineRelaxation(name, *values) for name, values in zip(labels, estimates, strict=True))
    return RelaxationOfLines(kind=kind, lines=lines, common=common_time, chi2_red=chi2_red, longest=float(t.max()))


def _estimates(
    fit: SharedFit, has_sigma: bool, inverted: bool
) -> list[tuple[UncertainValue, UncertainValue, UncertainValue | None]]:
    """Return time, amplitude and inversion of each member of a fit; NaN errors where the data say nothing."""
    factor = float(np.sqrt(max(1.0, fit.chi2_red))) if has_sigma else 1.0

    def of(name: str, unit: str) -> list[UncertainValue]:
        errors = np.where(np.isfinite(fit.stderr(name)), fit.stderr(name), np.nan)
        return [
            UncertainValue(float(v), float(e), float(e) * factor, unit) for v, e in zip(fit[name], errors, strict=True)
        ]

    inversions: list[UncertainValue | None] = [None] * len(fit.free)
    if inverted:
        inversions = list(of("a.inversion", ""))
    return list(zip(of("a.time", "s"), of("a.amplitude", ""), inversions, strict=True))


def published_cs133(what: Literal["t1_s", "t2_ms"]) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return published relaxation times of ¹³³Cs in CsPbBr₃ nanocrystals over their size.

    What the paper leaves out is left out.

    Parameters
    ----------
    what : str
        "t1_s", T1 in s, or "t2_ms", T2 in ms.

    Returns
    -------
    dict of str to (array (n,), array (n,))
        "ligand, site" -> sizes in nm, and times.

    References
    ----------
    M. Aebli et al., Disorder and halide distributions in cesium lead halide nanocrystals as seen by colloidal ¹³³Cs
    nuclear magnetic resonance spectroscopy, supporting information, Table S13.
    """
    rows = [(f"{r.ligand}, {r.site}", r.size_nm, getattr(r, what)) for r in cs133_relaxation()]
    known = [(name, size, value) for name, size, value in rows if value is not None]
    return {
        name: (np.array([s for n, s, _ in known if n == name]), np.array([v for n, _, v in known if n == name]))
        for name in dict.fromkeys(n for n, _, _ in known)
    }
