"""An example of each shape: one crystal as TOML, and what it is by hand, in a cubic crystal.

A new shape needs an entry of `EXAMPLES`, and nothing else, to be tested by `tests/sample/shapes/test_all_shapes.py`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nanocrystal.study import Study
from nanocrystal.study.reading import study_from
from support.small_study import XYZ
from support.structures import CUBIC, CUBIC_CSPBBR3

A = CUBIC_CSPBBR3
"""Å, edge of the blocks"""
BLOCKS = [(0, 0, 0), *((s * k, 0, 0) for k in (1, 2) for s in (1, -1)), (0, 1, 0), (0, 2, 0), (0, 0, 1), (1, 1, 1)]
"""a branched crystal without symmetry; the last of its blocks meets the others along edges alone"""
Inside = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class ExampleShape:
    """One crystal of a shape, its middle at the origin, edges along x, y, z.

    keys: of its population, beside shape, all lengths as plain numbers; lengths: the keys that are lengths; inside:
    whether points (n, 3) Å lie in it, None where it has no body; half: (3,) Å, of a box around it; volume: Å³; surface:
    Å².
    """

    keys: str
    lengths: tuple[str, ...] = ()
    inside: Inside | None = None
    half: tuple[float, float, float] = (0.0, 0.0, 0.0)
    volume: float = 0.0
    surface: float = 0.0

    def study(
        self, name: str, folder: Path, spread: str = "", dataset: str = 'technique = "pdf"\nqmax = 20.0'
    ) -> Study:
        """Return a study of one population `p` of this shape; spread: the length that has a distribution, std 12 %.

        dataset: the keys of [datasets.d], without its points.
        """
        (folder / "x.cif").write_text(CUBIC, encoding="utf-8")
        (folder / "four.xyz").write_text(XYZ, encoding="utf-8")
        (folder / "blocks.txt").write_text("".join(f"{i} {j} {k}\n" for i, j, k in BLOCKS), encoding="utf-8")
        population = tomllib.loads(self.keys)
        if spread:
            mean = population[spread]
            given = f'{{ distribution = "lognormal", mean = {mean}, std = {0.12 * mean} }}'
            keys = "".join(given_key(k, v) for k, v in population.items() if k != spread) + f"{spread} = {given}\n"
        else:
            keys = self.keys
        crystal = "" if "u_iso" in population else 'crystal = "x"\n'
        u_iso = "{ Cs = 0.03, Pb = 0.0127, Br = 0.025 }"
        of_crystal = f'[crystals.x]\ncif = "x.cif"\na = {A}\nu_iso = {u_iso}\n\n' if crystal else ""
        text = f'{of_crystal}[populations.p]\nshape = "{name}"\n{crystal}{keys}\n\n[datasets.d]\n{dataset}\n'
        path = folder / "study.toml"
        path.write_text(text, encoding="utf-8")
        return study_from(tomllib.loads(text), path, text)


def given_key(key: str, value: object) -> str:
    return f"{key} = {value}\n"


def box(keys: str, a: float, b: float, c: float) -> ExampleShape:
    """Return the example of a box with these edges."""
    half = 0.5 * np.array([a, b, c])
    return ExampleShape(
        keys=keys,
        lengths=tuple(tomllib.loads(keys)),
        inside=lambda x: (np.abs(x) <= half).all(axis=1),
        half=(0.5 * a, 0.5 * b, 0.5 * c),
        volume=a * b * c,
        surface=2.0 * (a * b + b * c + c * a),
    )


def in_blocks(x: np.ndarray) -> np.ndarray:
    """Return whether points lie in one of the blocks, of which the first has its middle at the origin."""
    filled = np.zeros((7, 7, 7), dtype=bool)
    filled[tuple(np.array(BLOCKS).T + 3)] = True
    return filled[tuple(np.clip(np.floor(x / A + 0.5).astype(int) + 3, 0, 6).T)]


BASE = 24.0 * np.sqrt(np.pi / 4.0)
"""Å, edge of the square with the area of a circle of 24 Å"""
ECCENTRICITY = np.sqrt(1.0 - (24.0 / 36.0) ** 2)

EXAMPLES: dict[str, ExampleShape] = {
    "sphere": ExampleShape(
        keys="diameter = 30.0",
        lengths=("diameter",),
        inside=lambda x: (x**2).sum(axis=1) <= 15.0**2,
        half=(15.0, 15.0, 15.0),
        volume=np.pi / 6.0 * 30.0**3,
        surface=np.pi * 30.0**2,
    ),
    "cube": box("edge_length = 27.0", 27.0, 27.0, 27.0),
    "prism": box("d_ab = 24.0\nl_c = 36.0", BASE, BASE, 36.0),
    "platelet": box("edge_length = 35.0\nthickness = 14.0", 35.0, 35.0, 14.0),
    "brick": box("length_a = 18.0\nlength_b = 25.0\nlength_c = 33.0", 18.0, 25.0, 33.0),
    "cylinder": ExampleShape(
        keys="diameter = 24.0\nlength = 36.0",
        lengths=("diameter", "length"),
        inside=lambda x: (np.hypot(x[:, 0], x[:, 1]) <= 12.0) & (np.abs(x[:, 2]) <= 18.0),
        half=(12.0, 12.0, 18.0),
        volume=np.pi / 4.0 * 24.0**2 * 36.0,
        surface=np.pi * 24.0 * 36.0 + 0.5 * np.pi * 24.0**2,
    ),
    "octahedron": ExampleShape(
        keys="edge_length = 30.0",
        lengths=("edge_length",),
        inside=lambda x: np.abs(x).sum(axis=1) <= 30.0 / np.sqrt(2.0),
        half=(30.0 / np.sqrt(2.0),) * 3,
        volume=np.sqrt(2.0) / 3.0 * 30.0**3,
        surface=2.0 * np.sqrt(3.0) * 30.0**2,
    ),
    "ellipsoid": ExampleShape(
        keys="diameter = 24.0\nlength = 36.0",
        lengths=("diameter", "length"),
        inside=lambda x: ((x / [12.0, 12.0, 18.0]) ** 2).sum(axis=1) <= 1.0,
        half=(12.0, 12.0, 18.0),
        volume=np.pi / 6.0 * 24.0**2 * 36.0,
        surface=0.5 * np.pi * 24.0**2 * (1.0 + 36.0 / 24.0 / ECCENTRICITY * np.arcsin(ECCENTRICITY)),
    ),
    "blocks": ExampleShape(
        keys='file = "blocks.txt"',
        inside=in_blocks,
        half=(2.5 * A, 2.5 * A, 2.5 * A),
        volume=9.0 * A**3,
        surface=(6.0 * 9 - 2.0 * 7) * A**2,  # seven pairs of the nine blocks share a face
    ),
    "bulk": ExampleShape(keys=""),
    "atoms": ExampleShape(keys='file = "four.xyz"\nu_iso = { Ni = 0.01 }'),
}
