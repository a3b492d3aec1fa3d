"""Path files of FEFF: what is in them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data.feff import read_feff
from nanocrystal.errors import InputError
from support.feff_files import K, table, write_feff
from support.technique_studies import MADE_FEFF


def test_it_is_read(tmp_path: Path) -> None:
    path = write_feff(tmp_path / "feff0001.dat", reff=2.75, absorber=82, scatterer=35, shell="L3", degeneracy=6.0)
    found = read_feff(path, "feff")
    assert (found.absorber, found.shell, found.n_legs, found.degeneracy, found.reff) == (82, "L3", 2, 6.0, 2.75)
    assert [(a.number, a.place) for a in found.atoms] == [(35, (0.0, 0.0, 2.75))]
    _, central, magnitude, phase, reduction, free, real = table()
    assert found.k == pytest.approx(K, abs=1e-3)
    assert found.amplitude == pytest.approx(magnitude * reduction, rel=2e-6)
    assert np.exp(1j * found.phase) == pytest.approx(np.exp(1j * (central + phase)), abs=2e-5)
    assert np.abs(np.diff(found.phase)).max() < 0.5
    assert found.mean_free == pytest.approx(free, rel=1e-6)
    assert found.real_p == pytest.approx(real, rel=1e-6)


def test_jumps_of_the_phase_are_taken_out(tmp_path: Path) -> None:
    k, central, magnitude, phase, *rest = table()
    jumping = np.where(k > 5.0, phase + 2.0 * np.pi, phase)
    smooth = read_feff(write_feff(tmp_path / "a.dat"), "feff").phase
    found = read_feff(write_feff(tmp_path / "b.dat", (k, central, magnitude, jumping, *rest)), "feff").phase
    assert found == pytest.approx(smooth, abs=1e-4)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("nleg, deg, reff", "", "is no path file of FEFF: a row with nleg, deg, reff"),
        ("real[2*phc]", "phc", "is no path file of FEFF"),
        ("   2.5000    2.63", "   -2.500    2.63", "half the length of a path is above 0 Å"),
        ("   2  12.000   2.5", "   two  12.000   2.5", "line 8: 'two  12.000   2.5000"),
        ("      .0000     .0000    2.5000  1  29 Cu\n", "", "names 1 atoms"),
        ("Abs   Z=29", "Abs   Z=30", "an absorber of Z = 30 in its head but of Z = 29 among its atoms"),
        (" 20.000 ", " 19.000 ", "k must ascend"),
        ("\n 20.000 ", "\n 20.000 x", "should begin with 7 numbers"),
    ],
)
def test_what_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = write_feff(tmp_path / "feff0001.dat")
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_feff(path, "datasets.d.paths.p.feff")
    assert str(caught.value).startswith("datasets.d.paths.p.feff: feff0001.dat")
    assert said in str(caught.value)


def test_too_short_or_without_a_free_path(tmp_path: Path) -> None:
    short = tuple(c[:3] for c in table())
    with pytest.raises(InputError, match="3 rows of its table; at least 4"):
        read_feff(write_feff(tmp_path / "a.dat", short), "feff")
    *rest, free, real = table()
    with pytest.raises(InputError, match="lambda, the mean free path, must be above 0"):
        read_feff(write_feff(tmp_path / "b.dat", (*rest, np.where(free > 0.0, 0.0, free), real)), "feff")


def test_the_made_file_is_as_it_is_written(tmp_path: Path) -> None:
    assert write_feff(tmp_path / "a.dat").read_text(encoding="utf-8") == MADE_FEFF.read_text(encoding="utf-8")
