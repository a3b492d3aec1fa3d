"""Several data sets together: weights, what each says alone, agreement; parabolas against linear algebra by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2 as chi2_distribution
from scipy.stats import kstest

from nanocrystal.errors import InputError
from nanocrystal.parameters import Parameter
from nanocrystal.refinement import Options, Result, refine
from nanocrystal.report.written import write_result
from support.toy import Parabola, Parabolas

TRUE = {"slope": 2.0, "bend": -0.3}
N = {"near": 80, "far": 60}


def measured(seed: int, sigma: dict[str, float], shifted: float = 0.0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return name -> x, y of two parabolas with noise; shifted: by how much the slope of `far` is another."""
    rng = np.random.default_rng(seed)
    found = {}
    for name, (low, high) in {"near": (-1.0, 1.0), "far": (1.0, 4.0)}.items():
        x = np.linspace(low, high, N[name])
        slope = TRUE["slope"] + (shifted if name == "far" else 0.0)
        y = 5.0 + slope * x + TRUE["bend"] * x**2 + rng.normal(0.0, sigma[name], len(x))
        found[name] = x, y
    return found


def refined(
    data: dict[str, tuple[np.ndarray, np.ndarray]], said: dict[str, float | None], options: Options | None = None
) -> Result:
    """Refine both; said: the σ that the data sets claim to have."""
    sets = {n: Parabola(x, y, None if said[n] is None else np.full(len(x), said[n])) for n, (x, y) in data.items()}
    return refine(Parabolas(), sets, options=options)  # type: ignore[arg-type]


def by_hand(
    data: dict[str, tuple[np.ndarray, np.ndarray]], sigma: dict[str, float]
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return slope and bend, their covariance, and χ² of weighted least squares with an offset for each data set."""
    rows, y, w = [], [], []
    for k, (name, (x, values)) in enumerate(data.items()):
        offsets = np.zeros((len(x), len(data)))
        offsets[:, k] = 1.0
        rows.append(np.column_stack([x, x**2, offsets]))
        y.append(values)
        w.append(np.full(len(x), 1.0 / sigma[name]))
    design, target = np.concatenate(rows) * np.concatenate(w)[:, None], np.concatenate(y) * np.concatenate(w)
    solution, _, _, _ = np.linalg.lstsq(design, target, rcond=None)
    covariance = np.linalg.inv(design.T @ design)
    return solution[:2], covariance[:2, :2], float(((target - design @ solution) ** 2).sum())


def test_honest_sigmas_stay_and_the_joint_errors_are_those_of_linear_algebra() -> None:
    sigma = {"near": 0.1, "far": 0.3}
    data = measured(1, sigma)
    result = refined(data, sigma, Options(error_scale="given"))
    values, covariance, _ = by_hand(data, sigma)
    for k, name in enumerate(("slope", "bend")):
        found = result.parameters[f"sample.{name}"]
        assert found.value == pytest.approx(values[k], abs=1e-6)
        assert found.stderr == pytest.approx(np.sqrt(covariance[k, k]), rel=1e-5)
        for own in result.joint.shared[f"sample.{name}"].values():
            assert own.stderr > found.stderr


def test_what_each_says_alone_is_a_fit_of_it_alone() -> None:
    sigma = {"near": 0.1, "far": 0.3}
    data = measured(2, sigma)
    result = refined(data, sigma, Options(error_scale="given"))
    joint, joint_covariance, joint_chi2 = by_hand(data, sigma)
    apart = 0.0
    for name in data:
        own, own_covariance, own_chi2 = by_hand({name: data[name]}, sigma)
        apart += own_chi2
        for k, key in enumerate(("slope", "bend")):
            found = result.joint.shared[f"sample.{key}"][name]
            assert found.value == pytest.approx(own[k], abs=1e-5)
            assert found.stderr == pytest.approx(np.sqrt(own_covariance[k, k]), rel=1e-4)
            spread = np.sqrt(own_covariance[k, k] - joint_covariance[k, k])
            assert found.pull == pytest.approx((own[k] - joint[k]) / spread, abs=1e-3)
    assert result.joint.agreement.freedom == 2  # two shared parameters, each known twice
    assert result.joint.agreement.chi2 == pytest.approx(joint_chi2 - apart, abs=1e-4)
    expected = chi2_distribution.sf(joint_chi2 - apart, 2)
    assert result.joint.agreement.probability == pytest.approx(expected, abs=1e-4)


def test_sigmas_that_are_too_small_are_found_out() -> None:
    """σ of `far` stated a third of what they are: found to within the scatter of χ², and the values are as with 3σ."""
    sigma = {"near": 0.1, "far": 0.3}
    data = measured(3, sigma)
    result = refined(data, {"near": 0.1, "far": 0.1})
    scales = result.joint.error_scales
    assert scales["far"] == pytest.approx(3.0, rel=4.0 / np.sqrt(2.0 * N["far"]))
    assert 1.0 <= scales["near"] < 1.2
    values, covariance, _ = by_hand(data, {"near": 0.1 * scales["near"], "far": 0.1 * scales["far"]})
    for k, name in enumerate(("slope", "bend")):
        found = result.parameters[f"sample.{name}"]
        assert found.value == pytest.approx(values[k], abs=1e-6)
        assert found.stderr_scaled == pytest.approx(np.sqrt(covariance[k, k]), rel=0.05)
        assert found.stderr < found.stderr_scaled  # if the σ were right after all


def test_sigmas_that_are_too_large_are_left() -> None:
    """Three times too large for both: χ² says so, but nobody is given more weight for it."""
    sigma = {"near": 0.1, "far": 0.3}
    result = refined(measured(3, sigma), {"near": 0.3, "far": 0.9})
    assert result.joint.error_scales == {"near": 1.0, "far": 1.0}


def test_sigmas_far_too_small_are_said() -> None:
    """A tenth of what they are, and right ones beside."""
    sigma = {"near": 0.1, "far": 0.3}
    result = refined(measured(3, sigma), {"near": 0.1, "far": 0.03})
    (said,) = [note for note in result.notes if "its σ counted" in note]
    assert said.startswith("datasets.far: its σ counted ")
    assert float(said.split()[4]) == pytest.approx(10.0, rel=4.0 / np.sqrt(2.0 * N["far"]))


def test_errors_with_sigmas_as_given_are_those_of_the_weights_used() -> None:
    """With weights 1/(s σ)² but noise σ the covariance is H⁻¹ (Σ JᵀJ/s²) H⁻¹; by drawing again and again."""
    sigma = {"near": 0.2, "far": 0.2}
    options = Options(error_scales={"far": 5.0, "near": 1.0})
    found = [refined(measured(seed, sigma), sigma, options).parameters["sample.slope"] for seed in range(60)]
    scatter = np.std([f.value for f in found], ddof=1)
    assert found[0].stderr == pytest.approx(scatter, rel=3.5 / np.sqrt(2.0 * len(found)))


def test_scales_set_by_hand_are_used_and_said() -> None:
    sigma = {"near": 0.1, "far": 0.3}
    data = measured(4, sigma)
    result = refined(data, sigma, Options(error_scales={"far": 10.0}))
    assert result.joint.error_scales["far"] == 10.0
    assert "far" not in result.joint.estimated
    values, _, _ = by_hand(data, {"near": 0.1 * result.joint.error_scales["near"], "far": 3.0})
    assert result.parameters["sample.slope"].value == pytest.approx(values[0], abs=1e-6)


def test_data_without_sigma_get_theirs_from_their_scatter() -> None:
    sigma = {"near": 0.1, "far": 0.3}
    data = measured(5, sigma)
    result = refined(data, {"near": None, "far": None})
    for name, s in sigma.items():
        assert result.joint.error_scales[name] == pytest.approx(s, rel=4.0 / np.sqrt(2.0 * N[name]))
    values, covariance, _ = by_hand(data, dict(result.joint.error_scales))
    found = result.parameters["sample.slope"]
    assert found.value == pytest.approx(values[0], abs=1e-6)
    assert found.stderr_scaled == pytest.approx(np.sqrt(covariance[0, 0]), rel=0.05)


def test_the_probability_of_agreement_is_even_where_they_agree() -> None:
    sigma = {"near": 0.1, "far": 0.3}
    found = [refined(measured(seed, sigma), sigma).joint.agreement.probability for seed in range(80)]
    assert kstest(found, "uniform").pvalue > 0.01


def test_contradiction_is_said_and_not_hidden_in_larger_errors() -> None:
    sigma = {"near": 0.1, "far": 0.3}
    result = refined(measured(6, sigma, shifted=3.0), sigma)
    assert result.joint.agreement.probability < 1e-4
    assert max(result.joint.error_scales.values()) < 1.3
    assert any("contradict each other" in note for note in result.notes)
    assert abs(result.joint.shared["sample.slope"]["far"].pull) > 4.0
    calm = refined(measured(6, sigma), sigma)
    assert not any("contradict" in note for note in calm.notes)


def test_coverage_of_both_errors() -> None:
    """Stated σ right for one data set, half for the other: the truth lies within one scaled error in 68 %."""
    sigma = {"near": 0.1, "far": 0.3}
    hits = []
    for seed in range(100):
        result = refined(measured(1000 + seed, sigma), {"near": 0.1, "far": 0.15})
        for name, true in TRUE.items():
            found = result.parameters[f"sample.{name}"]
            hits.append(abs(found.value - true) < found.stderr_scaled)
    assert abs(np.mean(hits) - 0.683) < 3.0 * np.sqrt(0.683 * 0.317 / 100)


def test_a_few_points_that_contradict_a_curve() -> None:
    """Two points tell slope and bend exactly, as ratios of elements do; against the curve they are wrong by 10 σ."""
    sigma = {"near": 0.1, "far": 0.3}
    (x, y), points = measured(9, sigma)["near"], np.array([1.0, 2.0, 3.0])
    for shift, agrees in ((0.0, True), (1.0, False)):
        few = 5.0 + TRUE["slope"] * points + TRUE["bend"] * points**2 + np.array([0.0, shift, 0.0])
        sets = {"curve": Parabola(x, y, np.full(len(x), 0.1)), "few": Parabola(points, few, np.full(3, 0.05))}
        joint = refine(Parabolas(), sets).joint  # type: ignore[arg-type]
        assert joint.agreement.freedom == 2
        assert (joint.agreement.probability > 0.01) == agrees


def test_data_sets_that_share_nothing() -> None:
    x = np.linspace(0.0, 3.0, 60)
    rng = np.random.default_rng(1)
    noise = np.full(60, 0.1)
    sets = {
        "a": Parabola(x, 1.0 + 0.7 * x + rng.normal(0.0, 0.1, 60), noise, sees=()),
        "b": Parabola(x, 2.0 * x - 0.3 * x**2 + rng.normal(0.0, 0.1, 60), noise),
    }
    result = refine(Parabolas(), sets)  # type: ignore[arg-type]
    assert any("a and b share no refined parameter" in note for note in result.notes)
    assert result.joint.shared == {}
    assert result.joint.agreement is None


def test_one_measurement_twice() -> None:
    x = np.linspace(0.0, 3.0, 60)
    y = 2.0 * x - 0.3 * x**2 + np.random.default_rng(1).normal(0.0, 0.1, 60)
    same = [Parabola(x, y, np.full(60, 0.1), sha256="abc") for _ in range(2)]
    notes = refine(Parabolas(), {"a": same[0], "b": same[1]}).notes  # type: ignore[arg-type]
    assert any("are the same file: its points count twice" in n for n in notes)
    halves = [Parabola(x[k], y[k], np.full(30, 0.1), sha256="abc") for k in (slice(0, 30), slice(30, 60))]
    notes = refine(Parabolas(), {"a": halves[0], "b": halves[1]}).notes  # type: ignore[arg-type]
    assert not any("count twice" in n for n in notes)
    made = Parabola(x, y, np.full(60, 0.1), technique="pdf", transform_of=("parabola",))
    notes = refine(Parabolas(), {"a": same[0], "b": made}).notes  # type: ignore[arg-type]
    assert any("they are one measurement" in n for n in notes)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_wrong_scales(scale: float) -> None:
    sigma = {"near": 0.1, "far": 0.3}
    with pytest.raises(InputError, match=r"refine\.error_scales\.far"):
        refined(measured(1, sigma), sigma, Options(error_scales={"far": scale}))
    with pytest.raises(InputError, match=r"refine\.error_scales\.fat.*is no data set"):
        refined(measured(1, sigma), sigma, Options(error_scales={"fat": 2.0}))


def test_what_is_written(tmp_path: Path) -> None:
    sigma = {"near": 0.1, "far": 0.3}
    result = refined(measured(7, sigma), sigma)
    report = write_result(result, tmp_path / "out").read_text(encoding="utf-8")
    assert "Data sets side by side" in report
    assert "near alone" in report
    document = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert set(document["joint"]["error_scales"]) == {"near", "far"}
    assert set(document["joint"]["shared"]["sample.slope"]) == {"near", "far"}
    assert document["joint"]["agreement"]["freedom"] == 2


def test_a_fixed_sample_is_no_joint_refinement() -> None:
    sigma = {"near": 0.1, "far": 0.3}
    data = measured(8, sigma)
    fixed = Parabolas(Parameter(2.0), Parameter(-0.3))
    sets = {n: Parabola(x, y, np.full(len(x), sigma[n])) for n, (x, y) in data.items()}
    result = refine(fixed, sets)  # type: ignore[arg-type]
    assert result.converged
    assert result.joint.shared == {}
