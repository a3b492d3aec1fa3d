"""Wrong input to the technique powder: one sentence with the place, what is wrong and what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.sample import Population, Sample
from nanocrystal.techniques import Powder
from support.modelling import crystal
from support.small_study import SmallStudy
from support.structures import NICKEL, cif

STUDY = """title = "Nickel powder"

[crystals.ni]
cif = "Ni.cif"
a = { value = 3.52, vary = true }

[populations.grains]
crystal = "ni"
shape = "bulk"

[datasets.xrd]
technique = "powder"
file = "ni.xy"
wavelength = 1.54
anomalous = false
background_terms = 2
"""
EMPTY = cif("4 4 4 90 90 90", "P m -3 m", "")


@pytest.fixture
def study(tmp_path: Path) -> SmallStudy:
    small = SmallStudy(tmp_path)
    small.text = STUDY
    x = np.arange(30.0, 100.0, 0.05)
    y = 100.0 + sum(1000.0 * np.exp(-(((x - c) / 0.2) ** 2)) for c in (44.5, 51.9, 76.4, 92.9))
    small.write("ni.xy", "".join(f"{a:.3f} {b:.0f}\n" for a, b in zip(x, y, strict=True)))
    return small


def test_the_study_itself_is_sound(study: SmallStudy) -> None:
    said = study.refine("--out", "{}/out")
    assert said.exit_code == 0, said.stderr


def test_no_wavelength(study: SmallStudy) -> None:
    study.change("wavelength = 1.54\n", "").refused("datasets.xrd.wavelength", "is missing", 'tube = "Cu"')


def test_wavelength_and_energy_that_differ(study: SmallStudy) -> None:
    study.add("energy = 9000.0").refused("datasets.xrd.energy", "1.3776 Å", "1.54 Å", "give one")


def test_energy_in_kev(study: SmallStudy) -> None:
    study.change("wavelength = 1.54", "energy = 8.05").refused("datasets.xrd.energy", "is in eV", "energy = 8050")


def test_wavelength_beside_a_tube(study: SmallStudy) -> None:
    study.add('tube = "Cu"').refused("datasets.xrd.wavelength", "stands beside tube", "give one of the two")


def test_unknown_tube(study: SmallStudy) -> None:
    study.change("wavelength = 1.54", 'tube = "cu"').refused("datasets.xrd.tube", "did you mean 'Cu'")


def test_second_line_far_from_the_first(study: SmallStudy) -> None:
    study.add("wavelength_2 = 1.39").refused("datasets.xrd.wavelength_2", "within 2 % of 1.54")


def test_ratio_without_a_second_line(study: SmallStudy) -> None:
    study.add("kalpha2_ratio = 0.5").refused("datasets.xrd.kalpha2_ratio", "needs a second line")


def test_columns_swapped(study: SmallStudy) -> None:
    rows = [row.split() for row in (study.folder / "ni.xy").read_text().splitlines()]
    study.write("ni.xy", "".join(f"{y} {x}\n" for x, y in rows))
    study.refused("datasets.xrd.file", "swapped", 'columns = ["intensity", "two_theta"]')
    study.add('columns = ["intensity", "two_theta"]')
    assert study.refine("--out", "{}/out").exit_code == 0


def test_abscissa_is_q(study: SmallStudy) -> None:
    study.add('columns = ["q", "intensity"]').refused("datasets.xrd.file", "needs intensity over two_theta")


def test_negative_counts(study: SmallStudy) -> None:
    text = (study.folder / "ni.xy").read_text().replace("30.000 100", "30.000 -3")
    study.write("ni.xy", text).refused(
        "datasets.xrd.file", "counting weights need counts of at least 0", "2θ = 30°", "-3"
    )


def test_no_point_in_the_range(study: SmallStudy) -> None:
    study.add("two_theta_range = [40.01, 40.02]").refused("datasets.xrd.two_theta_range", "holds no point")


def test_range_the_wrong_way_round(study: SmallStudy) -> None:
    study.add("two_theta_range = [60, 40]").refused("datasets.xrd.two_theta_range", "needs low < high, got [60, 40]")


def test_range_outside_the_data(study: SmallStudy) -> None:
    study.add("two_theta_range = [120, 140]").refused("datasets.xrd.two_theta_range", "reaches outside the data")


def test_overlapping_excluded_regions(study: SmallStudy) -> None:
    study.add("exclude = [[46, 50], [40, 47]]").refused("datasets.xrd.exclude", "overlap", "write [40, 50] instead")


def test_everything_excluded(study: SmallStudy) -> None:
    study.add("exclude = [[20, 100]]").refused("datasets.xrd.exclude", "leaves 0 of")


def test_unknown_population_in_profiles(study: SmallStudy) -> None:
    study.add("[datasets.xrd.profiles.grain]\nsize = 500").refused(
        "datasets.xrd.profiles.grain", "there is no such population", "did you mean 'grains'"
    )


def test_unknown_key_in_a_profile(study: SmallStudy) -> None:
    study.add("[datasets.xrd.profiles.grains]\nsise = 500").refused("datasets.xrd.profiles.grains.sise", "size")


def test_texture_without_an_axis(study: SmallStudy) -> None:
    study.add("[datasets.xrd.profiles.grains]\ntexture = 0.8").refused("profiles.grains.texture", "needs texture_axis")


def test_texture_axis_of_two_numbers(study: SmallStudy) -> None:
    study.add("[datasets.xrd.profiles.grains]\ntexture = 0.8\ntexture_axis = [0, 1]").refused("texture_axis")


def test_size_out_of_its_limits(study: SmallStudy) -> None:
    study.add("[datasets.xrd.profiles.grains]\nsize = -5").refused("datasets.xrd.profiles.grains.size", "at least 5")


def test_a_phase_without_atoms(study: SmallStudy) -> None:
    study.write("Ni.cif", EMPTY).change("a = { value = 3.52, vary = true }\n", "").refused("Ni.cif", "atom")


def test_explicit_atoms(study: SmallStudy) -> None:
    study.change('crystal = "ni"\nshape = "bulk"', 'shape = "atoms"\nfile = "four.xyz"\nu_iso = { Ni = 0.01 }')
    study.change('[crystals.ni]\ncif = "Ni.cif"\na = { value = 3.52, vary = true }\n', "")
    study.refused("populations.grains", "explicit atoms", "total-scattering")


def test_no_reflection_in_the_range(study: SmallStudy) -> None:
    study.change("a = { value = 3.52, vary = true }", "a = { value = 3.52, vary = true }")
    study.add("two_theta_range = [30, 33]").refused("populations.grains", "has no reflection between")


def test_displacement_without_a_radius(study: SmallStudy) -> None:
    study.add("displacement = { value = 0.0, vary = true }").refused("datasets.xrd.displacement", "needs the radius")


def test_capillary_with_a_displacement(study: SmallStudy) -> None:
    study.add('geometry = "debye-scherrer"\ndisplacement = 0.1').refused("datasets.xrd.displacement", "flat sample")


def test_absorption_in_reflection(study: SmallStudy) -> None:
    study.add("mu_r = 0.5").refused("datasets.xrd.mu_r", "is of a capillary")


def test_monochromator_and_polarization(study: SmallStudy) -> None:
    study.add("monochromator_angle = 26.6\npolarization = 0.5").refused("datasets.xrd.polarization", "follows from")


def test_standard_without_its_fraction(study: SmallStudy) -> None:
    study.add('standard = "grains"').refused("datasets.xrd.standard_fraction", "is missing")


def test_standard_that_is_alone(study: SmallStudy) -> None:
    study.add('standard = "grains"\nstandard_fraction = 0.2').refused("datasets.xrd.standard", "stands alone")


def test_background_coefficient_that_is_none(study: SmallStudy) -> None:
    study.add("background = { c7 = 1.0 }").refused("datasets.xrd.background.c7", "is no coefficient")


def test_two_theta_beyond_180(study: SmallStudy) -> None:
    study.change('file = "ni.xy"', 'two_theta = "10:190:0.1"')
    study.refused("datasets.xrd.two_theta", "must be below 180°", verb="simulate")


def test_coarse_steps(study: SmallStudy) -> None:
    study.change('file = "ni.xy"', 'two_theta = "10:90:1"')
    study.refused("datasets.xrd.two_theta", "1° apart", verb="simulate")


def test_free_intensities_without_data(study: SmallStudy) -> None:
    study.change('file = "ni.xy"', 'two_theta = "10:90:0.1"')
    study.add('[datasets.xrd.profiles.grains]\nintensities = "free"')
    study.refused("datasets.xrd.profiles.grains.intensities", "to simulate, leave them out", verb="simulate")


def test_more_reflections_than_there_is_memory_for(study: SmallStudy) -> None:
    """4/3 π (2/λ)³ sin³ 51° V: 1.5 million for λ = 0.08 Å and 3.52 Å."""
    study.change("wavelength = 1.54", "wavelength = 0.08")
    study.refused("populations.grains", "reflections up to 2θ", "a smaller 2θ")


def test_wavelength_that_varies_with_the_only_cell(study: SmallStudy) -> None:
    study.change("wavelength = 1.54", "wavelength = { value = 1.54, vary = true }")
    study.refused("datasets.xrd.wavelength", "varies together with the cells of all phases", "fix the wavelength")


def test_a_width_alone_has_no_negative_square(study: SmallStudy) -> None:
    study.add("caglioti_w = -0.01").refused("datasets.xrd.caglioti_w", "at least 0", "-0.01")
    study.add("caglioti_u = 0.1")
    assert study.refine("--out", "{}/out").exit_code == 0


def test_wavelength_that_is_tied(study: SmallStudy) -> None:
    study.change("wavelength = 1.54", 'wavelength = { tie = "crystals.ni.a / 2" }')
    study.refused("datasets.xrd.wavelength", "must have a value")


def test_wavelength_in_nm(study: SmallStudy) -> None:
    study.change("wavelength = 1.54", "wavelength = 0.0154").refused("datasets.xrd.wavelength", "0.08", "0.0154")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("size_lorentzian = 1.5", "size_lorentzian"),
        ("strain_lorentzian = -0.1", "strain_lorentzian"),
        ("particle_diameter = -2.0", "is in µm, above 0"),
        ('particle_diameter = "2 µm"', "particle_diameter"),
    ],
)
def test_profiles_that_cannot_be(line: str, words: str, study: SmallStudy) -> None:
    study.add(f"[datasets.xrd.profiles.grains]\n{line}").refused("datasets.xrd.profiles.grains", words)


def test_counts_of_an_instrument_that_are_negative(study: SmallStudy) -> None:
    points = "<startPosition>30</startPosition><endPosition>99</endPosition>"
    study.write(
        "ni.xrdml",
        '<xrdMeasurements><scan><dataPoints><positions axis="2Theta">' + points + "</positions><counts>"
        + "5 " * 600 + "-1</counts></dataPoints></scan></xrdMeasurements>",
    )  # fmt: skip
    study.change('file = "ni.xy"', 'file = "ni.xrdml"')
    study.refused("datasets.xrd.file", "ni.xrdml", "negative counts, the first -1")


def test_columns_of_a_file_that_names_them(study: SmallStudy) -> None:
    study.write("ni.xrdml", "<xrdMeasurements/>").change('file = "ni.xy"', 'file = "ni.xrdml"')
    study.add('columns = ["two_theta", "intensity"]').refused("datasets.xrd.file", "leave columns out")


def test_a_file_of_another_wavelength_is_refused(tmp_path: Path) -> None:
    text = (
        "<startPosition>30</startPosition><endPosition>99</endPosition></positions><counts>" + "5 " * 700 + "</counts>"
    )
    (tmp_path / "ni.xrdml").write_text(
        '<xrdMeasurements><kAlpha1>0.7093</kAlpha1><scan><dataPoints><positions axis="2Theta">'
        f"{text}</dataPoints></scan></xrdMeasurements>"
    )
    sample = Sample({"ni": Population("x")}, {"x": crystal(NICKEL)})
    data = Powder(file=tmp_path / "ni.xrdml", wavelength=1.5406, anomalous=False)
    with pytest.raises(InputError, match=r"datasets\.xrd\.wavelength: ni\.xrdml states a wavelength of 0\.7093 Å"):
        data.bind("xrd", sample)
    assert replace(data, believe="study").bind("xrd", sample).measured.observed is not None
