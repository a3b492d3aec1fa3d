"""Every number says which quantity it is and in words exactly which one, and its value is what the words say."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.measurement import Noise
from nanocrystal.measurement.nmr.lines import Line, ShiftLines
from nanocrystal.parameters import (
    QUANTITIES,
    DerivedQuantity,
    Evaluation,
    Meaning,
    Parameter,
    ParameterSet,
    Quantity,
    Values,
    vary,
)
from nanocrystal.parameters.meaning import ANY, CRYSTAL, DIMENSIONS, MEASUREMENT
from nanocrystal.refinement import declared_parameters, refine
from nanocrystal.refinement.design import plan_measurement
from nanocrystal.refinement.posterior.chain import marginal_of
from nanocrystal.report.page.tables import parameters_csv
from nanocrystal.report.reading import read_result
from nanocrystal.report.refined.result import Result
from nanocrystal.report.series.kept import member_fit
from nanocrystal.report.series.result import MemberResult, SeriesResult, SeriesValue
from nanocrystal.sample import (
    BOXES,
    Atoms,
    Brick,
    Cluster,
    Coating,
    Cube,
    Cylinder,
    Distribution,
    Ellipsoid,
    Exponential,
    Histogram,
    Octahedron,
    PairGrid,
    Platelet,
    Population,
    Prism,
    Sample,
    Shape,
    Shell,
    SizeLaw,
    Sphere,
    Stacking,
    Substitution,
    TwinFamily,
)
from nanocrystal.study import read_candidates, read_study
from nanocrystal.study.series import read_series
from nanocrystal.study.study import Study
from nanocrystal.techniques import (
    TECHNIQUES,
    Composition,
    DiffusionComponent,
    Exafs,
    ExafsPath,
    NmrDiffusion,
    NmrLines,
    NmrRelaxation,
    NmrSites,
    NmrTitration,
    Pdf,
    Powder,
    Profile,
    RelaxationPart,
    Saxs,
    TotalScattering,
)
from nanocrystal.techniques.nmr_diffusion.sizes import Solvodynamics
from support.example_refinements import EXAMPLES, with_data_of_tests
from support.modelling import crystal
from support.nickel import nickel_problem, synthetic
from support.paths import DOCS, REFERENCES
from support.structures import CUBIC, GAMMA_CSPBBR3, NICKEL, WURTZITE_CDSE
from support.tools import tool

LOGNORMAL = Distribution("lognormal", 60.0, 15.0)
Declared = Mapping[str, tuple[Quantity, Parameter]]


def lognormal(mean: float, std: float, seed: int, n: int = 400_000) -> np.ndarray:
    variance = np.log1p((std / mean) ** 2)
    return np.exp(np.random.default_rng(seed).normal(np.log(mean) - variance / 2.0, np.sqrt(variance), n))


def sample_with(shape: Shape, text: str = CUBIC, **given: Any) -> Sample:
    return Sample({"p": Population("x", shape, **given)}, {"x": crystal(text)})


def derived_of(sample: Sample) -> dict[str, DerivedQuantity]:
    """Return what follows of a population, by local address."""
    values = ParameterSet(sample.declared()).initial_values()
    found = sample.derived(Evaluation(values, PairGrid(10.0, 0.01)))
    return {a.removeprefix("populations.p."): d for a, d in found.items()}


def meanings_of(shape: Shape) -> dict[str, Meaning]:
    return {name: quantity.meaning for name, (quantity, _) in shape.declared().items()}


def untold(meanings: Mapping[str, tuple[str, Meaning]]) -> list[str]:
    """Return what says nothing of itself, or has a unit that its quantity cannot have; name -> unit and meaning."""
    return [name for name, (unit, m) in meanings.items() if not (m.definition and m.fits(unit))]


# ---- the vocabulary ---------------------------------------------------------------------------------


def test_every_term_has_a_dimension_a_sentence_and_a_number() -> None:
    used = {meaning.quantity for _, _, meaning in tool("make_docs").meanings()}
    assert used == set(QUANTITIES)
    for name, term in QUANTITIES.items():
        assert term.dimension in DIMENSIONS or term.dimension == ANY, name
        assert term.sentence.endswith("."), name


def test_a_quantity_that_is_no_term_is_refused() -> None:
    with pytest.raises(ValueError, match="'breadth' is no quantity"):
        Meaning("breadth", "of the sphere")


def test_units_fit_dimensions() -> None:
    diameter = Meaning("diameter", "of the sphere")
    assert diameter.fits("Å")
    assert diameter.fits("nm")
    assert not diameter.fits("Å²")
    assert not Meaning().fits("")
    assert Meaning("order parameter", "a - b").fits("K")


def test_more_is_said_only_where_something_is_said() -> None:
    assert Meaning("diameter", "of the sphere").more(CRYSTAL, "mean").definition == f"of the sphere, {CRYSTAL}, mean"
    assert Meaning().more(CRYSTAL) == Meaning()


def test_the_page_is_made_of_the_declarations() -> None:
    page = (DOCS / "quantities.md").read_text(encoding="utf-8")
    assert page == tool("make_docs").quantities_page(), "run python tools/make_docs.py"


# ---- nothing lacks it -------------------------------------------------------------------------------

SHAPES: tuple[Shape, ...] = (
    Sphere(50.0),
    Sphere(LOGNORMAL),
    Sphere(Distribution("normal", 60.0, 15.0)),
    Sphere(Histogram([40.0, 50.0], [1.0, 2.0])),
    Cube(LOGNORMAL),
    Prism(LOGNORMAL, LOGNORMAL, 0.3),
    Platelet(LOGNORMAL, 20.0),
    Brick(30.0, LOGNORMAL, 50.0),
    Cylinder(LOGNORMAL, 60.0),
    Octahedron(LOGNORMAL),
    Ellipsoid(40.0, LOGNORMAL),
)
SHIFTED = {"a": Line(position=5.0, fwhm=20.0), "b": Line("voigt", position=2.0, fwhm=20.0, lorentzian_part=0.4)}
MIXED = Substitution("Cl", 0.3, 10.0, 0.05)
LAW = SizeLaw(0.5, 0.01, {"Br": Exponential(1.0, 30.0)}, {"Br": Exponential(-0.1, 30.0)})


def samples() -> Iterator[Sample]:
    """Yield samples that have everything that a sample may declare."""
    for shape in SHAPES:
        yield sample_with(shape)
    displaced = {"Pb": 0.01, "Cs": 0.02, "Br": 0.03, "Cl": 0.03}
    moving = {"delta1": 0.1, "delta2": 1.0}
    mixed = replace(crystal(CUBIC), substitutions={"Br": MIXED}, u_iso=displaced, motion=moving)
    plain = replace(mixed, substitutions={"Br": Substitution("Cl", 0.3)})
    for profile in ("step", "gradient"):
        shell = Shell(10.0, profile, {"Br": 0.9}, {"Cs": 0.5})  # type: ignore[arg-type]
        yield Sample({"p": Population("x", Cube(LOGNORMAL), shell=shell)}, {"x": plain})
    for coating in (Coating(10.0, 0.3), Coating(10.0, formula="SiO2", mass_density=2.0)):
        yield Sample({"p": Population("x", Cube(50.0), coating=coating)}, {"x": mixed})
    for argument in ("d_eq", "volume_to_surface"):
        yield sample_with(Sphere(LOGNORMAL), size_law=replace(LAW, argument=argument))
    boundaries = {"t": TwinFamily("1/2<110>{110}", density=0.1), "u": TwinFamily("1/2<110>(001)", 0.1)}
    yield sample_with(Prism(LOGNORMAL, LOGNORMAL), GAMMA_CSPBBR3, twins=boundaries)
    yield sample_with(Sphere(30.0), WURTZITE_CDSE, stacking=Stacking(0.3, 0.2))
    atoms = Atoms(Cluster(("Ni", "Ni"), np.array([[0.0, 0, 0], [2.5, 0, 0]]), "x"), {"Ni": 0.01}, 1.0, {"delta2": 1.0})
    yield Sample({"p": Population(atoms=atoms)})
    for basis in ("number_fraction", "mass_fraction", "volume_fraction"):
        two = {n: Population("x", Sphere(30.0), fraction_basis=basis, fraction=0.5) for n in ("p", "q")}  # type: ignore[arg-type]
        yield Sample(two, {"x": crystal(NICKEL)})


SAMPLES = list(samples())


@pytest.mark.parametrize("sample", SAMPLES, ids=range(len(SAMPLES)))
def test_no_number_of_a_sample_lacks_its_meaning(sample: Sample) -> None:
    assert untold({a: (q.unit, q.meaning) for a, (q, _) in sample.declared().items()}) == []
    assert untold({a: (d.unit, d.meaning) for a, d in derived_of(sample).items()}) == []


def test_the_samples_have_every_shape() -> None:
    assert {type(s) for s in SHAPES} == {Sphere, *BOXES.values()}


DATASETS: dict[str, list[Any]] = {
    "pdf": [Pdf(r="1:20:0.1", qmax=20.0, delta1=0.1, delta2=1.0)],
    "total-scattering": [TotalScattering(q="1:20:0.1", compton=True)],
    "powder": [
        Powder(two_theta="10:90:0.02", wavelength=1.54, profiles={"p": Profile(100.0, 0.001, 0.9, (0, 0, 1))}),
    ],
    "saxs": [
        Saxs(q="0.01:0.3:0.01", power_law_background=True, structure_factor=factor, **absolute)
        for factor, absolute in (
            ("none", {}),
            ("hard-spheres", {"volume_fraction": 0.01}),
            ("string", {"number_density": 1e15}),
            ("stacked-spheres", {}),
        )
    ],
    "composition": [Composition({"Cl/Pb": (1.0, 0.1)})],
    "nmr-lines": [
        NmrLines(x="0:10:0.01", spectrometer_frequency=400.0, nucleus="1H", lines=SHIFTED),
        NmrLines(x="0:10:0.01", axis="hz", lines={"a": Line("split-lorentzian", position=5.0, fwhm=1.0)}),
        NmrLines(x="0:10:0.01", axis="hz", lines={"a": Line("thompson", 5.0, gaussian_fwhm=1.0, lorentzian_fwhm=1.0)}),
    ],
    "nmr-relaxation": [
        NmrRelaxation(kind=kind, x="0:5:0.1", parts={"a": RelaxationPart(1.0, 0.7), "b": RelaxationPart(0.1)})
        for kind in ("inversion-recovery", "saturation-recovery", "echo-decay")
    ],
    "exafs": [
        Exafs(k="3:14:0.05", paths={"a": ExafsPath("a.dat", 6.0, 0.01), "b": ExafsPath("b.dat", 6.0, 0.01, distance=3)})
    ],
    "nmr-sites": [NmrSites(x="0:300:1", spectrometer_frequency=52.0, shifts={"Br": 260.0}, fwhm=500.0)],
    "nmr-titration": [
        NmrTitration("x.txt", equivalents=[0.0, 1.0], spectrometer_frequency=400.0, lines=SHIFTED, bound=("a",)),
    ],
    "nmr-diffusion": [
        NmrDiffusion(
            file="x.txt",
            columns=["gradient", "alkene", "solvent"],
            components={"a": DiffusionComponent(85.0), "b": DiffusionComponent(2000.0)},
            own=own,
        )
        for own in ((), ("b",))
    ],
}


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_no_parameter_of_a_technique_lacks_its_meaning(technique: str) -> None:
    fields = {n: (q.unit, q.meaning) for n, q in TECHNIQUES[technique].quantities.items()}
    assert untold(fields) == []
    for dataset in DATASETS[technique]:
        assert untold({n: (q.unit, q.meaning) for n, (q, _) in dataset.declared().items()}) == []
    assert untold({n: (d.unit, d.meaning) for n, d in TECHNIQUES[technique].derives.items()}) == []


def test_no_number_of_the_page_lacks_its_meaning() -> None:
    told = {place: (unit, meaning) for place, unit, meaning in tool("make_docs").meanings()}
    assert len(told) > 150
    assert untold(told) == []


def values_of(sample: Any, datasets: Mapping[str, Any]) -> Values:
    """Return the starting values, linear parameters that are left to the fit being 1."""
    parameters = declared_parameters(sample, datasets)
    return parameters.values({d.address: 1.0 for d in parameters.eliminated})


def derived_by(dataset: Any, sample: Any = None, folder: Path = Path()) -> dict[str, DerivedQuantity]:
    """Return what follows from the parameters of one data set, by local address."""
    empty = sample or Sample({})
    model = dataset.bind("d", empty, folder)
    return {a.removeprefix("datasets.d."): d for a, d in model.derived(values_of(empty, {"d": dataset})).items()}


def studies_of(folder: Path, where: Path) -> dict[str, Study]:
    """Return the studies whose results stand in a folder: under "", or by the name of the candidate."""
    study = EXAMPLES / f"{folder.name}.toml"
    text = study.read_text(encoding="utf-8")
    named = re.findall(r'^(?:cif|file) = "(.*?)"', text, flags=re.MULTILINE)
    if any(not (EXAMPLES / file).is_file() for file in named):
        study = where / study.name
        study.write_text(with_data_of_tests(text), encoding="utf-8")
    if (folder / "comparison.json").exists():
        return dict(read_candidates(study).studies)
    if (folder / "series.json").exists():
        return dict(read_series(study).first)  # type: ignore[arg-type]
    return {"": read_study(study)}


FOLDERS = sorted({p.relative_to(REFERENCES / "0.1").parts[0] for p in (REFERENCES / "0.1").rglob("results.json")})


@pytest.mark.parametrize("name", FOLDERS)
def test_no_number_of_an_example_lacks_its_meaning(name: str, tmp_path: Path) -> None:
    """Every parameter and derived value that stands in the results that 0.1 wrote of the examples."""
    folder = REFERENCES / "0.1" / name
    studies = studies_of(folder, tmp_path)
    for path in sorted(folder.rglob("results.json")):
        then = json.loads(path.read_text(encoding="utf-8"))
        study = studies.get(path.parent.name) or studies[""]
        values = values_of(study.sample, study.datasets)
        found = dict(study.sample.derived(Evaluation(values, PairGrid(10.0, 0.01))))
        for dataset, described in study.datasets.items():
            found |= described.bind(dataset, study.sample, study.folder).derived(values)
        assert set(then["derived"]) <= set(found)
        assert untold({a: (d.unit, d.meaning) for a, d in found.items()}) == []
        declared = {d.address: d.quantity for d in study.parameters}
        assert set(then["parameters"]) == set(declared)
        assert untold({a: (q.unit, q.meaning) for a, q in declared.items()}) == []


# ---- what the words say is what the numbers are: sizes ----------------------------------------------


def test_the_mean_of_a_lognormal_prism_is_over_the_number_of_crystals() -> None:
    """Of drawn crystals: counted each once, and by their volume."""
    shape = Prism(Distribution("lognormal", 60.0, 15.0), Distribution("lognormal", 90.0, 20.0))
    d, length = lognormal(60.0, 15.0, 1), lognormal(90.0, 20.0, 2)
    volume = np.pi / 4.0 * d**2 * length
    equal = (6.0 / np.pi * volume) ** (1.0 / 3.0)
    found, declared = derived_of(sample_with(shape)), meanings_of(shape)
    body = f"diameter of the circle with the area of the base of the prism, {CRYSTAL}"
    assert declared["d_ab.mean"] == Meaning("diameter", f"{body}, number-weighted mean")
    assert declared["d_ab.std"].definition == f"{body}, standard deviation of the number-weighted distribution"
    assert d.mean() == pytest.approx(60.0, rel=2e-3)
    assert found["d_ab_mean"].meaning == declared["d_ab.mean"]
    assert found["d_ab_std"].meaning == declared["d_ab.std"]
    assert found["d_ab_volume_weighted_mean"].meaning.definition == f"{body}, volume-weighted mean"
    assert found["d_ab_volume_weighted_mean"].value == pytest.approx(volume @ d / volume.sum(), rel=5e-3)
    sphere = f"of the sphere of equal volume, {CRYSTAL}"
    assert found["d_eq_mean"].meaning == Meaning("diameter", f"{sphere}, number-weighted mean")
    assert found["d_eq_mean"].value == pytest.approx(equal.mean(), rel=5e-3)
    assert found["d_eq_volume_weighted_mean"].meaning == Meaning("diameter", f"{sphere}, volume-weighted mean")
    by_volume = volume @ equal / volume.sum()
    assert found["d_eq_volume_weighted_mean"].value == pytest.approx(by_volume, rel=5e-3)
    last = found["d_eq_volume_weighted_std"]
    assert last.meaning.definition == f"{sphere}, standard deviation of the volume-weighted distribution"
    assert last.value == pytest.approx(np.sqrt(volume @ (equal - by_volume) ** 2 / volume.sum()), rel=2e-2)
    assert found["volume_mean"].meaning.definition.endswith("number-weighted mean")
    assert found["volume_mean"].value == pytest.approx(volume.mean(), rel=5e-3)


def test_the_mean_of_a_normal_distribution_is_that_before_it_is_cut_off() -> None:
    """A wide one: the mean of the crystals that there are is another number and says so."""
    shape = Sphere(Distribution("normal", 40.0, 30.0))
    drawn = np.random.default_rng(3).normal(40.0, 30.0, 1_000_000)
    there = drawn[drawn > 0.0]
    mean, parameter = derived_of(sample_with(shape))["diameter_mean"], meanings_of(shape)["diameter.mean"]
    assert mean.value == pytest.approx(there.mean(), rel=3e-3)
    assert abs(mean.value - 40.0) > 3.0
    assert "before it is cut off at 0" in parameter.definition
    assert mean.meaning != parameter
    assert mean.meaning == meanings_of(Sphere(LOGNORMAL))["diameter.mean"]


def test_one_length_is_that_of_every_crystal() -> None:
    assert meanings_of(Cube(50.0)) == {
        "edge_length": Meaning("edge length", f"edge of the cube, {CRYSTAL}, the same for all crystals")
    }


def test_counted_lengths_have_a_factor_and_no_mean() -> None:
    found = meanings_of(Sphere(Histogram([40.0, 60.0], [3.0, 1.0], factor=1.1)))
    assert found["diameter.factor"].quantity == "length factor"
    assert f"of the sphere, {CRYSTAL}" in found["diameter.factor"].definition
    derived = derived_of(sample_with(Sphere(Histogram([40.0, 60.0], [3.0, 1.0], factor=1.1))))
    assert derived["diameter_mean"].value == pytest.approx(1.1 * 45.0)


def test_bodies_of_other_shapes_are_told_apart() -> None:
    """A length along c of a prism is that of all its columns, of an ellipsoid that of its axis."""
    lengths = [
        meanings_of(shape)[name]
        for shape, name in (
            (Prism(50.0, 60.0), "l_c"),
            (Cylinder(50.0, 60.0), "length"),
            (Ellipsoid(50.0, 60.0), "length"),
            (Platelet(50.0, 60.0), "thickness"),
            (Brick(50.0, 50.0, 60.0), "length_c"),
        )
    ]
    assert len(set(lengths)) == 5


def test_a_diameter_is_that_of_crystal_and_shell() -> None:
    """60 Å in all, of which a shell of 10 Å is a part: (2/3)³ of the places are core."""
    mixed = replace(crystal(CUBIC), substitutions={"Br": Substitution("Cl", 0.0)})
    shell = Shell(10.0, "step", {"Br": 1.0})
    sample = Sample({"p": Population("x", Sphere(60.0), shell=shell)}, {"x": mixed})
    found = derived_of(sample)
    volume = np.pi / 6.0 * 60.0**3
    assert sample.declared()["populations.p.diameter"][0].meaning.definition.startswith(f"of the sphere, {CRYSTAL}")
    assert found["volume_mean"].value == pytest.approx(volume)
    assert found["n_atoms_mean"].value == pytest.approx(5.0 * volume / 5.87**3)
    assert found["core_fraction"].value == pytest.approx((2.0 / 3.0) ** 3, rel=1e-6)
    assert found["core_fraction"].meaning.quantity == "volume fraction"
    bromine = found["composition.Br"]
    assert bromine.value == pytest.approx(0.6 * (2.0 / 3.0) ** 3, rel=1e-6)
    assert bromine.meaning.definition.endswith(f"{CRYSTAL}, Br")
    thickness = sample.declared()["populations.p.shell.thickness"][0].meaning
    assert thickness.definition == "of the shell, from the surface of the crystal inwards, the same for all crystals"


def test_the_core_of_a_distribution_is_weighted_by_volume() -> None:
    d = lognormal(60.0, 15.0, 4)
    shell = Shell(10.0, "step", occupancy={"Cs": 0.5})
    found = derived_of(sample_with(Sphere(LOGNORMAL), shell=shell))["core_fraction"]
    inner = np.maximum(d - 20.0, 0.0) ** 3
    assert found.meaning.definition.endswith("volume-weighted mean")
    assert found.value == pytest.approx(inner.sum() / (d**3).sum(), rel=5e-3)
    assert abs(found.value - (inner / d**3).mean()) > 0.02


def test_a_gradient_and_a_step_are_other_thicknesses() -> None:
    step, gradient = (
        Shell(10.0, profile, occupancy={"Cs": 0.5}).declared()  # type: ignore[arg-type]
        for profile in ("step", "gradient")
    )
    assert step["thickness"][0].meaning != gradient["thickness"][0].meaning
    assert "at the surface" in gradient["occupancy.Cs"][0].meaning.definition


def test_a_coating_is_no_part_of_sizes_and_amounts() -> None:
    coating = Coating(12.0, formula="SiO2", mass_density=2.0)
    bare, coated = derived_of(sample_with(Cube(LOGNORMAL))), derived_of(sample_with(Cube(LOGNORMAL), coating=coating))
    for name in ("d_eq_mean", "edge_length_mean", "volume_mean", "n_atoms_mean"):
        assert "without coating" in coated[name].meaning.definition
        assert coated[name].value == pytest.approx(bare[name].value, rel=1e-12)
    part = coated["coating_mass_fraction"]
    assert part.meaning == Meaning("mass fraction", "of the coating in all crystals of a population with their coating")
    assert 0.0 < part.value < 1.0


def test_a_solvodynamic_diameter_holds_the_ligands() -> None:
    """k_B T/(3π η D) with D = 85 µm²/s and 0.7 mPa·s at 298 K is 7.3 nm, less twice 1.5 nm of ligands 4.3 nm."""
    component = DiffusionComponent(85.0, shell_thickness=1.5)
    found = Solvodynamics(298.0, 0.7, None).diameters("bound", component, 85e-12, lambda name: np.nan)
    outer, core = found["bound.solvodynamic_diameter"], found["bound.core_diameter"]
    by_hand = 1e9 * 1.380649e-23 * 298.0 / (3.0 * np.pi * 0.7e-3 * 85e-12)
    assert outer.value == pytest.approx(by_hand)
    assert outer.unit == "nm"
    assert outer.meaning.quantity == "diameter"
    assert outer.meaning.definition.startswith("solvodynamic")
    assert "core with ligands" in outer.meaning.definition
    assert core.value == pytest.approx(by_hand - 3.0)
    assert "less twice the stated thickness of the ligands" in core.meaning.definition
    assert NmrDiffusion.of_components["diffusion"].meaning == NmrDiffusion.derives["diffusion_m2_per_s"].meaning


def test_small_angles_see_the_diameter_of_the_sphere() -> None:
    """The first zero of the amplitude of a sphere lies at q R = 4.4934, R half its diameter."""
    sample = sample_with(Sphere(60.0))
    data = Saxs(q="0.13:0.17:0.0001", solvent="vacuum")
    model = data.bind("d", sample, Path())
    curve = model.curves(Evaluation(values_of(sample, {"d": data}), model.requirement))[0]
    assert model.measured.x[int(np.argmin(curve))] == pytest.approx(4.4934 / 30.0, abs=2e-4)
    radius = Saxs.quantities["effective_radius"].meaning
    assert radius == Meaning("radius", "of hard spheres that stand as far apart as the crystals do")


def test_a_column_length_of_powder_diffraction_is_that_of_scherrer() -> None:
    """From the full width at half maximum of one simulated line, λ = 1 Å, without an instrument."""
    sample = Sample({"p": Population("x")}, {"x": crystal(NICKEL)})
    angle = 2.0 * np.degrees(np.arcsin(1.0 / (2.0 * 3.52 / np.sqrt(3.0))))
    data = Powder(
        two_theta=f"{angle - 1.5:.3f}:{angle + 1.5:.3f}:0.001",
        wavelength=1.0,
        caglioti_w=1e-9,
        anomalous=False,
        scherrer_constant=0.94,
        profiles={"p": Profile(size=200.0)},
    )
    model = data.bind("d", sample, Path())
    curve = model.curves(Evaluation(values_of(sample, {"d": data}), model.requirement))[0]
    x = model.measured.x
    above = x[curve > 0.5 * curve.max()]
    width = np.radians(above[-1] - above[0])
    assert 0.94 / (width * np.cos(np.radians(angle / 2.0))) == pytest.approx(200.0, rel=0.01)
    meaning = data.declared()["profiles.p.size"][0].meaning
    assert meaning.quantity == "column length"
    assert "K λ/(Γ cos θ), Γ the full width at half maximum" in meaning.definition
    assert meaning.definition.endswith("weighted by volume, K = 0.94")


# ---- other numbers ----------------------------------------------------------------------------------


def test_lengths_of_cells_say_in_which_setting() -> None:
    """a of a face-centred cube and a of a cell of Pbnm are other lengths."""
    cube, other = (crystal(text).declared()["a"][0].meaning for text in (CUBIC, GAMMA_CSPBBR3))
    assert cube == Meaning("cell length", "a in the setting of the structure, before any law of size, P m -3 m")
    assert other.definition.endswith("P b n m")


def test_displacements_are_those_of_one_axis_and_element() -> None:
    meaning = crystal(CUBIC).declared()["u_iso.Pb"][0].meaning
    assert meaning.quantity == "mean-square displacement"
    assert "along one axis" in meaning.definition
    assert meaning.definition.endswith("Pb")
    atoms = Atoms(Cluster(("Pb",), np.zeros((1, 3)), "x"), {"Pb": 0.01})
    assert atoms.declared()["u_iso.Pb"][0].meaning == meaning


def test_a_density_of_boundaries_is_one_quantity_however_it_is_given() -> None:
    """p over the distance of {110} planes of the pseudocubic cells; its inverse is the length of a domain."""
    shape = Prism(60.0, 60.0)
    given = sample_with(shape, GAMMA_CSPBBR3, twins={"t": TwinFamily("1/2<110>{110}", density=0.2)})
    by_probability = derived_of(sample_with(shape, GAMMA_CSPBBR3, twins={"t": TwinFamily("1/2<110>{110}", 0.05)}))
    found = by_probability["twins.t.boundary_density"]
    assert found.meaning == given.declared()["populations.p.twins.t.density"][0].meaning
    spacing = 8.207 * 8.255 / np.hypot(8.207, 8.255)
    assert found.value == pytest.approx(10.0 * 0.05 / spacing)
    assert by_probability["twins.t.domain_length"].value == pytest.approx(spacing / 0.05)
    assert by_probability["twins.t.domain_length"].meaning.quantity == "domain length"


def test_amounts_are_told_apart() -> None:
    """Half of the crystals, of twice the diameter, hold 8/9 of the mass; what stands in the study counts as a ratio."""
    populations = {
        "p": Population("x", Sphere(60.0), fraction_basis="number_fraction", fraction=0.5),
        "q": Population("x", Sphere(30.0), fraction_basis="number_fraction", fraction=0.5),
    }
    sample = Sample(populations, {"x": crystal(NICKEL)})
    mass = derived_of(sample)["mass_fraction_of_sample"]
    assert mass.value == pytest.approx(8.0 / 9.0)
    assert mass.meaning == Meaning("mass fraction", f"of a population in all crystals of the sample, {CRYSTAL}")
    number = sample.declared()["populations.p.number_fraction"][0].meaning
    assert number.quantity == "number fraction"
    assert "of which only ratios count" in number.definition


def test_relaxation_says_which_and_its_mean() -> None:
    """∫ exp(−(t/T)^β) dt by sums is the mean time of a stretched law; T itself is another number."""
    parts = {"a": RelaxationPart(2.0, 0.5), "b": RelaxationPart(0.1)}
    recovery = NmrRelaxation(kind="inversion-recovery", x="0:5:0.1", parts=parts)
    echoes = NmrRelaxation(kind="echo-decay", x="0:5:0.1", parts=parts)
    saturated = NmrRelaxation(kind="saturation-recovery", x="0:5:0.1", parts=parts)
    times = [d.declared()["parts.a.time"][0].meaning for d in (recovery, saturated, echoes)]
    assert times[0] == times[1] == Meaning("relaxation time", "T of exp(−(t/T)^β), T1 (longitudinal)")
    assert times[2] == Meaning("relaxation time", "T of exp(−(t/T)^β), T2 (transverse), by echoes")
    mean = derived_by(recovery)["parts.a.mean_time"]
    t = np.linspace(0.0, 40.0, 400_001) ** 2
    assert mean.value == pytest.approx(np.trapezoid(np.exp(-((t / 2.0) ** 0.5)), t), rel=1e-4)
    assert mean.meaning == Meaning("relaxation time", "mean T Γ(1/β)/β of exp(−(t/T)^β), T1 (longitudinal)")
    with_short = derived_by(recovery)["parts.b.amplitude_fraction"]
    assert with_short.value == pytest.approx(0.5)
    assert with_short.meaning.quantity == "amplitude fraction"


def test_widths_of_lines_are_full_ones_at_half_maximum() -> None:
    """20 Hz at 400 MHz are 0.05 ppm."""
    data = NmrLines(x="0:10:0.01", spectrometer_frequency=400.0, nucleus="1H", lines=SHIFTED)
    width, declared = derived_by(data)["lines.a.fwhm_ppm"], data.declared()["lines.a.fwhm"][0]
    assert width.value == pytest.approx(0.05)
    assert declared.meaning == Meaning("line width", "full, at half maximum")
    assert width.meaning == Meaning("relative line width", "full, at half maximum")
    position = data.declared()["lines.a.position"][0].meaning
    assert position == Meaning("chemical shift", "of the maximum of the line, 1H")
    in_hz = NmrLines(x="0:10:0.01", axis="hz", lines={"a": Line(position=5.0, fwhm=1.0)}).declared()["lines.a.position"]
    assert in_hz[0].meaning.quantity == "frequency"


def test_a_position_and_a_width_are_what_the_shape_makes_of_them() -> None:
    """A measured line is moved and broadened; a powder pattern has an isotropic shift and is broadened."""
    lines = ShiftLines({}, "ppm", 400.0)
    plain, measured, solid = (
        {n: q.meaning for n, q in lines.quantities(Line(shape, 0.0, 20.0)).items()}
        for shape in ("gaussian", "measured", "solid")
    )
    for of_shape in (plain, measured, solid):
        told = {n: (q.unit, of_shape[n]) for n, q in lines.quantities(Line("gaussian")).items()}
        assert untold(told) == []
    assert measured["position"] == Meaning("chemical-shift difference", "by which a measured line is moved")
    assert solid["position"].definition.startswith("isotropic")
    assert len({plain["fwhm"], measured["fwhm"], solid["fwhm"]}) == 3
    assert plain["cq"] == Meaning("quadrupole coupling", "e²qQ/h")


def test_a_scale_belongs_to_its_measurement() -> None:
    """No scale of one measurement may be compared with that of another; an absolute one says its unit."""
    plain, absolute = Saxs(q="0.01:0.3:0.01"), Saxs(q="0.01:0.3:0.01", volume_fraction=0.01)
    of_plain, of_absolute = (d.declared()["scale"][0].meaning.definition for d in (plain, absolute))
    assert of_plain == f"of the intensity of the number-weighted mean crystal in electron units, {MEASUREMENT}"
    assert of_absolute == f"of the intensity in cm⁻¹, {MEASUREMENT}"
    for technique in TECHNIQUES.values():
        for name in ("scale", "background", "polarization", "q_resolution", "qdamp", "zero"):
            if name in technique.quantities:
                assert technique.quantities[name].meaning.definition.endswith(MEASUREMENT)


# ---- on the way to files ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("nickel")
    sample, datasets = nickel_problem(synthetic(folder))
    return refine(sample, datasets)


def test_results_say_it(result: Result, tmp_path: Path) -> None:
    diameter, volume = result.parameters["populations.p.diameter"], result.derived["crystals.x.volume"]
    assert diameter.quantity == "diameter"
    assert diameter.definition == f"of the sphere, {CRYSTAL}, the same for all crystals"
    assert volume.quantity == "cell volume"
    assert volume.definition == "in the setting of the structure, before any law of size, F m -3 m"
    document = json.loads(json.dumps(result.document()))
    for kind in ("parameters", "derived"):
        told = document[kind]
        assert untold({a: (v["unit"], Meaning(v["quantity"], v["definition"])) for a, v in told.items()}) == []
    result.save(tmp_path / "out")
    assert read_result(tmp_path / "out") == result


def test_the_report_shows_it_quietly(result: Result) -> None:
    page = result.page()
    definition = result.parameters["populations.p.diameter"].definition
    assert f'<span class="said" title="{definition}">diameter of the sphere</span>' in page
    assert result.derived["crystals.x.density"].definition in page


def test_the_table_of_parameters_has_it(result: Result) -> None:
    rows = {row["parameter"]: row for row in csv.DictReader(io.StringIO(parameters_csv(result.parameters)))}
    row = rows["populations.p.diameter"]
    assert (row["quantity"], row["definition"]) == (
        "diameter",
        result.parameters["populations.p.diameter"].definition,
    )


def test_members_of_a_series_keep_it(result: Result) -> None:
    fit = member_fit(result, {"order_parameter": SeriesValue(value=1.0, stderr=None, quantity="order parameter")})
    member = MemberResult(name="T1", value=1.0, branch="", fits={"": fit}, best=[], preferred="")
    series = SeriesResult(title="", variable="T", unit="K", mode="sequential", members=[member], candidates=[])
    told = series.document()["members"]["T1"]["fits"][""]
    assert told["parameters"]["populations.p.diameter"]["quantity"] == "diameter"
    assert told["derived"]["crystals.x.density"]["definition"] == result.derived["crystals.x.density"].definition
    back = MemberResult.from_document(json.loads(json.dumps(member.document())))
    assert back.fits[""].values["populations.p.diameter"] == fit.values["populations.p.diameter"]


def test_posteriors_keep_it(result: Result) -> None:
    draws = np.random.default_rng(0).normal(30.0, 1.0, (200, 8))
    ensemble = np.zeros(8, dtype=np.int64)
    found = marginal_of(draws, ensemble, (0.0, np.inf), "populations.p.diameter", result)
    estimate = result.parameters["populations.p.diameter"]
    assert (found.quantity, found.definition) == (estimate.quantity, estimate.definition)


def test_plans_keep_it() -> None:
    sample = Sample({"p": Population("x", Sphere(vary(30.0)))}, {"x": crystal(NICKEL)})
    data = Saxs(q="0.05:0.3:0.01", solvent="vacuum", noise=Noise(counts=1e4, seed=1))
    plan = plan_measurement(sample, {"saxs": data})
    assert plan.parameters[0].quantity == "diameter"
    assert plan.parameters[0].definition == f"of the sphere, {CRYSTAL}, the same for all crystals"
    assert f'title="{plan.parameters[0].definition}"' in plan.page()


def test_results_of_0_1_say_nothing_and_are_read() -> None:
    found = read_result(REFERENCES / "0.1" / "pt_nanoparticles")
    assert {(p.quantity, p.definition) for p in found.parameters.values()} == {("", "")}
    assert {(d.quantity, d.definition) for d in found.derived.values()} == {("", "")}
    assert SeriesValue(value=1.0, stderr=None).definition == ""
