"""Do the standard errors of PDFs cover, whatever noise F(Q) has, and however that is known?

Spheres of nickel, whose counts and σ are drawn by numpy (`support.counted_spheres` shares no code with the package): as
Poisson counts on a background, or with white noise in F(Q). Diameter, cell and displacements are refined from starts
that are wrong.

- reduction: counts and their σ in a file, reduced (ad-hoc correction) and fitted by one study, which hands the noise on
- law: G(r) of an ad-hoc correction made by numpy, without σ, weighed by the law of its residuals
- alike: G(r) on the absolute scale, without σ, points alike; the errors follow the law
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import support.counted_spheres as by_hand
from nanocrystal.parameters import vary
from nanocrystal.refinement import Result, refine
from nanocrystal.sample import Population, Sample, Sphere
from nanocrystal.study import read_study
from nanocrystal.techniques import Pdf
from support.modelling import crystal
from support.structures import NICKEL

WAYS = ("reduction", "law", "alike")
NOISES: dict[str, tuple[Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]], float]] = {
    "counts": (by_hand.counts, by_hand.BACKGROUND),
    "white in F": (by_hand.white, 0.0),
}
"""how intensities and σ are drawn, and the background in them"""
TRUTH = {
    "crystals.x.a": by_hand.CELL,
    "crystals.x.u_iso.Ni": by_hand.U_ISO,
    "populations.p.diameter": by_hand.DIAMETER,
}
STUDY = f'{by_hand.REDUCTION}{by_hand.FITTED}reduction = "ni"\n'


def refined(noise: str, way: str, seed: int, folder: Path) -> Result:
    draw, background = NOISES[noise]
    intensity, sigma = draw(np.random.default_rng(seed))
    if way == "reduction":
        np.savetxt(folder / "ni.chi", np.stack([by_hand.Q, intensity, sigma], axis=1))
        (folder / "study.toml").write_text(STUDY, encoding="utf-8")
        return read_study(folder / "study.toml").refine()
    r = np.arange(0.02, 25.0, 0.02)
    f = by_hand.structure(intensity, background) if way == "alike" else by_hand.ad_hoc(intensity[None], 0.9)[0]
    pdf = Pdf(
        r=r, g=by_hand.transformed(f, r), r_range=(1.5, 20.0), qmax=by_hand.QMAX, qmin=by_hand.QMIN,
        covariance="law" if way == "law" else None,
    )  # fmt: skip
    x = crystal(NICKEL, {"Ni": vary(0.0055)}, a=vary(3.525))
    return refine(Sample({"p": Population("x", Sphere(vary(23.0)))}, {"x": x}), {"pdf": pdf})


def pulls(noise: str, way: str, seeds: int, folder: Path) -> np.ndarray:
    """Return (value − truth)/stderr, (n_seeds, n_parameters), and print what they say."""
    found, errors = [], []
    for seed in range(seeds):
        result = refined(noise, way, seed, folder)
        assert result.converged
        estimates = [result.parameters[a] for a in TRUTH]
        stderrs = [e.stderr or np.nan for e in estimates]
        found.append([(e.value - t) / s for e, t, s in zip(estimates, TRUTH.values(), stderrs, strict=True)])
        errors.append(stderrs)
    z = np.array(found)
    for k, address in enumerate(TRUTH):
        print(
            f"\n{noise}, {way}, {address}: within {np.mean(np.abs(z[:, k]) < 1.0):.3f} mean {z[:, k].mean():+.2f} "
            f"std {z[:, k].std(ddof=1):.2f} stderr {np.mean(errors, axis=0)[k]:.3g}"
        )
    return z


@pytest.mark.campaign
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("noise", NOISES)
def test_errors_cover(noise: str, way: str, tmp_path: Path) -> None:
    """Thirty seeds: limits that three standard deviations of a right program stay within."""
    z = pulls(noise, way, 30, tmp_path)
    assert np.all(np.abs((np.abs(z) < 1.0).mean(axis=0) - 0.68) < 0.26)
    assert np.all(np.abs(z.mean(axis=0)) < 0.55)
    assert np.all(np.abs(z.std(axis=0, ddof=1) - 1.0) < 0.4)
    assert (np.abs(z) < 1.0).mean() == pytest.approx(0.68, abs=0.16)


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("noise", NOISES)
def test_errors_cover_by_the_rule(noise: str, way: str, tmp_path: Path) -> None:
    """Four hundred seeds: truth within one error in 60–76 %, mean of z within ±0.2, its spread within 0.85–1.15."""
    z = pulls(noise, way, 400, tmp_path)
    within = (np.abs(z) < 1.0).mean(axis=0)
    assert np.all((within >= 0.6) & (within <= 0.76))
    assert np.all(np.abs(z.mean(axis=0)) <= 0.2)
    assert np.all((z.std(axis=0, ddof=1) >= 0.85) & (z.std(axis=0, ddof=1) <= 1.15))
