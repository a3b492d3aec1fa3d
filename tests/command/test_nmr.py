"""`nanocrystal nmr`: from a folder to CSV and page."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nanocrystal.cli.app import app
from nanocrystal.data.nmr import read_nmr
from nanocrystal.report.nmr.spectrum import nmr_spectrum_figure
from nanocrystal.spectra.processing import nmr_spectrum
from support.nmr_files import CARRIER, ZERO, fid, write_bruker

WIDTH = 20000.0
LINES = [(-3000.0, 25.0, 1e6), (1200.0, 60.0, 3e6)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    values = np.stack([fid(4096, WIDTH, LINES, phase=50.0) * k for k in (-0.5, 0.2, 1.0)])
    values = values + 2e4 * np.random.default_rng(1).normal(size=values.shape)
    return write_bruker(tmp_path / "data" / "1", values, WIDTH, delays=["0.1", "0.5", "5"])


def columns(path: Path) -> dict[str, np.ndarray]:
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def test_series_becomes_spectrum_page_and_integrals(folder: Path, tmp_path: Path) -> None:
    at = (CARRIER * 1e6 + 1200.0 - ZERO * 1e6) / ZERO
    out = tmp_path / "cs.csv"
    # lines reach far: ± 10 widths hold all but 3 % of the area, of every trace alike
    said = CliRunner().invoke(
        app, ["nmr", str(folder), "--out", str(out), "--lb", "10", "--integrate", f"{at - 10}:{at + 10}"]
    )
    assert said.exit_code == 0, said.output
    spectrum, integrals = columns(out), columns(tmp_path / "cs-integrals.csv")
    assert list(spectrum) == ["ppm", "intensity_1", "intensity_2", "intensity_3", "sigma"]
    assert spectrum["ppm"][np.argmax(spectrum["intensity_3"])] == pytest.approx(at, abs=0.1)
    assert list(integrals) == ["delay", "integral", "sigma"]
    np.testing.assert_allclose(integrals["delay"], [0.1, 0.5, 5.0])
    np.testing.assert_allclose(integrals["integral"] / integrals["integral"][2], [-0.5, 0.2, 1.0], atol=0.02)
    page = (tmp_path / "cs.html").read_text(encoding="utf-8")
    assert "\\u003csup\\u003e133\\u003c/sup\\u003eCs" in page
    assert "signal-to-noise ratio of the highest line" in page


def test_one_trace_goes_to_the_fit_of_lines(folder: Path, tmp_path: Path) -> None:
    """The CSV has the three columns that `nmr-lines` takes as they are."""
    out = tmp_path / "one.csv"
    said = CliRunner().invoke(app, ["nmr", str(folder), "--out", str(out), "--trace", "3", "--window", "0:150", "-q"])
    assert said.exit_code == 0, said.output
    found = columns(out)
    assert list(found) == ["ppm", "intensity", "sigma"]
    assert found["ppm"].min() >= 0.0
    assert found["ppm"].max() <= 150.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--phase", "best"], "--phase: must be auto, auto0, none or PH0,PH1,PIVOT, got 'best'"),
        (["--baseline", "flat"], "--baseline: must be auto, none, arpls or an order"),
        (["--integrate", "1-2"], "--integrate: must be two numbers such as 1:2, got '1-2'"),
        (["--out", "a.txt"], "must end in .csv"),
        (["--window", "900:901"], "--window: holds no points"),
        (["--trace", "9"], "--trace: must be from 1 to 3, got 9"),
        (["--tms", "400", "--nucleus", "135Cs"], "there is no nucleus '135Cs'"),
        (["--nucleus", "foo"], "--nucleus: there is no nucleus 'foo' in the table"),
        (["--lb", "nan"], "--lb: must be 0 Hz or above, got nan"),
        (["--lb", "-5"], "--lb: must be 0 Hz or above, got -5"),
        (["--gb", "-5"], "--gb: must be 0 Hz or above, got -5"),
        (["--zero-fill", "0"], "--zero-fill: must be from 1 to 64, got 0"),
        (["--phase", "nan,0"], "--phase: must be auto, auto0, none or PH0,PH1,PIVOT, got 'nan,0'"),
        (["--baseline", "9"], "--baseline: must be auto, none, arpls or an order from 0 to 8, got '9'"),
        (["--frequency", "-4"], "--frequency: must be above 0 MHz, got -4"),
        # by hand: 52.48 MHz over Ξ of 133Cs, 13.116142 %, is 400.12 MHz
        (["--tms", "52.48"], "must be the ¹H frequency of TMS in MHz near the spectrometer's, here about 400.12"),
    ],
)
def test_wrong_options_end_with_one_sentence(folder: Path, tmp_path: Path, options: list[str], message: str) -> None:
    base = [] if "--out" in options else ["--out", str(tmp_path / "x.csv")]
    said = CliRunner().invoke(app, ["nmr", str(folder), *base, *options])
    assert said.exit_code == 2
    assert message in said.output
    assert not (tmp_path / "x.csv").exists()


def test_foreign_files_are_not_replaced(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    said = CliRunner().invoke(app, ["nmr", str(folder), "--out", str(tmp_path / "mine.csv")])
    assert said.exit_code == 2
    assert "exists and is no CSV of this command" in said.output


def test_missing_package_is_named_by_the_option(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pybaselines", None)
    out = tmp_path / "x.csv"
    said = CliRunner().invoke(app, ["nmr", str(folder), "--out", str(out), "--baseline", "arpls"])
    assert said.exit_code == 2
    assert "Error: --baseline: needs the package pybaselines" in said.output


def test_tms_of_the_spectrometer_is_taken(folder: Path, tmp_path: Path) -> None:
    """400.12 MHz × 13.116142 % = 52.4803 MHz, 6 ppm above the 52.48 MHz of the file."""
    out = tmp_path / "x.csv"
    said = CliRunner().invoke(app, ["nmr", str(folder), "--out", str(out), "--tms", "400.12"])
    assert said.exit_code == 0, said.output
    assert "0 ppm is at 52.480" in said.output


@pytest.mark.parametrize("n_traces", [8, 24])
def test_legend_has_room_and_colours_of_its_own(n_traces: int, tmp_path: Path) -> None:
    """The tool bar of plotly is 30 px high; a row of the legend of 13 px letters is about 20 px."""
    values = np.stack([fid(1024, WIDTH, LINES) * k for k in range(1, n_traces + 1)])
    delays = [str(k) for k in range(1, n_traces + 1)]
    figure = nmr_spectrum_figure(nmr_spectrum(read_nmr(write_bruker(tmp_path / "1", values, WIDTH, delays=delays))))
    assert figure["layout"]["margin"]["t"] >= 30 + 20 * (n_traces // 8)
    assert len({trace["line"]["color"] for trace in figure["data"]}) >= 8


def processed_words(tmp_path: Path, lines: list[tuple[float, float, float]], *options: str) -> str:
    """Return what the command says of one FID with these lines, and that its page says the same of signs."""
    tmp_path.mkdir()
    values = fid(8192, WIDTH, lines, phase=50.0) + 2e4 * np.random.default_rng(1).normal(size=8192)
    out = tmp_path / "a.csv"
    said = CliRunner().invoke(
        app, ["nmr", str(write_bruker(tmp_path / "1", values, WIDTH, nucleus="<1H>")), "--out", str(out), *options]
    )
    assert said.exit_code == 0, said.output
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert ("more than 2 % of the signal is negative" in page) == ("more than 2 % of the signal" in said.output)
    assert "negative signal" in page
    return said.output


UPRIGHT = [(f, 25.0, 1e6) for f in (-7000.0, -6400.0, -2500.0, -1900.0, 2100.0, 2600.0, 6000.0, 6900.0)]
BOTH = [(f, g, a if k % 2 else -a) for k, (f, g, a) in enumerate(UPRIGHT)]


def share_of(said: str) -> float:
    """Return the share of negative signal that the terminal shows, %."""
    return float(said.split("negative signal: ")[1].split(" %")[0])


def test_share_of_negative_signal_and_its_warning(tmp_path: Path) -> None:
    """Lines of both signs are warned of unless they are asked for; upright ones and a right phase are not."""
    warning = "more than 2 % of the signal is negative: phase or baseline are not right"
    good = processed_words(tmp_path / "good", UPRIGHT)
    assert share_of(good) < 1.0
    assert warning not in good
    assert warning in processed_words(tmp_path / "both", BOTH)
    asked = processed_words(tmp_path / "asked", BOTH, "--both-signs")
    assert warning not in asked
    assert share_of(asked) == pytest.approx(50.0, abs=3.0)
    assert warning in processed_words(tmp_path / "turned", UPRIGHT, "--phase", "80")


def test_protons_that_exchange_are_said_of_integrals_of_protons(folder: Path, tmp_path: Path) -> None:
    words = "integrals of protons that exchange with water"
    assert words in processed_words(tmp_path / "a", UPRIGHT, "--integrate", "10:60")
    assert words not in processed_words(tmp_path / "b", UPRIGHT)
    said = CliRunner().invoke(app, ["nmr", str(folder), "--out", str(tmp_path / "c.csv"), "--integrate", "10:60"])
    assert said.exit_code == 0, said.output
    assert words not in said.output


def test_integrals_of_one_spectrum_are_rows_of_its_page(tmp_path: Path) -> None:
    """From where to where, and over the first; the CSV keeps one row a trace."""
    processed_words(tmp_path / "a", UPRIGHT, "--integrate", "0:40,40:100")
    page = (tmp_path / "a" / "a.html").read_text(encoding="utf-8")
    for heading in ("from (ppm)", "over the first"):
        assert heading in page
    found = columns(tmp_path / "a" / "a-integrals.csv")
    assert list(found) == ["trace", "integral_1", "sigma_1", "integral_2", "sigma_2"]
