"""Instrument parameters of GSAS-II and GSAS: radiation, wavelengths, and their profile terms in the units used here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data.powder.instrument import beside, read_instrument
from nanocrystal.errors import InputError

GSAS_II = """#GSAS-II instrument parameter file; do not add/delete items!
Type:PXC
Bank:1.0
Lam1:1.5405
Lam2:1.5443
I(L2)/I(L1):0.5
Zero:0.013
Polariz.:0.7
Azimuth:0.0
U:2.0
V:-2.0
W:5.0
X:0.0
Y:4.0
SH/L:0.002
"""


def gsas(kind: str, constants: str) -> str:
    """Return the lines of the older kind that count."""
    return f"INS   HTYPE   {kind}\nINS  1 ICONS {constants}\n"


def written(folder: Path, text: str, name: str = "lab.instprm") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_doublet_of_gsas_ii(tmp_path: Path) -> None:
    """U = 2 centidegrees² is a variance: the squared full width is 8 ln 2 · 2 · 10⁻⁴ = 0.0011090 degrees²."""
    instrument = read_instrument(written(tmp_path, GSAS_II), "")
    assert (instrument.radiation, instrument.wavelengths, instrument.ratio) == ("x-ray", (1.5405, 1.5443), 0.5)
    keys = "kalpha2_ratio zero polarization caglioti_u caglioti_v caglioti_w lorentz_y axial_divergence"
    assert list(instrument.terms) == keys.split()
    np.testing.assert_allclose(
        [instrument.terms[k] for k in ("caglioti_u", "caglioti_w", "lorentz_y", "polarization", "axial_divergence")],
        [0.00110904, 0.00277259, 0.04, 0.3, 0.001],
        rtol=1e-5,
    )


@pytest.mark.parametrize(
    ("text", "radiation", "wavelengths", "ratio"),
    [
        ("Type:PNC\nLam:2.4062686\nPolariz.:0.0\n", "neutron", (2.4062686,), None),
        (gsas("PXCR", "0.4139090    0.0000    0.0000     0.990    0     0.500"), "x-ray", (0.413909,), None),
        (gsas("PXCR", " 1.540500  1.544300       0.0    0    0.7   0    0.5"), "x-ray", (1.5405, 1.5443), 0.5),
        (gsas("PNCR", " 1.909000  0.000000      -0.1    0    0.0   0    0.0"), "neutron", (1.909,), None),
    ],
)
def test_one_wavelength_and_the_older_kind(
    text: str, radiation: str, wavelengths: tuple[float, ...], ratio: float | None, tmp_path: Path
) -> None:
    instrument = read_instrument(written(tmp_path, text), "")
    assert (instrument.radiation, instrument.wavelengths, instrument.ratio) == (radiation, wavelengths, ratio)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Type:PNT\ndifC:22584\n", "times of flight"),
        ("Type:PXC\nLam:-1\n", "no wavelength above 0"),
        ("Type:PXC\n", "no wavelength above 0"),
        ("Type:SXC\nLam:1\n", "no file of instrument parameters"),
        ("10 20\n11 30\n", "no file of instrument parameters"),
        ("INS  1 ICONS 0.41\n", "whether it is of X-rays or of neutrons"),
    ],
)
def test_what_is_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        read_instrument(written(tmp_path, text), "datasets.xrd.instrument")


def test_what_stands_beside_the_data(tmp_path: Path) -> None:
    """A file of the name of the data, or of that which the data name; one that cannot be read is told."""
    written(tmp_path, GSAS_II)
    found, notes = beside(tmp_path / "lab.fxye", "")
    assert found is not None
    assert found.wavelengths == (1.5405, 1.5443)
    assert "beside the data, lab.instprm states x-rays of 1.5405 and 1.5443 Å" in notes[0]
    assert "caglioti_u = 0.001109" in notes[0]
    assert beside(tmp_path / "other.fxye", "") == (None, [])
    assert beside(tmp_path / "other.fxye", "C:\\data\\lab.instprm")[0] == found
    written(tmp_path, "Type:PNT\n", "flight.prm")
    assert "times of flight" in beside(tmp_path / "other.fxye", "flight.prm")[1][0]
