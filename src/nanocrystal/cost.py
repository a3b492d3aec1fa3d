"""What a calculation needs, known before it begins: memory in GB, and pairs of atoms in words of time.

Whoever is about to fill much memory or to count many pairs asks here first, and what is too much is refused by one
sentence (InputError): no process is ended by the system for it.

Memory
    The limit is what `[refine] memory` or an option --memory says, or else `SHARE` of what the machine has, or leaves
    to this process. Processes side by side have equal parts of it.

Pairs
    More than `MOST_SECONDS` of counting are refused. In a search, so are values at which there are `RUN_AWAY` times as
    many pairs as where it began, and more than `FREE_SECONDS` of them: a law of sizes that has run into its tail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import isfinite

from nanocrystal.errors import InputError
from nanocrystal.processes import side_by_side
from nanocrystal.systems import address_space_left, memory_there

GB = 1e9
SHARE = 0.75
"""of the memory that the machine has: the limit where none is stated"""
UNKNOWN = 8.0 * GB
"""what a machine is taken to have that does not say"""
WITHOUT_ASKING = 0.05 * GB
"""less needs no look at the limit"""
MOST_SECONDS = 60.0
"""of one sum over the pairs of a lattice"""
FREE_SECONDS = 10.0
"""of one sum that a search may come to, wherever it began"""
RUN_AWAY = 10.0
"""times the pairs with which a search began"""
LATTICE_RATE = 5e7
"""pairs of a lattice a second, with all that is done for them, before symmetry makes some equal; one processor"""
Remedy = str | Callable[[], str]
"""what to do, or what finds the words for it"""
MOST_PAIRS = MOST_SECONDS * LATTICE_RATE


@dataclass(frozen=True)
class Allowance:
    """What may be used.

    memory: bytes, None where nothing is stated; kept: how many of its intermediates whoever calculates keeps at once;
    begun: where, and with how many pairs, a search began, None outside of one.
    """

    memory: float | None = None
    kept: int = 1
    begun: dict[str, float] | None = None


_UNSTATED = Allowance()
_ALLOWED: ContextVar[Allowance] = ContextVar("allowed", default=_UNSTATED)


@contextmanager
def allowing(memory: float | None, where: str = "refine.memory", *, kept: int | None = None) -> Iterator[None]:
    """Let what is calculated inside need no more than `memory`, GB; None: as outside, or the share of the machine.

    kept: as of an `Allowance`, which makes it one of a search. Raises InputError for more than the machine has.
    """
    now = _ALLOWED.get()
    if memory is not None:
        check_memory(memory, where)
    bytes_ = now.memory if memory is None else memory * GB
    begun = now.begun if kept is None else {}
    token = _ALLOWED.set(Allowance(bytes_, now.kept if kept is None else kept, begun))
    try:
        yield
    finally:
        _ALLOWED.reset(token)


def check_memory(memory: float, where: str) -> None:
    """Raise InputError for what is no limit of memory, GB, or more than this machine has."""
    there = memory_there()
    if not (isfinite(memory) and memory > 0.0):
        raise InputError(where, f"must be a number above 0 (GB), got {memory:g}.")
    if memory * GB > there:
        problem = f"must be at most the {in_words(there)} that this machine has, got {memory:g} GB; leave it out."
        raise InputError(where, problem)


def stated_memory() -> float | None:
    """Return the limit that is stated here, GB, which other processes are to be told."""
    memory = _ALLOWED.get().memory
    return None if memory is None else memory / GB


def memory_limit() -> float:
    """Return how many bytes a calculation in this process may need."""
    stated, there = _ALLOWED.get().memory, memory_there()
    whole = stated if stated is not None else SHARE * there if isfinite(there) else UNKNOWN
    return min(whole / side_by_side(), SHARE * address_space_left())


def kept_at_once() -> int:
    """Return how many intermediates of a kind are in memory together."""
    return _ALLOWED.get().kept


def ask_memory(where: str, needed: float, what: str, remedy: Remedy) -> None:
    """Raise InputError where more bytes are needed than may be.

    what: is held in them, and how many there are of it; remedy: what to do, such as "make crystals smaller".
    """
    if needed < WITHOUT_ASKING and _ALLOWED.get().memory is None:
        return
    limit = memory_limit()
    if needed > limit:
        raise InputError(
            where,
            f"needs about {in_words(needed)} of memory ({what}), more than the limit of {in_words(limit)}; "
            f"{_words(remedy)}, or allow more (memory, in GB).",
        )


def ask_pairs(where: str, n_pairs: float, what: str, remedy: Remedy, *, part: bool = False) -> None:
    """Raise InputError where a lattice has more pairs than are counted, or than a search may come to.

    what: crystals have them, "its largest crystals measure 30 × 30 × 30 nm"; remedy: what to do; part: whether they are
    those of part of the crystals, which say nothing of how a search began.
    """
    begun = None if part else _ALLOWED.get().begun
    first = n_pairs if begun is None else begun.setdefault(where, n_pairs)
    seconds = n_pairs / LATTICE_RATE
    if seconds > MOST_SECONDS:
        raise InputError(
            where,
            f"{what} and {n_pairs:.1g} pairs, {duration(seconds)} for each curve, longer than "
            f"{duration(MOST_SECONDS)}; {_words(remedy)}.",
        )
    if seconds > FREE_SECONDS and n_pairs > RUN_AWAY * first:
        raise InputError(
            where,
            f"{what} and {n_pairs:.1g} pairs, {duration(seconds)} for each curve, where the search began with "
            f"{first:.1g} pairs; {_words(remedy)}, or begin nearer.",
        )


def _words(remedy: Remedy) -> str:
    return remedy if isinstance(remedy, str) else remedy()


def in_words(bytes_: float) -> str:
    """Return an amount of memory in GB, to two digits."""
    amount = bytes_ / GB
    if not amount < 1e6:
        return "more than a million GB"
    return f"{amount:.0f} GB" if amount >= 9.95 else f"{amount:.1f} GB" if amount >= 0.95 else f"{amount:.2g} GB"


def duration(seconds: float) -> str:
    """Return a time in seconds, minutes, hours or days, roughly."""
    for unit, length in (("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0)):
        if seconds >= 2.0 * length:
            return f"about {seconds / length:.0f} {unit}" if seconds < 1e10 else "years"
    return f"about {max(seconds, 1.0):.0f} seconds"
