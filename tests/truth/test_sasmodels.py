"""Against sasmodels 1.1.0 (BSD), where it is installed: pip install sasmodels==1.1.0 bumps==1.0.5.

sasmodels gives I in cm⁻¹ for scale = volume fraction and scattering lengths in 1e-6 Å⁻²; its "lognormal" is stated by
the median and σ of the logarithm (as "pd"), ours by mean and standard deviation; it is cut at so many times pd from
the median, which must be many, and small weights must not be cut off, since large spheres count with the sixth power
of their size. Directions are integrated with 76 points: exact only where q D is not large.
"""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.sample import Coating, Cube, Cylinder, Distribution, Population, Prism, Sample, Sphere
from nanocrystal.techniques.saxs import Saxs
from support.modelling import calculated, crystal
from support.small_study import CIF

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


def theirs(
    name: str, resolution: float = 0.0, slit: float = 0.0, q: np.ndarray = Q_VALUES, **values: float
) -> np.ndarray:
    """Return their I(q); resolution: σ of a pinhole over q; slit: half its length, Å⁻¹."""
    from sasmodels.core import load_model
    from sasmodels.data import empty_data1D
    from sasmodels.direct_model import DirectModel

    data = empty_data1D(q, resolution=resolution)
    if slit:
        data.dx, data.dxl, data.dxw = None, np.full_like(q, slit), np.zeros_like(q)
    model = DirectModel(data, load_model(name, platform="dll", dtype="double"), cutoff=0.0)
    values = {"sld_solvent": sld(SOLVENT)} | values
    return np.asarray(model(scale=0.01, background=0.0, **values))


def ours(shape: object, coating: Coating | None = None, **settings: object) -> np.ndarray:
    sample = Sample({"p": Population("x", shape, coating=coating)}, {"x": crystal(CIF)})  # type: ignore[arg-type]
    given = {"q": Q, "solvent_electron_density": SOLVENT} | settings
    data = Saxs(volume_fraction=0.01, **given)  # type: ignore[arg-type]
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


def test_coated_cylinders() -> None:
    """Their shell goes round edges as ours does; volume fractions of the whole and of the crystals."""
    values = {"radius": 25.0, "thickness": 12.0, "length": 80.0, "sld_core": sld(NICKEL), "sld_shell": sld(0.9)}
    found = ours(Cylinder(50.0, 80.0), Coating(12.0, 0.9)) / ((37.0 / 25.0) ** 2 * 104.0 / 80.0)
    expected = theirs("core_shell_cylinder", **values)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9 * expected[0])


@pytest.mark.parametrize(("edge", "height"), [(60.0, 60.0), (50.0, 85.0)])
def test_coatings_of_cubes_and_prisms_alone(edge: float, height: float) -> None:
    """In a solvent as dense as the crystal the coating is left: a hollow prism, edges and corners included."""
    thickness = 11.0
    outer, tall = edge + 2 * thickness, height + 2 * thickness
    values = {
        "sld": sld(0.9), "sld_solvent": sld(NICKEL), "length_a": outer, "b2a_ratio": 1.0, "c2a_ratio": tall / outer,
        "thickness": thickness,
    }  # fmt: skip
    expected = theirs("hollow_rectangular_prism", **values)
    shape = Cube(edge) if edge == height else Prism(edge * np.sqrt(4 / np.pi), height)
    whole = outer**2 * tall - edge**2 * height  # their volume is that of the shell
    found = ours(shape, Coating(thickness, 0.9), solvent_electron_density=NICKEL) * edge**2 * height / whole
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-9 * expected[0])


def test_strings() -> None:
    """linear_pearls: spheres alike on straight strings, edge to edge distances."""
    values = {"radius": 30.0, "edge_sep": 14.0, "num_pearls": 7, "sld": sld(NICKEL)}
    expected = theirs("linear_pearls", **values)
    string = {"structure_factor": "string", "beads": 7.0, "bead_spacing": 74.0}
    stack = {"structure_factor": "stacked-spheres", "beads": 7.0, "bead_gap": 14.0}
    for settings in (string, stack):
        np.testing.assert_allclose(ours(Sphere(60.0), **settings), expected, rtol=1e-6, atol=1e-9 * expected[0])


SMOOTH = {"radius_pd": 0.15, "radius_pd_n": 200, "radius_pd_nsigma": 8, "radius_pd_type": "gaussian"}
FINE, FINE_VALUES = "0.01:0.3:0.0005", 0.01 + 0.0005 * np.arange(581.0)
"""points so close that their smearing, which interpolates between them, is exact"""


def test_pinholes(monkeypatch: pytest.MonkeyPatch) -> None:
    """σ = 5 % of q; their Gaussian, cut at −2.5 and +3 standard deviations, is cut at 4 as ours."""
    from sasmodels.resolution import Pinhole1D

    monkeypatch.setattr(Pinhole1D.__init__, "__defaults__", (None, (4.0, 4.0)))
    expected = theirs("sphere", resolution=0.05, radius=40.0, sld=sld(NICKEL), q=FINE_VALUES, **SMOOTH)
    found = ours(Sphere(Distribution("normal", 80.0, 12.0)), q_resolution_slope=0.05, q=FINE)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_slits() -> None:
    """Half a length of 0.08 Å⁻¹."""
    expected = theirs("sphere", slit=0.08, radius=40.0, sld=sld(NICKEL), q=FINE_VALUES, **SMOOTH)
    found = ours(Sphere(Distribution("normal", 80.0, 12.0)), slit_length=0.08, q=FINE)
    np.testing.assert_allclose(found, expected, rtol=1e-3)
