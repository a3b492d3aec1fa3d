"""Make examples/joint_cspbbr3_iq.csv and joint_cspbbr3_saxs.csv: calculated curves with counting noise, not measured.

One sample seen by wide and by small angles: γ-CsPbBr₃ prisms of 7.0(10) nm across and 9.0(12) nm along c, covered
with 16 Å of ligands, in toluene.
Run from the root of the repository: python examples/joint_make_cspbbr3.py
"""

from __future__ import annotations

from pathlib import Path

from nanocrystal import (
    Coating,
    Crystal,
    Distribution,
    Noise,
    Population,
    Prism,
    Sample,
    Saxs,
    TotalScattering,
    csv_text,
    simulated_curves,
)

FOLDER = Path(__file__).parent
U_ISO = {"Cs": 0.035, "Pb": 0.015, "Br": 0.03}


def main() -> None:
    shape = Prism(Distribution("lognormal", 70.0, 10.0), Distribution("lognormal", 90.0, 12.0))
    population = Population("cspbbr3", shape, coating=Coating(16.0, 0.37))
    sample = Sample({"dots": population}, {"cspbbr3": Crystal.from_library("CsPbBr3-gamma", u_iso=U_ISO)})
    datasets = {
        "iq": TotalScattering(q="0.8:14:0.01", background_terms=0, noise=Noise(counts=3e4, seed=1)),
        "saxs": Saxs(q="0.012:0.5:0.002", solvent="toluene", noise=Noise(counts=1e5, seed=2)),
    }
    for name, columns in simulated_curves(sample, datasets, FOLDER).items():
        (FOLDER / f"joint_cspbbr3_{name}.csv").write_text(csv_text(columns), encoding="utf-8")


if __name__ == "__main__":
    main()
