"""Crystals of given blocks against their atoms, one by one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.kernels import debye, plain
from nanocrystal.sample import Cube, FixedBody, TwinFamily
from nanocrystal.study import read_study
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import TotalScattering
from support.gamma_blocks import PLAIN, T110, sample
from support.modelling import calculated, sample_of
from support.structures import CUBIC

SETTINGS = TotalScattering(q="0.5:20:0.1", background_terms=0)
Q = 0.5 + 0.1 * np.arange(196)
U_ISO = {"Pb": 0.0127, "Cs": 0.03, "Br": 0.025}
BASIS = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]])
STAR = [(0, 0, 0), *((s * k, 0, 0) for k in (1, 2, 3) for s in (1, -1)), (0, 1, 0), (0, 2, 0), (0, 0, 1), (1, 1, 1)]


def direct(blocks: list[tuple[int, int, int]]) -> np.ndarray:
    """Return I(Q) of whole cells of cubic CsPbBr3 by the plain sums over their atoms."""
    positions = 5.87 * (np.array(blocks)[:, None, :] + BASIS[None]).reshape(-1, 3)
    kinds = np.tile([0, 1, 2, 2, 2], len(blocks))
    f = np.array([form_factor(e, Q) for e in ("Pb", "Cs", "Br")])
    sums = plain.pair_sums(Q, positions, kinds, 3)
    u_iso = np.array([U_ISO[e] for e in ("Pb", "Cs", "Br")])
    return debye.debye_intensity(Q, sums, f, u_iso, np.ones(3), np.bincount(kinds).astype(float))


@pytest.mark.parametrize("blocks", [STAR, [(0, 0, 0)], [(5, 5, 5), (9, 5, 5)]])
def test_a_body_is_its_atoms(blocks: list[tuple[int, int, int]]) -> None:
    found = calculated(sample_of(CUBIC, FixedBody(blocks), U_ISO), SETTINGS, "iq")
    expected = direct(blocks)
    assert np.abs(found - expected).max() <= 1e-8 * expected.max()


def test_a_full_box_is_a_cube_with_boundaries_too() -> None:
    full = [(i, j, k) for i in range(4) for j in range(4) for k in range(4)]
    cube = calculated(sample_of(CUBIC, Cube(4 * 5.87), U_ISO), SETTINGS, "iq")
    body = calculated(sample_of(CUBIC, FixedBody(full), U_ISO), SETTINGS, "iq")
    np.testing.assert_allclose(body, cube, rtol=1e-9)
    twins = {"t": TwinFamily(T110, 0.2)}
    hollow = [b for b in full if b not in [(1, 1, 1), (2, 2, 2)]]
    assert calculated(sample(FixedBody(hollow), twins), PLAIN, "iq").min() > 0.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 0 0\n0 0 0\n", "names a block twice"),
        ("0 0\n1 1\n", "three columns"),
        ("0 0 0.5\n", "three whole numbers"),
        ("0 0 0\n1000 1000 1000\n", "too large a box"),
    ],
)
def test_wrong_blocks_are_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "blocks.txt").write_text(text)
    study = tmp_path / "study.toml"
    study.write_text(
        '[crystals.x]\nlibrary = "CsPbBr3-alpha"\nu_iso = { Cs = 0.1, Pb = 0.02, Br = 0.06 }\n'
        '[populations.p]\ncrystal = "x"\nshape = "blocks"\nfile = "blocks.txt"\n'
        '[datasets.iq]\ntechnique = "total-scattering"\nq = "1:5:0.1"\n'
    )
    with pytest.raises(InputError, match=words):
        read_study(study)


def test_a_study_names_blocks_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "blocks.txt").write_text("".join(f"{i} {j} {k}\n" for i, j, k in STAR))
    study = tmp_path / "study.toml"
    study.write_text(
        '[crystals.x]\nlibrary = "CsPbBr3-alpha"\nu_iso = { Cs = 0.1, Pb = 0.02, Br = 0.06 }\n'
        '[populations.p]\ncrystal = "x"\nshape = "blocks"\nfile = "blocks.txt"\n'
        '[datasets.iq]\ntechnique = "total-scattering"\nq = "1:5:0.1"\n'
    )
    described = read_study(study)
    assert described.sample.populations["p"].shape.n_blocks == len(STAR)
    assert described.simulated()["iq"]["intensity"].min() > 0.0
    assert len(described.sample.typical_atoms(described.parameters.initial_values())["p"].elements) == 5 * len(STAR)
    text = (tmp_path / "blocks.txt").read_bytes()
    assert described.sample.inputs()["blocks.txt"] == hashlib.sha256(text).hexdigest()
