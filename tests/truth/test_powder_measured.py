"""Two mixtures weighed and measured in a laboratory (CederGroupHub/dara, MIT licence): fractions and misfit.

TiO2 (anatase, by its reflections) and ZnO, 0.4009 : 0.6010 by weight; ZnO and In2O3, 0.4006 : 0.6008. The source
calls them equal mixtures too, so weights are nominal. Cu Kα, goniometer radius 145 mm, fixed slit: the low reflections
are too weak for the whole beam to have hit the sample. The heavier absorber comes out low in both, as
microabsorption would have it (Brindley). How large the particles are is not known: 2 µm for all would bring both near
what was weighed (0.600 and 0.391 of ZnO), 5 µm would bring them below it (0.589, 0.332).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from nanocrystal.parameters import tied, vary
from nanocrystal.refinement import Result, refine
from nanocrystal.sample import Crystal, Population, Sample
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.techniques import Powder, Profile
from support.measured import measured
from support.structures import cif

FILES = {
    "tio2": "xrd/dara_MIT/TiO2_0p4009-ZnO_0p6010--8min.xrdml",
    "in2o3": "xrd/dara_MIT/ZnO_0p4006-In2O3_0p6008--8min.xrdml",
}
# Kihara & Donnay (1985), Crystallography Open Database 9004179
ZNO = cif("3.2533 3.2533 5.2073 90 90 120", "P 63 m c", "Zn Zn 0.333333 0.666667 0 1\nO O 0.333333 0.666667 0.382 1")
# Marezio, Acta Cryst. 20, 723 (1966)
IN2O3 = cif(
    "10.117 10.117 10.117 90 90 90", "I a -3", "In1 In 0.25 0.25 0.25 1\nIn2 In 0.466 0 0.25 1\nO O 0.390 0.154 0.382 1"
)


def mixture(other: str, free: bool = True) -> Sample:
    u = {"Zn": vary(0.006), "O": 0.008} if free else {"Zn": 0.006, "O": 0.008}
    zno = Crystal(parse_cif(ZNO, "ZnO.cif"), {"a": vary(3.25), "c": vary(5.205)}, u, where="crystals.zno")
    if other == "tio2":
        u = {"Ti": vary(0.006) if free else 0.006, "O": 0.008}
        second = Crystal.from_library("TiO2-anatase", u_iso=u, a=vary(3.785), c=vary(9.512), where="crystals.tio2")
    else:
        u = {"In": vary(0.004) if free else 0.004, "O": 0.008}
        second = Crystal(parse_cif(IN2O3, "In2O3.cif"), {"a": vary(10.119)}, u, where="crystals.in2o3")
    return Sample(
        {
            "zno": Population("zno", fraction=vary(0.5, min=0.0, max=1.0)),
            other: Population(other, fraction=tied("1 - populations.zno.mass_fraction")),
        },
        {"zno": zno, other: second},
    )


def pattern(path: Path, other: str, intensities: str = "structure") -> Powder:
    profiles = {
        name: Profile(size=vary(600.0), strain=vary(0.0003), intensities=intensities)  # type: ignore[arg-type]
        for name in ("zno", other)
    }
    return Powder(
        file=path, two_theta_range=(20.0, 100.0), tube="Cu", radius=145.0, displacement=vary(-0.15),
        overflow_angle=vary(35.0) if intensities == "structure" else 0.0, caglioti_w=vary(0.02),
        axial_divergence=vary(0.03), profiles=profiles, background_terms=10,
    )  # fmt: skip


@cache
def refined(other: str, particles: float | None = None) -> Result:
    """Return the mixture refined; particles: µm, the diameter of all of them for microabsorption."""
    settings = pattern(measured(FILES[other]), other)
    profiles = {n: replace(p, particle_diameter=particles) for n, p in settings.profiles.items()}
    return refine(mixture(other), {"xrd": replace(settings, profiles=profiles)})


@pytest.mark.parametrize(
    ("other", "nominal", "within"), [("tio2", 0.6010 / 1.0019, 0.015), ("in2o3", 0.4006 / 1.0014, 0.035)]
)
def test_weight_fraction_of_zinc_oxide(other: str, nominal: float, within: float) -> None:
    found = refined(other).derived["populations.zno.mass_fraction_of_sample"]
    assert found.value == pytest.approx(nominal, abs=within)
    assert found.value > nominal  # the other oxide absorbs more


@pytest.mark.campaign
@pytest.mark.parametrize(("other", "without", "with_2_um"), [("tio2", 0.6078, 0.6004), ("in2o3", 0.4316, 0.391)])
def test_what_microabsorption_would_do(other: str, without: float, with_2_um: float) -> None:
    """Not how large particles are, but that W goes with (W uncorrected)/τ, by hand at the W that come out."""
    name = "populations.zno.mass_fraction_of_sample"
    plain, corrected = refined(other).derived[name].value, refined(other, 2.0).derived[name].value
    assert plain == pytest.approx(without, abs=0.003)
    assert corrected == pytest.approx(with_2_um, abs=0.003)
    tau = {n: refined(other, 2.0).derived[f"datasets.xrd.microabsorption.{n}"].value for n in ("zno", other)}
    by_hand = plain / tau["zno"] / (plain / tau["zno"] + (1.0 - plain) / tau[other])
    assert corrected == pytest.approx(by_hand, abs=0.003)


@pytest.mark.parametrize(("other", "most"), [("tio2", 0.062), ("in2o3", 0.05)])
def test_misfit(other: str, most: float) -> None:
    data = refined(other).datasets["xrd"]
    assert data.rwp < most
    assert data.rwp_without_background is not None
    assert data.rwp_without_background < 1.7 * most


@pytest.mark.parametrize("other", ["tio2", "in2o3"])
def test_cell_of_zinc_oxide(other: str) -> None:
    """3.2498, 5.2066 Å: McMurdie et al., Powder Diffr. 1, 76 (1986), PDF 36-1451; displacement is refined beside it."""
    found = refined(other).parameters
    assert found["crystals.zno.a"].value == pytest.approx(3.2498, abs=0.0015)
    assert found["crystals.zno.c"].value == pytest.approx(5.2066, abs=0.0025)


def test_free_intensities_fit_no_worse() -> None:
    """Pawley: what is left is the misfit of the profile alone."""
    free = refine(mixture_for_free(), {"xrd": pattern(measured(FILES["tio2"]), "tio2", "free")})
    assert free.datasets["xrd"].rwp < refined("tio2").datasets["xrd"].rwp
    assert free.parameters["crystals.zno.a"].value == pytest.approx(3.2498, abs=0.0015)


def mixture_for_free() -> Sample:
    """Return the mixture with fractions and displacements fixed, which free intensities do not show."""
    whole = mixture("tio2", free=False)
    return Sample({n: Population(n, fraction=0.5) for n in whole.populations}, whole.crystals)
