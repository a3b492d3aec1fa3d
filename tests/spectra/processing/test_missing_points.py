"""What missing points leave under a spectrum, against what was put there."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.spectra.processing.missing_points import floor_curve, lies_below, missing_points

PLACE = np.linspace(0.0, 1.0, 8192, endpoint=False)
LINES = sum(1.0 / (1.0 + ((PLACE - at) / 2e-3) ** 2) for at in (0.2, 0.37, 0.41, 0.8))


def noise(seed: int) -> np.ndarray:
    return 2e-3 * np.random.default_rng(seed).normal(size=PLACE.size)


@pytest.mark.parametrize(
    ("ph1", "number"), [(-300.0, 0), (0.0, 0), (85.0, 0), (170.0, 0), (190.0, 1), (440.0, 1), (948.0, 3)]
)
def test_points_by_the_slope_of_the_phase(ph1: float, number: int) -> None:
    assert missing_points(ph1) == number


def test_level_and_waves_are_found() -> None:
    added = -0.02 + 0.01 * np.cos(2 * np.pi * PLACE) - 0.015 * np.sin(4 * np.pi * PLACE)
    found = floor_curve(LINES + added + noise(1), 2)
    assert np.abs(found - added).max() < 5e-3


def test_a_level_above_zero_is_left_for_it_may_be_wings() -> None:
    broad = 1.0 / (1.0 + ((PLACE - 0.5) / 0.1) ** 2)
    assert not lies_below(broad + noise(2))
    assert not lies_below(noise(3))
    assert lies_below(LINES - 0.01 + noise(4))
