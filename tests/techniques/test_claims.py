"""What studies leave out, technique by technique: when it is told, when not, and whether values move as it says.

The sense is held against a second refinement with the other value stated: where the first says that a value would be
larger, it is larger there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal import vary
from nanocrystal.report.refined.result import Assumed
from nanocrystal.sample import Bulk, Coating, Distribution, Population, Sample, Sphere
from nanocrystal.study import read_study
from nanocrystal.techniques import Composition, Pdf, Powder, Saxs, TotalScattering
from nanocrystal.techniques.powder.profile import Profile
from support.modelling import calculated, crystal, sample_of
from support.structures import NICKEL, cif

SALT = cif("5.64 5.64 5.64 90 90 90", "F m -3 m", "Na Na 0 0 0 1\nCl Cl 0.5 0.5 0.5 1")
RUTILE = cif("4.594 4.594 2.959 90 90 90", "P 42/m n m", "Ti Ti 0 0 0 1\nO O 0.3049 0.3049 0 1")


def of_key(result: nc.Result, key: str) -> list[Assumed]:
    return [each for each in result.assumed if key in each.keys]


def check_sense(told: Assumed, first: nc.Result, other: nc.Result) -> None:
    """Hold the value that is said to move most against what it is in the other refinement."""
    sides = [(names[0], sign) for names, sign in ((told.larger, 1.0), (told.smaller, -1.0)) if names]
    moves = {a: other[a].value - first[a].value for a, _ in sides}
    errors = {a: e for a, _ in sides if (e := first[a].stderr) is not None}
    strongest, sign = max(sides, key=lambda s: abs(moves[s[0]]) / errors[s[0]])
    assert sign * moves[strongest] > 0.0


# ---- G(r) ---------------------------------------------------------------------------------------


def g_of(sample: Sample, last: float = 25.0, noise: float = 0.005, **settings: Any) -> Pdf:
    grid = {"qmax": 20.0} | settings
    g = calculated(sample, Pdf(r=f"1.5:{last:g}:0.05", **grid))
    g = g + noise * g.std() * np.random.default_rng(0).normal(size=len(g))
    return Pdf(r=1.5 + 0.05 * np.arange(len(g)), g=g, **grid)


def nickel(**more: Any) -> Sample:
    given = {"u_iso": vary(0.006), "a": vary(3.52)} | more
    return sample_of(NICKEL, given.pop("shape", Sphere(vary(20.0))), given.pop("u_iso"), **given)


TRUE_NICKEL = sample_of(NICKEL, Sphere(20.0), 0.006, a=3.524)


@pytest.mark.parametrize(("key", "other"), [("qdamp", 0.03), ("qbroad", 0.01)])
def test_resolutions_of_g(key: str, other: float) -> None:
    data = g_of(TRUE_NICKEL)
    stated = {"qdamp": 0.0, "qbroad": 0.0}
    plain = nc.refine(nickel(), replace(data, **{k: v for k, v in stated.items() if k != key}))
    (told,) = of_key(plain, f"datasets.pdf.{key}")
    check_sense(told, plain, nc.refine(nickel(), replace(data, **{**stated, key: other})))
    assert of_key(nc.refine(nickel(), replace(data, **stated)), f"datasets.pdf.{key}") == []
    if key == "qdamp":
        assert "populations.p.diameter" in told.larger
        assert told.taken == "0 Å⁻¹: the instrument damps nothing"


def test_correlated_motion_that_is_left_out() -> None:
    data = g_of(TRUE_NICKEL)
    plain = nc.refine(nickel(), data)
    (told,) = of_key(plain, "crystals.x.delta2")
    assert "crystals.x.u_iso.Ni" in told.larger
    check_sense(told, plain, nc.refine(nickel(motion={"delta2": 2.0}), data))
    assert of_key(nc.refine(nickel(motion={"delta2": 0.0}), data), "crystals.x.delta2") == []
    assert of_key(nc.refine(nickel(), replace(data, delta2=0.0)), "crystals.x.delta2") == []


def test_displacements_and_cell_of_the_file() -> None:
    text = cif("3.524 3.524 3.524 90 90 90", "F m -3 m", "Ni Ni 0 0 0 1 0.006", "_atom_site_U_iso_or_equiv")
    data = g_of(TRUE_NICKEL)
    plain = nc.refine(sample_of(text, Sphere(vary(20.0)), {}, a=vary(3.52), motion={"delta2": vary(1.0)}), data)
    (told,) = of_key(plain, "crystals.x.u_iso.Ni")
    assert told.taken == "0.006 Å²: that of the file of the crystal"
    assert of_key(nc.refine(nickel(), data), "crystals.x.u_iso.Ni") == []
    without_a = nc.refine(sample_of(text, Sphere(vary(20.0)), vary(0.006)), data)
    (told,) = of_key(without_a, "crystals.x.a")
    assert told.moved
    assert told.case == "with 1.001 times that"
    assert of_key(plain, "crystals.x.a") == []


def test_places_and_coordinates_of_the_file() -> None:
    truth = sample_of(RUTILE, Sphere(24.0), 0.006, a=4.594, c=2.959)
    data = g_of(truth)
    u_iso = {"Ti": vary(0.006), "O": vary(0.006)}

    def fitted(**sites: Any) -> nc.Result:
        given = {"a": vary(4.594), "c": vary(2.959)} | ({"sites": sites} if sites else {})
        return nc.refine(sample_of(RUTILE, Sphere(24.0), u_iso, **given), data)

    plain = fitted()
    (places,) = of_key(plain, "crystals.x.sites")
    assert places.taken == "the coordinates of the file"
    assert places.moved
    (filled,) = of_key(plain, "crystals.x.sites.O.occupancy")
    assert filled.case == "with one of them 0.95 times that"
    stated = fitted(Ti=nc.SiteOverride(occupancy=1.0), O=nc.SiteOverride(x=0.3049, occupancy=1.0))
    assert of_key(stated, "crystals.x.sites") == []
    assert of_key(stated, "crystals.x.sites.O.occupancy") == []


def test_crystals_of_one_size_and_without_end() -> None:
    """Of lognormal spheres of 20 ± 5 Å spheres of one size are found larger than the mean."""
    spread = sample_of(NICKEL, Sphere(Distribution("lognormal", 20.0, 5.0)), 0.006, a=3.524)
    plain = nc.refine(nickel(), g_of(spread))
    (told,) = of_key(plain, "populations.p.diameter")
    assert list(told.smaller) == ["populations.p.diameter"]
    assert plain["populations.p.diameter"].value > 21.0
    free = nickel(shape=Sphere(Distribution("lognormal", vary(20.0), vary(4.0))))
    assert not any("one length" in each.taken for each in nc.refine(free, g_of(spread)).assumed)
    assert not any("one length" in each.taken for each in nc.refine(nickel(shape=Sphere(20.0)), g_of(spread)).assumed)
    endless = nc.refine(nickel(shape=Bulk()), replace(g_of(spread), qdamp=vary(0.05)))
    (told,) = of_key(endless, "populations.p.shape")
    assert list(told.smaller) == ["datasets.pdf.qdamp"]
    assert of_key(nc.refine(nickel(shape=Bulk()), g_of(spread)), "populations.p.shape") == []


def mixture(first: Any = 1.0, second: Any = 1.0) -> Sample:
    crystals = {"ni": crystal(NICKEL, 0.006, a=3.524), "salt": crystal(SALT, vary(0.01), a=5.64)}
    return Sample(
        {
            "metal": Population("ni", Sphere(25.0), fraction=first),
            "salt": Population("salt", Sphere(25.0), fraction=second),
        },
        crystals,
    )


def test_amounts_that_no_one_states() -> None:
    data = g_of(mixture())
    (told,) = of_key(nc.refine(mixture(), data), "populations.salt.mass_fraction")
    assert told.taken == "1: as much of each population"
    for stated in (mixture(1.0, 0.9), mixture(vary(1.1), 1.0)):
        assert of_key(nc.refine(stated, data), "populations.salt.mass_fraction") == []


# ---- total scattering -----------------------------------------------------------------------------


def i_of(sample: Sample, noise: float = 0.003, **settings: Any) -> TotalScattering:
    given = {"wavelength": 0.7, "anomalous": False} | settings
    made = TotalScattering(q="1:16:0.05", background_terms=4, **given)
    y = calculated(sample, made, "iq")
    y = y + noise * y.mean() * (1.0 + np.random.default_rng(0).normal(size=len(y)))
    q = 1.0 + 0.05 * np.arange(len(y))
    return TotalScattering(q=q, intensity=y, sigma=np.full(len(y), noise * y.mean()), background_terms=3, **given)


@pytest.mark.parametrize(
    ("key", "off", "other"), [("polarization", 0.0, 0.5), ("q_resolution", 0.0, 0.003), ("compton", False, True)]
)
def test_what_total_scattering_leaves_out(key: str, off: Any, other: Any) -> None:
    sample, data = nickel(), {"iq": i_of(TRUE_NICKEL, noise=0.0005)}
    plain = nc.refine(sample, data)
    (told,) = of_key(plain, f"datasets.iq.{key}")
    check_sense(told, plain, nc.refine(sample, {"iq": replace(data["iq"], **{key: other})}))
    assert of_key(nc.refine(sample, {"iq": replace(data["iq"], **{key: off})}), f"datasets.iq.{key}") == []


def test_polarisation_is_no_matter_of_no_angles_nor_of_a_scale_alone() -> None:
    data = i_of(TRUE_NICKEL)
    of_q = nc.refine(nickel(), {"iq": replace(data, wavelength=None)})
    assert of_key(of_q, "datasets.iq.polarization") == []
    scale = nc.refine(nickel(shape=Sphere(20.0), u_iso=0.006, a=vary(3.52)), {"iq": data})
    assert not any(a.endswith(".scale") for each in scale.assumed for a in (*each.larger, *each.smaller, *each.moved))


def test_dispersion_is_told_where_amounts_are_refined() -> None:
    data = i_of(mixture(2.0, 1.0), wavelength=None)
    told = of_key(nc.refine(mixture(vary(1.5), 1.0), {"iq": data}), "datasets.iq.wavelength")
    assert [list(each.moved) for each in told] == [["populations.metal.mass_fraction"]]
    assert of_key(nc.refine(mixture(2.0, 1.0), {"iq": data}), "datasets.iq.wavelength") == []


def test_a_background_of_usual_length() -> None:
    """Below a background with a bend four terms are not enough; three were chosen, and that is no default."""
    data = i_of(TRUE_NICKEL)
    curve = data.file.curve()
    bent = 0.1 * curve.y.mean() * np.sin(1.5 * curve.x) ** 2
    usual = TotalScattering(q=curve.x, intensity=curve.y + bent, sigma=curve.sigma, anomalous=False, wavelength=0.7)
    (told,) = of_key(nc.refine(nickel(), {"iq": usual}), "datasets.iq.background_terms")
    assert told.case == "with 6"
    chosen = replace(usual, background_terms=5)
    assert of_key(nc.refine(nickel(), {"iq": chosen}), "datasets.iq.background_terms") == []


# ---- powder ---------------------------------------------------------------------------------------

STATED: Mapping[str, Any] = {
    "zero": 0.0,
    "displacement": 0.0,
    "polarization": 0.5,
    "overflow_angle": 0.0,
    "asymmetry": 0.0,
    "caglioti_w": 0.01,
    "lorentz_x": 0.0,
}
PROFILED = Profile(size=vary(300.0), strain=0.0, size_lorentzian=1.0, strain_lorentzian=1.0)


def pattern(sample: Sample, profiles: Mapping[str, Profile], **settings: Any) -> Powder:
    given = {"tube": "Cu", "anomalous": False, "radius": 145.0, "background_terms": 2} | settings
    made = Powder(
        two_theta="20:100:0.05",
        profiles={n: Profile(size=300.0) for n in profiles},
        caglioti_w=0.01,
        **{k: v for k, v in given.items() if k not in STATED},
    )
    y = calculated(sample, made, "xrd")
    counts = np.random.default_rng(0).poisson(2e5 * y / y.max() + 300.0).astype(float)
    return Powder(two_theta=20.0 + 0.05 * np.arange(len(y)), intensity=counts, profiles=profiles, **given)


def ni_powder(**more: Any) -> Sample:
    given = {"u_iso": vary(0.006), "a": vary(3.524)} | more
    return Sample({"ni": Population("ni", Bulk())}, {"ni": crystal(NICKEL, **given)})


@pytest.mark.parametrize(
    ("key", "other", "moves"),
    [
        ("zero", 0.01, "crystals.ni.a"),
        ("displacement", 0.02, "crystals.ni.a"),
        ("polarization", 0.44, "crystals.ni.u_iso.Ni"),
        ("overflow_angle", 20.0, ""),
        ("asymmetry", 0.01, "crystals.ni.a"),
        ("lorentz_x", 0.02, "datasets.xrd.profiles.ni.size"),
        ("caglioti_w", 0.0025, "datasets.xrd.profiles.ni.size"),
    ],
)
def test_what_powder_leaves_out(key: str, other: float, moves: str) -> None:
    truth = ni_powder(u_iso=0.006, a=3.524)
    data = pattern(truth, {"ni": PROFILED}, **{k: v for k, v in STATED.items() if k != key})
    plain = nc.refine(ni_powder(), {"xrd": data})
    stated = nc.refine(ni_powder(), {"xrd": replace(data, **{key: STATED[key]})})
    assert of_key(stated, f"datasets.xrd.{key}") == []
    found = of_key(plain, f"datasets.xrd.{key}")
    if key == "overflow_angle":  # of the reflections of nickel none is below 40°
        assert found == []
        return
    (told,) = found
    assert moves in (*told.larger, *told.smaller, *told.moved)
    if not told.moved:
        check_sense(told, plain, nc.refine(ni_powder(), {"xrd": replace(data, **{key: other})}))


def test_a_beam_longer_than_the_sample() -> None:
    """Of rock salt the first reflections lie at 27 and 32°, below 40°."""
    truth = Sample({"s": Population("s", Bulk())}, {"s": crystal(SALT, 0.01, a=5.64)})
    u_iso = {"Na": vary(0.01), "Cl": vary(0.01)}
    salt = Sample({"s": Population("s", Bulk())}, {"s": crystal(SALT, u_iso, a=vary(5.64))})
    data = pattern(truth, {"s": PROFILED}, **{k: v for k, v in STATED.items() if k != "overflow_angle"})
    assert of_key(nc.refine(salt, {"xrd": data}), "datasets.xrd.overflow_angle") == []  # 20° is below the range
    assert of_key(nc.refine(salt, {"xrd": replace(data, overflow_angle=0.0)}), "datasets.xrd.overflow_angle") == []


def test_a_synchrotron_and_a_capillary() -> None:
    capillary = {"tube": None, "wavelength": 0.8, "radius": None, "geometry": "debye-scherrer"}
    held = {k: v for k, v in STATED.items() if k not in ("displacement", "overflow_angle", "polarization")}
    data = pattern(ni_powder(u_iso=0.006, a=3.524), {"ni": PROFILED}, **capillary, **held)
    plain = nc.refine(ni_powder(), {"xrd": data})
    (told,) = of_key(plain, "datasets.xrd.polarization")
    assert told.case == "with 0.05"
    (told,) = of_key(plain, "datasets.xrd.mu_r")
    assert "crystals.ni.u_iso.Ni" in told.larger
    check_sense(told, plain, nc.refine(ni_powder(), {"xrd": replace(data, mu_r=0.5)}))
    assert of_key(nc.refine(ni_powder(), {"xrd": replace(data, mu_r=0.0)}), "datasets.xrd.mu_r") == []


@pytest.mark.parametrize(
    ("key", "left", "other", "stated"),
    [
        ("strain", {"strain": None}, {"strain": 5e-4}, {"strain": 0.0}),
        ("size_lorentzian", {"size_lorentzian": None}, {"size_lorentzian": 0.5}, {"size_lorentzian": 1.0}),
        ("size", {"size": None, "strain": vary(1e-3)}, {"size": 1000.0}, {"size": 1e6}),
        ("texture", {}, {"texture": 0.9, "texture_axis": (0, 0, 1)}, {"texture": 1.0, "texture_axis": (0, 0, 1)}),
    ],
)
def test_profiles_that_are_left_out(
    key: str, left: dict[str, Any], other: dict[str, Any], stated: dict[str, Any]
) -> None:
    profile, place = replace(PROFILED, **left), f"datasets.xrd.profiles.ni.{key}"
    held = {k: v for k, v in STATED.items() if k != "displacement"}
    data = pattern(ni_powder(u_iso=0.006, a=3.524), {"ni": profile}, **held)
    plain = nc.refine(ni_powder(), {"xrd": data})
    (told,) = of_key(plain, place)
    of_other = replace(data, profiles={"ni": replace(profile, **other)})
    if told.larger or told.smaller:
        check_sense(told, plain, nc.refine(ni_powder(), {"xrd": of_other}))
    of_stated = replace(data, profiles={"ni": replace(profile, **stated)})
    assert of_key(nc.refine(ni_powder(), {"xrd": of_stated}), place) == []


def two_phases(first: Any, **more: Any) -> Sample:
    crystals = {"ni": crystal(NICKEL, 0.006, a=3.524), "salt": crystal(SALT, 0.01, a=5.64)}
    return Sample({"ni": Population("ni", Bulk(), fraction=first), "salt": Population("salt", Bulk())}, crystals)


def test_what_is_amorphous() -> None:
    held = {k: v for k, v in STATED.items() if k != "displacement"}
    profile = Profile(size=300.0)
    data = pattern(two_phases(1.0), {"ni": profile, "salt": profile}, **held)
    (told,) = of_key(nc.refine(two_phases(vary(0.9)), {"xrd": data}), "datasets.xrd.standard")
    assert list(told.smaller) == ["populations.ni.mass_fraction"]
    weighed = replace(data, standard="ni", standard_fraction=0.2)
    assert of_key(nc.refine(two_phases(vary(0.9)), {"xrd": weighed}), "datasets.xrd.standard") == []
    assert of_key(nc.refine(two_phases(1.1), {"xrd": data}), "datasets.xrd.standard") == []


# ---- small angles ---------------------------------------------------------------------------------


def small_angles(sample: Sample, **settings: Any) -> Saxs:
    given = {"solvent": "toluene"} | settings
    free = {k: v.value if isinstance(v, nc.Parameter) else v for k, v in given.items()}
    y = calculated(sample, Saxs(q="0.01:0.4:0.004", **free), "saxs")
    y = y * (1.0 + 0.005 * np.random.default_rng(0).normal(size=len(y)))
    q = 0.01 + 0.004 * np.arange(len(y))
    return Saxs(q=q, intensity=y, sigma=0.005 * np.abs(y), **given)


DISPERSED = sample_of(NICKEL, Sphere(Distribution("lognormal", 60.0, 6.0)), 0.006, a=3.524)
FREE = sample_of(NICKEL, Sphere(Distribution("lognormal", vary(59.0), vary(6.0))), 0.006, a=3.524)


def test_what_small_angles_leave_out() -> None:
    data = small_angles(DISPERSED)
    plain = nc.refine(FREE, {"saxs": data})
    (smeared,) = of_key(plain, "datasets.saxs.q_resolution")
    assert "populations.p.diameter.std" in smeared.smaller
    check_sense(smeared, plain, nc.refine(FREE, {"saxs": replace(data, q_resolution=0.002)}))
    (apart,) = of_key(plain, "datasets.saxs.structure_factor")
    crowded = replace(data, structure_factor="hard-spheres", effective_radius=30.0, effective_fraction=0.03)
    check_sense(apart, plain, nc.refine(FREE, {"saxs": crowded}))
    assert of_key(nc.refine(FREE, {"saxs": crowded}), "datasets.saxs.structure_factor") == []
    assert of_key(nc.refine(FREE, {"saxs": replace(data, q_resolution=0.0)}), "datasets.saxs.q_resolution") == []
    assert of_key(plain, "crystals.x.u_iso.Ni") == []  # which small angles do not see
    assert of_key(plain, "datasets.saxs.energy") == []
    assert of_key(plain, "datasets.saxs.scale") == []
    (bare,) = of_key(plain, "populations.p.coating")
    assert list(bare.smaller) == ["populations.p.diameter.mean"]
    coated = Sample({"p": replace(FREE.populations["p"], coating=Coating(15.0, electron_density=0.3))}, FREE.crystals)
    assert of_key(nc.refine(coated, {"saxs": data}), "populations.p.coating") == []


def test_intensities_that_are_absolute() -> None:
    data = small_angles(DISPERSED, volume_fraction=vary(0.01))
    plain = nc.refine(FREE, {"saxs": data})
    (calibrated,) = of_key(plain, "datasets.saxs.scale")
    assert list(calibrated.moved) == ["datasets.saxs.volume_fraction"]
    (free,) = of_key(plain, "datasets.saxs.energy")
    assert "datasets.saxs.volume_fraction" in (*free.larger, *free.smaller)
    check_sense(free, plain, nc.refine(FREE, {"saxs": replace(data, energy=8047.8)}))
    stated = nc.refine(FREE, {"saxs": replace(data, scale=1.0, energy=8047.8)})
    assert of_key(stated, "datasets.saxs.scale") == []
    assert of_key(stated, "datasets.saxs.energy") == []


def test_the_power_of_a_background() -> None:
    plain = small_angles(DISPERSED)
    curve = plain.file.curve()
    steep = curve.y + 3e5 * curve.x**-3.9
    data = Saxs(q=curve.x, intensity=steep, sigma=curve.sigma, solvent="toluene", power_law_background=True)
    (told,) = of_key(nc.refine(FREE, {"saxs": data}), "datasets.saxs.power")
    assert told.taken == "4: Porod's law"
    assert of_key(nc.refine(FREE, {"saxs": replace(data, power=4.0)}), "datasets.saxs.power") == []


# ---- composition ----------------------------------------------------------------------------------


def test_sensitivities_of_a_composition() -> None:
    def fitted(**more: Any) -> nc.Result:
        ratios = {"Na/Cl": (0.95, 0.01)}
        sites = {"Na": nc.SiteOverride(occupancy=vary(0.9))}
        sample = sample_of(SALT, Sphere(30.0), {"Na": 0.01, "Cl": 0.01}, a=5.64, sites=sites)
        return nc.refine(sample, {"edx": Composition(ratios, **more)})

    (told,) = of_key(fitted(), "datasets.edx.calibration")
    assert list(told.moved) == ["crystals.x.sites.Na.occupancy"]
    assert of_key(fitted(calibration=1.0), "datasets.edx.calibration") == []


# ---- lines and decays -----------------------------------------------------------------------------


def of_study(folder: Path, text: str, columns: list[np.ndarray]) -> nc.Result:
    np.savetxt(folder / "d.txt", np.column_stack(columns), fmt="%.12g")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return read_study(folder / "study.toml").refine()


PPM = np.linspace(-5.0, 5.0, 201)
LINES = """
[datasets.d]
technique = "nmr-lines"
file = "d.txt"
columns = ["x", "y", "sigma"]
spectrometer_frequency = 100
[datasets.d.lines.a]
shape = "{shape}"
position = {{ value = 0.1, vary = true }}
fwhm = {{ value = 100, vary = true }}
"""


def noisy(y: np.ndarray, sigma: float) -> list[np.ndarray]:
    return [y + np.random.default_rng(0).normal(0.0, sigma, len(y)), np.full(len(y), sigma)]


@pytest.mark.parametrize(
    ("shape", "key", "stated"),
    [("pseudo-voigt", "lorentzian_part", 0.5), ("split-lorentzian", "asymmetry", 0.0)],
)
def test_shapes_of_lines(tmp_path: Path, shape: str, key: str, stated: float) -> None:
    y = 0.25 / (PPM**2 + 0.25)
    columns = [PPM, *noisy(y, 0.002)]
    (told,) = of_key(of_study(tmp_path, LINES.format(shape=shape), columns), f"datasets.d.lines.a.{key}")
    assert any(a.startswith("datasets.d.lines.a.") for a in (*told.larger, *told.smaller, *told.moved))
    plain = of_study(tmp_path, LINES.format(shape=shape) + f"{key} = {stated}\n", columns)
    assert of_key(plain, f"datasets.d.lines.a.{key}") == []


def test_the_background_of_a_spectrum(tmp_path: Path) -> None:
    """Below a line lies a slope and a bend: its area is another with them; a flat one is what it is."""
    line, text = 0.25 / (PPM**2 + 0.25), LINES.format(shape="lorentzian")
    bent = of_study(tmp_path, text, [PPM, *noisy(line + 0.004 * PPM**2, 0.002)])
    (told,) = of_key(bent, "datasets.d.background_terms")
    assert told.taken == "1: a constant is the background"
    assert of_key(of_study(tmp_path, text, [PPM, *noisy(line, 0.002)]), "datasets.d.background_terms") == []


DELAYS = np.geomspace(0.05, 20.0, 25)
PART = "[datasets.d.parts.a]\ntime = { value = 2.0, vary = true }\n"


def relaxed(folder: Path, y: np.ndarray, kind: str, more: str = "", part: str = "") -> nc.Result:
    head = f'[datasets.d]\ntechnique = "nmr-relaxation"\nkind = "{kind}"\nfile = "d.txt"\n'
    columns = 'columns = ["x", "y", "sigma"]\n'
    return of_study(folder, f"{head}{columns}{more}{PART}{part}", [DELAYS, *noisy(y, 0.003)])


@pytest.mark.parametrize(("kind", "f"), [("inversion-recovery", 2.0), ("saturation-recovery", 1.0)])
def test_inversion_and_exponent(tmp_path: Path, kind: str, f: float) -> None:
    y = 1.0 - f * np.exp(-DELAYS / 2.0)
    plain = relaxed(tmp_path, y, kind)
    (inverted,) = of_key(plain, "datasets.d.inversion")
    assert "datasets.d.parts.a.time" in inverted.larger
    check_sense(inverted, plain, relaxed(tmp_path, y, kind, f"inversion = {0.95 * f}\n"))
    (simple,) = of_key(plain, "datasets.d.parts.a.exponent")
    check_sense(simple, plain, relaxed(tmp_path, y, kind, part="exponent = 0.8\n"))
    stated = relaxed(tmp_path, y, kind, f"inversion = {f}\n", "exponent = 1.0\n")
    assert of_key(stated, "datasets.d.inversion") == []
    assert of_key(stated, "datasets.d.parts.a.exponent") == []
    assert of_key(plain, "datasets.d.background_terms") == []


def test_the_end_of_a_decay(tmp_path: Path) -> None:
    """Of a decay to 0.03 the time is longer without that offset: with it smaller."""
    y = np.exp(-DELAYS / 2.0)
    (told,) = of_key(relaxed(tmp_path, y + 0.03, "echo-decay"), "datasets.d.background_terms")
    assert "datasets.d.parts.a.time" in told.smaller
    assert told.taken == "0: nothing is the background"
    assert of_key(relaxed(tmp_path, y, "echo-decay"), "datasets.d.background_terms") == []
    stated = relaxed(tmp_path, y + 0.03, "echo-decay", "background_terms = 1\n")
    assert of_key(stated, "datasets.d.background_terms") == []


GRADIENTS = np.linspace(0.02, 0.6, 16)
DIFFUSION = """
[datasets.d]
technique = "nmr-diffusion"
file = "d.txt"
columns = ["gradient", "line", "sigma"]
pulse_duration = 3.0
diffusion_time = 60.0
{more}
[datasets.d.components.a]
diffusion = {{ value = 300, vary = true }}
"""


def test_gradients_and_pulses(tmp_path: Path) -> None:
    b = (2.675e8 * GRADIENTS * 3e-3) ** 2 * (60e-3 - 1e-3) * 1e-12
    columns = [GRADIENTS, *noisy(np.exp(-300.0 * b), 0.002)]

    def fitted(more: str) -> nc.Result:
        return of_study(tmp_path, DIFFUSION.format(more=more), columns)

    plain, address = fitted("shape_factor = 0.9\n"), "datasets.d.components.a.diffusion"
    (calibrated,) = of_key(plain, "datasets.d.gradient_calibration")
    (pulses,) = of_key(plain, "datasets.d.delta_correction")
    assert list(calibrated.smaller) == [address]
    assert list(pulses.smaller) == [address]
    changed = fitted("shape_factor = 0.9\ngradient_calibration = 1.01\ndelta_correction = 0.25\n")
    by = changed[address].value / plain[address].value
    assert by == pytest.approx((59.0 / 59.25) / 1.01**2, rel=1e-6)
    assert "by 0.42 %" in pulses.case  # 59.25/59 − 1
    assert of_key(changed, "datasets.d.gradient_calibration") == []
    assert of_key(changed, "datasets.d.delta_correction") == []
    assert of_key(fitted("shape_factor = 1.0\n"), "datasets.d.delta_correction") == []


# ---- where it is shown ----------------------------------------------------------------------------


def test_a_report_has_a_section_where_something_was_taken_as_given(tmp_path: Path) -> None:
    result = nc.refine(nickel(), g_of(TRUE_NICKEL))
    assert of_key(result, "datasets.pdf.qdamp")
    assert "the instrument damps nothing" in result.page()
    assert "Taken as given" in result.page()
    assert "damps nothing" not in result.summary()
    result.save(tmp_path / "out")
    restored = nc.read_result(tmp_path / "out")
    assert isinstance(restored, nc.Result)
    assert [each.sentence for each in restored.assumed] == [each.sentence for each in result.assumed]
    assert "Taken as given" not in replace(result, assumed=()).page()
