"""What names of space groups mean: Hermann–Mauguin symbols in their many spellings, Hall symbols, numbers.

A setting is a space group with its axes and origin, one of gemmi's table. A symbol may leave open which of several is
meant: the origin ('F d -3 m'), or rhombohedral or hexagonal axes ('R -3 m').
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

from nanocrystal.sample.crystal.group_operations import Operations

SUFFIXES = {
    **dict.fromkeys(("h", "hr"), "H"),
    **dict.fromkeys(("r", "rs", "rr"), "R"),
    **dict.fromkeys(("1", "s", "o1"), "1"),
    **dict.fromkeys(("2", "z", "o2"), "2"),
}
"""what stands behind a symbol -> the setting: axes of rhombohedral groups, the origin (S and Z as ICSD writes them)"""
E_GLIDES = {
    39: "A e m 2, B m e 2, B 2 e m, C 2 m e, C m 2 e, A e 2 m",
    41: "A e a 2, B b e 2, B 2 e b, C 2 c e, C c 2 e, A e 2 a",
    64: "C m c e, C c m e, A e m a, A e a m, B b e m, B m e b",
    67: "C m m e, A e m m, B m e m",
    68: "C c c e, A e a a, B b e b",
}
"""number -> symbols with the double glide e, of which gemmi knows some only (International Tables A, 1.2.1)"""
_OVERLINES = "\u0305\u0304\u00af\u203e"
_MARKUP = re.compile(r"</?su[bp]>|[\s_~^*'\"(){}$\\]")
LONGEST = 200
"""characters of a symbol, with all that is said behind it"""
_NUMBER = re.compile(r"\s*(?:[(\[]?\s*(?:no\.?|nr\.?|#)\s*\d+\s*[)\]]?|\(\d{1,3}\))\s*$", re.IGNORECASE)
_PART = re.compile(r"-[1346](?:/[a-z])?|[2346][1-5]?(?:/[a-z])?|1|[a-z]")
_AXES = re.compile(r"\s*[(\[,;]\s*(hexagonal|rhombohedral)(?:\s+axes|\s+setting)?\s*[)\]]?\s*$", re.IGNORECASE)
_ORIGIN = re.compile(r"\s*[(\[,;:]?\s*(?:origin|setting)\s*(?:choice|at)?\s*:?\s*([12])\s*[)\]]?\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Setting:
    """A space group with its axes and origin.

    symbol: Hermann–Mauguin with the extension that tells origin or axes, such as 'F d -3 m:1'; short: without it;
    extension: that; axes: which the axes are of those of the reference setting; reference: whether it is that;
    tabulated: whether it is one of the International Tables, as settings of larger cells and other origins are not.
    """

    number: int
    symbol: str
    short: str
    extension: str
    axes: str
    hall: str
    system: str
    reference: bool
    tabulated: bool

    @cached_property
    def operations(self) -> Operations:
        """Its operations, those that centring adds last."""
        import gemmi

        return Operations.of(gemmi.symops_from_hall(self.hall))


@cache
def all_settings() -> tuple[Setting, ...]:
    """Return all settings that are known, 564 of the 230 groups."""
    import gemmi

    tabulated = {s.xhm() for s in gemmi.spacegroup_table_itb()}
    return tuple(
        Setting(
            number=s.number,
            symbol=s.xhm(),
            short=s.hm,
            extension=s.ext.strip("\0 "),
            axes=s.qualifier.strip(),
            hall=s.hall,
            system=s.crystal_system_str(),
            reference=s.is_reference_setting(),
            tabulated=s.xhm() in tabulated,
        )
        for s in gemmi.spacegroup_table()
    )


def settings_numbered(number: int) -> tuple[Setting, ...]:
    """Return the settings of a number in the International Tables, the reference first; none for an unknown one."""
    found = [s for s in all_settings() if s.number == number and s.tabulated]
    return tuple(sorted(found, key=lambda s: not s.reference))


def setting_of(operations: Operations) -> Setting | None:
    """Return the setting with just these operations, None where it is none of those known."""
    import gemmi

    found = gemmi.find_spacegroup_by_ops(operations.gemmi_group())
    return None if found is None else _by_full_symbol()[found.xhm()]


@cache
def _by_full_symbol() -> dict[str, Setting]:
    return {s.symbol: s for s in all_settings()}


def settings_named(symbol: str) -> tuple[Setting, ...]:
    """Return the settings that a Hermann–Mauguin symbol may mean, however it is spelt; none for an unknown one.

    A short monoclinic symbol means the unique axis b first, others after it.
    """
    symbol = " ".join(symbol[:LONGEST].split())
    found = _named(symbol)
    return found or _named(_NUMBER.sub("", symbol))


def _named(symbol: str) -> tuple[Setting, ...]:
    text = _AXES.sub(lambda m: f":{m[1][0]}", _ORIGIN.sub(r":\1", symbol))
    base, _, extension = text.partition(":")
    keys = [_plain(base), *_respelt(base)]
    extension = _plain(extension)
    for key in keys:
        found = _by_symbol().get(key, ())
        if found and extension:
            chosen = tuple(s for s in found if extension in _extensions(s))
            return chosen or (found if len(found) == 1 else ())
        if found:
            return found
    if not extension:
        for suffix in sorted(SUFFIXES, key=len, reverse=True):
            for key in keys:
                found = _by_symbol().get(key.removesuffix(suffix), ()) if key.endswith(suffix) else ()
                chosen = tuple(s for s in found if s.extension == SUFFIXES[suffix])
                if chosen:
                    return chosen
    return ()


def hall_operations(symbol: str) -> Operations | None:
    """Return the operations of a Hall symbol, None for one that cannot be read."""
    import gemmi

    try:
        return Operations.of(gemmi.symops_from_hall(" ".join(symbol.replace("_", " ").split())))
    except (ValueError, RuntimeError):
        return None


# ---- spellings ------------------------------------------------------------------------------------


def _plain(symbol: str) -> str:
    """Return a symbol in small letters without blanks and marks: 'P2_1/c', 'P 21/c' and 'P 2(1)/C' are the same."""
    for line in _OVERLINES:
        symbol = re.sub(rf"(\d){line}|{line}(\d)", lambda m: f"-{m[1] or m[2]}", symbol)
    return _MARKUP.sub("", symbol).replace("−", "-").replace("–", "-").lower()


def _respelt(symbol: str) -> Iterator[str]:
    """Yield what a symbol may be in today's spelling."""
    plain = _plain(symbol)
    barred = re.sub(r"(\d)-(?!\d)", r"-\1", plain)  # ICSD: FD3-M
    yield barred
    yield re.sub(r"(\d)-", r"-\1", plain, count=1)  # ICSD: P4-21M
    cubic = re.sub(r"^([pfi][a-z])3", r"\1-3", barred)  # before 1983: F m 3 m
    yield cubic
    yield from _shortened(plain)


def _shortened(plain: str) -> Iterator[str]:
    """Yield the short symbols that a full one, such as P 21/n 21/m 21/a, may be: turns before planes left out."""
    centring, parts = plain[:1], _PART.findall(plain[1:])
    if plain[1:] != "".join(parts) or not any("/" in part for part in parts):
        return
    planes = [part.partition("/")[2] or part for part in parts]
    if parts[0][0] in "46" and "-3" not in parts:
        planes[0] = parts[0]
    yield centring + "".join(planes)


def _extensions(setting: Setting) -> set[str]:
    """Return what may stand behind the colon for a setting."""
    words = {word for word, extension in SUFFIXES.items() if extension == setting.extension}
    return words | {setting.axes.lower()} - {""}


@cache
def _by_symbol() -> dict[str, tuple[Setting, ...]]:
    found: dict[str, list[Setting]] = {}
    for setting in all_settings():
        for key in {_plain(setting.short), *_short_monoclinic(setting)}:
            found.setdefault(key, []).append(setting)
    for number, symbols in E_GLIDES.items():
        for symbol in symbols.split(", "):
            written = re.compile(symbol.replace("e", "[a-d]"))
            meant = [s for s in settings_numbered(number) if written.fullmatch(s.short)]
            found.setdefault(_plain(symbol), []).extend(meant)
    order = {"b": 0, "c": 1, "a": 2}
    return {
        key: tuple(sorted(settings, key=lambda s: order.get(s.axes.strip("-123456789"), 0)))
        for key, settings in found.items()
    }


def _short_monoclinic(setting: Setting) -> set[str]:
    """Return the symbol without the axes along which there is nothing: P 1 21/c 1 is P 21/c."""
    if setting.system != "monoclinic":
        return set()
    centring, *parts = setting.short.split()
    return {_plain(centring + "".join(p for p in parts if p != "1"))}


def described(settings: tuple[Setting, ...]) -> str:
    """Return settings in words, for messages."""
    names = [f"'{s.symbol}'" for s in settings]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
