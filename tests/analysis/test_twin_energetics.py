"""Energies of divided crystals against hand calculations."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from nanocrystal import InputError
from nanocrystal.analysis import (
    Substance,
    boundary_area,
    crystal_density,
    divided_box,
    formula_weight,
    free_energy,
    network_enthalpy,
)


def test_weight_and_density_of_cspbbr3_by_hand() -> None:
    # IUPAC 2021: Cs 132.90545, Pb 207.2, Br 79.904
    weight = formula_weight({"Cs": 1, "Pb": 1, "Br": 3})
    assert weight == pytest.approx(132.90545 + 207.2 + 3 * 79.904, abs=0.01)
    # 8.207 × 8.255 × 11.759 Å³ = 796.66 Å³ hold four formula units: 4 × 579.82/(0.602214 × 796.66) g/cm³
    assert crystal_density(8.207 * 8.255 * 11.759, 4, weight) == pytest.approx(4.834, abs=0.002)


def test_both_equations_by_hand() -> None:
    """One boundary of 10 nm × 10 nm at 2 mJ/m² through a cube of 10 nm with ΔH_o = −2 and ΔH_c = −1.5 kJ/mol."""
    found = network_enthalpy(
        areas=[1e4],
        surface_tensions=0.002,
        volumes=[4e5, 6e5],
        substance=Substance(enthalpy_orthorhombic=-2.0, enthalpy_cubic=-1.5, density=5.0, weight=500.0),
    )
    # 1e6 Å³ = 1e-18 cm³; 5e-18 g/500 g/mol = 1e-20 mol; 1e4 Å² = 1e-16 m²
    assert found.amount == pytest.approx(1e-20)
    assert found.boundary == pytest.approx(2e-19)
    assert found.domains == pytest.approx(-2e-17)
    assert found.cubic == pytest.approx(-1.5e-17)
    assert found.divided == pytest.approx(-1.98e-17)
    assert found.advantage == pytest.approx(-4.8e-18)
    assert found.advantage_per_mole == pytest.approx(-0.48)
    assert found.highest_surface_tension == pytest.approx(5e-18 / 1e-16)
    assert "lower in enthalpy: divided" in repr(found)
    [row] = csv.DictReader(io.StringIO(found.to_csv()))
    assert float(row["divided minus cubic (kJ/mol)"]) == pytest.approx(-0.48)


def test_break_even_is_where_both_are_equal() -> None:
    areas, volumes = divided_box((80.0, 90.0, 100.0), (2, 0, 1))
    substance = Substance(enthalpy_orthorhombic=-1.0, enthalpy_cubic=0.0, density=4.8, weight=580.0)
    given = {"areas": areas, "volumes": volumes, "substance": substance}
    limit = network_enthalpy(**given, surface_tensions=0.0).highest_surface_tension
    assert network_enthalpy(**given, surface_tensions=limit).advantage == pytest.approx(0.0, abs=1e-30)
    assert network_enthalpy(**given, surface_tensions=0.99 * limit).advantage < 0.0
    assert network_enthalpy(**given, surface_tensions=1.01 * limit).advantage > 0.0


def test_each_boundary_has_its_own_surface_tension_and_phases_their_densities() -> None:
    found = network_enthalpy(
        areas=[100.0, 300.0],
        surface_tensions=[0.01, 0.02],
        volumes=[1000.0],
        substance=Substance(
            enthalpy_orthorhombic=1.0, enthalpy_cubic=1.0, density=5.0, density_cubic=4.0, weight=500.0
        ),
    )
    assert found.boundary == pytest.approx((100.0 * 0.01 + 300.0 * 0.02) * 1e-20)
    assert found.cubic / found.domains == pytest.approx(0.8)


def test_box_cut_in_three_directions() -> None:
    areas, volumes = divided_box((10.0, 20.0, 30.0), (1, 2, 0))
    assert sorted(areas) == [300.0, 300.0, 600.0]  # 10 × 30 twice, 20 × 30 once
    np.testing.assert_allclose(volumes, np.full(6, 1000.0))


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_boundary_area_of_a_divided_cube_is_the_count_of_faces_between_domains(n: int) -> None:
    """Faces between neighbours among n × n × n cubes, each of (L/n)², counted one by one."""
    cells = set(product(range(n), repeat=3))
    shared = sum((x + dx, y + dy, z + dz) in cells for x, y, z in cells
                 for dx, dy, dz in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))  # fmt: skip
    assert boundary_area(n**3, 60.0)[0] == pytest.approx(shared * (60.0 / n) ** 2)
    assert divided_box((60.0,) * 3, (n - 1,) * 3)[0].sum() == pytest.approx(shared * (60.0 / n) ** 2)


def test_free_energy_by_hand_and_its_maximum() -> None:
    # edge 100 Å, 1 mJ/m²: γ L² = 1e-19 J; at 300 K k_B T = 4.1419e-21 J
    n = np.array([1.0, 8.0, 27.0, 1000.0])
    found = free_energy(n, 100.0, 0.001, 300.0, 1.0)
    np.testing.assert_allclose(found.boundary, [0.0, 3e-19, 6e-19, 27e-19], atol=1e-33)
    np.testing.assert_allclose(found.entropy, -4.141947e-21 * (n - 1.0), rtol=1e-6)
    np.testing.assert_allclose(found.total, found.boundary + found.entropy)
    assert found.barrier == pytest.approx((1e-19 / 4.141947e-21) ** 1.5, rel=1e-6)
    near = found.barrier * np.array([0.9, 1.0, 1.1])
    low, top, high = free_energy(near, 100.0, 0.001, 300.0, 1.0).total
    assert top > max(low, high)


def test_there_is_no_minimum_between_one_domain_and_the_most() -> None:
    for temperature in (50.0, 300.0, 1000.0):
        total = free_energy(np.arange(1.0, 4001.0), 80.0, 0.002, temperature, 0.7).total
        assert np.argmin(total) in (0, len(total) - 1)


def test_input_that_cannot_be_used() -> None:
    substance = Substance(enthalpy_orthorhombic=0.0, enthalpy_cubic=0.0, density=5.0, weight=500.0)
    given = {"areas": [1.0], "surface_tensions": 0.1, "volumes": [1.0], "substance": substance}
    for change, message in (
        ({"surface_tensions": [1.0, 2.0]}, "surface_tensions: must be as many as areas, 1, got 2"),
        ({"volumes": []}, "volumes: must be at least one"),
        ({"areas": [-1.0]}, "areas: must not be negative"),
        ({"substance": replace(substance, density=0.0)}, "density: must be positive, got 0"),
    ):
        with pytest.raises(InputError, match=message):
            network_enthalpy(**(given | change))
    with pytest.raises(InputError, match="at least 1, got 0"):
        boundary_area([0.0], 50.0)
    with pytest.raises(InputError, match="must be ascending"):
        free_energy([8.0, 1.0], 50.0, 0.1, 300.0, 1.0)
    with pytest.raises(InputError, match="temperature: must not be negative"):
        free_energy([1.0], 50.0, 0.1, -3.0, 1.0)
    with pytest.raises(InputError, match="three numbers of planes"):
        divided_box((1.0, 1.0, 1.0), (1, 1))
    with pytest.raises(InputError, match="'Zz' is not the symbol"):
        formula_weight({"Zz": 1})
