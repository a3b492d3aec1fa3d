"""`nanocrystal posterior`: its files, its processes, and how it is stopped."""

from __future__ import annotations

import csv
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.cli import posterior as verb
from nanocrystal.errors import InputError
from nanocrystal.measurement import Noise
from nanocrystal.refinement.optimise import Options
from nanocrystal.refinement.posterior import Listeners, Sampling, sample_posterior
from nanocrystal.report.posterior.figures import held_fraction
from nanocrystal.report.posterior.result import Posterior
from nanocrystal.running import Processes
from nanocrystal.sample import Population, Sample, Sphere
from nanocrystal.simulation import simulated_curves
from nanocrystal.techniques import Pdf
from support.modelling import crystal
from support.nickel import nickel_problem, synthetic
from support.small_study import SmallStudy, noisy_rows
from support.structures import NICKEL

pytest.importorskip("emcee")
OURS = {"report.html", "posterior.json", "chain.csv", "study.toml"}


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    study = SmallStudy(tmp_path)
    study.write("ni.gr", "\n".join(noisy_rows()) + "\n")
    return study.add('columns = ["r", "g", "ignore", "sigma"]')


@pytest.mark.campaign
def test_files_and_what_they_say(small: SmallStudy) -> None:
    """All files, exit code 0, the chain of all kept steps, and least squares beside the posterior."""
    said = small.run("posterior", "{}/study.toml", "--steps", "200", "--seed", "3")
    assert said.exit_code == 0, said.stderr
    assert "expected to take" in said.stderr.splitlines()[0]
    assert re.search(r"crystals\.ni\.a .*\(refined: 3\.5\d+\(\d+\)\)", said.stderr)
    folder = small.folder / "study-posterior"
    assert {p.name for p in folder.iterdir()} == OURS
    document = json.loads((folder / "posterior.json").read_text(encoding="utf-8"))
    assert set(document["files"]) == OURS
    assert document["converged"] is True
    a = document["parameters"]["crystals.ni.a"]
    refined = a["least_squares"]
    assert a["std"] == pytest.approx(refined["stderr"], rel=0.15)
    assert abs(a["median"] - refined["value"]) < 0.3 * refined["stderr"]
    assert a["gelman_rubin"] < 1.02
    with (folder / "chain.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == document["sampling"]["kept"] * document["sampling"]["walkers"] == 150 * 32
    values = np.array([float(row["crystals.ni.a"]) for row in rows])
    assert np.median(values) == pytest.approx(a["median"], rel=1e-6)
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "The chain is long enough" in report
    assert small.run("posterior", "{}/study.toml", "--steps", "20", "--quiet").exit_code == 1  # too short, replaced


def test_interrupted_it_keeps_what_there_is(small: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    def tenths(_: Any) -> Any:
        def step(done: int, total: int, acceptance: float) -> None:
            if done == 24:
                raise KeyboardInterrupt

        return step

    monkeypatch.setattr(verb, "_tenths", tenths)
    said = small.run("posterior", "{}/study.toml", "--steps", "400")
    assert said.exit_code == 130
    document = json.loads((small.folder / "study-posterior" / "posterior.json").read_text(encoding="utf-8"))
    assert document["interrupted"] is True
    assert document["sampling"]["steps"] == 24
    assert document["sampling"]["kept"] == 18
    assert any("interrupted after 24 of 400 steps" in note for note in document["notes"])


def test_interrupted_at_once_nothing_is_written(small: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    def tenths(_: Any) -> Any:
        def step(done: int, total: int, acceptance: float) -> None:
            raise KeyboardInterrupt

        return step

    monkeypatch.setattr(verb, "_tenths", tenths)
    assert small.run("posterior", "{}/study.toml").exit_code == 130
    assert small.run("posterior", "{}/study.toml", "--steps", "400").exit_code == 130
    assert not (small.folder / "study-posterior").exists()


def test_wrong_input_is_one_sentence(small: SmallStudy) -> None:
    small.refused("--walkers: must be at least 16 for 3 parameters, got 4", verb="posterior", more=("--walkers", "4"))
    small.refused("--steps: must be at least 20", verb="posterior", more=("--steps", "3"))
    small.add('[refine]\nloss = "huber"')
    small.refused("refine.loss", "Gaussian noise only", verb="posterior")


def test_without_emcee_it_says_what_to_install(small: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "emcee", None)
    small.refused('pip install "nanocrystal[posterior]"', verb="posterior", more=("--steps", "400"))
    small.refused('pip install "nanocrystal[posterior]"', verb="posterior", more=("--steps", "100"))


def test_nothing_but_linear_parameters(small: SmallStudy) -> None:
    small.text = small.text.replace("vary = true", "vary = false")
    small.refused("nothing but linear parameters", verb="posterior")


def test_processes_draw_the_same_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is drawn by chance is drawn in one place: two processes give the samples of one."""
    from nanocrystal.refinement.posterior import posterior

    sample, data = nickel_problem(synthetic(tmp_path))
    data["pdf"] = replace(data["pdf"], r_range=(1.5, 12.0))
    alone = sample_posterior(sample, data, sampling=Sampling(steps=20))
    monkeypatch.setattr(posterior, "WORTH_PROCESSES", 0.0)
    monkeypatch.setattr(posterior, "STARTED", -1e6)
    said: list[Any] = []
    several = sample_posterior(
        sample, data, sampling=Sampling(steps=20, executor=Processes(2)), listeners=Listeners(expected=said.append)
    )
    assert said[0].processes == 2
    assert several.samples == pytest.approx(alone.samples, rel=1e-9)


@pytest.mark.campaign
def test_without_sigmas_students_t_and_a_word(tmp_path: Path) -> None:
    """A PDF without σ: the spread is that of the scaled standard errors, which assume the same."""
    sample, data = nickel_problem(synthetic(tmp_path, sigma=False))
    found: Posterior = sample_posterior(sample, data, sampling=Sampling(steps=150))
    assert "unknown" in found.noise
    for m in found.marginals.values():
        assert m.stderr_scaled is not None
        assert m.std == pytest.approx(m.stderr_scaled, rel=0.15)
    assert "Posterior(" in repr(found)


def test_a_robust_loss_is_refused(tmp_path: Path) -> None:
    sample, data = nickel_problem(synthetic(tmp_path))
    with pytest.raises(InputError, match="Gaussian noise only"):
        sample_posterior(sample, data, options=Options(loss="cauchy"))


def test_contours_hold_what_they_say() -> None:
    """A normal law: within the contour of 68 % lies the disc of radius √(−2 ln 0.32), by its area."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 400_000))
    held, x, y = held_fraction(first, second, (-4.0, 4.0), (-4.0, 4.0))
    cell = (x[1] - x[0]) * (y[1] - y[0])
    assert (held < 0.68).sum() * cell == pytest.approx(-2.0 * np.pi * np.log(0.32), rel=0.08)
    assert (held < 0.95).sum() * cell == pytest.approx(-2.0 * np.pi * np.log(0.05), rel=0.08)


@pytest.mark.campaign
def test_several_data_sets_take_the_scales_of_the_refinement(tmp_path: Path) -> None:
    """σ of one PDF stated three times too small: the refinement scales it, and the posterior is as wide as it says."""
    sample, data = nickel_problem(synthetic(tmp_path))
    table = np.loadtxt(tmp_path / "ni.gr")
    table[:, 2] /= 3.0
    np.savetxt(tmp_path / "claimed.gr", table)
    datasets = {"near": replace(data["pdf"], r_range=(1.5, 18.0))}
    datasets["far"] = replace(data["pdf"], file=tmp_path / "claimed.gr", r_range=(18.0, 38.0), delta2=None)
    found = sample_posterior(sample, datasets)
    assert found.errors_scaled
    assert "far × 3." in found.noise or "far × 2." in found.noise
    for address in ("crystals.x.a", "populations.p.diameter"):
        stderr = found.stderr(address)
        assert stderr is not None
        assert found.marginals[address].std == pytest.approx(stderr, rel=0.15)


@pytest.mark.parametrize(
    "number", [pytest.param(32, marks=pytest.mark.campaign), pytest.param(80, marks=pytest.mark.long)]
)
def test_intervals_of_pdfs_cover_the_truth(number: int, tmp_path: Path) -> None:
    """Of nickel spheres, noise white in F(Q): intervals of 68 and 95 % hold the truth, to four deviations of counts."""
    truth = {"crystals.x.a": 3.52, "crystals.x.u_iso.Ni": 0.006, "populations.p.diameter": 30.0}
    truth |= {"datasets.pdf.delta2": 2.0, "datasets.pdf.scale": 0.5}
    sample = Sample({"p": Population("x", Sphere(30.0))}, {"x": crystal(NICKEL, 0.006)})
    held = np.zeros((number, len(truth), 2))
    for seed in range(len(held)):
        noise = Noise(sigma=0.04, seed=seed)
        columns = simulated_curves(
            sample, {"pdf": Pdf(r="0.02:40:0.02", qmax=20.0, scale=0.5, delta2=2.0, noise=noise)}, tmp_path
        )["pdf"]
        path = tmp_path / f"{seed}.gr"
        np.savetxt(path, np.column_stack([columns["r"], columns["g"], columns["sigma"]]))
        found = sample_posterior(*nickel_problem(path), sampling=Sampling(seed=seed))
        for k, (address, true) in enumerate(truth.items()):
            m = found.marginals[address]
            held[seed, k] = [low <= true <= high for low, high in (m.interval_68, m.interval_95)]
    part = held.mean(axis=(0, 1))
    print(f"\nwithin 68 %: {part[0]:.3f}, within 95 %: {part[1]:.3f} of {held[..., 0].size}")
    n = held[..., 0].size
    assert part[0] == pytest.approx(0.68, abs=4.0 * np.sqrt(0.68 * 0.32 / n))
    assert part[1] == pytest.approx(0.95, abs=4.0 * np.sqrt(0.95 * 0.05 / n))
