"""What curves that are sums of named parts share: lines of a spectrum, decays of a series; no sample is needed.

A technique declares each part by its `Form` (`kernels.lines`, `kernels.decays`), binds as a `SummedModel`, and is done:
amplitudes and background are linear, derivatives exact, every part is a component of the report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.kernels.lines import Form
from nanocrystal.kernels.polynomials import chebyshev
from nanocrystal.measurement import Axis, Drawing, Look, Measured, Model, Noise
from nanocrystal.measurement.counted import with_noise
from nanocrystal.parameters import Evaluation, Here, Number, Parameter, Quantity, Values, as_parameter

FloatArray = NDArray[np.float64]
FINER = 5
"""times as many points as the data, in the drawing of a curve"""
MOST_DRAWN = 3000
SHOWN = Look(components_shown=True)


@dataclass(frozen=True)
class PlacedPart:
    """A part of the sum: its form and where its parameters stand.

    amplitude: the address of the linear factor; addresses: of the form's parameters, in its order; factors: what a
    value of the study is multiplied with to be in the unit of the form's abscissa.
    """

    form: Form
    amplitude: str
    addresses: tuple[str, ...]
    factors: tuple[float, ...]

    def stacked(self, x: FloatArray, values: Values) -> FloatArray:
        """Return the unit curve and its derivatives by the values of the study, (1 + n_parameters, n_points)."""
        given = [values[a] * f for a, f in zip(self.addresses, self.factors, strict=True)]
        rows = self.form.stacked(x, *given)
        return np.asarray(rows * np.array([1.0, *self.factors])[:, None])


Derived = Callable[[Here], dict[str, Any]]
"""from the values at the place of a data set to quantities by full address"""


@dataclass(frozen=True, kw_only=True)
class SummedModel(
    Model, own=("parts", "background_terms", "blanks", "method", "noise", "derived_of", "remarks_of", "abscissa")
):
    """A sum of parts on a background of Chebyshev polynomials and blanks, bound to measured points."""

    technique: str
    where: str
    x_axis: Axis
    y_axis: Axis
    measured: Measured
    parts: Mapping[str, PlacedPart]
    background_terms: int
    method: str
    blanks: Mapping[str, FloatArray] = field(default_factory=dict)
    """at the points, (n_points,) each"""

    noise: Noise | None = None
    derived_of: Derived | None = None
    remarks_of: Callable[[Here], tuple[str, ...]] | None = None
    abscissa: Callable[[FloatArray], FloatArray] = field(default=lambda x: x)
    """from the axis of the data to that of the forms"""

    derived_from: tuple[str, ...] = ()
    """linear parameters that derived quantities follow from"""
    look: Look = SHOWN
    inputs: Mapping[str, str] = field(default_factory=dict)
    """sha256 of further files that were read, by name"""

    @property
    def linear(self) -> tuple[str, ...]:
        own = tuple(p.amplitude for p in self.parts.values())
        background = [f"background.c{k}" for k in range(self.background_terms)]
        background += [f"blanks.{n}.scale" for n in self.blanks]
        return (*own, *(f"{self.where}.{n}" for n in background))

    def background_rows(self) -> tuple[int, ...]:
        return tuple(range(len(self.parts), len(self.linear)))

    def _stacked(self, evaluation: Evaluation, name: str) -> FloatArray:
        part = self.parts[name]
        key = ("part", self.where, name)
        x = self.abscissa(self.measured.x)
        return evaluation.once(key, part.addresses, lambda: part.stacked(x, evaluation.values))

    def curves(self, evaluation: Evaluation) -> FloatArray:
        rows = [self._stacked(evaluation, name)[0] for name in self.parts]
        return np.array([*rows, *self._background(self.measured.x)])

    def _background(self, x: FloatArray) -> list[FloatArray]:
        """Return the curves of the background at x, (n,) each."""
        blanks = (np.interp(x, self.measured.x, y) for y in self.blanks.values())
        return [*chebyshev(x, self.background_terms), *blanks]

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, FloatArray]:
        """Return dΦ/d(address) of all nonlinear parameters of the parts."""
        found: dict[str, FloatArray] = {}
        for row, (name, part) in enumerate(self.parts.items()):
            for k, address in enumerate(part.addresses, start=1):
                if address in addresses:
                    empty = np.zeros((len(self.linear), len(self.measured.x)))
                    found.setdefault(address, empty)[row] += self._stacked(evaluation, name)[k]
        return found

    # ---- for the report -----------------------------------------------------------------------

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        values = evaluation.values
        return {n: values[p.amplitude] * self._stacked(evaluation, n)[0] for n, p in self.parts.items()}

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        return () if self.remarks_of is None else self.remarks_of(evaluation.values.under(self.where))

    def derived(self, values: Values) -> dict[str, Any]:
        """Return quantities that follow from the parameters, by address."""
        return {} if self.derived_of is None else self.derived_of(values.under(self.where))

    def drawing(self, evaluation: Evaluation) -> Drawing | None:
        """Return the curve between the points, where there are few of them."""
        measured, values = self.measured.x, evaluation.values
        if len(measured) * FINER > MOST_DRAWN:
            return None
        x = np.interp(np.arange((len(measured) - 1) * FINER + 1) / FINER, np.arange(len(measured)), measured)
        at = self.abscissa(x)
        components = {n: values[p.amplitude] * p.stacked(at, values)[0] for n, p in self.parts.items()}
        addresses = [self.linear[k] for k in self.background_rows()]
        background = (values[a] * row for a, row in zip(addresses, self._background(x), strict=True))
        return Drawing(x, None, np.asarray(sum(components.values()) + sum(background)), components)

    def simulated(self, calculated: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Add normal noise of the standard deviation that the study asks for."""
        return with_noise(calculated, self.noise, self.where, self.technique, ("sigma",))

    def methods(self) -> tuple[str, ...]:
        return (self.method,)


# ---- declarations -------------------------------------------------------------------------------


def form_named(name: str, forms: Mapping[str, Form], where: str) -> Form:
    """Return the form of this name; raises InputError that names the nearest ones."""
    if name not in forms:
        raise InputError(where, f"there is no form {name!r}; {nearest_names(name, forms)}")
    return forms[name]


def part_parameters(
    form: Form, given: Mapping[str, Number | None], quantities: Mapping[str, Quantity], where: str, amplitude: Quantity
) -> dict[str, tuple[Quantity, Parameter]]:
    """Return declarations and parameters of one part by local name, amplitude first (linear unless given).

    given: numbers by name, of all that any form has; where: address of the part, for InputErrors about names that
    this form has not, and about missing ones.
    """
    for name, number in given.items():
        if number is not None and name not in (*form.parameters, form.amplitude):
            has = ", ".join((*form.parameters, form.amplitude))
            raise InputError(f"{where}.{name}", f"is no parameter of a {form.name}; it has {has}.")
    number = given.get(form.amplitude)
    linear = Parameter(None, linear=True) if number is None else as_parameter(number)
    entries = {form.amplitude: (amplitude, linear)}
    for name in form.parameters:
        number, usual = given.get(name), form.starts.get(name)
        if number is None and usual is None:
            unit = quantities[name].unit
            example = f"{name} = {{ value = …, vary = true }}"
            raise InputError(f"{where}.{name}", f"is missing; give {example}{f', in {unit}' if unit else ''}.")
        entries[name] = (quantities[name], Parameter(usual) if number is None else as_parameter(number))
    return entries
