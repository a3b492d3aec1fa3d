"""Against sasmodels 1.1.0 (BSD), where it is installed: pip install sasmodels==1.1.0 bumps==1.0.5.

sasmodels gives I in cm⁻¹ for scale = volume fraction and scattering lengths in 1e-6 Å⁻²; its "lognormal" is stated by
the median and σ of the logarithm (as "pd"), ours by mean and standard deviation; it is cut at so many times pd from
the median, which must be many, and small weights must not be cut off, since large spheres count with the sixth power
of their size. Directions are integrated with 76 points: exact only where q D is not large.
"""

from __future__ import annotations

import numpy as np
import pytest

from modelling import calculated, crystal
from nanocrystal.sample import Coating, Cube, Cylinder, Distribution, Population, Prism, Sample, Sphere
from nanocrystal.techniques.saxs import Saxs
from small_study import CIF

pytest.importorskip("sasmodels")
Q = "0.01:0.3:0.005"
Q_VALUES = 0.01 + 0.005 * np.arange(59.0)
ELECTRON_RADIUS = 2.8179403205e-5  # Å
NICKEL = 4 * 28 / 3.52**3  # e/Å³
SOLVENT = 0.3


def sld(density: float) -> float:
    """Return the scattering length density in 1e-6 Å⁻² of an electron density."""
    return 1e6 * ELECTRON_RADIUS * density


@pytest.fixture(autouse=True)
def _in_place(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAS_DLL_PATH", str(tmp_path))
    monkeypatch.setenv("SAS_OPENCL", "none")


def theirs(name: str, **values: float) -> np.ndarray:
    from sasmodels.core import load_model
    from sasmodels.data import empty_data1D
    from sasmodels.direct_model import DirectModel

    model = DirectModel(
        empty_data1D(Q_VALUES, resolution=0.0), load_model(name, platform="dll", dtype="double"), cutoff=0.0
    )
    return np.asarray(model(scale=0.01, background=0.0, sld_solvent=sld(SOLVENT), **values))


def ours(shape: object, coating: Coating | None = None, **settings: object) -> np.ndarray:
    sample = Sample({"p": Population("x", shape, coating=coating)}, {"x": crystal(CIF)})  # type: ignore[arg-type]
    data = Saxs(q=Q, solvent_electron_density=SOLVENT, volume_fraction=0.01, **settings)  # type: ignore[arg-type]
    return calculated(sample, data, "saxs")  # type: ignore[arg-type]


def test_spheres() -> None:
    np.testing.assert_allclose(ours(Sphere(80.0)), theirs("sphere", radius=40.0, sld=sld(NICKEL)), rtol=1e-6)


def test_spheres_with_a_distribution() -> None:
    sigma = np.sqrt(np.log1p(0.2**2))
    spread = {"radius_pd": sigma, "radius_pd_n": 800, "radius_pd_nsigma": 20, "radius_pd_type": "lognormal"}
    expected = theirs("sphere", radius=40.0 * np.exp(-(sigma**2) / 2), sld=sld(NICKEL), **spread)
    np.testing.assert_allclose(ours(Sphere(Distribution("lognormal", 80.0, 16.0))), expected, rtol=2e-4)


def test_coated_spheres() -> None:
    """Their volume fraction is that of the whole, ours that of the crystals."""
    expected = theirs("core_shell_sphere", radius=40.0, thickness=12.0, sld_core=sld(NICKEL), sld_shell=sld(0.9))
    found = ours(Sphere(80.0), Coating(12.0, 0.9)) / (52.0 / 40.0) ** 3
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-11 * expected[0])  # there is a deep minimum


def test_cylinders() -> None:
    expected = theirs("cylinder", radius=25.0, length=120.0, sld=sld(NICKEL))
    np.testing.assert_allclose(ours(Cylinder(50.0, 120.0)), expected, rtol=1e-5)


def test_parallelepipeds() -> None:
    expected = theirs("parallelepiped", length_a=60.0, length_b=60.0, length_c=110.0, sld=sld(NICKEL))
    np.testing.assert_allclose(ours(Prism(60.0 * np.sqrt(4 / np.pi), 110.0)), expected, rtol=1e-5)


def test_coated_cubes() -> None:
    """core_shell_parallelepiped has slabs on the faces only, without edges and corners: so the cube inside one is ours
    with a coat as dense as the crystal."""
    expected = theirs("parallelepiped", length_a=84.0, length_b=84.0, length_c=84.0, sld=sld(NICKEL))
    found = ours(Cube(60.0), Coating(12.0, NICKEL)) / (84.0 / 60.0) ** 3
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_hard_spheres() -> None:
    """All alike, so that their β is 1."""
    expected = theirs(
        "sphere@hardsphere", radius=40.0, sld=sld(NICKEL), radius_effective=55.0, volfraction=0.2,
        radius_effective_mode=0,
    )  # fmt: skip
    found = ours(Sphere(80.0), structure_factor="hard-spheres", effective_radius=55.0, effective_fraction=0.2)
    ratio = found / expected
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)
