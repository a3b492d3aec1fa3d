"""Displacements of a CIF: U, B and β, alone and as tensors, and which of them a site has."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.sample.crystal.cif import parse_cif
from support.cifs import PLAIN, cif, named, tensor

ISO = f"{PLAIN} U_iso_or_equiv B_iso_or_equiv"
NICKEL = cif("3.52", named("F m -3 m"), "Ni1 Ni 0 0 0")
HEXAGONAL = "4.3 4.3 7.01 90 90 120"
WURTZITE = cif(HEXAGONAL, named("P 63 m c"), "Cd1 Cd 0.33333 0.66667 0\nSe1 Se 0.33333 0.66667 0.375")


def u_iso(text: str) -> list[float | None]:
    """Return u_iso of the sites, Å²."""
    return [s.u_iso for s in parse_cif(text, "made.cif").sites]


@pytest.mark.parametrize(
    ("values", "expected"),
    [("? 1.58", 0.0200), (". 1.58", 0.0200), ("0.03 ?", 0.03), ("0.03 1.58", 0.03), ("? ?", None), ("0 ?", 0.0)],
)
def test_the_known_one_of_u_and_b(values: str, expected: float | None) -> None:
    """B = 8π² U: 1.58/78.957 = 0.0200."""
    (found,) = u_iso(cif("3.52", named("F m -3 m"), f"Ni1 Ni 0 0 0 {values}", ISO))
    assert found == (None if expected is None else pytest.approx(expected, abs=5e-5))


def test_tensor_of_b() -> None:
    assert u_iso(NICKEL + tensor("B", "Ni1 1.58 1.58 1.58 0 0 0")) == [pytest.approx(0.0200, abs=5e-5)]


def test_tensor_of_beta_in_a_cube() -> None:
    """β = 2π² U/a² for all axes alike: U = 0.0125 × 3.52²/19.739 = 0.00785."""
    assert u_iso(NICKEL + tensor("beta", "Ni1 0.0125 0.0125 0.0125 0 0 0")) == [pytest.approx(0.007846, rel=1e-3)]


def test_tensors_of_three_kinds_are_one_displacement() -> None:
    """U of a hexagonal cell, with a* = 2/(√3 a) and c* = 1/c, as B and as β."""
    u = np.array([0.02, 0.02, 0.03, 0.01, 0.0, 0.0])
    a, c = 2.0 / (np.sqrt(3.0) * 4.3), 1.0 / 7.01
    lengths = np.array([a * a, a * a, c * c, a * a, a * c, a * c])
    rows = {"U": u, "B": 8.0 * np.pi**2 * u, "beta": 2.0 * np.pi**2 * u * lengths}
    expected = (4.0 / 3.0 * (0.02 + 0.02 - 0.01) + 0.03) / 3.0
    for kind, values in rows.items():
        row = " ".join(f"{v:.9g}" for v in values)
        found = u_iso(WURTZITE + tensor(kind, f"Cd1 {row}\nSe1 {row}"))
        assert found == [pytest.approx(expected, rel=1e-7)] * 2, kind


def test_each_site_has_the_best_it_has() -> None:
    sites = "Cd1 Cd 0.33333 0.66667 0 0.011 ?\nSe1 Se 0.33333 0.66667 0.375 ? 1.58"
    text = cif(HEXAGONAL, named("P 63 m c"), sites, ISO) + tensor("U", "Cd1 0.02 0.02 0.02 0.01 0 0\nSe1 ? ? ? ? ? ?")
    assert u_iso(text) == [pytest.approx(0.02), pytest.approx(0.0200, abs=5e-5)]


def test_tensor_that_is_unknown_in_part() -> None:
    """Off-diagonal parts matter in oblique axes only."""
    assert u_iso(NICKEL + tensor("U", "Ni1 0.01 0.02 0.03 ? ? ?")) == [pytest.approx(0.02)]
    assert u_iso(WURTZITE + tensor("U", "Cd1 0.01 0.02 0.03 ? 0 0\nSe1 0.01 ? 0.03 0.005 0 0")) == [None, None]


def test_dotted_tensor() -> None:
    text = NICKEL + tensor("U", "Ni1 0.01 0.02 0.03 0 0 0").replace("_atom_site_aniso_", "_atom_site_aniso.")
    assert u_iso(text) == [pytest.approx(0.02)]


def test_a_tensor_far_from_the_number_of_its_site_is_said() -> None:
    """B written where U belongs is 79 times larger."""
    text = cif("3.52", named("F m -3 m"), "Ni1 Ni 0 0 0 0.006 ?", ISO) + tensor("U", "Ni1 0.47 0.47 0.47 0 0 0")
    (note,) = parse_cif(text, "made.cif").notes
    assert "Ni1 is 0.47 Å² by its tensor" in note
