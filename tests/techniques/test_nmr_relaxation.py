"""Relaxation of several lines against scipy, and the published ¹³³Cs times as they are printed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import curve_fit, least_squares

from nanocrystal.analysis.nmr_relaxation import published_cs133, relaxation_of_lines
from nanocrystal.errors import InputError
from nanocrystal.report.analysis_figures import figure_page
from nanocrystal.report.nmr.figures import relaxation_figure
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
