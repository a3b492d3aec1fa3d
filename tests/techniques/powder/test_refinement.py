"""Mixtures of the black and the yellow phase of CsPbI3, simulated with counting noise, come back.

Cu tube, 10 to 60°, 5,001 points, 20,000 counts at the highest point on a flat background of 300.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.parameters import Evaluation, fixed, tied, vary
from nanocrystal.refinement import Result, declared_parameters, refine
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.sample import Crystal, Population, Sample, Sphere
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.simulation import simulated_curves
from nanocrystal.techniques import Powder, Profile, TotalScattering
from nanocrystal.techniques.powder.model import PowderModel
from support.structures import NICKEL, cif

U_ISO = {"Cs": 0.04, "Pb": 0.02, "I": 0.035}
CELLS = {
    "gamma": {"a": 8.576, "b": 8.856, "c": 12.472},
    "delta": {"a": 10.4342, "b": 4.7905, "c": 17.761},
}
OFF = {"gamma": 1.0006, "delta": 0.9994}
"""factors on the cells at the start of a refinement"""


def crystal(name: str, free: bool) -> Crystal:
    cell = {k: vary(v * OFF[name]) if free else fixed(v) for k, v in CELLS[name].items()}
    return Crystal.from_library(f"CsPbI3-{name}", u_iso=U_ISO, where=f"crystals.{name}", **cell)


def sample(part_of_delta: float | None = None) -> Sample:
    """Return the mixture with this part by mass of δ; None: everything is to be found."""
    free = part_of_delta is None
    first = vary(0.5, min=0.0, max=1.0) if part_of_delta is None else fixed(part_of_delta)
    second = tied("1 - populations.delta.mass_fraction") if part_of_delta is None else fixed(1.0 - part_of_delta)
    return Sample(
        {"delta": Population("delta", fraction=first), "gamma": Population("gamma", fraction=second)},
        {"delta": crystal("delta", free), "gamma": crystal("gamma", free)},
    )


def truth(**changes: Any) -> Powder:
    profiles = {"gamma": Profile(size=400.0, strain=0.001), "delta": Profile(size=800.0)}
    given = {"two_theta": "10:60:0.01", "tube": "Cu", "profiles": profiles, "caglioti_w": 0.004, "background_terms": 1}
    return Powder(**(given | changes))


def counted(part_of_delta: float, path: Path, seed: int = 1, amorphous: float = 0.0, **changes: Any) -> Path:
    """Write a pattern with counting noise; amorphous: height of a broad hump over that of the highest peak."""
    columns = simulated_curves(sample(part_of_delta), {"xrd": truth(**changes)}, path.parent)["xrd"]
    x, y = columns["two_theta"], columns["intensity"]
    hump = amorphous * np.exp(-(((x - 28.0) / 12.0) ** 2))
    mean = 2e4 * (y / y.max() + hump) + 300.0
    np.savetxt(path, np.c_[x, np.random.default_rng(seed).poisson(mean)], fmt="%.4f %d")
    return path


def fit(path: Path, **changes: Any) -> Powder:
    profiles = {"gamma": Profile(size=vary(600.0), strain=vary(0.0005)), "delta": Profile(size=vary(600.0))}
    given = {"tube": "Cu", "profiles": profiles, "caglioti_w": 0.004, "background_terms": 3}
    return Powder(file=path, **(given | changes))


@cache
def refined(part_of_delta: float, folder: Path) -> Result:
    return refine(sample(), {"xrd": fit(counted(part_of_delta, folder / f"{part_of_delta}.xy"))})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("powder")


@pytest.mark.parametrize("part", [0.0, 0.713, 0.976])
def test_fractions_come_back(part: float, folder: Path) -> None:
    result = refined(part, folder)
    assert result.converged
    found = result.derived["populations.delta.mass_fraction_of_sample"]
    assert found.stderr is not None
    assert found.value == pytest.approx(part, abs=0.015)
    assert abs(found.value - part) < 3.0 * found.stderr
    chi2_red = result.datasets["xrd"].chi2_red
    assert chi2_red is not None
    assert chi2_red == pytest.approx(1.0, abs=0.08)  # 4 √(2/5000)


@pytest.mark.parametrize(("part", "name"), [(0.0, "gamma"), (0.713, "delta"), (0.713, "gamma"), (0.976, "delta")])
def test_cells_of_phases_of_a_fifth_or_more(part: float, name: str, folder: Path) -> None:
    result = refined(part, folder)
    for axis, length in CELLS[name].items():
        assert result.parameters[f"crystals.{name}.{axis}"].value == pytest.approx(length, abs=0.002)


def test_cell_of_a_small_phase(folder: Path) -> None:
    """2.4 % of γ: within 3 standard errors."""
    for axis, length in CELLS["gamma"].items():
        found = refined(0.976, folder).parameters[f"crystals.gamma.{axis}"]
        assert found.stderr is not None
        assert abs(found.value - length) < 3.0 * found.stderr


def test_profiles_come_back(folder: Path) -> None:
    result = refined(0.713, folder)
    for key, value in {"gamma.size": 400.0, "gamma.strain": 0.001, "delta.size": 800.0}.items():
        found = result.parameters[f"datasets.xrd.profiles.{key}"]
        assert found.stderr is not None
        assert abs(found.value - value) < 3.5 * found.stderr


def test_an_absent_phase_has_no_cell(folder: Path) -> None:
    result = refined(0.0, folder)
    fraction = result.parameters["populations.delta.mass_fraction"]
    assert fraction.status in ("free", "at_bound")
    for address in ("crystals.delta.a", "crystals.delta.b", "crystals.delta.c", "datasets.xrd.profiles.delta.size"):
        assert result.parameters[address].status == "undetermined"
        assert result.parameters[address].stderr is None
    assert result.parameters["crystals.gamma.a"].status == "free"
    assert any(note.startswith("populations.delta is not seen: ") for note in result.notes)
    for axis, length in CELLS["delta"].items():
        assert result.parameters[f"crystals.delta.{axis}"].value == length * OFF["delta"]  # where it started
    assert fraction.limit is not None
    assert 0.0 < fraction.limit < 0.02


def test_reflections_are_marked(folder: Path) -> None:
    """(200) of δ at 17.0° by Bragg's law: a = 10.4342 Å, λ = 1.5405929 Å."""
    ticks = refined(0.713, folder).datasets["xrd"].ticks
    assert set(ticks) == {"delta", "gamma"}
    by_hand = 2.0 * np.degrees(np.arcsin(1.5405929 / 10.4342))
    assert np.abs(ticks["delta"] - by_hand).min() < 0.003


# ---- the wavelength -------------------------------------------------------------------------------

LAB6 = cif("4.15689 4.15689 4.15689 90 90 90", "P m -3 m", "La La 0 0 0 1\nB B 0.1995 0.5 0.5 1")
"""cell of NIST's SRM 660b"""


def with_standard(a: Any, b: Any) -> Sample:
    """Return LaB6 and nickel with these cells, Å."""
    crystals = {
        "lab6": Crystal(parse_cif(LAB6, "LaB6.cif"), {"a": a}, {"La": 0.005, "B": 0.005}, where="crystals.lab6"),
        "ni": Crystal(parse_cif(NICKEL, "Ni.cif"), {"a": b}, {"Ni": 0.006}, where="crystals.ni"),
    }
    return Sample({n: Population(n, fraction=0.5) for n in crystals}, crystals)


def test_a_standard_finds_the_wavelength(tmp_path: Path) -> None:
    """A synchrotron's energy is known to 10⁻⁴; the cell of the standard says what it is, and then the other cell."""
    settings = {"wavelength": 0.45921, "caglioti_w": 4e-4, "profiles": {}, "anomalous": False, "tube": None}
    columns = simulated_curves(
        with_standard(4.15689, 3.5238), {"xrd": truth(two_theta="5:40:0.005", **settings)}, tmp_path
    )["xrd"]
    y = columns["intensity"] / columns["intensity"].max() * 5e4 + 200.0
    np.savetxt(tmp_path / "x.xy", np.c_[columns["two_theta"], np.random.default_rng(3).poisson(y)], fmt="%.4f %d")
    start = settings | {"wavelength": vary(0.4590)}
    found = refine(with_standard(4.15689, vary(3.522)), {"xrd": fit(tmp_path / "x.xy", zero=vary(0.0), **start)})
    for address, true in (("datasets.xrd.wavelength", 0.45921), ("crystals.ni.a", 3.5238)):
        parameter = found.parameters[address]
        assert parameter.stderr is not None
        assert parameter.stderr < 1e-5
        assert abs(parameter.value - true) < 3.5 * parameter.stderr


def test_a_wavelength_that_nothing_holds(tmp_path: Path) -> None:
    settings = truth(tube=None, wavelength=vary(0.459), anomalous=False, profiles={})
    for cell in (vary(3.52), tied("3.52 * datasets.xrd.wavelength / 0.459")):
        with pytest.raises(
            InputError, match=r"datasets\.xrd\.wavelength: varies together with the cells of all phases"
        ):
            settings.bind("xrd", with_standard(vary(4.157), cell))
    settings.bind("xrd", with_standard(vary(4.157), 3.52))


# ---- more than Rietveld ---------------------------------------------------------------------------


def test_amorphous_part_by_an_internal_standard(folder: Path) -> None:
    """By hand: γ is 28.7 % of what is crystalline and 20 % of the mixture, so 1 − 0.2/0.287 = 30.3 % is amorphous."""
    path = counted(0.713, folder / "amorphous.xy", amorphous=0.05)
    result = refine(sample(), {"xrd": fit(path, standard="gamma", standard_fraction=0.2, background_terms=12)})
    amorphous = result.derived["datasets.xrd.amorphous_fraction"]
    fraction = result.parameters["populations.gamma.mass_fraction"]
    assert amorphous.stderr is not None
    assert fraction.stderr_scaled is not None
    assert amorphous.value == pytest.approx(1.0 - 0.2 / 0.287, abs=3.0 * amorphous.stderr)
    by_hand = 0.2 / fraction.value**2 * fraction.stderr_scaled
    assert amorphous.stderr == pytest.approx(by_hand, rel=1e-3)
    assert result.derived["datasets.xrd.mass_fraction_of_mixture.delta"].value == pytest.approx(
        0.2 * 0.713 / 0.287, abs=0.01
    )
    rest = result.derived["datasets.xrd.amorphous_fraction_without_standard"]
    assert rest.value == pytest.approx(amorphous.value / 0.8, rel=1e-12)


def test_free_intensities_find_cell_and_structure_factors(folder: Path) -> None:
    """Intensities of δ left to the fit, with wrong places of its atoms: cells come back, and |F|²."""
    path = counted(1.0, folder / "free.xy", two_theta="10:45:0.02")
    wrong = Crystal.from_library(
        "CsPbI3-delta", u_iso=dict.fromkeys(U_ISO, 0.1), where="crystals.delta",
        **{k: vary(v * OFF["delta"]) for k, v in CELLS["delta"].items()},
    )  # fmt: skip
    alone = Sample({"delta": Population("delta")}, {"delta": wrong})
    settings = fit(path, profiles={"delta": Profile(size=vary(600.0), intensities="free")})
    result = refine(alone, {"xrd": settings})
    for axis, length in CELLS["delta"].items():
        found = result.parameters[f"crystals.delta.{axis}"]
        assert found.stderr is not None
        assert found.stderr < 0.001
        assert abs(found.value - length) < 4.0 * found.stderr
    assert any("left free" in note for note in result.notes)

    problem = bound_problem(alone, {"xrd": settings}, folder)
    evaluation = problem.evaluation(np.array([result.parameters[d.address].value for d in problem.free]))
    model = problem.models["xrd"]
    assert isinstance(model, PowderModel)
    found_squared = model.intensities(evaluation)["delta"]
    true_model = bound_problem(sample(1.0), {"xrd": fit(path)}, folder).models["xrd"]
    assert isinstance(true_model, PowderModel)
    true = true_squares(true_model, len(found_squared))
    strong = true > 0.2 * true.max()
    places = np.sort(model.ticks(evaluation)["delta"])
    ratio = (found_squared / true)[strong] / np.median((found_squared / true)[strong])
    assert len(places) > 50
    assert np.median(np.abs(ratio - 1.0)) < 0.03


def true_squares(model: PowderModel, n: int) -> np.ndarray:
    """Return |F|² of the families of δ in the order of Q, by a direct sum over the atoms."""
    from nanocrystal.tables.form_factors import anomalous_factor, form_factor

    [phase] = [p for p in model.phases if p.name == "delta"]
    values = declared_parameters(model.sample, {"xrd": model.settings}).initial_values()
    phase_now = phase.at(Evaluation(values))
    families = phase_now.families(float(model.measured.x[-1]))
    lengths = np.array(list(CELLS["delta"].values()))
    squares = []
    for h in families.hkl:
        q = 2.0 * np.pi * float(np.linalg.norm(h / lengths))
        total = 0.0j
        for site, places in zip(phase.crystal.sites, phase_now.crystal.positions, strict=True):
            f = form_factor(site.element, np.array([q]))[0] + anomalous_factor(site.element, 12398.42 / 1.5405929)
            total += f * np.exp(-U_ISO[site.element] * q**2 / 2.0) * np.exp(2j * np.pi * places @ h).sum()
        squares.append(abs(total) ** 2)
    return np.array(squares)[:n]


def test_texture_comes_back(folder: Path) -> None:
    axis = (0, 0, 1)
    oriented = {"delta": Profile(size=800.0, texture=0.7, texture_axis=axis), "gamma": Profile(size=400.0)}
    path = counted(0.713, folder / "texture.xy", profiles=oriented)
    looked_for = {
        "delta": Profile(size=vary(700.0), texture=vary(1.0), texture_axis=axis), "gamma": Profile(size=vary(500.0))
    }  # fmt: skip
    result = refine(sample(), {"xrd": fit(path, profiles=looked_for)})
    ratio = result.parameters["datasets.xrd.profiles.delta.texture"]
    assert ratio.stderr is not None
    assert abs(ratio.value - 0.7) < 3.0 * ratio.stderr
    assert result.parameters["populations.delta.mass_fraction"].value == pytest.approx(0.713, abs=0.01)


def test_one_crystal_seen_by_two_techniques(tmp_path: Path) -> None:
    """Spheres of 8 nm: powder for the cell, total scattering for their diameter, which the peaks do not know here."""
    cell = {"a": 5.87}
    u = {"Pb": 0.015, "Cs": 0.03, "Br": 0.03}

    def dots(free: bool) -> Sample:
        a = vary(5.875) if free else 5.87
        perovskite = Crystal.from_library("CsPbBr3-alpha", u_iso=u, a=a, where="crystals.x")
        return Sample({"dots": Population("x", Sphere(vary(78.0) if free else 80.0))}, {"x": perovskite})

    described = {
        "xrd": Powder(two_theta="10:60:0.05", tube="Cu", profiles={"dots": Profile(size=60.0)}, background_terms=0),
        "iq": TotalScattering(q="1:12:0.01", background_terms=0),
    }
    for name, columns in simulated_curves(dots(free=False), described, tmp_path).items():
        x, y = list(columns.values())[:2]
        counts = np.random.default_rng(2).poisson(2e4 * y / y.max() + 100.0)
        suffix = "xy" if name == "xrd" else "iq"
        np.savetxt(tmp_path / f"{name}.{suffix}", np.c_[x, counts], fmt="%.4f %d")
    measured = {
        "xrd": Powder(file="xrd.xy", tube="Cu", profiles={"dots": Profile(size=vary(70.0))}, background_terms=1),
        "iq": TotalScattering(file="iq.iq", background_terms=1),
    }
    result = refine(dots(free=True), measured, folder=tmp_path)
    for address, value in {"crystals.x.a": cell["a"], "populations.dots.diameter": 80.0}.items():
        found = result.parameters[address]
        assert found.stderr is not None
        assert abs(found.value - value) < 3.0 * found.stderr
    assert any("does not broaden" in note for note in result.notes)


# ---- many seeds -----------------------------------------------------------------------------------


@pytest.mark.campaign
def test_standard_errors_are_honest_over_many_seeds(tmp_path: Path) -> None:
    """25 seeds: pulls of the fraction and of all cells have mean 0 and standard deviation 1."""
    pulls = []
    for seed in range(25):
        result = refine(sample(), {"xrd": fit(counted(0.713, tmp_path / "p.xy", seed))})
        names = {"populations.delta.mass_fraction": 0.713}
        names |= {f"crystals.{c}.{k}": v for c, cell in CELLS.items() for k, v in cell.items()}
        pulls.append(
            [(result.parameters[n].value - v) / (result.parameters[n].stderr or np.nan) for n, v in names.items()]
        )
    spread = np.array(pulls)
    assert np.abs(spread.mean(axis=0)).max() < 0.8  # 4/√25
    assert 0.8 < spread.std() < 1.2


@pytest.mark.campaign
def test_absent_phases_are_said_to_be_absent_over_many_seeds(tmp_path: Path) -> None:
    """20 seeds: the fraction is nearly always within 3 standard errors of 0, and the cell never has an error."""
    far = 0
    for seed in range(20):
        result = refine(sample(), {"xrd": fit(counted(0.0, tmp_path / "p.xy", seed))})
        fraction = result.parameters["populations.delta.mass_fraction"]
        far += fraction.stderr is not None and fraction.value > 3.0 * fraction.stderr
        assert result.parameters["crystals.delta.a"].status in ("undetermined", "at_bound"), seed
    assert far <= 2
