"""Make examples/synthetic.gr: a calculated PDF with noise, for machines without measured data.

The sample: nickel spheres of lognormal diameters (mean 35 Å, std 7 Å), a = 3.524 Å, u_iso 0.006 Å².
Noise: white in F(Q) up to qmax, so independent on the Nyquist grid (σ = 0.05 Å⁻²).
Run from the root of the repository: python examples/make_synthetic.py
"""

from __future__ import annotations

from pathlib import Path

from nanocrystal import Crystal, Distribution, Noise, Pdf, Population, Sample, Sphere, csv_text, simulated_curves

FOLDER = Path(__file__).parent
TRUTH = {"a": 3.524, "u_iso": 0.006, "mean": 35.0, "std": 7.0, "delta2": 2.0, "scale": 0.6}


def main() -> None:
    sample = Sample(
        {"dots": Population("ni", Sphere(Distribution("lognormal", TRUTH["mean"], TRUTH["std"])))},
        {"ni": Crystal.from_cif(FOLDER / "Ni.cif", a=TRUTH["a"], u_iso={"Ni": TRUTH["u_iso"]})},
    )
    pdf = Pdf(
        r="0.01:60:0.01", qmax=24.0, qdamp=0.03, delta2=TRUTH["delta2"], scale=TRUTH["scale"],
        noise=Noise(sigma=0.05, seed=1),
    )  # fmt: skip
    columns = simulated_curves(sample, {"pdf": pdf}, FOLDER)["pdf"]
    rows = csv_text(columns).splitlines()[1:]
    header = [
        "# Synthetic G(r) of nickel spheres, made by make_synthetic.py; nothing here was measured.",
        "# qmax = 24.0",
        "#L r(A) G(A^-2) dG",
    ]
    body = [" ".join(f"{float(v):.6g}" for v in row.split(",")) for row in rows]
    (FOLDER / "synthetic.gr").write_text("\n".join(header + body) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
