"""Write docs/library.md from the bundled crystal structures.

Run from the root of the repository: python tools/make_library_page.py
"""

from __future__ import annotations

from pathlib import Path

from nanocrystal.tables.library import library_entries

PAGE = Path(__file__).parents[1] / "docs" / "library.md"
HEAD = """# Bundled crystal structures

In a study: `library = "CsPbBr3-gamma"` in `[crystals.NAME]` instead of `cif`; in Python
`Crystal.from_library("CsPbBr3-gamma", u_iso={"Cs": 0.1, "Pb": 0.03, "Br": 0.06})`. On the command line
`nanocrystal library` lists them, `nanocrystal library NAME --out FILE.cif` writes one. Greek letters and
any order of the parts are understood: `γ-CsPbBr3` is `CsPbBr3-gamma`.

The files were written for this project from published numbers; each names its source. "u" says whether
the source gives displacements; where it does not, `u_iso` must be stated in the study. Cells are at the
temperature of the source: refine them. Orthorhombic perovskites are in Pbnm;
`nanocrystal.in_pbnm` turns a Pnma or Pnam structure to it.

| name | what | space group | cell (Å) | u | source |
|---|---|---|---|---|---|
"""
TAIL = """
## Missing, and why

| structure | why it is not here |
|---|---|
| γ-CsPbCl3, β-CsPbCl3 | no measured cell and coordinates could be cited; γ can be built (below) |
| β-CsPbBr3 as measured | the source of the cell gives no coordinates; see `CsPbBr3-beta-built` |
| split α-CsPbI3 | no refined displacement of the iodide could be cited |
| CsBr | no cell length with its source could be had; CsCl structure, Pm-3m |

## Perovskites built from tilts

`nanocrystal.orthorhombic_from_tilts` makes a γ structure with rigid octahedra from a Pb-X length
(or a measured cell) and two tilts; its report names it as built:

```python
import nanocrystal as nc

built = nc.orthorhombic_from_tilts(("Cs", "Pb", "Cl"), nc.Tilts(out_of_phase=8.0, in_phase=8.0), length=2.86)
crystal = nc.Crystal(built, u_iso={"Cs": 0.09, "Pb": 0.03, "Cl": 0.05})
```

(2.86 Å, 8° and 8° are an example, not a measurement.) Tilts are read back with `tilts_from_coordinates`,
`tilts_from_angles` and `tilts_from_cell`. For the measured γ phases they give, in °,

| | out of phase, from coordinates | from the cell | in phase, from coordinates | from the cell |
|---|---|---|---|---|
| γ-CsPbBr3 | 7.69 | 6.18 | 9.98 | 9.24 |
| γ-CsPbI3 | 10.57 | 14.43 | 12.21 | 13.47 |

The cell alone is a poor guide, since it assumes regular octahedra. With the tilts from coordinates the
rule puts the halides within 0.004 (Br) and 0.013 (I) of the measured places, in fractions of the cell.
A refinement of a Pbnm perovskite lists both tilts, with their uncertainty, as `crystals.NAME.tilt_out_of_phase`
and `crystals.NAME.tilt_in_phase`.
"""


def page() -> str:
    """Return the page."""
    rows, notes = [], []
    for entry in library_entries():
        displacements = "yes" if entry.has_displacements else "no"
        rows.append(
            f"| `{entry.name}` | {entry.title} | {entry.space_group} | {entry.cell_text} | {displacements} "
            f"| {entry.source} |"
        )
        if entry.notes:
            notes.append(f"- `{entry.name}`: {'; '.join(entry.notes)}.")
    return HEAD + "\n".join(rows) + "\n\n## Notes\n\n" + "\n".join(notes) + "\n" + TAIL


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
