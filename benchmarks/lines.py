"""Fits of two Gaussian lines to many spectra: this package, scipy, lmfit and hyperspy, in one run.

    python benchmarks/lines.py [--spectra 10000] [--peers 300]

10,000 spectra of 200 points (1.60 to 2.10 eV), two lines about 1.80 and 1.92 eV with widths of 0.06 to 0.10 eV at half
maximum, areas that differ by a factor of up to 3, a constant baseline, normal noise of 2 % of the higher line: 7
parameters. CPU time of this process; run with OMP_NUM_THREADS=1 to count one core. lmfit and hyperspy (GPL, never
imported by the package) are timed where they are installed, on the first --peers spectra, each with its analytic or
default derivatives as it comes.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from common import print_table
from scipy.optimize import least_squares

from nanocrystal.spectra import DECAYS, LINES, SumOfForms
from nanocrystal.spectra.batch.fit import BatchFit, BatchOptions, fit_batch
from nanocrystal.spectra.batch.shared import fit_shared

X = np.linspace(1.60, 2.10, 200)
NAMES = ("low.area", "low.position", "low.fwhm", "high.area", "high.position", "high.fwhm", "c0")
NOMINAL = {"low.position": 1.80, "low.fwhm": 0.08, "high.position": 1.92, "high.fwhm": 0.08}
BOUNDS = {"*.area": (0.0, np.inf), "*.position": (1.60, 2.10), "*.fwhm": (0.005, 0.5)}
MODEL = SumOfForms({"low": LINES["gaussian"], "high": LINES["gaussian"]}, baseline_terms=1)


def spectra(n: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return true parameters (n, 7), spectra (n, 200) and σ."""
    rng = np.random.default_rng(1)
    truth = np.column_stack(
        [
            rng.uniform(0.5, 1.5, n), rng.normal(1.80, 0.01, n), rng.uniform(0.06, 0.10, n),
            rng.uniform(0.5, 1.5, n), rng.normal(1.92, 0.01, n), rng.uniform(0.06, 0.10, n), rng.uniform(0.5, 2.0, n),
        ]
    )  # fmt: skip
    sigma = 0.02 * 1.0 / 0.08
    return truth, MODEL.curve(X, truth) + rng.normal(0.0, sigma, (n, len(X))), sigma


def clock(call: Callable[[], object], n: int) -> tuple[object, float]:
    """Return what `call` returns, and CPU time per spectrum in µs."""
    begin = time.process_time()
    found = call()
    return found, (time.process_time() - begin) / n * 1e6


# ---- peers --------------------------------------------------------------------------------------


def scipy_fits(y: np.ndarray, sigma: float, starts: np.ndarray) -> np.ndarray:
    """Return χ² (n,) of scipy.optimize.least_squares, method lm with the analytic Jacobian."""

    def residual(p: np.ndarray, of: np.ndarray) -> np.ndarray:
        return (of - MODEL.curve(X, p)[0]) / sigma

    def jacobian(p: np.ndarray, of: np.ndarray) -> np.ndarray:
        rows = MODEL.rows(X, p[None])[:, 0]
        scale = np.array([1.0, p[0], p[0], 1.0, p[3], p[3], 1.0])
        return -(rows * scale[:, None]).T / sigma

    return np.array(
        [
            2.0 * least_squares(residual, s, jacobian, method="lm", args=(of,)).cost
            for of, s in zip(y, starts, strict=True)
        ]
    )


def lmfit_fits(y: np.ndarray, sigma: float, starts: np.ndarray) -> np.ndarray:
    """Return χ² (n,) of lmfit's composite model, one fit after the other."""
    from lmfit.models import ConstantModel, GaussianModel

    model = GaussianModel(prefix="a_") + GaussianModel(prefix="b_") + ConstantModel()
    per_fwhm = 1.0 / np.sqrt(8.0 * np.log(2.0))
    found = []
    for of, s in zip(y, starts, strict=True):
        given = {"a_amplitude": s[0], "a_center": s[1], "a_sigma": s[2] * per_fwhm}
        given |= {"b_amplitude": s[3], "b_center": s[4], "b_sigma": s[5] * per_fwhm, "c": s[6]}
        found.append(model.fit(of, model.make_params(**given), x=X, weights=1.0 / sigma).chisqr)
    return np.array(found)


def lmfit_minimize(y: np.ndarray, sigma: float, starts: np.ndarray) -> np.ndarray:
    """Return χ² (n,) of lmfit's minimize with a residual of our own, its fastest way."""
    import lmfit

    def residual(given: object, of: np.ndarray) -> np.ndarray:
        a1, c1, w1, a2, c2, w2, c0 = given.valuesdict().values()  # type: ignore[attr-defined]
        first = a1 / w1 * np.exp(-4.0 * np.log(2.0) * ((X - c1) / w1) ** 2)
        second = a2 / w2 * np.exp(-4.0 * np.log(2.0) * ((X - c2) / w2) ** 2)
        return (of - np.sqrt(4.0 * np.log(2.0) / np.pi) * (first + second) - c0) / sigma

    found = []
    for of, s in zip(y, starts, strict=True):
        given = lmfit.Parameters()
        for name, value in zip(("a1", "c1", "w1", "a2", "c2", "w2", "c0"), s, strict=True):
            given.add(name, value=value)
        found.append(lmfit.minimize(residual, given, args=(of,)).chisqr)
    return np.array(found)


def hyperspy_fits(y: np.ndarray, sigma: float, starts: np.ndarray) -> np.ndarray:
    """Return χ² (n,) of hyperspy's multifit with its default optimiser."""
    import hyperspy.api as hs

    hs.preferences.General.show_progressbar = False
    signal = hs.signals.Signal1D(y)
    axis = signal.axes_manager.signal_axes[0]
    axis.offset, axis.scale = X[0], X[1] - X[0]
    signal.set_noise_variance(sigma**2)
    model = signal.create_model()
    per_fwhm = 1.0 / np.sqrt(8.0 * np.log(2.0))
    parts = [hs.model.components1D.Gaussian(), hs.model.components1D.Gaussian(), hs.model.components1D.Offset()]
    model.extend(parts)
    for part, s in zip(parts[:2], (starts[0, :3], starts[0, 3:6]), strict=True):
        part.A.value, part.centre.value, part.sigma.value = s[0], s[1], s[2] * per_fwhm
    parts[2].offset.value = starts[0, 6]
    model.assign_current_values_to_all()
    model.multifit(iterpath="serpentine")
    return np.asarray(model.chisq.data, dtype=float)


# ---- the tables ---------------------------------------------------------------------------------


def installed(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return name


def ours(y: np.ndarray, sigma: float, off: float = 0.0, **options: object) -> BatchFit:
    """Return the fit from the nominal start, positions moved by `off` eV."""
    start = {k: v + (off if "position" in k else 0.0) for k, v in NOMINAL.items()}
    return fit_batch(MODEL, X, y, start, sigma=sigma, options=BatchOptions(bounds=BOUNDS, **options))  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--spectra", type=int, default=10_000)
    parser.add_argument("--peers", type=int, default=300)
    asked = parser.parse_args()
    truth, y, sigma = spectra(asked.spectra)
    few = min(asked.peers, asked.spectra)
    ours(y[:600], sigma)  # compiles
    rows = []
    nominal = np.tile([1.0, 1.80, 0.08, 1.0, 1.92, 0.08, 1.0], (asked.spectra, 1))
    for label, options in {
        "nanocrystal, compiled": {}, "nanocrystal, compiled, amplitudes eliminated": {"eliminate": True},
        "nanocrystal, NumPy text": {"engine": "plain"},
    }.items():  # fmt: skip
        fit, each = clock(lambda o=options: ours(y, sigma, **o), asked.spectra)
        rows.append((label, f"{asked.spectra}", f"{each:.1f}", fit.words()))
    base = float(rows[0][2])
    _, each = clock(lambda: scipy_fits(y[:few], sigma, nominal[:few]), few)
    rows.append((f"{installed('scipy')} least_squares lm, analytic", f"{few}", f"{each:.0f}", f"{each / base:.0f} ×"))
    peers = (("lmfit", " minimize", lmfit_minimize), ("lmfit", " composite model", lmfit_fits))
    for name, how, fits in (*peers, ("hyperspy", " multifit", hyperspy_fits)):
        if find_spec(name) is None:
            rows.append((name, "", "", "not installed"))
            continue
        fits(y[:3], sigma, nominal[:3])
        chi2, each = clock(lambda f=fits: f(y[:few], sigma, nominal[:few]), few)
        worse = int((ours(y[:few], sigma).chi2 > np.asarray(chi2) * (1.0 + 1e-6)).sum())
        rows.append((installed(name) + how, f"{few}", f"{each:.0f}", f"{each / base:.0f} ×; {worse} of theirs better"))
    print_table(("program", "spectra", "CPU µs each", ""), rows)

    best = scipy_fits(y, sigma, truth)
    rows = []
    for off in (0.0, 0.03, 0.05, -0.05):
        fit, each = clock(lambda o=off: ours(y, sigma, o), asked.spectra)
        alike = float((fit.chi2 <= best * (1.0 + 1e-6)).mean())
        pulls = [(fit[n] - truth[:, k]) / fit.stderr(n) for k, n in enumerate(NAMES)]
        spread = f"{min(p.std() for p in pulls):.3f} to {max(p.std() for p in pulls):.3f}"
        rows.append((f"{off:+.2f}", f"{100.0 * alike:.2f} %", f"{int(fit.flagged.sum())}", f"{each:.1f}", spread))
    print("χ² against scipy started at the truth; pulls: deviation over standard error, standard deviation\n")
    print_table(("start off by / eV", "χ² equal or lower to 1e-6", "flagged", "CPU µs each", "pulls"), rows)
    other_sums(asked.spectra)


def other_sums(n: int) -> None:
    """Print times of other shapes, of counted decays, and of one coefficient of diffusion for many columns."""
    _, y, sigma = spectra(n)
    rows = []
    for shape in ("gaussian", "lorentzian", "pseudo-voigt", "voigt", "split-voigt"):
        model = SumOfForms({"low": LINES[shape], "high": LINES[shape]}, baseline_terms=1)
        few = y[: n if model.has_compiled else n // 10]
        fit_batch(model, X, few[:300], NOMINAL, sigma=sigma, options=BatchOptions(bounds=BOUNDS))
        fit, each = clock(
            lambda m=model, o=few: fit_batch(m, X, o, NOMINAL, sigma=sigma, options=BatchOptions(bounds=BOUNDS)),
            len(few),
        )
        rows.append((f"two lines, {shape}", f"{len(few)}", fit.engine, f"{each:.1f}", fit.words()))
    rng = np.random.default_rng(2)
    t = np.linspace(0.0, 10.0, 256)
    counts = rng.poisson(30.0 * np.exp(-t / 2.0) + 0.5, (n, len(t))).astype(float)
    for name in ("exponential", "stretched"):
        model = SumOfForms({"a": DECAYS[name]}, 1)
        fit_batch(model, t, counts[:300], {"a.time": 1.0}, options=BatchOptions(likelihood="poisson"))
        fit, each = clock(
            lambda m=model: fit_batch(m, t, counts, {"a.time": 1.0}, options=BatchOptions(likelihood="poisson")), n
        )
        rows.append((f"{name}, 256 channels of counts", f"{n}", fit.engine, f"{each:.1f}", fit.words()))
    b = np.linspace(0.0, 2e10, 16)
    columns = rng.uniform(0.2, 1.0, (500, 2)) @ np.exp(-np.outer([8.5e-11, 4e-10], b)) + rng.normal(0, 0.005, (500, 16))
    model = SumOfForms({"slow": DECAYS["diffusion"], "fast": DECAYS["diffusion"]}, 0)
    start = {"slow.diffusion": 1e-10, "fast.diffusion": 1e-9}
    shared, each = clock(lambda: fit_shared(model, b, columns, start, shared=list(start), sigma=0.005), 1)
    found = ", ".join(f"{v:.3g}({shared.shared_stderr(k):.1g})" for k, v in shared.shared.items())
    rows.append(("two D for 500 columns of 16 points, all at once", "1", "shared", f"{each:.0f}", f"D = {found} m²/s"))
    print_table(("sum", "fits", "engine", "CPU µs each", ""), rows)


if __name__ == "__main__":
    main()
