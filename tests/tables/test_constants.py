"""Constants of nature against those of scipy: exact ones to the last digit, others within later editions of CODATA."""

from __future__ import annotations

import pytest
from scipy import constants as scipy_constants

from nanocrystal.tables import constants


def test_exact_constants() -> None:
    assert constants.AVOGADRO == scipy_constants.Avogadro
    assert constants.BOLTZMANN == scipy_constants.Boltzmann
    assert constants.ELECTRONVOLT == scipy_constants.electron_volt
    assert constants.ZERO_CELSIUS == scipy_constants.zero_Celsius
    assert constants.HBAR == pytest.approx(scipy_constants.hbar, rel=1e-9)


def test_atomic_mass() -> None:
    """In kg, and in g/cm³ of one in a cubic ångström."""
    assert constants.DALTON == pytest.approx(scipy_constants.atomic_mass, rel=1e-9)
    assert constants.DALTON_PER_A3 == pytest.approx(constants.DALTON * 1e3 / 1e-24, rel=1e-12)
