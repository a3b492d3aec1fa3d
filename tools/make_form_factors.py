"""Write src/nanocrystal/tables/waasmaier_kirfel.csv from the table that xraydb carries.

Source of the numbers: D. Waasmaier and A. Kirfel, Acta Cryst. A51, 416–431 (1995); valid for
sin(θ)/λ up to 6 Å⁻¹. Needs `pip install xraydb`; run from the root of the repository.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

from xraydb import XrayDB

TARGET = Path("src/nanocrystal/tables/waasmaier_kirfel.csv")


def main() -> None:
    database = XrayDB()
    with TARGET.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["ion", "c", *(f"a{k}" for k in range(1, 6)), *(f"b{k}" for k in range(1, 6))])
        for row in database.get_cache("Waasmaier"):
            writer.writerow([row.ion, row.offset, *json.loads(row.scale), *json.loads(row.exponents)])


if __name__ == "__main__":
    main()
