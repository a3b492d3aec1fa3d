"""Compositions: counts by hand, restraints beside scattering, tables of EDX, and what is refused.

EDX of CsPb(Br,Cl)3 and CsPb(Br,I)3 nanocrystals: Tables S9 and S11 of the supporting information of the ¹³³Cs NMR
study of CsPbX3 nanocrystals, halide contents as X/(Br + X) with their standard deviations.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal import read_study
from nanocrystal.errors import InputError
from nanocrystal.measurement import Noise
from nanocrystal.parameters import Evaluation, Parameter, vary
from nanocrystal.refinement import Result, compare, declared_parameters, refine
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.report.refined.files import curve_csv, results_document
from nanocrystal.report.refined.ratio_figure import ratio_figure
from nanocrystal.report.written import report_html
from nanocrystal.sample import (
    Atoms,
    Bulk,
    Cluster,
    Crystal,
    Cube,
    Cylinder,
    Distribution,
    Octahedron,
    PairGrid,
    Population,
    Prism,
    Sample,
    Shell,
    SiteOverride,
    Sphere,
    Substitution,
)
from nanocrystal.sample.population import PopulationNow
from nanocrystal.sample.surface.size_law import Exponential, SizeLaw
from nanocrystal.simulation import simulated_curves
from nanocrystal.techniques import Composition, TotalScattering
from support.modelling import crystal
from support.richardson import errors_of_derivatives
from support.small_study import SmallStudy
from support.structures import CUBIC, CUBIC_CSPBBR3, NICKEL

U_ISO = {"Cs": 0.03, "Pb": 0.0127, "Br": 0.025}
MASS = {"Cs": 132.905, "Pb": 207.2, "Br": 79.904, "Cl": 35.45, "Ni": 58.693}
"""Da, standard atomic weights"""


def mixed(fraction: Any, halide: str = "Cl", **given: Any) -> Crystal:
    return replace(crystal(CUBIC, U_ISO, **given), substitutions={"Br": Substitution(halide, fraction)})


def one(x: Crystal, shape: Any = None, **given: Any) -> Sample:
    return Sample({"p": Population("x", shape or Bulk(), **given)}, {"x": x})


def amounts(sample: Sample) -> dict[str, float]:
    """Return the parts of the elements at the starting values; no grid for pairs is there."""
    return sample.element_amounts(Evaluation(declared_parameters(sample, {}).initial_values()))


# ---- amounts by hand ------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [Bulk(), Sphere(40.0), Cube(50.0), Cube(Distribution("lognormal", 50.0, 10.0))])
def test_crystal_of_one_composition_whatever_its_size(shape: Any) -> None:
    """Cs Pb0.9 (Br0.7 Cl0.3)3: 1 + 0.9 + 2.1 + 0.9 = 4.9 atoms."""
    found = amounts(one(mixed(0.3, sites={"Pb": SiteOverride(occupancy=0.9)}), shape))
    expected = {"Cs": 1.0 / 4.9, "Pb": 0.9 / 4.9, "Br": 2.1 / 4.9, "Cl": 0.9 / 4.9}
    assert found == pytest.approx(expected, rel=1e-12)


def test_cluster_is_counted() -> None:
    cluster = Cluster(("Cs", "Cl", "Cl", "Pb"), np.eye(4, 3), "test.xyz")
    found = amounts(Sample({"p": Population(atoms=Atoms(cluster, {"Cs": 0.01, "Cl": 0.01, "Pb": 0.01}))}))
    assert found == {"Cs": 0.25, "Cl": 0.5, "Pb": 0.25}


def test_step_shell_of_a_cube() -> None:
    """A cube of 50 Å with a core of 30 Å: core 21.6 %; Cl on 10 % of the halides in the core, on 60 % outside."""
    shell = Shell(10.0, substitution={"Br": 0.6})
    found = amounts(one(mixed(0.1), Cube(50.0), shell=shell))
    core = (30.0 / 50.0) ** 3
    part = core * 0.1 + (1.0 - core) * 0.6
    expected = {"Cs": 0.2, "Pb": 0.2, "Br": 0.6 * (1.0 - part), "Cl": 0.6 * part}
    assert found == pytest.approx(expected, rel=1e-9)


def test_vacancies_in_the_shell_of_a_sphere() -> None:
    """A sphere of 50 Å with a core of 40 Å, half of the Cs missing outside: 1 − 0.5 (1 − 0.512) of it are there."""
    found = amounts(one(crystal(CUBIC, U_ISO), Sphere(50.0), shell=Shell(5.0, occupancy={"Cs": 0.5})))
    cs = 1.0 - 0.5 * (1.0 - 0.8**3)
    assert found["Cs"] / found["Pb"] == pytest.approx(cs, rel=1e-6)
    assert found["Br"] / found["Pb"] == pytest.approx(3.0)


@pytest.mark.parametrize("basis", ["mass_fraction", "volume_fraction", "number_fraction"])
def test_mixture_of_two_populations(basis: Any) -> None:
    """CsPbBr3 cubes of 50 Å and nickel spheres of 30 Å, 0.6 : 0.4 on each basis; nickel has four atoms in 3.52³ Å³."""
    sample = Sample(
        {
            "dots": Population("x", Cube(50.0), fraction_basis=basis, fraction=0.6),
            "balls": Population("ni", Sphere(30.0), fraction_basis=basis, fraction=0.4),
        },
        {"x": crystal(CUBIC, U_ISO), "ni": crystal(NICKEL, 0.005)},
    )
    formula = MASS["Cs"] + MASS["Pb"] + 3.0 * MASS["Br"]
    cells = {
        "mass_fraction": (0.6 / formula, 0.4 / (4.0 * MASS["Ni"])),
        "volume_fraction": (0.6 / CUBIC_CSPBBR3**3, 0.4 / 3.52**3),
        "number_fraction": (0.6 * 50.0**3 / CUBIC_CSPBBR3**3, 0.4 * math.pi / 6.0 * 30.0**3 / 3.52**3),
    }[basis]
    found = amounts(sample)
    assert sum(found.values()) == pytest.approx(1.0)
    assert found["Ni"] / found["Pb"] == pytest.approx(4.0 * cells[1] / cells[0], rel=1e-4)
    assert found["Br"] / found["Pb"] == pytest.approx(3.0)


LAW = SizeLaw(alpha=0.4, occupancy={"Cs": Exponential(-0.8, 30.0)})
MANY = Distribution("lognormal", 40.0, 9.0)
KINDS = {
    "gradient in cubes": one(mixed(0.2), Cube(MANY), shell=Shell(12.0, "gradient", {"Br": 0.7})),
    "gradient in spheres": one(mixed(0.2), Sphere(MANY), shell=Shell(12.0, "gradient", {"Br": 0.7}, {"Cs": 0.4})),
    "size law of spheres": one(mixed(0.2), Sphere(MANY), size_law=LAW),
    "size law of prisms": one(mixed(0.2), Prism(MANY, 30.0), size_law=LAW),
    "cylinders": one(mixed(0.2), Cylinder(MANY, 30.0)),
    "octahedra beside bulk": Sample(
        {
            "o": Population("x", Octahedron(MANY), fraction_basis="volume_fraction", fraction=0.3),
            "b": Population("ni", fraction_basis="volume_fraction", fraction=0.7),
        },
        {"x": mixed(0.2), "ni": crystal(NICKEL, 0.005)},
    ),
}


@pytest.mark.parametrize("case", KINDS)
def test_amounts_are_those_of_the_atoms_that_scattering_counts(case: str) -> None:
    """The kinds of the pair structures, differences between core and shell included, add up to the same amounts."""
    sample = KINDS[case]
    evaluation = Evaluation(declared_parameters(sample, {}).initial_values(), PairGrid(20.0, 0.02))
    structures = sample.pairs(evaluation)
    parts = sample.atom_fractions(evaluation, structures)
    expected: dict[str, float] = {}
    for name, structure in structures.items():
        for kind in structure.kinds:
            n = parts[name] * kind.count * kind.occupancy / structure.n_atoms
            expected[kind.element] = expected.get(kind.element, 0.0) + n
    assert sample.element_amounts(evaluation) == pytest.approx(expected, rel=1e-6)


def test_gradient_against_cells_one_by_one() -> None:
    """A cube of 12³ cells whose composition runs linearly from the faces to 3 cells deep: mean over the depths.

    The gradient is made of six steps, which is exact to their width squared.
    """
    n, depth = 12, 3.0
    places = (np.arange(600) + 0.5) / 50.0
    nearest = np.minimum(places, n - places)
    g = np.mean([np.minimum(np.minimum.outer(nearest, nearest), d) / depth for d in np.minimum(nearest[::6], depth)])
    sample = one(mixed(0.0), Cube(n * CUBIC_CSPBBR3), shell=Shell(depth * CUBIC_CSPBBR3, "gradient", {"Br": 1.0}))
    found = amounts(sample)
    assert found["Cl"] / (found["Cl"] + found["Br"]) == pytest.approx(1.0 - g, abs=2e-3)


# ---- as a data set --------------------------------------------------------------------------------


def test_fraction_by_hand() -> None:
    """Cl/Pb = 3x and Br/Pb = 3(1 − x): x is the mean of 0.92/3 and 1 − 2.10/3 with weights 9/σ²."""
    ratios = {"Cl/Pb": (0.92, 0.06), "Br/Pb": (2.10, 0.08), "Cs/Pb": (1.02, 0.05)}
    result = refine(one(mixed(vary(0.2))), {"edx": Composition(ratios)})
    found = result.parameters["crystals.x.substitution.Br.fraction"]
    values, weights = np.array([0.92 / 3.0, 1.0 - 2.10 / 3.0]), 9.0 / np.array([0.06, 0.08]) ** 2
    assert result.converged
    assert found.value == pytest.approx(values @ weights / weights.sum(), abs=1e-6)
    assert found.stderr == pytest.approx(weights.sum() ** -0.5, rel=1e-6)
    assert result.datasets["edx"].n_points == 3
    assert result.datasets["edx"].calculated[2] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("halide", "percent", "sigma"),
    [("I", 26.3, 1.1), ("I", 52.0, 2.1), ("I", 80.0, 4.0), ("Cl", 34.5, 0.4), ("Cl", 46.2, 1.0), ("Cl", 66.4, 0.4)],
)
def test_measured_halide_contents_are_found_again(halide: str, percent: float, sigma: float) -> None:
    """One ratio and one fraction: exactly determined, and the standard error is that of the measurement."""
    ratio = {f"{halide}/(Br+{halide})": (percent / 100.0, sigma / 100.0)}
    result = refine(one(mixed(vary(0.5), halide), Cube(83.0)), {"edx": Composition(ratio)})
    found = result.parameters["crystals.x.substitution.Br.fraction"]
    assert found.value == pytest.approx(percent / 100.0, abs=1e-6)
    assert found.stderr == pytest.approx(sigma / 100.0, rel=1e-6)
    assert found.stderr_scaled == pytest.approx(found.stderr)
    assert result.datasets["edx"].chi2_red is None  # no point is left over


def test_fraction_of_a_population_without_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mass fraction of nickel beside CsPbBr3 from Ni/Pb = 2 alone: m/(1 − m) = 2 · 58.693/579.8. No pair is summed."""

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("pairs were summed")

    monkeypatch.setattr(PopulationNow, "pairs", forbidden)
    sample = Sample(
        {"dots": Population("x", Cube(60.0), fraction=1.0), "ni": Population("ni", Bulk(), fraction=vary(0.5))},
        {"x": crystal(CUBIC, U_ISO), "ni": crystal(NICKEL, 0.005)},
    )
    result = refine(sample, {"edx": Composition({"Ni/Pb": (2.0, 0.1)})})
    expected = 2.0 * MASS["Ni"] / (MASS["Cs"] + MASS["Pb"] + 3.0 * MASS["Br"])
    assert result.converged
    assert result.parameters["populations.ni.mass_fraction"].value == pytest.approx(expected, rel=1e-4)
    whole = result.derived["populations.ni.mass_fraction_of_sample"]
    assert whole.value == pytest.approx(expected / (1.0 + expected), rel=1e-4)
    assert whole.stderr == pytest.approx(0.05 * expected / (1.0 + expected) ** 2, rel=1e-3)


def test_derivatives() -> None:
    x = mixed(vary(0.3), a=vary(5.9), sites={"Cs": SiteOverride(occupancy=vary(0.9))})
    shell = Shell(vary(8.0), substitution={"Br": vary(0.7)})
    sample = Sample(
        {
            "p": Population("x", Cube(Distribution("lognormal", vary(50.0), vary(9.0))), shell=shell,
                            fraction_basis="number_fraction", fraction=vary(0.4)),
            "q": Population("ni", Sphere(40.0), fraction_basis="number_fraction", fraction=0.6),
        },
        {"x": x, "ni": crystal(NICKEL, 0.005)},
    )  # fmt: skip
    edx, icp = (Composition({f"{e}/Ni": (1.0, 0.1) for e in ("Cs", "Pb", "Br", "Cl")}) for _ in range(2))
    errors = errors_of_derivatives(bound_problem(sample, {"edx": edx, "icp": icp}, Path()), "edx")
    assert len(errors) == 8
    assert max(errors.values()) < 1e-6, errors


def scattering(folder: Path, fraction: float, seed: int) -> TotalScattering:
    """Return a measured I(Q) of mixed cubes with counting noise."""
    truth = TotalScattering(q="1:14:0.02", noise=Noise(counts=2e3, seed=seed), background_terms=0)
    columns = simulated_curves(one(mixed(fraction), Cube(30.0)), {"iq": truth}, folder)["iq"]
    path = folder / "cubes.xye"
    np.savetxt(path, np.array([*columns.values()]).T)
    return TotalScattering(path, columns=("q", "intensity", "sigma"), background_terms=2)


def test_scattering_and_composition_combine_by_their_inverse_variances(tmp_path: Path) -> None:
    """The ratio depends on the fraction alone, so both are independent measurements of it, whatever else is free."""
    iq = scattering(tmp_path, 0.35, 1)
    edx = Composition({"Cl/(Br+Cl)": (0.36, 0.012)})
    address = "crystals.x.substitution.Br.fraction"

    def fitted(datasets: dict[str, Any]) -> Result:
        return refine(one(mixed(vary(0.3), a=vary(5.88)), Cube(vary(31.0))), datasets)

    alone = fitted({"iq": iq}).parameters[address]
    both = fitted({"iq": iq, "edx": edx}).parameters[address]
    assert alone.stderr is not None
    assert 0.003 < alone.stderr < 0.05
    weights = np.array([alone.stderr, 0.012]) ** -2.0
    assert both.stderr == pytest.approx(weights.sum() ** -0.5, rel=0.01)
    assert both.value == pytest.approx(np.array([alone.value, 0.36]) @ weights / weights.sum(), abs=0.02 * 0.012)


def test_pairs_are_summed_no_more_often_with_a_composition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    iq = scattering(tmp_path, 0.35, 2)
    calls = []
    pairs = PopulationNow.pairs

    def counted(self: PopulationNow, *given: Any) -> Any:
        calls.append(1)
        return pairs(self, *given)

    monkeypatch.setattr(PopulationNow, "pairs", counted)
    numbers = []
    for datasets in ({"iq": iq}, {"iq": iq, "edx": Composition({"Cl/(Br+Cl)": (0.35, 0.02)})}):
        problem = bound_problem(one(mixed(vary(0.3), a=vary(5.87)), Cube(30.0)), datasets, Path())
        calls.clear()
        point = problem.point(problem.start)
        problem.derivatives(point)
        numbers.append(len(calls))
    assert numbers[0] == numbers[1]


def test_start_without_the_element_is_no_dead_end() -> None:
    """All calculated ratios are 0 there, but not their derivatives."""
    result = refine(one(mixed(vary(0.0))), {"edx": Composition({"Cl/Pb": (0.9, 0.1)})})
    assert result.parameters["crystals.x.substitution.Br.fraction"].value == pytest.approx(0.3, abs=1e-5)


def test_far_ratios_are_remarked_on() -> None:
    result = refine(one(mixed(vary(0.3))), {"edx": Composition({"Cl/Pb": (0.9, 0.06), "Cs/Pb": (1.5, 0.1)})})
    [note] = [n for n in result.notes if n.startswith("datasets.edx: ")]
    assert note == "datasets.edx: Cs/Pb was measured as 1.5 ± 0.1, the model has 1, 5.0 σ from it."


def test_calibration_is_found_where_another_ratio_fixes_the_composition() -> None:
    """The halides among themselves fix x = 0.3; then Cs/Pb = 0.8 says that Pb is seen 1/0.8 times too well."""
    data = {
        "halides": Composition({"Cl/(Br+Cl)": (0.3, 0.01)}),
        "edx": Composition({"Cs/Pb": (0.8, 0.02)}, calibration=vary(1.0)),
    }
    found = refine(one(mixed(vary(0.2))), data).parameters["datasets.edx.calibration"]
    assert (found.value, found.stderr) == (pytest.approx(0.8, abs=1e-6), pytest.approx(0.02, rel=1e-4))


# ---- files and report -----------------------------------------------------------------------------

RATIOS = {"Cl/Pb": (0.92, 0.06), "Br/Pb": (2.10, 0.08), "Cs/Pb": (1.02, 0.05)}


def fitted() -> Result:
    return refine(one(mixed(vary(0.2))), {"edx": Composition(RATIOS)}, title="EDX")


def test_files_name_the_ratios() -> None:
    result = fitted()
    rows = [line.split(",")[:3] for line in curve_csv(result.datasets["edx"]).splitlines()]
    assert rows == [["elements", "observed", "sigma"], *([k, f"{v:g}", f"{s:g}"] for k, (v, s) in RATIOS.items())]
    document = results_document(result, [])
    assert document["datasets"]["edx"]["technique"] == "composition"
    assert document["datasets"]["edx"]["notes"] == []
    json.dumps(document, allow_nan=False)


def test_figure_shows_ratios_by_name_with_error_bars() -> None:
    curve = fitted().datasets["edx"]
    figure = ratio_figure({"": curve})
    by_role = {t["meta"]["role"]: t for t in figure["data"]}
    assert all(t["x"] == list(RATIOS) and t["mode"] == "markers" for t in figure["data"])
    assert figure["layout"]["xaxis"]["type"] == "category"
    assert by_role["observed"]["y"] == [0.92, 2.10, 1.02]
    assert by_role["observed"]["error_y"]["array"] == [0.06, 0.08, 0.05]
    assert by_role["observed"]["error_y"]["visible"] is True
    assert by_role["calculated"]["y"] == pytest.approx(curve.calculated, rel=1e-6)
    pulls = (curve.observed - curve.calculated) / np.array([0.06, 0.08, 0.05])
    assert by_role["difference"]["y"] == pytest.approx(pulls, rel=1e-5)
    low, high = figure["layout"]["yaxis2"]["range"]
    assert low < min(pulls) < max(pulls) < high


def test_report_speaks_of_ratios() -> None:
    page = report_html(fitted())
    assert "3 points" in page
    assert "Bars and the grey band are one σ" in page
    assert "Error bars" in page


def test_simulation_lists_the_ratios() -> None:
    columns = simulated_curves(one(mixed(0.25)), {"edx": Composition(RATIOS)}, Path())["edx"]
    assert list(columns) == ["elements", "atomic_ratio"]
    assert list(columns["elements"]) == list(RATIOS)
    assert list(columns["atomic_ratio"]) == pytest.approx([0.75, 2.25, 1.0])


def test_comparison_counts_each_ratio_as_independent() -> None:
    """Whatever the residuals look like; and candidates with other ratios are refused."""
    held = refine(one(mixed(vary(0.1, max=0.2))), {"edx": Composition(RATIOS)})
    comparison = compare({"free": fitted(), "held": held})
    assert comparison.bases["edx"].n_independent == 3
    assert comparison.bases["edx"].source == "each point is a measurement of its own"
    renamed = {("Cl/Cs" if k == "Cl/Pb" else k): v for k, v in RATIOS.items()}
    other = refine(one(mixed(vary(0.2))), {"edx": Composition(renamed)})
    with pytest.raises(InputError, match="is compared at other points"):
        compare({"free": fitted(), "other": other})


# ---- in a study -----------------------------------------------------------------------------------

STUDY = """title = "EDX"
[crystals.x]
library = "CsPbBr3-alpha"
u_iso = { Cs = 0.05, Pb = 0.02, Br = 0.05 }
[crystals.x.substitution.Br]
element = "Cl"
fraction = { value = 0.2, vary = true }
[populations.p]
crystal = "x"
shape = "bulk"
[datasets.edx]
technique = "composition"
"""


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    small = SmallStudy(tmp_path)
    small.text = STUDY
    return small


def test_study_is_refined_and_simulated(small: SmallStudy) -> None:
    ratios = ", ".join(f'"{k}" = [{v}, {s}]' for k, (v, s) in RATIOS.items())
    said = small.add(f"ratios = {{ {ratios} }}").refine()
    assert said.exit_code == 0, said
    document = json.loads((small.folder / "study" / "results.json").read_text(encoding="utf-8"))
    address = "crystals.x.substitution.Br.fraction"
    expected, found = fitted().parameters[address], document["parameters"][address]
    assert found["value"] == pytest.approx(expected.value, abs=1e-6)
    assert small.run("simulate", "{}/study.toml", "--out", "{}/simulated").exit_code == 0
    assert (small.folder / "simulated" / "edx.csv").read_text().splitlines() == [
        "elements,atomic_ratio", "Cl/Pb,0.6", "Br/Pb,2.4", "Cs/Pb,1",
    ]  # fmt: skip


def test_candidate_may_not_state_other_ratios(small: SmallStudy) -> None:
    small.add('ratios = { "Cl/Pb" = [0.9, 0.1] }\n[candidates.a]\n[candidates.b.datasets.edx]')
    small.add('ratios = { "Cl/Pb" = [0.8, 0.1] }')
    small.refused("candidates.b.datasets.edx.ratios", "may not be another one here", verb="compare")


WRONG = {
    "no ratios": ("", ["line 11: datasets.edx.ratios", 'has no ratio; give at least one, such as "Cl/Pb"']),
    "empty": ("ratios = {}", ["line 13: datasets.edx.ratios", "has no ratio"]),
    "no table": ("ratios = [1, 2]", ["datasets.edx.ratios", "must be a table of names, got the list [1, 2]."]),
    "element not there": ('ratios = { "I/Pb" = [1, 0.1] }', ["ratios.I/Pb", "no I in the sample", "Br, Cl, Cs, Pb"]),
    "no element": ('ratios = { "Xx/Pb" = [1, 0.1] }', ["'Xx' is not the symbol of an element"]),
    "small letter": ('ratios = { "cl/Pb" = [1, 0.1] }', ["'cl' is not the symbol", "did you mean 'Cl'?"]),
    "itself": ('ratios = { "Cl/Cl" = [1, 0.1] }', ["ratios.Cl/Cl", "to itself, which is always 1"]),
    "sum of itself": ('ratios = { "(Br+Cl)/(Cl+Br)" = [1, 0.1] }', ["to itself, which is always 1"]),
    "twice in a sum": ('ratios = { "Cl/(Br+Br)" = [1, 0.1] }', ["Br stands twice in one sum; keep one."]),
    "bare sum": ('ratios = { "Cl/Br+Cl" = [0.3, 0.1] }', ["a sum stands in parentheses", "write (Br+Cl)"]),
    "sigma zero": ('ratios = { "Cl/Pb" = [1, 0.0] }', ["standard deviation must be above 0, got 0."]),
    "sigma negative": ('ratios = { "Cl/Pb" = [1, -0.1] }', ["standard deviation must be above 0, got -0.1."]),
    "value negative": ('ratios = { "Cl/Pb" = [-1, 0.1] }', ["the value must be a number of at least 0, got -1."]),
    "text": ('ratios = { "Cl/Pb" = "0.9" }', ["[value, standard deviation]", 'got the text "0.9"']),
    "text inside": ('ratios = { "Cl/Pb" = ["0.9", 0.1] }', ["the value must be a number", "leave out the quotation"]),
    "no sigma": ('ratios = { "Cl/Pb" = [0.9] }', ["must be two numbers, [value, standard deviation]", "[0.9]"]),
    "one number": ('ratios = { "Cl/Pb" = 0.9 }', ["must be two numbers, [value, standard deviation], got 0.9."]),
    "true": ('ratios = { "Cl/Pb" = [true, 0.1] }', ["the value must be a number, got true."]),
    "infinite": ('ratios = { "Cl/Pb" = [0.9, inf] }', ["the standard deviation must be a finite number, got inf."]),
    "no line": ('ratios = { "ClPb" = [1, 0.1] }', ['a ratio of elements such as "Cl/Pb"', "got 'ClPb'."]),
    "two lines": ('ratios = { "Cl/Pb/Cs" = [1, 0.1] }', ["a ratio of elements", "got 'Cl/Pb/Cs'."]),
    "half": ('ratios = { "Cl/" = [1, 0.1] }', ["a ratio of elements", "got 'Cl/'."]),
    "upside down": (
        'ratios = { "Cl/Pb" = [1, 0.1], "Pb/Cl" = [1, 0.1] }',
        ["datasets.edx.ratios.Pb/Cl", "follows from Cl/Pb; each ratio counts", "leave one of them out."],
    ),
    "triangle": (
        'ratios = { "Cl/Pb" = [1, 0.1], "Br/Pb" = [2, 0.1], "Cl/Br" = [0.5, 0.1] }',
        ["ratios.Cl/Br", "follows from Cl/Pb, Br/Pb;"],
    ),
    "complement": (
        'ratios = { "Cl/(Br+Cl)" = [0.3, 0.1], "Br/(Br+Cl)" = [0.7, 0.1] }',
        ["ratios.Br/(Br+Cl)", "follows from Cl/(Br+Cl);"],
    ),
    "percent": (
        'ratios = { "Cl/(Br+Cl)" = [34.5, 0.4] }', ["at most 1, got 34.5; if it is in percent, write [0.345, 0.004]."],
    ),
    "all zero": ('ratios = { "Cl/Pb" = [0.0, 0.1] }', ["are all measured as 0", "turn one of them round"]),
    "line of a table": (
        '[datasets.edx.ratios]\n"Cs/Pb" = [1, 0.1]\n"Cl/Pb" = [1, -1]', ["line 15: datasets.edx.ratios.Cl/Pb"],
    ),
    "unknown key": ("ratio = {}", ["datasets.edx.ratio", "did you mean 'ratios'"]),
    "file": ('file = "ni.gr"', ["datasets.edx.file", "unknown key"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input(small: SmallStudy, case: str) -> None:
    lines, words = WRONG[case]
    small.add(lines).refused("study.toml, line", *words)


def test_ratio_over_an_element_of_which_there_is_none(small: SmallStudy) -> None:
    small.text = small.text.replace("value = 0.2, vary", "value = 0.0, vary")
    small.add('ratios = { "Br/Cl" = [2.0, 0.1] }')
    small.refused("datasets.edx.ratios.Br/Cl", "the sample holds no Cl at these values", "turn it round")


def test_no_more_parameters_than_ratios(small: SmallStudy) -> None:
    small.text = small.text.replace("[crystals.x.sub", "sites = { Pb = { occupancy = { value = 1, vary = true } } }\n"
                                    "[crystals.x.sub")  # fmt: skip
    small.add('ratios = { "Cl/Br" = [0.4, 0.1] }').refused("1 independent points", "2 refined parameters")


def test_every_pair_of_distinct_ratios_of_three_elements_is_independent() -> None:
    """Of Cl, Br, Pb: any two different ratios that are not each other's inverse."""
    elements = ("Cl", "Br", "Pb")
    simple = [f"{a}/{b}" for a, b in product(elements, elements) if a != b]
    for first, second in product(simple, simple):
        if first == second:
            continue
        inverse = second == "/".join(reversed(first.split("/")))
        data = Composition({first: (0.5, 0.1), second: (0.5, 0.1)})
        if inverse:
            with pytest.raises(InputError, match="follows from"):
                data.bind("edx", one(mixed(0.3)))
        else:
            assert len(data.bind("edx", one(mixed(0.3))).ratios) == 2


def test_python_numbers_that_are_none() -> None:
    for pair in ((math.nan, 0.1), (0.5, math.nan), (0.5, math.inf)):
        with pytest.raises(InputError, match=r"datasets\.edx\.ratios\.Cl/Pb"):
            Composition({"Cl/Pb": pair}).bind("edx", one(mixed(0.3)))


def test_read_study_keeps_the_order(small: SmallStudy) -> None:
    small.add('ratios = { "Cs/Pb" = [1, 0.1], "Cl/Pb" = [0.9, 0.1] }').write("study.toml", small.text)
    dataset = read_study(small.folder / "study.toml").datasets["edx"]
    assert list(dataset.ratios.items()) == [("Cs/Pb", (1.0, 0.1)), ("Cl/Pb", (0.9, 0.1))]
    assert dataset.declared()["calibration"][1] == Parameter(1.0, left_out=True)
