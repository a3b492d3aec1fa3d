"""Bundled crystal structures: one CIF each in the folder `library`, written from published facts.

Each file begins with comments: what it is, `# source:` where the numbers are from, `# note:` what
else must be known of them. A displacement stands in a file only where the source gives it. An entry
whose name ends in -built has coordinates that follow from a rule, which its note states.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from nanocrystal.errors import InputError, nearest_names

SPELLED_OUT = str.maketrans(
    {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))}
)


@dataclass(frozen=True, kw_only=True)
class LibraryEntry:
    """A bundled crystal structure.

    Parameters
    ----------
    name, title, formula : str
        What it is called, what it is, and of what.
    space_group : str
        Its Hermann–Mauguin symbol.
    cell : tuple of 6 float
        a, b, c in Å, α, β, γ in °.
    source : str
        Where the numbers are from.
    notes : tuple of str
        What else must be known of them.
    has_displacements : bool
        Whether the source gives displacements; where not, u_iso must be stated.
    """

    name: str
    title: str
    formula: str
    space_group: str
    cell: tuple[float, float, float, float, float, float]
    source: str
    notes: tuple[str, ...]
    has_displacements: bool

    @property
    def cell_text(self) -> str:
        """The independent part of the cell: lengths that differ, in Å."""
        return " ".join(f"{length:g}" for length in dict.fromkeys(self.cell[:3]))


def library_name(name: str, where: str = "library") -> str:
    """Return the name of the entry that `name` means.

    Upper and lower case, the order of the parts, Greek letters and lowered digits make no difference:
    γ-CsPbBr₃, gamma-CsPbBr3 and CsPbBr3-gamma are the same. Raises InputError for an unknown name.
    """
    known = {_parts(n): n for n in _names()}
    entry_name = known.get(_parts(name))
    if entry_name is None:
        raise InputError(where, f"there is no structure {name!r} in the library; {_nearest(name)}")
    return entry_name


def library_text(name: str, where: str = "library") -> str:
    """Return the CIF of an entry; raises InputError for an unknown name."""
    path = files("nanocrystal.tables") / "library" / f"{library_name(name, where)}.cif"
    return path.read_text(encoding="utf-8")


def library_entries() -> tuple[LibraryEntry, ...]:
    """Return all bundled crystal structures, by name.

    Returns
    -------
    tuple of LibraryEntry
        Those that `Crystal.from_library` knows.
    """
    return tuple(_entry(name) for name in _names())


@cache
def _names() -> tuple[str, ...]:
    folder = files("nanocrystal.tables") / "library"
    names = [p.name.removesuffix(".cif") for p in folder.iterdir() if p.name.endswith(".cif")]
    return tuple(sorted(names, key=str.casefold))


def _parts(name: str) -> tuple[str, ...]:
    return tuple(sorted(part for part in name.translate(SPELLED_OUT).casefold().split("-") if part))


def _nearest(name: str) -> str:
    """Return the entries of the same compound, or else those with a similar name."""
    compound = next((p for p in _parts(name) if any(p == n.casefold().split("-")[0] for n in _names())), None)
    if compound is not None:
        return "it has " + ", ".join(n for n in _names() if n.casefold().split("-")[0] == compound) + "."
    return f"{nearest_names(name, _names())}; see: nanocrystal library"


@cache
def _entry(name: str) -> LibraryEntry:
    import gemmi

    text = library_text(name)
    comments = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    block = gemmi.cif.read_string(text).sole_block()
    tags = [f"_cell_length_{n}" for n in "abc"] + [f"_cell_angle_{n}" for n in ("alpha", "beta", "gamma")]
    a, b, c, alpha, beta, gamma = (gemmi.cif.as_number(block.find_value(tag)) for tag in tags)
    return LibraryEntry(
        name=name,
        title=comments[0],
        formula=gemmi.cif.as_string(block.find_value("_chemical_formula_structural")),
        space_group=gemmi.cif.as_string(block.find_value("_space_group_name_H-M_alt")),
        cell=(a, b, c, alpha, beta, gamma),
        source=next(line for line in comments if line.startswith("source: ")).removeprefix("source: "),
        notes=tuple(line.removeprefix("note: ") for line in comments if line.startswith("note: ")),
        has_displacements=any(bool(block.find_loop(f"_atom_site_{kind}_iso_or_equiv")) for kind in "UB"),
    )
