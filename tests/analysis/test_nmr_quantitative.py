"""Amounts, concentrations and ligand counts by hand and by Monte Carlo; numbers of two papers; wrong input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nanocrystal.analysis import nmr_quantitative as q
from nanocrystal.errors import InputError

RNG = np.random.default_rng(4)
N = 400_000


def drawn(value: float, error: float) -> np.ndarray:
    return RNG.normal(value, error, N)


def test_amount_by_standard_by_hand() -> None:
    """5 µmol of dibromomethane (2 H) with area 1.00; oleate (2 alkene H) with 1.32: 6.6 µmol; with 3 protons 4.4."""
    assert q.amount_by_standard_mol(1.32, 2, 1.0, 2, 5e-6).value == pytest.approx(6.6e-6)
    found = q.amount_by_standard_mol((1.32, 0.02), 3, (1.0, 0.01), 2, (5e-6, 1e-7))
    assert found.value == pytest.approx(4.4e-6)
    relative = math.sqrt((0.02 / 1.32) ** 2 + 0.01**2 + 0.02**2)
    assert found.stderr == pytest.approx(4.4e-6 * relative, rel=1e-6)
    assert found.unit == "mol"
    assert not q.amount_by_standard_mol(1.0, 2, 1.0, 2, 1e-6).determined


def test_precursor_matches_ligands_as_the_paper_says() -> None:
    """0.5 mL of 88.5 mM ligands and 0.4 mL of 110 mM precursor are "a 1:1 solution"."""
    ligands = q.concentration_mol_per_l(0.5e-3 * 88.5e-3, 1.0)
    precursor = q.concentration_mol_per_l(0.4e-3 * 110e-3, 1.0)
    assert ligands.value / precursor.value == pytest.approx(1.0, abs=0.01)


def test_chain_against_monte_carlo() -> None:
    """Areas to ligands per nm², all errors a few per cent, by drawing every number."""
    given = {
        "area": (1.32, 0.03), "standard": (1.0, 0.02), "mol": (5e-6, 1e-7), "volume": (5e-4, 5e-6),
        "absorbance": (0.5, 0.01), "extinction": (2.5e5, 1e4), "diameter": (4.1, 0.1),
    }  # fmt: skip
    ligand = q.amount_by_standard_mol(given["area"], 2, given["standard"], 2, given["mol"])
    ligand = q.concentration_mol_per_l(ligand, given["volume"])
    crystals = q.concentration_by_absorbance_mol_per_l(given["absorbance"], given["extinction"], 1.0, 50.0)
    number = q.ligands_per_nanocrystal(ligand, crystals)
    density = q.ligands_per_nm2(number, given["diameter"])
    d = {k: drawn(*v) for k, v in given.items()}
    by_hand = d["area"] / d["standard"] * d["mol"] / d["volume"] / (d["absorbance"] * 50.0 / d["extinction"])
    assert number.value == pytest.approx(np.median(by_hand), rel=5e-3)
    assert number.stderr == pytest.approx(by_hand.std(), rel=0.03)
    per_area = by_hand / (np.pi * d["diameter"] ** 2)
    assert density.value == pytest.approx(np.median(per_area), rel=5e-3)
    assert density.stderr == pytest.approx(per_area.std(), rel=0.03)
    assert density.unit == "1/nm²"


def test_simulated_tells_what_a_straight_line_misses() -> None:
    """1/x with 30 %: the median stays, the upper end is farther than the lower one; quantiles of 1/x by hand."""
    middle, low, high = q.propagated_by_sampling(lambda x: 1.0 / x, {"x": (1.0, 0.2)}, np.random.default_rng(1), 20_000)
    assert middle == pytest.approx(1.0, abs=0.01)
    assert low == pytest.approx(1.0 / 1.2, abs=0.01)
    assert high == pytest.approx(1.0 / 0.8, abs=0.02)
    assert q.propagated(lambda x: 1.0 / x, {"x": (1.0, 0.2)}, "").stderr == pytest.approx(0.2, rel=1e-6)


def test_oleates_on_lead_sulfide() -> None:
    """132 ligands on 4.1 nm, as printed for PbS: 2.50 per nm²; with 10 % spread of sizes 1 % less."""
    assert q.ligands_per_nm2(132.0, 4.1).value == pytest.approx(132.0 / 52.810, rel=1e-4)
    spread = q.ligands_per_nm2(132.0, 4.1, spread_nm=0.41)
    assert spread.value == pytest.approx(132.0 / (math.pi * 4.1**2 * 1.01), rel=1e-9)
    assert q.surface_nm2(10.0, "cube").value == pytest.approx(600.0)


def test_mean_surface_of_a_distribution() -> None:
    sizes = np.abs(drawn(4.1, 0.6))
    assert q.surface_nm2(4.1, spread_nm=0.6).value == pytest.approx(float(np.pi * np.mean(sizes**2)), rel=3e-3)


def test_concentration_by_mass() -> None:
    """1 g/L of spheres of 4.1 nm, 7.6 g/cm³: 36.09 nm³ and 2.7426e-19 g each."""
    each = 7.6 * math.pi / 6.0 * (4.1e-7) ** 3
    found = q.concentration_by_mass_mol_per_l((1.0, 0.01), (4.1, 0.1), 7.6)
    assert found.value == pytest.approx(1.0 / each / 6.02214076e23, rel=1e-9)
    assert found.stderr / found.value == pytest.approx(math.hypot(0.01, 3.0 * 0.1 / 4.1), rel=1e-4)
    assert q.concentration_by_mass_mol_per_l(1.0, 4.1, 7.6, "cube").value < found.value


WRONG = {
    "zero": (lambda: q.amount_by_standard_mol(0.0, 2, 1.0, 2, 1e-6), "area", "above 0"),
    "protons": (lambda: q.amount_by_standard_mol(1.0, 0, 1.0, 2, 1e-6), "protons", "at least 1"),
    "error": (lambda: q.concentration_mol_per_l((1.0, -0.1), 1.0), "amount_mol", "at least 0"),
    "nan": (lambda: q.ligands_per_nanocrystal(float("nan"), 1.0), "ligand_mol_per_l", "above 0"),
    "shape": (lambda: q.surface_nm2(4.0, "rod"), "shape", "sphere or cube"),  # type: ignore[arg-type]
    "spread": (lambda: q.surface_nm2(4.0, spread_nm=-1.0), "spread_nm", "at least 0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_named(name: str) -> None:
    call, where, problem = WRONG[name]
    with pytest.raises(InputError) as caught:
        call()
    assert where in str(caught.value)
    assert problem in str(caught.value)
