"""Make examples/powder_cspbi3.csv: a calculated powder pattern of black and yellow CsPbI3 with counting noise.

71.3 % by mass of the yellow δ phase (columns of 800 Å), the rest black γ (400 Å, microstrain 0.1 %); Cu Kα1 and Kα2,
10 to 60° in steps of 0.02°, 20,000 counts at the highest point on a background of 300.
Run from the root of the repository: python examples/powder_make_cspbi3.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nanocrystal import Crystal, Population, Powder, Profile, Sample, csv_text, simulated_curves

FOLDER = Path(__file__).parent
U_ISO = {"Cs": 0.04, "Pb": 0.02, "I": 0.035}
CELLS = {
    "gamma": {"a": 8.5766, "b": 8.8561, "c": 12.4722},
    "delta": {"a": 10.4342, "b": 4.7905, "c": 17.761},
}
YELLOW = 0.713
PEAK, BACKGROUND, SEED = 2e4, 300.0, 1


def main() -> None:
    crystals = {n: Crystal.from_library(f"CsPbI3-{n}", u_iso=U_ISO, **cell) for n, cell in CELLS.items()}
    populations = {"black": Population("gamma", fraction=1.0 - YELLOW), "yellow": Population("delta", fraction=YELLOW)}
    powder = Powder(
        two_theta="10:60:0.02",
        tube="Cu",
        caglioti_w=0.004,
        profiles={"black": Profile(size=400.0, strain=0.001), "yellow": Profile(size=800.0)},
    )
    columns = simulated_curves(Sample(populations, crystals), {"xrd": powder}, FOLDER)["xrd"]
    counts = PEAK / columns["intensity"].max() * columns["intensity"] + BACKGROUND
    columns["intensity"] = np.random.default_rng(SEED).poisson(counts).astype(float)
    (FOLDER / "powder_cspbi3.csv").write_text(csv_text(columns), encoding="utf-8")


if __name__ == "__main__":
    main()
