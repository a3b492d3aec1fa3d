"""Diffusion series: b by integrating the phase, scipy on stacked decays, a published pair, a measured series."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import curve_fit, least_squares

import nanocrystal as nc
from nanocrystal.data.nmr import read_nmr
from nanocrystal.errors import InputError
from nanocrystal.report.refined.stack_figure import stack_figure
from nanocrystal.report.written import report_html, write_result
from nanocrystal.spectra.decays import b_values
from nanocrystal.spectra.processing import NmrProcessing, nmr_spectrum
from nanocrystal.study import read_study
from support.measured import measured
from support.paths import EXAMPLES

GAMMA = 2.6752218744e8
"""rad/(s T), ¹H, CODATA 2018"""
GRADIENT = np.linspace(0.02, 0.6, 16)
PULSE, SEPARATION = 3e-3, 60e-3
SIGMA = 0.004
STUDY = """
[datasets.d]
technique = "nmr-diffusion"
file = "d.csv"
columns = ["gradient", "alkene", "sigma", "alkane", "sigma"]
pulse_duration = 3.0
diffusion_time = 60.0
shape_factor = 1.0
[datasets.d.components.bound]
diffusion = { value = 60, vary = true }
[datasets.d.components.free]
diffusion = { value = 700, vary = true }
"""
AMPLITUDES = np.array([[0.7, 0.3], [1.2, 0.9]])


def b_by_hand(gradient: np.ndarray, shape: float = 1.0, correction: float = 1.0 / 3.0) -> np.ndarray:
    """Return b in s/µm²."""
    return np.asarray((GAMMA * shape * gradient * PULSE) ** 2 * (SEPARATION - correction * PULSE) * 1e-12)


def decays(seed: int, coefficients: tuple[float, float] = (85.0, 400.0), sigma: float = SIGMA) -> np.ndarray:
    """Return integrals (2, 16) with noise."""
    y = AMPLITUDES @ np.exp(-np.outer(coefficients, b_by_hand(GRADIENT)))
    return np.asarray(y + np.random.default_rng(seed).normal(0.0, sigma, y.shape))


def written(folder: Path, y: np.ndarray, text: str = STUDY, gradient: np.ndarray = GRADIENT) -> Path:
    columns = [gradient, *(c for row in y for c in (row, np.full_like(row, SIGMA)))]
    header = "gradient,integral_1,sigma_1,integral_2,sigma_2"
    np.savetxt(folder / "d.csv", np.column_stack(columns), delimiter=",", header=header, comments="", fmt="%.12g")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"


def refined(folder: Path, y: np.ndarray, text: str = STUDY, **given: Any) -> nc.Result:
    return read_study(written(folder, y, text, **given)).refine()


# ---- truth --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pulse", "factor", "correction"), [("rectangle", 1.0, 1 / 3), ("sine", 2 / np.pi, 1 / 4)])
def test_b_is_the_integral_of_the_squared_phase(pulse: str, factor: float, correction: float) -> None:
    """b = ∫ (γ ∫ g dt')² dt over both pulses, numerically."""
    t = np.linspace(0.0, SEPARATION + PULSE, 630001)
    shape = np.where(t <= PULSE, 1.0 if pulse == "rectangle" else np.sin(np.pi * t / PULSE), 0.0)
    late = (t - SEPARATION) / PULSE
    second = np.where(late >= 0.0, 1.0 if pulse == "rectangle" else np.sin(np.pi * np.clip(late, 0.0, 1.0)), 0.0)
    step = t[1] - t[0]
    phase = GAMMA * 0.5 * np.cumsum(shape - second) * step
    expected = float((phase**2).sum() * step)
    found = b_values(np.array([0.5]), PULSE, SEPARATION, GAMMA, factor, correction)[0]
    assert found == pytest.approx(expected, rel=1e-3)


def test_shared_coefficients_against_scipy_on_both_decays(tmp_path: Path) -> None:
    y = decays(1)
    result = refined(tmp_path, y)
    b = b_by_hand(GRADIENT)

    def residual(p: np.ndarray) -> np.ndarray:
        return np.asarray(((y - p[2:].reshape(2, 2) @ np.exp(-np.outer(p[:2], b))) / SIGMA).ravel())

    best = least_squares(residual, [80.0, 420.0, 0.7, 0.3, 1.2, 0.9], xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale="jac")
    covariance = np.linalg.inv(best.jac.T @ best.jac)
    for k, name in enumerate(("bound", "free")):
        found = result.parameters[f"datasets.d.components.{name}.diffusion"]
        assert found.value == pytest.approx(best.x[k], rel=1e-4)
        assert found.stderr == pytest.approx(np.sqrt(covariance[k, k]), rel=2e-3)
        assert found.unit == "µm²/s"
        si = result.derived[f"datasets.d.components.{name}.diffusion_m2_per_s"]
        assert (si.value, si.unit) == (pytest.approx(best.x[k] * 1e-12, rel=1e-4), "m²/s")
    part = result.derived["datasets.d.lines.alkene.bound.amplitude_fraction"]
    assert part.value == pytest.approx(best.x[2] / best.x[2:4].sum(), rel=1e-4)


def test_85_and_400_come_back_and_errors_cover(tmp_path: Path) -> None:
    pulls = []
    for seed in range(40):
        result = refined(tmp_path, decays(seed))
        for name, truth in {"bound": 85.0, "free": 400.0}.items():
            found = result.parameters[f"datasets.d.components.{name}.diffusion"]
            pulls.append((found.value - truth) / found.stderr)
    assert 0.8 < np.std(pulls) < 1.2
    assert abs(np.mean(pulls)) < 0.35


def test_own_coefficient_of_each_line_against_curve_fit(tmp_path: Path) -> None:
    """One component, a coefficient for each line: two fits that know nothing of each other."""
    b = b_by_hand(GRADIENT)
    y = np.array([0.7 * np.exp(-85.0 * b), 1.5 * np.exp(-300.0 * b)])
    y = y + np.random.default_rng(2).normal(0.0, SIGMA, y.shape)
    head, _, _ = STUDY.partition("[datasets.d.components.free]")
    own = head.replace("[datasets.d.components.bound]", 'own = ["bound"]\n[datasets.d.components.bound]')
    result = refined(tmp_path, y, own)
    for line, row in zip(("alkene", "alkane"), y, strict=True):
        sigma = np.full(16, SIGMA)
        p, c = curve_fit(lambda b, a, d: a * np.exp(-b * d), b, row, (1.0, 100.0), sigma=sigma, absolute_sigma=True)
        found = result.parameters[f"datasets.d.lines.{line}.bound.diffusion"]
        assert found.value == pytest.approx(p[1], rel=1e-4)
        assert found.stderr == pytest.approx(np.sqrt(c[1, 1]), rel=2e-3)


def test_units_calibration_shape_and_nucleus(tmp_path: Path) -> None:
    """G/cm, a calibration, a shape factor and ¹⁹F change D as b does."""
    y = decays(3)
    plain = refined(tmp_path, y).parameters["datasets.d.components.bound.diffusion"].value
    units = STUDY.replace("pulse_duration", 'gradient_unit = "G/cm"\npulse_duration')
    in_gauss = refined(tmp_path, y, units, gradient=100.0 * GRADIENT)
    assert in_gauss.parameters["datasets.d.components.bound.diffusion"].value == pytest.approx(plain, rel=1e-5)
    changed = STUDY.replace("shape_factor = 1.0", 'shape_factor = 0.9\ngradient_calibration = 1.1\nnucleus = "19F"')
    result = refined(tmp_path, y, changed)
    ratio = (2.5181480e8 / GAMMA * 0.9 * 1.1) ** -2  # γ of ¹⁹F: IUPAC 2001
    found = result.parameters["datasets.d.components.bound.diffusion"].value
    assert found == pytest.approx(plain * ratio, rel=1e-4)


SIZED = STUDY.replace("shape_factor", "temperature = 298.15\nviscosity = 0.714\nshape_factor")


def test_diameters_by_hand(tmp_path: Path) -> None:
    """The pair 85 µm²/s and 7.2 nm of PbS nanocrystals in toluene-d8; the error goes with that of D."""
    text = SIZED.replace("[datasets.d.components.free]", "shell_thickness = 1.6\n[datasets.d.components.free]")
    text = text.replace("value = 60, vary = true", "value = 85, vary = true")
    result = refined(tmp_path, decays(1, sigma=1e-9), text)
    at = "datasets.d.components.bound"
    expected = 1.380649e-23 * 298.15 / (3.0 * np.pi * 0.714e-3 * 85e-12) * 1e9
    outer, core = (result.derived[f"{at}.{n}_diameter"] for n in ("solvodynamic", "core"))
    assert outer.value == pytest.approx(expected, rel=1e-4)
    assert f"{outer.value:.1f}" == "7.2"
    assert core.value == pytest.approx(expected - 3.2, rel=1e-4)
    noisy = refined(tmp_path, decays(1), text)
    coefficient = noisy.parameters[f"{at}.diffusion"]
    outer = noisy.derived[f"{at}.solvodynamic_diameter"]
    assert outer.stderr / outer.value == pytest.approx(coefficient.stderr_scaled / coefficient.value, rel=1e-3)
    assert any("η = 0.714 mPa·s (given) at 298.15 K" in n for n in noisy.notes)
    assert f"{at}.core_diameter" in noisy.derived
    assert "datasets.d.components.free.core_diameter" not in noisy.derived


SAMPLE = """
[crystals.pt]
library = "Pt"
u_iso = { Pt = 0.005 }
[populations.dots]
crystal = "pt"
"""
SHAPES = {
    "sphere": ('shape = "sphere"\ndiameter = 41.0\n', 41.0),
    "cube": ('shape = "cube"\nedge_length = 40.0\n', 40.0 * (6.0 / np.pi) ** (1.0 / 3.0)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_core_beside_the_crystals_of_the_sample(shape: str, tmp_path: Path) -> None:
    more = 'shell_thickness = 1.6\npopulation = "dots"\n[datasets.d.components.free]'
    text = SIZED.replace("[datasets.d.components.free]", more) + SAMPLE + SHAPES[shape][0]
    result = refined(tmp_path, decays(1), text)
    at = "datasets.d.components.bound"
    ratio, core = result.derived[f"{at}.core_over_population"], result.derived[f"{at}.core_diameter"]
    assert ratio.value == pytest.approx(10.0 * core.value / SHAPES[shape][1], rel=1e-6)
    assert ratio.stderr == pytest.approx(10.0 * core.stderr / SHAPES[shape][1], rel=1e-5)


def test_bulk_has_no_size_to_compare_with(tmp_path: Path) -> None:
    text = SIZED + 'shell_thickness = 1.6\npopulation = "dots"\n' + SAMPLE + 'shape = "bulk"\n'
    with pytest.raises(InputError, match="dots has no size to compare with"):
        refined(tmp_path, decays(1), text)


def test_measured_series_of_a_protein(tmp_path: Path) -> None:
    """¹⁵N-filtered XSTE of a lectin (waudbylab/NMRTools.jl); another fit of the file gave 172(6) µm²/s with s = 0.9."""
    folder = measured("nmr/NMRTools.jl_MIT/15n-xste-ts3/ser").parent
    data = read_nmr(folder)
    spectrum = nmr_spectrum(data, NmrProcessing())
    y, sigma = spectrum.integral(7.5, 9.0), spectrum.integral_sigma(7.5, 9.0)
    assert data.indirect is not None
    rows = np.column_stack([data.indirect.values, y, np.broadcast_to(sigma, y.shape)])
    np.savetxt(tmp_path / "d.csv", rows, delimiter=",")
    text = STUDY.partition("[datasets.d.components.free]")[0].replace('"alkane", "sigma"', "").replace(", ]", "]")
    text = (
        text.replace("= 3.0", "= 4.0").replace("= 60.0", "= 100.0").replace("shape_factor = 1.0", "shape_factor = 0.9")
    )
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    found = read_study(tmp_path / "study.toml").refine().parameters["datasets.d.components.bound.diffusion"]
    b = (GAMMA * 0.9 * rows[:, 0] * 4e-3) ** 2 * (0.1 - 4e-3 / 3.0) * 1e-12
    p, _ = curve_fit(lambda b, a, d: a * np.exp(-b * d), b, y, (y.max(), 150.0), sigma=rows[:, 2])
    assert found.value == pytest.approx(p[1], rel=1e-4)
    assert abs(found.value - 172.0) < 2.0 * np.hypot(found.stderr, 6.0)


def test_example(tmp_path: Path) -> None:
    for name in ("nmr_diffusion.toml", "nmr_diffusion.csv"):
        shutil.copy(EXAMPLES / name, tmp_path / name)
    result = read_study(tmp_path / "nmr_diffusion.toml").refine()
    for name, truth in {"bound": 85.0, "free": 400.0, "solvent": 2300.0}.items():
        found = result.parameters[f"datasets.dosy.components.{name}.diffusion"]
        assert abs(found.value - truth) < 3.0 * found.stderr


# ---- report -------------------------------------------------------------------------------------


def test_report_and_files(tmp_path: Path) -> None:
    text = STUDY.replace("shape_factor", "positions = { alkene = 5.7, alkane = 1.3 }\nshape_factor")
    result = refined(tmp_path, decays(1), text)
    write_result(result, tmp_path / "out")
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == {"report.html", "results.json", "d.csv", "d_fine.csv", "d_trend.csv"}
    with (tmp_path / "out" / "d_fine.csv").open(encoding="utf-8") as stream:
        fine = list(csv.DictReader(stream))
    assert {r["curve"] for r in fine} == {"alkene", "alkane"}
    assert "Stejskal" in report_html(result)
    assert list(result.datasets["d"].trends[0].x) == [5.7, 1.3]
    figure = stack_figure(result.datasets["d"])
    assert figure["layout"]["yaxis"]["type"] == "log"
    drawn = [t for t in figure["data"] if t["meta"]["role"] == "calculated"]
    assert [t["y"][0] for t in drawn] == [1.0, 1.0]


GYROMAGNETIC, LITTLE_DELTA, BIG_DELTA = 2.6752218744e8, 1e-3, 20e-3


@pytest.mark.parametrize(("strongest", "said"), [(28.94, True), (0.55, False)])
def test_gradients_of_a_probe_for_diffusion(strongest: float, said: bool, tmp_path: Path) -> None:
    """D of a slow polymer up to 28.94 T/m, by the equation of Stejskal and Tanner; a note says what else it may be."""
    g = np.linspace(0.02, 1.0, 12) * strongest
    diffusion = 2.0 / (GYROMAGNETIC * strongest * LITTLE_DELTA) ** 2 / (BIG_DELTA - LITTLE_DELTA / 3.0)
    y = 5.0 * np.exp(-diffusion * (GYROMAGNETIC * g * LITTLE_DELTA) ** 2 * (BIG_DELTA - LITTLE_DELTA / 3.0))
    rows = "\n".join(f"{a!r},{b!r},0.01" for a, b in zip(g.tolist(), y.tolist(), strict=True))
    (tmp_path / "d.csv").write_text(f"gradient,integral,sigma\n{rows}\n", encoding="utf-8")
    text = STUDY.replace('"alkene", "sigma", "alkane", "sigma"', '"polymer", "sigma"').replace("= 3.0", "= 1.0")
    text = text.replace("= 60.0", "= 20.0").replace("value = 60,", f"value = {1.3e12 * diffusion!r},")
    (tmp_path / "study.toml").write_text(text[: text.index("[datasets.d.components.free]")], encoding="utf-8")
    found = read_study(tmp_path / "study.toml").refine()
    at = "datasets.d.components.bound.diffusion"
    assert found.parameters[at].value * 1e-12 == pytest.approx(diffusion, rel=1e-5)
    notes = " ".join(found.datasets["d"].notes)
    assert ("only probes for diffusion reach that" in notes) == said


def test_a_line_that_two_data_sets_share_counts_twice(tmp_path: Path) -> None:
    """Tables of other lines of one file do not; those that share one do."""
    first = STUDY.replace('"alkane", "sigma"', '"ignore", "ignore"')
    for columns, twice in (
        ('"ignore", "ignore", "alkane", "sigma"', False),
        ('"alkene", "sigma", "alkane", "sigma"', True),
    ):
        second = STUDY.replace("datasets.d", "datasets.e").replace('"alkene", "sigma", "alkane", "sigma"', columns)
        found = refined(tmp_path, decays(5), first + second)
        said = any("share columns of one file: their points count twice" in note for note in found.notes)
        assert said == twice, columns


# ---- wrong input --------------------------------------------------------------------------------

WRONG = {
    "G/cm as T/m": (STUDY, "datasets.d.gradient_unit", "gradients reach 60 T/m, and no probe more than 50"),
    "negative D": (STUDY.replace("value = 60", "value = -60"), "components.bound.diffusion", "above 0"),
    "no D": (STUDY.replace("diffusion = { value = 60, vary = true }\n", ""), "bound.diffusion", "is missing"),
    "no viscosity": (STUDY.replace("shape_factor", "temperature = 298.15\nshape_factor"),
                     "datasets.d.viscosity", "is missing, but temperature asks for a diameter"),
    "shell without viscosity": (STUDY + "shell_thickness = 1.6\n", "datasets.d.viscosity", "free.shell_thickness asks"),
    "no temperature": (STUDY.replace("shape_factor", "viscosity = 0.7\nshape_factor"), "temperature", "in K"),
    "Pa·s": (SIZED.replace("0.714", "0.000714"), "datasets.d.viscosity", "in Pa·s? then give 0.714"),
    "thick": (SIZED.replace("0.714", "714"), "datasets.d.viscosity", "from 0.05 to 100 mPa·s, got 714."),
    "°C": (SIZED.replace("298.15", "25"), "datasets.d.temperature", "in °C? then give 298.15"),
    "both": (SIZED.replace("viscosity", 'solvent = "toluene"\nviscosity'), "datasets.d.viscosity", "one of the two"),
    "deuterated": (SIZED.replace("viscosity = 0.714", 'solvent = "toluene-d8"'), "datasets.d.solvent", "in mPa s"),
    "no shape factor": (STUDY.replace("shape_factor = 1.0\n", ""), "datasets.d.shape_factor", "half-sine"),
    "no pulse": (STUDY.replace("pulse_duration = 3.0\n", ""), "datasets.d.pulse_duration", "in ms"),
    "pulse in µs": (STUDY.replace("pulse_duration = 3.0", "pulse_duration = 3000.0"), "pulse_duration", "shorter than"),
    "columns": (STUDY.replace(', "alkane", "sigma"', ""), "datasets.d.columns", "names 3 columns, but d.csv has 5"),
    "no columns": (STUDY.replace('columns = ["gradient", "alkene", "sigma", "alkane", "sigma"]\n', ""),
                   "datasets.d.columns", "must name gradient"),
    "stray sigma": (STUDY.replace('"gradient", "alkene", "sigma"', '"gradient", "sigma", "alkene"'),
                    "datasets.d.columns", "follows no line"),
    "twice": (STUDY.replace('"alkane"', '"alkene"'), "datasets.d.columns", "name alkene twice"),
    "lines": (STUDY + 'lines = ["alkin"]\n', "components.free.lines", "alken"),
    "own": (STUDY.replace("shape_factor", 'own = ["fre"]\nshape_factor'), "datasets.d.own", "free"),
    "nucleus": (STUDY.replace("shape_factor", 'nucleus = "2X"\nshape_factor'), "datasets.d.nucleus", "no nucleus"),
    "population": (SIZED + 'shell_thickness = 1.6\npopulation = "dots"\n', "components.free.population", "dots"),
    "no components": (STUDY.partition("[datasets.d.components.bound]")[0], "datasets.d.components", "are missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_named(name: str, tmp_path: Path) -> None:
    text, where, problem = WRONG[name]
    scale = 100.0 if name == "G/cm as T/m" else 1.0
    path = written(tmp_path, decays(1), text, gradient=scale * GRADIENT)
    with pytest.raises(InputError) as caught:
        read_study(path).refine()
    assert where in str(caught.value)
    assert problem in str(caught.value)


def test_negative_gradients_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gradients must be at least 0"):
        refined(tmp_path, decays(1), gradient=GRADIENT - 0.1)


def test_impossible_coefficients_are_pointed_out(tmp_path: Path) -> None:
    """Milliseconds as seconds would make D a million times smaller; here the gradients are ten times too small."""
    result = refined(tmp_path, decays(1), STUDY.replace("= 3.0", "= 0.1"))
    assert any("outside of what liquids have" in n for n in result.notes)


def test_a_shell_thicker_than_the_particle_leaves_no_core_but_a_remark(tmp_path: Path) -> None:
    """By hand: k_B 298.15 K/(3π 0.714 mPa·s 400 µm²/s) = 1.53 nm, less than twice 1.6 nm."""
    result = refined(tmp_path, decays(1), SIZED + "shell_thickness = 1.6\n")
    assert "datasets.d.components.free.core_diameter" not in result.derived
    diameter = result.derived["datasets.d.components.free.solvodynamic_diameter"].value
    assert diameter == pytest.approx(1.53, rel=0.05)
    assert any("components.free.core_diameter is not derived" in n and "3.2 nm" in n for n in result.notes)
