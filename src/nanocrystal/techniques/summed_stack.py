"""Several sums of named parts that are one data set: the spectra of a titration, the lines of a diffusion series.

Each member is a curve of its own, with its own amplitudes and background; positions, widths or coefficients may be
common to all. The points of the members follow each other in `measured`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.kernels.polynomials import chebyshev
from nanocrystal.measurement import Axis, Drawing, Look, Measured, Model, Stack, Stretch, Trend
from nanocrystal.parameters import Evaluation, Here, Values
from nanocrystal.techniques.summed import FINER, MOST_DRAWN, PlacedPart

FloatArray = NDArray[np.float64]
SPECTRA = Look(x_reversed=True, components_shown=True)


@dataclass(frozen=True)
class Member:
    """One curve of the stack: its name, its points, its parts, the addresses of its background."""

    name: str
    measured: Measured
    parts: Mapping[str, PlacedPart]
    background: tuple[str, ...] = ()
    label: str = ""
    """in figures, the name where it is empty"""

    @property
    def linear(self) -> tuple[str, ...]:
        return (*(p.amplitude for p in self.parts.values()), *self.background)

    def curve(self, x: FloatArray, values: Values) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Return the calculated curve (n,) and its parts at any x."""
        components = {n: values[p.amplitude] * p.stacked(x, values)[0] for n, p in self.parts.items()}
        background = np.array([values[a] for a in self.background])
        return sum(components.values()) + background @ chebyshev(x, len(background)), components


@dataclass(frozen=True, kw_only=True)
class StackedModel(Model, own=("members", "method", "style", "derived_of", "remarks_of", "shown")):
    """Members with linear parameters of their own and nonlinear ones that several may have in common."""

    technique: str
    where: str
    x_axis: Axis
    y_axis: Axis
    members: tuple[Member, ...]
    method: str
    style: str
    """how figures show the members, see `Stack`"""

    derived_of: Callable[[Here], dict[str, Any]]
    remarks_of: Callable[[Here], tuple[str, ...]]
    trends: tuple[Trend, ...] = ()
    shown: Look = SPECTRA
    """the stack aside"""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """file -> SHA-256"""

    @cached_property
    def measured(self) -> Measured:
        """The points of all members, one after the other."""
        return joined([m.measured for m in self.members], self.where)

    @cached_property
    def linear(self) -> tuple[str, ...]:
        return tuple(a for m in self.members for a in m.linear)

    @property
    def derived_from(self) -> tuple[str, ...]:
        return tuple(p.amplitude for m in self.members for p in m.parts.values())

    @cached_property
    def _places(self) -> list[tuple[int, slice]]:
        """The first row and the points of each member."""
        rows = np.cumsum([0, *(len(m.linear) for m in self.members)])
        ends = np.cumsum([0, *(len(m.measured.x) for m in self.members)])
        return [(int(r), slice(int(a), int(b))) for r, a, b in zip(rows[:-1], ends[:-1], ends[1:], strict=True)]

    def background_rows(self) -> tuple[int, ...]:
        known = {a for m in self.members for a in m.background}
        return tuple(k for k, a in enumerate(self.linear) if a in known)

    def _stacked(self, evaluation: Evaluation, member: Member, name: str) -> FloatArray:
        part = member.parts[name]
        key = ("part", self.where, member.name, name)
        return evaluation.once(key, part.addresses, lambda: part.stacked(member.measured.x, evaluation.values))

    def curves(self, evaluation: Evaluation) -> FloatArray:
        found = np.zeros((len(self.linear), len(self.measured.x)))
        for member, (row, points) in zip(self.members, self._places, strict=True):
            for k, name in enumerate(member.parts):
                found[row + k, points] = self._stacked(evaluation, member, name)[0]
            after = row + len(member.parts)
            found[after : row + len(member.linear), points] = chebyshev(member.measured.x, len(member.background))
        return found

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, FloatArray]:
        """Return dΦ/d(address) of all nonlinear parameters of the parts."""
        wanted, found = set(addresses), {}
        for member, (row, points) in zip(self.members, self._places, strict=True):
            for k, (name, part) in enumerate(member.parts.items()):
                for j, address in enumerate(part.addresses, start=1):
                    if address in wanted:
                        if address not in found:
                            found[address] = np.zeros((len(self.linear), len(self.measured.x)))
                        found[address][row + k, points] += self._stacked(evaluation, member, name)[j]
        return found

    # ---- for the report -----------------------------------------------------------------------

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        found = {name: np.zeros(len(self.measured.x)) for m in self.members for name in m.parts}
        for member, (_, points) in zip(self.members, self._places, strict=True):
            for name, part in member.parts.items():
                unit = self._stacked(evaluation, member, name)[0]
                found[name][points] = evaluation.values[part.amplitude] * unit
        return found

    def drawing(self, evaluation: Evaluation) -> Drawing | None:
        """Return the curves between the points, where there are few of them."""
        grids = self._fine_grids
        if grids is None:
            return None
        drawn = [m.curve(x, evaluation.values) for m, x in zip(self.members, grids, strict=True)]
        names = {name for m in self.members for name in m.parts}
        components = {
            n: np.concatenate([c.get(n, np.zeros(len(x))) for (_, c), x in zip(drawn, grids, strict=True)])
            for n in sorted(names)
        }
        return Drawing(np.concatenate(grids), None, np.concatenate([y for y, _ in drawn]), components)

    @cached_property
    def _fine_grids(self) -> list[FloatArray] | None:
        if len(self.measured.x) * FINER > MOST_DRAWN:
            return None
        return [
            np.interp(
                np.arange((len(m.measured.x) - 1) * FINER + 1) / FINER, np.arange(len(m.measured.x)), m.measured.x
            )
            for m in self.members
        ]

    @cached_property
    def look(self) -> Look:
        """Where each member stands in the points, and in those of the drawing."""
        lengths = [0] * len(self.members) if self._fine_grids is None else [len(x) for x in self._fine_grids]
        ends = np.cumsum([0, *lengths])
        places = zip(self.members, self._places, ends[:-1], ends[1:], strict=True)
        stretches = (Stretch(m.name, p.start, p.stop, int(a), int(b), m.label) for m, (_, p), a, b in places)
        return replace(self.shown, stack=Stack(self.style, tuple(stretches)))

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        return self.remarks_of(evaluation.values.under(self.where))

    def derived(self, values: Values) -> dict[str, Any]:
        """Return quantities that follow from the parameters, by address."""
        return self.derived_of(values.under(self.where))

    def methods(self) -> tuple[str, ...]:
        return (self.method,)


def joined(parts: Sequence[Measured], where: str) -> Measured:
    """Return the points of several curves one after the other; raises InputError where only some have σ."""
    with_sigma = [p for p in parts if p.sigma is not None]
    if with_sigma and len(with_sigma) < len(parts):
        lacking = next(p.source for p in parts if p.sigma is None)
        raise InputError(where, f"has σ for some of its curves only; {lacking} has none: give it to all or to none.")
    observed = [p.observed for p in parts]
    assert all(y is not None for y in observed)
    first = replace(parts[0], sha256=None, notes=tuple(dict.fromkeys(n for p in parts for n in p.notes)))
    return replace(
        first,
        x=np.concatenate([p.x for p in parts]),
        observed=np.concatenate([y for y in observed if y is not None]),
        sigma=np.concatenate([p.sigma for p in with_sigma if p.sigma is not None]) if with_sigma else None,
        source=", ".join(dict.fromkeys(p.source for p in parts)),
    )
