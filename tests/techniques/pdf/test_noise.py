"""How the noise of G(r) is known: handed on by a reduction, from σ of F(Q) in a file, or by the law of residuals."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import support.counted_spheres as by_hand
from nanocrystal.cli.app import app
from nanocrystal.data import read_curve
from nanocrystal.errors import InputError
from nanocrystal.measurement import Measured
from nanocrystal.parameters import vary
from nanocrystal.reduction.noise import TransformNoise
from nanocrystal.reduction.spread import Spread
from nanocrystal.refinement import Result, refine
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.sample import Population, Sample, Sphere
from nanocrystal.study import read_study
from nanocrystal.techniques import Pdf
from nanocrystal.techniques.pdf.noise import NoiseLaw
from nanocrystal.techniques.pdf.transform import ToPoints
from support.modelling import crystal
from support.structures import NICKEL

SETTINGS: dict[str, Any] = {"r_range": (1.5, 20.0), "qmax": by_hand.QMAX, "qmin": by_hand.QMIN}


def spheres() -> Sample:
    return Sample(
        {"p": Population("x", Sphere(vary(23.0)))}, {"x": crystal(NICKEL, {"Ni": vary(0.0055)}, a=vary(3.525))}
    )


def counted(folder: Path) -> Path:
    """Write counts of nickel spheres, and return the path of a study that reduces them."""
    drawn, sigma = by_hand.counts(np.random.default_rng(0))
    np.savetxt(folder / "ni.chi", np.stack([by_hand.Q, drawn, sigma], axis=1))
    (folder / "study.toml").write_text(by_hand.REDUCTION + by_hand.FITTED + 'reduction = "ni"\n', encoding="utf-8")
    return folder / "study.toml"


def pdf_of(seed: int = 0, **settings: Any) -> Pdf:
    """Return a G(r) of counts, made by hand on the absolute scale."""
    f = by_hand.structure(by_hand.counts(np.random.default_rng(seed))[0], by_hand.BACKGROUND)
    r = np.arange(0.02, 25.0, 0.02)
    return Pdf(**{"r": r, "g": by_hand.transformed(f, r), **SETTINGS, **settings})


def bound(pdf: Pdf, folder: Path = Path()) -> Measured:
    return pdf.bind("pdf", spheres(), folder).measured


@cache
def handed_on(folder: Path) -> Result:
    return read_study(counted(folder)).refine()


def stderrs(result: Result) -> dict[str, float]:
    return {a: p.stderr for a, p in result.parameters.items() if p.status in ("free", "linear") and p.stderr}


# ---- handed on by a reduction -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spheres")


def test_points_are_weighed_by_the_covariance_that_the_reduction_knows(folder: Path) -> None:
    """Propagated by hand: σ_F = Q a σ_I/f² of independent counts, as a curve and its scatter (two directions) add a."""
    study = read_study(counted(folder))
    measured = study.datasets["pdf"].bind("pdf", study.sample, folder).measured
    assert measured.whitening is not None
    drawn = by_hand.counts(np.random.default_rng(0))[0]
    normalised = drawn / by_hand.squared(by_hand.Q)
    scale = normalised.sum() / (normalised @ normalised)
    sigma_f = by_hand.Q * scale * np.sqrt(drawn) / by_hand.squared(by_hand.Q)
    to_g = by_hand.transformed(np.eye(len(by_hand.Q)), measured.x)
    of_counts = (to_g.T * sigma_f**2) @ to_g
    n = len(measured.whitening)
    assert len(measured.x) - 20 < n < len(measured.x) - 5
    other = np.linalg.svd(measured.whitening @ of_counts @ measured.whitening.T - np.eye(n), compute_uv=False)
    assert other[1] < 0.5
    assert other[2] < 1e-3
    assert measured.weights == "1/σ² of independent combinations of points, by the covariance of the reduction"
    assert any("do not count" in note for note in measured.notes)
    far = measured.x > 8.0  # nearer, the polynomial has taken noise out, too
    assert measured.sigma is not None
    np.testing.assert_allclose(measured.sigma[far], np.sqrt(np.diag(of_counts))[far], rtol=0.05)


def test_chi2_is_that_of_independent_residuals_and_r_w_the_usual_one(folder: Path) -> None:
    result = handed_on(folder)
    fitted = result.datasets["pdf"]
    assert fitted.residual is not None
    assert fitted.chi2_red == pytest.approx(fitted.residual @ fitted.residual / (len(fitted.residual) - 4))
    assert fitted.chi2_red == pytest.approx(1.0, abs=4.0 * np.sqrt(2.0 / len(fitted.residual)))
    plain = np.linalg.norm(fitted.observed - fitted.calculated) / np.linalg.norm(fitted.observed)
    assert fitted.rw == pytest.approx(plain, rel=1e-12)
    assert result.parameters["crystals.x.a"].stderr == result.parameters["crystals.x.a"].stderr_scaled or (
        fitted.chi2_red > 1.0
    )


def test_truth_is_found_within_errors_far_below_those_of_points_that_count_alike(folder: Path) -> None:
    """Counts tell a diameter by their good points at small Q: 4 times better than points of G weighed alike do."""
    result = handed_on(folder)
    for address, truth in (
        ("crystals.x.a", by_hand.CELL),
        ("crystals.x.u_iso.Ni", by_hand.U_ISO),
        ("populations.p.diameter", by_hand.DIAMETER),
    ):
        estimate = result.parameters[address]
        assert estimate.stderr is not None
        assert abs(estimate.value - truth) < 3.0 * estimate.stderr, address
    alike = refine(spheres(), {"pdf": pdf_of()})
    assert stderrs(alike)["populations.p.diameter"] > 2.5 * stderrs(result)["populations.p.diameter"]


def test_the_two_normalisations_hold_the_same(folder: Path) -> None:
    """The polynomial takes out what explicit constants leave wrong; neither counts, so both give the same values."""
    path = counted(folder)
    physical = 'method = "physical"\ncompton = false\nfluorescence = "fit"\n'
    path.write_text(by_hand.REDUCTION + physical + by_hand.FITTED + 'reduction = "ni"\n', encoding="utf-8")
    one, other = handed_on(folder), read_study(path).refine()
    for address, stderr in stderrs(one).items():
        if address != "datasets.pdf.scale":  # the polynomial's is not absolute
            assert other.parameters[address].value == pytest.approx(one.parameters[address].value, abs=0.2 * stderr)
            assert other.parameters[address].stderr == pytest.approx(stderr, rel=0.05), address


def test_weights_that_are_asked_for_hold(folder: Path) -> None:
    path = counted(folder)
    text = path.read_text(encoding="utf-8")
    for more in ('weights = "uniform"\n', "noise_range = [1.5, 2.2]\n"):
        given = text.replace('sigma = "file"', "")
        path.write_text(given + more, encoding="utf-8")
        study = read_study(path)
        if "noise_range" in more:  # the reduction hands on σ
            with pytest.raises(InputError, match="stands beside the sigma of the file"):
                study.datasets["pdf"].bind("pdf", study.sample, folder)
        else:
            assert study.datasets["pdf"].bind("pdf", study.sample, folder).measured.whitening is None


# ---- from a file --------------------------------------------------------------------------------------


def reduced(folder: Path) -> Path:
    """Reduce to a folder, as a command does, and return it."""
    counted(folder)
    outcome = CliRunner().invoke(app, ["reduce", str(folder / "study.toml"), "--out", str(folder / "out"), "--quiet"])
    assert outcome.exit_code == 0, outcome.output
    return folder / "out"


def test_a_later_study_weighs_the_points_by_the_files_of_the_reduction(folder: Path) -> None:
    """covariance = "ni.fq" beside file = "ni.gr": the values and errors of the study of the reduction.

    But for what σ of F(Q) point by point forgets: that the polynomial made its ends a little more certain, and what
    the normalisation adds to the scale.
    """
    out = reduced(folder)
    later = out / "later.toml"
    later.write_text(by_hand.FITTED + 'file = "ni.gr"\ncovariance = "ni.fq"\n', encoding="utf-8")
    one, other = handed_on(folder), read_study(later).refine()
    for address, stderr in stderrs(one).items():
        assert other.parameters[address].value == pytest.approx(one.parameters[address].value, abs=0.15 * stderr)
        within = 0.1 if address == "datasets.pdf.scale" else 0.03
        assert other.parameters[address].stderr == pytest.approx(stderr, rel=within), address
    assert other.datasets["pdf"].weights.endswith("by the covariance of ni.fq")
    assert set(other.inputs) >= {"ni.gr", "ni.fq"}
    assert other.inputs["ni.fq"] == read_curve(out / "ni.fq").sha256
    later.write_text(by_hand.FITTED + 'file = "ni.gr"\n', encoding="utf-8")
    silent = read_study(later)
    measured = silent.datasets["pdf"].bind("pdf", silent.sample, out).measured
    assert measured.whitening is None
    assert any('covariance = "ni.fq" would weigh' in note for note in measured.notes)


def test_a_blank_on_another_grid_is_in_the_noise_of_the_file(folder: Path) -> None:
    """Interpolated points are less noisy by themselves than their sums are, which the header says."""
    rng, q = np.random.default_rng(4), np.arange(1.1, 15.2, 0.0613)
    blank = rng.poisson(2.0 * by_hand.PER_UNIT * by_hand.BACKGROUND, len(q)).astype(float)
    path = counted(folder)
    np.savetxt(folder / "cell.chi", np.stack([q, blank, np.sqrt(blank)], axis=1))
    more = '[reduction.ni.blanks.cell]\nfile = "cell.chi"\nscale = 0.5\n'
    path.write_text(by_hand.REDUCTION + more + by_hand.FITTED + 'reduction = "ni"\n', encoding="utf-8")
    out = folder / "with_blank"
    assert CliRunner().invoke(app, ["reduce", str(path), "--out", str(out), "--quiet"]).exit_code == 0
    sums = float(read_curve(out / "ni.fq").metadata["sigma_of_sums"])
    assert 1.02 < sums < 1.25
    study = read_study(path)
    whole = study.datasets["pdf"].bind("pdf", study.sample, folder).measured
    by_file = bound(Pdf(out / "ni.gr", covariance=out / "ni.fq", **SETTINGS))
    np.testing.assert_allclose(by_file.sigma, whole.sigma, rtol=1e-3)  # that of G(r) in both
    assert whole.whitening is not None
    assert by_file.whitening is not None
    mixed = by_file.whitening @ np.linalg.pinv(whole.whitening)
    sizes = np.linalg.svd(mixed, compute_uv=False)
    assert np.sqrt(np.mean(sizes**2)) == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"covariance": "ni.gr"}, r"covariance: needs F\(Q\) with σ, such as the \.fq .* but ni\.gr has g over r\."),
        ({"covariance": "plain.fq"}, r"covariance: plain\.fq has no σ of F\(Q\); say covariance = \"law\""),
        ({"covariance": "short.fq"}, r"covariance: short\.fq ends at 9\.\d+ Å⁻¹, below qmax = 15 of the data set"),
        ({"covariance": "other.fq"}, r"covariance: other\.fq was transformed up to 12 Å⁻¹, the data set up to 15"),
        ({"covariance": "nowhere.fq"}, r"covariance: .*nowhere\.fq"),
        ({"covariance": "ni.fq", "weights": "uniform"}, r'covariance: stands beside weights = "uniform"'),
        ({"covariance": "law", "weights": "sigma"}, r'covariance: stands beside weights = "sigma"'),
        ({"covariance": "ni.fq", "noise_range": (1.5, 2.2)}, r"noise_range: stands beside the sigma of the file"),
    ],
)
def test_what_does_not_go_together_is_said(folder: Path, settings: dict[str, Any], sentence: str) -> None:
    out = reduced(folder)
    text = (out / "ni.fq").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    head = [line for line in text.splitlines() if line.startswith("#")]
    (out / "plain.fq").write_text("\n".join(r.rpartition("\t")[0] for r in rows), encoding="utf-8")
    (out / "short.fq").write_text("\n".join(r for r in rows if float(r.split()[0]) < 10.0), encoding="utf-8")
    (out / "other.fq").write_text("\n".join([*(h.replace("qmax = 15", "qmax = 12") for h in head), *rows]))
    with pytest.raises(InputError, match=sentence):
        bound(Pdf("ni.gr", **SETTINGS, **settings), out)


def test_a_curve_that_is_simulated_has_no_covariance() -> None:
    with pytest.raises(InputError, match=r"datasets\.pdf\.covariance: is for the points of a file; leave it out"):
        bound(Pdf(r="1:20:0.1", qmax=15.0, covariance="law"))


def test_a_reduction_hands_on_its_own(folder: Path) -> None:
    path = counted(folder)
    path.write_text(
        by_hand.REDUCTION + by_hand.FITTED + 'reduction = "ni"\ncovariance = "out/ni.fq"\n', encoding="utf-8"
    )
    study = read_study(path)
    with pytest.raises(InputError, match="covariance: stands beside reduction, which hands on its own"):
        study.datasets["pdf"].bind("pdf", study.sample, folder)
    assert 'covariance = "out/ni.fq"' in study.to_toml()


# ---- by the law of residuals --------------------------------------------------------------------------


def law_and_noise(part: int, seed: int) -> tuple[NoiseLaw, np.ndarray]:
    """Return the law at points, and a G(r) of nothing but noise of one of its parts, drawn in F by numpy."""
    q = np.arange(0.05, 15.0, 0.05)
    f2 = by_hand.squared(q)
    intensity = by_hand.scattered(q)
    r = np.pi / 15.0 * np.arange(8, 130)
    law = NoiseLaw(to_points=ToPoints(q, np.full(len(q), 0.05), r), mean_f=np.sqrt(f2), intensity=intensity)
    variance = [np.ones_like(q), q**2, (q / f2) ** 2, (q / f2) ** 2 * intensity][part]
    return law, 2.0 / np.pi * np.sin(np.outer(r, q)) * 0.05 @ (
        np.sqrt(variance) * np.random.default_rng(seed).normal(size=len(q))
    )


@pytest.mark.parametrize(
    ("part", "word"),
    [(0, "white in F"), (1, "white in S"), (2, "of a background that counts"), (3, "of the counts of the sample")],
)
def test_each_part_of_the_law_is_recognised_in_its_own_noise(part: int, word: str) -> None:
    """Of 12 draws the part that was drawn is the largest one in most, and the covariance is that of the draw."""
    said, ratios = [], []
    for seed in range(12):
        law, g = law_and_noise(part, seed)
        noise = law.fitted(g, np.zeros((len(g), 0)))
        assert noise is not None
        shares = noise.words.partition("variance of G ")[2].split(", ")
        said.append(max(shares, key=lambda s: float(s.partition(" %")[0])))
        ratios.append(g @ np.linalg.solve(noise.covariance, g) / len(g))
    assert sum(word in s for s in said) >= 9
    np.testing.assert_allclose(ratios, 1.0, atol=0.02)  # as likely as can be: χ² is the number of points


def test_the_white_part_is_the_transform_of_one_sigma() -> None:
    """Mean over 20 draws of it; what else the law sees in one of them is little."""
    found = []
    for seed in range(20):
        law, g = law_and_noise(0, seed)
        noise = law.fitted(g, np.zeros((len(g), 0)))
        assert noise is not None
        found.append(noise.covariance)
    r = np.pi / 15.0 * np.arange(8, 130)
    q = np.arange(0.05, 15.0, 0.05)
    white = TransformNoise(q=q, spread=Spread.of_counts(np.ones(len(q))), qmin=0.0, qmax=float(q[-1])).covariance(r)
    mean = np.mean(found, axis=0)
    assert np.diag(mean).mean() == pytest.approx(np.diag(white).mean(), rel=0.1)
    assert np.abs(mean - white).max() < 0.15 * white.max()


def test_without_sigma_values_are_those_of_points_alike_and_errors_those_of_the_law() -> None:
    """Nothing moves against weights that are asked for to be alike; the errors follow the noise, not its mean size."""
    plain, asked = refine(spheres(), {"pdf": pdf_of()}), refine(spheres(), {"pdf": pdf_of(weights="uniform")})
    assert plain.parameters == asked.parameters
    note = next(n for n in plain.methods if "σ_F²" in n)
    assert note.startswith("datasets.pdf: the noise of F(Q) by the law σ_F² = a + b Q² + (c + d I) Q²/⟨f⟩⁴")
    assert "of the counts of the sample" in note
    assert plain.datasets["pdf"].chi2_red is None
    assert plain.datasets["pdf"].residual is None
    problem = bound_problem(spheres(), {"pdf": pdf_of()}, Path())
    assert problem.models["pdf"].measured.whitening is None


def test_points_weighed_by_the_law_know_more() -> None:
    """covariance = "law": the diameter comes out 2.5 times as sure of these counts, and the truth within errors."""
    alike, weighed = (refine(spheres(), {"pdf": pdf_of(covariance=c)}) for c in (None, "law"))
    assert stderrs(alike)["populations.p.diameter"] > 2.5 * stderrs(weighed)["populations.p.diameter"]
    for result in (alike, weighed):
        estimate = result.parameters["populations.p.diameter"]
        assert abs(estimate.value - by_hand.DIAMETER) < 3.0 * (estimate.stderr or 0.0)
    assert weighed.datasets["pdf"].rw > alike.datasets["pdf"].rw  # alike they are what R_w is the least of
    assert weighed.datasets["pdf"].weights == "the noise law that the residuals follow"


def test_the_law_takes_the_place_of_a_sigma_that_is_not_believed() -> None:
    measured = bound(pdf_of(sigma=1e-6, covariance="law"))
    assert measured.sigma is None
    assert any("the σ of the points does not count" in note for note in measured.notes)
    assert bound(pdf_of(sigma=1e-6)).sigma is not None


def test_few_points_tell_no_law() -> None:
    law, g = law_and_noise(0, 2)
    few = replace(law, to_points=replace(law.to_points, r=law.to_points.r[:20]))
    assert few.fitted(g[:20], np.ones((20, 1))) is None
    assert law.fitted(np.zeros(len(g)), np.zeros((len(g), 0))) is None
