"""The intensity of explicit atoms from Python: arrays, mappings and atoms; messages name the argument."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.tables.form_factors import form_factor

APART = 2.5
PAIR = nc.Cluster(("Ni", "Ni"), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, APART]]), "two atoms")


def by_hand(q: np.ndarray, u_iso: float = 0.0) -> np.ndarray:
    """Return 2 f² (1 + exp(−u Q²) sin(Q r)/(Q r)): of two atoms that move each by itself."""
    return 2.0 * form_factor("Ni", q) ** 2 * (1.0 + np.exp(-u_iso * q**2) * np.sinc(q * APART / np.pi))


def test_arrays_and_mappings_of_atoms_that_are_at_hand() -> None:
    q = np.array([3.0, 0.0, 12.5, 0.7])  # in any order
    points, intensity = nc.cluster_intensity(PAIR, q, {"Ni": 0.02})
    np.testing.assert_array_equal(points, q)
    np.testing.assert_allclose(intensity, by_hand(q, 0.02), rtol=1e-6)


def test_a_file_and_words_give_what_arrays_give(tmp_path: Path) -> None:
    path = tmp_path / "two.xyz"
    path.write_text(PAIR.xyz_text("two atoms"), encoding="utf-8")
    words = nc.cluster_intensity(path, "0.5:20:0.5", "Ni=0.01")
    arrays = nc.cluster_intensity(str(path), np.arange(0.5, 20.1, 0.5), {"Ni": 0.01})
    former = nc.cluster_intensity(path=path, q_text="0.5:20:0.5", u_iso_text="Ni=0.01")  # type: ignore[call-arg]
    for one in (words, former):
        np.testing.assert_allclose(one[0], arrays[0], rtol=1e-14)
        np.testing.assert_allclose(one[1], arrays[1], rtol=1e-12)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no step": ({"q": "0.5:20"}, "q: expected START:STOP:STEP"),
    "negative": ({"q": [-1.0, 2.0]}, "q: must not be negative, got -1."),
    "far": ({"q": [1.0, 80.0]}, "q: form factors are tabulated up to 75 Å⁻¹, got 80."),
    "one number": ({"q": 3.0}, r"q: expected numbers \(Å⁻¹\) of shape \(n,\), got the shape \(\)."),
    "nothing": ({"q": []}, r"q: expected numbers \(Å⁻¹\) of shape \(n,\), got the shape \(0,\)."),
    "not finite": ({"q": [1.0, np.nan]}, "q: must be finite, but number 2 is not."),
    "no numbers": ({"q": ["a"]}, r"q: expected numbers \(Å⁻¹\) or START:STOP:STEP, got \['a'\]."),
    "no such element": ({"u_iso": {"Co": 0.1}}, "u_iso: there is no 'Co' among the atoms; .*valid: Ni"),
    "B meant": ({"u_iso": {"Ni": 50}}, r"u_iso: expected a number from 0 to 1 \(Å²\) for Ni, got 50."),
    "text": ({"u_iso": {"Ni": "0.1"}}, r"u_iso: expected a number from 0 to 1 \(Å²\) for Ni, got '0.1'."),
    "words": ({"u_iso": "Ni"}, "u_iso: expected ELEMENT=NUMBER"),
    "keV": ({"energy_ev": 20.0}, "energy_ev: photons of 20 eV reach Q = 0.0203 Å⁻¹ at most, but q asks for 2;"),
}


@pytest.mark.parametrize("case", WRONG)
def test_messages_name_the_argument(case: str) -> None:
    arguments, message = WRONG[case]
    with pytest.raises(nc.InputError, match=message):
        nc.cluster_intensity(PAIR, **({"q": [1.0, 2.0]} | arguments))


def test_simulated_curves_need_no_folder() -> None:
    ni = nc.Crystal.from_library("Ni", u_iso={"Ni": 0.005})
    sample = nc.Sample({"dots": nc.Population("ni", nc.Sphere(30.0))}, {"ni": ni})
    pdf = {"pdf": nc.Pdf(r="1:20:0.1", qmax=20.0)}
    first, second = nc.simulated_curves(sample, pdf), nc.simulated_curves(sample, pdf, Path())
    np.testing.assert_array_equal(first["pdf"]["g"], second["pdf"]["g"])
