"""Figures of the analyses hold the numbers that they show."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nanocrystal import Cluster
from nanocrystal.analysis import (
    MetricOptions,
    PeakOptions,
    cubic_metric,
    distance_profile,
    einstein_displacement,
    fit_displacements,
    free_energy,
)
from nanocrystal.report.analysis_figures import (
    displacements_figure,
    distances_figure,
    figure_page,
    free_energy_figure,
    metric_figure,
    peaks_figure,
)

A = 5.6


@pytest.fixture(scope="module")
def metric():
    q = np.arange(0.9, 2.4, 0.005)
    y = 10.0 + sum(100.0 * np.exp(-0.5 * ((q - 2.0 * np.pi * np.sqrt(n) / A) / 0.02) ** 2) for n in (1, 2, 4))
    return cubic_metric(q, y, np.sqrt(y), a=A, options=MetricOptions(profile=PeakOptions(mixing=0.0)))


def test_cell_parameters_are_drawn_odd_and_even_apart(metric) -> None:
    figure = metric_figure(metric)
    even, odd = figure["data"]
    assert even["text"] == ["110", "200"]
    assert odd["text"] == ["100"]  # 111 is missing
    assert odd["y"] == pytest.approx([A], abs=1e-4)
    assert even["x"] == pytest.approx([2.0 * np.pi * np.sqrt(n) / A for n in (2, 4)], abs=1e-4)
    assert even["marker"]["color"] != odd["marker"]["color"]
    assert all(e > 0.0 for e in even["error_y"]["array"])


def test_peaks_are_drawn_with_their_background_and_difference(metric) -> None:
    figure = peaks_figure(metric.fit)
    assert [t["name"] for t in figure["data"]] == ["Observed", "Background", "Calculated", "Difference"]
    ticks = [s["x0"] for s in figure["layout"]["shapes"] if s["x0"] == s["x1"]]
    assert ticks == pytest.approx([2.0 * np.pi * np.sqrt(n) / A for n in (1, 2, 4)], abs=1e-4)


def test_displacements_are_drawn_from_0_kelvin() -> None:
    t = np.array([50.0, 100.0, 200.0, 300.0])
    fits = fit_displacements(t, einstein_displacement(t, 70.0, 132.9), np.full(4, 1e-4), element="Cs")
    observed, linear, einstein, debye = displacements_figure(fits)["data"]
    assert observed["x"] == t.tolist()
    assert [c["name"] for c in (linear, einstein, debye)] == ["Linear", "Einstein", "Debye"]
    assert einstein["x"][0] == 0.0
    assert einstein["y"][0] == pytest.approx(einstein_displacement([0.0], 70.0, 132.9)[0], rel=1e-3)


def test_distances_and_free_energies() -> None:
    cluster = Cluster(("Cs", "Cs", "Cs"), np.array([[0.0, 0, 0], [5.0, 0, 0], [11.0, 0, 0]]), "three")
    atoms, shells = distances_figure(distance_profile(cluster, "Cs", "Cs", cutoff=7.0))["data"]
    assert atoms["y"] == [5.0, 5.5, 6.0]
    assert shells["y"] == [5.5]
    *_, total = free_energy_figure(free_energy([1.0, 8.0], 100.0, 0.001, 0.0, 1.0))["data"]
    assert total["y"] == pytest.approx([0.0, 3e-19 / 1.602176634e-19])  # 3 γ L² (2 − 1)


def test_page_is_whole_and_text_stays_text(metric) -> None:
    page = figure_page(metric_figure(metric), "<b>CsPbCl3</b>")
    assert "&lt;b&gt;CsPbCl3" in page
    assert "Plotly.newPlot('figure'" in page
    start = page.index("const drawn = ") + len("const drawn = ")
    drawn = json.loads(page[start : page.index(";\nPlotly.newPlot")])
    assert drawn == metric_figure(metric)
