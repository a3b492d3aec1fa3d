"""The wavelengths of a pattern from a file of instrument parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal import InputError
from nanocrystal.sample import Population, Sample
from nanocrystal.techniques import Powder
from support.modelling import crystal
from support.structures import NICKEL

LAB = "Type:PXC\nLam1:1.540562\nLam2:1.54439\nI(L2)/I(L1):0.497\nU:2.0\nW:5.0\nZero:0.0\n"


def sample() -> Sample:
    return Sample({"grains": Population("ni")}, {"ni": crystal(NICKEL)})


def test_wavelengths_are_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "lab.instprm").write_text(LAB, encoding="utf-8")
    model = Powder(two_theta="40:60:0.05", instrument="lab.instprm", anomalous=False).bind("xrd", sample(), tmp_path)
    np.testing.assert_allclose(model.phases[0].beam.wavelengths, [1.540562, 1.54439], rtol=1e-14)
    assert "kalpha2_ratio = 0.497" in model.measured.notes[0]
    assert "caglioti_w = 0.002773" in model.measured.notes[0]


@pytest.mark.parametrize(
    ("text", "keys", "words"),
    [
        (LAB, {"tube": "Cu"}, "datasets.xrd.tube: stands beside instrument"),
        (LAB.replace("PXC", "PNC"), {}, "is of neutrons; powder is calculated for X-rays"),
        (LAB.replace("PXC", "PXT"), {}, "times of flight"),
        (LAB.replace("1.540562", "154"), {}, "states 154 Å; it must be between"),
    ],
)
def test_what_is_refused(text: str, keys: dict[str, str], words: str, tmp_path: Path) -> None:
    (tmp_path / "lab.instprm").write_text(text, encoding="utf-8")
    powder = Powder(two_theta="40:60:0.05", instrument="lab.instprm", anomalous=False, **keys)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=words):
        powder.bind("xrd", sample(), tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"datasets\.xrd\.instrument: there is no file .*lab\.instprm"):
        Powder(two_theta="40:60:0.05", instrument="lab.instprm").bind("xrd", sample(), tmp_path)
