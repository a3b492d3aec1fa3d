"""What a plan foretells against pencil and paper, and against refinements of simulated data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from typer.testing import CliRunner

from nanocrystal.cli.app import app
from nanocrystal.errors import InputError
from nanocrystal.measurement import Noise, Technique, grid_from_text, local_parameters
from nanocrystal.parameters import Parameter, Quantity, vary
from nanocrystal.refinement import refine
from nanocrystal.refinement.design import plan_measurement
from nanocrystal.sample import Crystal, Distribution, Population, Prism, Sample, SiteOverride, Sphere, Substitution
from nanocrystal.simulation import simulated_curves
from nanocrystal.study import read_study
from nanocrystal.techniques import Composition, Pdf, Saxs, TotalScattering
from support.modelling import crystal
from support.paths import EXAMPLES
from support.structures import NICKEL
from support.toy_models import NoSample, ToyModel

# ---- straight lines, by hand -----------------------------------------------------------------------


@dataclass(frozen=True)
class LineModel(ToyModel):
    """y = scale·(1 + slope·x) + level, of a data set; frozen, so that it can be replaced."""

    where: str
    measured: Any
    linear: tuple[str, ...]

    def curves(self, evaluation: Any) -> np.ndarray:
        x, values = self.measured.x, evaluation.values
        return np.array([1.0 + values["sample.slope"] * x + values["sample.unseen"] * 0.0 * x, np.ones_like(x)])

    def background_rows(self) -> tuple[int, ...]:
        return (1,)

    def simulated(self, calculated: np.ndarray) -> tuple[np.ndarray, None]:
        return calculated, None


@dataclass(frozen=True)
class Line(Technique):
    """A straight line with its scale and level left to the fit unless they are given."""

    q: str | None = "0:1:0.01"
    file: str | None = None
    noise: Noise | None = field(default_factory=lambda: Noise(sigma=0.1))
    scale: float | None = None
    level: float | None = 0.0

    abscissae: ClassVar[tuple[str, ...]] = ("q",)
    quantities: ClassVar[Mapping[str, Quantity]] = {
        "scale": Quantity("scale", "", "scale", 1.0),
        "level": Quantity("level", "", "level", 0.0),
    }

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        given = {"scale": self.scale, "level": self.level}
        if self.file is None:
            given = {"scale": 1.0 if self.scale is None else self.scale, "level": self.level or 0.0}
        return local_parameters(self.quantities, ("scale", "level"), given)

    def bind(self, name: str, sample: Any, folder: Path) -> LineModel:
        from nanocrystal.measurement import Measured

        assert self.q is not None
        x = grid_from_text(self.q, "q")
        linear = tuple(f"datasets.{name}.{k}" for k in ("scale", "level"))
        return LineModel(f"datasets.{name}", Measured(x, None, None, "none", "toy", None), linear)


def lines(**slope: Any) -> NoSample:
    return NoSample(
        {"sample.slope": slope.get("slope", vary(2.0)), "sample.unseen": slope.get("unseen", Parameter(0.0))}, {}
    )


def test_a_straight_line_by_hand() -> None:
    """Scale and slope of y = s (1 + b x), σ 0.1: the covariance of (s, s·b) from sums, turned into that of (s, b)."""
    x = np.linspace(0.0, 1.0, 101)
    design = np.column_stack([1.0 + 2.0 * x, x])  # by scale, by slope, at scale 1, slope 2
    covariance = np.linalg.inv(design.T @ design / 0.01)
    plan = plan_measurement(lines(), {"d": Line()})
    assert [p.address for p in plan.parameters] == ["sample.slope", "datasets.d.scale"]
    assert plan.together.of("sample.slope") == pytest.approx(np.sqrt(covariance[1, 1]), rel=1e-6)
    assert plan.together.of("datasets.d.scale") == pytest.approx(np.sqrt(covariance[0, 0]), rel=1e-6)
    expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert plan.together.correlations[0, 1] == pytest.approx(expected, rel=1e-6)
    known = plan_measurement(lines(), {"d": Line(scale=1.0)})
    assert known.together.of("sample.slope") == pytest.approx(0.1 / np.sqrt(np.sum(x**2)), rel=1e-6)
    assert plan.together.alone[0] == pytest.approx(0.1 / np.sqrt(np.sum(x**2)), rel=1e-6)


def test_counts_by_hand() -> None:
    """Counts of 300 at the end of y = 1 + 2 x: σ² = N in counts; by the scale alone the error is 1/√ΣN."""
    x = np.linspace(0.0, 1.0, 101)
    counts = 300.0 * (1.0 + 2.0 * x) / 3.0
    data = {"d": Line(noise=Noise(counts=300.0), level=0.0)}
    plan = plan_measurement(lines(slope=vary(2.0)), data)
    assert plan.together.alone[1] == pytest.approx(1.0 / np.sqrt(counts.sum()), rel=1e-6)
    for factor, forecast in plan.by_counts.items():
        assert forecast.of("sample.slope") == pytest.approx(
            plan.together.of("sample.slope") / np.sqrt(factor), rel=1e-6
        )


def test_few_counts_weigh_as_one() -> None:
    """Below one count σ is that of one, as simulated data carry it: hand sum over the points."""
    x = np.linspace(0.0, 1.0, 101)
    counts = 2.0 * (1.0 + 2.0 * x) / 3.0
    plan = plan_measurement(lines(), {"d": Line(noise=Noise(counts=2.0))})
    assert plan.together.alone[1] == pytest.approx(1.0 / np.sqrt(np.sum(counts**2 / np.maximum(counts, 1.0))), rel=1e-6)


def test_data_sets_add_up_and_ranges_cut_them() -> None:
    """Two lines: the squares of 1/stderr of the slope add, scales known; half the range is the sum over half."""
    x = np.linspace(0.0, 1.0, 101)
    both = plan_measurement(lines(), {"d": Line(scale=1.0), "e": Line(scale=1.0, noise=Noise(sigma=0.2))})
    information = np.sum(x**2) * (1.0 / 0.01 + 1.0 / 0.04)
    assert both.together.of("sample.slope") == pytest.approx(information**-0.5, rel=1e-6)
    assert both.each["e"].of("sample.slope") == pytest.approx(0.2 / np.sqrt(np.sum(x**2)), rel=1e-6)
    cut = next(s for s in both.steps if s.dataset == "d" and s.key.endswith("max") and np.isclose(s.value, 0.5))
    expected = np.sum(x[x < 0.505] ** 2) / 0.01 + np.sum(x**2) / 0.04
    assert cut.stderr[0] == pytest.approx(expected**-0.5, rel=1e-6)
    assert sum(s.stated for s in both.steps) == 4


def test_targets_by_hand() -> None:
    """Half the error needs four times the counts of all; of one alone (4 (a + b) − b)/a; or none suffices."""
    data = {"d": Line(scale=1.0), "e": Line(scale=1.0, noise=Noise(sigma=0.2))}
    now = plan_measurement(lines(), data).together.of("sample.slope")
    target = plan_measurement(lines(), data, targets={"sample.slope": now / 2.0}).needed[0]
    a, b = 1.0 / 0.01, 1.0 / 0.04
    assert target.together == pytest.approx(4.0, rel=1e-3)
    assert target.each["d"] == pytest.approx((4.0 * (a + b) - b) / a, rel=1e-3)
    assert target.each["e"] == pytest.approx((4.0 * (a + b) - a) / b, rel=1e-3)


def test_what_is_not_determined_is_named_with_its_combination() -> None:
    """Scale times slope over a level that hides them: y = s + s b x + l leaves s up, b and l down the same."""
    plan = plan_measurement(lines(unseen=vary(0.5)), {"d": Line(level=None)})
    assert plan.together.unseen == ["sample.unseen"]
    assert set(plan.together.undetermined) == {"sample.slope", "sample.unseen", "datasets.d.scale", "datasets.d.level"}
    (combination,) = plan.together.combinations
    # s → 1 + ε, b → 2 (1 − ε), l → −ε, in units of what matters (1): relative changes of the same size
    changes = dict(combination.changes)
    assert set(changes) == {"sample.slope", "datasets.d.scale", "datasets.d.level"}
    assert changes["sample.slope"] / changes["datasets.d.scale"] == pytest.approx(-1.0, rel=1e-4)
    assert changes["datasets.d.level"] / changes["datasets.d.scale"] == pytest.approx(-1.0, rel=1e-4)


# ---- against refinements of simulated data ---------------------------------------------------------


def scatter(
    sample: Any, start: Any, planned: Mapping[str, Any], fitted: Mapping[str, Any], seeds: int, folder: Path
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Return foretold errors (n,), standard errors and values of refinements (n_seeds, n), and the addresses.

    Simulated data go through files; fitted: data set -> what makes it of its file.
    """
    plan = plan_measurement(start(1.0), planned)
    names = [p.address for p in plan.parameters if not p.linear]
    errors, values = [], []
    for seed in range(seeds):
        data = {}
        for name, technique in planned.items():
            noisy = replace(technique, noise=replace(technique.noise, seed=100 + seed))
            columns = simulated_curves(sample, {name: noisy}, folder)[name]
            path = folder / f"{name}{seed}.csv"
            np.savetxt(
                path, np.column_stack(list(columns.values())), delimiter=",", header=",".join(columns), comments=""
            )
            data[name] = fitted[name](str(path))
        result = refine(start(1.002), data)
        assert result.converged
        found = [result.parameters[a] for a in names]
        errors.append([p.stderr for p in found])
        values.append([p.value for p in found])
    return np.array([plan.together.of(a) for a in names]), np.array(errors, float), np.array(values), names


def check(foretold: np.ndarray, errors: np.ndarray, values: np.ndarray, names: list[str]) -> None:
    """Refinements print the errors that were foretold, and scatter by them.

    The standard deviation of n values is uncertain by 1/√(2 (n − 1)), 16 % for 20; over all parameters less.
    """
    ratio = values.std(axis=0, ddof=1) / foretold
    print(
        "\n", dict(zip(names, zip(ratio.round(2), (errors.mean(axis=0) / foretold).round(3), strict=True), strict=True))
    )
    assert errors.mean(axis=0) == pytest.approx(foretold, rel=0.06)
    chance = 1.0 / np.sqrt(2.0 * (len(values) - 1))
    assert np.all(np.abs(ratio - 1.0) < 3.5 * chance), dict(zip(names, ratio, strict=True))
    assert np.sqrt(np.mean(ratio**2)) == pytest.approx(1.0, abs=2.5 * chance / np.sqrt(len(names) / 2.0) + 0.03)


def prisms(free: bool) -> Any:
    """Return a function of how far off it starts that makes prisms of cubic CsPbBr3."""

    def made(off: float) -> Sample:
        def n(value: float) -> Any:
            return vary(value * off) if free else value

        x = Crystal.from_library(
            "CsPbBr3-alpha", u_iso={"Cs": n(0.05), "Pb": n(0.02), "Br": n(0.06)}, a=vary(5.87) if free else 5.87
        )
        return Sample({"p": Population("x", Prism(Distribution("lognormal", n(35.0), n(5.0)), 40.0))}, {"x": x})

    return made


IQ = TotalScattering(q="0.9:9:0.02", background_terms=2, background={"c0": 5e4}, noise=Noise(counts=5e3))
SMALL = Saxs(q="0.02:0.4:0.004", solvent="toluene", noise=Noise(counts=2e4))


def of_iq(path: str) -> TotalScattering:
    return TotalScattering(path, columns=["q", "intensity", "sigma"], background_terms=2)


def of_saxs(path: str) -> Saxs:
    return Saxs(path, columns=["q", "intensity", "sigma"], solvent="toluene")


FREE_IQ = replace(IQ, background={"c0": vary(5e4)})


@pytest.mark.parametrize("seeds", [10, pytest.param(60, marks=pytest.mark.campaign)])
def test_total_scattering_scatters_as_foretold(seeds: int, tmp_path: Path) -> None:
    """Prisms in counting noise on a background: cell, displacements, sizes."""
    check(*scatter(prisms(False)(1.0), prisms(True), {"iq": FREE_IQ}, {"iq": of_iq}, seeds, tmp_path))


@pytest.mark.parametrize("seeds", [4, pytest.param(40, marks=pytest.mark.campaign)])
def test_total_scattering_with_small_angles_scatters_as_foretold(seeds: int, tmp_path: Path) -> None:
    planned, fitted = {"iq": FREE_IQ, "saxs": SMALL}, {"iq": of_iq, "saxs": of_saxs}
    check(*scatter(prisms(False)(1.0), prisms(True), planned, fitted, seeds, tmp_path))


def nickel(free: bool) -> Any:
    def made(off: float) -> Sample:
        def n(value: float) -> Any:
            return vary(value * off) if free else value

        return Sample({"p": Population("x", Sphere(n(25.0)))}, {"x": crystal(NICKEL, {"Ni": n(0.006)}, a=n(3.52))})

    return made


@pytest.mark.parametrize("seeds", [6, pytest.param(40, marks=pytest.mark.campaign)])
def test_pdfs_scatter_as_foretold_on_their_independent_points(seeds: int, tmp_path: Path) -> None:
    """G(r) at 0.02 Å of noise that is white in F(Q): foretold at π/qmax, not at every point."""
    planned = {"pdf": Pdf(r="0.02:35:0.02", qmax=20.0, scale=vary(0.6), noise=Noise(sigma=0.05))}

    def of_pdf(path: str) -> Pdf:
        return Pdf(path, columns=["r", "g", "sigma"], r_range=(1.5, 34.0), qmax=20.0)

    foretold = {"pdf": replace(planned["pdf"], r="1.5:34:0.02")}
    plan = plan_measurement(nickel(True)(1.0), foretold)
    assert len(plan.planned[0].slopes.x) == int(34 * 20 / np.pi) - int(1.5 * 20 / np.pi)
    assert any("not independent" in note for note in plan.notes)
    names = [a for a in (p.address for p in plan.parameters) if not a.startswith("datasets.")]
    expected = np.array([plan.together.of(a) for a in names])
    _, errors, values, found = scatter(nickel(False)(1.0), nickel(True), planned, {"pdf": of_pdf}, seeds, tmp_path)
    places = [found.index(a) for a in names]
    check(expected, errors[:, places], values[:, places], names)


def test_another_qmax_of_a_pdf_is_another_transform() -> None:
    """The same F(Q) noise to 10 instead of 20 Å⁻¹: half the points, σ of G smaller by √2, as a plan of its own says."""
    full = Pdf(r="1.5:34:0.02", qmax=20.0, noise=Noise(sigma=0.05))
    half = replace(full, qmax=10.0, noise=Noise(sigma=0.05 / np.sqrt(2.0)))
    sample = nickel(True)(1.0)
    step = next(s for s in plan_measurement(sample, {"pdf": full}).steps if np.isclose(s.value, 10.0))
    other = plan_measurement(sample, {"pdf": half})
    assert step.stderr == pytest.approx(other.together.stderr, rel=1e-6)


def test_ratios_count_as_what_they_are() -> None:
    """A ratio with σ 0.02 alone says a fraction to 0.02, whatever is counted."""
    mixed = Crystal.from_library(
        "CsPbBr3-alpha", u_iso={"Cs": 0.05, "Pb": 0.02, "Br": 0.06}, substitutions={"Br": Substitution("Cl", vary(0.3))}
    )
    sample = Sample({"p": Population("x", Prism(35.0, 40.0))}, {"x": mixed})
    plan = plan_measurement(sample, {"edx": Composition({"Cl/(Br+Cl)": (0.31, 0.02)})})
    (fraction,) = (p.address for p in plan.parameters)
    for forecast in plan.by_counts.values():
        assert forecast.of(fraction) == pytest.approx(0.02, rel=1e-4)


def test_an_occupancy_hides_behind_the_scale() -> None:
    """One element: its occupancy multiplies G(r) as the scale does, and both are named as one combination."""
    x = crystal(NICKEL, 0.006, sites={"Ni": SiteOverride(occupancy=vary(0.9))})
    sample = Sample({"p": Population("x", Sphere(25.0))}, {"x": x})
    pdf = Pdf(r="1.5:34:0.02", qmax=20.0, noise=Noise(sigma=0.05))
    alone = plan_measurement(sample, {"pdf": pdf})
    assert set(alone.together.undetermined) == {"crystals.x.sites.Ni.occupancy", "datasets.pdf.scale"}
    (combination,) = alone.together.combinations
    assert set(combination.changes) == {"crystals.x.sites.Ni.occupancy", "datasets.pdf.scale"}


def test_the_example() -> None:
    """Together everything is determined; small angles see neither displacements nor boundaries, wide ones both."""
    plan = read_study(EXAMPLES / "plan_cspbbr3_twins.toml").plan()
    assert plan.together.undetermined == []
    twins = "populations.dots.twins.t110.probability"
    assert {twins, "crystals.cspbbr3.u_iso.Pb"} <= set(plan.each["saxs"].unseen)
    assert np.isfinite(plan.each["iq"].of(twins))
    assert plan.together.of("populations.dots.d_ab.mean") < plan.each["iq"].of("populations.dots.d_ab.mean")
    assert [t.each["saxs"] is None for t in plan.needed] == [t.address == twins for t in plan.needed]


# ---- what cannot be planned ------------------------------------------------------------------------


def refused(data: Any, sample: Any = None, **more: Any) -> str:
    with pytest.raises(InputError) as caught:
        plan_measurement(sample or nickel(True)(1.0), {"pdf": data}, **more)
    return str(caught.value)


def test_what_cannot_be_planned_is_one_sentence() -> None:
    good = Pdf(r="1.5:34:0.02", qmax=20.0, noise=Noise(sigma=0.05))
    assert "measured already" in refused(replace(good, r=None, file="x.gr", noise=None))
    assert 'r = "1:40:0.05" with noise = { sigma' in refused(replace(good, r=None, file="x.gr", noise=None))
    assert "noise" in refused(replace(good, noise=None))
    assert "states no points" in refused(replace(good, r=None))
    assert "needs sigma" in refused(replace(good, noise=Noise(counts=1e4)))
    assert "nothing varies" in refused(good, nickel(False)(1.0))
    assert "does not vary" in refused(good, targets={"crystals.x.b": 0.1})
    with pytest.raises(InputError, match="there is none"):
        plan_measurement(nickel(True)(1.0), {})


STUDY = """title = "Planned"

[crystals.ni]
cif = "Ni.cif"
a = { value = 3.52, vary = true }
u_iso = { Ni = 0.006 }

[populations.dots]
crystal = "ni"
shape = "sphere"
diameter = { value = 20.0, vary = true }

[datasets.iq]
technique = "total-scattering"
q = "0.8:8:0.02"
background_terms = 1
noise = { counts = 1e4 }

[plan.targets]
"crystals.ni.a" = 0.0001
"""


def test_the_command(tmp_path: Path) -> None:
    """Report, plan.json and the study are written; the alias is the same; a second run may replace them."""
    (tmp_path / "Ni.cif").write_text(NICKEL)
    path = tmp_path / "s.toml"
    path.write_text(STUDY)
    for verb in ("plan", "plan-measurement"):
        said = CliRunner().invoke(app, [verb, str(path)])
        assert said.exit_code == 0, said.stderr
    folder = tmp_path / "s-plan"
    assert {p.name for p in folder.iterdir()} == {"report.html", "plan.json", "study.toml"}
    document = json.loads((folder / "plan.json").read_text())
    error = document["parameters"]["crystals.ni.a"]["stderr"]
    factor = document["targets"]["crystals.ni.a"]["counts_factor"]
    assert factor == pytest.approx((error / 1e-4) ** 2, rel=0.05)
    assert "crystals.ni.a to ±0.0001 Å" in said.stderr
    path.write_text(STUDY.replace('q = "0.8:8:0.02"', 'file = "x.csv"').replace("noise = { counts = 1e4 }", ""))
    said = CliRunner().invoke(app, ["plan", str(path), "--out", str(tmp_path / "other")])
    assert said.exit_code == 2
    assert "measured already" in said.stderr
    assert not (tmp_path / "other").exists()
