"""Make the data of four questions of Bertolotti et al., ACS Nano 11, 3819 (2017), as calculated total scattering.

    compare_cspbcl3_298k.csv   CsPbCl3, apparently cubic: orthorhombic with ½⟨110⟩{110} boundaries
    compare_cspbbr3_298k.csv   CsPbBr3, apparently tetragonal: orthorhombic with a few ½[001]{110} boundaries
    compare_cspbbr3_410k.csv   CsPbBr3, apparently cubic: ½⟨110⟩{110} and ½⟨110⟩(001) boundaries
    compare_cspbi3.csv         CsPbI3: orthorhombic, without boundaries

Prisms with the sizes of Table 2 of the paper (CsPbCl3: the mean sizes, spread half as much); displacements near its
Table 1. Nothing was measured: the curves are
those of this package with counting noise, 30,000 counts at the strongest point, on a flat or sloping background.
No coordinates of γ-CsPbCl3 can be cited; its structure, compare_cspbcl3_gamma.cif, is built with the tilts of γ-CsPbBr3
(the paper takes the two as isostructural) in a cell whose volume is that of the paper's cubic one.
Run from the root of the repository: python examples/compare_make_nanotwins.py
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nanocrystal import (
    Crystal,
    Distribution,
    Noise,
    ParameterSet,
    Population,
    Prism,
    Sample,
    Tilts,
    TotalScattering,
    TwinFamily,
    orthorhombic_from_tilts,
    simulated_curves,
)

FOLDER = Path(__file__).parent
BUILT = FOLDER / "compare_cspbcl3_gamma.cif"
Q = "0.8:10:0.005"
COUNTS = 3e4


@dataclass(frozen=True)
class Truth:
    """What a curve was calculated from; sizes as mean and standard deviation in Å, background in electron units."""

    crystal: Crystal
    d_ab: tuple[float, float]
    l_c: tuple[float, float]
    background: Mapping[str, float]
    seed: int
    twins: Mapping[str, TwinFamily] = field(default_factory=dict)

    @property
    def sample(self) -> Sample:
        prism = Prism(Distribution("lognormal", *self.d_ab), Distribution("lognormal", *self.l_c))
        return Sample({"dots": Population("x", prism, twins=self.twins)}, {"x": self.crystal})


def built_cspbcl3() -> Crystal:
    """Return γ-CsPbCl3 as built: pseudocubic cell of 5.62 Å, octahedra and Cs as in γ-CsPbBr3."""
    cell = (7.92, 7.95, 11.27)
    structure = orthorhombic_from_tilts(("Cs", "Pb", "Cl"), Tilts(7.7, 10.0), cell=cell, cation_place=(0.99, 0.971))
    return Crystal(structure, u_iso={"Cs": 0.094, "Pb": 0.03, "Cl": 0.04})


def write_built(crystal: Crystal) -> None:
    values = ParameterSet(Sample({"dots": Population("x")}, {"x": crystal}).declared()).initial_values()
    head = "# An example, not a measurement: tilts (7.7 and 10 degrees) and place of Cs are those of gamma-CsPbBr3.\n"
    BUILT.write_text(head + crystal.at(values.under("crystals.x")).cif_text("gamma-CsPbCl3 built"), encoding="utf-8")


def truths() -> dict[str, Truth]:
    """Return what is in each file."""
    room = {"Cs": 0.113, "Pb": 0.038, "Br1": 0.022, "Br2": 0.036}
    hot = {"Cs": 0.125, "Pb": 0.043, "Br": 0.05}
    iodide = {"Cs": 0.108, "Pb": 0.04, "I1": 0.066, "I2": 0.048}
    bromide = {"d_ab": (81.9, 19.7), "l_c": (97.9, 19.6)}
    antiphase, tetragonal = "1/2<110>{110}", "1/2[001]{110}"
    return {
        "cspbcl3_298k": Truth(
            built_cspbcl3(), (53.4, 16.0), (76.2, 17.1), {"c0": 1.2e5, "c1": -2e4}, 11,
            {"t110": TwinFamily(antiphase, probability=0.3)},
        ),
        "cspbbr3_298k": Truth(
            Crystal.from_library("CsPbBr3-gamma", u_iso=room), **bromide, background={"c0": 3e5, "c1": -5e4}, seed=12,
            twins={"t110": TwinFamily(tetragonal, probability=0.045)},
        ),
        "cspbbr3_410k": Truth(
            Crystal.from_library("CsPbBr3-gamma", u_iso=hot, a=8.262, b=8.292, c=11.78), **bromide,
            background={"c0": 3e5, "c1": -5e4}, seed=13,
            twins={"t110": TwinFamily(antiphase, probability=0.15),
                   "t001": TwinFamily("1/2<110>(001)", probability=0.15)},
        ),
        "cspbi3": Truth(
            Crystal.from_library("CsPbI3-gamma", u_iso=iodide), (98.6, 20.7), (80.1, 16.8), {"c0": 4e5}, 14
        ),
    }  # fmt: skip


def main() -> None:
    write_built(built_cspbcl3())
    for name, truth in truths().items():
        data = TotalScattering(
            q=Q, background_terms=2, background={"c0": 0.0, "c1": 0.0} | dict(truth.background),
            noise=Noise(counts=COUNTS, seed=truth.seed),
        )  # fmt: skip
        columns = simulated_curves(truth.sample, {"iq": data}, FOLDER)["iq"]
        rows = np.column_stack(list(columns.values()))
        text = "Q,intensity,sigma\n" + "".join(f"{q:.3f},{i:.0f},{s:.5g}\n" for q, i, s in rows)
        (FOLDER / f"compare_{name}.csv").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
