"""Relaxation of several lines against scipy, and the published ¹³³Cs times as they are printed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import curve_fit, least_squares

from nanocrystal.analysis.nmr_relaxation import published_cs133, relaxation_of_lines
from nanocrystal.errors import InputError
from nanocrystal.report.analysis_figures import figure_page
from nanocrystal.report.nmr.figures import relaxation_figure
from nanocrystal.report.refined.result import Result
from nanocrystal.report.written import report_html
from nanocrystal.study import read_study
from nanocrystal.tables.cs133_relaxation import cs133_relaxation

DELAYS = np.array([0.01, 0.05, 0.1, 0.3, 0.6, 1.0, 2.0, 4.0, 8.0, 16.0])
SIGMA = 0.02
TIMES, AMPLITUDES = (2.8, 1.7), (3.0, 1.0)


def recoveries(seed: int) -> np.ndarray:
    rows = [m * (1.0 - 1.9 * np.exp(-DELAYS / t)) for t, m in zip(TIMES, AMPLITUDES, strict=True)]
    return np.array(rows) + np.random.default_rng(seed).normal(0.0, SIGMA, (2, len(DELAYS)))


def test_own_times_against_curve_fit() -> None:
    y = recoveries(1)
    found = relaxation_of_lines(DELAYS, y, "inversion-recovery", names=["core", "surface"], sigma=SIGMA)
    for line, row in zip(found.lines, y, strict=True):
        p, c = curve_fit(
            lambda t, m, f, time: m * (1.0 - f * np.exp(-t / time)), DELAYS, row, (1.0, 2.0, 2.0),
            sigma=np.full(10, SIGMA), absolute_sigma=True,
        )  # fmt: skip
        assert line.time.value == pytest.approx(p[2], rel=1e-5)
        assert line.time.stderr == pytest.approx(np.sqrt(c[2, 2]), rel=1e-3)
        assert line.amplitude.value == pytest.approx(p[0], rel=1e-5)
        assert line.inversion.value == pytest.approx(p[1], rel=1e-5)
    assert "core" in str(found)
    assert found.to_csv().splitlines()[0] == "line,time_s,time_stderr_s,amplitude,amplitude_stderr"


def test_common_time_against_stacked_scipy() -> None:
    y = recoveries(2)
    found = relaxation_of_lines(DELAYS, y, "inversion-recovery", sigma=SIGMA, common_time=True, inversion=1.9)

    def residual(p: np.ndarray) -> np.ndarray:
        return np.asarray(((y - p[1:, None] * (1.0 - 1.9 * np.exp(-DELAYS / p[0]))) / SIGMA).ravel())

    best = least_squares(residual, [2.0, 3.0, 1.0], xtol=1e-15, ftol=1e-15, gtol=1e-15)
    assert {line.time.value for line in found.lines} == {found.lines[0].time.value}
    assert found.lines[0].time.value == pytest.approx(best.x[0], rel=1e-6)
    error = np.sqrt(np.linalg.inv(best.jac.T @ best.jac)[0, 0])
    assert found.lines[0].time.stderr == pytest.approx(error, rel=1e-3)
    assert found.chi2_red == pytest.approx(2.0 * best.cost / (20 - 3), rel=1e-6)
    assert found.lines[0].inversion is None


def test_echo_decays_without_sigma_and_a_note_on_short_delays() -> None:
    y = np.array([np.exp(-DELAYS / 0.5), 2.0 * np.exp(-DELAYS / 3.0)]) + recoveries(3) * 0.0
    found = relaxation_of_lines(DELAYS, y, "echo-decay")
    assert [line.time.value for line in found.lines] == pytest.approx([0.5, 3.0], rel=1e-6)
    short = relaxation_of_lines(DELAYS[:7], recoveries(1)[:, :7], "inversion-recovery", sigma=SIGMA)
    assert "less than three times T1 of line_1, line_2" in str(short)


TABLE = """
[datasets.t1]
technique = "nmr-relaxation"
kind = "inversion-recovery"
file = "t1.csv"
columns = ["delay", "core", "sigma", "surface", "sigma"]
inversion = { value = 2, vary = true }
COMMON
[datasets.t1.parts.a]
time = { value = 1.5, vary = true }
"""


def refined_table(folder: Path, y: np.ndarray, common: str = "") -> Result:
    """Return the fit of a table of integrals as `nmr --integrate` writes it: one column a line."""
    rows = [f"{t!r},{a!r},{SIGMA},{b!r},{SIGMA}" for t, a, b in zip(DELAYS.tolist(), *y.tolist(), strict=True)]
    head = "delay,integral_1,sigma_1,integral_2,sigma_2\n"
    (folder / "t1.csv").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "study.toml").write_text(TABLE.replace("COMMON", common), encoding="utf-8")
    return read_study(folder / "study.toml").refine()


def test_lines_of_one_table_against_curve_fit(tmp_path: Path) -> None:
    """Time, amplitude and inversion of each line are its own; no points count twice."""
    y = recoveries(4)
    found = refined_table(tmp_path, y)
    for line, row in zip(("core", "surface"), y, strict=True):
        p, c = curve_fit(
            lambda t, m, f, time: m * (1.0 - f * np.exp(-t / time)), DELAYS, row, (1.0, 2.0, 2.0),
            sigma=np.full(10, SIGMA), absolute_sigma=True,
        )  # fmt: skip
        at = f"datasets.t1.lines.{line}"
        time = found.parameters[f"{at}.a.time"]
        assert time.value == pytest.approx(p[2], rel=1e-4)
        assert time.stderr == pytest.approx(np.sqrt(c[2, 2]), rel=1e-2)
        assert found.parameters[f"{at}.a.amplitude"].value == pytest.approx(p[0], rel=1e-4)
        assert found.parameters[f"{at}.inversion"].value == pytest.approx(p[1], rel=1e-4)
    assert not any("twice" in note for note in found.notes)
    assert "t1" in report_html(found)


def test_a_common_time_of_one_table_against_stacked_scipy(tmp_path: Path) -> None:
    y = recoveries(2)
    found = refined_table(tmp_path, y, 'common = ["a"]')

    def residual(p: np.ndarray) -> np.ndarray:
        return np.asarray(((y - p[1:3, None] * (1.0 - p[3:, None] * np.exp(-DELAYS / p[0]))) / SIGMA).ravel())

    best = least_squares(residual, [2.0, 3.0, 1.0, 2.0, 2.0], xtol=1e-15, ftol=1e-15, gtol=1e-15)
    time = found.parameters["datasets.t1.parts.a.time"]
    assert time.value == pytest.approx(best.x[0], rel=1e-4)
    assert time.stderr == pytest.approx(np.sqrt(np.linalg.inv(best.jac.T @ best.jac)[0, 0]), rel=1e-2)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("COMMON", 'common = ["b"]', "there is no part 'b'"),
        ('"core"', '"surface"', "name surface twice"),
        ('"delay"', '"x"', "must name delay and the lines that follow it"),
        ('["delay", "core", "sigma", "surface", "sigma"]\n', '["x", "y"]\ncommon = ["a"]\n', "is for several lines"),
        ("COMMON", '[datasets.t1.blanks.b]\nfile = "t1.csv"', "blanks: belongs to one curve"),
    ],
)
def test_wrong_tables_of_lines_are_named(old: str, new: str, problem: str, tmp_path: Path) -> None:
    text = TABLE.replace(old, new).replace("COMMON", "")
    (tmp_path / "t1.csv").write_text("1,2,3,4,5\n2,3,4,5,6\n3,4,5,6,7\n4,5,6,7,8\n5,6,7,8,9\n", encoding="utf-8")
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        read_study(tmp_path / "study.toml").refine()


def test_published_times() -> None:
    """Corners of the printed table, and that nothing is missing: 6 sizes with lecithin, 5 with ASC18, 3 with DDAB."""
    rows = cs133_relaxation()
    assert len(rows) == 3 * (6 + 5 + 3)
    by_place = {(r.ligand, r.size_nm, r.site): (r.t1_s, r.t2_ms) for r in rows}
    assert by_place["Lecithin", 5.0, "core"] == (0.3, 6.5)
    assert by_place["Lecithin", 10.5, "surface"] == (2.5, 0.2)
    assert by_place["ASC18", 3.0, "surface"] == (0.3, 1.8)
    assert by_place["ASC18", 11.0, "core"] == (None, None)
    assert by_place["DDAB", 11.0, "surface"] == (0.9, 0.5)
    series = published_cs133("t1_s")
    assert series["Lecithin, core"][1].tolist() == [0.3, 1.2, 1.6, 1.8, 2.8, 3.5]
    assert series["ASC18, core"][0].tolist() == [4.0, 5.0, 7.0]


def test_figure_of_times_against_size() -> None:
    figure = relaxation_figure(published_cs133("t2_ms"), "T2", "ms")
    traces = {t["name"]: t for t in figure["data"]}
    assert len(traces) == 9
    assert traces["DDAB, core"]["y"] == [11.5, 9.7, 1.5]
    assert traces["DDAB, core"]["line"]["color"] == traces["DDAB, surface"]["line"]["color"]
    assert traces["DDAB, core"]["marker"]["symbol"] == traces["Lecithin, core"]["marker"]["symbol"]
    assert "T2" in figure_page(figure, "T2")
    json.dumps(figure, allow_nan=False)


@pytest.mark.parametrize(
    ("delays", "names", "problem"),
    [(DELAYS[:5], [], "must have the shape"), (-DELAYS, [], "at least 0 s"), (DELAYS, ["a"], "as many as the lines")],
)
def test_wrong_input_is_named(delays: np.ndarray, names: list[str], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        relaxation_of_lines(delays, recoveries(1), "inversion-recovery", names=names)


def test_delays_that_end_too_early_are_told_of_each_line(tmp_path: Path) -> None:
    """The longest delay is 16 s: more than three times 2.8 and 1.7 s, and less than three times 8 s of one line."""
    words = "is less than three times T1 of "
    assert not any(words in note for note in refined_table(tmp_path, recoveries(4)).notes)
    slow = recoveries(4)
    slow[0] += 3.0 * 1.9 * (np.exp(-DELAYS / 2.8) - np.exp(-DELAYS / 8.0))
    told = [note for note in refined_table(tmp_path, slow).notes if words in note]
    assert len(told) == 1
    assert f"{words}lines.core.a: its equilibrium was not reached" in told[0]
