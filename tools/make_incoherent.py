"""Write src/nanocrystal/tables/balyuzi.csv from the file isf_Balyuzi.dat of the DABAX library.

Source of the numbers: H. H. M. Balyuzi, Acta Cryst. A31, 600–602 (1975); the file is in the repository
oasys-kit/DabaxFiles (MIT licence, M. Sanchez del Rio). Hydrogen is left out: its row is half of helium's, and
1 − f0² is exact there. Four exponents stand out from those of the neighbouring elements, three by a factor of ten,
and are corrected as misprints. Run from the root of the repository: python tools/make_incoherent.py isf_Balyuzi.dat
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

TARGET = Path("src/nanocrystal/tables/balyuzi.csv")
CORRECTED = {"Cd": ("b5", 0.0234), "Te": ("b5", 0.0235), "Au": ("b5", 0.0214), "Dy": ("b2", 10.6511)}
"""element -> exponent and its value, of the numbers 0.234, 0.235, 0.214 and 20.6511 of the file"""
NAMES = [*(f"a{k}" for k in range(1, 6)), "c", *(f"b{k}" for k in range(1, 6))]


def main(source: Path) -> None:
    rows = []
    element = ""
    for line in source.read_text(encoding="latin-1").splitlines():
        heading = re.match(r"#S\s+\d+\s+([A-Z][a-z]?)", line)
        if heading:
            element = heading[1]
        elif line.strip() and not line.startswith("#") and element != "H":
            values = {n: float(f"{float(v):.7g}") for n, v in zip(NAMES, line.split(), strict=True)}
            if element in CORRECTED:
                name, value = CORRECTED[element]
                values[name] = value
            rows.append([element, *(values[n] for n in NAMES if n != "c")])
    with TARGET.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["element", *(n for n in NAMES if n != "c")])
        writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
