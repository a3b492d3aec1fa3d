"""Make examples/compare_cs133.csv: a calculated ¹³³Cs spectrum of CsPb(Br,Cl)₃ nanocrystals; nothing was measured.

Cubes of 8.0(8) nm whose outer 1.2 nm hold more chloride than their core. Shifts, widths and the noise are chosen.
Run from the root of the repository: python examples/compare_make_cs133.py
"""

from __future__ import annotations

from pathlib import Path

from nanocrystal import (
    Crystal,
    Cube,
    Distribution,
    NmrSites,
    Noise,
    Population,
    Sample,
    Shell,
    Substitution,
    csv_text,
    simulated_curves,
)

FOLDER = Path(__file__).parent


def main() -> None:
    crystal = Crystal.from_library(
        "CsPbBr3-alpha", u_iso={"Cs": 0.04, "Pb": 0.02, "Br": 0.04}, substitutions={"Br": Substitution("Cl", 0.2)}
    )
    population = Population(
        "x", Cube(Distribution("lognormal", 80.0, 8.0)), shell=Shell(12.0, substitution={"Br": 0.7})
    )  # fmt: skip
    spectrum = NmrSites(
        x="40:160:0.3", spectrometer_frequency=65.6, shifts={"Br": 112.0, "Cl": 82.0}, surface_shift=-15.0, fwhm=150.0,
        surface_fwhm=350.0, noise=Noise(sigma=2e-4, seed=7),
    )  # fmt: skip
    columns = simulated_curves(Sample({"dots": population}, {"x": crystal}), {"cs": spectrum}, FOLDER)["cs"]
    (FOLDER / "compare_cs133.csv").write_text(csv_text(columns), encoding="utf-8")


if __name__ == "__main__":
    main()
