"""Misfits held against what noise alone gives: made curves with noise of known size, in both directions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nanocrystal.measurement import Model
from nanocrystal.refinement.judged import doubts, misfit_notes
from nanocrystal.report.refined.result import FittedCurve
from support.compared import curve
from support.toy_models import ToyModel

N = 400
X = np.linspace(1.0, 3.0, N)
CURVED = 100.0 * (1.0 + np.sin(6.0 * X) ** 2)


def toy(name: str = "datasets.iq.scale") -> dict[str, Model]:
    class Scaled(ToyModel, own=()):
        scale = name

    return {"iq": Scaled(X, CURVED, None, (name,), lambda _: CURVED[None, :])}


def fitted(observed: np.ndarray, calculated: np.ndarray, sigma: float | np.ndarray | None, **more: Any) -> FittedCurve:
    """Return a curve with the figures of merit that its points have."""
    points = None if sigma is None else np.broadcast_to(sigma, observed.shape).astype(float)
    weight = np.ones(N) if points is None else points**-2
    misfit = weight @ (observed - calculated) ** 2
    rw = float(np.sqrt(misfit / (weight @ observed**2)))
    reduced = None if points is None else float(misfit / N)
    gof = None if reduced is None else float(np.sqrt(reduced))
    return curve(observed, calculated, points, rw=rw, chi2_red=reduced, gof=gof, **more)


def noise(size: float) -> np.ndarray:
    return size * np.random.default_rng(0).normal(size=N)


def test_noise_of_the_size_it_is_said_to_have_is_no_misfit() -> None:
    made = {"iq": fitted(CURVED + noise(5.0), CURVED, 5.0, scale=1.0)}
    assert doubts(made, toy()) == []
    assert misfit_notes(made) == []


def test_a_model_upside_down_is_doubtful() -> None:
    (said,) = doubts({"iq": fitted(CURVED + noise(5.0), CURVED, 5.0, scale=-1.0)}, toy())
    assert said == "datasets.iq.scale is negative (-1): the model is upside down."


def test_a_scale_of_nothing_is_doubtful() -> None:
    (said,) = doubts({"iq": fitted(CURVED + noise(5.0), CURVED, 5.0, scale=0.0)}, toy())
    assert said == "datasets.iq.scale is zero (0): nothing of the sample is seen."


def test_a_model_that_leaves_nearly_all_is_doubtful() -> None:
    """R_w of 100 sin against its own level: most of the curve is not described."""
    made = {"iq": fitted(CURVED, 0.2 * CURVED, None, scale=0.2)}
    (said,) = doubts(made, toy())
    assert said.startswith("datasets.iq: R_w is 80 %, the model does not describe these data")
    assert misfit_notes(made) == []  # said once


def test_a_large_r_that_is_all_noise_is_no_doubt() -> None:
    """A signal below its noise: R_w is 97 % and χ²_red 1, so the model does describe the data."""
    made = {"iq": fitted(0.1 * CURVED + noise(60.0), 0.1 * CURVED, 60.0, scale=0.1)}
    assert made["iq"].rw > 0.9
    assert not any("does not describe" in said for said in [*doubts(made, toy()), *misfit_notes(made)])


def test_a_straight_line_that_does_as_well_is_a_doubt() -> None:
    flat = np.full(N, 100.0)
    (said,) = doubts({"iq": fitted(flat + noise(1.0), flat + 0.3 * np.sin(9.0 * X), 1.0, scale=1.0)}, toy())
    assert "a straight line describes these data as well as the model does" in said


@pytest.mark.parametrize("size", [0.6, 1.6])
def test_sigmas_that_are_too_large_or_too_small_are_said(size: float) -> None:
    """With 400 points χ²_red of noise lies within 1 ± 0.07: 0.36 and 2.56 are far outside, GoF 1.6 is not above 2."""
    notes = misfit_notes({"iq": fitted(CURVED + noise(5.0 * size), CURVED, 5.0)})
    if size < 1.0:
        (said,) = notes
        assert "less than noise of these σ leaves by chance" in said
        assert f"about {1.0 / size:.2g} times too large" in said
    else:
        assert notes == []


@pytest.mark.parametrize(("reduced", "said"), [(0.73, True), (0.78, False)])
def test_chi_squared_is_low_below_a_chance_of_1_in_10000(reduced: float, said: bool) -> None:
    """Its cube root is normal about 1 − 2/9ν with variance 2/9ν (Wilson & Hilferty, 1931): 4.2 and 3.3 below."""
    alternating = 5.0 * np.sqrt(reduced) * np.where(np.arange(N) % 2, 1.0, -1.0)
    notes = misfit_notes({"iq": fitted(CURVED + alternating, CURVED, 5.0)})
    assert any("less than noise of these σ leaves by chance" in note for note in notes) is said


def test_a_misfit_well_above_noise_is_named_with_its_place() -> None:
    """All of it between Q = 2 and 2.2 Å⁻¹, the sixth tenth of the range."""
    bump = np.where((X > 2.0) & (X < 2.2), 60.0, 0.0)
    (said,) = misfit_notes({"iq": fitted(CURVED + bump + noise(5.0), CURVED, 5.0)})
    assert "times what noise of these σ gives" in said
    assert "half of it at Q = 2 to 2.2 Å⁻¹" in said


def test_pdfs_have_a_large_r_as_a_rule_and_the_note_says_so() -> None:
    observed = CURVED - CURVED.mean()
    (said,) = misfit_notes({"iq": fitted(observed, 0.7 * observed, None, technique="pdf")})
    assert said.startswith("datasets.iq: R_w is 30 % (of PDFs of nanocrystals 10 to 35 % is usual)")
    assert misfit_notes({"iq": fitted(observed, 0.8 * observed, None, technique="pdf")}) == []


@pytest.mark.parametrize("mean", [0.05, 0.2, 1.0, 3.0, 300.0])
def test_pearson_s_chi_squared_of_few_counts_is_not_called_low(mean: float) -> None:
    """Its variance is 2 + 1/m a point, not 2: over 50 seeds of counts nothing is said."""
    for seed in range(50):
        n = np.random.default_rng(seed).poisson(np.full(N, mean)).astype(float)
        expected = np.full(N, mean)
        made = {"iq": fitted(n, expected, np.sqrt(expected), deviances=np.ones(N))}
        assert misfit_notes(made) == []
