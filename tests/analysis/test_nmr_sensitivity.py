"""Isotopes, sensitivity per time, viscosity and size from diffusion."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nanocrystal.analysis.nmr_diffusion import diameter_from_diffusion, viscosity_from_diffusion
from nanocrystal.analysis.nmr_sensitivity import (
    concentration_for_signal_to_noise,
    nmr_sensitivity_per_time,
    nmr_sensitivity_table,
    signal_to_noise_after,
    time_for_signal_to_noise_s,
)
from nanocrystal.errors import InputError
from nanocrystal.tables.isotopes import isotope, isotopes
from nanocrystal.tables.viscosity import CRC, TOLUENE, viscosity_mpa_s

# ---- isotopes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(isotopes()))
def test_receptivity_follows_from_spin_abundance_and_gamma(name: str) -> None:
    """D^p = x |γ|³ I(I + 1) over that of 1H: three printed columns make the fourth."""
    entry, proton = isotope(name), isotope("1H")
    ratio = abs(entry.gyromagnetic_ratio / proton.gyromagnetic_ratio) ** 3
    expected = entry.abundance / proton.abundance * ratio * entry.spin * (entry.spin + 1.0) / 0.75
    assert entry.receptivity == pytest.approx(expected, rel=0.005)


@pytest.mark.parametrize("name", list(isotopes()))
def test_frequency_ratio_follows_from_gamma_but_for_shielding(name: str) -> None:
    """Shielding grows with the atomic number, to 2 % for Tl, Pb and Bi."""
    entry = isotope(name)
    bare = 100.0 * abs(entry.gyromagnetic_ratio) / isotope("1H").gyromagnetic_ratio
    assert -0.004 < bare / entry.frequency_ratio_percent - 1.0 < 0.02


def test_isotopes_that_a_paper_on_caesium_lead_halides_prints() -> None:
    """Table S3 of Aebli et al.: 5.37e-4, 0.00135, 0.0484, 0.002."""
    printed = {"77Se": 5.37e-4, "113Cd": 1.35e-3, "133Cs": 0.0484}
    for name, value in printed.items():
        assert isotope(name).receptivity == pytest.approx(value, rel=1e-9)
    assert round(isotope("207Pb").receptivity, 3) == 0.002


def test_isotope_properties() -> None:
    cesium = isotope("¹³³Cs")
    assert (cesium.spin, cesium.abundance, cesium.quadrupole_moment_fm2) == (3.5, 1.0, -0.343)
    assert isotope("Cs133") is cesium
    assert isotope("13C").quadrupole_moment_fm2 is None
    assert cesium.frequency_mhz(400.0) == pytest.approx(52.464568)
    assert cesium.receptivity_of_carbon == pytest.approx(284.0, rel=0.005)
    with pytest.raises(InputError, match="there is no nucleus '134Cs' in the table; of this element: 133Cs"):
        isotope("134Cs")
    with pytest.raises(InputError, match="there is no nucleus '12C' in the table"):
        isotope("12C")


# ---- sensitivity ------------------------------------------------------------------------------------


def test_printed_sensitivities_per_time() -> None:
    """Table S3 of Aebli et al. with its own receptivities: 0.016, 0.014, 1, 0.512."""
    rows = [(5.37e-4, 5000.0, 30.0), (0.00135, 3750.0, 120.0), (0.0484, 2000.0, 109.0), (0.002, 17600.0, 1.0)]
    found = [round(nmr_sensitivity_per_time(*row), 3) for row in rows]
    assert found == [0.016, 0.014, 1.0, 0.512]


def test_table_takes_receptivities_from_the_isotopes() -> None:
    table = nmr_sensitivity_table({"77Se": (30.0, 5000.0), "207Pb": (1.0, 17600.0)}, enrichment={"77Se": 0.61})
    se, pb = table.rows
    assert se.sensitivity_per_time == pytest.approx(5.37e-4 / 0.0484 * 0.4 * 109.0 / 30.0 * 0.61 / 0.0763)
    assert pb.sensitivity_per_time == pytest.approx(2.01e-3 / 0.0484 * 2000.0 / 17600.0 * 109.0)
    assert "207Pb" in str(table)
    assert table.to_csv().splitlines()[0] == "nucleus,receptivity,t1_s,fwhm_hz,sensitivity_per_time"
    with pytest.raises(InputError, match="enrichment of 77Se: must be a fraction"):
        nmr_sensitivity_table({"77Se": (30.0, 5000.0)}, enrichment={"77Se": 61.0})
    with pytest.raises(InputError, match="t1_s: must be above 0 s, got 0"):
        nmr_sensitivity_table({"77Se": (0.0, 5000.0)})


def test_signal_to_noise_grows_as_the_root_of_time() -> None:
    """By adding up 4 and 400 synthetic scans."""
    rng = np.random.default_rng(4)
    ratio = [50.0 * n / np.std(rng.normal(size=(n, 4000)).sum(axis=0)) for n in (4, 400)]
    assert ratio[1] / ratio[0] == pytest.approx(signal_to_noise_after(1.0, 4.0, 400.0), rel=0.04)
    assert time_for_signal_to_noise_s(30.0, 10.0, 3600.0) == 9.0 * 3600.0
    assert time_for_signal_to_noise_s(30.0, 10.0, 3600.0, concentration_ratio=3.0) == pytest.approx(3600.0)
    assert concentration_for_signal_to_noise(30.0, 10.0, 5.0, time_ratio=4.0) == pytest.approx(7.5)
    with pytest.raises(InputError, match="signal_to_noise: must be above 0"):
        time_for_signal_to_noise_s(30.0, 0.0, 3600.0)


# ---- diffusion --------------------------------------------------------------------------------------


def test_size_of_a_printed_diffusion_coefficient() -> None:
    """85 µm²/s and 7.2 nm of PbS nanocrystals in toluene-d8 imply 0.714 mPa s at 298.15 K, not toluene's 0.554."""
    by_hand = 1.380649e-23 * 298.15 / (3.0 * math.pi * 85e-12 * 7.2e-9)
    assert viscosity_from_diffusion(85.0, 7.2, 298.15) == pytest.approx(by_hand * 1e3)
    assert by_hand == pytest.approx(7.14e-4, rel=1e-3)
    found = diameter_from_diffusion(85.0, 298.15, viscosity_mpa_s=0.714, stderr_um2_per_s=8.5)
    assert found.diameter_nm == pytest.approx(7.2, abs=0.01)
    assert found.stderr_nm == pytest.approx(0.72, abs=0.001)
    assert "η = 0.714 mPa·s (given)" in str(found)
    assert diameter_from_diffusion(85.0, 298.15, solvent="toluene").diameter_nm == pytest.approx(9.28, abs=0.01)
    with pytest.raises(InputError, match="exactly one of viscosity_mpa_s and solvent"):
        diameter_from_diffusion(85.0, 298.15)
    with pytest.raises(InputError, match="must be above 0 µm²/s"):
        diameter_from_diffusion(-1.0, 298.15, solvent="toluene")


def test_viscosity_of_toluene_is_that_of_the_handbook() -> None:
    """CRC Handbook: 1.165, 0.778, 0.560, 0.424, 0.333 mPa s at −25 to 75 °C; two sources, 1.2 % apart at the most."""
    for celsius, printed in {-25.0: 1.165, 0.0: 0.778, 25.0: 0.560, 50.0: 0.424, 75.0: 0.333}.items():
        assert viscosity_mpa_s("toluene", celsius + 273.15) == pytest.approx(printed, rel=0.0125)
    assert sum(TOLUENE) == pytest.approx(0.0, abs=0.002)


def test_interpolation_between_25_degrees_is_good_to_half_a_percent() -> None:
    """Tried on toluene, of which the curve is known: ln η over 1/T between points 25 °C apart."""
    for low in (253.15, 273.15, 298.15, 323.15):
        ends = np.array([low, low + 25.0])
        logs = np.log([viscosity_mpa_s("toluene", t) for t in ends])
        for middle in (low + 8.0, low + 12.5):
            found = np.exp(np.interp(1.0 / middle, 1.0 / ends[::-1], logs[::-1]))
            assert found == pytest.approx(viscosity_mpa_s("toluene", middle), rel=0.005)
    for solvent, printed in CRC.items():
        for celsius, value in printed.items():
            assert viscosity_mpa_s(solvent, celsius + 273.15) == pytest.approx(value, rel=1e-9)


def test_viscosities_that_are_not_known() -> None:
    with pytest.raises(InputError, match="the viscosity of toluene-d8 is not tabulated; give it in mPa s"):
        viscosity_mpa_s("toluene-d8", 298.15)
    with pytest.raises(InputError, match=r"from 273.15 to 323.15 K, not at 400 K"):
        viscosity_mpa_s("hexane", 400.0)
    with pytest.raises(InputError, match="there is no viscosity of 'tolune'; did you mean 'toluene'"):
        viscosity_mpa_s("tolune", 298.15)
