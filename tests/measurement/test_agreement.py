"""What a file states of its measurement and what the study says of it agree, or one sentence says that they do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.data import read_curve
from nanocrystal.data.stated import Stated
from nanocrystal.errors import InputError
from nanocrystal.measurement.agreement import Says, remarks_on
from nanocrystal.sample import Population, Sample, Sphere
from nanocrystal.techniques import (
    DiffusionComponent,
    Line,
    NmrDiffusion,
    NmrLines,
    NmrRelaxation,
    Pdf,
    Powder,
    RelaxationPart,
    Saxs,
    TotalScattering,
)
from support.measured import measured
from support.modelling import crystal
from support.structures import NICKEL

NI = Sample({"dots": Population("ni", Sphere(30.0))}, {"ni": crystal(NICKEL)})
X = np.linspace(1.0, 20.0, 400)
WAVY = 50.0 + 40.0 * np.sin(3.0 * X)


def written(folder: Path, name: str, head: str, x: np.ndarray = X, y: np.ndarray = WAVY) -> Path:
    rows = "\n".join(f"{a:.6f} {b:.9g}" for a, b in zip(x, y, strict=True))
    (folder / name).write_text(f"{head}\n{rows}\n" if head else f"{rows}\n", encoding="utf-8")
    return folder / name


def pdf(file: Path, **more: Any) -> Any:
    return Pdf(**{"file": file, "qmax": 25.0, "r_range": (2.0, 18.0)} | more).bind("d", NI)


def total(file: Path, **more: Any) -> Any:
    return TotalScattering(**{"file": file, "background_terms": 1, "anomalous": False} | more).bind("d", NI)


def powder(file: Path, **more: Any) -> Any:
    return Powder(**{"file": file, "background_terms": 1, "anomalous": False} | more).bind("d", NI)


def angles(folder: Path, head: str) -> Path:
    return written(folder, "a.xy", head, np.linspace(20.0, 100.0, 900), np.full(900, 100.0))


def refused(call: Any, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    for word in ("datasets.d", *words):
        assert word in str(caught.value), str(caught.value)


# ---- radiation ------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", ["stype = N", "mode = neutron", "# PDF from PDFgetN", "radiation: neutrons"])
def test_neutron_data_are_refused_by_name(head: str, tmp_path: Path) -> None:
    """Fitted as X-rays they gave R_w 90 % and advice on starting values."""
    file = written(tmp_path, "n.gr", f"# words\n{head}")
    refused(lambda: pdf(file), "d.file", "the radiation neutron", "line 2", head, "technique pdf", 'believe = "study"')
    assert pdf(file, believe="study").measured.notes


def test_neutrons_of_every_scattering_technique(tmp_path: Path) -> None:
    refused(lambda: total(written(tmp_path, "n.iq", "mode = neutron")), "technique total-scattering")
    refused(lambda: powder(angles(tmp_path, "probe: neutron"), tube="Cu"), "technique powder")
    for technique, key in ((Pdf, "r"), (TotalScattering, "q"), (Powder, "two_theta")):
        data = technique(**{key: "5:50:0.1", "radiation": "neutron"})
        refused(lambda data=data: data.bind("d", NI), "d.radiation", "is neutron", "not calculated yet")


def test_x_rays_that_a_file_states_are_no_matter(tmp_path: Path) -> None:
    assert not any("radiation" in note for note in pdf(written(tmp_path, "x.gr", "stype = X")).measured.notes)


def sphere(q: np.ndarray, diameter: float) -> np.ndarray:
    """Return the intensity of a sphere over that at q = 0 (Rayleigh 1911)."""
    x = 0.5 * q * diameter
    return np.asarray((3.0 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2)


def spheres(folder: Path, head: str, q: np.ndarray) -> Path:
    """Write I(q) of spheres of 5 nm; q: as the file has it, times ten in Å⁻¹ where it is in nm⁻¹."""
    in_angstrom = q / 10.0 if "Nano" in head else q
    return written(folder, "s.chi", head, q, 1e4 * sphere(in_angstrom, 50.0))


def small_angles(file: Path, **more: Any) -> Saxs:
    return Saxs(**{"file": file, "solvent": "vacuum", "background": 0.0} | more)


def test_neutrons_of_small_angles_keep_the_form_of_the_curve(tmp_path: Path) -> None:
    """Bodies of one contrast with a free scale: I ∝ Δρ², so that sizes are the same whatever Δρ is."""
    file = spheres(tmp_path, "radiation: neutron", np.linspace(0.01, 0.3, 120))
    bound = small_angles(file).bind("d", NI)
    assert any("neutron" in note and "form of the curve is the same" in note for note in bound.measured.notes)
    assert small_angles(file, radiation="neutron").bind("d", NI).measured.notes
    absolute = small_angles(file, volume_fraction=0.01)
    refused(lambda: absolute.bind("d", NI), "the radiation neutron", "technique saxs")
    mapped = small_angles(file, volume_fraction=0.01, solvent=None, solvent_electron_density=1.0)
    assert any("the contrast that neutrons see" in note for note in mapped.bind("d", NI).measured.notes)
    two = Sample(
        {"a": Population("ni", Sphere(30.0)), "b": Population("other", Sphere(50.0))},
        {"ni": crystal(NICKEL), "other": crystal(NICKEL)},
    )
    refused(lambda: small_angles(file).bind("d", two), "the radiation neutron")


# ---- units ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "more"),
    [
        ("s\nQ (Inverse Nanometres)\nIntensity\n   120", {}),
        ("s\nQ (Inverse Nanometres)\nIntensity\n   120", {"q_unit": "1/nm"}),
        ("s\nQ (Inverse Angstroms)\nIntensity\n   120", {}),
    ],
)
def test_a_sphere_of_5_nm_is_50_angstroms_wide(head: str, more: dict[str, Any], tmp_path: Path) -> None:
    """Read as Å⁻¹ the file in nm⁻¹ gave a diameter of 5.0000(16) Å with R_w 0.00 %."""
    q = np.linspace(0.1, 3.0, 120) if "Nano" in head else np.linspace(0.01, 0.3, 120)
    sample = Sample({"dots": Population("ni", Sphere(nc.vary(45.0)))}, {"ni": crystal(NICKEL)})
    result = nc.refine(sample, {"d": small_angles(spheres(tmp_path, head, q), **more)})
    assert result["populations.dots.diameter"].value == pytest.approx(50.0, abs=0.01)


def test_a_unit_of_the_study_against_that_of_the_file(tmp_path: Path) -> None:
    file = spheres(tmp_path, "s\nQ (Inverse Angstroms)\nIntensity\n   120", np.linspace(0.01, 0.3, 120))
    says = ["d.q_unit", "the unit Inverse Angstroms", "leave q_unit out", 'believe = "study"']
    refused(lambda: small_angles(file, q_unit="1/nm").bind("d", NI), *says)
    believed = small_angles(file, q_unit="1/nm", believe="study").bind("d", NI)
    np.testing.assert_allclose(believed.measured.x[0], 0.001)


def test_an_absolute_amount_needs_an_absolute_intensity(tmp_path: Path) -> None:
    q = np.linspace(0.01, 0.3, 120)
    for unit, right in (("1/cm", True), ("cm^-1", True), ("1/m", False), ("counts", False), ("a.u.", False)):
        file = written(tmp_path, "s.dat", f"q(1/A)   I({unit})".replace("I(", "Intensity ("), q, sphere(q, 50.0))
        data = small_angles(file, volume_fraction=0.01)
        if right:
            assert data.bind("d", NI).measured.notes
        else:
            refused(lambda data=data: data.bind("d", NI), "d.volume_fraction", f"the unit {unit}", "cm⁻¹")
        assert small_angles(file).bind("d", NI)


# ---- wavelength and anode -------------------------------------------------------------------------

COBALT = '<anodeMaterial>Co</anodeMaterial><kAlpha1 unit="Angstrom">1.78896</kAlpha1>'


def xrdml(folder: Path, source: str) -> Path:
    """Write a scan in the XRDMeasurement schema 1.5 (http://www.xrdml.com), its lines as the source states them."""
    counts = " ".join(["100"] * 900)
    (folder / "a.xrdml").write_text(
        '<?xml version="1.0"?><xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/1.5"><xrdMeasurement>'
        f"<usedWavelength>{source}</usedWavelength><incidentBeamPath><xRayTube>{source}</xRayTube></incidentBeamPath>"
        '<scan><dataPoints><positions axis="2Theta" unit="deg"><startPosition>20</startPosition>'
        "<endPosition>100</endPosition></positions><commonCountingTime>1</commonCountingTime>"
        f"<counts>{counts}</counts></dataPoints></scan></xrdMeasurement></xrdMeasurements>",
        encoding="utf-8",
    )
    return folder / "a.xrdml"


def test_a_pattern_of_cobalt_is_not_one_of_copper(tmp_path: Path) -> None:
    """The cell would be off by 14 %."""
    file = xrdml(tmp_path, COBALT)
    says = ["d.tube", "a wavelength of 1.78896 Å", 'tube = "Cu" is 1.54059 Å', "with which the file was measured"]
    refused(lambda: powder(file, tube="Cu"), *says)
    refused(lambda: powder(file, wavelength=1.5406), "d.wavelength", "1.78896 Å")
    assert powder(file, tube="Co")
    assert powder(file, tube="Cu", believe="study")
    alone = xrdml(tmp_path, "<anodeMaterial>Mo</anodeMaterial>")
    refused(lambda: powder(alone, tube="Cu"), "d.tube", "an anode of Mo")


# what the header says, what the study says, whether both may hold
WAVELENGTHS = [
    ("wavelength = 1.540593", {"tube": "Cu"}, True),
    ("wavelength = 1.5406", {"tube": "Cu"}, True),
    ("wavelength = 1.5418", {"tube": "Cu"}, True),  # the mean of the doublet
    ("wavelength = 1.5444", {"tube": "Cu"}, True),  # its second line
    ("wavelength = 0.15406", {"tube": "Cu"}, True),  # nm
    ("wavelength = 1.5406e-10", {"tube": "Cu"}, True),  # m
    ("wavelength = 1.5410", {"tube": "Cu"}, False),
    ("Anode material,Co", {"tube": "Cu"}, False),
    ("Anode material,Cu", {"tube": "Cu"}, True),
    ("Anode material,Cu", {"wavelength": 1.5418}, True),
    ("Anode material,Mo", {"wavelength": 1.5418}, False),
    ("# Calibrated wavelength = 0.413735", {"wavelength": 0.413740}, True),
    ("# Calibrated wavelength = 0.413735", {"wavelength": 0.413800}, False),
    ("wavelength = 1.54", {"tube": "Cu"}, True),  # within its digits
    ("wavelength = 0.1836", {"wavelength": 0.183563}, True),  # within its digits
    ("wavelength = 0.4", {"wavelength": 0.4138}, False),  # so few digits excuse nothing
    ("energy = 30 keV", {"wavelength": 0.4133}, True),
    ("energy = 30.00 keV", {"energy": 30100.0}, False),
]


@pytest.mark.parametrize(("head", "beam", "agrees"), WAVELENGTHS)
def test_wavelengths_agree_to_1e_4_or_to_the_digits_of_the_file(
    head: str, beam: dict[str, Any], agrees: bool, tmp_path: Path
) -> None:
    file = angles(tmp_path, head)
    if agrees:
        assert not any(" states " in note for note in powder(file, **beam).measured.notes)
    else:
        refused(lambda: powder(file, **beam), f"d.{next(iter(beam))}", " states ")


def test_a_wavelength_that_is_refined_may_begin_elsewhere(tmp_path: Path) -> None:
    file = angles(tmp_path, "# Calibrated wavelength = 0.413735")
    notes = powder(file, wavelength=nc.vary(0.4145)).measured.notes
    assert any("0.413735" in note and "refined" in note for note in notes)


@pytest.mark.parametrize(
    ("head", "lines"),
    [
        ("# wavelength = 0.413735", (0.413735,)),
        ("Anode material,Co", (1.788996, 1.792835)),
        ("K-Alpha1 wavelength,1.540598\nK-Alpha2 wavelength,1.544426", (1.540598, 1.544426)),
    ],
)
def test_the_wavelength_of_the_file_serves_where_the_study_says_none(
    head: str, lines: tuple[float, ...], tmp_path: Path
) -> None:
    model = powder(angles(tmp_path, head))
    assert model.phases[0].beam.wavelengths == pytest.approx(lines, rel=1e-9)
    assert any("is that of the file (line 1" in note for note in model.measured.notes)
    refused(lambda: powder(angles(tmp_path, "# words")), "d.wavelength", "is missing")


def test_the_wavelength_of_a_file_makes_q_of_two_theta(tmp_path: Path) -> None:
    model = total(angles(tmp_path, "# wavelength = 0.6 A"))
    np.testing.assert_allclose(model.q, 4.0 * np.pi / 0.6 * np.sin(np.radians(model.measured.x) / 2.0))
    refused(lambda: total(angles(tmp_path, "# words")), "d.wavelength", "is missing")
    refused(lambda: total(angles(tmp_path, "# wavelength = 0.6 A"), wavelength=0.61), "0.6 Å", "0.61 Å")


def test_a_blank_over_2theta_was_measured_with_the_same_wavelength(tmp_path: Path) -> None:
    file = angles(tmp_path, "Anode material,Cu")
    blank = written(tmp_path, "cell.xy", "Anode material,Mo", np.linspace(20.0, 100.0, 900), np.full(900, 10.0))
    blanks = {"cell": nc.Blank(str(blank))}
    refused(lambda: powder(file, tube="Cu", blanks=blanks), "cell.xy states an anode of Mo")
    assert powder(file, tube="Cu", blanks=blanks, believe="study")


# ---- what is remarked on --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "more", "words"),
    [
        ("composition = Cd Se", {}, ["the composition Cd Se", "line 1", "the sample of the study is Ni"]),
        ("composition = NiO", {}, ["the composition NiO"]),
        ("qmax = 19", {}, ["qmax = 19", "the study 25 Å⁻¹", "the data hold nothing"]),
        ("qmax = 30", {}, ["qmax = 30", "the study 25 Å⁻¹"]),
        ("qdamp = 0.06", {"qdamp": 0.04}, ["qdamp = 0.06 Å⁻¹", "the study takes qdamp = 0.04"]),
        ("qbroad = 0.06", {"qbroad": 0.02}, ["qbroad = 0.06 Å⁻¹"]),
        ("qmin = 0.5", {"qmin": 1.0}, ["qmin = 0.5 Å⁻¹"]),
    ],
)
def test_what_does_not_decide_is_remarked_on(head: str, more: dict[str, Any], words: list[str], tmp_path: Path) -> None:
    notes = pdf(written(tmp_path, "a.gr", head), **more).measured.notes
    assert any(all(word in note for word in words) for note in notes), notes
    silent = pdf(written(tmp_path, "a.gr", head), **more, believe="study").measured.notes
    assert not any(all(word in note for word in words) for note in silent)


@pytest.mark.parametrize("head", ["composition = Ni", "composition = Ni4", "qmax = 25.0", "composition = my powder"])
def test_what_agrees_is_not_remarked_on(head: str, tmp_path: Path) -> None:
    notes = pdf(written(tmp_path, "a.gr", head)).measured.notes
    assert not any("header" in note or "states" in note for note in notes)


def test_ratios_of_elements_tell_compositions_apart() -> None:
    says = {"composition": Says((frozenset({"Cs", "Pb", "Br"}), "CsPbBr3"), "the sample of the study is CsPbBr3")}
    curve = read_curve(measured("pdf/xpd_CsRich_CsPbBr3/CsRich_CsPbBr3_1.gr"))
    (remark,) = remarks_on(curve, says, "datasets.d")
    assert "the composition Cs4PbBr6" in remark
    assert remarks_on(curve, {}, "datasets.d") == []
    assert Stated() == Stated(places={"qmax": "line 1"})


# ---- units of other abscissae -----------------------------------------------------------------------

PPM = np.linspace(5.0, 6.0, 201)
LINES = {"a": Line("gaussian", position=5.5, fwhm=50.0)}


def spectrum(folder: Path, head: str) -> Path:
    return written(folder, "s.csv", head, PPM, 1.0 + np.exp(-0.5 * ((PPM - 5.5) / 0.05) ** 2))


def test_delays_in_ms_are_milliseconds(tmp_path: Path) -> None:
    t = np.array([1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0])
    y = 3.0 * np.exp(-t / 80.0)
    data = {"kind": "echo-decay", "parts": {"a": RelaxationPart(time=nc.vary(0.05))}}
    for head, expected in (("delay (ms)  integral", 0.08), ("delay (s)  integral", 80.0), ("", 80.0)):
        file = written(tmp_path, "t.csv", head, t, y)
        start = {"parts": {"a": RelaxationPart(time=nc.vary(0.6 * expected))}}
        result = nc.refine([], {"d": NmrRelaxation(file, **{**data, **start})})
        assert result["datasets.d.parts.a.time"].value == pytest.approx(expected, rel=1e-6), head


@pytest.mark.parametrize(
    ("axis", "head", "right"),
    [
        ("ppm", "ppm  intensity", True),
        ("ppm", "Hz  intensity", False),
        ("hz", "Hz  real", True),
        ("hz", "shift (ppm)  intensity", False),
        ("ppm", "", True),
    ],
)
def test_a_spectrum_over_hz_is_not_one_over_ppm(axis: Any, head: str, right: bool, tmp_path: Path) -> None:
    of_lines = {"lines": LINES, "spectrometer_frequency": 500.0, "background_terms": 0}
    data = NmrLines(spectrum(tmp_path, head), axis=axis, **of_lines)
    if right:
        assert data.bind("d", Sample({})).measured.observed is not None
    else:
        refused(lambda: data.bind("d", Sample({})), "d.axis", f'the axis is "{axis}"', "Say axis = ")


def test_gradients_in_the_unit_of_the_file(tmp_path: Path) -> None:
    x = np.linspace(2.0, 45.0, 12)
    file = written(tmp_path, "g.csv", "gradient (G/cm)  integral", x, 5.0 * np.exp(-1e-3 * x**2))
    data = {"columns": ["gradient", "a"], "pulse_duration": 3.0, "diffusion_time": 60.0, "shape_factor": 1.0}
    data |= {"components": {"c": DiffusionComponent(diffusion=100.0)}}
    says = ["d.gradient_unit", "the unit G/cm", 'gradient_unit is "T/m"', 'Say gradient_unit = "G/cm"']
    refused(lambda: NmrDiffusion(file, **data).bind("d", Sample({})), *says)
    assert NmrDiffusion(file, **data, gradient_unit="G/cm").bind("d", Sample({}))
