"""Why a refinement cannot begin, by its cause: lengths in a wrong unit, constant data, a shape that is not seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal import vary
from nanocrystal.sample import Sphere
from nanocrystal.techniques import Pdf, Powder, Saxs, TotalScattering
from support.modelling import sample_of
from support.structures import NICKEL

Q = np.arange(1.0, 12.0, 0.02)
COUNTS = np.random.default_rng(0).poisson(50.0 + 20.0 * np.sin(Q) ** 2).astype(float)
DATA: dict[str, Any] = {
    "pdf": Pdf(r=Q, g=np.sin(Q), qmax=20.0),
    "total scattering": TotalScattering(q=Q, intensity=COUNTS, background_terms=1),
}


def refused(data: Any, shape: Any, a: Any) -> str:
    with pytest.raises(nc.InputError) as caught:
        nc.refine(sample_of(NICKEL, shape, 0.006, a=a), data)
    return str(caught.value)


@pytest.mark.parametrize("technique", list(DATA))
@pytest.mark.parametrize(("diameter", "a"), [(20.0, 352.4), (1.5, 3.524)])
def test_crystals_that_hold_no_two_atoms(technique: str, diameter: float, a: float) -> None:
    """A cell in pm, 352.4 for 3.524 Å; and a size in nm, 1.5 for 15 Å."""
    said = refused(DATA[technique], Sphere(vary(diameter)), vary(a))
    assert "no two atoms of populations.p are within one of its crystals" in said
    assert "in nm or pm?" in said


def test_crystals_of_a_few_atoms_are_none_of_that() -> None:
    """Nearest neighbours are 2.49 Å apart."""
    nc.refine(sample_of(NICKEL, Sphere(vary(6.0)), 0.006, a=3.524), DATA["pdf"])


@pytest.mark.parametrize(
    "data",
    [
        TotalScattering(q=Q, intensity=np.full(len(Q), 7.0), background_terms=1),
        Saxs(q=0.01 * Q, intensity=np.full(len(Q), 7.0), solvent="toluene"),
    ],
)
def test_constant_data(data: Any) -> None:
    assert "all measured values are 7, a constant that says nothing" in refused(data, Sphere(vary(20.0)), 3.524)


def test_the_shape_of_a_powder() -> None:
    data = Powder(two_theta=8.0 * Q, intensity=COUNTS, tube="Cu", background_terms=1)
    said = refused(data, Sphere(vary(20.0)), vary(3.524))
    assert (
        "populations.p.diameter: is varied but has no effect on any data set: shapes do not broaden the peaks" in said
    )
    assert "profiles.p.size does" in said


def test_a_fault_without_a_known_cause_names_none() -> None:
    data = Pdf(r=Q, g=np.sin(Q), qmax=20.0, delta1=vary(0.0, max=0.0001))
    with pytest.raises(nc.InputError, match=r"has no effect on any data set; fix it"):
        nc.refine(sample_of(NICKEL, None, 0.0, a=3.524), data)
