"""Draw docs/images/cspbi3_phases.png: I(Q) of CsPbI3 nanocrystals in the α, γ and δ structure, side by side.

Needs `pip install matplotlib`; run from the root of the repository.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from nanocrystal.sample import Crystal, Distribution, Population, Prism, Sample
from nanocrystal.simulation import simulated_curves
from nanocrystal.techniques import TotalScattering

U_ISO = {"Cs": 0.04, "Pb": 0.02, "I": 0.03}
SIZES = Prism(Distribution("lognormal", 98.6, 20.7), Distribution("lognormal", 80.1, 16.8))
TARGET = Path("docs/images/cspbi3_phases.png")


def main() -> None:
    figure, axes = plt.subplots(figsize=(8.0, 4.6), layout="constrained")
    settings = TotalScattering(q="0.8:7:0.002", background_terms=0)
    for k, (phase, sign) in enumerate((("alpha", "α"), ("gamma", "γ"), ("delta", "δ"))):
        crystal = Crystal.from_library(f"CsPbI3-{phase}", u_iso=U_ISO)
        sample = Sample({"p": Population("x", SIZES)}, {"x": crystal})
        curve = simulated_curves(sample, {"iq": settings}, Path())["iq"]
        intensity = curve["intensity"] / curve["intensity"].max()
        axes.plot(curve["Q"], intensity + 0.9 * (2 - k), linewidth=1.0, label=f"{sign}-CsPbI$_3$")
        axes.annotate(f"{sign}-CsPbI$_3$", (6.4, 0.9 * (2 - k) + 0.25))
    axes.set_xlabel("Q (Å$^{-1}$)")
    axes.set_ylabel("I(Q), scaled to its maximum, shifted")
    axes.set_yticks([])
    axes.set_xlim(0.8, 7.0)
    figure.savefig(TARGET, dpi=160)


if __name__ == "__main__":
    main()
