"""Tables that GSAS-II exports: its weights, its radiation, and the wavelength where it is written with all digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data import read_curve
from nanocrystal.errors import InputError

TABLE = """"Histogram","PWDR NAC.fxye Bank 1"
"Instparm: Type","PXC"
"Instparm: Lam",  0.413909
"Instparm: Polariz.",      0.99
"Samparm: InstrName",
"Samparm: Type",Debye-Scherrer
"Samparm: Temperature",    298.00
"x","y_obs","weight","y_calc","y_bkg","Q"
20,100,0.01,101,50,5.27
20.02,144,0.0625,140,50,5.28
20.04,81,0,80,50,5.29
20.06,64,0.25,66,50,5.3
20.08,49,1,50,50,5.31
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "NAC.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_observed_intensities_with_their_weights(tmp_path: Path) -> None:
    """A weight of 0.0625 is σ = 4; of 0 the point was excluded."""
    curve = read_curve(written(tmp_path, TABLE))
    assert (curve.x_name, curve.y_name) == ("two_theta", "intensity")
    np.testing.assert_allclose(curve.x, [20.0, 20.02, 20.06, 20.08])
    np.testing.assert_allclose(curve.y, [100.0, 144.0, 64.0, 49.0])
    np.testing.assert_allclose(curve.sigma, [10.0, 4.0, 2.0, 1.0])
    stated = curve.stated
    assert (stated.radiation, stated.wavelength, stated.temperature) == ("x-ray", 0.413909, 298.0)
    assert "1 of 5 points have the weight 0 and were left out" in curve.notes


def test_wavelengths_of_two_decimals_are_not_taken(tmp_path: Path) -> None:
    doublet = '"Instparm: Lam1",      1.54\n"Instparm: Lam2",      1.54\n'
    text = TABLE.replace('"Instparm: Lam",  0.413909\n', doublet)
    assert read_curve(written(tmp_path, text)).stated.wavelength is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"PXC"', '"PNT"', "of the type 'PNT' of GSAS-II; only 2θ"),
        ('"y_obs"', '"other"', "no table with the headings"),
        ("144,0.0625", "144,much", "line 10: '20.02,144,much,140,50,5.28' is no 2θ"),
        ("20.02,144", "200.02,144", "not in order"),
    ],
)
def test_what_is_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_curve(written(tmp_path, TABLE.replace(old, new)))
    assert words in str(caught.value)


def test_xye_for_topas(tmp_path: Path) -> None:
    """The other export begins with /* and */, as TOPAS has comments."""
    path = tmp_path / "a.xye"
    rows = "".join(f"{20.0 + 0.02 * i:15.6f}{100.0 + i:15.6f}{10.0:15.6f}\n" for i in range(5))
    path.write_text(f"/*\n# NAC.fxye Bank 1\n*/\n{rows}", encoding="utf-8")
    curve = read_curve(path)
    np.testing.assert_allclose(curve.y, 100.0 + np.arange(5))
    np.testing.assert_allclose(curve.sigma, np.full(5, 10.0))
