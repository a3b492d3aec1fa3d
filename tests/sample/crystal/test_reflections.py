"""Reflections and structure factors of crystals: against gemmi, direct sums, and hand calculations."""

from __future__ import annotations

import gemmi
import numpy as np
import pytest

from nanocrystal.sample import Crystal
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.sample.crystal.mixing import Substitution
from nanocrystal.sample.crystal.reflections import (
    Families,
    Reflections,
    crystal_families,
    crystal_reflections,
    squared_factors,
)
from support.modelling import now
from support.structures import CUBIC, WURTZITE_CDSE, cif

NACL = cif("5.64 5.64 5.64 90 90 90", "F m -3 m", "Na Na 0 0 0 1\nCl Cl 0.5 0.5 0.5 1")
F = {"Na": 8.5, "Cl": 13.25, "Si": 10.5, "Pb": 70.0, "Cs": 48.0, "Br": 29.0, "Cd": 41.0, "Se": 28.0}
"""electrons; any numbers, since only the sums are tested"""


def reflections_of(crystal: Crystal, q_max: float) -> Reflections:
    found = now(crystal)
    return crystal_reflections(found, crystal_families(crystal, found.vectors, q_max))


def read(text: str, **u_iso: float) -> Crystal:
    return Crystal(parse_cif(text, "test.cif"), u_iso=u_iso, where="c")


def by_hkl(families: Families, squared: np.ndarray) -> dict[tuple[int, ...], tuple[int, float]]:
    """Return the largest member of each family -> multiplicity and |F|²."""
    return {
        tuple(int(i) for i in h): (int(m), float(s))
        for h, m, s in zip(families.hkl, families.multiplicity, squared, strict=True)
    }


def constant_factors(found: Reflections, **anomalous: float) -> np.ndarray:
    return np.array([np.full(len(found.q), F[e] + 1j * anomalous.get(e, 0.0)) for e in found.elements])


LIBRARY = {
    "Si": {"Si": 0.005},
    "CsPbI3-delta": {"Cs": 0.03, "Pb": 0.02, "I": 0.035},
    "CsPbI3-gamma": {"Cs": 0.03, "Pb": 0.02, "I": 0.035},
    "CdSe-wurtzite": {"Cd": 0.02, "Se": 0.015},
    "CsPbBr3-alpha": {"Cs": 0.04, "Pb": 0.02, "Br": 0.05},
    "TiO2-anatase": {"Ti": 0.005, "O": 0.007},
}


@pytest.mark.parametrize("name", LIBRARY)
def test_structure_factors_are_those_of_gemmi(name: str) -> None:
    """With the form factors of International Tables (1992), which gemmi uses."""
    crystal = Crystal.from_library(name, u_iso=LIBRARY[name])
    found = reflections_of(crystal, 6.0)
    text = now(crystal).cif_text("x")
    small = gemmi.make_small_structure_from_block(gemmi.cif.read_string(text).sole_block())
    small.change_occupancies_to_crystallographic()
    calculator = gemmi.StructureFactorCalculatorX(small.cell)
    theirs = [calculator.calculate_sf_from_small_structure(small, [int(i) for i in h]) for h in found.families.hkl]
    stol2 = (found.q / (4.0 * np.pi)) ** 2
    factors = [[gemmi.Element(e).it92.calculate_sf(stol2=float(s)) for s in stol2] for e in found.elements]
    ours = (np.array(factors) * found.factors).sum(axis=0)
    np.testing.assert_allclose(ours, theirs, atol=1e-7 * np.abs(theirs).max())  # the CIF has six decimals of u_iso


@pytest.mark.parametrize("name", LIBRARY)
def test_families_hold_all_reflections_that_gemmi_finds_present(name: str) -> None:
    crystal = Crystal.from_library(name, u_iso=LIBRARY[name])
    found = reflections_of(crystal, 6.0)
    group = gemmi.SpaceGroup(crystal.structure.space_group)
    operations, cell = group.operations(), gemmi.UnitCell(*crystal.structure.cell)
    unique = gemmi.make_miller_array(cell, group, 2.0 * np.pi / 6.0, 1e9, unique=True)  # without absent ones
    present = [h.tolist() for h in unique if any(h) and not operations.is_systematically_absent(h.tolist())]
    ours = {tuple(h) for h in found.families.equivalents.tolist()}
    theirs = {
        tuple(sign * i for i in op.apply_to_hkl(h)) for h in present for op in operations.sym_ops for sign in (1, -1)
    }
    assert ours == theirs
    assert int(found.families.multiplicity.sum()) == len(theirs)


def test_rock_salt_by_hand() -> None:
    """F = 4 (f_Na ± f_Cl) for all even or odd indices, absent for mixed ones."""
    found = reflections_of(read(NACL, Na=0.0, Cl=0.0), 2.0 * np.pi / 5.64 * np.sqrt(12.01))
    table = by_hkl(found.families, squared_factors(found, constant_factors(found)))
    odd, even = 16.0 * (F["Na"] - F["Cl"]) ** 2, 16.0 * (F["Na"] + F["Cl"]) ** 2
    expected = {
        (1, 1, 1): (8, odd),
        (2, 0, 0): (6, even),
        (2, 2, 0): (12, even),
        (3, 1, 1): (24, odd),
        (2, 2, 2): (8, even),
    }
    assert set(table) == set(expected)
    for hkl, (multiplicity, squared) in expected.items():
        assert table[hkl][0] == multiplicity
        assert table[hkl][1] == pytest.approx(squared, rel=1e-12)


def test_diamond_by_hand() -> None:
    """|F|² = 32 f² (odd), 64 f² (sum 4n), 0 (sum 4n + 2)."""
    found = reflections_of(Crystal.from_library("Si", u_iso={"Si": 0.0}), 2.0 * np.pi / 5.43 * np.sqrt(12.1))
    table = by_hkl(found.families, squared_factors(found, constant_factors(found)) / F["Si"] ** 2)
    assert {h: m for h, (m, _) in table.items()} == {(1, 1, 1): 8, (2, 2, 0): 12, (3, 1, 1): 24, (2, 2, 2): 8}
    np.testing.assert_allclose(
        [table[h][1] for h in ((1, 1, 1), (2, 2, 0), (3, 1, 1), (2, 2, 2))], [32, 64, 32, 0], atol=1e-9
    )


def test_cubic_perovskite_by_hand() -> None:
    """Pb at the corner, Cs in the centre, Br on the edges; damped by exp(−u Q²/2) each."""
    u = {"Pb": 0.01, "Cs": 0.03, "Br": 0.02}
    found = reflections_of(read(CUBIC, **u), 2.3)
    table = by_hkl(found.families, squared_factors(found, constant_factors(found)))
    signs = {(1, 0, 0): (1, -1, 1), (1, 1, 0): (1, 1, -1), (1, 1, 1): (1, -1, -3), (2, 0, 0): (1, 1, 3)}
    multiplicity = {(1, 0, 0): 6, (1, 1, 0): 12, (1, 1, 1): 8, (2, 0, 0): 6}
    for hkl, of_elements in signs.items():
        q = 2.0 * np.pi / 5.87 * np.linalg.norm(hkl)
        parts = zip(of_elements, ("Pb", "Cs", "Br"), strict=True)
        by_hand = sum(sign * F[e] * np.exp(-u[e] * q**2 / 2.0) for sign, e in parts)
        assert table[hkl] == (multiplicity[hkl], pytest.approx(by_hand**2, rel=1e-12))


def test_hexagonal_multiplicities() -> None:
    found = reflections_of(read(WURTZITE_CDSE, Cd=0.01, Se=0.01), 3.6)
    table = {h: m for h, (m, _) in by_hkl(found.families, np.zeros(len(found.q))).items()}
    assert table[(1, 0, 0)] == 6
    assert table[(0, 0, 2)] == 2
    assert table[(1, 0, 1)] == 12
    assert table[(1, 1, 0)] == 6
    assert table[(1, 1, 2)] == 12
    assert (0, 0, 1) not in table  # the screw axis
    assert np.all(np.diff(found.q) > -1e-9)


def test_squared_factor_is_the_mean_of_both_sides_of_a_polar_crystal() -> None:
    """A direct sum over the atoms for h and for −h, with f″, which makes them differ."""
    crystal = read(WURTZITE_CDSE, Cd=0.01, Se=0.02)
    found = reflections_of(crystal, 4.0)
    ours = squared_factors(found, constant_factors(found, Cd=4.0, Se=1.5))
    places = now(crystal).positions
    u = (0.01, 0.02)
    differ = 0.0
    for h, q, squared in zip(found.families.hkl, found.q, ours, strict=True):
        both = []
        for sign in (1.0, -1.0):
            total = 0.0j
            for f, u_iso, atoms in zip((F["Cd"] + 4j, F["Se"] + 1.5j), u, places, strict=True):
                for atom in atoms:
                    total += f * np.exp(-u_iso * q**2 / 2.0) * np.exp(2j * np.pi * sign * float(h @ atom))
            both.append(abs(total) ** 2)
        assert squared == pytest.approx(np.mean(both), rel=1e-10, abs=1e-8)
        differ = max(differ, abs(both[0] - both[1]) / max(both))
    assert differ > 0.05  # or nothing was tested


def test_elements_that_share_a_site_count_with_their_fractions() -> None:
    mixed = Crystal(
        parse_cif(CUBIC, "test.cif"), u_iso={"Pb": 0.0, "Cs": 0.0, "Br": 0.0},
        substitutions={"Br": Substitution("Cl", 0.3)}, where="c",
    )  # fmt: skip
    found = reflections_of(mixed, 1.6)
    factors = constant_factors(found)
    table = by_hkl(found.families, squared_factors(found, factors))
    anion = 0.7 * F["Br"] + 0.3 * F["Cl"]
    assert table[(1, 1, 0)][1] == pytest.approx((F["Pb"] + F["Cs"] - anion) ** 2, rel=1e-12)
