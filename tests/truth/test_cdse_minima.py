"""Measured PDFs of small CdSe whose minima are easily missed.

Displacements of Cd and Se, diameter and delta2 are free; r 1.5 to 30 Å. CdSe-2: delta2 of 13.7 Å², beyond the
square of the nearest distance, had R_w 0.411 where 0.363 is reached with 6.2 Å². CdSe-4: displacements of Cd and Se
exchanged (0.050 and 0.015 for 0.026 and 0.050 Å²) have R_w 0.281 for 0.278.
"""

from __future__ import annotations

import pytest

import nanocrystal as nc
from nanocrystal import vary
from support.measured import measured

PRIMER = "pdf/pdfttp_ch08NPRefinement"
pytestmark = pytest.mark.campaign


def refined(number: int, u_se: float, diameter: float, starts: int) -> nc.Result:
    crystal = nc.Crystal(
        measured(f"{PRIMER}/CdSe-Wurtzite.cif"),
        name="wz",
        u_iso={"Cd": vary(0.02), "Se": vary(u_se)},
        a=vary(4.30),
        c=vary(7.01),
    )
    pdf = nc.Pdf(
        file=measured(f"{PRIMER}/CdSe-{number}.gr"),
        r_range=(1.5, 30.0),
        qmin=1.0,
        qmax=19.0,
        qdamp=0.058,
        delta2=vary(4.0),
    )
    dots = nc.Population(crystal, shape=nc.Sphere(vary(diameter)), name="dots")
    return nc.refine(dots, pdf, options=nc.Options(starts=starts))


@pytest.mark.parametrize("starts", [1, 8])
def test_nearest_pairs_keep_a_width(starts: int) -> None:
    """The square of the nearest distance, 2.63 Å, is 6.9 Å²."""
    result = refined(2, 0.02, 24.0, starts)
    assert result.datasets["pdf"].rw == pytest.approx(0.363, abs=5e-4)
    assert result["datasets.pdf.delta2"].value == pytest.approx(6.2, abs=0.1)
    assert result["populations.dots.diameter"].value == pytest.approx(25.6, abs=0.1)
    assert any("8 of 8 starting points ended at this minimum" in note for note in result.notes) == (starts == 8)


@pytest.mark.parametrize(("u_se", "starts"), [(0.03, 1), (0.02, 8)])
def test_displacements_of_two_elements_are_not_exchanged(u_se: float, starts: int) -> None:
    """From 0.02 and 0.03 Å² the better minimum is met at once, from 0.02 of both by exchange."""
    result = refined(4, u_se, 32.0, starts)
    assert result.datasets["pdf"].rw == pytest.approx(0.2778, abs=2e-4)
    assert result["crystals.wz.u_iso.Cd"].value == pytest.approx(0.026, abs=0.001)
    assert result["crystals.wz.u_iso.Se"].value == pytest.approx(0.049, abs=0.001)
    said = [note for note in result.notes if "starting points" in note]
    assert bool(said) == (starts == 8)
    assert all("at others" in note and "higher or more" in note for note in said)
