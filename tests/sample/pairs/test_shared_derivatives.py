"""Data sets of one population share the sums over pairs of its derivatives; one alone keeps none of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.kernels import pairs
from nanocrystal.parameters import Evaluation, vary
from nanocrystal.refinement.fit import declared_parameters
from nanocrystal.sample import Distribution, PairGrid, Population, Prism, Sample
from nanocrystal.sample.order.twins import TwinFamily
from nanocrystal.sample.pairs import lattice_pairs
from nanocrystal.techniques import Pdf, TotalScattering
from support.modelling import crystal
from support.structures import GAMMA_CSPBBR3

U = {"Cs": 0.03, "Pb": 0.015, "Br": 0.025}
SHAPE = Prism(Distribution("lognormal", vary(20.0), vary(3.0)), vary(25.0))
TWINS = {"t": TwinFamily("1/2[001]{110}", vary(0.1))}
ADDRESSES = [
    *(f"crystals.x.{n}" for n in "abc"),
    *(f"populations.p.{n}" for n in ("d_ab.mean", "d_ab.std", "l_c", "twins.t.probability")),
]
I_OF_Q = {
    "near": TotalScattering(q="0.8:12:0.05", background_terms=0),
    "far": TotalScattering(q="1:15:0.05", background_terms=0),
}
G_OF_R = {"short": Pdf(r="2:20:0.1", qmax=15.0), "long": Pdf(r="2:25:0.1", qmax=15.0)}


class Counted:
    """The lattice sums of derivatives, counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sums = 0

        def counted(*given: Any) -> Any:
            self.sums += given[5].derived
            return pairs.reduced_lattice_moments(*given)

        monkeypatch.setattr(lattice_pairs, "reduced_lattice_moments", counted)


def derived(techniques: dict[str, Any], shared: bool | None, **changes: float) -> dict[tuple[str, str], np.ndarray]:
    """Return (data set, address) -> derivative; shared: whether sums are, None: as the data sets have it by themselves.

    Where values change, derivatives are taken before and after.
    """
    sample = Sample({"p": Population("x", SHAPE, twins=TWINS)}, {"x": crystal(GAMMA_CSPBBR3, U)})
    models = {n: t.bind(n, sample, Path()) for n, t in techniques.items()}
    grid: PairGrid | None = None
    for model in models.values():
        grid = model.requirement if grid is None else grid | model.requirement
    assert grid is not None
    if shared is not None:
        grid = replace(grid, shared=shared)
    base = Evaluation(declared_parameters(sample, techniques).initial_values(), grid)
    for values in (base.values, base.values.moved(changes))[: 1 + bool(changes)]:
        at = base.at(values)
        found = {(n, a): slope for n, m in models.items() for a, slope in m.exact_derivatives(at, ADDRESSES).items()}
    assert {a for _, a in found} == set(ADDRESSES)
    return found


@pytest.mark.parametrize("techniques", [I_OF_Q, G_OF_R])
def test_two_data_sets_ask_for_one_sum(techniques: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    together = derived(techniques, None)
    assert counted.sums == 1
    apart = derived(techniques, False)
    assert counted.sums == 3
    for key, slope in apart.items():
        np.testing.assert_allclose(together[key], slope, rtol=0.0, atol=1e-12 * np.abs(slope).max())


def test_other_values_have_sums_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    changes = {"populations.p.l_c": 24.0}
    together = derived(I_OF_Q, None, **changes)
    assert counted.sums == 2
    for key, slope in derived(I_OF_Q, False, **changes).items():
        np.testing.assert_allclose(together[key], slope, rtol=0.0, atol=1e-12 * np.abs(slope).max())


def test_what_a_pattern_is_measured_by_asks_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    derived(I_OF_Q, None, **{"datasets.near.scale": 2.0, "crystals.x.u_iso.Pb": 0.02})
    assert counted.sums == 1


def test_one_data_set_keeps_none() -> None:
    sample = Sample({"p": Population("x", SHAPE)}, {"x": crystal(GAMMA_CSPBBR3, U)})
    model = I_OF_Q["near"].bind("near", sample, Path())
    base = Evaluation(declared_parameters(sample, {"near": I_OF_Q["near"]}).initial_values(), model.requirement)
    model.exact_derivatives(base, ADDRESSES)
    assert not any("derived pairs" in key for key in base.store)


def test_too_much_to_be_kept_is_summed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    monkeypatch.setattr(lattice_pairs, "MOST_KEPT", 1e5)
    derived(I_OF_Q, None)
    assert counted.sums == 2
