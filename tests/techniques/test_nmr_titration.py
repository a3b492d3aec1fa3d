"""Titrations: what went in comes out, scipy on the stacked spectra, coverage, the report, wrong input."""

from __future__ import annotations

import csv
import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.stats import cauchy, norm

import nanocrystal as nc
from nanocrystal.errors import InputError
from nanocrystal.report.refined.stack_figure import stack_figure
from nanocrystal.report.written import comparison_html, report_html, write_result
from nanocrystal.study import read_study
from nanocrystal.study.reading import study_from
from support.paths import DOCS, EXAMPLES

MHZ = 400.0
PPM = np.linspace(5.0, 6.2, 161)
EQUIVALENTS = (0.0, 10.0, 25.0, 50.0)
RELEASED = (0.02, 0.1, 0.2, 0.35)
SIGMA = 0.15
STUDY = """
[datasets.t]
technique = "nmr-titration"
file = "t.csv"
equivalents = [0, 10, 25, 50]
spectrometer_frequency = 400.0
noise_range = [5.0, 5.2]
[datasets.t.lines.bound]
shape = "gaussian"
position = { value = 5.68, vary = true }
fwhm = { value = 60, vary = true }
[datasets.t.lines.released]
shape = "lorentzian"
position = { value = 5.52, vary = true }
fwhm = { value = 15, vary = true }
"""


def lines(places: tuple[float, float] = (5.7, 5.5), widths: tuple[float, float] = (51.0, 21.0)) -> np.ndarray:
    """Return a Gaussian and a Lorentzian of unit area over ppm by scipy.stats, (2, n)."""
    bound = norm.pdf(PPM, places[0], widths[0] / MHZ / np.sqrt(8.0 * np.log(2.0)))
    return np.array([bound, cauchy.pdf(PPM, places[1], widths[1] / MHZ / 2.0)])


def spectra(seed: int, total: float = 2.0) -> np.ndarray:
    """Return noisy spectra (4, n) on a base of 0.3."""
    amounts = total * np.array([[1.0 - f, f] for f in RELEASED])
    return amounts @ lines() + 0.3 + np.random.default_rng(seed).normal(0.0, SIGMA, (4, len(PPM)))


def written(folder: Path, y: np.ndarray, text: str = STUDY, x: np.ndarray = PPM) -> Path:
    """Write a study and its spectra as columns of one file."""
    np.savetxt(folder / "t.csv", np.column_stack([x, *y]), delimiter=",", header="ppm,a,b,c,d", comments="")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"


def refined(folder: Path, y: np.ndarray, text: str = STUDY) -> nc.Result:
    return read_study(written(folder, y, text)).refine()


def fractions(result: nc.Result) -> list[Any]:
    return [result.derived[f"datasets.t.steps.s{k}.released_fraction"] for k in (1, 2, 3, 4)]


# ---- truth --------------------------------------------------------------------------------------


def test_result_is_that_of_scipy_on_all_spectra(tmp_path: Path) -> None:
    y = spectra(1)
    result = refined(tmp_path, y)
    inside = PPM <= 5.2
    sigma = []
    for row in y:
        rest = row[inside] - np.polyval(np.polyfit(PPM[inside], row[inside], 1), PPM[inside])
        sigma.append(np.sqrt(rest @ rest / (inside.sum() - 2)))

    def residual(p: np.ndarray) -> np.ndarray:
        shapes = lines((p[0], p[2]), (p[1], p[3]))
        own = p[4:].reshape(4, 3)
        return np.asarray(((y - own[:, :2] @ shapes - own[:, 2:]) / np.array(sigma)[:, None]).ravel())

    begin = np.r_[5.7, 51.0, 5.5, 21.0, np.tile([1.5, 0.4, 0.3], 4)]
    best = least_squares(residual, begin, x_scale=np.r_[0.01, 1.0, 0.01, 1.0, np.full(12, 0.1)], xtol=1e-15, ftol=1e-15)
    covariance = np.linalg.inv(best.jac.T @ best.jac)
    names = ["lines.bound.position", "lines.bound.fwhm", "lines.released.position", "lines.released.fwhm"]
    for k, name in enumerate(names):
        found = result.parameters[f"datasets.t.{name}"]
        assert found.value == pytest.approx(best.x[k], abs=1e-3 * np.sqrt(covariance[k, k])), name
        assert found.stderr == pytest.approx(np.sqrt(covariance[k, k]), rel=2e-3), name
    for step, fraction in enumerate(fractions(result)):
        k = 4 + 3 * step
        bound, released = best.x[k : k + 2]
        slope = np.array([-released, bound]) / (bound + released) ** 2
        error = np.sqrt(slope @ covariance[k : k + 2, k : k + 2] @ slope)
        scale = max(1.0, np.sqrt(2.0 * best.cost / (4 * len(PPM) - 16)))
        assert fraction.value == pytest.approx(released / (bound + released), rel=1e-4)
        assert fraction.stderr == pytest.approx(error * scale, rel=3e-3)


def test_errors_of_fractions_cover(tmp_path: Path) -> None:
    """40 seeds of noise, four fractions each."""
    text = STUDY.replace("noise_range = [5.0, 5.2]\n", "")
    pulls = []
    for seed in range(40):
        found = fractions(refined(tmp_path, spectra(seed), text))
        pulls += [(f.value - truth) / f.stderr for f, truth in zip(found, RELEASED, strict=True)]
    assert 0.85 < np.std(pulls) < 1.15
    assert abs(np.mean(pulls)) < 0.2


def test_own_positions_and_widths_cost_precision(tmp_path: Path) -> None:
    common = fractions(refined(tmp_path, spectra(3)))
    own = 'own = ["released.position", "released.fwhm"]\n[datasets.t.lines.bound]'
    each = refined(tmp_path, spectra(3), STUDY.replace("[datasets.t.lines.bound]", own))
    assert {n for n in each.parameters if n.endswith("released.fwhm")} == {
        f"datasets.t.steps.s{k}.released.fwhm" for k in (1, 2, 3, 4)
    }
    found = fractions(each)
    assert found[3].value == pytest.approx(RELEASED[3], abs=4.0 * found[3].stderr)
    assert found[2].stderr > common[2].stderr


def test_by_difference_by_hand(tmp_path: Path) -> None:
    head, _, _ = STUDY.partition("[datasets.t.lines.released]")
    text = head.replace("noise_range", 'released = "by difference"\nexclude = [[5.3, 5.62]]\nnoise_range')
    y = spectra(4)
    result = refined(tmp_path, y, text)
    areas = [result.parameters[f"datasets.t.steps.s{k}.bound.area"] for k in (1, 2, 3, 4)]
    for fraction, area in zip(fractions(result), areas, strict=True):
        assert fraction.value == pytest.approx(1.0 - area.value / areas[0].value, abs=1e-12)
    assert fractions(result)[3].value == pytest.approx(1.0 - (1.0 - 0.35) / (1.0 - 0.02), abs=0.05)
    assert any("taken as bound" in n for n in result.notes)
    stated = refined(tmp_path, y, text.replace("noise_range", "total = 2.0\nnoise_range"))
    for fraction, area in zip(fractions(stated), areas, strict=True):
        assert fraction.value == pytest.approx(1.0 - area.value / 2.0, rel=1e-6, abs=1e-9)
        assert fraction.stderr == pytest.approx(area.stderr_scaled / 2.0, rel=1e-3)


def test_steps_from_files_of_their_own_diluted(tmp_path: Path) -> None:
    """Half of the concentration at twice the volume is nothing released."""
    y = lines()[0] + np.random.default_rng(1).normal(0.0, 0.02, len(PPM))
    for name, factor in {"native": 1.0, "diluted": 0.5}.items():
        np.savetxt(tmp_path / f"{name}.csv", np.column_stack([PPM, factor * y, np.full_like(PPM, 0.02)]), delimiter=",")
    text = """
[datasets.t]
technique = "nmr-titration"
released = "by difference"
spectrometer_frequency = 400.0
[datasets.t.steps]
native = { equivalents = 0, file = "native.csv" }
diluted = { equivalents = 5, file = "diluted.csv", dilution = 2.0 }
[datasets.t.lines.bound]
shape = "gaussian"
position = { value = 5.68, vary = true }
fwhm = { value = 60, vary = true }
"""
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    result = read_study(tmp_path / "study.toml").refine()
    fraction = result.derived["datasets.t.steps.diluted.released_fraction"]
    assert fraction.value == pytest.approx(0.0, abs=1e-6)
    assert len([f for f in result.inputs if f.endswith(".csv")]) == 2


def test_species_are_sums_of_their_lines(tmp_path: Path) -> None:
    """Two released species, one of two lines, as amides beside an acid."""
    third = norm.pdf(PPM, 5.35, 0.02)
    y = spectra(5) + np.outer([0.0, 0.1, 0.2, 0.4], third)
    more = """
[datasets.t.lines.a]
shape = "gaussian"
position = 5.35
fwhm = { value = 18.8, vary = true }
[datasets.t.lines.b]
shape = "lorentzian"
position = 5.30
fwhm = 10
"""
    text = STUDY.replace("noise_range", 'species = { amide = ["a", "b"] }\nnoise_range') + more
    result = refined(tmp_path, y, text)
    at = "datasets.t.steps.s4"
    areas = {n: result.parameters[f"{at}.{n}.area"].value for n in ("bound", "released", "a", "b")}
    total = sum(areas.values())
    assert result.derived[f"{at}.amide.fraction"].value == pytest.approx((areas["a"] + areas["b"]) / total)
    assert result.derived[f"{at}.released.fraction"].value == pytest.approx(areas["released"] / total)
    assert result.derived[f"{at}.released_fraction"].value == pytest.approx(1.0 - areas["bound"] / total)
    assert areas["a"] == pytest.approx(0.4, abs=0.05)
    assert list(result.datasets["t"].trends[0].series) == ["all released", "amide", "released"]


# ---- report -------------------------------------------------------------------------------------


def test_report_and_files(tmp_path: Path) -> None:
    result = refined(tmp_path, spectra(1))
    write_result(result, tmp_path / "out")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"report.html", "results.json", "t.csv", "t_trend.csv"}
    with (tmp_path / "out" / "t_trend.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(r["equivalents"]) for r in rows] == list(EQUIVALENTS)
    derived = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["derived"]
    for row in rows:
        stored = derived[f"datasets.t.steps.{row['curve']}.released_fraction"]
        assert float(row["released (%)"]) == pytest.approx(100.0 * stored["value"], rel=1e-8)
        assert float(row["released stderr"]) == pytest.approx(100.0 * stored["stderr"], rel=1e-8)
    with (tmp_path / "out" / "t.csv").open(encoding="utf-8") as stream:
        points = list(csv.DictReader(stream))
    assert [p["curve"] for p in points[:: len(PPM)]] == ["s1", "s2", "s3", "s4"]
    html = report_html(result)
    assert "Displaced ligands" in html
    assert "25 equivalents" in html


def test_figure_puts_each_spectrum_above_the_one_before(tmp_path: Path) -> None:
    curve = refined(tmp_path, spectra(1)).datasets["t"]
    figure = stack_figure(curve)
    observed = [t for t in figure["data"] if t["meta"]["role"] == "observed"]
    assert [len(t["x"]) for t in observed] == [len(PPM)] * 4
    lowest = [np.median(t["y"]) for t in observed]
    assert np.all(np.diff(lowest) > max(observed[0]["y"]) - min(observed[0]["y"]) - 1.0)
    assert sum(t.get("showlegend", True) for t in figure["data"]) == 5
    left, right = figure["layout"]["xaxis"]["range"]
    assert left > right


def test_candidates_are_compared(tmp_path: Path) -> None:
    """A Gaussian is the wrong shape of the released line; the figure shows the best candidate."""
    text = (
        STUDY
        + """
[candidates.lorentzian]
[candidates.gaussian]
datasets.t.lines.released.shape = "gaussian"
"""
    )
    comparison = read_study(written(tmp_path, spectra(1), text)).compare()
    assert comparison.best == ["lorentzian"]
    assert "observed and calculated by the best candidate" in comparison_html(comparison)


def test_example(tmp_path: Path) -> None:
    for name in ("nmr_titration.toml", "nmr_titration.csv"):
        shutil.copy(EXAMPLES / name, tmp_path / name)
    result = read_study(tmp_path / "nmr_titration.toml").refine()
    for k, truth in enumerate((0.0, 0.06, 0.12, 0.19, 0.26, 0.33), start=1):
        found = result.derived[f"datasets.titration.steps.s{k}.released_fraction"]
        assert abs(found.value - truth) < 3.5 * found.stderr


@pytest.mark.parametrize("page", ["titration.md", "diffusion.md"])
def test_studies_of_the_pages_are_studies(page: str, tmp_path: Path) -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    for text in blocks:
        assert study_from(tomllib.loads(text), tmp_path / "study.toml", text).parameters.initial_values()


# ---- wrong input --------------------------------------------------------------------------------

STEPS = '\n[datasets.t.steps]\nx = { equivalents = 0, file = "no.csv" }\ny = { equivalents = 5, file = "t.csv" }\n'
NONE = STUDY.replace("equivalents = [0, 10, 25, 50]\n", "").replace('file = "t.csv"\n', "")
WRONG = {
    "descending": (STUDY.replace("[0, 10, 25, 50]", "[0, 25, 10, 50]"), "equivalents", "must ascend, but 10 of s3"),
    "too few": (STUDY.replace("[0, 10, 25, 50]", "[0, 10, 25]"), "equivalents", "are 3 steps, but t.csv has 4 columns"),
    "one step": (STUDY.replace("[0, 10, 25, 50]", "[0]"), "steps", "at least two"),
    "negative": (STUDY.replace("[0, 10, 25, 50]", "[-1, 10, 25, 50]"), "equivalents", "0 or above"),
    "no equivalents": (STUDY.replace("equivalents = [0, 10, 25, 50]\n", ""), "equivalents", "is missing; give"),
    "missing file": (NONE + STEPS, "steps.x", "there is no file 'no.csv' for step x"),
    "two ways": (STUDY + STEPS, "equivalents", "one of the two ways"),
    "files and equivalents": (STUDY.replace('file = "t.csv"', 'files = ["t.csv", "u.csv"]'),
                              "equivalents", "as many as the files, 2, got 4"),
    "no file": (NONE.replace("noise_range", "equivalents = [0, 1]\nnoise_range"), "datasets.t", "no file for step s1"),
    "column": (NONE.replace("noise_range", 'file = "t.csv"\nnoise_range') + "\n[datasets.t.steps]\n"
               "x = { equivalents = 0, column = 2 }\ny = { equivalents = 5, column = 9 }\n",
               "steps.y.column", "must be from 2 to 5"),
    "own": (STUDY.replace("noise_range", 'own = ["bound.width"]\nnoise_range'), "own", "bound.fwhm"),
    "bound": (STUDY.replace("noise_range", 'bound = ["bount"]\nnoise_range'), "datasets.t.bound", "bound"),
    "difference": (STUDY.replace("noise_range", 'released = "by difference"\nnoise_range'),
                   "datasets.t.released", "is a released line"),
    "total": (STUDY.replace("noise_range", "total = 1.0\nnoise_range"), "datasets.t.total", "by difference"),
    "area": (STUDY + "area = 1.0\n", "lines.released.area", "is of each step"),
    "species": (STUDY.replace("noise_range", 'species = { a = ["bound"] }\nnoise_range'), "species.a", "not released"),
    "released": (STUDY.replace("noise_range", 'released = "difference"\nnoise_range'), "released", "by difference"),
    "frequency in Hz": (STUDY.replace("= 400.0", "= 400e6"), "datasets.t.spectrometer_frequency", "400e6 Hz is 400"),
    "frequency": (STUDY.replace("spectrometer_frequency = 400.0\n", ""), "spectrometer_frequency", "MHz"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_named(name: str, tmp_path: Path) -> None:
    text, where, problem = WRONG[name]
    path = written(tmp_path, spectra(1), text)
    with pytest.raises(InputError) as caught:
        read_study(path).refine()
    assert where in str(caught.value)
    assert problem in str(caught.value)


def test_sigma_of_some_files_only_is_refused(tmp_path: Path) -> None:
    y = spectra(1)
    np.savetxt(tmp_path / "a.csv", np.column_stack([PPM, y[0]]), delimiter=",")
    np.savetxt(tmp_path / "b.csv", np.column_stack([PPM, y[1], np.ones_like(PPM)]), delimiter=",")
    text = NONE.replace("noise_range = [5.0, 5.2]", 'equivalents = [0, 1]\nfiles = ["a.csv", "b.csv"]')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="σ for some of its curves only"):
        read_study(tmp_path / "study.toml").refine()
