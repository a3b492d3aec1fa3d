"""Constants against those that scipy carries (CODATA), and against each other."""

from __future__ import annotations

import pytest
from scipy import constants as codata

from nanocrystal.tables import constants
from nanocrystal.tables.beam import EV_ANGSTROM


def test_constants_are_those_of_codata() -> None:
    assert constants.AVOGADRO == codata.N_A
    assert codata.k == constants.BOLTZMANN
    assert codata.e == constants.ELECTRONVOLT
    assert codata.zero_Celsius == constants.ZERO_CELSIUS
    assert pytest.approx(codata.hbar, rel=1e-9) == constants.HBAR
    assert pytest.approx(codata.atomic_mass, rel=1e-8) == constants.DALTON


def test_they_agree_with_each_other() -> None:
    assert pytest.approx(constants.DALTON * 1e3 / 1e-24, rel=1e-12) == constants.DALTON_PER_A3
    assert pytest.approx(1.0, rel=1e-8) == constants.DALTON * 1e3 * constants.AVOGADRO
    assert pytest.approx(codata.h * codata.c / constants.ELECTRONVOLT * 1e10, rel=1e-12) == EV_ANGSTROM
