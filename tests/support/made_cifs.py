"""CIFs of every setting of every space group with known content, sound or damaged in one way.

Nothing of the reader stands here: settings come from gemmi's table, atoms from applying its operations one by one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import cos, gcd, radians, sin, sqrt
from typing import Any

import gemmi
import numpy as np

MASSES = {"Zn": 65.38, "S": 32.06, "Cu": 63.546, "Se": 78.971, "Ga": 69.723, "P": 30.974}
"""g/mol"""
VOLUMES = {"Zn": 17.0, "S": 22.0, "Cu": 12.0, "Se": 28.0, "Ga": 18.0, "P": 20.0}
"""Å³, of an atom in ZnS, Cu2Se, GaP and the like"""
PAIRS = (("Zn", "S"), ("Cu", "Se"), ("Ga", "P"))
SPECIAL = ("0", "0.5", "0.25", "0.125", "0.375", "0.75")
APART = 1.9
"""Å; atoms of made crystals are at least so far apart"""
Cell = tuple[float, float, float, float, float, float]
Place = tuple[str, str, str]


@dataclass(frozen=True)
class Made:
    """A crystal: setting, cell, two sites with texts of coordinates, and what is in the cell."""

    setting: Any
    cell: Cell
    sites: tuple[tuple[str, Place], ...]
    counts: Mapping[str, int]

    @property
    def units(self) -> int:
        return gcd(*self.counts.values())

    @property
    def formula(self) -> str:
        parts = [f"{e}{n // self.units if n > self.units else ''}" for e, n in sorted(self.counts.items())]
        return " ".join(parts)

    @property
    def density(self) -> float:
        return sum(MASSES[e] * n for e, n in self.counts.items()) * 1.66054 / cell_volume(self.cell)

    @property
    def operations(self) -> list[str]:
        return [op.triplet() for op in self.setting.operations()]


# ---- geometry -------------------------------------------------------------------------------------


def cell_volume(cell: Cell) -> float:
    a, b, c, *angles = cell
    x, y, z = (cos(radians(v)) for v in angles)
    return a * b * c * sqrt(1 - x * x - y * y - z * z + 2 * x * y * z)


def axes_of(cell: Cell) -> np.ndarray:
    """Return the cell vectors as rows."""
    a, b, c, alpha, beta, gamma = cell
    x, y, z = (cos(radians(v)) for v in (alpha, beta, gamma))
    s = sin(radians(gamma))
    return np.array([[a, 0, 0], [b * z, b * s, 0], [c * y, c * (x - y * z) / s, cell_volume(cell) / (a * b * s)]])


def places(triplets: Sequence[str], fract: Sequence[float]) -> list[np.ndarray]:
    """Return the different places that operations make of one, in the cell."""
    found: list[np.ndarray] = []
    for triplet in triplets:
        place = np.array(gemmi.Op(triplet).apply_to_xyz(list(fract))) % 1.0
        if all(np.abs((place - p + 0.5) % 1.0 - 0.5).max() > 1e-4 for p in found):
            found.append(place)
    return found


def shortest(points: np.ndarray, cell: Cell) -> float:
    """Return the shortest distance between atoms of the cell or their images in the cells around."""
    shifts = np.array([[i, j, k] for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)])
    apart = points[:, None, None] - points[None, :, None] + shifts[None, None]
    distances = np.linalg.norm(apart @ axes_of(cell), axis=-1)
    distances[np.arange(len(points)), np.arange(len(points)), len(shifts) // 2] = np.inf
    return float(distances.min())


# ---- crystals -------------------------------------------------------------------------------------


@cache
def settings() -> tuple[Any, ...]:
    """Return the settings of gemmi's table with different operations and a symbol of the usual form."""
    found: dict[frozenset[str], Any] = {}
    for setting in gemmi.spacegroup_table():
        odd = setting.hm.endswith((")", "a)")) or setting.hm[-2:] in ("2a", "3a")
        if not odd:
            found.setdefault(frozenset(op.triplet() for op in setting.operations()), setting)
    return tuple(found.values())


def tabulated(setting: Any) -> bool:
    """Return whether a setting is one of the International Tables, which a number means."""
    return any(s.xhm() == setting.xhm() for s in gemmi.spacegroup_table_itb())


def fitting_cell(setting: Any, volume: float, rng: random.Random) -> Cell:
    """Return a cell of the crystal system with this volume, its angles as the axes want them."""
    a, b, c = (rng.uniform(0.85, 1.2) for _ in range(3))
    angles = [90.0, 90.0, 90.0]
    system, axis = setting.crystal_system_str(), setting.qualifier.strip("-0123456789\0 ")
    if system == "triclinic":
        angles = [rng.uniform(75, 105) for _ in range(3)]
    elif system == "monoclinic":
        angles["abc".index(axis or "b")] = rng.uniform(95, 110)
    elif system in ("trigonal", "hexagonal") and setting.ext != "R":
        b, angles[2] = a, 120.0
    elif system == "cubic" or setting.ext == "R":
        b = c = a
        angles = [rng.uniform(70, 82)] * 3 if setting.ext == "R" else angles
    elif system == "tetragonal":
        b = a
    angles = [round(v, 2) for v in angles]
    factor = (volume / cell_volume((a, b, c, *angles))) ** (1 / 3)  # type: ignore[arg-type]
    alpha, beta, gamma = angles
    return round(a * factor, 4), round(b * factor, 4), round(c * factor, 4), alpha, beta, gamma


def made_crystal(setting: Any, seed: int) -> Made:
    """Return a crystal in a setting, with atoms on special positions where they are far enough apart there."""
    rng = random.Random(f"{setting.xhm()} {setting.hall} {seed}")
    triplets = [op.triplet() for op in setting.operations()]
    elements = rng.choice(PAIRS)
    best: Made | None = None
    for attempt in range(400):
        sites = tuple((e, place(rng, special=attempt < 300)) for e in elements)
        points = [places(triplets, [float(v) for v in p]) for _, p in sites]
        counts = {e: len(p) for e, p in zip(elements, points, strict=True)}
        if not 2 <= sum(counts.values()) <= 240:
            continue
        room = sum(VOLUMES[e] * n for e, n in counts.items()) * (1.0 if attempt < 200 else 1.5)
        made = Made(setting, fitting_cell(setting, room, rng), sites, counts)
        if shortest(np.concatenate(points), made.cell) > APART:
            best = made
            break
    assert best is not None, setting
    return best


def place(rng: random.Random, *, special: bool) -> Place:
    """Return texts of coordinates: special ones, or some that are free, or along a diagonal."""
    kind = rng.randrange(4) if special else 3
    free = f"{rng.uniform(0.02, 0.98):.4f}"
    if kind == 0:
        return rng.choice(SPECIAL), rng.choice(SPECIAL), rng.choice(SPECIAL)
    if kind == 1:
        x, y, z = (free if rng.random() < 0.4 else rng.choice(SPECIAL) for _ in range(3))
        return x, y, z
    if kind == 2:
        return free, free, free
    x, y, z = (f"{rng.uniform(0.02, 0.98):.4f}" for _ in range(3))
    return x, y, z


# ---- files ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """The tags of a file; None leaves one out."""

    cell: Cell
    sites: Sequence[tuple[str, Place, str]]
    operations: Sequence[str] | None = None
    name: str | None = None
    number: int | None = None
    hall: str | None = None
    formula: str | None = None
    units: float | None = None
    density: float | None = None
    dialect: str = "new"

    def text(self) -> str:
        tags = TAGS[self.dialect]
        lines = ["data_made"]
        for name, value in zip(("length_a", "length_b", "length_c"), self.cell, strict=False):
            lines.append(f"{tags['cell']}{name} {value:.6g}")
        for name, value in zip(("angle_alpha", "angle_beta", "angle_gamma"), self.cell[3:], strict=True):
            lines.append(f"{tags['cell']}{name} {value:g}")
        values = {
            tags["name"]: self.name and f"'{self.name}'",
            tags["number"]: self.number,
            tags["hall"]: self.hall and (f'"{self.hall}"' if "'" in self.hall else f"'{self.hall}'"),
            tags["formula"]: self.formula and f"'{self.formula}'",
            tags["units"]: self.units,
            tags["density"]: self.density and f"{self.density:.4f}",
        }
        lines += [f"{tag} {value}" for tag, value in values.items() if value]
        if self.operations is not None:
            lines += ["loop_", tags["operations"], *(f"'{t}'" for t in self.operations)]
        names = ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy")
        lines += ["loop_", *(f"{tags['site']}{n}" for n in names)]
        lines += [f"{e}{k} {e} {' '.join(at)} {occupancy}" for k, (e, at, occupancy) in enumerate(self.sites, start=1)]
        return "\n".join(lines) + "\n"


NEW = {
    "cell": "_cell_",
    "name": "_space_group_name_H-M_alt",
    "number": "_space_group_IT_number",
    "hall": "_space_group_name_Hall",
    "operations": "_space_group_symop_operation_xyz",
    "site": "_atom_site_",
    "formula": "_chemical_formula_sum",
    "units": "_cell_formula_units_Z",
    "density": "_exptl_crystal_density_diffrn",
}
OLD = {
    "name": "_symmetry_space_group_name_H-M",
    "number": "_symmetry_Int_Tables_number",
    "hall": "_symmetry_space_group_name_Hall",
    "operations": "_symmetry_equiv_pos_as_xyz",
}
DOTTED = {
    "cell": "_cell.",
    "name": "_space_group.name_H-M_alt",
    "number": "_space_group.IT_number",
    "hall": "_space_group.name_Hall",
    "operations": "_space_group_symop.operation_xyz",
    "site": "_atom_site.",
    "formula": "_chemical_formula.sum",
    "units": "_cell.formula_units_Z",
    "density": "_exptl_crystal.density_diffrn",
}
TAGS = {"new": NEW, "old": {**NEW, **OLD}, "dotted": DOTTED}


def whole(made: Made) -> Written:
    """Return the file that says everything."""
    s = made.setting
    return Written(
        cell=made.cell,
        sites=[(e, at, "1") for e, at in made.sites],
        operations=made.operations,
        name=s.xhm().replace(":", " :"),
        number=s.number,
        hall=s.hall,
        formula=made.formula,
        units=made.units,
        density=made.density,
    )


def other_settings(made: Made, *, named: bool) -> list[Any]:
    """Return the other settings that the name without extension, or the number, leaves open for the cell."""
    mine = {op.triplet() for op in made.setting.operations()}
    alike = [s for s in settings() if (s.hm == made.setting.hm if named else s.number == made.setting.number)]
    return [s for s in alike if {op.triplet() for op in s.operations()} != mine and keeps(s, made.cell)]


def keeps(setting: Any, cell: Cell) -> bool:
    """Return whether the operations keep the lengths and angles of a cell."""
    axes = axes_of(cell)
    metric = axes @ axes.T
    turns = [np.array(op.rot) / op.DEN for op in setting.operations()]
    return all(np.abs(t.T @ metric @ t - metric).max() < 1e-3 * metric.max() for t in turns)


def told_apart(made: Made, others: Sequence[Any]) -> bool:
    """Return whether every other setting makes other numbers of atoms."""
    for setting in others:
        triplets = [op.triplet() for op in setting.operations()]
        counts = {e: len(places(triplets, [float(v) for v in at])) for e, at in made.sites}
        if counts == dict(made.counts):
            return False
    return True


def sound_files(made: Made) -> Iterator[tuple[str, str]]:
    """Yield what a sound file leaves out, and its text."""
    full, setting = whole(made), made.setting
    short = setting.short_name().replace(" ", "")
    known_short = setting.crystal_system_str() != "monoclinic" and not setting.ext.strip("\0 ")
    yield "nothing", full.text()
    yield "all but operations", replace(full, name=None, number=None, hall=None, dialect="old").text()
    yield "operations", replace(full, operations=None, hall=None, dialect="dotted").text()
    yield "all but the Hall symbol", replace(full, operations=None, name=None, number=None, dialect="old").text()
    if known_short:
        yield "blanks", replace(full, operations=None, hall=None, number=None, name=short, dialect="old").text()
    named_axes = not setting.qualifier.strip("\0 ").startswith(("a", "b", "c", "-"))
    if named_axes and told_apart(made, other_settings(made, named=True)):
        yield "origin", replace(full, operations=None, hall=None, number=None, name=setting.hm).text()
    if tabulated(setting) and told_apart(made, other_settings(made, named=False)):
        yield "all but the number", replace(full, operations=None, hall=None, name=None).text()
    points = [(e, p) for e, at in made.sites for p in places(made.operations, [float(v) for v in at])]
    listed = [(e, (f"{p[0]:.6f}", f"{p[1]:.6f}", f"{p[2]:.6f}"), "1") for e, p in points]
    yield "symmetry", replace(full, sites=listed, operations=["x,y,z"], name="P 1", number=1, hall="P 1").text()


# ---- damage ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Damage:
    """A damaged file: what was done, its text, and words of which a note must have one where it is not refused."""

    what: str
    text: str
    words: tuple[str, ...]


Maker = Callable[[Made, Written, random.Random], "Damage | None"]
DAMAGES: dict[str, Maker] = {}


def damage(maker: Maker) -> Maker:
    DAMAGES[maker.__name__] = maker
    return maker


@damage
def operation_dropped(made: Made, full: Written, rng: random.Random) -> Damage | None:
    if len(made.operations) < 2:
        return None
    kept = list(made.operations)
    kept.pop(rng.randrange(1, len(kept)))
    return Damage("an operation is dropped", replace(full, operations=kept).text(), ("operations",))


@damage
def translation_changed(made: Made, full: Written, rng: random.Random) -> Damage | None:
    if len(made.operations) < 2:
        return None
    changed = list(made.operations)
    k = rng.randrange(1, len(changed))
    op = gemmi.Op(changed[k])
    op.tran = [op.tran[0] + rng.choice((6, 12, 8)), op.tran[1], op.tran[2]]
    changed[k] = op.wrap().triplet()
    if set(changed) == set(made.operations):
        return None
    return Damage("a translation is changed", replace(full, operations=changed).text(), ("operations",))


def other_group(made: Made, rng: random.Random) -> Any:
    """Return a setting of another group in the same crystal system."""
    system = made.setting.crystal_system_str()
    others = [s for s in settings() if s.crystal_system_str() == system and s.number != made.setting.number]
    return rng.choice(others)


@damage
def wrong_name(made: Made, full: Written, rng: random.Random) -> Damage:
    name = other_group(made, rng).hm
    return Damage("the name is another group's", replace(full, name=name).text(), (name,))


@damage
def wrong_name_beside_the_number(made: Made, full: Written, rng: random.Random) -> Damage:
    name = other_group(made, rng).xhm()
    text = replace(full, name=name, operations=None, hall=None).text()
    return Damage("name and number are of two groups", text, (name,))


@damage
def wrong_number(made: Made, full: Written, rng: random.Random) -> Damage:
    number = other_group(made, rng).number
    return Damage("the number is another group's", replace(full, number=number).text(), (f"number {number}",))


@damage
def wrong_hall(made: Made, full: Written, rng: random.Random) -> Damage:
    hall = other_group(made, rng).hall
    return Damage("the Hall symbol is another group's", replace(full, hall=hall).text(), ("Hall",))


@damage
def wrong_units(made: Made, full: Written, rng: random.Random) -> Damage:
    return Damage("Z is doubled", replace(full, units=2 * made.units).text(), ("formula × Z",))


@damage
def wrong_units_without_density(made: Made, full: Written, rng: random.Random) -> Damage:
    return Damage("Z is doubled", replace(full, units=2 * made.units, density=None).text(), ("formula × Z",))


@damage
def wrong_density(made: Made, full: Written, rng: random.Random) -> Damage:
    return Damage("the density is doubled", replace(full, density=2 * made.density).text(), ("density",))


@damage
def nanometres(made: Made, full: Written, rng: random.Random) -> Damage:
    a, b, c, *angles = made.cell
    return Damage("lengths in nm", replace(full, cell=(a / 10, b / 10, c / 10, *angles)).text(), ("nm",))


@damage
def picometres(made: Made, full: Written, rng: random.Random) -> Damage:
    a, b, c, *angles = made.cell
    return Damage("lengths in pm", replace(full, cell=(a * 100, b * 100, c * 100, *angles)).text(), ("pm",))


@damage
def longer_axis(made: Made, full: Written, rng: random.Random) -> Damage:
    a, *rest = made.cell
    return Damage("a is 1.3 times too long", replace(full, cell=(1.3 * a, *rest)).text(), ("density", "cell"))


@damage
def wrong_origin(made: Made, full: Written, rng: random.Random) -> Damage | None:
    others = [s for s in other_settings(made, named=True) if told_apart(made, [s])]
    if not others:
        return None
    name = rng.choice(others).xhm()
    return Damage("the origin is another", replace(full, name=name, operations=None, hall=None).text(), ("formula",))


@damage
def wrong_axes(made: Made, full: Written, rng: random.Random) -> Damage | None:
    others = [s for s in other_settings(made, named=False) if s.hm != made.setting.hm and told_apart(made, [s])]
    if not others:
        return None
    name = rng.choice(others).xhm()
    return Damage("the axes are others", replace(full, name=name, operations=None, hall=None).text(), ("formula",))


@damage
def overlapping(made: Made, full: Written, rng: random.Random) -> Damage:
    (first, at, filled), (second, _, _) = full.sites
    near = (f"{float(at[0]) + 0.3 / made.cell[0]:.5f}", at[1], at[2])
    return Damage("two atoms overlap", replace(full, sites=[(first, at, filled), (second, near, "1")]).text(), ())


@damage
def half_filled(made: Made, full: Written, rng: random.Random) -> Damage:
    sites = [(e, at, "0.5") for e, at, _ in full.sites]
    return Damage("half of the atoms are missing", replace(full, sites=sites).text(), ("formula × Z",))


@damage
def site_missing(made: Made, full: Written, rng: random.Random) -> Damage:
    return Damage("a site is missing", replace(full, sites=full.sites[:1]).text(), ("formula × Z",))


@damage
def only_the_identity(made: Made, full: Written, rng: random.Random) -> Damage | None:
    if len(made.operations) < 2:
        return None
    return Damage("only x,y,z is listed", replace(full, operations=["x,y,z"]).text(), ("list of operations",))
