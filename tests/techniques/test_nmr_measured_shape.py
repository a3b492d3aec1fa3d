"""Lines of measured shape in a study, and what is said of solids where mrsimulator is not installed."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.analysis.nmr_solids import SolidSite, solid_spectrum
from nanocrystal.errors import InputError
from nanocrystal.simulation import simulated_curves
from nanocrystal.study import read_study

PPM = np.linspace(0.0, 100.0, 801)
SHAPE = np.linspace(-20.0, 30.0, 1001)
MHZ = 50.0
SIGMAS = 2.0 * np.sqrt(2.0 * np.log(2.0))
STUDY = """
[datasets.spectrum]
technique = "nmr-lines"
file = "spectrum.csv"
columns = ["ppm", "y", "sigma"]
spectrometer_frequency = 50.0
[datasets.spectrum.lines.a]
shape = "measured"
samples = "shape.csv"
position = { value = 40, vary = true }
fwhm = { value = 60, vary = true }
"""


def two_gaussians(x: np.ndarray, position: float, width: float) -> np.ndarray:
    """Return Gaussians of areas 0.75 at `position` and 0.25 at 8 more, their σ 1.5 and 2, broadened by σ = width."""
    total = np.zeros_like(x)
    for part, place, sigma in ((0.75, 0.0, 1.5), (0.25, 8.0, 2.0)):
        s = np.hypot(sigma, width)
        total += part * np.exp(-0.5 * ((x - position - place) / s) ** 2) / (s * np.sqrt(2.0 * np.pi))
    return total


def folder_with(folder: Path, text: str = STUDY, axis: np.ndarray = SHAPE, factor: float = 7.0) -> Path:
    """Write a study, a spectrum of 30 areas of the shape at 42 ppm, broadened by 100 Hz (2 ppm), and the shape."""
    rng = np.random.default_rng(5)
    y = 30.0 * two_gaussians(PPM, 42.0, 2.0 / SIGMAS) + 0.5 + rng.normal(0.0, 0.02, len(PPM))
    np.savetxt(folder / "spectrum.csv", np.column_stack([PPM, y, np.full_like(PPM, 0.02)]), delimiter=",")
    shape = np.column_stack([axis, factor * two_gaussians(axis, 0.0, 0.0)])
    np.savetxt(folder / "shape.csv", shape, delimiter=",", header="ppm,intensity", comments="")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"


# ---- measured shapes ----------------------------------------------------------------------------


@pytest.mark.parametrize("even", [True, False])
def test_a_measured_shape_is_found_moved_and_broadened(tmp_path: Path, even: bool) -> None:
    """Broadened Gaussians are Gaussians: what went in is known in closed form."""
    uneven = np.concatenate([np.linspace(-20.0, 5.0, 400, endpoint=False), np.linspace(5.0, 30.0, 300)])
    result = read_study(folder_with(tmp_path, axis=SHAPE if even else uneven)).refine()
    truth = {"position": 42.0, "fwhm": 100.0, "area": 30.0}
    for name, value in truth.items():
        found = result.parameters[f"datasets.spectrum.lines.a.{name}"]
        assert abs(found.value - value) < 4.0 * found.stderr, name
    assert 0.8 < result.datasets["spectrum"].chi2_red < 1.2
    assert hashlib.sha256((tmp_path / "shape.csv").read_bytes()).hexdigest() in result.inputs.values()


def test_a_shape_left_as_it_is_has_no_width(tmp_path: Path) -> None:
    """Without fwhm and at position 0 the calculated curve is the file, scaled to unit area, times the area."""
    text = STUDY.replace("value = 40, vary = true", "value = 35").replace("fwhm = { value = 60, vary = true }", "")
    text = text.replace('file = "spectrum.csv"', 'x = "20:60:0.5"').replace('columns = ["ppm", "y", "sigma"]', "")
    study = read_study(folder_with(tmp_path, text))
    calculated = simulated_curves(study.sample, study.datasets, tmp_path)["spectrum"]["intensity"]
    x = np.linspace(20.0, 60.0, 81)
    np.testing.assert_allclose(calculated, two_gaussians(x, 35.0, 0.0), atol=1e-9)


def test_many_points_are_calculated_in_pieces(tmp_path: Path) -> None:
    """Pieces give what the whole gives."""
    from nanocrystal.measurement.nmr.shapes import measured_form

    folder_with(tmp_path)
    x = np.linspace(0.0, 100.0, 5001)
    _, whole = measured_form("shape.csv", None, "a", tmp_path, 10)
    _, pieces = measured_form("shape.csv", None, "a", tmp_path, len(x))
    some = slice(1800, 2300)
    np.testing.assert_array_equal(pieces.stacked(x, 40.0, 1.0)[:, some], whole.stacked(x[some], 40.0, 1.0))


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ('samples = "shape.csv"', "", "lines.a.samples", "is missing"),
        ('shape = "measured"', 'shape = "gaussian"', "lines.a.samples", 'for shape = "measured"'),
        ("value = 40", "value = 400", "lines.a.position", "outside of the fitted range"),
        ('samples = "shape.csv"', 'samples = "none.csv"', "lines.a.samples", "no file"),
        ('samples = "shape.csv"', 'samples = "shape.csv"\ncq = 1e5', "lines.a.cq", "no parameter of a measured"),
        ('"measured"', '"mesured"', "lines.a.shape", "measured"),
    ],
)
def test_what_cannot_be_a_measured_shape_is_named(tmp_path: Path, old: str, new: str, where: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_study(folder_with(tmp_path, STUDY.replace(old, new))).refine()
    assert where in caught.value.where
    assert words in caught.value.problem


def test_long_files_and_those_without_area_are_refused(tmp_path: Path) -> None:
    path = folder_with(tmp_path, axis=np.linspace(-20.0, 30.0, 5001))
    with pytest.raises(InputError, match="samples_range"):
        read_study(path).refine()
    cut = STUDY.replace('samples = "shape.csv"', 'samples = "shape.csv"\nsamples_range = [-8, 18]')
    (tmp_path / "study.toml").write_text(cut, encoding="utf-8")
    assert read_study(path).refine().parameters["datasets.spectrum.lines.a.position"].value == pytest.approx(
        42, abs=0.1
    )
    with pytest.raises(InputError, match="no positive area"):
        read_study(folder_with(tmp_path, factor=-1.0)).refine()


# ---- without mrsimulator ------------------------------------------------------------------------

SOLID = """
[datasets.spectrum]
technique = "nmr-lines"
x = "0:100:0.5"
spectrometer_frequency = 52.5
nucleus = "133Cs"
[datasets.spectrum.lines.a]
shape = "solid"
position = 50
fwhm = 200
"""


def test_without_mrsimulator_the_message_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.split(".")[0] == "mrsimulator"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mrsimulator", None)
    (tmp_path / "study.toml").write_text(SOLID, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_study(tmp_path / "study.toml")
    assert caught.value.where.endswith("datasets.spectrum.lines.a.shape")
    assert 'pip install "nanocrystal[solids]"' in caught.value.problem
    with pytest.raises(InputError, match=r'pip install "nanocrystal\[solids\]"'):
        solid_spectrum(SolidSite(csa=50.0), "29Si", 79.5, 100.0)


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ('nucleus = "133Cs"', "", "lines.a.shape", 'nucleus = "133Cs"'),
        ('nucleus = "133Cs"', 'nucleus = "133Cx"', "nucleus", "no nucleus"),
        (
            "fwhm = 200",
            "fwhm = 200\nspinning_rate = { value = 1e4, vary = true }",
            "spinning_rate",
            "cannot be refined",
        ),
        ("fwhm = 200", "fwhm = 200\nsamples = 'a.csv'", "lines.a.samples", 'this one is "solid"'),
    ],
)
def test_what_a_solid_needs_is_said_before_anything_is_simulated(
    tmp_path: Path, old: str, new: str, where: str, words: str
) -> None:
    (tmp_path / "study.toml").write_text(SOLID.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_study(tmp_path / "study.toml")
    assert where in caught.value.where
    assert words in caught.value.problem
