"""Make examples/compare_cspbbr3.csv: calculated total scattering of CsPbBr3 prisms with counting noise.

The sample: orthorhombic (Pbnm) CsPbBr3, u_iso 0.08 (Cs), 0.025 (Pb), 0.06 Å² (Br), prisms of lognormal sizes (base
60 ± 10 Å, length 70 ± 12 Å); 20,000 counts at the strongest point on a sloping background.
Run from the root of the repository: python examples/compare_make_cspbbr3.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nanocrystal import Crystal, Distribution, Noise, Population, Prism, Sample, TotalScattering, simulated_curves

FOLDER = Path(__file__).parent
TRUTH = {"Cs": 0.08, "Pb": 0.025, "Br": 0.06}
BASE, LENGTH = (60.0, 10.0), (70.0, 12.0)


def main() -> None:
    prism = Prism(Distribution("lognormal", *BASE), Distribution("lognormal", *LENGTH))
    crystal = Crystal.from_library("CsPbBr3-gamma", u_iso=TRUTH)
    data = TotalScattering(
        q="0.8:8:0.01", background_terms=2, background={"c0": 2e5, "c1": -5e4}, noise=Noise(counts=2e4, seed=1)
    )
    columns = simulated_curves(Sample({"dots": Population("x", prism)}, {"x": crystal}), {"iq": data}, FOLDER)["iq"]
    rows = np.column_stack(list(columns.values()))
    text = "Q,intensity,sigma\n" + "".join(f"{q:.2f},{i:.0f},{s:.5g}\n" for q, i, s in rows)
    (FOLDER / "compare_cspbbr3.csv").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
