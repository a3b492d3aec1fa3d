"""Powder rings made by hand, each pixel's Q from vectors, go in; the I(Q) they were made from comes out."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import curve_fit

from support.ring_images import Bench, FloatArray, line_positions, pattern

pytest.importorskip("pyFAI", reason="the extra nanocrystal[images] is not installed")
fabio = pytest.importorskip("fabio", reason="the extra nanocrystal[images] is not installed")

from nanocrystal.cost import allowing  # noqa: E402
from nanocrystal.errors import InputError  # noqa: E402
from nanocrystal.reduction.image import ImageSettings, IntegratedImage, integrated_image  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def few_objects_to_collect() -> Iterator[None]:
    """pyFAI collects garbage with every calibration it reads, which takes long among the objects of all other tests."""
    gc.freeze()
    yield
    gc.unfreeze()


SMALL = Bench(shape=(90, 110), pixel=500e-6)


def write_edf(path: Path, counts: Any, **header: str) -> None:
    fabio.edfimage.EdfImage(data=np.asarray(counts), header=header).write(str(path))


def integrated(folder: Path, bench: Bench, counts: Any, **settings: Any) -> IntegratedImage:
    """Return what is found of one image on a bench."""
    write_edf(folder / "image.edf", counts)
    bench.write(folder / "bench.poni")
    return integrated_image(ImageSettings(file=("image.edf",), calibration=("bench.poni",), **settings), folder)


def binned(bench: Bench, n: int, used: Any = None, flat: Any = 1.0, polarization: float | None = None) -> FloatArray:
    """Return the mean of the pattern over the pixels of each of n bins, weighted with what they count, by hand."""
    used = np.ones(bench.shape, dtype=bool) if used is None else used
    q, response = bench.q()[..., 0][used], (bench.response(polarization)[..., 0] * flat)[used]
    edges = np.linspace(q.min(), q.max() * (1.0 + 1e-6), n + 1)
    norm = np.histogram(q, edges, weights=response)[0]
    return np.asarray(np.histogram(q, edges, weights=response * pattern(q))[0][norm > 0.0] / norm[norm > 0.0])


def root_mean_square(found: IntegratedImage, expected: FloatArray) -> float:
    """Return the root mean square of (found − expected)/σ, over what is about 1."""
    assert found.sigma is not None
    assert len(expected) == len(found.q)
    return float(np.sqrt(np.mean(((found.intensity - expected) / found.sigma)[found.q > 1.0] ** 2)))


# ---- geometry and scale ---------------------------------------------------------------------------------


def test_every_pixel_is_where_vectors_put_it(tmp_path: Path) -> None:
    from nanocrystal.reduction.image_geometry import geometry

    bench = Bench()
    found = geometry(bench.write(tmp_path / "a.poni"), bench.shape, None, None, "", "")
    np.testing.assert_allclose(found.q, bench.q()[..., 0], rtol=1e-12)
    turn = (found.azimuth - bench.azimuth()[..., 0] + 180.0) % 360.0 - 180.0
    np.testing.assert_allclose(turn, 0.0, atol=1e-9)
    np.testing.assert_allclose(found.response(True, 0.95), bench.response(0.95)[..., 0], rtol=1e-6)


def test_intensity_comes_back_on_its_own_scale(tmp_path: Path) -> None:
    """Solid angle and polarisation on a tilted detector; no scale is fitted."""
    bench = Bench()
    found = integrated(tmp_path, bench, bench.image(1e4, 0.95), polarization=0.95, n_points=1500)
    np.testing.assert_allclose(found.intensity / 1e4, pattern(found.q), atol=2e-3 * pattern(line_positions()).max())
    smooth = found.q > 8.0
    np.testing.assert_allclose(found.intensity[smooth] / 1e4, pattern(found.q[smooth]), rtol=2e-5)
    assert found.used == 500 * 600
    assert found.left_out == {}
    assert found.wavelength == pytest.approx(0.2)


@pytest.mark.parametrize("wrong", [{"polarization": None}, {"polarization": -0.95}, {"solid_angle": False}])
def test_each_correction_matters(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """The agreement above is no accident of corrections that do nothing."""
    bench = Bench()
    settings = {"polarization": 0.95, "n_points": 1500} | wrong
    found = integrated(tmp_path, bench, bench.image(1e4, 0.95), **settings)
    assert np.abs(found.intensity / 1e4 / pattern(found.q) - 1.0)[found.q > 8.0].max() > 0.005


@pytest.mark.parametrize("splitting", ["none", "bbox", "full"])
def test_lines_are_where_they_are_to_one_in_ten_thousand(tmp_path: Path, splitting: str) -> None:
    """Counts of whole pixels (the mean of nine points in each) on a tilted detector, one bin a pixel."""
    bench = Bench(fineness=3)
    found = integrated(tmp_path, bench, bench.image(1e5), splitting=splitting)
    for k in (0, 1, 2):  # those that stand alone
        at = line_positions()[k]
        np.testing.assert_allclose(_fitted_position(found, at), at, rtol=1e-4)


def _fitted_position(found: IntegratedImage, near: float) -> float:
    def line(q: FloatArray, at: float, height: float, width: float, level: float, slope: float) -> FloatArray:
        return np.asarray(height * np.exp(-0.5 * ((q - at) / width) ** 2) + level + slope * (q - near))

    inside = np.abs(found.q - near) < 0.14
    q, y = found.q[inside], found.intensity[inside]
    values, _ = curve_fit(line, q, y, (near, y.max() - y.min(), 0.05, y.min(), 0.0))
    return float(values[0])


def test_two_theta_is_that_of_the_pixels(tmp_path: Path) -> None:
    bench = Bench()
    curve = integrated(tmp_path, bench, bench.image(1e5)).curve("two_theta")
    ways = bench.ways()[..., 0, :]
    angle = np.degrees(np.arccos(ways[..., 2] / np.linalg.norm(ways, axis=-1)))
    assert curve.x_name == "two_theta"
    assert curve.x[0] == pytest.approx(angle.min(), abs=0.05)
    assert curve.x[-1] == pytest.approx(angle.max(), abs=0.05)
    expected = np.degrees(2.0 * np.arcsin(line_positions()[0] * 0.2 / (4.0 * np.pi)))
    assert curve.x[np.argmax(curve.y)] == pytest.approx(expected, abs=0.03)


def test_direct_beam_is_on_the_detector_where_q_vanishes(tmp_path: Path) -> None:
    bench = Bench()
    column, row = integrated(tmp_path, bench, bench.image(1e4)).views[0].beam
    least = np.unravel_index(int(np.argmin(bench.q()[..., 0])), bench.shape)
    np.testing.assert_allclose((row, column), np.array(least) + 0.5, atol=0.6)


# ---- counting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scale", "photon"), [(100.0, 1.0), (0.02, 1.0), (100.0, 7.0)])
def test_sigma_is_the_scatter_over_many_exposures(tmp_path: Path, scale: float, photon: float) -> None:
    """Many counts, few (0.01 to 0.1 a pixel), and a detector that gives seven counts for a photon."""
    expected = SMALL.image(scale)
    rng = np.random.default_rng(7)
    runs = [
        integrated(tmp_path, SMALL, photon * rng.poisson(expected / photon), n_points=40, counts_per_photon=photon)
        for _ in range(25)
    ]
    values, sigmas = np.array([r.intensity for r in runs]), np.array([r.sigma for r in runs])
    ratio = values.var(axis=0, ddof=1) / (sigmas**2).mean(axis=0)
    several = (sigmas**2).mean(axis=0) < (values.mean(axis=0) ** 2)  # bins of more than a photon
    # each of ~40 variances of 25 runs is known to sqrt(2/24) = 29 %, so their mean to 5 %
    assert ratio[several].mean() == pytest.approx(1.0, abs=0.15)
    assert ratio[several].min() > 0.2
    np.testing.assert_array_less(
        np.abs(values.mean(axis=0) - scale * binned(SMALL, 40)), 4.5 * values.std(axis=0) / 5.0
    )


def test_sigma_from_the_scatter_in_each_ring(tmp_path: Path) -> None:
    """A detector of unknown noise: 3 counts of Gaussian noise in each pixel."""
    bench = Bench(shape=(200, 240), pixel=250e-6)
    expected = bench.image(50.0)
    noisy = expected + np.random.default_rng(3).normal(0.0, 3.0, bench.shape)
    found = integrated(tmp_path, bench, noisy, error_model="azimuthal", n_points=150, solid_angle=False)
    assert found.sigma is not None
    q = bench.q()[..., 0].ravel()
    edges = np.linspace(q.min(), q.max() * (1.0 + 1e-6), 151)
    count = np.histogram(q, edges)[0]
    counted = count[count > 0]
    many = counted > 100
    smooth = many & (found.q > 8.0)
    np.testing.assert_allclose(found.sigma[smooth], 3.0 / np.sqrt(counted[smooth]), rtol=0.35)
    assert np.mean(found.sigma[smooth] * np.sqrt(counted[smooth])) == pytest.approx(3.0, rel=0.03)


def test_no_sigma_where_none_is_asked_for(tmp_path: Path) -> None:
    assert integrated(tmp_path, SMALL, SMALL.image(100.0), error_model="none").sigma is None


# ---- pixels ---------------------------------------------------------------------------------------------


def spoilt(bench: Bench) -> tuple[FloatArray, np.ndarray]:
    """Return counts with dead rows, a hot block, saturated and stopped pixels, and where these are."""
    counts = np.random.default_rng(11).poisson(bench.image(2000.0)).astype(float)
    bad = np.zeros(bench.shape, dtype=bool)
    bad[20:24, :] = True  # dead rows
    counts[20:24, :] = 0.0
    bad[60:70, 70:80] = True
    counts[60:70, 70:80] = 9e5
    return counts, bad


@pytest.mark.parametrize("suffix", ["edf", "npy", "tif"])
def test_masked_pixels_do_not_count(tmp_path: Path, suffix: str) -> None:
    counts, bad = spoilt(Bench())
    if suffix == "npy":
        np.save(tmp_path / "mask.npy", bad)
    elif suffix == "edf":
        write_edf(tmp_path / "mask.edf", bad.astype(np.int8))
    else:
        fabio.tifimage.TifImage(data=bad.astype(np.uint8)).write(str(tmp_path / "mask.tif"))
    found = integrated(tmp_path, Bench(), counts, mask=f"mask.{suffix}", n_points=1000)
    assert found.left_out == {"mask": int(bad.sum())}
    assert root_mean_square(found, 2000.0 * binned(Bench(), 1000, ~bad)) == pytest.approx(1.0, abs=0.08)
    without = integrated(tmp_path, Bench(), counts, n_points=1000)
    assert np.abs(without.intensity / found.intensity - 1.0).max() > 0.3
    turned_round = integrated(tmp_path, Bench(), counts, mask=f"mask.{suffix}", mask_marks="good")
    assert turned_round.used == int(bad.sum())


def test_thresholds_beam_stop_and_markers(tmp_path: Path) -> None:
    bench = Bench()
    counts, _ = spoilt(bench)
    image = np.minimum(counts, 65535).astype(np.uint16)
    saturated = int(np.count_nonzero(image == 65535))
    found = integrated(tmp_path, bench, image)
    assert found.left_out == {"saturated": saturated}
    assert any("saturated" in note for note in found.notes)
    assert any("4" in n and "read 0" in n for n in found.notes)  # dead pixels are told
    with_minimum = integrated(tmp_path, bench, image, minimum=1.0)
    assert with_minimum.left_out["below the minimum"] == 4 * 600
    gaps = image.astype(np.int32)
    gaps[100:110] = -1
    gaps[300, 300] = -2
    found = integrated(tmp_path, bench, gaps, saturation=65535.0)
    assert found.left_out == {"gaps of the detector": 6001, "saturated": saturated}
    unsigned = np.where(gaps < 0, 2**32 - 1, gaps).astype(np.uint32)
    assert integrated(tmp_path, bench, unsigned, saturation=65535.0).left_out == found.left_out
    stopped = integrated(tmp_path, bench, image, beam_stop=30.0)
    assert stopped.left_out["beam stop"] == pytest.approx(np.pi * 30.0**2, rel=0.02)
    radius = 30.0 * bench.pixel / bench.distance * 2.0 * np.pi / bench.wavelength
    assert stopped.q[0] == pytest.approx(radius, rel=0.03)


def test_outliers_go_and_the_pattern_stays(tmp_path: Path) -> None:
    bench = Bench()
    rng = np.random.default_rng(5)
    counts = rng.poisson(bench.image(200.0)).astype(float)
    hot = rng.choice(counts.size, 300, replace=False)
    clean = integrated(tmp_path, bench, counts)
    counts.ravel()[hot] += rng.uniform(1e4, 1e5, 300)
    spots = integrated(tmp_path, bench, counts, outliers=5.0)
    assert 300 - 10 <= spots.left_out["outliers"] <= 300 + 30  # a few hit rings of fewer than five pixels
    many = clean.q > 1.0
    assert clean.sigma is not None
    off = (np.interp(clean.q, spots.q, spots.intensity) - clean.intensity)[many] / clean.sigma[many]
    assert np.abs(off).max() < 2.0
    assert abs(off.mean()) < 0.1


def test_dark_and_flat_field(tmp_path: Path) -> None:
    """Signal × sensitivity + dark of half the exposure; two darks, so that their mean is taken."""
    bench = Bench()
    rng = np.random.default_rng(1)
    flat = 1.0 + 0.3 * np.sin(np.arange(600) / 40.0)[None, :] * np.cos(np.arange(500) / 60.0)[:, None]
    flat[10:20, 10:20] = 0.0
    dark = 40.0 + 20.0 * (np.arange(600) > 300)[None, :] * np.ones((500, 1))
    for k in (1, 2):
        write_edf(tmp_path / f"dark{k}.edf", rng.poisson(dark / 2.0).astype(np.int32))
    write_edf(tmp_path / "flat.edf", flat)
    counts = rng.poisson(bench.image(300.0, 0.9) * flat + dark)
    settings = {"dark": ("dark*.edf",), "dark_scale": 2.0, "flat": "flat.edf", "polarization": 0.9, "n_points": 500}
    found = integrated(tmp_path, bench, counts, **settings)
    assert found.left_out == {"no sensitivity in the flat field": 100}
    expected = 300.0 * binned(bench, 500, flat > 0.0, flat, 0.9)
    assert root_mean_square(found, expected) == pytest.approx(1.0, abs=0.1)
    without = integrated(tmp_path, bench, counts, **(settings | {"flat": None}))
    assert np.abs(without.intensity / 300.0 / pattern(without.q) - 1.0)[without.q > 5.0].max() > 0.02


@pytest.mark.parametrize("sector", [(-30.0, 40.0), (150.0, 215.0)])
def test_sector_of_azimuth(tmp_path: Path, sector: tuple[float, float]) -> None:
    """Rings whose intensity depends on the azimuth: only that of the sector comes back, across ±180° too."""
    bench = Bench(shape=(200, 240), pixel=250e-6)
    azimuth = bench.azimuth()[..., 0]
    turned = (azimuth - sector[0]) % 360.0
    inside = turned <= sector[1] - sector[0]
    counts = bench.image(1000.0) * np.where(inside, 1.0, 3.0)
    found = integrated(tmp_path, bench, counts, azimuth_range=sector, n_points=200)
    assert found.used == int(inside.sum())
    np.testing.assert_allclose(found.intensity, 1000.0 * binned(bench, 200, inside), rtol=1e-6)


# ---- several images -------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["list", "header", "hdf5"])
def test_two_frames_with_different_monitors(tmp_path: Path, how: str) -> None:
    """Counts over the sum of the monitors; as if each frame had been counted with its own."""
    rng = np.random.default_rng(2)
    monitors = (1000.0, 3500.0)
    images = [rng.poisson(SMALL.image(0.2 * m)).astype(np.int32) for m in monitors]
    SMALL.write(tmp_path / "bench.poni")
    files: tuple[str, ...] = ("a0.edf", "a1.edf")
    if how == "hdf5":
        import h5py

        with h5py.File(tmp_path / "scan.h5", "w") as file:
            file["entry/data/data"] = np.stack(images)
        files = ("scan.h5::/entry/data/data",)
    else:
        for k, image in enumerate(images):
            write_edf(tmp_path / f"a{k}.edf", image, Monitor=f"{monitors[k]:g} counts")
    settings = ImageSettings(
        file=files, calibration=("bench.poni",), monitor="monitor" if how == "header" else monitors, n_points=40
    )
    found = integrated_image(settings, tmp_path)
    assert found.n_frames == 2
    assert found.monitor == 4500.0
    assert root_mean_square(found, 0.2 * binned(SMALL, 40)) == pytest.approx(1.0, abs=0.3)


def test_counts_below_zero_in_one_frame_are_refused_though_their_sum_is_not(tmp_path: Path) -> None:
    SMALL.write(tmp_path / "bench.poni")
    first = np.full(SMALL.shape, 10.0)
    write_edf(tmp_path / "a0.edf", first)
    first[3, 4] = -3.0
    write_edf(tmp_path / "a1.edf", first)
    with pytest.raises(InputError, match=r"the lowest -3 in row 3, column 4"):
        integrated_image(ImageSettings(file=("a*.edf",), calibration=("bench.poni",)), tmp_path)


def test_frames_without_monitor_are_averaged(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    SMALL.write(tmp_path / "bench.poni")
    for k in range(3):
        write_edf(tmp_path / f"a{k}.edf", rng.poisson(SMALL.image(500.0)))
    found = integrated_image(ImageSettings(file=("a*.edf",), calibration=("bench.poni",), n_points=40), tmp_path)
    assert found.n_frames == 3
    assert found.sigma is not None
    np.testing.assert_array_less(np.abs(found.intensity - 500.0 * binned(SMALL, 40)), 4.5 * found.sigma)


def check_arm(folder: Path, benches: list[Bench], calibration: tuple[str, ...], **settings: Any) -> None:
    """Count at several places of a small detector with monitors that differ; one pattern comes out."""
    monitors = [1.0, 0.5, 2.0, 1.5]
    rng = np.random.default_rng(9)
    for k, bench in enumerate(benches):
        counts = rng.poisson(bench.image(400.0 * monitors[k], 0.9))
        write_edf(folder / f"step{k}.edf", counts.astype(np.int32))
    files = tuple(f"step{k}.edf" for k in range(len(benches)))
    found = integrated_image(
        ImageSettings(file=files, calibration=calibration, monitor=monitors, polarization=0.9, **settings), folder
    )
    assert found.q[-1] == pytest.approx(max(float(b.q().max()) for b in benches), abs=0.014)  # within one bin
    assert len(found.views) == len(benches)
    assert found.sigma is not None
    z = (found.intensity - 400.0 * pattern(found.q)) / found.sigma
    assert np.sqrt(np.mean(z[found.q > 0.5] ** 2)) == pytest.approx(1.0, abs=0.15)


STRIP = Bench(shape=(80, 200), pixel=172e-6, distance=0.4, poni=(0.007, 0.017), rot=(0.002, -0.001, 0.003))


@pytest.mark.parametrize(("axis", "rot3"), [("vertical", 0.003), ("vertical", 0.7), ("horizontal", 1.5)])
def test_small_detector_on_an_arm(tmp_path: Path, axis: str, rot3: float) -> None:
    """A strip of a detector, turned in its plane too, on an arm that is moved along 2θ in steps of 4°."""
    rest = replace(STRIP, rot=(0.002, -0.001, rot3))
    rest.write(tmp_path / "rest.poni")
    angles = [-4.0 * k for k in range(4)]
    benches = [replace(rest, arm=(0 if axis == "vertical" else 1, angle)) for angle in angles]
    check_arm(tmp_path, benches, ("rest.poni",), arm_axis=axis, arm_angles=angles)


def test_one_calibration_for_each_image(tmp_path: Path) -> None:
    benches = [replace(STRIP, rot=(0.002 - np.radians(4.0 * k), -0.001, 0.003)) for k in range(4)]
    for k, bench in enumerate(benches):
        bench.write(tmp_path / f"step{k}.poni")
    check_arm(tmp_path, benches, tuple(f"step{k}.poni" for k in range(4)))


def test_cake_has_straight_lines_only_with_the_right_calibration(tmp_path: Path) -> None:
    bench = Bench()
    counts = bench.image(1000.0)

    def spread_of_line(found: IntegratedImage) -> float:
        cake, at = found.cake, line_positions()[0]
        near = np.abs(cake.q - at) < 0.2
        rows = cake.intensity[:, near]
        rows = rows[np.isfinite(rows).all(axis=1)]
        tops = (rows - rows.min(axis=1, keepdims=True)) ** 4
        return float(np.std(tops @ cake.q[near] / tops.sum(axis=1)))

    right = spread_of_line(integrated(tmp_path, bench, counts))
    moved = replace(bench, poni=(bench.poni[0] + 5e-4, bench.poni[1]))
    wrong = spread_of_line(integrated(tmp_path, moved, counts))
    assert right < 0.005
    assert wrong > 0.05


@pytest.mark.parametrize("kind", ["edf", "tif", "cbf"])
def test_image_formats(tmp_path: Path, kind: str) -> None:
    counts = np.random.default_rng(4).poisson(SMALL.image(500.0)).astype(np.int32)
    makers: dict[str, Callable[..., Any]] = {
        "edf": fabio.edfimage.EdfImage,
        "tif": fabio.tifimage.TifImage,
        "cbf": fabio.cbfimage.CbfImage,
    }
    makers[kind](data=counts).write(str(tmp_path / f"a.{kind}"))
    SMALL.write(tmp_path / "bench.poni")
    found = integrated_image(ImageSettings(file=(f"a.{kind}",), calibration=("bench.poni",), n_points=40), tmp_path)
    q, response = SMALL.q()[..., 0].ravel(), SMALL.response(None)[..., 0].ravel()
    edges = np.linspace(q.min(), q.max() * (1.0 + 1e-6), 41)
    norm = np.histogram(q, edges, weights=response)[0]
    by_hand = np.histogram(q, edges, weights=counts.ravel())[0][norm > 0.0] / norm[norm > 0.0]
    np.testing.assert_allclose(found.intensity, by_hand, rtol=1e-6)
    q_mean = np.histogram(q, edges, weights=q * response)[0][norm > 0.0] / norm[norm > 0.0]
    np.testing.assert_allclose(found.q, q_mean, rtol=1e-6)


def test_more_pixels_than_memory_holds_are_refused(tmp_path: Path) -> None:
    with (
        allowing(0.001),
        pytest.raises(InputError, match=r"image\.file: needs about .* \(90 × 110 pixels\), more"),
    ):
        integrated(tmp_path, SMALL, np.ones(SMALL.shape))
