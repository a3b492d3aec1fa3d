"""Images in a study: the command from counts on a detector to G(r) and a report, and one sentence for each mistake."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from nanocrystal.cli.app import app
from nanocrystal.data import read_curve
from nanocrystal.errors import InputError
from nanocrystal.study.reduction import read_reductions
from support.ring_images import Bench, FloatArray, line_positions, pattern

fabio = pytest.importorskip("fabio", reason="the extra nanocrystal[images] is not installed")
pytest.importorskip("pyFAI", reason="the extra nanocrystal[images] is not installed")

BENCH = Bench(shape=(200, 240), pixel=250e-6)
SCALE, EMPTY = 400.0, 60.0
STUDY = """
title = "Rings"

[reduction.ceria]
composition = "CeO2"
r = "0:20:0.02"

[reduction.ceria.image]
file = "ceria_*.tif"
calibration = "bench.poni"
mask = "mask.npy"
polarization = 0.9
monitor = [1.0, 3.0]
saturation = 60000

[reduction.ceria.blanks.empty]
scale = 1.0
image = { file = "empty.edf", monitor = 2.0 }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two images of a sample, one without it, their mask and the calibration."""
    rng = np.random.default_rng(21)
    empty = EMPTY * BENCH.response(0.9)[..., 0]
    for monitor in (1, 3):
        counts = rng.poisson(monitor * (BENCH.image(SCALE, 0.9) + empty)).astype(np.uint16)
        counts[50:53] = 0
        counts[120, 30:40] = 65000
        fabio.tifimage.TifImage(data=counts).write(str(tmp_path / f"ceria_{monitor}.tif"))
    fabio.edfimage.EdfImage(data=rng.poisson(2.0 * empty)).write(str(tmp_path / "empty.edf"))
    mask = np.zeros(BENCH.shape, dtype=bool)
    mask[50:53] = True
    np.save(tmp_path / "mask.npy", mask)
    BENCH.write(tmp_path / "bench.poni")
    return tmp_path


def study(folder: Path, text: str = STUDY) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str) -> InputError:
    """Return the error of a study; one sentence that says where."""
    with pytest.raises(InputError) as caught:
        read_reductions(study(folder, text)).run()
    error = caught.value
    assert "study.toml" in error.where
    assert "\n" not in str(error)
    return error


def changed(*pairs: tuple[str, str]) -> str:
    """Return the study with parts replaced."""
    text = STUDY
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


# ---- from images to G(r) ------------------------------------------------------------------------------


def test_command_starts_from_images(folder: Path) -> None:
    result = CliRunner().invoke(app, ["reduce", str(study(folder)), "--out", str(folder / "out")])
    assert result.exit_code == 0, result.stderr
    out = folder / "out"
    curve = read_curve(out / "ceria.iq")
    assert curve.sigma is not None
    wide = curve.x > 7.0  # smooth there: no bin is wider than the structure
    z = (curve.y - SCALE * pattern(curve.x))[wide] / curve.sigma[wide]
    assert np.sqrt(np.mean(z**2)) == pytest.approx(1.0, abs=0.2)
    assert curve.x[np.argmax(curve.y)] == pytest.approx(line_positions()[0], abs=0.05)
    over_angle = read_curve(out / "ceria.xye")
    assert over_angle.x_name == "two_theta"
    assert over_angle.x[np.argmax(over_angle.y)] == pytest.approx(
        np.degrees(2.0 * np.arcsin(line_positions()[0] * 0.2 / (4.0 * np.pi))), abs=0.1
    )
    assert (out / "ceria_blank_empty.xye").is_file()
    document = json.loads((out / "reduction.json").read_text(encoding="utf-8"))
    facts = document["images"]["ceria"]
    assert facts["pixels_left_out"] == {"mask": 3 * 240, "saturated": 10}
    assert facts["pixels_used"] == 200 * 240 - 3 * 240 - 10
    assert facts["monitor"] == 4.0
    assert document["images"]["ceria.blanks.empty"]["settings"]["polarization"] == 0.9
    assert document["images"]["ceria.blanks.empty"]["pixels_left_out"] == {"mask": 3 * 240}
    assert set(document["inputs"]) == {"ceria_1.tif", "ceria_3.tif", "bench.poni", "mask.npy", "empty.edf"}
    assert float(document["reductions"]["ceria"]["settings"]["wavelength"]) == pytest.approx(0.2)
    again = CliRunner().invoke(app, ["reduce", str(study(folder)), "--out", str(out), "--quiet"])
    assert again.exit_code == 0, again.stderr


def test_report_shows_image_mask_and_cake(folder: Path) -> None:
    page = read_reductions(study(folder)).run().page()
    assert "Detector images" in page
    assert page.count('"type":"heatmap"') == 7  # two cakes, two images, three kinds of left-out pixels
    assert "saturated" in page
    assert "direct beam" in page
    assert "<b>ceria_1.tif and 1 more</b>" in page


def test_data_set_takes_its_curve_from_images(folder: Path) -> None:
    text = STUDY + '[datasets.pdf]\ntechnique = "pdf"\nreduction = "ceria"\n'
    text += '[crystals.c]\nlibrary = "Ni"\nu_iso = { Ni = 0.005 }\n'
    text += '[populations.p]\ncrystal = "c"\nshape = "sphere"\ndiameter = 40.0\n'
    from nanocrystal.study import read_study

    described = read_study(study(folder, text))
    supplied = described.datasets["pdf"].file
    assert str(supplied) == "ceria_*.tif (reduction ceria)"
    assert supplied.curve().x_name == "r"


# ---- what is drawn ------------------------------------------------------------------------------------


def test_coarser_image_keeps_masks_and_single_spots() -> None:
    from nanocrystal.reduction.image_pixels import MASKED, SATURATED, USED
    from nanocrystal.reduction.image_views import View, coarser

    counts = np.arange(48.0).reshape(6, 8)
    codes = np.zeros((6, 8), dtype=np.uint8)
    codes[:2, :2] = MASKED
    codes[0, 4] = MASKED  # one of four is not enough
    codes[4, 6] = SATURATED
    counts[4, 6] = 1e6
    mean, shown = coarser(View("a", counts, codes, (0.0, 0.0)), 2)
    assert mean.shape == shown.shape == (3, 4)
    expected = np.full((3, 4), USED)
    expected[0, 0], expected[2, 3] = MASKED, SATURATED
    np.testing.assert_array_equal(shown, expected)
    assert mean[1, 1] == pytest.approx((18.0 + 19.0 + 26.0 + 27.0) / 4.0)
    assert mean[0, 0] == pytest.approx((0.0 + 1.0 + 8.0 + 9.0) / 4.0)  # no pixel is used: that of all
    assert mean[0, 2] == pytest.approx((5.0 + 12.0 + 13.0) / 3.0)
    assert mean[2, 3] == pytest.approx((39.0 + 46.0 + 47.0) / 3.0)


def test_maps_are_packed_row_by_row() -> None:
    import base64

    from nanocrystal.report.reduction.image_figures import packed

    found = packed(np.array([[1.5, 2.5, -3.0], [4.0, 5.0, 6.0]], dtype=np.float32))
    assert found["shape"] == "2, 3"
    assert found["dtype"] == "f4"
    plain = np.frombuffer(base64.b64decode(found["bdata"]), dtype="<f4")
    np.testing.assert_array_equal(plain, [1.5, 2.5, -3.0, 4.0, 5.0, 6.0])


# ---- one sentence for each mistake --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "where", "sentence"),
    [
        ([('calibration = "bench.poni"', "")], "image.calibration", "is missing; name the .poni file"),
        ([('"bench.poni"', '"bensh.poni"')], "image.calibration", "did you mean 'bench.poni'"),
        ([('"bench.poni"', '"mask.npy"')], "image.calibration", "is not a calibration"),
        ([('"bench.poni"', '"text.txt"')], "image.calibration", "distance and poni1 and poni2 missing"),
        ([('"bench.poni"', '"large.poni"')], "image.calibration", "is for a detector of 300 × 240 pixels"),
        ([('"bench.poni"', '"dark.poni"')], "image.calibration", "has no wavelength; give wavelength (Å) or energy"),
        ([('"mask.npy"', '"small.npy"')], "image.mask", "the mask small.npy has 20 × 240 pixels, but the images have"),
        (
            [('"mask.npy"', '"full.npy"')],
            "image.mask",
            "no pixels are left of ceria_1.tif and 1 more (mask 48000); if the mask",
        ),
        ([('"mask.npy"', '"text.npy"')], "image.mask", "is not a NumPy array"),
        ([('"ceria_*.tif"', '"text.txt"')], "image.file", "text.txt is not an image that fabio can read"),
        ([('"ceria_*.tif"', '"xeria_*.tif"')], "image.file", "no file in"),
        ([('"ceria_*.tif"', '["ceria_1.tif", "small.edf"]')], "image.file", "small.edf has 20 × 240 pixels"),
        ([('"ceria_*.tif"', '"negative.edf"'), ("[1.0, 3.0]", "1.0")], "image.file", "has negative counts in 2 pixels"),
        ([('"ceria_*.tif"', '"color.tif"')], "image.file", "one value for each pixel"),
        ([('r = "0', 'wavelength = 0.2\nenergy = 70000\nr = "0')], "energy", "but wavelength says 0.2"),
        ([('r = "0', 'energy = 70000\nr = "0')], "energy", "but the calibration bench.poni was made with 0.2 Å"),
        ([('r = "0', 'wavelength = 0.3\nr = "0')], "wavelength", "says 0.3 Å, but the calibration"),
        ([("[1.0, 3.0]", "[1.0, 2.0, 3.0]")], "image.monitor", "has 3 numbers for 2 frames in 2 files"),
        ([("[1.0, 3.0]", "[1.0, 0.0]")], "image.monitor", "counts must be above 0, got 0"),
        ([("[1.0, 3.0]", '"I0"')], "image.monitor", "has no key 'I0'"),
        ([("polarization = 0.9", "polarization = 1.5")], "image.polarization", "lies within ±1; got 1.5"),
        ([('r = "0', 'polarization = 0.5\nr = "0')], "polarization", "would correct once more"),
        ([('r = "0', 'file = "x.chi"\nr = "0')], "image", "stands beside file"),
        ([('r = "0', 'sigma = "counting"\nr = "0')], "sigma", "say error_model in the image"),
        ([("saturation = 60000", "saturation = -1")], "image.saturation", "must be above 0, got -1"),
        ([("saturation = 60000", "azimuth_range = [20, -20]")], "image.azimuth_range", "needs low < high"),
        ([("saturation = 60000", "n_points = 3")], "image.n_points", "must lie within 20 and 100000"),
        ([("saturation = 60000", "arm_angles = [0.0]")], "image.arm_angles", "has 1 angles for 2 images"),
        ([("saturation = 60000", 'dark = "small.edf"')], "image.dark", "the dark small.edf has 20 × 240 pixels"),
        ([("saturation = 60000", 'flat = "small.edf"')], "image.flat", "the flat field small.edf has 20 × 240 pixels"),
        ([("saturation = 60000", "beamstop = 3")], "image.beamstop", "did you mean 'beam_stop'"),
    ],
)
def test_mistakes_are_named(folder: Path, pairs: list[tuple[str, str]], where: str, sentence: str) -> None:
    (folder / "text.txt").write_text("no image, no calibration\n", encoding="utf-8")
    (folder / "text.npy").write_text("no array\n", encoding="utf-8")
    np.save(folder / "small.npy", np.zeros((20, 240)))
    np.save(folder / "full.npy", np.ones(BENCH.shape))
    replace(BENCH, shape=(300, 240)).write(folder / "large.poni")
    BENCH.write(folder / "dark.poni", wavelength=False)
    write(folder / "small.edf", np.ones((20, 240)))
    negative = BENCH.image(SCALE)
    negative[70, 80:82] = -5.0
    write(folder / "negative.edf", negative)
    from PIL import Image

    Image.fromarray(np.zeros((*BENCH.shape, 3), dtype=np.uint8)).save(folder / "color.tif")
    error = refused(folder, changed(*pairs))
    assert f"reduction.ceria.{where}" in error.where
    assert sentence in error.problem


def write(path: Path, counts: FloatArray) -> None:
    fabio.edfimage.EdfImage(data=counts).write(str(path))


def test_neither_file_nor_image(folder: Path) -> None:
    error = refused(folder, '[reduction.ceria]\ncomposition = "CeO2"\n')
    assert "is missing: name the measured curve, or detector images in [reduction.ceria.image]" in error.problem


@pytest.mark.parametrize("module", ["pyFAI", "fabio"])
def test_missing_program_is_named_with_the_line_that_installs_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    error = refused(folder, STUDY)
    assert f"detector images need {module}" in error.problem
    assert error.problem.endswith('install it with: pip install "nanocrystal[images]"')


def test_stated_wavelength_stands_in_for_one_that_the_calibration_lacks(folder: Path) -> None:
    BENCH.write(folder / "dark.poni", wavelength=False)
    energy = 12398.419843320026 / 0.2
    text = changed(('"bench.poni"', '"dark.poni"'), ('r = "0', f'energy = {energy}\nr = "0'))
    with_energy, plain = (read_reductions(study(folder, t)).run().images["ceria"] for t in (text, STUDY))
    np.testing.assert_allclose(with_energy.q, plain.q, rtol=1e-9)


def test_minimum_that_cuts_into_the_counts_is_told(folder: Path) -> None:
    rng = np.random.default_rng(2)
    write(folder / "weak.edf", rng.poisson(BENCH.image(2.0)))
    pairs: list[Any] = [('"ceria_*.tif"', '"weak.edf"'), ("[1.0, 3.0]", "1.0"), ("saturation = 60000", "minimum = 1")]
    pairs.append(("scale = 1.0", "scale = 0.001"))
    notes = read_reductions(study(folder, changed(*pairs))).run().reductions["ceria"].notes
    assert any("makes the intensity too high" in note for note in notes)
