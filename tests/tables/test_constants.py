"""Constants of nature against those of scipy: exact ones to the last digit, others within later editions of CODATA."""

from __future__ import annotations

import pytest
from scipy import constants as scipy_constants

from nanocrystal.tables import constants


def test_exact_constants() -> None:
    assert scipy_constants.Avogadro == constants.AVOGADRO
    assert scipy_constants.Boltzmann == constants.BOLTZMANN
    assert scipy_constants.electron_volt == constants.ELECTRONVOLT
    assert scipy_constants.zero_Celsius == constants.ZERO_CELSIUS
    assert pytest.approx(scipy_constants.hbar, rel=1e-9) == constants.HBAR


def test_atomic_mass() -> None:
    """In kg, and in g/cm³ of one in a cubic ångström."""
    assert pytest.approx(scipy_constants.atomic_mass, rel=1e-9) == constants.DALTON
    assert pytest.approx(constants.DALTON * 1e3 / 1e-24, rel=1e-12) == constants.DALTON_PER_A3
