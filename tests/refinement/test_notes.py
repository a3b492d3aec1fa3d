"""What a result says beside its numbers: notes, inputs, values at bounds, and nothing after an early interrupt."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.measurement import Noise
from nanocrystal.parameters import Evaluation, ParameterSet, vary
from nanocrystal.refinement import refine
from nanocrystal.refinement.fit import AT_BOUND, MOST_CORRELATIONS, _at_bound, _correlation_notes
from nanocrystal.refinement.problem import Problem
from nanocrystal.refinement.uncertainty import Covariance
from nanocrystal.sample import Bulk, Crystal, Population, Sample, Sphere, Substitution
from nanocrystal.simulation import simulated_curves
from nanocrystal.tables.library import library_text
from nanocrystal.techniques import Pdf, TotalScattering
from support.modelling import crystal, sample_of
from support.small_study import SmallStudy, gr_rows
from support.structures import CUBIC, NICKEL, cif


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path)


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return found


# ---- results.json ---------------------------------------------------------------------------------


def test_notes_on_data_sets_are_in_results_json(small: SmallStudy) -> None:
    small.change("r_range = [1.5, 12.0]\n", "")
    assert small.refine("--quiet").exit_code == 0
    found = results(small.folder / "study")
    notes = found["datasets"]["pdf"]["notes"]
    assert any(n.startswith("compared on the Nyquist grid, r = n π/qmax") for n in notes)
    assert any(n.startswith("no r_range was given") for n in notes)
    page = (small.folder / "study" / "report.html").read_text(encoding="utf-8")
    assert "no r_range was given" in page
    assert any("standard deviations" in n for n in found["notes"])


@pytest.mark.parametrize("shape", ["sphere", "cube"])
def test_digest_of_a_counted_histogram_is_among_the_inputs(small: SmallStudy, shape: str) -> None:
    content = "18 3\n20 8\n22 4\n"
    length = {"sphere": "diameter", "cube": "edge_length"}[shape]
    small.write("tem.txt", content).change('"sphere"', f'"{shape}"')
    small.change(
        "diameter = { value = 20.0, vary = true }", f'{length} = {{ distribution = "tabulated", file = "tem.txt" }}'
    )
    assert small.refine("--quiet").exit_code == 0
    inputs = results(small.folder / "study")["inputs"]
    assert inputs["tem.txt"] == hashlib.sha256(content.encode()).hexdigest()
    assert set(inputs) == {"Ni.cif", "ni.gr", "tem.txt"}


def test_interrupt_before_the_first_point_writes_nothing(small: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Problem, "point", interrupted)
    said = small.write("study.toml", small.text).refine()
    assert said.exit_code == 130
    assert said.stdout == ""
    assert said.stderr == "Interrupted before anything could be saved.\n"
    assert sorted(p.name for p in small.folder.iterdir()) == ["Ni.cif", "four.xyz", "ni.gr", "study.toml"]


# ---- places and numbers in messages ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "exclude = [[2, 3], 5]",
            ["line 17: datasets.iq.exclude: its entry 2 must be two numbers [low, high], got 5."],
        ),
        ('exclude = [["2", 3]]', ["datasets.iq.exclude: its entry 1 each end must be a number"]),
        ('columns = ["q", 5]', ["datasets.iq.columns: its entry 2 must be text in quotation marks, got 5."]),
    ],
)
def test_entries_of_lists_are_counted_from_1(small: SmallStudy, line: str, words: list[str]) -> None:
    small.text = small.text.replace("[datasets.pdf]", '[datasets.iq]\ntechnique = "total-scattering"\nfile = "x.iq"')
    small.text = small.text.partition('file = "x.iq"')[0] + f'file = "x.iq"\n\n{line}\n'
    small.refused(*words)


@pytest.mark.parametrize(
    ("shape", "atoms"),
    [
        ('"cube"\nedge_length = 30000', 4.0 * (30000.0 / 3.52) ** 3),
        ('"octahedron"\nedge_length = 30000', 2**0.5 / 3.0 * 4.0 * (30000.0 / 3.52) ** 3),
    ],
)
def test_too_large_crystals_are_told_their_atoms(small: SmallStudy, shape: str, atoms: float) -> None:
    small.change('"sphere"\ndiameter = { value = 20.0, vary = true }', shape)
    small.change("a = { value = 3.51, vary = true }", "a = 3.52")
    small.text = small.text.partition("[datasets.pdf]")[0]
    small.add('[datasets.iq]\ntechnique = "total-scattering"\nq = "1:5:0.1"')
    said = small.refused("populations.dots", "hold about", "make sizes or std smaller", verb="simulate")
    assert float(said.partition("hold about ")[2].partition(" atoms")[0]) == pytest.approx(atoms, rel=0.1)


# ---- correlations ---------------------------------------------------------------------------------


def spread(names: list[str], matrix: np.ndarray) -> Covariance:
    return Covariance(
        names=tuple(names),
        matrix=matrix,
        factor=1.0,
        chi2_red=1.0,
        n_refined=len(names),
        has_sigmas=True,
        undetermined=(),
        at_bound=(),
    )


def test_correlations_within_one_background_are_left_out() -> None:
    """c0 and c1 of one data set are left out; c0 with a scale, and backgrounds of two data sets, are not."""
    names = ["datasets.a.scale", "datasets.a.background.c0", "datasets.a.background.c1", "datasets.b.background.c0"]
    matrix = np.full((4, 4), 0.95)
    np.fill_diagonal(matrix, 1.0)
    notes = _correlation_notes(spread(names, matrix), {n: n.split(".")[1] for n in names[1:]})
    assert len(notes) == 5
    assert not any("a.background.c0 and datasets.a.background.c1" in n for n in notes)
    assert "datasets.a.background.c0 and datasets.b.background.c0 are correlated by +0.950." in notes


def test_correlations_are_listed_strongest_first_and_not_without_end() -> None:
    names = [f"p{k}" for k in range(7)]
    matrix = np.eye(7)
    for i in range(7):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = -(0.91 + 0.004 * (i + j))
    notes = _correlation_notes(spread(names, matrix), {})
    assert len(notes) == MOST_CORRELATIONS + 1
    assert notes[0] == "p5 and p6 are correlated by -0.954."
    assert notes[-1].startswith("and 11 more pairs of parameters are correlated by more than 0.9")


def test_many_background_terms_do_not_flood_the_notes(tmp_path: Path) -> None:
    """Over a short range the higher terms and the scale are entangled; none of the notes is about two terms."""
    truth = TotalScattering(q="3:4:0.01", noise=Noise(counts=1e4, seed=1), background_terms=0)
    columns = simulated_curves(sample_of(NICKEL, Sphere(15.0), 0.005), {"iq": truth}, tmp_path)["iq"]
    path = tmp_path / "ni.xye"
    np.savetxt(path, np.array([*columns.values()]).T)
    sample = Sample({"p": Population("x", Sphere(15.0))}, {"x": crystal(NICKEL, 0.005, a=vary(3.52))})
    data = TotalScattering(path, columns=("q", "intensity", "sigma"), background_terms=20)
    notes = [n for n in refine(sample, {"iq": data}).notes if "correlated" in n]
    assert len(notes) <= MOST_CORRELATIONS + 1
    assert not any(n.count(".background.") == 2 for n in notes)


# ---- values at bounds -----------------------------------------------------------------------------


def test_value_next_to_its_bound_is_the_bound() -> None:
    assert _at_bound(4e-7, (0.0, 50.0), 1.0) == 0.0
    assert _at_bound(50.0 - 2e-6, (0.0, 50.0), 1.0) == 50.0
    assert _at_bound(2.0 * AT_BOUND, (0.0, None), 1.0) == 2.0 * AT_BOUND
    assert _at_bound(4e-7, (None, None), 1.0) == 4e-7


def test_delta2_that_is_not_there_is_printed_as_0(tmp_path: Path) -> None:
    """Data in which the near peak is broader than the others: delta2 would be negative, so it ends at 0 exactly."""
    sample = sample_of(NICKEL, Sphere(25.0), 0.006)
    columns = simulated_curves(sample, {"pdf": Pdf(r="0.02:20:0.02", qmax=20.0)}, tmp_path)["pdf"]
    near = Pdf(r="0.02:20:0.02", qmax=20.0)
    broad = simulated_curves(sample_of(NICKEL, Sphere(25.0), 0.009), {"pdf": near}, tmp_path)["pdf"]
    g = np.where(columns["r"] < 3.0, broad["g"], columns["g"])
    path = tmp_path / "ni.gr"
    np.savetxt(path, np.column_stack([columns["r"], g, 0.01 + 0.0 * g, 0.02 + 0.0 * g]))
    model = Sample({"p": Population("x", Sphere(25.0))}, {"x": crystal(NICKEL, {"Ni": vary(0.006)})})
    result = refine(model, {"pdf": Pdf(path, r_range=(1.5, 18.0), qmax=20.0, delta2=vary(1.0))})
    delta2 = result.parameters["datasets.pdf.delta2"]
    assert delta2.status == "at_bound"
    assert delta2.value == 0.0
    assert delta2.limit is not None
    assert 0.0 < delta2.limit < 1.0
    said = f"datasets.pdf.delta2 stands at its bound (0); it is at most {delta2.limit:.3g} Å² (95 %)."
    assert said in result.notes


# ---- tolerance factor -----------------------------------------------------------------------------


def tolerance(x: Crystal) -> float | None:
    sample = Sample({"p": Population("x", Bulk())}, {"x": x})
    values = ParameterSet(sample.declared()).initial_values()
    found = sample.derived(Evaluation(values)).get("crystals.x.tolerance_factor")
    return None if found is None else found.value


PURE = {"CsPbCl3-alpha": 3.69 / 3.00, "CsPbBr3-gamma": 3.84 / 3.15, "CsPbI3-beta": 4.08 / 3.39}
"""(r_A + r_X)/(r_B + r_X) with Shannon's Cs 1.88, Pb 1.19, Cl 1.81, Br 1.96, I 2.20 Å; √2 follows below"""


@pytest.mark.parametrize("name", [*PURE, "CsPbBr3-alpha-split"])
def test_tolerance_factor_of_perovskites(name: str) -> None:
    halide = name[4:].partition("3")[0]
    x = Crystal.from_library(name, u_iso={"Cs": 0.05, "Pb": 0.02, halide: 0.05})
    assert tolerance(x) == pytest.approx(PURE.get(name, 3.84 / 3.15) / 2**0.5, abs=1e-12)


@pytest.mark.parametrize("fraction", [0.0, 0.25, 1.0])
def test_tolerance_factor_of_mixed_halides(fraction: float) -> None:
    """A quarter of Cl: r_X = 0.75 · 1.96 + 0.25 · 1.81 = 1.9225 Å, t = 3.8025/(√2 · 3.1125)."""
    x = Crystal.from_library(
        "CsPbBr3-gamma", u_iso={"Cs": 0.05, "Pb": 0.02, "Br": 0.05}, substitutions={"Br": Substitution("Cl", fraction)}
    )
    radius = (1.0 - fraction) * 1.96 + fraction * 1.81
    assert tolerance(x) == pytest.approx((1.88 + radius) / (2**0.5 * (1.19 + radius)), abs=1e-12)


def test_tolerance_factor_of_sites_that_are_mixed_apart() -> None:
    """Cl on the axial site alone: one third of the halides. r_X = (1.81 + 2 · 1.96)/3 = 1.91 Å."""
    x = Crystal.from_library(
        "CsPbBr3-gamma", u_iso={"Cs": 0.05, "Pb": 0.02, "Br": 0.05}, substitutions={"Br1": Substitution("Cl", 1.0)}
    )
    assert tolerance(x) == pytest.approx(3.79 / (2**0.5 * 3.10), abs=1e-12)


def test_no_tolerance_factor_without_a_perovskite_or_a_radius() -> None:
    assert "CsPbI3" in library_text("CsPbI3-delta")
    u_iso = {"Cs": 0.05, "Pb": 0.02, "I": 0.05}
    assert tolerance(Crystal.from_library("CsPbI3-delta", u_iso=u_iso)) is None  # edge-sharing, no perovskite
    assert tolerance(Crystal.from_library("PbS", u_iso={"Pb": 0.01, "S": 0.01})) is None
    assert tolerance(crystal(CUBIC.replace("Pb Pb", "Sn Sn"))) is None  # Shannon has no tin(II)
    oxide = cif("3.9 3.9 3.9 90 90 90", "P m -3 m", "Pb Pb 0 0 0 1\nCs Cs 0.5 0.5 0.5 1\nO O 0.5 0 0 1")
    assert tolerance(crystal(oxide)) is None


def test_tolerance_factor_carries_the_uncertainty_of_the_fraction(tmp_path: Path) -> None:
    """σ_t = |dt/dx| σ_x with r = 1.96 − 0.15 x: dt/dr = (r_B − r_A)/(√2 (r_B + r)²)."""
    from nanocrystal.techniques import Composition

    x = Crystal.from_library(
        "CsPbBr3-alpha", u_iso={"Cs": 0.05, "Pb": 0.02, "Br": 0.05}, substitutions={"Br": Substitution("Cl", vary(0.2))}
    )
    data = {"edx": Composition({"Cl/(Br+Cl)": (0.4, 0.02)})}
    found = refine(Sample({"p": Population("x")}, {"x": x}), data).derived["crystals.x.tolerance_factor"]
    radius = 1.96 - 0.15 * 0.4
    slope = 0.15 * (1.19 - 1.88) / (2**0.5 * (1.19 + radius) ** 2)
    assert found.value == pytest.approx((1.88 + radius) / (2**0.5 * (1.19 + radius)), abs=1e-8)
    assert found.stderr == pytest.approx(abs(slope) * 0.02, rel=1e-4)


# ---- one measurement twice ------------------------------------------------------------------------

FIRST, OTHER = '["r", "g", "ignore"]', '["r", "ignore", "g"]'


@pytest.mark.parametrize(
    ("columns", "files", "twice"),
    [
        ((FIRST, OTHER), ("both.txt", "both.txt"), False),
        ((FIRST, FIRST), ("both.txt", "both.txt"), True),
        ((FIRST, FIRST), ("both.txt", "copy.txt"), True),
        ((FIRST, FIRST), ("both.txt", "./both.txt"), True),
        ((FIRST, '["x", "y", "ignore"]'), ("both.txt", "both.txt"), True),
        ((FIRST, OTHER), ("both.txt", "copy.txt"), False),
    ],
)
def test_columns_of_one_file_are_measurements_of_their_own(
    small: SmallStudy, columns: tuple[str, str], files: tuple[str, str], twice: bool
) -> None:
    """One column counts twice whatever its file is called, and however the columns are named."""
    rows = np.array([row.split() for row in gr_rows()], dtype=float)
    other = rows[:, 1] * 1.01 + np.random.default_rng(4).normal(0.0, 0.01, len(rows))
    table = "\n".join(f"{r:.4f} {g:.8f} {h:.8f}" for (r, g), h in zip(rows, other, strict=True))
    small.write("both.txt", table).write("copy.txt", table)
    first = small.text[small.text.index("[datasets.pdf]") :]
    for name, file, chosen in zip(("pdf", "more"), files, columns, strict=True):
        made = first.replace("[datasets.pdf]", f"[datasets.{name}]").replace("ni.gr", file)
        small.text = small.text.replace(first, "") + made + f"columns = {chosen}\n"
    said = small.refine()
    assert said.exit_code == 0, said
    assert ("are the same file: its points count twice" in said.stderr) == twice
