"""What the columns of a table mean: as the user says, by its own headings, or by the kind of file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nanocrystal.data.abscissa import Scale, scale_of
from nanocrystal.data.headings import ABSCISSAE, ORDINATES, Heading
from nanocrystal.data.lines import quoted
from nanocrystal.data.table import Table
from nanocrystal.data.titles import Titles, titles
from nanocrystal.errors import InputError, nearest_names

RESOLUTION = {"dq": "q"}
"""column of standard deviations of an abscissa -> that abscissa"""
COLUMN_NAMES = (*ABSCISSAE, *ORDINATES, "sigma", *RESOLUTION, "ignore")

Roles = tuple[str, ...]
Believe = Literal["file", "study"]


@dataclass(frozen=True)
class Convention:
    """A kind of file. layouts: the meaning of the columns for each number of columns it may have."""

    name: str
    layouts: Mapping[int, Roles]
    headings_count: bool = False


def _of(x: str, y: str, *widths: int) -> dict[int, Roles]:
    """Return the layouts (x, y), (x, y, sigma) and (x, y, dx, sigma), of which dx is ignored."""
    layouts: dict[int, Roles] = {2: (x, y), 3: (x, y, "sigma"), 4: (x, y, "ignore", "sigma")}
    return {width: layouts[width] for width in widths}


CONVENTIONS = {
    convention.name: convention
    for convention in (
        Convention("gr", _of("r", "g", 2, 3, 4)),
        Convention("fq", _of("q", "f", 2, 3, 4)),
        Convention("sq", _of("q", "s", 2, 3, 4)),
        Convention("iq", _of("q", "intensity", 2, 3)),
        Convention("chi", _of("q", "intensity", 2, 3)),
        Convention("xy", _of("two_theta", "intensity", 2)),
        Convention("xye", _of("two_theta", "intensity", 3)),
        Convention("dat", {}, headings_count=True),
        Convention("csv", {}, headings_count=True),
    )
}
SUFFIXES = {**{f".{name}": name for name in CONVENTIONS}, ".txt": "dat"}


@dataclass(frozen=True)
class Columns:
    """What the first columns of a table are.

    roles: a name of each; scale: of the abscissa; titles: the headings; notes: on how it was found.
    """

    roles: Roles
    scale: Scale
    titles: Titles
    notes: tuple[str, ...] = ()

    @property
    def x_name(self) -> str:
        return next(role for role in self.roles if role in ABSCISSAE)

    @property
    def y_name(self) -> str:
        return next(role for role in self.roles if role in ORDINATES)


@dataclass(frozen=True)
class Said:
    """What a user says of a file beside its name, as of `read_curve`."""

    convention: str | None = None
    columns: Sequence[str] | None = None
    per_nm: bool = False
    believe: Believe = "file"
    entry: str | int | None = None


def columns_of(table: Table, suffix: str, user: Said, address: str) -> Columns:
    """Return what the first columns of a table are; suffix: of its file, "" without one.

    Raises InputError for a wrong name, for a number of names or columns that does not fit, and where neither the user
    nor headings nor the kind of file say what a column is, or say what no technique takes.
    """
    convention, columns = user.convention, user.columns
    if convention is not None and convention not in CONVENTIONS:
        problem = f"convention '{convention}' is unknown: {nearest_names(str(convention), CONVENTIONS)}"
        raise InputError(address, problem)
    kind = CONVENTIONS.get(convention or SUFFIXES.get(suffix.lower(), ""))
    found = titles(table.header, table.widths, len(table), trusted=kind is None or kind.headings_count)
    if columns is not None:
        roles = checked_columns(columns, table, address)
        notes: tuple[str, ...] = _contradictions(roles, found)
    elif kind is None and not _decisive(found):
        what = f"the suffix '{suffix}'" if suffix else "a name without suffix"
        raise _undecided(table, address, f"{what} does not say what the columns are", found)
    elif kind is None or kind.headings_count:
        roles = _roles_of_headings(table, found, f".{convention}" if convention else suffix, address)
        notes = _by_headings(roles, found, table.width)
    else:
        roles, notes = _roles_of_kind(table, kind, suffix, found, address)
    at = next(i for i, role in enumerate(roles) if role in ABSCISSAE)
    if user.believe == "study":
        return Columns(roles, Scale(), found, notes)
    told = columns is not None or user.per_nm
    scale = scale_of(table.header, found.at(at), roles[at], address, told)
    return Columns(roles, scale, found, (*notes, *scale.note(roles[at])))


# ---- as the user says -----------------------------------------------------------------------------


def checked_columns(columns: Sequence[str], table: Table, address: str) -> Roles:
    """Return the names the user gave, after checking them against each other and the table."""
    if isinstance(columns, str):
        raise InputError(address, f'columns must be a list of names, e.g. ["r", "g"]; got "{columns}"')
    for name in columns:
        if name not in COLUMN_NAMES:
            raise InputError(address, f"columns: '{name}' is no column: {nearest_names(str(name), COLUMN_NAMES)}")
    for what, names, least in (
        ("abscissa", ABSCISSAE, 1),
        ("ordinate", ORDINATES, 1),
        ("sigma", ("sigma",), 0),
    ):
        count = sum(name in names for name in columns)
        if not least <= count <= 1:
            limit = "exactly" if least else "at most"
            listed = f" ({', '.join(names)})" if least else ""
            problem = f"columns must name {limit} one {what}{listed}; {list(columns)} names {count}"
            raise InputError(address, problem)
    for name, abscissa in RESOLUTION.items():
        if name in columns and (list(columns).count(name) > 1 or abscissa not in columns):
            raise InputError(address, f'columns must name one "{abscissa}" and at most one "{name}", got {columns}.')
    if len(columns) not in table.widths:
        problem = f"columns names {len(columns)} columns, the table has {_widths(table)}; it begins"
        raise InputError(address, problem + table.beginning())
    needed = max(i for i, name in enumerate(columns) if name != "ignore") + 1
    short = table.first_narrower(needed)
    if short is not None:
        problem = f"{quoted(short.text)} has {short.width} numbers, columns asks for {needed}"
        raise InputError(f"{address}, line {short.number}", problem)
    return tuple(columns)[: max(needed, table.width)]


def _contradictions(roles: Roles, found: Titles) -> tuple[str, ...]:
    """Return notes on headings that say otherwise than the user, who is believed."""
    return tuple(
        f"column {i + 1} is headed {quoted(h.text, 40)}, but is taken as {role}, as columns says"
        for i, (role, h) in enumerate(zip(roles, found.headings, strict=False))
        if role not in ("ignore", "x", "y") and _says_otherwise(h, role)
    )


def _says_otherwise(said: Heading, role: str) -> bool:
    kinds = (ABSCISSAE, ORDINATES)
    if said.other or said.other_ordinate:
        return True
    if said.meaning in ("", "x", "y", role):
        return False
    return any(role in kind for kind in kinds) or role == "sigma"


# ---- by headings ----------------------------------------------------------------------------------


def _decisive(found: Titles) -> bool:
    """Say whether headings name one abscissa and one ordinate."""
    meanings = [h.meaning for h in found.headings]
    return all(sum(m in names for m in meanings) == 1 for names in (ABSCISSAE, ORDINATES))


def _roles_of_headings(table: Table, found: Titles, suffix: str, address: str) -> Roles:
    """Return the names of the columns of a file that has nothing but its headings."""
    heads = found.headings[: table.width]
    if not heads:
        raise _undecided(table, address, f"a {suffix} file does not say by itself what its columns are", found)
    meanings = _as_atsas([h.meaning for h in heads])
    unknown = [h for h in heads if not h.known] + [Heading("")] * (table.width - len(heads))
    counts = [sum(m in names for m in meanings) for names in (ABSCISSAE, ORDINATES, ("sigma",))]
    if counts[:2] != [1, 1] or counts[2] > 1 or (unknown and not counts[2]):
        listed = ", ".join(quoted(h.text, 30) for h in heads[:8]) + (", …" if len(heads) > 8 else "")
        raise _undecided(table, address, f"the headings {listed} do not say what the columns are", found)
    return _cut(meanings)


def _cut(meanings: Sequence[str]) -> Roles:
    """Return names of columns for what headings mean, as far as the last that counts."""
    x = next(m for m in meanings if m in ABSCISSAE)
    names = [m if m in COLUMN_NAMES and RESOLUTION.get(m, x) == x else "ignore" for m in meanings]
    return tuple(names[: max(i for i, n in enumerate(names) if n != "ignore") + 1])


def _by_headings(roles: Roles, found: Titles, width: int) -> tuple[str, ...]:
    """Return a note on how columns were read, with those that were left aside."""
    heads = [(found.at(i), roles[i] if i < len(roles) else "ignore") for i in range(width)]
    aside = [quoted(h.text, 30) + (f" ({h.meaning})" if h.meaning else "") for h, role in heads if role == "ignore"]
    more = f"; left aside: {', '.join(aside[:8])}{', …' if len(aside) > 8 else ''}" if aside else ""
    return (f"columns read by their headings as {', '.join(r for r in roles if r != 'ignore')}{more}",)


def _as_atsas(meanings: list[str]) -> list[str]:
    """Return meanings with S in the place of an abscissa as q: so programs of small angles call 4π sin θ/λ."""
    if meanings[0] == "s" and not any(m in ABSCISSAE for m in meanings) and "intensity" in meanings:
        return ["q", *meanings[1:]]
    return meanings


# ---- by the kind of file --------------------------------------------------------------------------


def _roles_of_kind(
    table: Table, kind: Convention, suffix: str, found: Titles, address: str
) -> tuple[Roles, tuple[str, ...]]:
    """Return the names of the columns of a kind of file, or those of its headings where these say otherwise."""
    layout = kind.layouts.get(table.widest, kind.layouts.get(table.width))
    heads = [found.at(i) for i in range(table.width)]
    _refuse_other_quantity(table, found, address)
    said = _as_atsas([h.meaning for h in heads])
    if layout is None:
        if _decisive(found) and not any(not h.known for h in heads):
            roles = _cut(said)
            return roles, _by_headings(roles, found, table.width)
        known = " or ".join(str(n) for n in kind.layouts)
        problem = f"a .{kind.name} table has {known} columns, this one has {table.width}"
        raise _undecided(table, address, problem, found)
    usual = layout[: table.width]
    mistaken = table.mistaken() if "sigma" in layout[table.width :] else None
    if mistaken is not None:
        problem = f"{quoted(mistaken.text)} has {mistaken.width} numbers, other rows have {table.widest}"
        raise InputError(f"{address}, line {mistaken.number}", f"{problem}; fill or remove it")
    roles = tuple(_role(m, u, said) for m, u in zip(said, usual, strict=True))
    if roles == usual:
        return roles, _ignored_note(heads, roles)
    counts = [sum(m in names for m in roles) for names in (ABSCISSAE, ORDINATES, ("sigma",))]
    hardly = not found.sure and sum(h.known for h in heads) < 2  # one word of free text may be the name of a quantity
    if counts[:2] != [1, 1] or counts[2] > 1 or hardly:
        listed = ", ".join(quoted(h.text, 30) for h in heads)
        problem = f"the headings {listed} do not fit a .{kind.name} file, which holds {', '.join(usual)}"
        raise _undecided(table, address, problem, found)
    notes = tuple(
        f"column {i + 1} is {r if r != 'ignore' else h.meaning} by its heading {quoted(h.text, 40)}, not {u} as in most"
        f" .{kind.name} files"
        for i, (r, u, h) in enumerate(zip(roles, usual, heads, strict=True))
        if r != u and h.known
    )
    return roles, notes


def _role(meaning: str, usual: str, said: Sequence[str]) -> str:
    """Return the name of a column by its heading, else by the kind of file unless another column is headed so."""
    if meaning in ("x", "y", ""):
        taken = next((names for names in (ABSCISSAE, ORDINATES) if usual in names), (usual,))
        return "ignore" if any(m in taken and m not in ("x", "y") for m in said) else usual
    return meaning if meaning in COLUMN_NAMES else "ignore"


def _refuse_other_quantity(table: Table, found: Titles, address: str) -> None:
    """Raise InputError where the first column is headed with a quantity that no technique takes, or the second."""
    x, y = found.at(0), found.at(1)
    what = x.other or y.other_ordinate
    if not what and found.axes and not x.known:
        what = "a quantity that is not known here"
    if what:
        words = quoted((x if x.other or not y.other_ordinate else y).text, 60)
        problem = f"line {found.line} says {words}: that is {what}"
        raise _undecided(table, address, problem, found)


def _ignored_note(heads: Sequence[Heading], roles: Roles) -> tuple[str, ...]:
    if "ignore" not in roles:
        return ()
    named = [
        f"column {i + 1}" + (f" (headed {quoted(heads[i].text, 30)})" if heads[i].text else "")
        for i in range(len(roles))
    ]
    note = f"{named[roles.index('ignore')]} is not an error bar of the ordinate and is ignored"
    return (f"{note}; {named[roles.index('sigma')]} is sigma" if "sigma" in roles else note,)


# ---- what to say ----------------------------------------------------------------------------------


def proposed(found: Titles, width: int) -> list[str]:
    """Return names for the columns of a table as far as its headings are understood; [] where these tell nothing."""
    meanings = [found.at(i).meaning for i in range(width)]
    names = ["ignore"] * width
    for group in (ABSCISSAE, ORDINATES, ("sigma",)):
        first = next((i for i, m in enumerate(meanings) if m in group), None)
        if first is not None:
            names[first] = meanings[first]
    lacking = [g for g in (ABSCISSAE, ORDINATES) if not any(n in g for n in names)]
    if len(lacking) == 2 or width < 2:
        return []
    if lacking:
        here = next(n for n in names if n != "ignore")
        partner = {"r": "g", "q": "intensity", "two_theta": "intensity", "energy": "y", "g": "r", "f": "q", "s": "q"}
        place = next((i for i, n in enumerate(names) if n == "ignore"), None)
        if place is None or here not in (*partner, "intensity"):
            return []
        names[place] = partner.get(here, "q")
    return names


def _widths(table: Table) -> str:
    return " or ".join(str(n) for n in sorted(table.widths))


def _undecided(table: Table, address: str, problem: str, found: Titles) -> InputError:
    """Return the error for columns whose meaning is not known, with names made of the headings seen."""
    names = proposed(found, table.width) or (["r", "g"] if table.width == 2 else ["r", "g", "ignore", "sigma"])
    example = "[" + ", ".join(f'"{name}"' for name in names) + "]"
    return InputError(
        address,
        f"{problem}; give columns = [...] with one name for each of the {_widths(table)} columns, such as"
        f" {example} (names: {', '.join(COLUMN_NAMES)}). The table begins{table.beginning()}",
    )
