"""Shells around an absorber: values that were put in come out, what is said, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.data.feff import read_feff
from nanocrystal.parameters import Evaluation
from nanocrystal.refinement import declared_parameters
from support.feff_files import table, write_feff
from support.measured import measured
from support.technique_studies import MADE_FEFF

K = np.round(np.arange(2.0, 16.01, 0.05), 10)
TRUE = {"s02": 0.85, "e0": 3.0, "n": 6.0, "r": 2.53, "sigma2": 0.006, "third": 1e-4}


def hand_made(k: np.ndarray, *, s02: float, e0: float, n: float, r: float, sigma2: float, third: float) -> np.ndarray:
    """Return χ of one shell by the formulas from which the made table was written, without the table."""
    q = np.sqrt(k**2 - e0 / 3.80998212)
    p = np.sqrt(q**2 + 3.0) + 1j / 12.0
    factor = 0.95 * 0.8 * q / (1.0 + q) * np.exp(-(((q - 7.0) / 6.0) ** 2))
    delta = -2.0 - 0.9 * q
    exponent = -2.0 * p.imag * 2.5 - 2.0 * p**2 * sigma2
    angle = 5.0 * q + delta + 2.0 * p * (r - 2.5 - 2.0 * sigma2 / 2.5) - 4.0 / 3.0 * p**3 * third
    return np.asarray(s02 * n * factor / (q * r**2) * np.exp(exponent + 1j * angle).imag)


def data(chi: np.ndarray | None = None, k: np.ndarray = K, **settings: Any) -> nc.Exafs:
    """Return a data set of one shell whose numbers are refined from other values."""
    path = nc.ExafsPath(str(MADE_FEFF), n_coord=6.0, sigma2=nc.vary(0.004), delta_r=nc.vary(0.0), third=nc.vary(0.0))
    usual: dict[str, Any] = {
        "k_range": (3.0, 14.0),
        "r_range": (1.0, 3.2),
        "dk": 1.0,
        "e0": nc.vary(0.0),
        "paths": {"near": path},
        "weights": "uniform",
    }
    chi = hand_made(k, **TRUE) if chi is None else chi
    return nc.Exafs(k=k, chi=chi, **{**usual, **settings})


def value(result: nc.Result, local: str) -> float:
    return result.parameters[f"datasets.d.{local}"].value


# ---- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"kweights": [2.0], "window": "kaiser", "dk": 3.0},
        {"fit_space": "k", "kweights": [2.0]},
        {"kweights": [1.0, 3.0], "window": "gaussian", "dk": 4.0},
    ],
    ids=["three weights", "kaiser", "k", "gaussian"],
)
def test_what_was_put_in_is_found(settings: dict[str, Any]) -> None:
    """Within what cubic splines of a coarse table of six digits are off."""
    result = nc.refine({}, {"d": data(**settings)})
    assert value(result, "s02") == pytest.approx(0.85, abs=2e-3)
    assert value(result, "e0") == pytest.approx(3.0, abs=0.02)
    assert value(result, "paths.near.sigma2") == pytest.approx(0.006, abs=2e-5)
    assert value(result, "paths.near.delta_r") == pytest.approx(0.03, abs=3e-4)
    assert value(result, "paths.near.third") == pytest.approx(1e-4, abs=5e-6)
    assert result.derived["datasets.d.paths.near.distance"].value == pytest.approx(2.53, abs=3e-4)
    assert result.datasets["d"].rw < 3e-3


def test_a_distance_instead_of_a_difference() -> None:
    path = nc.ExafsPath(str(MADE_FEFF), n_coord=nc.vary(5.0), sigma2=0.006, distance=nc.vary(2.5), third=1e-4)
    result = nc.refine({}, {"d": data(s02=0.85, paths={"near": path}, k_zero=8979.0)})
    assert value(result, "paths.near.distance") == pytest.approx(2.53, abs=3e-4)
    assert value(result, "paths.near.n_coord") == pytest.approx(6.0, abs=0.02)
    assert result.derived["datasets.d.edge_energy"].value == pytest.approx(8982.0, abs=0.02)


def test_equal_paths_are_one_with_more_neighbours() -> None:
    one = nc.ExafsPath(str(MADE_FEFF), n_coord=12.0, sigma2=0.006, delta_r=0.03)
    alike = {name: replace(one, n_coord=n) for name, n in (("a", 5.0), ("b", 4.0), ("c", 3.0))}
    whole, parts = calculated({"a": one}), calculated(alike)
    assert parts == pytest.approx(whole, rel=1e-12, abs=1e-15)
    assert np.abs(whole).max() > 0.1


def calculated(paths: dict[str, nc.ExafsPath]) -> np.ndarray:
    technique = nc.Exafs(k="2:16:0.05", paths=paths)
    model = technique.bind("d", None)
    parameters = declared_parameters(nc.Sample({}), {"d": technique})
    evaluation = Evaluation(parameters.initial_values(), model.requirement)
    components = model.components(evaluation)
    curve = model.curves(evaluation)[0]
    assert sum(components.values()) == pytest.approx(curve, rel=1e-12, abs=1e-15)
    return np.asarray(curve)


def test_points_between_those_of_the_grid_are_taken() -> None:
    """A curve in steps of 0.03 Å⁻¹ that do not meet the grid says the same within the straight lines between points."""
    k = np.arange(2.013, 16.0, 0.03)
    result = nc.refine({}, {"d": data(k=k)})
    assert value(result, "paths.near.delta_r") == pytest.approx(0.03, abs=3e-4)
    assert value(result, "s02") == pytest.approx(0.85, abs=2e-3)


# ---- errors ---------------------------------------------------------------------------------------


def test_errors_are_those_of_plain_least_squares_over_k() -> None:
    """In k with the power 0 all points count alike: (JᵀJ)⁻¹σ² by differences of the formula, whatever r_range is."""
    sigma, step = 1e-3, {"s02": 1e-4, "e0": 1e-3, "r": 1e-5, "sigma2": 1e-6}
    k = K[(K > 2.99) & (K < 14.01)]
    columns = [
        (hand_made(k, **{**TRUE, n: TRUE[n] + h}) - hand_made(k, **{**TRUE, n: TRUE[n] - h})) / (2.0 * h)
        for n, h in step.items()
    ]
    jacobian = np.array(columns).T
    expected = sigma * np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)))
    path = nc.ExafsPath(str(MADE_FEFF), n_coord=6.0, sigma2=nc.vary(0.005), delta_r=nc.vary(0.0), third=1e-4)
    for r_range in ((1.0, 3.2), (1.5, 2.6)):
        settings = {"paths": {"near": path}, "fit_space": "k", "kweights": [0.0], "r_range": r_range}
        result = nc.refine({}, {"d": data(sigma=sigma, **{**settings, "weights": None})})
        names = ("s02", "e0", "paths.near.delta_r", "paths.near.sigma2")
        found = [result.parameters[f"datasets.d.{n}"].stderr for n in names]
        assert found == pytest.approx(list(expected), rel=0.02)


def covered(settings: dict[str, Any], seeds: int) -> dict[str, np.ndarray]:
    """Return (value − truth)/stderr of each number for white noise of 1e-3, (seeds,)."""
    truth = {"s02": 0.85, "e0": 3.0, "paths.near.sigma2": 0.006, "paths.near.delta_r": 0.03}
    path = nc.ExafsPath(str(MADE_FEFF), n_coord=6.0, sigma2=nc.vary(0.005), delta_r=nc.vary(0.02), third=1e-4)
    chi, z = hand_made(K, **TRUE), {name: np.zeros(seeds) for name in truth}
    for seed in range(seeds):
        noise = 1e-3 * np.random.default_rng(seed).normal(size=len(K))
        more = {"sigma": 1e-3, "weights": None, "paths": {"near": path}, "e0": nc.vary(2.5)}
        result = nc.refine({}, {"d": data(chi + noise, **{**more, **settings})})
        for name, true in truth.items():
            parameter = result.parameters[f"datasets.d.{name}"]
            assert parameter.stderr is not None
            z[name][seed] = (parameter.value - true) / parameter.stderr
    return z


@pytest.mark.campaign
@pytest.mark.parametrize(
    "settings",
    [{"kweights": [2.0]}, {"kweights": [1.0, 2.0, 3.0]}, {"kweights": [2.0], "fit_space": "k"}],
    ids=["one weight", "three weights", "k"],
)
def test_errors_cover(settings: dict[str, Any]) -> None:
    for name, z in covered(settings, 300).items():
        assert 0.60 <= np.mean(np.abs(z) <= 1.0) <= 0.76, name
        assert abs(z.mean()) < 0.2, name
        assert 0.85 < z.std() < 1.15, name


def test_candidates_are_judged_by_independent_points() -> None:
    """χ² counts N_ind points, not those of the file; a shell that is not there is not needed."""
    noisy = hand_made(K, **TRUE) + 1e-3 * np.random.default_rng(3).normal(size=len(K))
    plain = data(noisy, sigma=1e-3, weights=None)
    absent = nc.ExafsPath(str(MADE_FEFF), n_coord=nc.vary(0.3), sigma2=0.006, delta_r=0.5)
    more = replace(plain, paths={**plain.paths, "far": absent})
    results = {name: nc.refine({}, {"d": d}) for name, d in (("one", plain), ("two", more))}
    comparison = nc.compare(results)
    basis = comparison.bases["d"]
    assert (basis.n_independent, basis.weight) == (pytest.approx(2.0 * 11.0 * 2.2 / np.pi), 1.0)
    (one,) = [s for s in comparison.standings if s.name == "one"]
    chi2_red = results["one"].datasets["d"].chi2_red
    assert chi2_red is not None
    assert one.gof == pytest.approx(np.sqrt(chi2_red))
    assert one.aic == pytest.approx(chi2_red * (basis.n_independent - 5.0) + 10.0)
    assert comparison.standings[0].name == "one"


# ---- a measured foil ------------------------------------------------------------------------------


@cache
def foil() -> tuple[np.ndarray, np.ndarray, float]:
    """Return k, χ(k) and E₀ of a copper foil at room temperature, by AUTOBK with rbkg = 1 Å."""
    rexafs = pytest.importorskip("rexafs")
    scan = np.loadtxt(measured("xas/larch_MIT/cu_metal_rt.xdi"), comments="#")
    spectrum = rexafs.Spectrum(scan[:, 0], scan[:, 3])
    spectrum.set_normalization_method(rexafs.PrePostEdge(e0=8980.5))
    spectrum.set_background_method(rexafs.AUTOBK(rbkg=1.0, kweight=1))
    spectrum.calc_background()
    return np.asarray(spectrum.k()), np.asarray(spectrum.chi()), 8980.5


@cache
def fit_of_foil() -> nc.Result:
    k, chi, e0 = foil()
    table_of_copper = str(measured("xas/larch_MIT/feffcu01.dat"))
    path = nc.ExafsPath(table_of_copper, n_coord=12.0, sigma2=nc.vary(0.005), delta_r=nc.vary(0.0))
    return nc.refine(
        {},
        {
            "d": nc.Exafs(
                k=k,
                chi=chi,
                k_range=(3.0, 17.0),
                r_range=(1.4, 3.0),
                window="kaiser",
                dk=4.0,
                kweights=[2.0],
                e0=nc.vary(0.0),
                k_zero=e0,
                element="Cu",
                edge="K",
                paths={"first": path},
            )
        },
    )


def test_copper_foil() -> None:
    """The documented fit of xraylarch: S₀² 0.9306(391), E₀ 4.358(511), σ² 0.00867(31), R 2.5418(26)."""
    result = fit_of_foil()
    assert value(result, "s02") == pytest.approx(0.93, abs=0.01)
    assert result.derived["datasets.d.paths.first.distance"].value == pytest.approx(2.5418, abs=5e-4)
    assert value(result, "paths.first.sigma2") == pytest.approx(0.00867, abs=5e-5)
    assert result.derived["datasets.d.edge_energy"].value == pytest.approx(8984.9, abs=0.7)
    errors = {n: result.parameters[f"datasets.d.{n}"].stderr_scaled for n in ("s02", "e0", "paths.first.sigma2")}
    assert errors == pytest.approx({"s02": 0.039, "e0": 0.51, "paths.first.sigma2": 3.1e-4}, rel=0.3)
    assert result.derived["datasets.d.paths.first.distance"].stderr == pytest.approx(0.0026, rel=0.2)
    (words,) = [n for n in result.notes if "R-factor" in n]
    assert "14.26 independent points, 2ΔkΔR/π (15.26 as larch counts them), 4 refined parameters" in words
    assert float(re.findall(r"R-factor ([\d.]+)", words)[0].rstrip(".")) < 0.0035


def test_in_the_words_of_excurv() -> None:
    (words,) = [n for n in fit_of_foil().notes if "EXCURV" in n]
    assert re.search(
        r"AFAC 0\.93\d? \(S₀²\), 2σ² first 0\.0173\d Å², Ef [34]\.\d+ eV .*, R \d+\.\d % \(Σ\|T − E\|k\^2/Σ\|E\|k\^2",
        words,
    )


# ---- what is said ---------------------------------------------------------------------------------


def test_figures_of_merit_by_hand() -> None:
    """χ² of the fit, χ²/(N_ind − n), N_ind ln(χ²/N_ind) + 2n and + n ln N_ind, with N_ind = 2 · 11 · 2.2/π = 15.41."""
    noise = 1e-3 * np.random.default_rng(1).normal(size=len(K))
    result = nc.refine({}, {"d": data(hand_made(K, **TRUE) + noise, sigma=1e-3, weights=None)})
    curve = result.datasets["d"]
    assert curve.residual is not None
    chi2, n_ind = float(curve.residual @ curve.residual), 2.0 * 11.0 * 2.2 / np.pi
    assert curve.chi2_red == pytest.approx(chi2 / (n_ind - 5.0))
    (words,) = [n for n in result.notes if "AIC" in n]
    figures = [float(f) for f in re.findall(r"= (-?[\d.]+)(?=[, ])", words)]
    likelihood = n_ind * np.log(chi2 / n_ind)
    assert figures == pytest.approx(
        [chi2, chi2 / (n_ind - 5.0), likelihood + 10.0, likelihood + 5.0 * np.log(n_ind)], rel=1e-3
    )


def test_shells_that_are_not_resolved_are_told() -> None:
    near = nc.ExafsPath(str(MADE_FEFF), n_coord=3.0, sigma2=0.006, delta_r=0.0)
    result = nc.refine(
        {},
        {
            "d": data(
                s02=0.85, paths={"a": near, "b": replace(near, delta_r=nc.vary(0.1)), "c": replace(near, delta_r=0.6)}
            )
        },
    )
    told = [n for n in result.notes if "not resolved" in n]
    assert len(told) == 1
    assert "the shells a and b are" in told[0]
    assert "nearer than π/2Δk = 0.143 Å" in told[0]


def test_a_distance_that_no_bond_has_is_told(tmp_path: Path) -> None:
    """Zn and Pb at 1.80 Å, of covalent radii 1.22 and 1.46 Å."""
    short = str(write_feff(tmp_path / "feff0001.dat", reff=1.8, absorber=30, scatterer=82))
    path = nc.ExafsPath(short, n_coord=nc.vary(1.0), sigma2=0.006)
    result = nc.refine({}, {"d": data(s02=0.85, e0=0.0, paths={"lead": path})})
    (told,) = [n for n in result.notes if "covalent radii" in n]
    assert "paths.lead: Zn and Pb are 1.800 Å apart, less than 0.8 of the sum of their covalent radii, 2.68 Å" in told


def test_strong_correlations_are_told() -> None:
    noise = 1e-3 * np.random.default_rng(1).normal(size=len(K))
    result = nc.refine({}, {"d": data(hand_made(K, **TRUE) + noise)})
    assert any("datasets.d.e0" in n and "correlated by" in n for n in result.notes)


def test_noise_without_sigma_is_that_of_the_transform() -> None:
    chi, found = hand_made(K, **TRUE), []
    for seed in range(10):
        noise = 2e-3 * np.random.default_rng(seed).normal(size=len(K))
        points = data(chi + noise, weights=None).bind("d", None).measured
        assert points.sigma is not None
        found.append(float(points.sigma[0]))
        assert "white noise that makes the transform between 15 and 25 Å" in points.weights
    assert np.mean(found) == pytest.approx(2e-3, rel=0.05)


def test_points_too_far_apart_tell_no_noise() -> None:
    k = np.arange(2.0, 16.0, 0.1)
    curve = nc.refine({}, {"d": data(k=k, weights=None)}).datasets["d"]
    assert curve.sigma is None
    assert any("points are up to 0.1 Å⁻¹ apart, too far to tell noise at 25 Å" in n for n in curve.notes)


# ---- what is refused ------------------------------------------------------------------------------


def refused(sentence: str, **settings: Any) -> None:
    with pytest.raises(nc.InputError) as caught:
        nc.refine({}, {"d": data(**settings)})
    assert str(caught.value).startswith("datasets.d")
    assert sentence in str(caught.value), str(caught.value)


PATH = nc.ExafsPath(str(MADE_FEFF), n_coord=6.0, sigma2=nc.vary(0.006))


@pytest.mark.parametrize(
    ("sentence", "settings"),
    [
        ("d.paths: has no path; add a table such as [datasets.d.paths.first]", {"paths": {}}),
        ("d.r_range: is missing", {"r_range": None}),
        ("d.r_range: needs 0 ≤ low < high ≤ 25 (Å), got [3, 1].", {"r_range": (3.0, 1.0)}),
        ("d.kweights: needs one or more powers of k from 0 to 5, got [].", {"kweights": []}),
        ("d.kweights: needs one or more powers of k from 0 to 5, got [2, 9].", {"kweights": [2.0, 9.0]}),
        ("d.k_range: the range of k from 3 to 19 reaches outside the data", {"k_range": (3.0, 19.0)}),
        ("d.element: 'Qq' is not the symbol of an element.", {"element": "Qq"}),
        (
            "d.paths.near.feff: made_feff0001.dat is of the absorber Cu, but datasets.d.element says Zn; give a table "
            "of that absorber.",
            {"element": "Zn"},
        ),
        ("made_feff0001.dat is of the K edge, but datasets.d.edge says L3", {"edge": "L3"}),
        (
            "d.paths.p.distance: stands beside delta_r; give one of the two.",
            {"paths": {"p": replace(PATH, delta_r=0.1, distance=2.4)}},
        ),
        (
            "d.s02: is left to the fit and so is n_coord of every path, but only their product is seen; give s02",
            {"paths": {"p": replace(PATH, n_coord=nc.vary(6.0))}},
        ),
        (
            "d.s02: is free and so is n_coord of every path",
            {"s02": nc.vary(0.9), "paths": {"p": replace(PATH, n_coord=nc.vary(6.0))}},
        ),
        (
            "has 5 refined parameters, but 3.5 independent points (2ΔkΔR/π); hold or tie some, widen k_range or "
            "r_range, or say force = true.",
            {"r_range": (2.0, 2.5)},
        ),
        (
            "k goes to 9000 Å⁻¹, beyond 40",
            {"k": np.linspace(8000.0, 9000.0, 281), "chi": np.ones(281), "k_range": None},
        ),
        ("has two points at k = 5 Å⁻¹; give one.", {"k": np.sort(np.append(K, 5.0)), "chi": np.append(1.0, K)}),
    ],
)
def test_what_cannot_be_meant_is_refused(sentence: str, settings: dict[str, Any]) -> None:
    refused(sentence, **settings)


def test_tables_must_be_of_one_absorber_and_reach_far_enough(tmp_path: Path) -> None:
    other = replace(PATH, feff=str(write_feff(tmp_path / "zinc.dat", absorber=30)))
    refused("zinc.dat is of the absorber Zn, but that of near is Cu", paths={"near": PATH, "far": other})
    short = replace(PATH, feff=str(write_feff(tmp_path / "short.dat", [c[:45] for c in table()])))
    refused("d.paths.p.feff: short.dat ends at k = 8 Å⁻¹, but the points go to 14.5", paths={"p": short})
    refused("d.paths.p.feff: there is no file", paths={"p": replace(PATH, feff=str(tmp_path / "missing.dat"))})


def test_more_parameters_than_points_where_that_is_asked_for() -> None:
    noise = 1e-3 * np.random.default_rng(1).normal(size=len(K))
    result = nc.refine({}, {"d": data(hand_made(K, **TRUE) + noise, r_range=(2.0, 2.5), force=True)})
    assert result.datasets["d"].chi2_red is None


def test_inputs_are_named() -> None:
    model = data().bind("d", None)
    assert model.inputs == {str(MADE_FEFF): read_feff(MADE_FEFF, "x").sha256}
