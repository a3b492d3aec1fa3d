"""Spectra and relaxation as data sets of a study, without a sample: found values, uncertainties, wrong input."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.special import gamma, voigt_profile

import nanocrystal as nc
from nanocrystal.errors import InputError
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.report.page.figures import fit_figure
from nanocrystal.report.written import report_html
from nanocrystal.spectra.lines import widths_of_voigt
from nanocrystal.study import read_study
from support.measured import measured
from support.richardson import errors_of_derivatives, exact_addresses_of

MHZ = 500.0
SIGMAS = 2.0 * np.sqrt(2.0 * np.log(2.0))
PPM = np.linspace(4.0, 6.0, 501)
SIGMA = 0.5

STUDY = """
[datasets.spectrum]
technique = "nmr-lines"
file = "spectrum.csv"
columns = ["ppm", "y", "sigma"]
spectrometer_frequency = 500.0
[datasets.spectrum.lines.bound]
shape = "gaussian"
position = { value = 5.15, vary = true }
fwhm = { value = 80, vary = true }
[datasets.spectrum.lines.free]
shape = "voigt"
position = { value = 5.005, vary = true }
fwhm = { value = 15, vary = true }
lorentzian_part = { value = 0.5, vary = true }
"""


def spectrum(seed: int, bound: float = 8.0, free: float = 4.0) -> np.ndarray:
    """Return a Gaussian of 60 Hz at 5.10 ppm and a Voigt line of 12 Hz at 5.00 ppm, on 0.3, by scipy, with noise."""
    gauss, lorentz = (w / MHZ for w in widths_of_voigt(12.0, 0.6))
    y = bound * voigt_profile(PPM - 5.1, 60.0 / MHZ / SIGMAS, 0.0)
    y = y + free * voigt_profile(PPM - 5.0, gauss / SIGMAS, lorentz / 2.0) + 0.3
    return np.asarray(y + np.random.default_rng(seed).normal(0.0, SIGMA, len(PPM)))


def written(folder: Path, y: np.ndarray, text: str = STUDY, x: np.ndarray = PPM, sigma: float | None = SIGMA) -> Path:
    """Write a study and its data, as spectra are stored: from large to small ppm."""
    columns = [x, y] if sigma is None else [x, y, np.full_like(x, sigma)]
    np.savetxt(folder / "spectrum.csv", np.column_stack(columns)[::-1], delimiter=",", header="x,y", comments="")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"


def refined(folder: Path, y: np.ndarray, text: str = STUDY, **given: Any) -> nc.Result:
    return read_study(written(folder, y, text, **given)).refine()


TRUTH = {
    "bound.position": 5.1, "bound.fwhm": 60.0, "bound.area": 8.0, "free.position": 5.0, "free.fwhm": 12.0,
    "free.lorentzian_part": 0.6, "free.area": 4.0,
}  # fmt: skip


# ---- the lines that went in come out ------------------------------------------------------------


def test_a_study_without_a_sample_finds_its_lines(tmp_path: Path) -> None:
    result = refined(tmp_path, spectrum(1))
    assert result.converged
    for name, value in TRUTH.items():
        found = result.parameters[f"datasets.spectrum.lines.{name}"]
        assert abs(found.value - value) < 4.0 * found.stderr, name
    assert result.datasets["spectrum"].chi2_red == pytest.approx(1.0, abs=0.2)
    assert result.parameters["datasets.spectrum.lines.bound.position"].unit == "ppm"
    assert result.parameters["datasets.spectrum.lines.bound.fwhm"].unit == "Hz"


def test_result_is_that_of_scipy_on_the_same_points(tmp_path: Path) -> None:
    y = spectrum(2)
    result = refined(tmp_path, y)

    def residual(p: np.ndarray) -> np.ndarray:
        gauss, lorentz = (w / MHZ for w in widths_of_voigt(p[4], p[5]))
        curve = p[2] * voigt_profile(PPM - p[0], p[1] / MHZ / SIGMAS, 0.0) + p[7]
        return np.asarray((y - curve - p[6] * voigt_profile(PPM - p[3], gauss / SIGMAS, lorentz / 2.0)) / SIGMA)

    start = [5.1, 60.0, 8.0, 5.0, 12.0, 0.6, 4.0, 0.3]
    best = least_squares(residual, start, x_scale=[0.01, 5, 1, 0.01, 1, 0.1, 1, 0.1], xtol=1e-14, ftol=1e-14)
    spread = np.sqrt(np.diag(np.linalg.inv(best.jac.T @ best.jac)))
    names = ["bound.position", "bound.fwhm", "bound.area", "free.position", "free.fwhm", "free.lorentzian_part"]
    for k, name in enumerate([*names, "free.area"]):
        found = result.parameters[f"datasets.spectrum.lines.{name}"]
        assert found.value == pytest.approx(best.x[k], abs=1e-3 * spread[k]), name
        assert found.stderr == pytest.approx(spread[k], rel=1e-3), name


@pytest.mark.campaign
def test_standard_errors_of_parameters_and_derived_quantities_cover(tmp_path: Path) -> None:
    """60 noise seeds; the area fraction follows from eliminated parameters only."""
    pulls = []
    for seed in range(60):
        result = refined(tmp_path, spectrum(seed))
        found = {n: result.parameters[f"datasets.spectrum.lines.{n}"] for n in TRUTH}
        row = [(found[n].value - v) / found[n].stderr for n, v in TRUTH.items()]
        fraction = result.derived["datasets.spectrum.lines.free.area_fraction"]
        row.append((fraction.value - 1.0 / 3.0) / fraction.stderr)
        gauss = result.derived["datasets.spectrum.lines.free.gaussian_fwhm"]
        row.append((gauss.value - float(widths_of_voigt(12.0, 0.6)[0])) / gauss.stderr)
        pulls.append(row)
    spread = np.std(pulls, axis=0)
    assert ((spread > 0.7) & (spread < 1.35)).all(), spread
    assert np.abs(np.mean(pulls, axis=0)).max() < 0.55


def test_derived_widths_by_hand(tmp_path: Path) -> None:
    result = refined(tmp_path, spectrum(1))
    at = "datasets.spectrum.lines.free"
    width, part = (result.parameters[f"{at}.{n}"].value for n in ("fwhm", "lorentzian_part"))
    gauss, lorentz = (result.derived[f"{at}.{n}_fwhm"].value for n in ("gaussian", "lorentzian"))
    assert lorentz / (gauss + lorentz) == pytest.approx(part, rel=1e-10)
    half = voigt_profile(width / 2.0, gauss / SIGMAS, lorentz / 2.0)
    assert half == pytest.approx(0.5 * voigt_profile(0.0, gauss / SIGMAS, lorentz / 2.0), rel=1e-9)
    ppm = result.derived[f"{at}.fwhm_ppm"]
    assert ppm.value == pytest.approx(width / 500.0)
    assert ppm.stderr == pytest.approx(result.parameters[f"{at}.fwhm"].stderr / 500.0, rel=1e-6)


ALL_SHAPES = "".join(
    f"""
[datasets.spectrum.lines.l{k}]
shape = "{shape}"
position = {{ value = {-0.7 + 0.15 * k:.2f}, vary = true }}
{extra}
"""
    for k, (shape, extra) in enumerate(
        {
            "lorentzian": "fwhm = { value = 20, vary = true }",
            "gaussian": "fwhm = { value = 20, vary = true }\narea = 1.5",
            "voigt": "fwhm = { value = 20, vary = true }\nlorentzian_part = { value = 0.4, vary = true }",
            "voigt-widths": "gaussian_fwhm = { value = 20, vary = true }\nlorentzian_fwhm = { value = 9, vary = true }",
            "pseudo-voigt": "fwhm = { value = 20, vary = true }\nlorentzian_part = { value = 0.4, vary = true }",
            "thompson": "gaussian_fwhm = { value = 20, vary = true }\nlorentzian_fwhm = { value = 9, vary = true }",
            "split-gaussian": "fwhm = { value = 20, vary = true }\nasymmetry = { value = 0.2, vary = true }",
            "split-lorentzian": "fwhm = { value = 20, vary = true }\nasymmetry = { value = 0.2, vary = true }",
            "split-voigt": "fwhm = { value = 20, vary = true }\nasymmetry = { value = 0.2, vary = true }",
            "split-pseudo-voigt": 'fwhm = { tie = "2 * datasets.spectrum.lines.l0.fwhm" }\nasymmetry = 0.1',
        }.items()
    )
)


def test_derivatives_of_every_shape_and_through_ties(tmp_path: Path) -> None:
    head = STUDY.partition("[datasets.spectrum.lines.bound]")[0] + "background_terms = 3\n"
    study = read_study(written(tmp_path, spectrum(1), head + ALL_SHAPES, x=PPM - 5.0))
    problem = bound_problem(study.sample, study.datasets, tmp_path)
    assert len(problem.free) == 26
    errors = errors_of_derivatives(problem, "spectrum")
    # second derivatives of split lines jump at their centre, where differences see both sides
    jumping = [errors.pop(f"datasets.spectrum.lines.l{k}.position") for k in (6, 7, 8)]
    assert max(errors.values()) < 1e-6
    assert max(jumping) < 2e-3
    assert exact_addresses_of(problem, "spectrum") == {d.address for d in problem.free}


def test_given_bounded_and_tied_areas(tmp_path: Path) -> None:
    y = spectrum(3)
    fixed = refined(tmp_path, y, STUDY + "area = 4.0\n")
    assert fixed.parameters["datasets.spectrum.lines.free.area"].status == "fixed"
    tied = refined(tmp_path, y, STUDY + "area = { value = 3.0, vary = true, min = 0.0 }\n")
    plain = refined(tmp_path, y)
    at = "datasets.spectrum.lines.free.area"
    assert tied.parameters[at].status == "free"
    assert tied.parameters[at].value == pytest.approx(plain.parameters[at].value, rel=1e-5)
    assert tied.parameters[at].stderr == pytest.approx(plain.parameters[at].stderr, rel=1e-4)
    half = STUDY.replace('shape = "gaussian"', 'shape = "gaussian"\narea = { value = 6.0, vary = true }')
    half += 'area = { tie = "datasets.spectrum.lines.bound.area / 2" }\n'
    both = refined(tmp_path, y, half)
    ratio = [both.parameters[f"datasets.spectrum.lines.{n}.area"] for n in ("bound", "free")]
    assert ratio[0].value == pytest.approx(2.0 * ratio[1].value)
    assert ratio[0].stderr < plain.parameters["datasets.spectrum.lines.bound.area"].stderr * 1.01


def test_an_axis_in_hz_is_the_same_spectrum(tmp_path: Path) -> None:
    y = spectrum(1)
    hz = (
        STUDY.replace("spectrometer_frequency = 500.0", 'axis = "hz"')
        .replace("5.15", "2575.0")
        .replace("5.005", "2502.5")
    )
    in_hz = refined(tmp_path, y, hz, x=PPM * MHZ)
    in_ppm = refined(tmp_path, y)
    for name, factor in {"bound.position": MHZ, "bound.fwhm": 1.0, "free.area": MHZ}.items():
        pair = [r.parameters[f"datasets.spectrum.lines.{name}"] for r in (in_hz, in_ppm)]
        assert pair[0].value == pytest.approx(factor * pair[1].value, rel=1e-6)
        assert pair[0].stderr == pytest.approx(factor * pair[1].stderr, rel=1e-4)


# ---- noise, ranges, baselines -------------------------------------------------------------------


def test_noise_range_gives_the_sigma(tmp_path: Path) -> None:
    text = STUDY.replace('columns = ["ppm", "y", "sigma"]', "noise_range = [5.5, 6.0]\nx_range = [4.5, 5.6]")
    text = text.replace(
        "[datasets.spectrum.lines.bound]", "exclude = [[5.30, 5.35]]\n[datasets.spectrum.lines.bound]", 1
    )
    result = refined(tmp_path, spectrum(1), text, sigma=None)
    data = result.datasets["spectrum"]
    assert data.sigma is not None
    assert data.sigma[0] == pytest.approx(SIGMA, rel=0.15)
    assert data.x.min() >= 4.5
    assert not ((data.x > 5.30) & (data.x < 5.35)).any()
    assert "scatter" in data.weights


def test_without_sigma_errors_are_scaled(tmp_path: Path) -> None:
    y = spectrum(1)
    text = STUDY.replace('columns = ["ppm", "y", "sigma"]\n', "")
    without, given = refined(tmp_path, y, text, sigma=None), refined(tmp_path, y)
    at = "datasets.spectrum.lines.bound.fwhm"
    ratio = without.parameters[at].stderr / given.parameters[at].stderr
    assert ratio == pytest.approx(np.sqrt(given.datasets["spectrum"].chi2_red), rel=1e-4)
    assert without.datasets["spectrum"].chi2_red is None


def test_arpls_takes_a_hump_away(tmp_path: Path) -> None:
    pytest.importorskip("pybaselines")
    hump = 6.0 * np.exp(-(((PPM - 4.8) / 1.2) ** 2))
    text = STUDY.replace("[datasets.spectrum.lines.bound]", "arpls_stiffness = 1e6\n[datasets.spectrum.lines.bound]", 1)
    result = refined(tmp_path, spectrum(1) + hump, text)
    area = result.parameters["datasets.spectrum.lines.bound.area"].value
    assert area == pytest.approx(8.0, rel=0.05)
    plain = refined(tmp_path, spectrum(1) + hump)
    assert abs(plain.parameters["datasets.spectrum.lines.bound.area"].value - 8.0) > 2.0 * abs(area - 8.0)
    assert any("arPLS" in n for n in result.datasets["spectrum"].notes)


# ---- command and report -------------------------------------------------------------------------


def test_command_writes_everything(tmp_path: Path) -> None:
    study = written(tmp_path, spectrum(1))
    command = [
        sys.executable,
        "-c",
        "from nanocrystal.cli import main; main()",
        "refine",
        str(study),
        "--out",
        str(tmp_path / "out"),
        "--quiet",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == {"report.html", "results.json", "spectrum.csv", "spectrum_fine.csv", "study.toml"}
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results["converged"]
    assert results["derived"]["datasets.spectrum.lines.free.area_fraction"]["stderr"] > 0.0
    header, *rows = (tmp_path / "out" / "spectrum.csv").read_text(encoding="utf-8").splitlines()
    assert header == "chemical_shift,observed,sigma,calculated,background,bound,free"
    values = np.array([[float(v) for v in row.split(",")] for row in rows])
    assert values[:, 3] == pytest.approx(values[:, 4:].sum(axis=1), abs=1e-6)


def test_figure_draws_the_components_under_the_curve_and_runs_to_small_ppm(tmp_path: Path) -> None:
    result = refined(tmp_path, spectrum(1))
    figure = fit_figure(result.datasets["spectrum"])
    components = [t for t in figure["data"] if t["meta"]["role"] == "component"]
    assert [t["name"] for t in components] == ["bound", "free"]
    assert all(t["visible"] is True for t in components)
    left, right = figure["layout"]["xaxis"]["range"]
    assert left > right
    assert "nmr-lines" in report_html(result)


def test_simulated_curve_is_the_sum_of_its_lines(tmp_path: Path) -> None:
    text = """
[datasets.s]
technique = "nmr-lines"
x = "4:6:0.01"
spectrometer_frequency = 500.0
background = { c0 = 0.5 }
[datasets.s.lines.a]
shape = "gaussian"
position = 5.0
fwhm = 50.0
area = 2.0
"""
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    columns = read_study(tmp_path / "s.toml").simulated()["s"]
    expected = 2.0 * voigt_profile(columns["chemical_shift"] - 5.0, 0.1 / SIGMAS, 0.0) + 0.5
    assert columns["intensity"] == pytest.approx(expected, rel=1e-12)


def test_candidates_say_how_many_lines_there_are(tmp_path: Path) -> None:
    text = (
        STUDY
        + """
[candidates.one]
description = "one line"
drop = ["datasets.spectrum.lines.free"]
[candidates.two]
description = "two lines"
"""
    )
    comparison = read_study(written(tmp_path, spectrum(1), text)).compare()
    assert comparison.best == ["two"]


# ---- relaxation ---------------------------------------------------------------------------------

DELAYS = np.array([0.01, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0])
RELAXATION = """
[datasets.{name}]
technique = "nmr-relaxation"
kind = "{kind}"
file = "delays.csv"
columns = {columns}
{extra}
[datasets.{name}.parts.a]
time = {time}
"""


def relaxation(folder: Path, columns: list[np.ndarray], *tables: dict[str, str]) -> nc.Result:
    np.savetxt(folder / "delays.csv", np.column_stack(columns), delimiter=",", header="t,y", comments="", fmt="%.17g")
    filled = [RELAXATION.format(**{"extra": "", "time": "{ value = 1.0, vary = true }", **t}) for t in tables]
    (folder / "study.toml").write_text("".join(filled), encoding="utf-8")
    return read_study(folder / "study.toml").refine()


def test_common_time_of_three_lines_against_a_stacked_fit(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    y = np.outer([1.0, 2.5, 0.7], 1.0 - 1.9 * np.exp(-DELAYS / 1.3)) + rng.normal(0.0, 0.02, (3, len(DELAYS)))
    tables = []
    for k in range(3):
        names = ["delay", *("y" if m == k else "ignore" for m in range(3))]
        extra = (
            "inversion = { value = 2.0, vary = true }" if k == 0 else 'inversion = { tie = "datasets.l0.inversion" }'
        )
        time = "{ value = 1.0, vary = true }" if k == 0 else '{ tie = "datasets.l0.parts.a.time" }'
        tables.append(
            {"name": f"l{k}", "kind": "inversion-recovery", "columns": json.dumps(names), "extra": extra, "time": time}
        )
    result = relaxation(tmp_path, [DELAYS, *y], *tables)

    def residual(p: np.ndarray) -> np.ndarray:
        return np.asarray(y - np.outer(p[2:], 1.0 - p[1] * np.exp(-DELAYS / p[0]))).ravel()

    best = least_squares(residual, [1.3, 1.9, 1.0, 2.5, 0.7], xtol=1e-15, ftol=1e-15, gtol=1e-15)
    scale = np.sqrt(2.0 * best.cost / (y.size - 5))
    spread = scale * np.sqrt(np.diag(np.linalg.inv(best.jac.T @ best.jac)))
    at = ["l0.parts.a.time", "l0.inversion", *(f"l{k}.parts.a.amplitude" for k in range(3))]
    for k, name in enumerate(at):
        found = result.parameters[f"datasets.{name}"]
        assert found.value == pytest.approx(best.x[k], abs=1e-3 * spread[k]), name
        assert found.stderr == pytest.approx(spread[k], rel=1e-3), name


def test_bi_exponential_and_stretched_laws(tmp_path: Path) -> None:
    t = np.linspace(0.0, 4.0, 60)
    y = 3.0 * np.exp(-t / 0.3) + 1.0 * np.exp(-t / 1.5)
    table = {"name": "t2", "kind": "echo-decay", "columns": '["delay", "y"]', "time": "{ value = 0.2, vary = true }"}
    two = {**table, "time": "{ value = 0.2, vary = true }\n[datasets.t2.parts.b]\ntime = { value = 2.0, vary = true }"}
    found = relaxation(tmp_path, [t, y], two)
    assert found.parameters["datasets.t2.parts.a.time"].value == pytest.approx(0.3, rel=1e-5)
    assert found.parameters["datasets.t2.parts.b.time"].value == pytest.approx(1.5, rel=1e-5)
    assert found.derived["datasets.t2.parts.a.amplitude_fraction"].value == pytest.approx(0.75, rel=1e-5)
    y = 2.0 * np.exp(-((t / 0.8) ** 0.6))
    one = {**table, "time": "{ value = 0.5, vary = true }\nexponent = { value = 0.9, vary = true }"}
    found = relaxation(tmp_path, [t, y], one)
    assert found.parameters["datasets.t2.parts.a.exponent"].value == pytest.approx(0.6, rel=1e-5)
    mean = 0.8 / 0.6 * gamma(1.0 / 0.6)
    assert found.derived["datasets.t2.parts.a.mean_time"].value == pytest.approx(mean, rel=1e-5)


def test_saturation_recovery_starts_at_zero_and_short_series_are_remarked_on(tmp_path: Path) -> None:
    y = 2.0 * (1.0 - np.exp(-DELAYS / 4.0)) + 1e-3 * np.sin(7.0 * DELAYS)
    table = {"name": "t1", "kind": "saturation-recovery", "columns": '["delay", "y"]'}
    found = relaxation(tmp_path, [DELAYS, y], table)
    assert found.parameters["datasets.t1.parts.a.time"].value == pytest.approx(4.0, rel=0.01)
    assert any("less than three times T1 of a" in n for n in found.notes)


def test_measured_recoveries_give_what_the_spectrometer_found(tmp_path: Path) -> None:
    """13 lines of a measured inversion recovery: delays, intensities and the fits of TopSpin 3.2 (ct1t2.txt)."""
    with zipfile.ZipFile(measured("nmr/bruker-data-test_MIT/inversionRecovery2D.zip")) as archive:
        name = next(n for n in archive.namelist() if n.endswith("ct1t2.txt") and "__MACOSX" not in n)
        text = archive.read(name).decode("latin-1")
    blocks = re.split(r"\d+ points for Peak \d+", text)[1:]
    assert len(blocks) == 13
    units = {"s": 1.0, "m": 1e-3}
    for block in blocks:
        rows = re.findall(r"^\s+([\d.]+)([sm])s?\s+[-\d.]+\s+\S+\s+(\S+)\s*$", block, re.MULTILINE)
        t, y = np.array([[float(v) * units[u], float(i)] for v, u, i in rows]).T
        assert len(t) == 10
        value, unit = re.search(r"T1\s+=\s+([\d.]+)([sm])", block).groups()
        equilibrium, swing = (float(re.search(rf"{n}\s+=\s+(\S+)", block)[1]) for n in (r"I\[0\]", "P"))
        table = {
            "name": "t1", "kind": "inversion-recovery", "columns": '["delay", "y"]',
            "extra": "inversion = { value = 1.9, vary = true }",
        }  # fmt: skip
        found = relaxation(tmp_path, [t[::-1], y[::-1] / np.abs(y).max()], table)
        at = {n: found.parameters[f"datasets.t1.{n}"].value for n in ("parts.a.time", "parts.a.amplitude", "inversion")}
        # printed to 1 ms, fitted by TopSpin to 1e-5 of χ²; the slowest line was not followed to its end
        assert at["parts.a.time"] == pytest.approx(float(value) * units[unit], rel=1e-3, abs=0.002)
        assert at["parts.a.amplitude"] == pytest.approx(equilibrium, abs=2e-3)
        assert at["parts.a.amplitude"] * at["inversion"] == pytest.approx(-swing, abs=3e-3)


# ---- wrong input --------------------------------------------------------------------------------

HEAD = "[datasets.spectrum.lines.bound]"
ECHO = '[datasets.t1]\ntechnique = "nmr-relaxation"\nkind = "echo-decay"\nx = "0:1:0.1"\n'
WRONG = {
    "no lines": (STUDY.partition(HEAD)[0], "datasets.spectrum.lines", "has no line"),
    "shape": (STUDY.replace('"gaussian"', '"gausian"'), "datasets.spectrum.lines.bound.shape", "gaussian"),
    "foreign": (STUDY.replace("fwhm = { value = 80, vary = true }", "fwhm = 80\nasymmetry = 0.1"),
                "datasets.spectrum.lines.bound.asymmetry", "no parameter of a gaussian"),
    "no position": (STUDY.replace("position = { value = 5.15, vary = true }\n", ""),
                    "datasets.spectrum.lines.bound.position", "is missing"),
    "outside": (STUDY.replace("5.15", "7.15"), "datasets.spectrum.lines.bound.position", "outside of the fitted range"),
    "no frequency": (STUDY.replace("spectrometer_frequency = 500.0\n", ""), "spectrometer_frequency", "MHz"),
    "negative frequency": (STUDY.replace("= 500.0", "= -500.0"), "spectrometer_frequency", "above 0"),
    "frequency in Hz": (STUDY.replace("= 500.0", "= 500e6"), "spectrometer_frequency", "(400e6 Hz is 400), got 5e+08"),
    "negative width": (STUDY.replace("value = 80", "value = -80"), "datasets.spectrum.lines.bound.fwhm", "above 0"),
    "unknown key": (STUDY.replace("fwhm = { value = 80, vary = true }", "fwmh = 80"), "bound.fwmh", "fwhm"),
    "background": (STUDY.replace(HEAD, "background = {c3 = 1.0}\n" + HEAD),
                   "background.c3", "only c0"),
    "two sigmas": (STUDY.replace(HEAD, "noise_range = [5.5, 6.0]\n" + HEAD),
                   "noise_range", "one of the two"),
    "noise": (STUDY.replace(HEAD, "noise = {sigma = 1.0}\n" + HEAD),
              "datasets.spectrum.noise", "simulated"),
    "sample needed": ('[datasets.pdf]\ntechnique = "pdf"\nr = "1:20:0.1"\nqmax = 20.0\n', "populations", "is missing"),
    "relaxation": (ECHO + "inversion = 2.0\n[datasets.t1.parts.a]\ntime = 1\n", "datasets.t1.inversion", "recoveries"),
    "no kind": (ECHO.replace('kind = "echo-decay"\n', ""), "datasets.t1.kind", "echo-decay"),
    "no time": (ECHO + "[datasets.t1.parts.a]\n", "datasets.t1.parts.a.time", "is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_named(name: str, tmp_path: Path) -> None:
    text, where, problem = WRONG[name]
    path = written(tmp_path, spectrum(1), text)

    def tried() -> object:
        study = read_study(path)
        return study.simulated() if name == "relaxation" else study.refine()

    with pytest.raises(InputError) as caught:
        tried()
    assert where in str(caught.value)
    assert problem in str(caught.value)


def test_four_columns_must_be_named(tmp_path: Path) -> None:
    written(tmp_path, spectrum(1), STUDY.replace('columns = ["ppm", "y", "sigma"]\n', ""))
    rows = np.column_stack([PPM, PPM, PPM, PPM])
    np.savetxt(tmp_path / "spectrum.csv", rows, delimiter=",")
    with pytest.raises(InputError, match="4 columns; name them"):
        read_study(tmp_path / "study.toml").refine()
