"""One block of a CIF: its tags in any of their spellings, what is unknown as None, and numbers with their digits.

`_cell.length_a` is `_cell_length_a`, capitals count as small letters, and a question mark or a point, which mean
"unknown" and "not applicable" (S. R. Hall, J. D. Westbrook & N. Spadaccini, International Tables for Crystallography G,
2.2), are never a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from nanocrystal.errors import InputError

PLACES = ("x", "y", "z")
FRACT = tuple(f"_atom_site_fract_{name}" for name in PLACES)
LARGEST, LONGEST_POWER = 1e15, 3
"""no number of a structure is larger; digits of a power of ten, with its sign"""
_NUMBER = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:[eE]([+-]?\d+))?(?:\((\d+)\))?$")
_FRACTION = re.compile(r"([+-]?\d{1,4})/([1-9]\d{0,3})$")


class Written(NamedTuple):
    """A number as a file writes it: its uncertainty, None without one, and what one unit of its last digit is."""

    value: float
    sigma: float | None
    step: float


def written_number(text: str) -> Written | None:
    """Return the number of a text such as 5.431(2), None where it is none that can be meant; 1/3 has no digits."""
    match = _NUMBER.match(text)
    if match is None:
        fraction = _FRACTION.match(text)
        return None if fraction is None else Written(int(fraction[1]) / int(fraction[2]), None, 0.0)
    digits, power, error = match.groups()
    value = float(f"{digits}e{power or 0}")
    if len(power or "") > LONGEST_POWER or not abs(value) <= LARGEST:
        return None
    step = 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
    return Written(value, None if error is None else float(error) * step, step)


class Block:
    """The values of one block.

    name: what stands behind data_; source: what messages call the file.
    """

    def __init__(self, block: Any, source: str) -> None:
        self.name, self.source = str(block.name).strip(), source
        self._single = _pairs(block, source)
        self._columns = _columns(block)

    def __contains__(self, tag: str) -> bool:
        return _plain(tag) in self._single or _plain(tag) in self._columns

    def text(self, *tags: str) -> str | None:
        """Return what stands behind the first of the tags that is known, None where none is."""
        return next((value for _, value in self.texts(*tags)), None)

    def texts(self, *tags: str) -> Iterator[tuple[str, str]]:
        """Yield tag and text of each of the tags that is known."""
        for tag in tags:
            column = self._raw_column(tag)
            if column is not None and len(column) == 1:
                value = known(column[0])
                if value is not None:
                    yield tag, value

    def number(self, *tags: str) -> float | None:
        """Return the first number behind one of the tags, None where there is none."""
        numbers = (written_number(text) for _, text in self.texts(*tags))
        return next((n.value for n in numbers if n is not None), None)

    def column(self, *tags: str) -> list[str | None] | None:
        """Return the texts of the first of the tags that is there, None for those unknown; None where none is."""
        for tag in tags:
            column = self._raw_column(tag)
            if column is not None:
                return [known(raw) for raw in column]
        return None

    def beside(self, tag: str, *tags: str) -> list[str | None] | None:
        """Return the column of the first of the tags that stands in the same loop as `tag`, None where none does."""
        for other in tags:
            mine, its = self._columns.get(_plain(tag)), self._columns.get(_plain(other))
            together = mine is not None and its is not None and mine[0] == its[0]
            if together or (mine is None and its is None and _plain(other) in self._single):
                return self.column(other)
        return None

    def _raw_column(self, tag: str) -> list[str] | None:
        key = _plain(tag)
        if key in self._single:
            return [self._single[key][1]]
        if key not in self._columns:
            return None
        return self._columns[key][1]


def _pairs(block: Any, source: str) -> dict[str, tuple[str, str]]:
    """Return tag in plain spelling -> tag and text of what stands alone; raises InputError where two disagree."""
    pairs: dict[str, tuple[str, str]] = {}
    for tag, raw in (item.pair for item in block if item.pair is not None):
        first = pairs.setdefault(_plain(tag), (tag, raw))
        if first[1] != raw:
            problem = f"gives {first[0]} as {first[1]} and {tag} as {raw}, which are the same tag; delete one of them."
            raise InputError(source, problem)
    return pairs


def _columns(block: Any) -> dict[str, tuple[int, list[str]]]:
    """Return tag in plain spelling -> number of its loop, and its texts."""
    columns: dict[str, tuple[int, list[str]]] = {}
    for number, loop in enumerate(item.loop for item in block if item.loop is not None):
        values, width = list(loop.values), len(loop.tags)
        for k, tag in enumerate(loop.tags):
            columns.setdefault(_plain(tag), (number, values[k::width]))
    return columns


def known(raw: str) -> str | None:
    """Return the text of a value, None where it is unknown or empty."""
    import gemmi

    if raw in ("?", "."):
        return None
    if raw and raw[0] not in "'\";":
        return raw
    text = str(gemmi.cif.as_string(raw)).strip()
    return text if text and text not in ("?", ".") else None


def _plain(tag: str) -> str:
    tag = tag.lower().replace(".", "_").replace("anisotrop_", "aniso_")
    return re.sub(r"_?\[(\d)\]\[(\d)\]", r"_\1\2", tag)


# ---- the blocks of a file -------------------------------------------------------------------------


def chosen_block(text: str, source: str, name: str = "") -> tuple[Block, list[str]]:
    """Return the block with a structure that is named, else the first, and notes.

    Raises InputError for a text that is no CIF, where no block has atom sites, and, at "block", where the one that is
    named has none.
    """
    blocks = [Block(block, source) for block in _document(text, source)]
    with_sites = [b for b in blocks if any(set(b.column(tag) or ()) - {None} for tag in FRACT)]
    if not with_sites:
        raise InputError(source, "has no atom sites (no _atom_site_fract_x); a structure with coordinates is needed.")
    names = [b.name for b in with_sites]
    if name:
        wanted = name.strip().removeprefix("data_")
        found = [b for b in with_sites if b.name == wanted]
        found = found or [b for b in with_sites if b.name.casefold() == wanted.casefold()]
        if not found:
            empty = "has no atom sites" if wanted in [b.name for b in blocks] else f"is no block of {source}"
            raise InputError("block", f"{name!r} {empty}; those with a structure: {', '.join(map(repr, names))}.")
        return found[0], []
    if len(names) > 1:
        listed = f"{', '.join(map(repr, names[:-1]))} and {names[-1]!r}"
        other = f"the first was read, and block = {names[1]!r} reads another".replace("'", '"')
        return with_sites[0], [f"has structures in the blocks {listed}: {other}."]
    return with_sites[0], []


def _document(text: str, source: str) -> Any:
    """Return the parsed CIF; raises InputError, with the line, for a text that is none."""
    import gemmi

    begin = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if not begin:
        raise InputError(source, "is empty; a CIF with a structure is needed.")
    if begin.startswith("<"):
        raise InputError(source, "is a web page (HTML or XML), not a CIF; download the file itself.")
    try:
        return gemmi.cif.read_string(text)
    except (ValueError, RuntimeError) as error:
        raise _unreadable(" ".join(str(error).split()), text, begin, source) from None


def _unreadable(message: str, text: str, begin: str, source: str) -> InputError:
    """Return what is wrong with a text, by what the parser says of it."""
    match = re.match(r"string:?(?:(\d+)\b)?(?::\d+\(\d+\))?:?\s*(?:in (\S+):)?\s*(.*)", message)
    line, reason = (match[1], match[3]) if match else (None, message)
    place = f"{source}, line {line}" if line else source
    tag = re.match(r"duplicate tag (\S+)", reason)
    if tag:
        first = _line_of(text, tag[1], int(line or 0))
        return InputError(place, f"gives {tag[1]} a second time{first}; delete one of the two.")
    name = re.match(r"duplicate block name: (.*)", reason)
    if name:
        header = f"data_{name[1]}".casefold()
        where = [n for n, row in enumerate(text.splitlines(), 1) if row.strip().casefold() == header]
        place = f"{source}, line {where[1]}" if len(where) > 1 else source
        return InputError(place, f"has two blocks of the name {name[1]!r}; rename one of them.")
    if "expected block header" in reason and not any(
        row.lstrip().lower().startswith("data_") for row in text.splitlines()[: int(line or 1)]
    ):
        return InputError(source, f"is not a CIF: it must begin with a line data_NAME, but begins with {begin[:40]!r}.")
    return InputError(place, f"is not a readable CIF ({reason}).")


def _line_of(text: str, tag: str, before: int) -> str:
    """Return in words where a tag stands first."""
    for number, row in enumerate(text.splitlines()[:before], 1):
        words = row.split()
        if number < before and words and words[0].casefold() == tag.casefold():
            return f", after line {number}"
    return ""
