"""What cells, amounts and sizes of one pattern are worth: by Bragg's law refitted by hand, and when it is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares

import nanocrystal as nc
from nanocrystal import vary
from nanocrystal.sample import Bulk, Population, Sample
from nanocrystal.techniques import Powder
from nanocrystal.techniques.powder.microabsorption import Absorber
from nanocrystal.techniques.powder.profile import Profile
from nanocrystal.techniques.powder.said import (
    amount_remarks,
    cell_remarks,
    true_amounts,
    width_remarks,
    with_zero_instead,
)
from support.modelling import calculated, crystal
from support.structures import NICKEL, cif

WAVELENGTH, RADIUS = 1.5406, 145.0
SQUARES = np.array([1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14])
"""h² + k² + l² of a primitive cube"""


def places(a: float, displacement: float = 0.0, zero: float = 0.0) -> np.ndarray:
    """Return 2θ in degrees: Bragg's law, −2 s cos θ/R of a sample too low, and a zero in degrees."""
    theta = np.arcsin(WAVELENGTH * np.sqrt(SQUARES) / (2.0 * a))
    return np.degrees(2.0 * theta - 2.0 * displacement / RADIUS * np.cos(theta)) + zero


def test_the_cell_with_a_zero_instead_is_that_of_a_refit() -> None:
    seen = places(4.1568, displacement=0.08)
    refit = least_squares(lambda p: places(p[0], zero=p[1]) - seen, [4.157, 0.0], x_scale=[1e-3, 1e-2], xtol=1e-15)
    (strain,) = with_zero_instead([seen], 0.08, RADIUS)
    assert strain == pytest.approx(refit.x[0] / 4.1568 - 1.0, rel=0.03)
    assert abs(strain) > 1e-4


def test_amounts_come_back_from_what_is_seen_of_them() -> None:
    """0.4 and 0.6 by mass weakened by τ, (1/V) ∫ exp(−(μ − μ̄) x) dV of spheres summed over points, 2θ = 90°."""
    absorbers = {"v": Absorber(3.36, 533.0, None), "z": Absorber(5.61, 283.0, None)}
    truth = {"v": 0.6, "z": 0.4}
    volumes = {n: truth[n] / absorbers[n].density for n in truth}
    mean = sum(volumes[n] * absorbers[n].absorption for n in truth) / sum(volumes.values())
    rng = np.random.default_rng(0)
    points = rng.uniform(-1.0, 1.0, (400000, 3))
    points = points[(points**2).sum(axis=1) < 1.0]
    b, c = points[:, 0], 1.0 - (points**2).sum(axis=1)
    way = sum(-x + np.sqrt(x**2 + c) for x in (b, points[:, 1]))  # in along x, out along y
    tau = {n: np.exp(-(a.absorption - mean) * 2.5e-4 * way).mean() for n, a in absorbers.items()}  # 5 µm
    seen = {n: truth[n] * tau[n] for n in truth}
    found = true_amounts(absorbers, {n: w / sum(seen.values()) for n, w in seen.items()}, 5.0)
    assert found["z"] == pytest.approx(0.4, abs=2e-3)


def test_amounts_are_remarked_on_where_phases_absorb_differently() -> None:
    pair = {"v": Absorber(3.36, 533.0, None), "z": Absorber(5.61, 283.0, None)}
    (said,) = amount_remarks(pair, {"v": 0.543, "z": 0.457})
    assert "μ in cm⁻¹: v 533, z 283" in said
    assert "of the mass would be v, for 0.543 without microabsorption" in said  # the first, as two move alike
    (turned,) = amount_remarks(dict(reversed(pair.items())), {"z": 0.457, "v": 0.543})
    assert "of the mass would be z, for 0.457 without microabsorption" in turned
    assert "texture" in said
    assert "overflow_angle" not in said
    (with_beam,) = amount_remarks(pair, {"v": 0.543, "z": 0.457}, overflow=False)
    assert with_beam.endswith("change amounts as much: try texture and overflow_angle.")
    alike = {"v": Absorber(3.36, 300.0, None), "z": Absorber(5.61, 290.0, None)}
    assert amount_remarks(alike, {"v": 0.5, "z": 0.5}) == []
    assert amount_remarks({"v": pair["v"]}, {"v": 1.0}) == []
    sized = {n: Absorber(a.density, a.absorption, 3.0) for n, a in pair.items()}
    assert amount_remarks(sized, {"v": 0.5, "z": 0.5}) == []


def test_no_cell_no_remark() -> None:
    assert cell_remarks([], 0.1, RADIUS, "displacement") == []


# ---- in a refinement ----------------------------------------------------------------------------------


def fitted(a: Any = None, size: Any = 400.0, true: dict[str, float] | None = None, **more: Any) -> nc.Result:
    """Refine a pattern; true: settings of it that are not those of the refinement."""
    settings = {"tube": "Cu", "anomalous": False, "caglioti_w": 0.01, "background_terms": 1, "radius": RADIUS} | more
    truth = Sample({"ni": Population("ni", Bulk())}, {"ni": crystal(NICKEL, 0.006, a=3.524)})
    held = {"displacement": 0.05, "zero": 0.01, "caglioti_w": 0.01}
    of_truth = {k: held.get(k, v) for k, v in settings.items()} | (true or {})
    made = Powder(two_theta="40:100:0.05", profiles={"ni": Profile(size=400.0)}, **of_truth)
    y = calculated(truth, made, "xrd")
    counts = np.random.default_rng(0).poisson(3000.0 * y / y.max() + 30.0).astype(float)
    data = Powder(
        two_theta=40.0 + 0.05 * np.arange(len(y)), intensity=counts, profiles={"ni": Profile(size=size)}, **settings
    )
    start = vary(3.523) if a is None else a
    return nc.refine(Sample({"ni": Population("ni", Bulk())}, {"ni": crystal(NICKEL, 0.006, a=start)}), {"xrd": data})


def notes(result: nc.Result, words: str) -> list[str]:
    return [note for note in result.notes if words in note]


def test_cells_of_a_laboratory_are_said_to_be_worth_1e_4() -> None:
    (said,) = notes(fitted(displacement=vary(0.0)), "are good to 0.0001 at best")
    assert "with zero refined instead of displacement: a of ni 3.5" in said
    (plain,) = notes(fitted(), "are good to 0.0001 at best")
    assert "instead" not in plain


def test_the_cell_that_is_said_is_that_of_a_refinement_with_zero() -> None:
    """The same pattern of a sample 0.05 mm too high; that weighs reflections by their counts, the remark evenly."""
    with_displacement = fitted(displacement=vary(0.0))
    (said,) = notes(with_displacement, "with zero refined instead")
    instead, _, first = said.partition("a of ni ")[2].partition(" Å")[0].partition(" for ")
    assert float(first) == pytest.approx(with_displacement["crystals.ni.a"].value, abs=6e-6)
    with_zero = fitted(zero=vary(0.0), true={"displacement": 0.05, "zero": 0.0})["crystals.ni.a"].value
    moved = with_zero - float(first)
    assert abs(moved) > 1e-4
    assert float(instead) - float(first) == pytest.approx(moved, rel=0.3)


def test_widths_beside_a_standard_are_no_matter() -> None:
    told = (["caglioti_w"], ["profiles.ni.size"])
    (said,) = width_remarks(*told, has_standard=False)
    assert said.startswith("caglioti_w and profiles.ni.size were refined from one pattern")
    assert width_remarks(*told, has_standard=True) == []


@pytest.mark.parametrize("more", [{"a": 3.524, "size": vary(300.0)}, {"tube": None, "wavelength": 0.5, "radius": None}])
def test_held_cells_and_synchrotrons_are_not_remarked_on(more: dict[str, Any]) -> None:
    assert notes(fitted(**more), "laboratory") == []


def test_widths_of_instrument_and_sample_at_once() -> None:
    (said,) = notes(fitted(size=vary(300.0), caglioti_w=vary(0.012)), "were refined from one pattern")
    assert "caglioti_w and profiles.ni.size" in said
    assert notes(fitted(size=vary(300.0)), "were refined from one pattern") == []


@pytest.mark.parametrize(("fraction", "said"), [(vary(0.9), True), (1.0, False)])
def test_absorption_is_told_where_amounts_are_refined(fraction: Any, said: bool) -> None:
    """Nickel and lithium fluoride absorb very differently."""
    pytest.importorskip("xraydb")
    fluoride = cif("4.03 4.03 4.03 90 90 90", "F m -3 m", "Li Li 0 0 0 1\nF F 0.5 0.5 0.5 1")

    def mixture(amount: Any) -> Sample:
        crystals = {"ni": crystal(NICKEL, 0.006, a=3.524), "lif": crystal(fluoride, 0.01, a=4.03)}
        return Sample({"ni": Population("ni", Bulk(), fraction=amount), "lif": Population("lif", Bulk())}, crystals)

    settings = {"tube": "Cu", "anomalous": False, "caglioti_w": 0.01, "background_terms": 1}
    profiles = {n: Profile(size=400.0) for n in ("ni", "lif")}
    y = calculated(mixture(1.0), Powder(two_theta="35:90:0.05", profiles=profiles, **settings), "xrd")
    counts = np.random.default_rng(0).poisson(3e4 * y / y.max() + 30.0).astype(float)
    data = Powder(two_theta=35.0 + 0.05 * np.arange(len(y)), intensity=counts, profiles=profiles, **settings)
    assert bool(notes(nc.refine(mixture(fraction), {"xrd": data}), "phases absorb differently")) is said
