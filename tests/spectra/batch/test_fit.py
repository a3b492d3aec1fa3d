"""Fits of many spectra: both engines against each other, against scipy one by one, and against exact answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize
from scipy.special import voigt_profile

from nanocrystal.errors import InputError
from nanocrystal.spectra import SumOfForms
from nanocrystal.spectra.batch.fit import CONVERGED, EMPTY, SINGULAR, BatchFit, BatchOptions, fit_batch
from nanocrystal.spectra.batch.starts import candidates
from nanocrystal.spectra.decays import DECAYS, gauss_exponential
from nanocrystal.spectra.lines import LINES, voigt_width

X = np.linspace(1.60, 2.10, 120)
TWO = SumOfForms({"low": LINES["gaussian"], "high": LINES["gaussian"]}, baseline_terms=1)
START = {"low.position": 1.80, "low.fwhm": 0.08, "high.position": 1.92, "high.fwhm": 0.08}
BOUNDS = {"*.area": (0.0, np.inf), "*.position": (1.60, 2.10), "*.fwhm": (0.005, 0.5)}
SIGMA = 0.25


def spectra(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return true parameters (n, 7) and noisy spectra (n, 120)."""
    rng = np.random.default_rng(seed)
    draw = rng.uniform
    truth = np.column_stack(
        [
            draw(0.5, 1.5, n), rng.normal(1.80, 0.01, n), draw(0.06, 0.10, n),
            draw(0.5, 1.5, n), rng.normal(1.92, 0.01, n), draw(0.06, 0.10, n), draw(0.5, 2.0, n),
        ]
    )  # fmt: skip
    return truth, TWO.curve(X, truth) + rng.normal(0.0, SIGMA, (n, len(X)))


def gaussians(x: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return two Gaussians by height-free formula of their own, and a constant."""
    total = np.full_like(x, p[6])
    for area, centre, fwhm in (p[:3], p[3:6]):
        s = fwhm / 2.3548200450309493
        total += area * np.exp(-0.5 * ((x - centre) / s) ** 2) / (s * np.sqrt(2.0 * np.pi))
    return total


def scipy_fit(y: np.ndarray, start: np.ndarray) -> Any:
    return least_squares(
        lambda p: (y - gaussians(X, p)) / SIGMA, start, x_scale="jac", xtol=1e-13, ftol=1e-13, gtol=1e-13
    )


# ---- against scipy ------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [0.0, 0.05, -0.05])
def test_same_minimum_as_scipy_also_from_far_starts(off: float) -> None:
    truth, y = spectra(60)
    start = {k: v + (off if "position" in k else 0.0) for k, v in START.items()}
    fit = fit_batch(TWO, X, y, start, sigma=SIGMA, options=BatchOptions(bounds=BOUNDS))
    assert not fit.flagged.any()
    for k, (t, of) in enumerate(zip(truth, y, strict=True)):
        best = scipy_fit(of, t)
        assert fit.chi2[k] == pytest.approx(2.0 * best.cost, rel=1e-7)
        covariance = np.linalg.inv(best.jac.T @ best.jac)
        assert np.abs(fit.free[k] - best.x).max() < 1e-3 * np.sqrt(np.diag(covariance)).max()
        assert fit.covariance[k] == pytest.approx(covariance, rel=2e-2, abs=1e-4 * np.abs(covariance).max())


@pytest.mark.parametrize("eliminate", [False, True])
def test_both_engines_take_the_same_steps(eliminate: bool) -> None:
    _, y = spectra(40)
    fits = [
        fit_batch(TWO, X, y, START, sigma=SIGMA, options=BatchOptions(bounds=BOUNDS, engine=e, eliminate=eliminate))
        for e in ("compiled", "plain")
    ]
    assert fits[0].chi2 == pytest.approx(fits[1].chi2, rel=1e-10)
    assert fits[0].free == pytest.approx(fits[1].free, rel=1e-5)
    assert fits[0].covariance == pytest.approx(fits[1].covariance, rel=1e-4, abs=1e-12)
    assert np.array_equal(fits[0].status, fits[1].status)


OF_FORMS: dict[str, tuple[dict[str, float], np.ndarray]] = {
    "gaussian": ({"position": 1.83, "fwhm": 0.09}, X),
    "lorentzian": ({"position": 1.83, "fwhm": 0.05}, X),
    "pseudo-voigt": ({"position": 1.83, "fwhm": 0.09, "lorentzian_part": 0.4}, X),
    "voigt": ({"position": 1.83, "fwhm": 0.09, "lorentzian_part": 0.4}, X),
    "voigt-widths": ({"position": 1.83, "gaussian_fwhm": 0.06, "lorentzian_fwhm": 0.04}, X),
    "split-gaussian": ({"position": 1.83, "fwhm": 0.09, "asymmetry": 0.3}, X),
    "split-lorentzian": ({"position": 1.83, "fwhm": 0.06, "asymmetry": -0.3}, X),
    "exponential": ({"time": 1.2}, np.linspace(0.0, 6.0, 80)),
    "stretched": ({"time": 1.2, "exponent": 0.7}, np.linspace(0.0, 6.0, 80)),
    "recovery": ({"time": 1.2, "inversion": 1.8}, np.linspace(0.0, 6.0, 80)),
    "diffusion": ({"diffusion": 0.8}, np.linspace(0.0, 6.0, 80)),
}


@pytest.mark.parametrize("name", OF_FORMS)
def test_every_compiled_form_is_its_plain_text(name: str) -> None:
    """Both engines, one step from the same start and then to the end, for exact data and for noisy ones."""
    form = {**LINES, **DECAYS}[name]
    values, x = OF_FORMS[name]
    model = SumOfForms({"a": form}, baseline_terms=0 if form.amplitude == "amplitude" else 2)
    assert model.has_compiled
    free = model.start({f"a.{form.amplitude}": 2.0, **{f"a.{k}": v for k, v in values.items()}})
    y = model.curve(x, free) + np.random.default_rng(2).normal(0.0, 0.02, (5, len(x)))
    start = {f"a.{k}": 1.1 * v if k != "position" else v + 0.01 for k, v in values.items()}
    fits = [
        fit_batch(model, x, y, start, sigma=0.02, options=BatchOptions(engine=e, search=False))
        for e in ("compiled", "plain")
    ]
    assert not fits[0].flagged.any()
    assert fits[0].chi2 == pytest.approx(fits[1].chi2, rel=1e-9)
    assert np.array_equal(fits[0].n_evaluations, fits[1].n_evaluations)
    assert fits[0].free == pytest.approx(fits[1].free, rel=1e-5, abs=1e-7)
    pulls = (fits[0].free - free) / np.sqrt(np.einsum("ijj->ij", fits[0].covariance))
    assert np.abs(pulls).max() < 5.0


def test_compiled_voigt_profile_against_scipy() -> None:
    """Curves and derivatives at all ratios of widths, far from the centre and near it."""
    from nanocrystal.kernels import _batched_voigt

    x = np.concatenate([np.linspace(-6.0, 6.0, 101), [-300.0, 70.0, 1e4]])
    for gauss, lorentz in ((1.0, 0.0), (1.0, 1e-6), (1.0, 0.01), (1.0, 1.0), (0.01, 1.0), (1e-5, 1.0), (0.0, 1.0)):
        out, work = np.empty((4, len(x))), np.empty((5, len(x)))
        _batched_voigt.voigt_rows(x, 0.1, gauss, lorentz, out, work)
        if gauss > 0.0:
            exact = voigt_profile(x - 0.1, gauss / 2.3548200450309493, lorentz / 2.0)
            assert out[0] == pytest.approx(exact, rel=1e-9, abs=1e-14)
        plain = LINES["voigt-widths"].stacked(x, 0.1, gauss, lorentz)
        for row, of_plain in zip(out, plain, strict=True):
            assert row == pytest.approx(of_plain, rel=1e-8, abs=1e-10 * np.abs(of_plain).max())
    for part in (0.0, 0.3, 0.99, 1.0):
        total, slope = _batched_voigt.voigt_width(part)
        half = voigt_profile(total / 2.0, (1.0 - part) / 2.3548200450309493, part / 2.0)
        assert half == pytest.approx(0.5 * voigt_profile(0.0, (1.0 - part) / 2.3548200450309493, part / 2.0), rel=1e-11)
        assert slope == pytest.approx(voigt_width(part)[1], rel=1e-7, abs=1e-9)


def test_forms_without_compiled_text_are_fitted() -> None:
    """Asymmetric Voigt lines, and an exponential through a Gaussian response, from noise-free data."""
    line = SumOfForms({"a": LINES["split-voigt"]}, baseline_terms=2, fixed={"a.asymmetry": 0.1})
    truth = line.start({"a.area": 2.0, "a.position": 1.83, "a.fwhm": 0.08, "a.lorentzian_part": 0.3, "c0": 1.0})
    y = np.tile(line.curve(X, truth), (3, 1))
    fit = fit_batch(line, X, y, {"a.position": 1.85, "a.fwhm": 0.06, "a.lorentzian_part": 0.5})
    assert fit.engine == "plain"
    assert fit.free == pytest.approx(np.tile(truth, (3, 1)), rel=1e-6, abs=1e-7)
    t = np.linspace(-1.0, 8.0, 150)
    through = SumOfForms({"a": DECAYS["gauss-exponential"]}, 1, fixed={"a.response_fwhm": 0.5})
    y = (1000.0 * gauss_exponential(t, 1.4, 0.2, 0.5)[0] + 3.0)[None]
    decay = fit_batch(through, t, y, {"a.time": 1.0, "a.start": 0.0})
    assert [decay["a.time"][0], decay["a.start"][0], decay["a.amplitude"][0]] == pytest.approx([1.4, 0.2, 1000.0], 1e-6)


# ---- uncertainties ------------------------------------------------------------------------------


def pulls(fit: BatchFit, truth: np.ndarray) -> np.ndarray:
    return np.column_stack([(fit[n] - truth[:, k]) / fit.stderr(n) for k, n in enumerate(fit.sum.names)])


def test_deviations_over_standard_errors_scatter_by_one() -> None:
    truth, y = spectra(3000)
    with_sigma = pulls(fit_batch(TWO, X, y, START, sigma=SIGMA, options=BatchOptions(bounds=BOUNDS)), truth)
    assert np.abs(with_sigma.std(axis=0) - 1.0).max() < 0.05  # 4 standard errors of a standard deviation
    assert np.abs(with_sigma.mean(axis=0)).max() < 0.1
    assert (np.abs(with_sigma) < 1.0).mean() == pytest.approx(0.683, abs=0.02)
    without = pulls(fit_batch(TWO, X, y, START, options=BatchOptions(bounds=BOUNDS)), truth)
    assert np.abs(without.std(axis=0) - 1.0).max() < 0.06


def test_stderr_of_a_straight_line_by_hand() -> None:
    """A baseline alone is linear regression: var c0 = σ²/n, var c1 = σ²/Σ t²."""
    x = np.linspace(0.0, 1.0, 21)
    y = np.random.default_rng(0).normal(0.0, 0.3, (4, 21)) + 2.0 + 3.0 * x
    model = SumOfForms({}, baseline_terms=2)
    fit = fit_batch(model, x, y, {}, sigma=0.3)
    t = 2.0 * x - 1.0
    assert fit["c1"] == pytest.approx((y @ t) / (t @ t), rel=1e-10)
    assert fit.stderr("c0") == pytest.approx(0.3 / np.sqrt(21.0), rel=1e-10)
    assert fit.stderr("c1") == pytest.approx(0.3 / np.sqrt(t @ t), rel=1e-10)
    free = fit_batch(model, x, y, {})
    s = np.sqrt(((y - free.curves()) ** 2).sum(axis=1) / 19.0)
    assert free.stderr("c0") == pytest.approx(s / np.sqrt(21.0), rel=1e-9)


# ---- counts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["compiled", "plain"])
def test_poisson_fit_is_the_maximum_of_the_likelihood(engine: Any) -> None:
    rng = np.random.default_rng(5)
    t = np.linspace(0.0, 10.0, 60)
    y = rng.poisson(20.0 * np.exp(-t / 2.0) + 0.7, (6, 60)).astype(float)
    model = SumOfForms({"a": DECAYS["exponential"]}, 1)
    fit = fit_batch(model, t, y, {"a.time": 1.0}, options=BatchOptions(likelihood="poisson", engine=engine))
    assert not fit.flagged.any()
    for k, counts in enumerate(y):

        def minus_log(p: np.ndarray, counts: np.ndarray = counts) -> float:
            mu = p[0] * np.exp(-t / p[1]) + p[2]
            return float((mu - counts * np.log(mu)).sum())

        best = minimize(minus_log, [20.0, 2.0, 0.7], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
        assert minus_log(fit.free[k]) <= best.fun + 1e-8
        assert np.abs(fit.free[k] - best.x).max() < 1e-3 * np.sqrt(np.diag(fit.covariance[k]).min())
        seen = counts > 0
        at_best = 2.0 * (best.fun - (counts[seen] - counts[seen] * np.log(counts[seen])).sum())
        assert fit.chi2[k] == pytest.approx(at_best, rel=1e-8)


def test_poisson_fit_of_a_constant_is_the_mean_and_its_error_by_hand() -> None:
    y = np.random.default_rng(5).poisson(0.8, (5, 50)).astype(float)
    fit = fit_batch(SumOfForms({}, 1), np.arange(50.0), y, {}, options=BatchOptions(likelihood="poisson"))
    assert fit["c0"] == pytest.approx(y.mean(axis=1), rel=1e-9)
    assert fit.stderr("c0") == pytest.approx(np.sqrt(y.mean(axis=1) / 50.0), rel=1e-6)


def test_few_counts_are_fitted_without_bias_where_least_squares_is_biased() -> None:
    rng = np.random.default_rng(6)
    t = np.linspace(0.0, 10.0, 100)
    y = rng.poisson(4.0 * np.exp(-t / 2.0) + 0.2, (600, 100)).astype(float)
    model = SumOfForms({"a": DECAYS["exponential"]}, 1)
    counted = fit_batch(model, t, y, {"a.time": 2.0}, options=BatchOptions(likelihood="poisson"))
    good = ~counted.flagged
    assert good.mean() > 0.98
    total = counted.curves()[good].sum(axis=1)
    assert total == pytest.approx(y[good].sum(axis=1), rel=1e-4)  # the fitted counts are those measured
    squares = fit_batch(model, t, y, {"a.time": 2.0}, sigma=np.sqrt(np.maximum(y, 1.0)))
    assert squares.curves().sum() < 0.95 * y.sum()


# ---- what cannot be fitted ----------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["compiled", "plain"])
def test_empty_singular_and_broken_items_are_flagged_and_harm_no_other(engine: Any) -> None:
    _, y = spectra(12)
    alone = fit_batch(TWO, X, y, START, sigma=SIGMA, options=BatchOptions(bounds=BOUNDS, engine=engine))
    bad = y.copy()
    bad[1], bad[2], bad[3], bad[4] = np.nan, 0.0, np.inf, 5.0
    bad[5, : len(X) - 4] = np.nan
    bad[6, 40:50] = np.nan
    fit = fit_batch(TWO, X, bad, START, sigma=SIGMA, options=BatchOptions(bounds=BOUNDS, engine=engine))
    assert list(fit.status[[1, 2, 3, 5]]) == [EMPTY] * 4
    assert fit.status[4] == SINGULAR  # a constant: no area, so no position
    assert fit.status[6] == CONVERGED
    assert fit.n_points[6] == len(X) - 10
    others = [0, 7, 8, 9, 10, 11]
    assert fit.free[others] == pytest.approx(alone.free[others], rel=1e-6)
    assert np.isfinite(fit.free).all()
    assert not np.isnan(fit.covariance).any()
    assert not np.isnan(fit.chi2).any()
    for name in TWO.names:
        assert not np.isnan(fit.stderr(name)).any()
    assert np.isinf(fit.stderr("low.position")[[1, 2, 3, 4, 5]]).all()
    assert fit.words() == "7 converged, 1 not determined by the data, 4 empty of 12."


def test_points_left_out_are_not_seen() -> None:
    _, y = spectra(5)
    sigma = np.full_like(y, SIGMA)
    sigma[:, 30:40] = np.inf
    spoilt = y.copy()
    spoilt[:, 30:40] = 1e6
    kept = np.r_[0:30, 40 : len(X)]
    fit = fit_batch(TWO, X, spoilt, START, sigma=sigma)
    # the baseline of one term does not depend on the range of x
    direct = fit_batch(TWO, X[kept], y[:, kept], START, sigma=SIGMA)
    assert fit.free == pytest.approx(direct.free, rel=1e-5)
    assert fit.chi2 == pytest.approx(direct.chi2, rel=1e-9)


# ---- bounds, ties, order ------------------------------------------------------------------------


@pytest.mark.parametrize("eliminate", [False, True])
@pytest.mark.parametrize("engine", ["compiled", "plain"])
def test_bounds_hold_and_the_rest_is_the_best_within_them(engine: Any, eliminate: bool) -> None:
    _, y = spectra(20)
    bounds = {**BOUNDS, "low.fwhm": (0.005, 0.07), "high.area": (0.0, 0.8)}
    fit = fit_batch(
        TWO, X, y, START, sigma=SIGMA, options=BatchOptions(bounds=bounds, engine=engine, eliminate=eliminate)
    )
    low, high = TWO.limits(bounds)
    assert ((fit.free >= low) & (fit.free <= high)).all()
    at_bound = (fit["low.fwhm"] == 0.07) | (fit["high.area"] == 0.8)
    assert at_bound.sum() > 5
    assert np.isinf(fit.stderr("high.area")[fit["high.area"] == 0.8]).all()
    for k, of in enumerate(y):
        best = least_squares(
            lambda p, of=of: (of - gaussians(X, p)) / SIGMA, np.clip(fit.free[k], low + 1e-6, high - 1e-6),
            bounds=(low, high), x_scale="jac", xtol=1e-12, ftol=1e-12, gtol=1e-12,
        )  # fmt: skip
        assert fit.chi2[k] <= 2.0 * best.cost * (1.0 + 1e-6)


@pytest.mark.parametrize("engine", ["compiled", "plain"])
def test_equal_and_fixed_parameters(engine: Any) -> None:
    _, y = spectra(10)
    tied = SumOfForms(TWO.parts, 1, same={"high.fwhm": "low.fwhm"}, fixed={"c0": 1.0})
    assert tied.free_names == ("low.area", "low.position", "low.fwhm", "high.area", "high.position")
    fit = fit_batch(tied, X, y, {**START, "low.fwhm": 0.08}, sigma=SIGMA, options=BatchOptions(engine=engine))
    assert np.array_equal(fit["high.fwhm"], fit["low.fwhm"])
    assert np.array_equal(fit["c0"], np.ones(10))
    assert (fit.stderr("c0") == 0.0).all()
    for k, of in enumerate(y):

        def residual(p: np.ndarray, of: np.ndarray = of) -> np.ndarray:
            return np.asarray((of - gaussians(X, np.array([p[0], p[1], p[2], p[3], p[4], p[2], 1.0]))) / SIGMA)

        best = least_squares(residual, fit.free[k] * 1.001, x_scale="jac", xtol=1e-13, ftol=1e-13)
        assert fit.chi2[k] == pytest.approx(2.0 * best.cost, rel=1e-8)


def test_like_parts_keep_the_order_of_their_starts() -> None:
    _, y = spectra(50)
    turned = {**START, "low.position": 1.92, "high.position": 1.80}
    fit = fit_batch(TWO, X, y, turned, sigma=SIGMA, options=BatchOptions(bounds=BOUNDS))
    straight = fit_batch(TWO, X, y, START, sigma=SIGMA, options=BatchOptions(bounds=BOUNDS))
    assert (fit["low.position"] > fit["high.position"]).all()
    assert fit["low.area"] == pytest.approx(straight["high.area"], rel=1e-4)
    assert fit.stderr("low.area") == pytest.approx(straight.stderr("high.area"), rel=1e-3)


# ---- maps ---------------------------------------------------------------------------------------


def test_neighbours_help_where_the_start_is_far() -> None:
    """A line that wanders over the map by five widths, from one start and without a search."""
    rows, columns = 12, 15
    place = 1.68 + 0.35 * np.linspace(0.0, 1.0, rows * columns).reshape(rows, columns)
    model = SumOfForms({"a": LINES["gaussian"]}, 1)
    free = np.column_stack([np.full(place.size, 1.0), place.ravel(), np.full(place.size, 0.07), np.full(place.size, 1)])
    y = model.curve(X, free) + np.random.default_rng(0).normal(0.0, 0.1, (place.size, len(X)))
    start = {"a.position": 1.69, "a.fwhm": 0.07}
    options: dict[str, Any] = {
        "bounds": {"*.position": (1.6, 2.1), "*.fwhm": (0.01, 0.4)},
        "search": False,
    }
    alone = fit_batch(model, X, y, start, sigma=0.1, options=BatchOptions(**options))
    helped = fit_batch(model, X, y, start, sigma=0.1, options=BatchOptions(shape=(rows, columns), **options))
    lost = np.abs(alone["a.position"] - place.ravel()) > 0.02
    assert lost.sum() > 30
    assert np.abs(helped["a.position"] - place.ravel()).max() < 0.02
    with pytest.raises(InputError, match="number of spectra"):
        fit_batch(model, X, y, start, options=BatchOptions(shape=(3, 4)))


def test_threads_change_nothing() -> None:
    _, y = spectra(600)
    one, two = (fit_batch(TWO, X, y, START, sigma=SIGMA, options=BatchOptions(n_threads=n)) for n in (1, 2))
    assert np.array_equal(one.free, two.free)


def test_starts_of_each_item_are_taken() -> None:
    truth, y = spectra(10)
    start = {n: truth[:, k] for k, n in enumerate(TWO.names)}
    fit = fit_batch(TWO, X, y, start, sigma=SIGMA)
    assert fit.chi2 == pytest.approx(fit_batch(TWO, X, y, START, sigma=SIGMA).chi2, rel=1e-8)


def test_candidates_move_places_and_times_and_keep_their_order() -> None:
    tried = candidates(TWO, TWO.start(START), {"low.position": 0.09, "high.position": 0.09})
    assert np.array_equal(tried[0], TWO.start(START))
    assert (tried[:, 1] < tried[:, 4]).all()
    assert len(tried) == 22  # of 25, three have the lines in reverse
    many = SumOfForms({f"l{k}": LINES["gaussian"] for k in range(9)}, 1)
    start = {f"l{k}.{p}": v for k in range(9) for p, v in (("position", 1.6 + 0.05 * k), ("fwhm", 0.02))}
    assert len(candidates(many, many.start(start))) < 60
    one = SumOfForms({"a": DECAYS["exponential"]}, 0)
    assert sorted(candidates(one, one.start({"a.time": 2.0}))[:, 1]) == pytest.approx([0.8, 2.0, 5.0])


# ---- wrong input --------------------------------------------------------------------------------


def test_wrong_input_is_named() -> None:
    _, y = spectra(3)
    voigt = SumOfForms({"a": LINES["split-voigt"]})
    off, empty = BatchOptions(bounds={"*.width": (0, 1)}), BatchOptions(bounds={"low.fwhm": (1.0, 0.5)})
    counts, far = BatchOptions(likelihood="poisson"), BatchOptions(reach={"mid.position": 1.0})
    fast, at = BatchOptions(engine="compiled"), {"a.position": 1.8, "a.fwhm": 0.1}
    for given, message in {
        "sum": (lambda: SumOfForms(TWO.parts, 1, same={"hig.fwhm": "low.fwhm"}), "high.fwhm"),
        "mixed": (lambda: SumOfForms(TWO.parts, 1, same={"high.fwhm": "low.area"}), "linear"),
        "tied twice": (lambda: SumOfForms(TWO.parts, 1, {"high.fwhm": "low.fwhm"}, {"low.fwhm": 0.1}), "tied or fixed"),
        "start": (lambda: fit_batch(TWO, X, y, {"low.positoin": 1.8}), "low.position"),
        "no start": (lambda: fit_batch(TWO, X, y, {}), "needs a value to start from"),
        "below 0": (lambda: fit_batch(TWO, X, y, {**START, "low.fwhm": -0.1}), "above 0"),
        "shape": (lambda: fit_batch(TWO, X[:-1], y, START), "shape"),
        "sigma": (lambda: fit_batch(TWO, X, y, START, sigma=np.ones(7)), "broadcast"),
        "bounds": (lambda: fit_batch(TWO, X, y, START, options=off), "matches no parameter"),
        "empty bounds": (lambda: fit_batch(TWO, X, y, START, options=empty), "lower bound"),
        "negative counts": (lambda: fit_batch(TWO, X, y - 5.0, START, options=counts), "counts"),
        "sigma of counts": (lambda: fit_batch(TWO, X, y, START, sigma=1.0, options=counts), "leave it out"),
        "starts": (lambda: fit_batch(TWO, X, y, {**START, "low.fwhm": np.ones(7)}), "one number or have 3"),
        "reach": (lambda: fit_batch(TWO, X, y, START, options=far), "cannot be searched"),
        "engine": (lambda: fit_batch(voigt, X, y, at, options=fast), "plain"),
    }.values():
        with pytest.raises(InputError, match=message):
            given()


@pytest.mark.parametrize("likelihood", ["gaussian", "poisson"])
def test_what_stalls_is_given_to_scipy(likelihood: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With three steps allowed nothing converges by itself."""
    rng = np.random.default_rng(5)
    t = np.linspace(0.0, 10.0, 60)
    y = rng.poisson(200.0 * np.exp(-t / 2.0) + 5.0, (6, 60)).astype(float)
    model, start = SumOfForms({"a": DECAYS["stretched"]}, 1), {"a.time": 0.5}
    whole = fit_batch(model, t, y, start, options=BatchOptions(likelihood=likelihood))
    monkeypatch.setattr("nanocrystal.spectra.batch.run.MOST_STEPS", 3)
    stalled = fit_batch(model, t, y, start, options=BatchOptions(likelihood=likelihood, fallback=False))
    assert stalled.flagged.all()
    helped = fit_batch(model, t, y, start, options=BatchOptions(likelihood=likelihood))
    assert not helped.flagged.any()
    assert helped.chi2 == pytest.approx(whole.chi2, rel=1e-6)
