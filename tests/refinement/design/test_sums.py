"""Plans of data sets that are sums of lines or decays: what they foretell is what a refinement of such data prints."""

from __future__ import annotations

import numpy as np
import pytest

import nanocrystal as nc

SIGMA = 0.01


def lines(**points: object) -> nc.NmrLines:
    line = nc.Line("gaussian", position=nc.vary(10.0, 0.0, 50.0), fwhm=nc.vary(300.0, 10.0, 2000.0))
    return nc.NmrLines(lines={"a": line}, spectrometer_frequency=100.0, background={"c0": nc.fixed(0.0)}, **points)


def decay(**points: object) -> nc.NmrRelaxation:
    part = nc.RelaxationPart(time=nc.vary(2.0, 0.01, 100.0))
    return nc.NmrRelaxation(kind="inversion-recovery", parts={"a": part}, **points)


@pytest.mark.parametrize(
    ("make", "x", "seen"), [(lines, "0:20:0.05", "lines.a.position"), (decay, "0:10:0.1", "parts.a.time")]
)
def test_a_plan_foretells_the_standard_error_of_a_refinement(make, x, seen):
    told = nc.plan_measurement(None, {"d": make(x=x, noise=nc.Noise(sigma=SIGMA))})
    curve = nc.simulate(None, {"d": make(x=x, noise=nc.Noise(sigma=SIGMA, seed=0))}).curves["d"]
    fit = nc.refine(None, make(x=curve.x, intensity=curve.y, sigma=np.full_like(curve.y, SIGMA)))
    at = [p.address for p in told.parameters].index(f"datasets.d.{seen}")
    stderr = float(told.together.stderr[at])
    assert fit[seen].stderr == pytest.approx(stderr, rel=0.03)
    assert abs(fit[seen].value - told.parameters[at].value) < 4.0 * stderr
