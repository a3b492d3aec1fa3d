"""What the columns of a file mean: by the kind of file, by its own headings, or as the user says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nanocrystal.data.lines import COMMENT_MARKERS, fields, quoted
from nanocrystal.data.table import Table
from nanocrystal.errors import InputError, nearest_names

ABSCISSAE = ("r", "q", "two_theta", "energy", "x")
ORDINATES = ("g", "f", "s", "intensity", "y")
COLUMN_NAMES = (*ABSCISSAE, *ORDINATES, "sigma", "ignore")

Roles = tuple[str, ...]


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

_HEADINGS = {
    "r": "r",
    "q": "q qa^1",
    "two_theta": "2theta twotheta 2th 2thdeg tth 2thetaangle 2θ angle",
    "energy": "energy e",
    "x": "x",
    "g": "g g(r) gr",
    "f": "f f(q) fq",
    "s": "s s(q) sq",
    "intensity": "i i(q) iq intensity counts",
    "y": "y",
    "sigma": "sigma error err esd std uncertainty dg dg(r) dgr df df(q) ds ds(q) di di(q) dy",
}
_ROLE_OF_HEADING = {heading: role for role, text in _HEADINGS.items() for heading in text.split()}
_UNIT = re.compile(r"[\(\[][^()\[\]]*[\)\]]$")
_TWO_THETA = re.compile(r"(?<![a-z0-9])(2|two)[\s_-]?th(eta)?(?![a-z])|2θ|\btth\b", re.IGNORECASE)
_PER_NM = re.compile(r"nm\s*\^?\s*\{?\s*[-−]\s*1|1\s*/\s*nm|nm⁻¹", re.IGNORECASE)
_NM = re.compile(rf"{_PER_NM.pattern}|[(\[]\s*nm\s*[)\]]", re.IGNORECASE)


def column_roles(
    table: Table,
    suffix: str,
    convention: str | None,
    columns: Sequence[str] | None,
    address: str,
    per_nm: bool = False,
) -> tuple[Roles, tuple[str, ...]]:
    """Return the meaning of the first columns of the table and notes on how it was found.

    Raises InputError for a wrong name, for a number of names or columns that does not fit, and
    where the headings of the file contradict the kind of file.
    """
    if convention is not None and convention not in CONVENTIONS:
        problem = f"convention '{convention}' is unknown: {nearest_names(str(convention), CONVENTIONS)}"
        raise InputError(address, problem)
    heads = headings(table)
    if columns is not None:
        roles = checked_columns(columns, table, address)
        return roles, () if per_nm else _unit_note(table, heads, roles)
    kind = CONVENTIONS.get(convention or SUFFIXES.get(suffix.lower(), ""))
    if kind is None:
        what = f"the suffix '{suffix}'" if suffix else "a name without suffix"
        raise _undecided(table, address, f"{what} does not say what the columns are")
    if kind.headings_count:
        roles = _roles_of_headings(table, heads, kind, address)
        _refuse_foreign_abscissa(table, heads, roles, address, per_nm)
        return roles, (f"columns read by their headings as {', '.join(roles)}",)
    # In a mixture of widths the full rows tell the kind of file.
    layout = kind.layouts.get(table.widest, kind.layouts.get(table.width))
    if layout is None:
        known = " or ".join(str(n) for n in kind.layouts)
        problem = f"a .{kind.name} table has {known} columns, this one has {table.width}"
        raise _undecided(table, address, problem)
    roles = layout[: table.width]
    _refuse_foreign_abscissa(table, heads, roles, address, per_nm)
    return roles, _ignored_note(heads, roles)


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
    if len(columns) not in {row.width for row in table.rows}:
        problem = f"columns names {len(columns)} columns, the table has {_widths(table)}; it begins"
        raise InputError(address, problem + table.beginning())
    needed = max(i for i, name in enumerate(columns) if name != "ignore") + 1
    for row in table.rows:
        if row.width < needed:
            problem = f"{quoted(row.text)} has {row.width} numbers, columns asks for {needed}"
            raise InputError(f"{address}, line {row.number}", problem)
    return tuple(columns)[: max(needed, table.width)]


def headings(table: Table) -> tuple[str, ...]:
    """Return the headings of the columns from the line above the table; empty where there are none."""
    text = next((line for line in reversed(table.header) if line.strip()), "").strip().lstrip("\ufeff")
    if text.startswith("#L "):
        text = text[3:]
    text = text.lstrip("".join(COMMENT_MARKERS) + " \t")
    if "=" in text:
        return ()
    for cells in (
        fields(text) if {",", ";"} & set(text) else [],
        re.split(r"\t+|[ ]{2,}", text),
        text.split(),
    ):
        if len(cells) in {table.width, table.widest} and all(cells):
            return tuple(cell.strip() for cell in cells)
    return ()


def _role_of_heading(heading: str) -> str | None:
    plain = re.sub(r"[\s_\-]", "", heading.lower())
    return _ROLE_OF_HEADING.get(plain) or _ROLE_OF_HEADING.get(_UNIT.sub("", plain))


def _roles_of_headings(table: Table, heads: Sequence[str], kind: Convention, address: str) -> Roles:
    if len(heads) < table.width:
        raise _undecided(table, address, f"a .{kind.name} file does not say by itself what its columns are")
    roles = [_role_of_heading(heading) for heading in heads[: table.width]]
    counts = [sum(role in names for role in roles) for names in (ABSCISSAE, ORDINATES)]
    if None in roles or counts != [1, 1] or roles.count("sigma") > 1:
        listed = ", ".join(quoted(heading, 30) for heading in heads[:8]) + (", …" if len(heads) > 8 else "")
        raise _undecided(table, address, f"the headings {listed} do not say what the columns are")
    return tuple(role for role in roles if role is not None)


def _refuse_foreign_abscissa(table: Table, heads: Sequence[str], roles: Roles, address: str, per_nm: bool) -> None:
    """Raise InputError where the file itself says that its abscissa is another one, or in nm."""
    at = next(i for i, role in enumerate(roles) if role in ABSCISSAE)
    x = roles[at]
    sources = [heads[at]] if heads else [line for line in table.header if "=" not in line]
    for text in sources:
        named = _role_of_heading(text) if heads else None
        if x != "two_theta" and _TWO_THETA.search(text):
            named = "two_theta"
        if named in ABSCISSAE and named != x:
            problem = f"column {at + 1} is read as {x}, but the header says {quoted(text, 40)}"
            meant = [str(named), *(role for role in roles if role not in ABSCISSAE)]
            raise _undecided(table, address, problem, meant if named in ("q", "two_theta") else None)
        if per_nm and x == "q":
            continue
        if (x in ("r", "q") and heads and _NM.search(text)) or (x == "q" and _PER_NM.search(text)):
            problem = f"the header says {quoted(text, 40)}: convert {x} from nm to Å, in which it is read here"
            problem += ', or, for total scattering, say q_unit = "1/nm"' if x == "q" else ""
            raise InputError(address, problem)


def _unit_note(table: Table, heads: Sequence[str], roles: Roles) -> tuple[str, ...]:
    at = next(i for i, role in enumerate(roles) if role in ABSCISSAE)
    if roles[at] in ("r", "q") and len(heads) > at and _NM.search(heads[at]):
        return (f"the header says {quoted(heads[at], 40)}; the numbers are taken as they stand, in Å",)
    return ()


def _ignored_note(heads: Sequence[str], roles: Roles) -> tuple[str, ...]:
    if "ignore" not in roles:
        return ()
    named = [f"column {i + 1}" + (f" (headed {quoted(heads[i], 30)})" if heads else "") for i in range(len(roles))]
    note = f"{named[roles.index('ignore')]} is not an error bar of the ordinate and is ignored"
    return (f"{note}; {named[roles.index('sigma')]} is sigma" if "sigma" in roles else note,)


def _widths(table: Table) -> str:
    counts = sorted({row.width for row in table.rows})
    return " or ".join(str(n) for n in counts)


def _undecided(table: Table, address: str, problem: str, meant: Sequence[str] | None = None) -> InputError:
    """Return the error for columns whose meaning is not known; meant: what they seem to be."""
    names = meant or (("r", "g") if table.width == 2 else ("r", "g", "ignore", "sigma"))
    example = "[" + ", ".join(f'"{name}"' for name in names) + "]"
    return InputError(
        address,
        f"{problem}; give columns = [...] with one name for each of the {_widths(table)} columns, such as"
        f" {example} (names: {', '.join(COLUMN_NAMES)}). The table begins{table.beginning()}",
    )
