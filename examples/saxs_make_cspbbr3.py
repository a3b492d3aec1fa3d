"""Make examples/saxs_cspbbr3.dat: calculated small-angle scattering with counting noise; nothing in it was measured.

The sample: prisms of CsPbBr₃ with the sizes that Bertolotti et al., ACS Nano 11, 3819 (2017), found by total scattering
(8.19 ± 24 % nm across, 9.79 ± 20 % nm along c), covered with 18 Å of ligands, in toluene, stacked six in a row along
c as their SAXS says; the distance of neighbours, 130 ± 8 Å, is chosen.
Run from the root of the repository: python examples/saxs_make_cspbbr3.py
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
    csv_text,
    simulated_curves,
)

FOLDER = Path(__file__).parent
U_ISO = {"Cs": 0.1, "Pb": 0.03, "Br": 0.06}
"""Å²; not seen by small angles"""
TRUTH = {"d_ab.mean": 81.9, "d_ab.std": 19.7, "beads": 6.0, "bead_spacing": 130.0, "bead_spacing_std": 8.0}


def main() -> None:
    shape = Prism(
        Distribution("lognormal", TRUTH["d_ab.mean"], TRUTH["d_ab.std"]), Distribution("lognormal", 97.9, 19.6)
    )
    sample = Sample(
        {"dots": Population("cspbbr3", shape, coating=Coating(18.0, 0.30))},
        {"cspbbr3": Crystal.from_library("CsPbBr3-gamma", u_iso=U_ISO)},
    )
    saxs = Saxs(
        q="0.008:0.4:0.001", solvent="toluene", volume_fraction=2e-4, structure_factor="string",
        beads=TRUTH["beads"], bead_spacing=TRUTH["bead_spacing"], bead_spacing_std=TRUTH["bead_spacing_std"],
        background=2e-4, noise=Noise(counts=2e7, seed=1),
    )  # fmt: skip
    columns = simulated_curves(sample, {"saxs": saxs}, FOLDER)["saxs"]
    rows = csv_text(columns).splitlines()[1:]
    header = [
        "# Calculated small-angle scattering of CsPbBr3 prisms in strings, made by saxs_make_cspbbr3.py; not measured.",
        "# q(1/A) I(1/cm) dI",
    ]
    body = [" ".join(f"{float(v):.6g}" for v in row.split(",")) for row in rows]
    (FOLDER / "saxs_cspbbr3.dat").write_text("\n".join(header + body) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
