"""Integrals and signs of measured spectra, processed as the command does without an option, against chemistry."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data.nmr import read_nmr
from nanocrystal.spectra.processing import NmrSpectrum, nmr_spectrum
from support.measured import measured

JEOL = "nmr/jeol-data-test_MIT"
RUTIN = {
    "H-2', H-6'": (2, 7.483, 7.520),
    "H-5'": (1, 6.785, 6.815),
    "H-8": (1, 6.339, 6.350),
    "H-6": (1, 6.148, 6.160),
    "CH3": (3, 0.940, 0.960),
}
"""protons, and from where to where a line reaches, ppm"""
BESIDE = 0.05
"""ppm beside a line that its integral holds"""


def unpacked(name: str, folder: Path) -> Path:
    with zipfile.ZipFile(measured(f"nmr/bruker-data-test_MIT/{name}.zip")) as archive:
        archive.extractall(folder)
    return folder / "1"


def integrals(spectrum: NmrSpectrum, regions: list[tuple[float, float]]) -> np.ndarray:
    return np.array([float(spectrum.integral(*region)) for region in regions])


def test_protons_of_naphthoic_acid(tmp_path: Path) -> None:
    """Five CH of one proton, one line of two; the regions are those that stand beside the data."""
    spectrum = nmr_spectrum(read_nmr(unpacked("naphthoicAcid-1h", tmp_path)))
    text = (tmp_path / "1" / "pdata" / "1" / "integrals.txt").read_text(encoding="utf-8")
    rows = [line.split() for line in text.splitlines() if line.split()[:1] and line.split()[0] in "123456"]
    regions = [(float(row[2]), float(row[1])) for row in rows]
    assert len(regions) == 6
    found = integrals(spectrum, regions)
    protons = found / found[:5].mean()
    assert abs(protons[5] - 2.0) < 0.02
    assert np.abs(protons[:5] - 1.0).max() < 0.03
    assert spectrum.negative_share < 0.02
    # what is stated covers by how much protons are no integers, as that of noise alone, 1e-4, does not
    stated = np.array([float(spectrum.integral_sigma(*region)) for region in regions]) / found
    assert 0.005 < np.sqrt(np.mean(stated**2)) < 0.05


def test_protons_of_rutin() -> None:
    """Protons at carbon are whole numbers; those of OH exchange with water, and are no measure."""
    spectrum = nmr_spectrum(read_nmr(measured(f"{JEOL}/Rutin_3080ug200uL_DMSOd6_qHNMR.jdf")))
    counts = np.array([n for n, _, _ in RUTIN.values()])
    found = integrals(spectrum, [(low - BESIDE, high + BESIDE) for _, low, high in RUTIN.values()])
    protons = found * counts.sum() / found.sum()
    assert np.abs(protons / counts - 1.0).max() < 0.03
    # the base between the aromatic lines is flat and at zero: a level of 0.2 % of the solvent stood below it
    empty = (spectrum.x > 14.0) & (spectrum.x < 18.0)
    assert abs(spectrum.real[empty].mean()) < 1e-4 * spectrum.real.max()


@pytest.mark.campaign
def test_lines_of_a_carbon_spectrum_with_one_pulse_are_all_positive() -> None:
    spectrum = nmr_spectrum(read_nmr(measured(f"{JEOL}/pm033220_carbon.jdf")))
    noise = float(spectrum.noise)
    lines = np.abs(spectrum.real) > 8.0 * noise
    assert lines.sum() > 100
    assert (spectrum.real[lines] > 0.0).all()
    aromatic = (spectrum.x > 95.0) & (spectrum.x < 160.0)
    assert spectrum.real[aromatic].max() > 20.0 * noise
    assert spectrum.phase is not None
    assert 800.0 < spectrum.phase.ph1 < 1080.0
    assert any("waves of 3 missing points" in note for note in spectrum.notes)


def test_one_column_with_its_axis_above() -> None:
    data = read_nmr(measured("optical/nomad-hysprint_Apache2/hzok3106-AsAs_3_C_5.nmr.txt"))
    assert data.values.shape == (32768,)
    assert (data.x[0], data.x[-1]) == (-3.985870979620117, 16.33405)
    assert data.values[-1].real == 1003.5625
    assert any("its header states the axis, 16.334" in note for note in data.notes)
