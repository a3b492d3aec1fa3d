"""From files to points: every ability of one technique is one of all, shown by value and by sentence."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanocrystal
from nanocrystal.errors import InputError
from nanocrystal.measurement import Blank, CurveTechnique, MeasuredTechnique
from nanocrystal.parameters import Evaluation, Values
from nanocrystal.refinement import declared_parameters, refine
from nanocrystal.sample import Cube, Population, Sample, Sphere
from nanocrystal.techniques import (
    TECHNIQUES,
    DiffusionComponent,
    Exafs,
    ExafsPath,
    Line,
    NmrDiffusion,
    NmrLines,
    NmrRelaxation,
    NmrSites,
    NmrTitration,
    Pdf,
    Powder,
    PowderBlank,
    RelaxationPart,
    Saxs,
    TotalScattering,
)
from support.modelling import crystal
from support.structures import CUBIC, NICKEL
from support.technique_studies import MADE_FEFF
from support.toy_technique import Peak, Peaks

SOURCE = Path(nanocrystal.__file__).parent
NI = Sample({"p": Population("x", Sphere(20.0))}, {"x": crystal(NICKEL)})
CESIUM = Sample({"p": Population("x", Cube(40.0))}, {"x": crystal(CUBIC)})
NONE = Sample({})
BLANK_SCALE = 0.4


@dataclass(frozen=True)
class Case:
    """A technique with what it needs, a grid in its unit, names of its columns, and what its values are without σ."""

    technique: type[CurveTechnique]
    sample: Sample
    settings: dict[str, Any]
    low: float
    high: float
    columns: tuple[str, str]
    without_sigma: str = "uniform"
    counts: bool = False
    height: float = 1.0
    resolution: str = ""

    @property
    def key(self) -> str:
        return self.technique.points.abscissae[0].key

    @property
    def x(self) -> np.ndarray:
        return np.linspace(self.low, self.high, 201)

    def at(self, part: float) -> float:
        """Return a place on the abscissa, between two points."""
        return round(self.low + part * (self.high - self.low), 6)

    def bound(self, **settings: Any) -> Any:
        return self.technique(**{**self.settings, **settings}).bind("d", self.sample)

    def refused(self, *words: str, **settings: Any) -> None:
        with pytest.raises(InputError) as caught:
            self.bound(**settings)
        for word in ("datasets.d", *words):
            assert word in str(caught.value), str(caught.value)


CASES = {
    "pdf": Case(Pdf, NI, {"qmax": 20.0}, 1.0, 20.0, ("r", "g")),
    "total-scattering": Case(
        TotalScattering, NI, {"background_terms": 0}, 1.0, 9.0, ("q", "intensity"), "counting", True, 1e4, "dq"),
    "powder": Case(
        Powder, NI, {"wavelength": 1.54, "anomalous": False, "background_terms": 0}, 35.0, 95.0,
        ("two_theta", "intensity"), "counting", True, 1e4),
    "saxs": Case(Saxs, NI, {"solvent": "vacuum", "background": 0.0}, 0.02, 0.4, ("q", "intensity"), "relative", True,
                 1e4, "dq"),
    "nmr-lines": Case(
        NmrLines, NONE, {"spectrometer_frequency": 500.0, "lines": {"a": Line("gaussian", position=5.4, fwhm=50.0)},
                         "background_terms": 0}, 5.0, 6.0, ("ppm", "y")),
    "nmr-relaxation": Case(
        NmrRelaxation, NONE, {"kind": "echo-decay", "parts": {"a": RelaxationPart(time=0.3)}}, 0.01, 2.0,
        ("delay", "y")),
    "toy": Case(Peaks, NONE, {"parts": {"low": Peak(2.1, 0.4)}}, 1.0, 5.0, ("x", "y"), "uniform", True, 1e4),
    "exafs": Case(
        Exafs, NONE, {"paths": {"a": ExafsPath(str(MADE_FEFF), n_coord=6.0, sigma2=0.006)}, "dk": 0.0,
                      "r_range": (1.0, 3.0)}, 3.5, 15.0, ("k", "chi"), "by the transform"),
    "nmr-sites": Case(
        NmrSites, CESIUM, {"spectrometer_frequency": 65.6, "shifts": {"Br": 90.0}, "fwhm": 300.0,
                           "background_terms": 0}, 60.0, 120.0, ("ppm", "y")),
}  # fmt: skip


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def test_the_table_holds_all_techniques_of_one_curve() -> None:
    curves = {n for n, t in TECHNIQUES.items() if issubclass(t, CurveTechnique)}
    assert curves == set(CASES) - {"toy"}
    assert {n for n, t in TECHNIQUES.items() if not issubclass(t, MeasuredTechnique)} == {"composition"}


def ideal(case: Case, x: np.ndarray) -> np.ndarray:
    """Return the calculated curve at x, of the height of the case."""
    grid = f"{x[0]!r}:{x[-1]!r}:{x[1] - x[0]!r}".replace("np.float64(", "").replace(")", "")
    settings = case.technique(**{**case.settings, case.key: grid})
    model = settings.bind("d", case.sample)
    values = declared_parameters(case.sample, {"d": settings}).initial_values()
    y = model.curves(Evaluation(values, model.requirement))[0]
    return np.asarray(case.height * y / np.abs(y).max())


def blank_of(case: Case, x: np.ndarray) -> np.ndarray:
    return np.asarray(
        case.height * (0.2 + 0.3 * np.exp(-0.5 * ((x - case.at(0.4)) / (0.2 * (case.high - case.low))) ** 2))
    )


def written(folder: Path, name: str, *columns: np.ndarray) -> Path:
    np.savetxt(folder / name, np.column_stack(columns), fmt="%.10g")
    return folder / name


def plain(case: Case, folder: Path, *more: np.ndarray) -> dict[str, Any]:
    """Return settings that name a file of positive values, without σ unless there is more."""
    x = case.x
    y = np.round(case.height * (1.0 + 0.3 * np.cos(7.0 * np.arange(len(x)))), 3)
    names = ("sigma", case.resolution)[: len(more)]
    return {"file": written(folder, "a.txt", x, y, *more), "columns": [*case.columns, *names]}


def compared(case: Case, **settings: Any) -> np.ndarray:
    return np.asarray(case.bound(**settings).measured.x)


# ---- file or abscissa -----------------------------------------------------------------------------


def test_either_a_file_or_an_abscissa(case: Case, tmp_path: Path) -> None:
    given = plain(case, tmp_path)
    grid = f"{case.low}:{case.high}:{(case.high - case.low) / 200.0}"
    says = f'{case.key}{" or two_theta" if case.key == "q" and case.technique is TotalScattering else ""} = "START'
    case.refused("needs either a file or, to simulate, ", says)
    case.refused("needs either a file or, to simulate, ", **given, **{case.key: grid})
    case.refused("d.noise", "is for simulated curves; leave it out", **given, noise=nanocrystal.Noise(sigma=1.0))
    for key, value in (
        (f"{case.key}_range", (case.at(0.2), case.at(0.8))),
        ("exclude", [(case.at(0.2), case.at(0.3))]),
    ):
        says = f"chooses points of a file; without one it is {case.key} alone"
        case.refused(f"d.{key}", says, **{case.key: grid, key: value})
    case.refused("d.noise_range", "is for the points of a file", **{case.key: grid, "noise_range": (1.0, 2.0)})


def test_columns_that_are_swapped_are_found(case: Case, tmp_path: Path) -> None:
    given = plain(case, tmp_path)
    x, y = np.loadtxt(given["file"]).T
    turned = written(tmp_path, "turned.txt", y, x)
    case.refused("they seem to be swapped; say columns = [", file=turned, columns=given["columns"])
    np.testing.assert_allclose(
        compared(case, file=turned, columns=given["columns"][::-1]), compared(case, **given), rtol=1e-9
    )


def test_a_resolution_stands_in_a_column_where_the_abscissa_is_q(case: Case, tmp_path: Path) -> None:
    x = case.x
    given = plain(case, tmp_path, np.ones_like(x), 0.01 * x)
    if not case.resolution:
        given["columns"] = [*given["columns"][:3], "dq"]
        case.refused("dq", **given)
        return
    limits = {"q_range": (case.at(0.25), case.at(0.75))}
    model = case.bound(**given, **limits)
    np.testing.assert_allclose(model.width, 0.01 * model.measured.x, rtol=1e-9)
    case.refused("q_resolution", "stands beside the resolution of the file", **given, q_resolution=0.01)
    other = {k: v for k, v in given.items() if k != "columns"} | {"columns": [*given["columns"][:3], "ignore"]}
    assert not case.bound(**other).width.any()
    values = declared_parameters(case.sample, {"d": case.technique(**case.settings, **other)}).initial_values()
    values["datasets.d.q_resolution_slope"] = 0.01
    by_slope = replace(case.bound(**other, **limits), measured=model.measured)
    evaluation = Evaluation(Values({"datasets.d.scale": 1.0, **values}), model.requirement)
    np.testing.assert_allclose(model.curves(evaluation)[0], by_slope.curves(evaluation)[0], rtol=1e-9)


# ---- choosing -------------------------------------------------------------------------------------


def test_a_range_holds_its_ends(case: Case, tmp_path: Path) -> None:
    given, key = plain(case, tmp_path), f"{case.key}_range"
    whole = compared(case, **given)
    low, high = case.at(0.25), case.at(0.75)
    found = compared(case, **given, **{key: (low, high)})
    np.testing.assert_allclose(found, whole[(whole >= low) & (whole <= high)])
    assert 40 < len(found) < len(whole)
    case.refused(f"d.{key}", "low < high", "got [", **given, **{key: (high, low)})
    case.refused(f"d.{key}", "reaches outside the data", **given, **{key: (low, 3.0 * case.high)})
    narrow = (float(whole[50]) - 1e-9, float(whole[51]) + 1e-9)
    case.refused(f"d.{key}", "holds ", **given, **{key: narrow})


def test_excluded_ranges_are_left_out_and_may_overlap(case: Case, tmp_path: Path) -> None:
    given = plain(case, tmp_path)
    whole = compared(case, **given)
    a, b, c, d = (case.at(p) for p in (0.2, 0.35, 0.3, 0.45))
    found = compared(case, **given, exclude=[(a, b)])
    np.testing.assert_allclose(found, whole[(whole < a) | (whole > b)])
    assert len(found) < len(whole)
    np.testing.assert_allclose(compared(case, **given, exclude=[(a, b), (c, d)]), whole[(whole < a) | (whole > d)])
    says = f"[{a:g}, {b:g}] and [{c:g}, {d:g}] overlap; write [{a:g}, {d:g}] instead"
    case.refused("d.exclude", says, **given, exclude=[(c, d), (a, b)])
    case.refused("d.exclude", "each range needs low < high", **given, exclude=[(b, a)])
    case.refused("d.exclude", "leaves 0 of ", **given, exclude=[(0.5 * case.low, 2.0 * case.high)])


def test_ends_of_value_0_are_left_out_of_counts_alone(case: Case, tmp_path: Path) -> None:
    given = plain(case, tmp_path)
    x, y = np.loadtxt(given["file"]).T
    y[:5], y[-1] = 0.0, 0.0
    whole = compared(case, **given)
    model = case.bound(file=written(tmp_path, "stop.txt", x, y), columns=given["columns"])
    assert len(model.measured.x) == len(whole) - (6 if case.counts else 0)
    assert any("beam stop or gap" in n for n in model.measured.notes) == case.counts


# ---- weights --------------------------------------------------------------------------------------


def test_weights_by_the_file(case: Case, tmp_path: Path) -> None:
    sigma = 0.1 + 0.001 * np.arange(201.0)
    given = plain(case, tmp_path, sigma)
    for more in ({}, {"weights": "sigma"}):
        measured = case.bound(**given, **more).measured
        np.testing.assert_allclose(measured.sigma, np.interp(measured.x, case.x, sigma), rtol=1e-9)
        assert measured.weights == "1/σ² with the σ of the file"
    case.refused("d.weights", "no column of a.txt was read as σ", '"sigma"]', **plain(case, tmp_path), weights="sigma")


def test_weights_of_a_file_without_sigma(case: Case, tmp_path: Path) -> None:
    """Those asked for, and those left out, but of what may be counts: these count by their scatter (test_scatter)."""
    given = plain(case, tmp_path)
    by_kind: dict[str, Callable[[np.ndarray], Any]] = {
        "counting": np.sqrt, "relative": lambda y: 0.03 * np.maximum(y, np.quantile(y, 0.1)), "uniform": lambda y: None,
    }  # fmt: skip
    for kind, expected in by_kind.items():
        if kind != "uniform" and not case.counts:
            case.refused("d.weights", f'is "{kind}", but ', "is no count", **given, weights=kind)
            continue
        for more in ({"weights": kind}, *([{}] if kind == case.without_sigma != "counting" else [])):
            measured = case.bound(**given, **more).measured
            if kind == "uniform":
                assert measured.sigma is None
                assert ("as asked for" in measured.weights) == bool(more)
            else:
                np.testing.assert_allclose(measured.sigma, expected(measured.observed), rtol=1e-9)
                assert any("the file has no σ" in n for n in measured.notes) != bool(more)
    if case.counts:
        x, y = np.loadtxt(given["file"]).T
        below = {"file": written(tmp_path, "below.txt", x, y - y.min() - 3.0), "columns": given["columns"]}
        case.refused("d.weights", "counting weights need counts of at least 0", "has -3", **below, weights="counting")


def test_scatter_where_there_is_nothing_but_noise_is_sigma(case: Case, tmp_path: Path) -> None:
    rng, x = np.random.default_rng(1), case.x
    y = case.height * (2.0 + x / case.high) + rng.normal(0.0, 0.01 * case.height, len(x))
    given = {"file": written(tmp_path, "noisy.txt", x, y), "columns": list(case.columns)}
    limits = (case.at(0.1), case.at(0.9))
    measured = case.bound(**given, noise_range=limits).measured
    np.testing.assert_allclose(measured.sigma, measured.sigma[0])
    assert measured.sigma[0] == pytest.approx(0.01 * case.height, rel=0.15)
    assert "scatter in noise_range" in measured.weights
    assert any("from the scatter between" in n for n in measured.notes)
    few = (case.at(0.1), case.at(0.15))
    case.refused("d.noise_range", "at least 20 are needed to tell the noise", **given, noise_range=few)
    beside = {**given, "noise_range": limits}
    case.refused("d.noise_range", "stands beside weights", "use one of the two", **beside, weights="uniform")
    with_sigma = {**plain(case, tmp_path, np.ones_like(x)), "noise_range": limits}
    case.refused("d.noise_range", "stands beside the sigma of the file", **with_sigma)


# ---- blanks and noise -----------------------------------------------------------------------------


def test_a_blank_has_the_scale_that_was_put_in(case: Case, tmp_path: Path) -> None:
    x = case.x
    wide = np.linspace(0.9 * case.low, 1.1 * case.high, 4001)
    y = ideal(case, x) + BLANK_SCALE * blank_of(case, x)
    given = {"file": written(tmp_path, "a.txt", x, y, 1e-4 * np.full_like(x, case.height))}
    given["columns"] = [*case.columns, "sigma"]
    blank = Blank(str(written(tmp_path, "blank.txt", wide, blank_of(case, wide))), list(case.columns))
    settings = case.technique(**{**case.settings, **given, "blanks": {"cell": blank}})
    result = refine(case.sample, {"d": settings})
    found = result.parameters["datasets.d.blanks.cell.scale"]
    assert found.value == pytest.approx(BLANK_SCALE, rel=2e-3)
    assert result.datasets["d"].rwp < 2e-3
    model = settings.bind("d", case.sample)
    assert model.linear[-1] == "datasets.d.blanks.cell.scale"
    assert len(model.linear) - 1 in model.background_rows()
    held = {"cell": replace(blank, scale=0.4)}
    fixed = refine(case.sample, {"d": replace(settings, blanks=held)})
    assert fixed.parameters["datasets.d.blanks.cell.scale"].status == "fixed"
    short = Blank(str(written(tmp_path, "short.txt", wide[:2000], wide[:2000])), list(case.columns))
    case.refused("blanks.cell.file", "the blank must cover them", **given, blanks={"cell": short})
    empty = Blank(str(written(tmp_path, "empty.txt", wide, 0.0 * wide)), list(case.columns))
    case.refused("blanks.cell.file", "is zero everywhere", **given, blanks={"cell": empty})
    assert PowderBlank is Blank


def test_noise_of_simulated_curves(case: Case) -> None:
    grid = {case.key: f"{case.low}:{case.high}:{(case.high - case.low) / 200.0}"}
    counted, normal = nanocrystal.Noise(counts=1e4, seed=1), nanocrystal.Noise(sigma=0.5, seed=1)
    curve = np.linspace(1.0, 2.0, 201)
    for noise, possible in ((counted, case.counts), (normal, not case.counts or case.technique is Saxs)):
        model = case.bound(**grid, noise=noise)
        if not possible:
            with pytest.raises(InputError, match=r"datasets\.d\.noise: of .* needs "):
                model.simulated(curve)
            continue
        drawn, sigma = model.simulated(curve)
        assert not np.array_equal(drawn, curve)
        np.testing.assert_array_equal(drawn, model.simulated(curve)[0])
        if noise is normal:
            np.testing.assert_allclose(sigma, 0.5)
            assert np.std(drawn - curve) == pytest.approx(0.5, rel=0.2)
        else:
            np.testing.assert_allclose(np.diff(drawn / drawn.max()).mean(), np.diff(curve / 2.0).mean(), rtol=0.1)
    assert case.bound(**grid).simulated(curve) == (curve, None)


# ---- several curves in one data set ---------------------------------------------------------------


def test_members_of_a_titration_and_of_a_diffusion_series_have_the_same_abilities(tmp_path: Path) -> None:
    x, rng = np.linspace(5.0, 6.0, 201), np.random.default_rng(2)
    rows = 2.0 + x + rng.normal(0.0, 0.01, (2, len(x)))
    line = {"a": Line("gaussian", position=5.5, fwhm=50.0), "b": Line("gaussian", position=5.6, fwhm=50.0)}
    titration = NmrTitration(
        written(tmp_path, "t.txt", x, *rows), equivalents=[0.0, 5.0], lines=line, bound=["a"],
        spectrometer_frequency=400.0,
    )  # fmt: skip
    diffusion = NmrDiffusion(
        written(tmp_path, "d.txt", 0.1 * x, *rows), columns=["gradient", "a", "b"], pulse_duration=3.0,
        diffusion_time=60.0, shape_factor=1.0, components={"c": DiffusionComponent(diffusion=100.0)},
    )  # fmt: skip
    for data, unit in ((titration, 1.0), (diffusion, 0.1)):

        def points(data: Any = data, unit: float = unit, **changed: Any) -> Any:
            scaled = {k: np.multiply(unit, v).tolist() if k != "weights" else v for k, v in changed.items()}
            return replace(data, **scaled).bind("d", NONE).measured

        assert len(points().x) == 402
        assert points().sigma is None
        assert len(points(x_range=(5.25, 5.75)).x) == 2 * 101
        assert len(points(exclude=[(5.2025, 5.3025), (5.2525, 5.4025)]).x) == 402 - 2 * 40
        assert points(weights="uniform").weights == "all points alike, as asked for"
        assert points(noise_range=(5.2, 5.8)).sigma[0] == pytest.approx(0.01, rel=0.2)
        for problem, changed in (
            ("needs low < high", {"x_range": (5.7, 5.2)}),
            ("overlap; write", {"exclude": [(5.3, 5.6), (5.2, 5.4)]}),
            ("is no count", {"weights": "counting"}),
            ('is "sigma", but no column', {"weights": "sigma"}),
        ):
            with pytest.raises(InputError, match=problem):
                points(**changed)


# ---- sentences ------------------------------------------------------------------------------------


def texts(path: Path) -> list[str]:
    """Return all pieces of text in a module, docstrings aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    found = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in told)
    return [n.value for n in found if isinstance(n.value, str)]


def test_no_sentence_on_points_stands_twice() -> None:
    """Neither in two modules of the techniques, nor in one of them and where they share it."""
    modules = {p: texts(p) for room in ("techniques", "measurement") for p in (SOURCE / room).rglob("*.py")}
    counted = Counter(text for found in modules.values() for text in found if len(text) > 30)
    shared = [SOURCE / "measurement" / f"{n}.py" for n in ("points", "blanks", "curve_technique", "counted", "keys")]
    own = {text for path in shared for text in modules[path] if len(text) > 30}
    assert len(own) > 40
    assert not {text for text in own if counted[text] > 1}
    for piece in ("needs either a file", "for simulated curves", "must cover them", "counting weights need counts"):
        assert sum(piece in text for found in modules.values() for text in found) == 1, piece
