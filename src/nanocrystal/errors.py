"""The exceptions of the package.

    NanocrystalError            anything this package raises on purpose
    ├── InputError              what the user gave cannot be used; nothing was computed or written
    └── RefinementError         the input is sound but the refinement cannot go on

A message for a user says where, what was expected, what came, and what to do.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable


class NanocrystalError(Exception):
    """Base of all errors that this package raises on purpose."""


class InputError(NanocrystalError):
    """What the user gave cannot be used; nothing was computed or written.

    Parameters
    ----------
    where : str
        The address of the value, or the file and line, in question.
    problem : str
        One sentence: what was expected, what came, what to do.
    """

    def __init__(self, where: str, problem: str) -> None:
        where, problem = legible(where), legible(problem)
        super().__init__(f"{where}: {problem}" if where else problem)
        self.where = where
        self.problem = problem

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str]]:
        """Return how it comes back from another process."""
        return type(self), (self.where, self.problem)


LONGEST = 2000
"""characters of a message"""
_BEGINNING, _END = 1200, 200


def legible(text: str) -> str:
    """Return what is told, cut in its middle where it is very long, and with codes for what a terminal would obey.

    Files and keys are quoted in messages: what stands in them must neither flood nor steer the terminal.
    """
    if len(text) > LONGEST:
        text = f"{text[:_BEGINNING]} … {text[-_END:]}"
    return text if text.isprintable() else "".join(map(_seen, text))


def _seen(letter: str) -> str:
    """Return a letter, or the code of one that is not seen but obeyed (controls, marks of direction, line ends)."""
    obeyed = letter not in "\n\t" and unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")
    return ascii(letter)[1:-1] if obeyed else letter


class RefinementError(NanocrystalError):
    """The input is sound but the refinement cannot go on."""


def nearest_names(name: str, valid: Iterable[str]) -> str:
    """Return 'did you mean …' for a misspelt name, followed by the valid names."""
    names = sorted(set(valid))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if not close:
        lowered = {n.lower(): n for n in names}
        close = [lowered[m] for m in difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.6)]
    shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    if close:
        return f"did you mean {' or '.join(repr(c) for c in close)}? (valid: {shown})"
    return f"valid: {shown}" if names else "there are none"


def not_installed(package: str, extra: str) -> str:
    """Return the end of a sentence that names a package that is missing, and how its extra is installed."""
    return f'needs the package {package}, which is not installed: pip install "nanocrystal[{extra}]".'
