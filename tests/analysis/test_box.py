"""The box around atoms: turned boxes and bodies whose volumes are known."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from nanocrystal.analysis.box import box_of

CORNERS = np.array(list(product((0.0, 1.0), repeat=3)))
TURNS = [Rotation.from_euler("zyx", angles, degrees=True) for angles in ([45, 0, 0], [10, 70, 33], [0, 54.7356, 45])]


@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_box_has_its_own_lengths(turn: Rotation) -> None:
    box = box_of(turn.apply(CORNERS * [3.0, 5.0, 11.0]) + np.array([7.0, -2.0, 1.0]))
    assert sorted(box.high - box.low) == pytest.approx([3.0, 5.0, 11.0])
    assert box.part == pytest.approx(1.0)
    assert box.is_turned
    np.testing.assert_allclose(box.axes @ box.axes.T, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("turn", TURNS)
def test_depths_in_a_turned_box(turn: Rotation) -> None:
    """Of a box of 3 by 5 by 11 Å: its middle is 1.5 below the nearest face, a point 0.4 above the last face −0.4."""
    moved = np.array([7.0, -2.0, 1.0])
    box = box_of(turn.apply(CORNERS * [3.0, 5.0, 11.0]) + moved)
    asked = turn.apply([[1.5, 2.5, 5.5], [1.5, 1.0, 5.5], [1.5, 2.5, 11.4]]) + moved
    assert box.depths(asked) == pytest.approx([1.5, 1.0, -0.4])


def test_a_box_along_the_axes_stays() -> None:
    """Also where 6 % of its volume are cut off at the corners, so that a turned one would be as full."""
    cut = [c for c in np.array(list(product(np.linspace(0.0, 10.0, 6), repeat=3))) if 3.0 < c.sum() < 27.0]
    for points in (CORNERS * [3.0, 5.0, 11.0], np.array(cut)):
        box = box_of(points)
        assert not box.is_turned
        np.testing.assert_array_equal(box.axes, np.eye(3))


def test_atoms_in_a_plane_have_a_box_of_no_thickness() -> None:
    box = box_of(CORNERS[:4] * [1.0, 5.0, 11.0])
    assert box.high - box.low == pytest.approx([0.0, 5.0, 11.0])
    assert not box.is_turned


def test_a_ball_fills_no_box() -> None:
    """π/6 of the one along the axes, for which it is taken."""
    ball = np.random.default_rng(0).normal(size=(4000, 3))
    box = box_of(ball / np.linalg.norm(ball, axis=1)[:, None])
    assert box.part == pytest.approx(np.pi / 6.0, abs=0.01)
    assert not box.is_full
    assert not box.is_turned
