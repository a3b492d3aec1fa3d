"""Total scattering: every wrong study is refused in one sentence, doubtful ones are remarked on."""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.sample import Cube, Sphere
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import TotalScattering
from support.modelling import calculated, cluster_sample, sample_of
from support.small_study import CIF, SmallStudy
from support.structures import CUBIC

STUDY = """[crystals.ni]
cif = "Ni.cif"
a = { value = 3.52, vary = true }

[populations.dots]
crystal = "ni"
shape = "sphere"
diameter = { value = 20.0, vary = true }

[datasets.iq]
technique = "total-scattering"
file = "ni.iq"
background_terms = 2
"""
DIAMETER, FILE, TERMS = "{ value = 20.0, vary = true }", 'file = "ni.iq"', "background_terms = 2"
BLANK = '[datasets.iq.blanks.capillary]\nfile = "capillary.chi"\n'
Q = 1.0 + 0.02 * np.arange(601)
TWO_THETA = np.degrees(2.0 * np.arcsin(0.5 * Q / (4.0 * np.pi)))
SCALE = 20000.0
XRAYDB = pytest.importorskip("xraydb", reason="f′, f″ and edges need xraydb")


@lru_cache(maxsize=1)
def counts() -> np.ndarray:
    """Return counts of nickel spheres of 20 Å on a background of 300."""
    ideal = calculated(sample_of(CIF, Sphere(20.0), 0.006), TotalScattering(q="1:13:0.02", background_terms=0), "iq")
    return np.random.default_rng(1).poisson(SCALE * ideal / ideal.max() + 300.0).astype(float)


def rows(*columns: np.ndarray, head: str = "", separator: str = " ") -> str:
    """Return a table as text."""
    return head + "\n".join(separator.join(f"{v:.10g}" for v in row) for row in zip(*columns, strict=True)) + "\n"


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    study = SmallStudy(tmp_path)
    study.text = STUDY
    return study.write("ni.iq", rows(Q, counts(), np.sqrt(np.maximum(counts(), 1.0))))


def results(small: SmallStudy, doubtful: bool = False) -> dict[str, Any]:
    said = small.refine("--quiet")
    assert said.exit_code == int(doubtful), said
    found: dict[str, Any] = json.loads((small.folder / "study" / "results.json").read_text(encoding="utf-8"))
    return found


def fitted(small: SmallStudy) -> dict[str, tuple[float, float]]:
    """Return address -> (value, stderr) of the refined parameters."""
    return {k: (p["value"], p["stderr"]) for k, p in results(small)["parameters"].items() if p["status"] != "fixed"}


def assert_same(found: dict[str, tuple[float, float]], expected: dict[str, tuple[float, float]], part: float) -> None:
    """Assert that parameters agree within a part of their standard errors."""
    assert found.keys() == expected.keys()
    for address, (value, error) in expected.items():
        assert found[address][0] == pytest.approx(value, abs=part * error), address


CHANGES = {
    "tail of a lognormal": (
        DIAMETER, '{ distribution = "lognormal", mean = 200, std = 150 }',
        ["line 8: populations.dots.diameter", "3.37e+03 nm across", "2e+12 atoms", "make mean or std smaller"]),
    "huge sphere": (DIAMETER, "4000.0", ["line 8", "400 nm across", "3e+09 atoms", "make it smaller"]),
    "no size": (DIAMETER, "0.0", ["line 8: populations.dots.diameter", "above 0", "got 0"]),
    "negative size": (DIAMETER, "-20.0", ["line 8: populations.dots.diameter", "above 0", "got -20"]),
    "normal too wide": (
        DIAMETER, '{ distribution = "normal", mean = 20, std = 20 }', ["std below its mean", "use lognormal"]),
    "bulk": (f'"sphere"\ndiameter = {DIAMETER}', '"bulk"', ["line 7: populations.dots.shape", "finite crystals"]),
    "facets of a sphere": ('"sphere"', '"sphere"\nfacets = "cell"', ["line 8: populations.dots.facets", "unknown key"]),
    "σ asked for": (FILE, 'file = "bare.iq"\nweights = "sigma"', [
        "line 13: datasets.iq.weights", "no column of bare.iq was read as σ", '"sigma"]', 'weights = "counting"']),
    "energy in keV": (TERMS, "energy = 21.9", ["line 13: datasets.iq.energy", "is in eV", "write energy = 21900"]),
    "energy of γ rays": (TERMS, "energy = 2.19e7", ["datasets.iq.energy", "within 496 and 154980", "got 2.19e+07"]),
    "no energy": (TERMS, "energy = 0", ["datasets.iq.energy", "above 0, got 0"]),
    "wavelength in nm": (TERMS, "wavelength = 0.0566", ["line 13: datasets.iq.wavelength", "write wavelength = 0.566"]),
    "wavelength in pm": (TERMS, "wavelength = 56.6", ["datasets.iq.wavelength", "if it is in pm", "= 0.566"]),
    "negative wavelength": (TERMS, "wavelength = -1.0", ["datasets.iq.wavelength", "above 0, got -1"]),
    "wavelength and energy": (
        TERMS, "energy = 21900\nwavelength = 0.7", ["datasets.iq.energy", "0.56614 Å", "says 0.7 Å", "give one"]),
    "wavelength too long for Q": (
        TERMS, "wavelength = 1.5406", ["line 13: datasets.iq.wavelength", "Q = 8.157 Å⁻¹ at most", "go to 13", "2θ"]),
    "2θ without wavelength": (FILE, 'file = "angle.xy"', ["datasets.iq.wavelength", "is missing", "2θ", "energy"]),
    "2θ of 190": (FILE, 'file = "wide.xy"\nwavelength = 0.5', ["datasets.iq.file", "2θ must be below 180°, got 190"]),
    "negative Q": (FILE, 'file = "negative.iq"', ["line 12: datasets.iq.file", "Q must not be negative, got -1"]),
    "Q in nm": (FILE, 'file = "nm.iq"', ["datasets.iq.file", "Q goes to 130 Å⁻¹", 'q_unit = "1/nm"', "two_theta"]),
    "heading in Å": (FILE, 'file = "angstrom.chi"\nq_unit = "1/nm"', [
        "line 13: datasets.iq.q_unit", "the unit A^-1", 'q_unit is "1/nm"', "leave q_unit out", 'believe = "study"']),
    "unit of 2θ": (FILE, 'file = "angle.xy"\nwavelength = 0.5\nq_unit = "1/nm"', ["q_unit", "angle.xy is over 2θ"]),
    "unit misspelt": (TERMS, 'q_unit = "nm-1"', ["datasets.iq.q_unit", "'1/angstrom' or '1/nm'"]),
    "2θ in a .chi": (FILE, 'file = "angle.chi"', ["datasets.iq.wavelength", "is missing", "2θ"]),
    "spacings in a .chi": (FILE, 'file = "spacing.chi"', ["line 1 says 'D-spacing (A)'", "a spacing d"]),
    "2θ named q": (FILE, 'file = "to120.txt"\ncolumns = ["q", "intensity"]', ["Q goes to 120 Å⁻¹", "if it is 2θ say"]),
    "exclude reversed": (TERMS, "exclude = [[3, 2]]", ["line 13: datasets.iq.exclude", "low < high", "[3, 2]"]),
    "exclude nearly all": (TERMS, "exclude = [[1, 12.9]]", ["datasets.iq.exclude", "leaves 5 of 601 points", "10"]),
    "exclude not a list of ranges": (TERMS, "exclude = [2, 3]", ["datasets.iq.exclude", "[low, high]", "got 2"]),
    "range outside": (TERMS, "q_range = [0.5, 20]", ["line 13: datasets.iq.q_range", "outside the data", "1 to 13"]),
    "range reversed": (TERMS, "q_range = [9, 3]", ["datasets.iq.q_range", "low < high", "[9, 3]"]),
    "range of few points": (TERMS, "q_range = [3.0, 3.1]", ["datasets.iq.q_range", "holds 6 points", "at least 10"]),
    "range of 2θ": (TERMS, "two_theta_range = [2, 9]", ["datasets.iq.two_theta_range", "over q; give q_range"]),
    "polarization": (TERMS, "polarization = 0.5", ["line 13: datasets.iq.polarization", "wavelength (Å) or energy"]),
    "polarization varied": (
        TERMS, "polarization = { value = 0.0, vary = true }", ["datasets.iq.polarization", "wavelength (Å) or energy"]),
    "polarization of 2": (TERMS, "polarization = 2\nwavelength = 0.5", ["datasets.iq.polarization", "at most 1"]),
    "c7 of four": (
        TERMS, "background_terms = 4\nbackground = { c7 = 1.0 }",
        ["line 14: datasets.iq.background.c7", "background_terms = 4 they are c0 to c3"]),
    "c0 of none": (TERMS, "background_terms = 0\nbackground = { c0 = 1.0 }", ["background.c0", "= 0 there is none"]),
    "c1 of one": (TERMS, "background_terms = 1\nbackground = { c1 = 1.0 }", ["background.c1", "there is only c0"]),
    "fewer terms than none": (TERMS, "background_terms = -1", ["datasets.iq.background_terms", "0 to 50, got -1"]),
    "a million terms": (TERMS, "background_terms = 1000000", ["datasets.iq.background_terms", "0 to 50, got 1000000"]),
    "background a number": (TERMS, "background = 5", ["datasets.iq.background", "table", "got 5"]),
    "scale of no compton": (TERMS, "compton_scale = 2.0", ["line 13: datasets.iq.compton_scale", "compton = true"]),
    "noise of a file": (TERMS, "noise = { counts = 1e4 }", ["line 13: datasets.iq.noise", "leave out the file"]),
    "hardly any counts": (FILE, 'file = "nine.iq"', ["datasets.iq.file", "nine.iq has 9 points with an intensity"]),
    "compton as text": (TERMS, 'compton = "yes"', ["datasets.iq.compton", "true or false", '"yes"']),
    "negative resolution": (TERMS, "q_resolution = -0.01", ["datasets.iq.q_resolution", "at least 0", "got -0.01"]),
    "huge resolution": (TERMS, "q_resolution = 0.9", ["datasets.iq.q_resolution", "at most 0.3, got 0.9", "no peaks"]),
    "huge slope": (TERMS, "q_resolution_slope = 0.09", ["datasets.iq.q_resolution_slope", "at most 0.05"]),
    "NaN": (FILE, 'file = "nan.iq"', ["nan.iq, line 31", "'1.6 nan'", "remove the row"]),
    "scan twice": (FILE, 'file = "twice.iq"', ["twice.iq, line 602", "q has run from 1 to 13", "two scans"]),
    "five points": (FILE, 'file = "five.iq"', ["line 12: datasets.iq.file", "five.iq has 5 points", "at least 10"]),
    "more parameters than points": (
        f"{FILE}\n{TERMS}", 'file = "twelve.iq"\nbackground_terms = 12', ["12 independent points", "15 refined"]),
    "a PDF": (FILE, 'file = "ni.gr"', ["datasets.iq.file", "intensity over q or two_theta", "ni.gr has g over r"]),
    "all zero": (FILE, 'file = "zero.iq"', ["datasets.iq", "all measured values are zero"]),
    "file and q": (TERMS, 'q = "1:5:0.1"', ["line 10: datasets.iq", "either a file or"]),
    "neither": (f"{FILE}\n", "", ["line 10: datasets.iq", "either a file or"]),
    "blanks as text": (TERMS, 'blanks = "capillary.chi"', ["datasets.iq.blanks", "table of names"]),
}  # fmt: skip


def write_files(small: SmallStudy) -> None:
    lines = rows(Q, counts()).splitlines()
    heading = "2-Theta Angle (Degrees)\nIntensity\n601\n"
    for name, text in {
        "bare.iq": rows(Q, counts()),
        "angle.xy": rows(TWO_THETA, counts()),
        "wide.xy": rows(np.linspace(1.0, 190.0, len(Q)), counts()),
        "negative.iq": rows(Q - 2.0, counts()),
        "nm.iq": rows(10.0 * Q, counts()),
        "nm.chi": rows(10.0 * Q, counts(), head="# q_nm^-1  I\n"),
        "angle.chi": rows(TWO_THETA, counts(), head=heading),
        "q.xy": rows(Q, counts(), head="# Q I\n"),
        "angstrom.chi": rows(Q, counts(), head="# q_A^-1  I\n"),
        "spacing.chi": rows(Q, counts(), head="D-spacing (A)\nIntensity\n601\n"),
        "to120.txt": rows(np.linspace(3.0, 120.0, len(Q)), counts()),
        "nan.iq": "\n".join([*lines[:30], f"{Q[30]:g} nan", *lines[31:]]),
        "twice.iq": rows(np.tile(Q, 2), np.concatenate([counts(), counts() + 1.0])),
        "five.iq": "\n".join(lines[:5]),
        "twelve.iq": "\n".join(lines[:12]),
        "zero.iq": rows(Q, 0.0 * Q),
        "nine.iq": rows(Q, np.where(np.arange(len(Q)) < 9, counts(), 0.0)),
    }.items():
        small.write(name, text)


@pytest.mark.parametrize("case", CHANGES)
def test_wrong_study(small: SmallStudy, case: str) -> None:
    old, new, words = CHANGES[case]
    write_files(small)
    small.change(old, new).refused("study.toml, line", *words)


def test_tail_of_cubes(small: SmallStudy) -> None:
    small.change('"sphere"', '"cube"')
    small.change(f"diameter = {DIAMETER}", 'edge_length = { distribution = "lognormal", mean = 200, std = 150 }')
    small.refused("line 5: populations.dots", "its largest crystals measure", "nm", "make sizes or std smaller")


def test_facets_of_another_crystal(small: SmallStudy) -> None:
    small.change('cif = "Ni.cif"\na = { value = 3.52, vary = true }', 'library = "CdSe-wurtzite"')
    small.change(f'"sphere"\ndiameter = {DIAMETER}', '"cube"\nedge_length = 20.0\nfacets = "pseudocubic"')
    small.refused("line 8: populations.dots.facets", "perovskites ABX3", "not CdSe", 'use "cell"')


BLANKS = {
    "missing": ("", ["line 15: datasets.iq.blanks.capillary.file", "there is no file capillary.chi"]),
    "short": (rows(Q[:300], Q[:300]), ["goes from 1 to 6.98 Å⁻¹", "the data from 1 to 13", "q_range = [1, 6.98]"]),
    "elsewhere": (rows(Q + 20.0, Q), ["goes from 21 to 33 Å⁻¹", "must cover them."]),
    "zero": (rows(Q, 0.0 * Q), ["capillary.chi is zero everywhere", "leave the blank out"]),
    "NaN": ("1 2\n2 nan\n3 4\n", ["capillary.chi, line 2", "'2 nan'", "remove the row"]),
}


@pytest.mark.parametrize("case", BLANKS)
def test_wrong_blank(small: SmallStudy, case: str) -> None:
    text, words = BLANKS[case]
    if text:
        small.write("capillary.chi", text)
    small.add(BLANK).refused("line 15: datasets.iq.blanks.capillary.file", *words)


def test_blank_of_another_kind(small: SmallStudy) -> None:
    small.add(BLANK.replace("capillary.chi", "capillary.xy")).write("capillary.xy", rows(TWO_THETA, Q))
    small.refused("blanks.capillary.file", "capillary.xy is over two_theta, the data are over q", '["q", "intensity"]')
    small.change("capillary.xy", "ni.gr").refused("a blank is an intensity, but ni.gr holds g over r")


@pytest.mark.parametrize("given", ['weights = "counting"', ""])
def test_counts_below_zero(small: SmallStudy, given: str) -> None:
    small.change(FILE, 'file = "net.iq"').add(given).write("net.iq", rows(Q, counts() - 1000.0))
    line = "line 14: datasets.iq.weights" if given else "line 12: datasets.iq.file"
    message = small.refused(line, "counts of at least 0", "at Q = 1.08 Å⁻¹ the file has -148", 'weights = "uniform"')
    assert ("the file has no σ" in message) == (not given)


SIMULATIONS = {
    "noise without counts": ('q = "1:5:0.1"\nnoise = { seed = 1 }', ["line 13: datasets.iq.noise", "needs counts"]),
    "noise by sigma": ('q = "1:5:0.1"\nnoise = { sigma = 1.0 }', ["datasets.iq.noise", "needs counts"]),
    "too many counts": ('q = "1:5:0.1"\nnoise = { counts = 1e20 }', ["noise.counts", "at most 1e+15, got 1e+20"]),
    "scale 0": ('q = "1:5:0.1"\nscale = 0\nnoise = { counts = 9 }', ["datasets.iq.scale", "no intensity above 0"]),
    "q beyond the tables": ('q = "1:61:0.1"', ["line 12: datasets.iq.q", "Q goes to 61 Å⁻¹"]),
    "angle beyond the tables": (
        'two_theta = "1:150:1"\nwavelength = 0.1\nanomalous = false',
        ["line 12: datasets.iq.two_theta", "Q goes to 121.4 Å⁻¹", "up to 75"]),
    "angle of 180": ('two_theta = "1:180:1"\nwavelength = 1.0', ["datasets.iq.two_theta", "below 180°, got 180"]),
    "angle without wavelength": ('two_theta = "1:100:1"', ["datasets.iq.wavelength", "is missing"]),
    "negative q": ('q = "-1:5:0.1"', ["line 12: datasets.iq.q", "must not be negative, got -1"]),
    "range of no file": ('q = "1:5:0.1"\nq_range = [2, 3]', ["datasets.iq.q_range", "of a file", "q alone"]),
    "exclude of no file": ('q = "1:5:0.1"\nexclude = [[2, 3]]', ["datasets.iq.exclude", "of a file", "q alone"]),
}  # fmt: skip


@pytest.mark.parametrize("case", SIMULATIONS)
def test_wrong_simulation(small: SmallStudy, case: str) -> None:
    new, words = SIMULATIONS[case]
    small.change(FILE, new).refused("study.toml, line", *words, verb="simulate")


def test_xraydb_missing(small: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xraydb", None)
    small.add("wavelength = 0.5")
    small.refused("line 14: datasets.iq.wavelength", 'pip install "nanocrystal[anomalous]"', "anomalous = false")
    small.add("anomalous = false")
    assert small.refine("--quiet").exit_code == 0


def test_element_without_anomalous_terms(small: SmallStudy) -> None:
    small.write("Ni.cif", CIF.replace("Ni1 Ni", "Ni1 Np")).add("energy = 21900")
    small.refused("line 14: datasets.iq.energy", "no tables of f′ and f″ for Np", "anomalous = false")


def test_energy_outside_the_tables(small: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(XRAYDB.get_xraydb(), "chantler_energies", lambda _: [1e3, 2e4], raising=False)
    small.add("energy = 21900").refused("line 14: datasets.iq.energy", "within 1000–20000 eV for Ni", "got 21900 eV")


# ---- remarks ----------------------------------------------------------------------------------------


def remarked(small: SmallStudy, *words: str, doubtful: bool = False) -> None:
    """Assert that one note in results.json, which the report shows too, holds all words."""
    notes = results(small, doubtful)["notes"]
    assert any(all(w in note for w in words) for note in notes), notes
    page = (small.folder / "study" / "report.html").read_text(encoding="utf-8")
    assert words[0] in page


def test_no_background_where_the_data_have_a_floor(small: SmallStudy) -> None:
    small.change(TERMS, "background_terms = 0")
    remarked(small, "the data nowhere fall below 751", "the model does, to 538.2", "give background_terms")


def test_no_remark_on_background_where_there_is_none(small: SmallStudy) -> None:
    ideal = calculated(sample_of(CIF, Sphere(20.0), 0.006), TotalScattering(q="1:13:0.02", background_terms=0), "iq")
    net = np.random.default_rng(3).poisson(SCALE * ideal / ideal.max()).astype(float)
    small.write("ni.iq", rows(Q, net, np.sqrt(np.maximum(net, 1.0)))).change(TERMS, "background_terms = 0")
    assert not any("nowhere" in note for note in results(small)["notes"])


@pytest.mark.parametrize(("energy", "words"), [("8363", "above"), ("8293", "below")])
def test_energy_at_an_edge(small: SmallStudy, energy: str, words: str) -> None:
    """The K edge of nickel is at 8333 eV."""
    small.add(f"energy = {energy}\nq_range = [1.0, 8.0]")
    remarked(small, "K edge of Ni", f"{energy} eV", words, "8333 eV", "uncertain")


def test_no_remark_far_from_edges(small: SmallStudy) -> None:
    small.add("energy = 21900")
    assert not any("edge" in note for note in results(small)["notes"])


def test_abscissa_that_may_have_been_misread(small: SmallStudy) -> None:
    write_files(small)
    small.change(FILE, 'file = "bare.iq"\nq_unit = "1/nm"')
    remarked(small, "Q goes to 1.3", "unusual", "leave q_unit out", doubtful=True)
    small.change('q_unit = "1/nm"', "").change("bare.iq", "narrow.xy").add("wavelength = 0.7093")
    small.write("narrow.xy", rows(Q, counts()))
    remarked(small, "Q goes to 2.01", 'columns = ["q", "intensity"]', doubtful=True)


def test_exclusion_of_nothing(small: SmallStudy) -> None:
    remarked(small.add("exclude = [[20, 30]]"), "exclude = [20, 30] leaves nothing out", "from 1 to 13")


def noted(small: SmallStudy, *words: str) -> None:
    """Assert that the report says all words of the data set."""
    results(small)
    page = (small.folder / "study" / "report.html").read_text(encoding="utf-8")
    for said in words:
        assert said in page, said


def with_shadows(first: np.ndarray, counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Q and counts with points of intensity 0 before the data and in a gap from 5 to 5.1 Å⁻¹."""
    gap = (Q > 4.99) & (Q < 5.11)
    return np.concatenate([first, Q]), np.concatenate([0.0 * first, np.where(gap, 0.0, counted)])


def test_points_without_counts_are_left_out(small: SmallStudy) -> None:
    """A first row "0 0", a beam stop and a gap between modules: one fit with the data that lack these points."""
    gap = (Q > 4.99) & (Q < 5.11)
    small.write("gap.iq", rows(Q[~gap], counts()[~gap])).change(FILE, 'file = "gap.iq"')
    expected = fitted(small)
    for first in (np.zeros(1), np.array([0.0, 0.3, 0.6, 0.9])):
        small.write("gap.iq", rows(*with_shadows(first, counts())))
        assert_same(fitted(small), expected, 1e-3)
    noted(small, "10 points between 0 and 5.1 Å⁻¹ have intensity 0", "nothing was counted there", "left out")
    small.text = STUDY.replace(FILE, 'file = "gap.iq"\nweights = "uniform"')
    small.write("gap.iq", rows(Q, counts()))
    alike = fitted(small)
    small.write("gap.iq", rows(np.concatenate([[0.0], Q]), np.concatenate([[0.0], counts()])))
    assert_same(fitted(small), alike, 1e-3)
    noted(small, "the point at Q = 0 Å⁻¹ has intensity 0")


def test_a_count_of_zero_among_few_is_a_count(small: SmallStudy) -> None:
    """A pattern of a few counts keeps its zeros, at its ends too: they carry what it knows."""
    few = np.random.default_rng(5).poisson(counts() / 600.0).astype(float)
    few[:3], few[-1] = 0.0, 4.0
    assert (few[3:] == 0.0).sum() > 20
    small.write("few.iq", rows(Q, few)).change(FILE, 'file = "few.iq"')
    results(small)
    written = np.genfromtxt(small.folder / "study" / "iq.csv", delimiter=",", skip_header=1)[:, 0]
    np.testing.assert_allclose(written, Q)


# ---- numbers ----------------------------------------------------------------------------------------


def test_unit_of_q_file_format_and_weights_make_no_difference(small: SmallStudy) -> None:
    """Å⁻¹ or nm⁻¹, .iq or .csv or .xy over 2θ, σ = √counts written or implied: one fit."""
    write_files(small)
    expected = fitted(small)
    small.write("ni.csv", rows(Q, counts(), np.sqrt(np.maximum(counts(), 1.0)), head="Q,I,sigma\n", separator=","))
    small.write("angle.csv", rows(TWO_THETA, counts(), head="2theta,counts\n", separator=","))
    angle = "wavelength = 0.5\nanomalous = false\nbackground_terms = 0\nexclude = [[0, 4]]"
    nm = 'q_unit = "1/nm"'
    for given in (f'"nm.iq"\n{nm}', f'"nm.chi"\n{nm}', '"nm.chi"', '"ni.csv"', '"bare.iq"', '"q.xy"'):
        small.text = STUDY.replace('"ni.iq"', given)
        assert_same(fitted(small), expected, 1e-3)
    small.text = STUDY.replace(TERMS, "background_terms = 0")
    bare = fitted(small)
    for given in ('"angle.xy"', '"angle.csv"'):
        small.text = STUDY.replace('"ni.iq"', given).replace(TERMS, angle)
        assert_same(fitted(small), bare, 1e-3)


def test_excluded_points_are_left_out(small: SmallStudy) -> None:
    """Ranges may overlap; a spike inside them does no harm, and the fit is that of the other points."""
    spoilt = np.where((Q > 2.0) & (Q < 4.0), 1e6, counts())
    small.write("spoilt.iq", rows(Q, spoilt)).change(FILE, 'file = "spoilt.iq"').add(
        "exclude = [[2.0, 3.0], [2.5, 4.0]]"
    )
    found = fitted(small)
    written = np.genfromtxt(small.folder / "study" / "iq.csv", delimiter=",", skip_header=1)[:, 0]
    kept = (Q < 1.999) | (Q > 4.001)
    np.testing.assert_allclose(written, Q[kept])
    small.text = STUDY.replace("ni.iq", "kept.iq")
    small.write("kept.iq", rows(Q[kept], counts()[kept]))
    assert_same(found, fitted(small), 1e-3)


def test_blank_on_a_grid_of_its_own_is_recovered(small: SmallStudy) -> None:
    """Scale of the sample, of the blank and background, each within three of its standard errors; seed 1."""
    ideal = calculated(sample_of(CIF, Sphere(20.0), 0.006), TotalScattering(q="1:13:0.02", background_terms=0), "iq")
    at = np.linspace(0.5, 14.0, 5000)
    truth = {"scale": 0.03, "blanks.capillary.scale": 0.4, "background.c0": 300.0, "background.c1": -50.0}

    def glass(q: np.ndarray) -> np.ndarray:
        return 5000.0 * np.exp(-0.5 * ((q - 1.6) / 0.4) ** 2) + 1000.0 * np.exp(-0.5 * ((q - 5.0) / 0.8) ** 2)

    expected = truth["scale"] * ideal + 0.4 * glass(Q) + 300.0 - 50.0 * (2.0 * (Q - 1.0) / 12.0 - 1.0)
    drawn = np.random.default_rng(1).poisson(expected).astype(float)
    small.write("ni.iq", rows(Q, drawn, np.sqrt(drawn))).write("capillary.chi", rows(at, glass(at)))
    found = fitted(small.add(BLANK))
    pulls = np.array([(found[f"datasets.iq.{k}"][0] - v) / found[f"datasets.iq.{k}"][1] for k, v in truth.items()])
    assert np.abs(pulls).max() < 3.0, pulls
    assert found["datasets.iq.blanks.capillary.scale"][1] < 0.01
    small.add("scale = 0.4")
    assert "datasets.iq.blanks.capillary.scale" not in fitted(small)


def incoherent_of(sample: Any, **more: Any) -> np.ndarray:
    """Return what compton = true adds to I(Q) of the mean nanocrystal, 0 to 25 Å⁻¹."""
    grid: dict[str, Any] = {"q": "0:25:0.5", "background_terms": 0, "anomalous": False, **more}
    with_it, without = (calculated(sample, TotalScattering(**grid, compton=c), "iq") for c in (True, False))
    return np.asarray(with_it - without)


def test_incoherent_scattering_by_hand() -> None:
    """Per atom exact for hydrogen; of heavier atoms from 0 to Z, below Z − f0²/Z."""
    q = 0.5 * np.arange(51)
    nickel = incoherent_of(cluster_sample(["Ni"], np.zeros((1, 3)), {"Ni": 0.006}))
    # S cannot exceed what one product function gives, Z − f0²/Z, by the exclusion principle
    assert (nickel[2:] < 28.0 - form_factor("Ni", q[2:]) ** 2 / 28.0).all()
    assert (nickel[30:] > 20.0).all()
    assert abs(nickel[0]) < 0.3
    assert (np.diff(nickel) > 0.0).all()
    hydrogen = cluster_sample(["H", "H"], np.array([[0.0, 0.0, 0.0], [0.74, 0.0, 0.0]]), {"H": 0.01})
    by_wave_function = 16.0 / (4.0 + (0.529177 * q) ** 2) ** 2  # the transform of the 1s density exp(−2r/a0)/(π a0³)
    np.testing.assert_allclose(incoherent_of(hydrogen), 2.0 * (1.0 - by_wave_function**2), atol=4e-3)


@pytest.mark.parametrize(("shape", "volume"), [(Cube(30.0), 30.0**3), (Sphere(24.0), np.pi / 6.0 * 24.0**3)])
def test_incoherent_scattering_is_that_of_all_atoms_of_the_mean_nanocrystal(shape: Any, volume: float) -> None:
    """Σ S(Q) over the atoms, volume × atoms per volume of them, under the scale of I(Q)."""
    perovskite = sample_of(CUBIC, shape, {"Pb": 0.01, "Cs": 0.03, "Br": 0.02})
    (crystal,) = perovskite.crystals.values()
    cells = volume / crystal.structure.cell[0] ** 3
    alone = {e: incoherent_of(cluster_sample([e], np.zeros((1, 3)), {e: 0.01})) for e in ("Cs", "Pb", "Br")}
    expected = cells * (alone["Cs"] + alone["Pb"] + 3.0 * alone["Br"])
    np.testing.assert_allclose(incoherent_of(perovskite), expected, rtol=1e-3)
    np.testing.assert_allclose(incoherent_of(perovskite, scale=2.5), 2.5 * expected, rtol=1e-3)


def test_incoherent_scattering_recoils() -> None:
    """(E′/E)² of Compton's formula by hand: at Q = 20 Å⁻¹ with 0.5 Å, 2θ = 105.5°, photons of 24.8 keV lose 5.8 %."""
    nickel = cluster_sample(["Ni"], np.zeros((1, 3)), {"Ni": 0.006})
    ratio = incoherent_of(nickel, wavelength=0.5)[40] / incoherent_of(nickel)[40]
    angle = 2.0 * np.arcsin(20.0 * 0.5 / (4.0 * np.pi))
    assert ratio == pytest.approx((1.0 + 12398.42 / 0.5 / 510998.95 * (1.0 - np.cos(angle))) ** -2, rel=1e-6)


def test_incoherent_scattering_is_found_beside_a_background(small: SmallStudy) -> None:
    """Its scale is 1 unless it is refined; refined it comes back, and beside it all else."""
    truth = sample_of(CIF, Sphere(20.0), 0.006)
    ideal = calculated(truth, TotalScattering(q="1:13:0.02", background_terms=0, compton=True), "iq")
    small.write("ni.iq", rows(Q, 1e3 + SCALE * ideal / ideal.max())).add("compton = true")
    found = results(small)["parameters"]
    assert found["datasets.iq.compton_scale"]["status"] == "fixed"
    assert found["datasets.iq.compton_scale"]["value"] == 1.0
    assert found["populations.dots.diameter"]["value"] == pytest.approx(20.0, abs=0.01)
    small.add("compton_scale = { value = 0.5, vary = true }")
    assert results(small)["parameters"]["datasets.iq.compton_scale"]["value"] == pytest.approx(1.0, abs=0.01)


def test_a_scale_of_incoherent_scattering_that_is_none_is_refused(small: SmallStudy) -> None:
    small.add("compton = true\ncompton_scale = 40.0").refused("datasets.iq.compton_scale", "at most 10", "got 40")


def test_resolution_of_large_crystals_is_not_folded() -> None:
    """A resolution broader than the fringes of the crystal: the far pairs must vanish, not come back."""
    sample = sample_of(CIF, Cube(70.0), 0.006)
    found = calculated(sample, TotalScattering(q="2:8:0.05", background_terms=0, q_resolution=0.2), "iq")
    fine = calculated(sample, TotalScattering(q="0.0:9.5:0.001", background_terms=0), "iq")
    fine_q = 0.001 * np.arange(len(fine))
    for k in (0, 33, 71, 120):
        weight = np.exp(-0.5 * ((fine_q - 2.0 - 0.05 * k) / 0.2) ** 2)
        assert found[k] == pytest.approx(weight @ fine / weight.sum(), rel=1e-4)
