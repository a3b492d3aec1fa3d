"""A small typical study of each technique, with data that its own model makes at stated values.

A new technique needs an entry of `STUDIES`, and nothing else, to be tested by tests/techniques/test_all_techniques.py.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.measurement import Model
from nanocrystal.parameters import Evaluation, ParameterSet
from nanocrystal.refinement.problem import Problem
from nanocrystal.study import Study
from nanocrystal.study.reading import study_from
from nanocrystal.study.text import toml_text

DATASET = "d"
"""what each study calls its data set"""
FILE = "d.txt"
"""what it is read from"""


@dataclass(frozen=True, kw_only=True)
class TypicalStudy:
    """Studies of one technique as TOML with true values, whose file is made.

    ways: one study for each way in which the technique is used; together they state every number that it declares, and
    the first is refined and spoilt. x: the points of the file, (n,) in its unit; none where the study itself holds what
    was measured; curves: how many there are; columns: what those of the file are; linear: local address -> true value
    of what is left to the fit, 1 where it is not named; start: address -> where the refinement begins; accuracy: of
    what it finds, in scales of the quantity; error: the most that derivatives may be off, relative; exact: whether the
    model derives all of them by itself; uncut: constant of a module -> its value where differences must not see what is
    cut off.
    """

    ways: tuple[str, ...]
    x: np.ndarray | None = None
    columns: tuple[str, ...] = ()
    curves: int = 1
    linear: Mapping[str, float] = field(default_factory=dict)
    start: Mapping[str, float]
    accuracy: float = 1e-4
    error: float
    exact: bool = False
    uncut: Mapping[str, float] = field(default_factory=dict)

    def content(self, way: int = 0) -> dict[str, Any]:
        """Return the study as nested tables, of true values."""
        content = tomllib.loads(self.ways[way])
        if self.x is not None:
            content["datasets"][DATASET] |= {"file": FILE, **({"columns": list(self.columns)} if self.columns else {})}
        return content

    def true_values(self, study: Study) -> dict[str, float]:
        """Return address -> value of all that a study declares."""
        linear = {f"datasets.{DATASET}.{k}": v for k, v in self.linear.items()}
        return {
            d.address: linear.get(d.address, 1.0) if d.parameter.linear else float(d.parameter.value or 0.0)
            for d in study.parameters
        }

    def write_data(self, folder: Path, way: int = 0) -> None:
        """Write the file that the model itself calculates at the true values."""
        if self.x is None:
            return
        write_rows(folder / FILE, self.x, *np.ones((self.curves, len(self.x))))
        study = study_of(self.content(way), folder)
        model = study.datasets[DATASET].bind(DATASET, study.sample, folder)
        y = curve(model, study.parameters, self.true_values(study))
        write_rows(folder / FILE, self.x, *y.reshape(self.curves, -1))


def study_of(content: Mapping[str, Any], folder: Path) -> Study:
    """Return the study that nested tables are, read from their text in a file."""
    path, text = folder / "study.toml", toml_text(content)
    path.write_text(text, encoding="utf-8")
    return study_from(tomllib.loads(text), path, text)


def write_rows(path: Path, *columns: np.ndarray) -> None:
    np.savetxt(path, np.column_stack(columns), fmt="%.17g")


def changed(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested tables with other values at some addresses; those of a table that is not there make one."""
    found: dict[str, Any] = copy.deepcopy(dict(content))
    for address, value in changes.items():
        *way, key = address.split(".")
        table = found
        for name in way:
            table = table.setdefault(name, {})
        table[key] = value
    return found


def stated(content: Mapping[str, Any], address: str) -> bool:
    """Say whether nested tables have a value at an address."""
    table: Any = content
    for name in address.split("."):
        if not isinstance(table, Mapping) or name not in table:
            return False
        table = table[name]
    return True


def curve(model: Model, parameters: ParameterSet, values: Mapping[str, float]) -> np.ndarray:
    """Return what a model calculates at values of all parameters."""
    evaluation = Evaluation(parameters.initial_values().moved(values), model.requirement)
    return np.asarray([values[a] for a in model.linear] @ model.curves(evaluation))


def everything_free(study: Study, content: Mapping[str, Any]) -> Problem:
    """Return the problem of a study in which every number varies that it states, but those left to the fit."""
    entries = {}
    for d in study.parameters:
        given = stated(content, d.address) or (
            d.quantity.default is None and d.address.startswith(f"datasets.{DATASET}")
        )
        free = given and d.parameter.tie is None and not d.parameter.linear
        entries[d.address] = (d.quantity, replace(d.parameter, vary=True) if free else d.parameter)
    models = {name: d.bind(name, study.sample, study.folder) for name, d in study.datasets.items()}
    return Problem(ParameterSet(entries), models)


MADE_FEFF = Path(__file__).parent / "made_feff0001.dat"
"""a path file that `support.feff_files` wrote, of numbers that FEFF never made"""

# ---- the studies ----------------------------------------------------------------------------------

SHELLS = f"""
[datasets.d]
technique = "exafs"
k_range = [3.0, 14.0]
r_range = [1.0, 3.5]
kweights = [2]
e0 = 2.0
[datasets.d.paths.near]
feff = '{MADE_FEFF}'
n_coord = 6.0
delta_r = -0.4
sigma2 = 0.006
third = 1e-4
fourth = 1e-5
[datasets.d.paths.far]
feff = '{MADE_FEFF}'
n_coord = 3.0
distance = 2.6
sigma2 = 0.009
third = 2e-4
fourth = 2e-5
"""
OVER_K = "k_range = [2.5, 14.5]\nfit_space = 'k'"
SHELLS_OVER_K = SHELLS.replace("k_range = [3.0, 14.0]", OVER_K).replace("e0 = 2.0", "e0 = 2.0\ns02 = 0.9")
PLATINUM = """
[crystals.x]
library = "Pt"
a = 3.92
u_iso = { Pt = 0.006 }

[populations.p]
crystal = "x"
shape = "sphere"
diameter = 20.0

[datasets.d]
"""
COATED_PRISMS = """
[crystals.x]
library = "Pt"
a = 3.92
u_iso = { Pt = 0.006 }

[populations.p]
crystal = "x"
shape = "prism"
d_ab = { distribution = "lognormal", mean = 60.0, std = 9.0 }
l_c = { distribution = "lognormal", mean = 80.0, std = 10.0 }
coating = { thickness = 15.0, electron_density = 0.4 }

[datasets.d]
technique = "saxs"
solvent_electron_density = 0.28
"""
COATED_SPHERES = COATED_PRISMS.replace('"prism"', '"sphere"').replace("d_ab", "diameter").replace("l_c =", "# l_c =")
IODIDE = """
[crystals.gamma]
library = "CsPbI3-gamma"
u_iso = { Cs = 0.04, Pb = 0.02, I = 0.035 }
a = 8.576
b = 8.856
c = 12.472

[crystals.delta]
library = "CsPbI3-delta"
u_iso = { Cs = 0.04, Pb = 0.02, I = 0.035 }

[populations.gamma]
crystal = "gamma"
shape = "bulk"
mass_fraction = 0.7

[populations.delta]
crystal = "delta"
shape = "bulk"
mass_fraction = 0.3

[datasets.d]
technique = "powder"
background_terms = 1
zero = 0.02
polarization = 0.4
kalpha2_ratio = 0.45
caglioti_u = 0.05
caglioti_v = -0.04
caglioti_w = 0.3
lorentz_x = 0.02
lorentz_y = 0.03
axial_divergence = 0.03
asymmetry = 0.03
asymmetry_2 = 0.02
"""
TEXTURED = """
[datasets.d.profiles.gamma]
size = 500.0
strain = 0.001
size_lorentzian = 0.7
strain_lorentzian = 0.4
texture = 0.8
texture_axis = [0, 1, 1]
particle_diameter = 0.8
"""
REFLECTING = f'{IODIDE}tube = "Cu"\ndisplacement = 0.05\nradius = 150.0\noverflow_angle = 20.53\n{TEXTURED}'
IN_CAPILLARY = (
    f'{IODIDE}geometry = "debye-scherrer"\nmu_r = 0.4\nwavelength = 1.5406\nwavelength_2 = 1.5444\n{TEXTURED}'
)
BROMIDE = """
[crystals.x]
library = "CsPbBr3-alpha"
a = 5.87
u_iso = { Cs = 0.1, Pb = 0.02, Br = 0.06, Cl = 0.06 }
sites.Cs.occupancy = 0.9
substitution.Br = { element = "Cl", fraction = 0.3 }

[populations.p]
crystal = "x"
shape = "cube"
edge_length = 40.0

[datasets.d]
"""
LINES = """
[datasets.d.lines.bound]
shape = "pseudo-voigt"
position = 0.08
fwhm = 40.0
lorentzian_part = 0.3

[datasets.d.lines.free]
shape = "gaussian"
position = -0.05
fwhm = 15.0
"""
OTHER_LINES = """
[datasets.d.lines.voigt]
shape = "voigt-widths"
position = 0.3
gaussian_fwhm = 20.0
lorentzian_fwhm = 10.0

[datasets.d.lines.split]
shape = "split-gaussian"
position = -0.3
fwhm = 40.0
asymmetry = 0.2
"""
NMR = "[datasets.d]\nspectrometer_frequency = 400.0\n"
RELAXING = "[datasets.d.parts.fast]\ntime = 0.3\nexponent = 0.8\n[datasets.d.parts.slow]\ntime = 1.5\nexponent = 1.0\n"
DIFFUSING = """
[datasets.d]
technique = "nmr-diffusion"
pulse_duration = 3.0
diffusion_time = 60.0
shape_factor = 1.0

[datasets.d.components.dots]
diffusion = 80.0

[datasets.d.components.free]
diffusion = 900.0
lines = ["b"]
"""

STUDIES: dict[str, TypicalStudy] = {
    "pdf": TypicalStudy(
        ways=(
            f'{PLATINUM}technique = "pdf"\nqmax = 20.0\nqdamp = 0.04\nqbroad = 0.02\ndelta2 = 2.0',
            f'{PLATINUM}technique = "pdf"\nqmax = 20.0\nqmin = 0.8\nqdamp = 0.04\nqbroad = 0.02\ndelta1 = 0.3',
        ),
        x=np.pi / 20.0 * np.arange(10, 120),
        columns=("r", "g"),
        start={"crystals.x.a": 3.925, "populations.p.diameter": 19.0, "datasets.d.qdamp": 0.03},
        error=1e-4,
    ),
    "total-scattering": TypicalStudy(
        ways=(
            f'{PLATINUM}technique = "total-scattering"\nwavelength = 0.5\nanomalous = false\npolarization = 0.3\n'
            "compton = true\ncompton_scale = 1.2\nbackground_terms = 2\n"
            "q_resolution = 0.01\nq_resolution_slope = 0.004",
        ),
        x=np.arange(0.5, 12.0, 0.05),
        columns=("q", "intensity"),
        linear={"scale": 2.0, "background.c0": 3000.0, "background.c1": -500.0},
        start={
            "crystals.x.a": 3.925,
            "populations.p.diameter": 19.0,
            "datasets.d.q_resolution": 0.02,
            "datasets.d.compton_scale": 1.0,
        },
        accuracy=2e-4,  # of a background beside incoherent scattering
        error=1e-4,
    ),
    "powder": TypicalStudy(
        ways=(
            REFLECTING,
            IN_CAPILLARY,
            REFLECTING.replace("mass_fraction", "volume_fraction"),
            IN_CAPILLARY.replace("mass_fraction", "volume_fraction"),
        ),
        x=np.arange(10.0, 46.0, 0.2),
        columns=("two_theta", "intensity"),
        linear={"scale": 3.0, "background.c0": 50.0},
        start={"crystals.gamma.a": 8.58, "datasets.d.zero": 0.0, "datasets.d.profiles.gamma.size": 700.0},
        accuracy=1e-3,  # tails are cut at 1e-6 of the highest peak, which ends the way down
        error=2e-5,
        exact=True,
        uncut={"nanocrystal.techniques.powder.phase.LEAST": 1e-14},
    ),
    "saxs": TypicalStudy(
        ways=(
            f'{COATED_PRISMS}structure_factor = "hard-spheres"\neffective_radius = 70.0\neffective_fraction = 0.15\n'
            "q_resolution = 0.002\nq_resolution_slope = 0.02",
            f'{COATED_PRISMS}structure_factor = "string"\nbeads = 4.4\nbead_spacing = 110.0\nbead_spacing_std = 6.0\n'
            "slit_length = 0.05",
            f'{COATED_SPHERES}structure_factor = "stacked-spheres"\nbeads = 4.4\nbead_gap = 9.0\nbead_gap_std = 4.0',
            f"{COATED_PRISMS}power_law_background = true\npower = 3.8\nvolume_fraction = 0.001",
            f"{COATED_PRISMS}number_density = 1e15",
        ),
        x=np.linspace(0.01, 0.3, 80),
        columns=("q", "intensity"),
        linear={"background": 1e4, "power_law": 1e-6},
        start={"populations.p.d_ab.mean": 58.0, "populations.p.l_c.std": 12.0, "datasets.d.effective_fraction": 0.1},
        error=1e-5,
    ),
    "composition": TypicalStudy(
        ways=(
            f'{BROMIDE}technique = "composition"\ncalibration = 1.1\n'
            'ratios = { "Cl/Pb" = [0.99, 0.01], "Cs/Pb" = [0.99, 0.01] }',  # 1.1 × 3 × 0.3 and 1.1 × 0.9
        ),
        start={"crystals.x.substitution.Br.fraction": 0.5, "crystals.x.sites.Cs.occupancy": 0.7},
        error=1e-3,
    ),
    "nmr-lines": TypicalStudy(
        ways=(f'{NMR}technique = "nmr-lines"\n{LINES}', f'{NMR}technique = "nmr-lines"\n{LINES}{OTHER_LINES}'),
        x=np.linspace(-0.6, 0.6, 161),
        columns=("ppm", "y"),
        linear={"lines.bound.area": 3.0, "lines.free.area": 1.2, "background.c0": 0.4},
        start={"datasets.d.lines.bound.fwhm": 30.0, "datasets.d.lines.free.position": -0.06},
        error=2e-3,
        exact=True,
    ),
    "nmr-relaxation": TypicalStudy(
        ways=(
            f'[datasets.d]\ntechnique = "nmr-relaxation"\nkind = "inversion-recovery"\ninversion = 1.9\n{RELAXING}',
            f'[datasets.d]\ntechnique = "nmr-relaxation"\nkind = "echo-decay"\nbackground_terms = 1\n{RELAXING}',
        ),
        x=np.geomspace(0.01, 12.0, 40),
        columns=("delay", "y"),
        linear={"parts.fast.amplitude": 2.0},
        start={"datasets.d.parts.fast.time": 0.4, "datasets.d.parts.slow.time": 1.3, "datasets.d.inversion": 1.8},
        error=1e-6,
        exact=True,
    ),
    "exafs": TypicalStudy(
        ways=(SHELLS, SHELLS_OVER_K),
        x=np.arange(2.5, 14.501, 0.05),
        columns=("k", "chi"),
        linear={"s02": 0.9},
        start={
            "datasets.d.e0": 1.0,
            "datasets.d.paths.near.sigma2": 0.008,
            "datasets.d.paths.near.delta_r": -0.39,
            "datasets.d.paths.far.distance": 2.62,
            "datasets.d.paths.far.n_coord": 2.5,
        },
        error=1e-5,
    ),
    "nmr-sites": TypicalStudy(
        ways=(
            f'{BROMIDE}technique = "nmr-sites"\nspectrometer_frequency = 65.6\nshifts = {{ Br = 90.0, Cl = 60.0 }}\n'
            "surface_thickness = 6.5\nintermediate_thickness = 7.0\nsurface_shift = 20.0\nintermediate_shift = 8.0\n"
            "fwhm = 300.0\nsurface_fwhm = 500.0\nintermediate_fwhm = 400.0\nlorentzian_part = 0.4",
        ),
        x=np.linspace(40.0, 130.0, 181),
        columns=("ppm", "y"),
        linear={"scale": 5.0, "background.c0": 0.2},
        start={"datasets.d.shifts.Br": 91.0, "datasets.d.fwhm": 280.0, "datasets.d.surface_shift": 21.0},
        error=1e-3,
    ),
    "nmr-titration": TypicalStudy(
        ways=(
            f'{NMR}technique = "nmr-titration"\nequivalents = [0.0, 10.0, 25.0]\n{LINES}',
            f'{NMR}technique = "nmr-titration"\nequivalents = [0.0, 10.0, 25.0]\nown = ["bound.fwhm"]\n{LINES}',
        ),
        x=np.linspace(-0.6, 0.6, 161),
        curves=3,
        linear={"steps.s1.bound.area": 5.0, "steps.s2.free.area": 2.0, "steps.s3.free.area": 3.0},
        start={"datasets.d.lines.bound.fwhm": 30.0, "datasets.d.lines.free.position": -0.06},
        error=1e-6,
        exact=True,
    ),
    "nmr-diffusion": TypicalStudy(
        ways=(DIFFUSING, DIFFUSING.replace("shape_factor = 1.0", 'shape_factor = 1.0\nown = ["dots"]')),
        x=np.linspace(0.0, 0.5, 24),
        columns=("gradient", "a", "b"),
        curves=2,
        linear={"lines.b.free.amplitude": 2.5},
        start={"datasets.d.components.dots.diffusion": 60.0, "datasets.d.components.free.diffusion": 1100.0},
        error=1e-6,
        exact=True,
    ),
}
