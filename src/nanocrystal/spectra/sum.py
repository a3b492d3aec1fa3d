"""A sum of named parts on a baseline, and where each of its parameters stands.

The parameters of part "core" are `core.area` (or `core.amplitude`), then those of its form (`core.position`, …); those
of the baseline are c0, c1, … All are `names`; the ones that a fit moves are `free_names`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.kernels.polynomials import chebyshev
from nanocrystal.parameters import Declares
from nanocrystal.spectra.lines import Form

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SumOfForms(Declares):
    """A sum of named parts on a baseline.

    The parameters of part "core" are `core.area` (or `core.amplitude`), then those of its form (`core.position`, …);
    those of the baseline are c0, c1, …

    Parameters
    ----------
    parts : mapping of str to Form
        By name.
    baseline_terms : int
        Number of its polynomials.
    same : mapping of str to str
        Such as "b.fwhm" -> "a.fwhm": parameters that are one and the same.
    fixed : mapping of str to float
        Parameters that keep a value.
    baseline : callable
        (x, n) -> array (n, n_points) [Chebyshev polynomials over the range of x].

    Raises
    ------
    InputError
        For names that are no parameters of the sum, and ties that contradict one another.
    """

    parts: Mapping[str, Form]
    baseline_terms: int = 1
    same: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)
    baseline: Callable[[FloatArray, int], FloatArray] = chebyshev

    def __post_init__(self) -> None:
        for name in (*self.same, *self.same.values(), *self.fixed):
            self.index(name)
        for name, other in self.same.items():
            if other in self.same or other in self.fixed or name in self.fixed or name == other:
                raise InputError(name, f"cannot be the same as {other}: one of the two is tied or fixed already.")
            if self.is_linear[self.index(name)] != self.is_linear[self.index(other)]:
                raise InputError(name, f"cannot be the same as {other}: one is a linear parameter, the other is not.")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All parameters, (n_full,)."""
        of_parts = [f"{n}.{p}" for n, f in self.parts.items() for p in (f.amplitude, *f.parameters)]
        return (*of_parts, *(f"c{k}" for k in range(self.baseline_terms)))

    def index(self, name: str) -> int:
        """Return the place of a parameter among `names`; raises InputError."""
        if name not in self.names:
            raise InputError(name, f"is no parameter of this sum; {nearest_names(name, self.names)}")
        return self.names.index(name)

    @cached_property
    def free_names(self) -> tuple[str, ...]:
        """The parameters that a fit moves, (n_free,)."""
        return tuple(n for n in self.names if n not in self.same and n not in self.fixed)

    def standing_for(self, name: str) -> str:
        """Return the parameter that this one is the same as, itself where it is not tied."""
        return self.same.get(name, name)

    @cached_property
    def free_of(self) -> NDArray[np.int64]:
        """Which free parameter each parameter is, −1: fixed; (n_full,)."""
        place = {n: k for k, n in enumerate(self.free_names)}
        return np.array([place.get(self.standing_for(n), -1) for n in self.names], dtype=np.int64)

    @cached_property
    def layout(self) -> NDArray[np.int64]:
        """(number of the form in `_batched_numba`, first parameter, number of parameters) of each part."""
        rows, first = [], 0
        for form in self.parts.values():
            rows.append((form.compiled, first, 1 + len(form.parameters)))
            first += rows[-1][2]
        return np.array(rows, dtype=np.int64).reshape(-1, 3)

    @cached_property
    def _alike(self) -> list[tuple[Form, NDArray[np.int64]]]:
        """Each form that occurs, with the first parameters of the parts that have it, (n_parts,)."""
        places_of: dict[int, tuple[Form, list[int]]] = {}
        for first, form in zip(self.layout[:, 1], self.parts.values(), strict=True):
            places_of.setdefault(id(form), (form, []))[1].append(int(first))
        return [(form, np.array(places, dtype=np.int64)) for form, places in places_of.values()]

    @cached_property
    def is_linear(self) -> NDArray[np.bool_]:
        """Amplitudes and baseline, (n_full,)."""
        linear = np.zeros(len(self.names), dtype=np.bool_)
        linear[self.layout[:, 1]] = True
        linear[len(self.names) - self.baseline_terms :] = True
        return linear

    @cached_property
    def _linear(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.is_linear)

    @cached_property
    def free_is_linear(self) -> NDArray[np.bool_]:
        """As `is_linear`, of the free parameters, (n_free,)."""
        return np.array([self.is_linear[self.index(n)] for n in self.free_names], dtype=np.bool_)

    @cached_property
    def free_linear(self) -> NDArray[np.int64]:
        """Which of the free parameters are linear, (n_linear,)."""
        return np.flatnonzero(self.free_is_linear)

    @property
    def has_compiled(self) -> bool:
        """Whether every form has a compiled text."""
        return all(f.compiled >= 0 for f in self.parts.values())

    # ---- values -----------------------------------------------------------------------------------

    @cached_property
    def constant(self) -> FloatArray:
        """The fixed values at their places, zeros elsewhere, (n_full,)."""
        return np.array([self.fixed.get(n, 0.0) for n in self.names])

    def full(self, free: FloatArray) -> FloatArray:
        """Return all parameters (…, n_full) for the free ones (…, n_free)."""
        full = np.broadcast_to(self.constant, (*free.shape[:-1], len(self.names))).copy()
        moved = self.free_of >= 0
        full[..., moved] = free[..., self.free_of[moved]]
        return full

    def limits(self, given: Mapping[str, tuple[float, float]] | None = None) -> tuple[FloatArray, FloatArray]:
        """Return lower and upper bounds of the free parameters, (n_free,): those given within those of the forms.

        given: name -> (low, high); "*.fwhm" means that of every part. Raises InputError.
        """
        bounds = dict.fromkeys(self.names, (-np.inf, np.inf))
        for part, form in self.parts.items():
            bounds |= {f"{part}.{p}": limits for p, limits in form.limits.items()}
        for name, (low, high) in (given or {}).items():
            for n in self._matching(name):
                bounds[n] = (max(low, bounds[n][0]), min(high, bounds[n][1]))
                if not bounds[n][0] < bounds[n][1]:
                    raise InputError(n, f"must have a lower bound below the upper one, got {low:g} and {high:g}.")
        of_free = np.array([bounds[n] for n in self.free_names], dtype=np.float64).reshape(-1, 2)
        return of_free[:, 0].copy(), of_free[:, 1].copy()

    def _matching(self, name: str) -> Sequence[str]:
        if not name.startswith("*."):
            return [self.names[self.index(name)]]
        matching = [n for n in self.names if n.endswith(name[1:])]
        if not matching:
            raise InputError(name, f"matches no parameter of this sum; it has {', '.join(self.names)}.")
        return matching

    def start(self, given: Mapping[str, float]) -> FloatArray:
        """Return starting values of the free parameters (n_free,); linear ones left out are 0 (they are solved for).

        Raises InputError for a nonlinear parameter without a value.
        """
        for name in given:
            self.index(name)
        usual = {f"{n}.{p}": v for n, f in self.parts.items() for p, v in f.starts.items()}
        values = []
        for name, linear in zip(self.free_names, self.free_is_linear, strict=True):
            value = given.get(name, usual.get(name, 0.0 if linear else None))
            if value is None:
                raise InputError(name, "needs a value to start from.")
            values.append(float(value))
        return np.array(values, dtype=np.float64)

    # ---- curves -----------------------------------------------------------------------------------

    def rows(self, x: FloatArray, full: FloatArray) -> FloatArray:
        """Return what each parameter multiplies or moves, (n_full, n_items, n_points), for full (n_items, n_full).

        At an amplitude the unit curve of its part, at the part's other parameters its derivatives, then the baseline.
        """
        rows = np.empty((len(self.names), len(full), len(x)))
        if len(full) == 1:  # parts of one form are then what items are else
            for form, first in self._alike:
                stacked = form.stacked(x, *(full[0, first + k, None] for k in range(1, 1 + len(form.parameters))))
                for k, row in enumerate(stacked):
                    rows[first + k, 0] = row
        else:
            for (_, place, n), form in zip(self.layout, self.parts.values(), strict=True):
                values = [full[:, k, None] for k in range(place + 1, place + n)]
                rows[place : place + n] = form.stacked(x, *values)
        if self.baseline_terms:
            rows[-self.baseline_terms :] = self.baseline(x, self.baseline_terms)[:, None]
        return rows

    def basis(self, rows: FloatArray) -> FloatArray:
        """Return what the free linear parameters multiply, (n_items, n_linear, n_points), of `rows`."""
        basis = np.zeros((rows.shape[1], len(self.free_linear), rows.shape[2]))
        for k in self._linear[self.free_of[self._linear] >= 0]:
            basis[:, np.searchsorted(self.free_linear, self.free_of[k])] += rows[k]
        return basis

    def unmoved(self, rows: FloatArray, full: FloatArray) -> FloatArray:
        """Return the curves of the linear parameters that are fixed, (n_items, n_points)."""
        fixed = self._linear[self.free_of[self._linear] < 0]
        return np.asarray(np.einsum("ik,kip->ip", full[:, fixed], rows[fixed]))

    def add_linear_slopes(self, slopes: FloatArray, rows: FloatArray, weight: FloatArray | float = 1.0) -> None:
        """Add, in place, the derivatives of the curves by the free linear parameters to (n_items, n_free, n_points).

        weight: (n_items, n_points) or what broadcasts against it.
        """
        for k in self._linear[self.free_of[self._linear] >= 0]:
            slopes[:, self.free_of[k]] += rows[k] * weight

    def add_nonlinear_slopes(
        self, slopes: FloatArray, rows: FloatArray, full: FloatArray, weight: FloatArray | float = 1.0
    ) -> None:
        """As `add_linear_slopes`, by the others."""
        for _, first, n in self.layout:
            for k in range(first + 1, first + n):
                if self.free_of[k] >= 0:
                    slopes[:, self.free_of[k]] += full[:, first, None] * rows[k] * weight

    def slopes(self, rows: FloatArray, full: FloatArray) -> FloatArray:
        """Return the derivatives of the curves by the free parameters, (n_items, n_free, n_points), of `rows`."""
        slopes = np.zeros((rows.shape[1], len(self.free_names), rows.shape[2]))
        self.add_linear_slopes(slopes, rows)
        self.add_nonlinear_slopes(slopes, rows, full)
        return slopes

    def curve(self, x: FloatArray, free: FloatArray) -> FloatArray:
        """Return the curves (n_items, n_points) of free parameters (n_items, n_free)."""
        full = self.full(np.atleast_2d(free))
        return self.curve_of(self.rows(x, full), full)

    def curve_of(self, rows: FloatArray, full: FloatArray) -> FloatArray:
        """Return the curves (n_items, n_points) of all parameters (n_items, n_full) and their `rows`."""
        return np.asarray(np.einsum("ik,kip->ip", full[:, self._linear], rows[self._linear]))

    def components(self, x: FloatArray, free: FloatArray) -> dict[str, FloatArray]:
        """Return name -> (n_items, n_points), each part with its amplitude, and "baseline"."""
        full = self.full(np.atleast_2d(free))
        rows = self.rows(x, full)
        curves = {
            n: full[:, first, None] * rows[first] for n, (_, first, _) in zip(self.parts, self.layout, strict=True)
        }
        if self.baseline_terms:
            of = slice(len(self.names) - self.baseline_terms, None)
            curves["baseline"] = np.einsum("ik,kip->ip", full[:, of], rows[of])
        return curves
