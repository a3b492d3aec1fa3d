"""Tables of integrals: what was changed, then lines of a spectrum by name, each with its sigma or without."""

from __future__ import annotations

from collections.abc import Sequence

from nanocrystal.data.conventions import RESOLUTION
from nanocrystal.errors import InputError

MOST_LINES = 64


def line_places(columns: Sequence[str] | None, first: str) -> dict[str, tuple[int, int | None]]:
    """Return name -> places of integral and sigma among columns of which the first is named; raises InputError."""
    if columns is None or len(columns) < 2 or columns[0] != first:
        example = f'columns = ["{first}", "alkene", "sigma"]'
        raise InputError("columns", f"must name {first} and the lines that follow it, such as {example}.")
    places: dict[str, tuple[int, int | None]] = {}
    last = None
    for k, name in enumerate(columns[1:], start=1):
        if name == "sigma":
            if last is None or places[last][1] is not None:
                raise InputError("columns", f"have a sigma at place {k + 1} that follows no line.")
            places[last] = (places[last][0], k)
        elif name != "ignore":
            if not name.isidentifier():
                raise InputError("columns", f"{name!r} must be made of letters, digits and _.")
            if name in RESOLUTION:
                raise InputError("columns", f"name {name}, the resolution of another technique; leave it to ignore.")
            if name in places:
                raise InputError("columns", f"name {name} twice; each line has a name of its own.")
            places[name] = (k, None)
        last = name if name in places else last if name == "sigma" else None
    if not 1 <= len(places) <= MOST_LINES:
        raise InputError(
            "columns",
            f"name {len(places)} lines; 1 to {MOST_LINES} are possible. For maps of many columns see "
            "nanocrystal.analysis.nmr_map.",
        )
    return places


def roles_of(columns: Sequence[str], place: tuple[int, int | None]) -> list[str]:
    """Return what each column is to one line: x, y, sigma or ignore."""
    integral, sigma = place
    roles = {0: "x", integral: "y", **({} if sigma is None else {sigma: "sigma"})}
    return [roles.get(k, "ignore") for k in range(len(columns))]
