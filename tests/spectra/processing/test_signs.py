"""The share of negative signal, against areas by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.spectra.processing.signs import negative_share

PLACE = np.arange(4096)


def gaussian(at: float, area: float) -> np.ndarray:
    return area / np.sqrt(2.0 * np.pi * 400.0) * np.exp(-((PLACE - at) ** 2) / 800.0)


@pytest.mark.parametrize("down", [0.0, 0.02, 0.3])
def test_share_is_that_of_areas(down: float) -> None:
    y = gaussian(1000.0, 1.0 - down) - gaussian(3000.0, down)
    assert negative_share(y) == pytest.approx(down, abs=1e-3)


def test_noise_alone_has_no_sign_that_counts() -> None:
    y = np.random.default_rng(1).normal(size=4096)
    assert negative_share(gaussian(2000.0, 1e4) + y) < 0.01
    assert negative_share(np.zeros(4096)) == 0.0
