"""What curves that are sums of named parts share: lines of a spectrum, decays of a series; no sample is needed.

A technique states its `SumOfForms` and where the parameters of that stand (`Member`), binds as a `SummedModel`, and is
done: amplitudes and background are linear, derivatives exact, every part is a component of the report. A data set is
one curve, or several that follow each other in `measured`: the spectra of a titration, the lines of a diffusion series.
Each has its own amplitudes and background; positions, widths or coefficients may be common to all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.kernels.polynomials import chebyshev
from nanocrystal.measurement.contract import Model
from nanocrystal.measurement.counted import background_assumption, with_noise
from nanocrystal.measurement.curve import Axis, Drawing, Look, Measured, Noise, Stack, Stretch, Trend
from nanocrystal.parameters import Assumption, Evaluation, Here, Number, Parameter, Quantity, Values, as_parameter
from nanocrystal.spectra import Form, SumOfForms

FloatArray = NDArray[np.float64]
FINER = 5
"""times as many points as the data, in the drawing of a curve"""
FEWEST_DRAWN = 300
"""points of which a curve of few points is drawn"""
MOST_DRAWN = 3000
SHOWN = Look(components_shown=True)
SPECTRA = Look(x_reversed=True, components_shown=True)


@dataclass(frozen=True, kw_only=True)
class Member:
    """One curve: its points, the sum that is compared with them, and where the parameters of the sum stand.

    addresses: parameter of the sum -> address in the study, of all that are neither tied nor fixed in the sum; factors:
    what a value of the study is multiplied with to be in the unit of the abscissa, by parameter of a form, 1 where it
    is left out; blanks: address of the scale -> curve at the points, (n_points,); label: in figures, the name if empty.
    """

    name: str
    measured: Measured
    sum: SumOfForms
    addresses: Mapping[str, str]
    factors: Mapping[str, float] = field(default_factory=dict)
    blanks: Mapping[str, FloatArray] = field(default_factory=dict)
    label: str = ""

    @cached_property
    def linear(self) -> tuple[str, ...]:
        """Addresses of amplitudes, baseline and scales of blanks."""
        names = self.sum.free_names
        return (*(self.addresses[names[k]] for k in self.sum.free_linear), *self.blanks)

    @cached_property
    def moved(self) -> dict[str, tuple[str, ...]]:
        """Part -> addresses of the parameters of its form, in its order."""
        return {
            n: tuple(self.addresses[self.sum.standing_for(f"{n}.{p}")] for p in form.parameters)
            for n, form in self.sum.parts.items()
        }

    @cached_property
    def rows(self) -> dict[str, int]:
        """Part -> which of `linear` is its amplitude."""
        names = {n: self.sum.standing_for(f"{n}.{form.amplitude}") for n, form in self.sum.parts.items()}
        return {n: self.linear.index(self.addresses[name]) for n, name in names.items()}

    def stacked(self, part: str, x: FloatArray, values: Values) -> FloatArray:
        """Return the unit curve of a part and its derivatives by the values of the study, (1 + n_parameters, n)."""
        form = self.sum.parts[part]
        factors = [self.factors.get(p, 1.0) for p in form.parameters]
        arguments = [values[a] * f for a, f in zip(self.moved[part], factors, strict=True)]
        return np.asarray(form.stacked(x, *arguments) * np.array([1.0, *factors])[:, None])

    def background(self, x: FloatArray) -> FloatArray:
        """Return the curves of the baseline and the blanks at x, (n_background, n)."""
        blanks = [np.interp(x, self.measured.x, y) for y in self.blanks.values()]
        return np.array([*self.sum.baseline(x, self.sum.baseline_terms), *blanks]).reshape(-1, len(x))

    @property
    def background_rows(self) -> range:
        """Which of `linear` are background."""
        return range(len(self.linear) - self.sum.baseline_terms - len(self.blanks), len(self.linear))

    def curve(self, x: FloatArray, values: Values) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Return the calculated curve (n,) and its parts at any x."""
        amplitudes = {n: values[self.linear[row]] for n, row in self.rows.items()}
        components = {n: amplitudes[n] * self.stacked(n, x, values)[0] for n in self.sum.parts}
        background = np.array([values[self.linear[k]] for k in self.background_rows])
        return np.asarray(sum(components.values()) + background @ self.background(x)), components


Derived = Callable[[Here], dict[str, Any]]
"""from the values at the place of a data set to quantities by full address"""


def _part(values: FloatArray | None, place: slice) -> FloatArray | None:
    return None if values is None else values[place]


OF_SUM = ("members", "method", "style", "noise", "derived_of", "remarks_of", "shown", "terms", "assumed")


@dataclass(frozen=True, kw_only=True)
class SummedModel(Model, own=OF_SUM):
    """Members with linear parameters of their own and nonlinear ones that several may have in common."""

    technique: str
    where: str
    x_axis: Axis
    y_axis: Axis
    members: tuple[Member, ...]
    method: str
    style: str | None = None
    """how figures show the members, see `Stack`; None: one curve"""
    noise: Noise | None = None
    derived_of: Derived = field(default=lambda here: {})
    remarks_of: Callable[[Here], tuple[str, ...]] = field(default=lambda here: ())
    trends: tuple[Trend, ...] = ()
    shown: Look = SHOWN
    """the stack aside"""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """file -> SHA-256"""
    terms: tuple[int, int] | None = None
    """how many polynomials the background has by default, and how many more tell what rests on it; None: none do"""
    assumed: tuple[Assumption, ...] = ()
    """what a technique takes as given beside numbers that are left out"""

    @cached_property
    def measured(self) -> Measured:
        """The points of all members, one after the other."""
        if self.style is None:
            return self.members[0].measured
        return joined([m.measured for m in self.members], self.where)

    def parts(self) -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        names = dict.fromkeys(n for m in self.members for n in m.rows)
        having = {n: [m for m in self.members if n in m.rows] for n in names}
        return {
            f"{self.where}.{n}": (
                tuple(m.linear[m.rows[n]] for m in members),
                tuple({a: None for m in members for a in m.moved[n]}),
            )
            for n, members in having.items()
        }

    def with_measured(self, measured: Measured) -> SummedModel:
        """Return the model with other measured values at the same points, shared out to its members."""
        members = tuple(
            replace(
                m, measured=replace(m.measured, observed=_part(measured.observed, s), sigma=_part(measured.sigma, s))
            )
            for m, (_, s) in zip(self.members, self._places, strict=True)
        )
        return replace(self, members=members)

    @cached_property
    def linear(self) -> tuple[str, ...]:
        return tuple(a for m in self.members for a in m.linear)

    @property
    def derived_from(self) -> tuple[str, ...]:
        return tuple(a for m in self.members for a in m.linear[: m.background_rows.start])

    @cached_property
    def _places(self) -> list[tuple[int, slice]]:
        """The first row and the points of each member."""
        rows = np.cumsum([0, *(len(m.linear) for m in self.members)])
        ends = np.cumsum([0, *(len(m.measured.x) for m in self.members)])
        return [(int(r), slice(int(a), int(b))) for r, a, b in zip(rows[:-1], ends[:-1], ends[1:], strict=True)]

    def background_rows(self) -> tuple[int, ...]:
        placed = zip(self.members, self._places, strict=True)
        return tuple(row + k for member, (row, _) in placed for k in member.background_rows)

    def _stacked(self, evaluation: Evaluation, member: Member, part: str) -> FloatArray:
        key = ("part", self.where, member.name, part)
        return evaluation.once(
            key, member.moved[part], lambda: member.stacked(part, member.measured.x, evaluation.values)
        )

    def curves(self, evaluation: Evaluation) -> FloatArray:
        curves = np.zeros((len(self.linear), len(self.measured.x)))
        for member, (first, points) in zip(self.members, self._places, strict=True):
            for part, row in member.rows.items():
                curves[first + row, points] += self._stacked(evaluation, member, part)[0]
            background = member.background_rows
            curves[first + background.start : first + background.stop, points] = member.background(member.measured.x)
        return curves

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, FloatArray]:
        """Return dΦ/d(address) of all nonlinear parameters of the parts."""
        refined, slopes = set(addresses), {}
        for member, (first, points) in zip(self.members, self._places, strict=True):
            for part, row in member.rows.items():
                for j, address in enumerate(member.moved[part], start=1):
                    if address in refined:
                        if address not in slopes:
                            slopes[address] = np.zeros((len(self.linear), len(self.measured.x)))
                        slopes[address][first + row, points] += self._stacked(evaluation, member, part)[j]
        return slopes

    # ---- for the report -----------------------------------------------------------------------

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        components = {part: np.zeros(len(self.measured.x)) for m in self.members for part in m.sum.parts}
        for member, (_, points) in zip(self.members, self._places, strict=True):
            for part, row in member.rows.items():
                amplitude = evaluation.values[member.linear[row]]
                components[part][points] = amplitude * self._stacked(evaluation, member, part)[0]
        return components

    def drawing(self, evaluation: Evaluation) -> Drawing | None:
        """Return the curves between the points, where there are few of them."""
        grids = self._fine_grids
        if grids is None:
            return None
        drawn = [m.curve(x, evaluation.values) for m, x in zip(self.members, grids, strict=True)]
        components = {
            part: np.concatenate([c.get(part, np.zeros(len(x))) for (_, c), x in zip(drawn, grids, strict=True)])
            for part in self._drawn_parts
        }
        return Drawing(np.concatenate(grids), None, np.concatenate([y for y, _ in drawn]), components)

    @property
    def _drawn_parts(self) -> Sequence[str]:
        if self.style is None:
            return tuple(self.members[0].sum.parts)
        return sorted({part for m in self.members for part in m.sum.parts})

    @cached_property
    def _fine_grids(self) -> list[FloatArray] | None:
        if len(self.measured.x) * FINER > MOST_DRAWN:
            return None
        return [_finer(m.measured.x) for m in self.members]

    @cached_property
    def look(self) -> Look:
        """Where each member stands in the points, and in those of the drawing."""
        if self.style is None:
            return self.shown
        lengths = [0] * len(self.members) if self._fine_grids is None else [len(x) for x in self._fine_grids]
        ends = np.cumsum([0, *lengths])
        places = zip(self.members, self._places, ends[:-1], ends[1:], strict=True)
        stretches = (Stretch(m.name, p.start, p.stop, int(a), int(b), m.label) for m, (_, p), a, b in places)
        return replace(self.shown, stack=Stack(self.style, tuple(stretches)))

    def assumptions(self, evaluation: Evaluation) -> tuple[Assumption, ...]:
        """Return that as many polynomials as there are by default describe the background of each member."""
        terms = self.members[0].sum.baseline_terms
        if self.terms is None or self.terms[0] != terms:
            return self.assumed
        more = self.terms[1]
        lacks = np.zeros((more * len(self.members), len(self.measured.x)))
        for k, (m, (_, points)) in enumerate(zip(self.members, self._places, strict=True)):
            lacks[more * k : more * (k + 1), points] = chebyshev(m.measured.x, terms + more)[terms:]
        return (background_assumption(self.where, terms, lacks, more), *self.assumed)

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        return self.remarks_of(evaluation.values.under(self.where))

    def derived(self, values: Values) -> dict[str, Any]:
        """Return quantities that follow from the parameters, by address."""
        return self.derived_of(values.under(self.where))

    def simulated(self, calculated: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Add normal noise of the standard deviation that the study asks for."""
        return with_noise(calculated, self.noise, self.where, self.technique, ("sigma",))

    def methods(self) -> tuple[str, ...]:
        return (self.method,)


def _finer(x: FloatArray) -> FloatArray:
    """Return x with FINER − 1 further points in each of its steps, more of them where x has few."""
    finer = max(FINER, FEWEST_DRAWN // max(1, len(x) - 1))
    return np.interp(np.arange((len(x) - 1) * finer + 1) / finer, np.arange(len(x)), x)


def joined(parts: Sequence[Measured], where: str) -> Measured:
    """Return the points of several curves one after the other; raises InputError where only some have σ."""
    with_sigma = [p for p in parts if p.sigma is not None]
    if with_sigma and len(with_sigma) < len(parts):
        lacking = next(p.source for p in parts if p.sigma is None)
        raise InputError(where, f"has σ for some of its curves only; {lacking} has none: give it to all or to none.")
    observed = [p.observed for p in parts]
    assert all(y is not None for y in observed)
    columns = tuple((p.sha256, p.column) for p in parts if p.sha256 is not None)
    first = replace(
        parts[0], sha256=None, columns=columns, notes=tuple(dict.fromkeys(n for p in parts for n in p.notes))
    )
    return replace(
        first,
        x=np.concatenate([p.x for p in parts]),
        observed=np.concatenate([y for y in observed if y is not None]),
        sigma=np.concatenate([p.sigma for p in with_sigma if p.sigma is not None]) if with_sigma else None,
        source=", ".join(dict.fromkeys(p.source for p in parts)),
    )


# ---- declarations -------------------------------------------------------------------------------


def form_named(name: str, forms: Mapping[str, Form], where: str) -> Form:
    """Return the form of this name; raises InputError that names the nearest ones."""
    if name not in forms:
        raise InputError(where, f"there is no form {name!r}; {nearest_names(name, forms)}")
    return forms[name]


def part_parameters(
    form: Form,
    numbers: Mapping[str, Number | None],
    quantities: Mapping[str, Quantity],
    where: str,
    amplitude: Quantity,
) -> dict[str, tuple[Quantity, Parameter]]:
    """Return declarations and parameters of one part by local name, amplitude first (linear unless given).

    numbers: of the study by name, of all that any form has; where: address of the part, for InputErrors about names
    that this form has not, and about missing ones.
    """
    for name, number in numbers.items():
        if number is not None and name not in (*form.parameters, form.amplitude):
            has = ", ".join((*form.parameters, form.amplitude))
            raise InputError(f"{where}.{name}", f"is no parameter of a {form.name}; it has {has}.")
    number = numbers.get(form.amplitude)
    linear = Parameter(None, linear=True) if number is None else as_parameter(number)
    entries = {form.amplitude: (amplitude, linear)}
    for name in form.parameters:
        number, usual = numbers.get(name), form.starts.get(name)
        if number is None and usual is None:
            unit = quantities[name].unit
            example = f"{name} = {{ value = …, vary = true }}"
            raise InputError(f"{where}.{name}", f"is missing; give {example}{f', in {unit}' if unit else ''}.")
        stated = Parameter(usual, left_out=True) if number is None else as_parameter(number)
        entries[name] = (quantities[name], stated)
    return entries
