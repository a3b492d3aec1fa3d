"""χ(k) of paths against the sum of them that FEFF itself makes."""

from __future__ import annotations

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.data.feff import read_feff
from nanocrystal.kernels.exafs import PathTable, PathValues, path_chi
from support.paths import REFERENCES

FOLDER = REFERENCES / "feff8l"
FILES = [FOLDER / f"feff000{n}.dat" for n in (1, 2, 3)]


def test_the_paths_that_feff_found() -> None:
    """12 and 6 neighbours of copper at a/√2 and a, a = 3.61 Å; 48 triangles with legs a/√2, a/√2 and a√(3/2)."""
    paths = [read_feff(file, "feff") for file in FILES]
    assert [(p.absorber, p.shell, p.n_legs, p.degeneracy) for p in paths] == [
        (29, "K", 2, 12.0),
        (29, "K", 2, 6.0),
        (29, "K", 3, 48.0),
    ]
    triangle = (1.0 + 0.5 * np.sqrt(0.5 * 2.0)) * 3.61 / np.sqrt(2.0)
    assert [p.reff for p in paths] == pytest.approx([3.61 / np.sqrt(2.0), 3.61, triangle], abs=1e-4)
    assert [len(p.atoms) for p in paths] == [1, 1, 2]


def test_their_sum_is_that_of_feff() -> None:
    """To 1.1e-4 of 0.35, where FEFF interpolates nothing; phases have five digits."""
    k, chi = np.loadtxt(FOLDER / "chi.csv", delimiter=",", skiprows=1).T
    total = np.zeros(len(k))
    for file in FILES:
        p = read_feff(file, "feff")
        table = PathTable(p.k, p.amplitude, p.phase, p.mean_free, p.real_p, p.reff)
        total += p.degeneracy * path_chi(k, table, PathValues())
    assert np.abs(chi).max() > 0.35
    assert total == pytest.approx(chi, abs=1.2e-4)


def test_a_study_of_them_makes_the_same() -> None:
    k, chi = np.loadtxt(FOLDER / "chi.csv", delimiter=",", skiprows=1).T
    numbers = dict(zip(FILES, (12.0, 6.0, 48.0), strict=True))
    paths = {f.stem: nc.ExafsPath(str(f), n_coord=n, sigma2=0.0) for f, n in numbers.items()}
    curve = nc.simulated_curves({}, {"d": nc.Exafs(k="2:20:0.1", paths=paths)})["d"]
    x, calculated = np.asarray(curve["k"]), np.asarray(curve["chi"])
    shared = np.abs(k[:, None] - x).min(axis=1) < 1e-6
    assert shared.sum() > 35
    assert np.interp(k[shared], x, calculated) == pytest.approx(chi[shared], abs=1.2e-4)
