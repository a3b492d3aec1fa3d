"""Fits with shared parameters against scipy on all curves stacked; how many components by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from nanocrystal.errors import InputError
from nanocrystal.spectra import DECAYS, LINES, SumOfForms
from nanocrystal.spectra.batch.choice import best_counts, component_choice, information_criteria
from nanocrystal.spectra.batch.shared import SharedOptions, fit_shared

B = np.linspace(0.0, 20.0, 14)


def diffusion(n: int, times: tuple[float, ...], noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return amplitudes (n, n_times) and noisy sums of decays (n, 14)."""
    rng = np.random.default_rng(seed)
    amplitudes = rng.uniform(0.2, 1.0, (n, len(times)))
    return amplitudes, amplitudes @ np.exp(-np.outer(times, B)) + rng.normal(0.0, noise, (n, len(B)))


def test_one_coefficient_for_all_columns_against_a_stacked_fit() -> None:
    n, noise = 7, 0.01
    _, y = diffusion(n, (0.08, 0.5), noise)
    model = SumOfForms({"slow": DECAYS["diffusion"], "fast": DECAYS["diffusion"]}, 0)
    names = ["slow.diffusion", "fast.diffusion"]
    fit = fit_shared(model, B, y, {"slow.diffusion": 0.2, "fast.diffusion": 1.0}, shared=names, sigma=noise)

    def residual(p: np.ndarray) -> np.ndarray:
        amplitudes = p[2:].reshape(n, 2)
        return ((y - amplitudes @ np.exp(-np.outer(p[:2], B))) / noise).ravel()

    best = least_squares(residual, np.r_[0.08, 0.5, np.full(2 * n, 0.6)], xtol=1e-15, ftol=1e-15, gtol=1e-15)
    covariance = np.linalg.inv(best.jac.T @ best.jac)
    assert fit.converged
    assert fit.chi2 == pytest.approx(2.0 * best.cost, rel=1e-9)
    assert [fit.shared[k] for k in names] == pytest.approx(best.x[:2], rel=1e-6)
    assert fit.shared_covariance == pytest.approx(covariance[:2, :2], rel=1e-4)
    assert fit["slow.amplitude"] == pytest.approx(best.x[2::2], rel=1e-5)
    assert fit.stderr("fast.amplitude") == pytest.approx(np.sqrt(np.diag(covariance))[3::2], rel=1e-4)
    assert (fit.n_points, fit.n_parameters) == (7 * 14, 2 + 14)


def test_own_positions_and_a_shared_width_against_a_stacked_fit() -> None:
    rng = np.random.default_rng(3)
    x, n, noise = np.linspace(-5.0, 5.0, 60), 6, 0.05
    places = rng.uniform(-1.0, 1.0, n)
    line = LINES["gaussian"]
    y = np.array([3.0 * line.curve(x, p, 1.2) + 0.4 for p in places]) + rng.normal(0.0, noise, (n, len(x)))
    sigma = noise * rng.uniform(0.8, 1.2, y.shape)
    start = {"a.position": 0.0, "a.fwhm": 1.0}
    fit = fit_shared(
        SumOfForms({"a": line}, 1),
        x,
        y,
        start,
        shared=["a.fwhm"],
        sigma=sigma,
        options=SharedOptions(reach={"a.position": 1.0}),
    )

    def residual(p: np.ndarray) -> np.ndarray:
        area, place, level = p[1:].reshape(3, n)
        s = p[0] / 2.3548200450309493
        curve = area[:, None] * np.exp(-0.5 * ((x - place[:, None]) / s) ** 2) / (s * np.sqrt(2.0 * np.pi))
        return np.asarray((y - curve - level[:, None]) / sigma).ravel()

    begin = np.r_[1.2, np.full(n, 3.0), places, np.full(n, 0.4)]
    best = least_squares(residual, begin, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    spread = np.sqrt(np.diag(np.linalg.inv(best.jac.T @ best.jac)))
    assert fit.converged
    assert fit.chi2 == pytest.approx(2.0 * best.cost, rel=1e-9)
    assert fit.shared["a.fwhm"] == pytest.approx(best.x[0], rel=1e-6)
    assert fit.shared_stderr("a.fwhm") == pytest.approx(spread[0], rel=1e-4)
    assert fit["a.position"] == pytest.approx(best.x[1 + n : 1 + 2 * n], abs=1e-6)
    assert fit.stderr("a.position") == pytest.approx(spread[1 + n : 1 + 2 * n], rel=1e-4)
    assert fit.stderr("a.area") == pytest.approx(spread[1 : 1 + n], rel=1e-4)


def test_pulls_of_shared_parameters() -> None:
    model = SumOfForms({"a": DECAYS["diffusion"]}, 1)
    pulls = []
    for seed in range(300):
        _, y = diffusion(4, (0.15,), 0.02, seed)
        fit = fit_shared(model, B, y, {"a.diffusion": 0.1}, shared=["a.diffusion"])
        pulls.append((fit.shared["a.diffusion"] - 0.15) / fit.shared_stderr("a.diffusion"))
    assert np.std(pulls) == pytest.approx(1.0, abs=0.15)
    assert abs(np.mean(pulls)) < 0.2


def test_bounds_missing_points_and_what_is_not_determined() -> None:
    _, y = diffusion(5, (0.2,), 0.01)
    y[2, 3] = np.nan
    model = SumOfForms({"a": DECAYS["diffusion"]}, 0)
    held = fit_shared(
        model,
        B,
        y,
        {"a.diffusion": 0.1},
        shared=["a.diffusion"],
        options=SharedOptions(bounds={"a.diffusion": (0.0, 0.15)}),
    )
    assert held.shared["a.diffusion"] == 0.15
    assert held.undetermined == ("a.diffusion",)
    assert held.n_points == 5 * 14 - 1
    twice = SumOfForms({"a": DECAYS["diffusion"], "b": DECAYS["diffusion"]}, 0)
    flat = fit_shared(twice, B, np.zeros((3, 14)), {"a.diffusion": 0.1, "b.diffusion": 0.5}, shared=["a.diffusion"])
    assert np.isfinite(flat.free).all()
    assert "a.diffusion" in flat.undetermined


def test_wrong_names_are_refused() -> None:
    model = SumOfForms({"a": DECAYS["diffusion"]}, 0)
    y = np.ones((2, 14))
    with pytest.raises(InputError, match="must be one of the nonlinear parameters"):
        fit_shared(model, B, y, {"a.diffusion": 0.1}, shared=["a.amplitude"])
    with pytest.raises(InputError, match="shape"):
        fit_shared(model, B[:-1], y, {"a.diffusion": 0.1}, shared=["a.diffusion"])
    with pytest.raises(InputError, match="above 0"):
        fit_shared(model, B, y, {"a.diffusion": 0.0}, shared=["a.diffusion"])


# ---- how many -----------------------------------------------------------------------------------


def test_information_criteria_by_hand() -> None:
    bic = information_criteria(np.array([120.0, 80.0]), [2, 4], 100, True)
    assert bic == pytest.approx([120.0 + 2 * np.log(100.0), 80.0 + 4 * np.log(100.0)])
    misfit = information_criteria(np.array([1200.0, 960.0]), [2, 4], 100, True)  # χ²_red of the better is 10
    assert misfit == pytest.approx([120.0 + 2 * np.log(100.0), 96.0 + 4 * np.log(100.0)])
    without = information_criteria(np.array([120.0, 80.0]), [2, 4], 100, False)
    assert without == pytest.approx([100 * np.log(1.2) + 2 * np.log(100.0), 100 * np.log(0.8) + 4 * np.log(100.0)])


def test_words_say_how_sure_the_number_of_components_is() -> None:
    counts = {}
    for times in ((0.15,), (0.08, 0.5)):
        _, y = diffusion(20, times, 0.01, seed=4)
        fits = []
        for n in (1, 2, 3):
            model = SumOfForms({f"d{k}": DECAYS["diffusion"] for k in range(n)}, 0)
            start = {f"d{k}.diffusion": 0.1 * 4.0**k for k in range(n)}
            fits.append(fit_shared(model, B, y, start, shared=list(start), sigma=0.01))
        of = component_choice(
            ["one decay", "two decays", "three decays"], [f.chi2 for f in fits], [f.n_parameters for f in fits],
            fits[0].n_points, True,
        )  # fmt: skip
        counts[len(times)] = of
    assert counts[1].words.startswith("one decay is far better than two decays (BIC lower by ")
    assert counts[2].labels[counts[2].best] == "two decays"
    alike = component_choice(["one", "two"], [120.0, 114.5], [2, 3], 100, True)
    assert alike.words.endswith("The simpler of the two, one, is enough.")
    assert component_choice(["one"], [1.0], [1], 10, True).words == "one is the only candidate."


def test_counts_of_a_map() -> None:
    chi2 = np.array([[100.0, 300.0, 101.0], [99.0, 100.0, 90.0]])
    assert list(best_counts(chi2, [2, 4], np.array([100, 100, 100]), True)) == [0, 1, 0]
