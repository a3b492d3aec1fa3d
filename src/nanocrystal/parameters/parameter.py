"""One refinable number: declared once by its owner, given a value by the user."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from nanocrystal.errors import InputError
from nanocrystal.parameters.claim import Claim
from nanocrystal.parameters.difference import step_of
from nanocrystal.parameters.expression import Expression, parse_expression
from nanocrystal.parameters.meaning import UNSAID, Meaning
from nanocrystal.parameters.number import came, real_number


@dataclass(frozen=True)
class Quantity:
    """The declaration of a number: what it is, in which unit, and within what it must lie.

    minimum and maximum are hard limits; open_minimum says that the minimum itself is excluded.
    default None: must be given (or comes from a file). scale: a change that matters, from which
    steps of differences are taken where the value itself is no measure. start_spread: by which part
    of itself a value may be off at the start of a refinement (for drawing further starting points); start_factors: by
    which factors instead; start_anywhere: it may be anywhere within its bounds, where it has two. meaning: which
    quantity it is, and in words exactly which one. claim: what is said by leaving it out.
    """

    name: str
    unit: str
    description: str
    default: float | None = None
    minimum: float = -math.inf
    maximum: float = math.inf
    open_minimum: bool = False
    scale: float = 1.0
    start_spread: float = 0.1
    start_factors: tuple[float, float] | None = None
    start_anywhere: bool = False
    meaning: Meaning = UNSAID
    claim: Claim | None = None

    def more(self, *phrases: str) -> Quantity:
        """Return the declaration with more said of its meaning."""
        return replace(self, meaning=self.meaning.more(*phrases))

    def step(self, value: float) -> float:
        """Return the step of a difference at a value, a part of it or, where it says nothing, of the scale."""
        return step_of(value, self.scale if value == 0.0 else 1e-3 * self.scale)

    def check(self, value: float, where: str) -> None:
        """Raise InputError unless `value` is a number within the hard limits."""
        too_low = value <= self.minimum if self.open_minimum else value < self.minimum
        if math.isfinite(value) and not too_low and value <= self.maximum:
            return
        raise InputError(where, f"must be {self.range_words()}, got {value:g}.")

    def range_words(self) -> str:
        """Return the permitted range in words, with the unit."""
        unit = f" {self.unit}" if self.unit else ""
        low = f"above {self.minimum:g}" if self.open_minimum else f"at least {self.minimum:g}"
        if math.isfinite(self.minimum) and math.isfinite(self.maximum):
            return f"a number {low} and at most {self.maximum:g}{unit}"
        if math.isfinite(self.minimum):
            return f"a number {low}{unit}"
        if math.isfinite(self.maximum):
            return f"a number at most {self.maximum:g}{unit}"
        return f"a finite number{f' (unit:{unit})' if unit else ''}"


@dataclass(frozen=True)
class Parameter:
    """A number with its freedom: fixed, varied within bounds, tied, or linear (left to the fit).

    `vary`, `fixed` and `tied` make one.

    Parameters
    ----------
    value : float or None
        The value, in the unit of what it is used for, or where a refinement starts; None where it is tied or linear.
    vary : bool
        Whether the refinement may change it.
    min, max : float or None
        Bounds of a parameter that varies, within the hard limits of its declaration.
    tie : Expression or None
        Arithmetic on other parameters that it follows.
    linear : bool
        Without a value: whether it is free and eliminated exactly at each step, as scales and backgrounds are.
    left_out : bool
        Whether no one stated it, so that its value is a default, or that of a file.
    """

    value: float | None
    vary: bool = False
    min: float | None = None
    max: float | None = None
    tie: Expression | None = None
    linear: bool = False
    left_out: bool = False

    def __post_init__(self) -> None:
        """Raise InputError for what is no number; whether it is a possible one, its declaration says (`checked`)."""
        for name in ("value", "min", "max"):
            number = getattr(self, name)
            if number is not None and type(number) is not float:
                object.__setattr__(self, name, real_number(number, f"Parameter.{name}"))

    def checked(self, quantity: Quantity, where: str) -> Parameter:
        """Return the parameter with bounds inside the hard limits of its declaration.

        Raises InputError for a value, bound or combination that cannot be meant.
        """
        for name, bound in (("min", self.min), ("max", self.max)):
            if bound is None:
                continue
            if math.isnan(bound):
                raise InputError(f"{where}.{name}", "must be a number, got nan.")
            if math.isfinite(bound) and not quantity.minimum <= bound <= quantity.maximum:
                raise InputError(f"{where}.{name}", f"must be {quantity.range_words()}, got {bound:g}.")
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise InputError(where, f"min must be below max, got min = {self.min:g} and max = {self.max:g}.")
        if self.value is None:
            return self
        quantity.check(self.value, where)
        low, high = self.bounds(quantity)
        if self.vary and not low <= self.value <= high:
            side = f"below its min, {low:g}" if self.value < low else f"above its max, {high:g}"
            raise InputError(where, f"the value {self.value:g} is {side}; start within the bounds.")
        return self

    def bounds(self, quantity: Quantity) -> tuple[float, float]:
        """Return the bounds in force: those of the user within the hard limits."""
        low = quantity.minimum
        if quantity.open_minimum and math.isfinite(low):
            low += 1e-9 * quantity.scale
        return max(low, -math.inf if self.min is None else self.min), min(
            quantity.maximum, math.inf if self.max is None else self.max
        )

    def at(self, value: float) -> Parameter:
        """Return the same parameter with another value."""
        return replace(self, value=value)


Number = float | int | Parameter


def vary(value: float, min: float | None = None, max: float | None = None) -> Parameter:
    """Return a parameter that the refinement varies.

    Parameters
    ----------
    value : float
        Where the refinement starts, in the unit of what it is used for.
    min, max : float, optional
        Bounds, in the same unit [the hard limits of the parameter].

    Returns
    -------
    Parameter
        Free within its bounds.

    Raises
    ------
    InputError
        For what is no number.
    """
    low, high = (None if b is None else real_number(b, f"vary({n})") for n, b in (("min", min), ("max", max)))
    return Parameter(float(real_number(value, "vary(value)")), vary=True, min=low, max=high)


def fixed(value: float) -> Parameter:
    """Return a parameter that keeps its value, as a plain number does.

    Parameters
    ----------
    value : float
        The value, in the unit of what it is used for.

    Returns
    -------
    Parameter
        Held at the value.

    Raises
    ------
    InputError
        For what is no number.
    """
    return Parameter(float(real_number(value, "fixed(value)")))


def tied(expression: str, where: str = "tie") -> Parameter:
    """Return a parameter that follows others.

    Parameters
    ----------
    expression : str
        Arithmetic on the addresses of other parameters, such as "2 * crystals.pt.u_iso.Pt".
    where : str, optional
        What messages call the expression.

    Returns
    -------
    Parameter
        Whose value is that of the expression.

    Raises
    ------
    InputError
        For an expression that is no arithmetic.
    """
    if not isinstance(expression, str):
        raise InputError("tied(expression)", f"must be arithmetic on addresses, as text, got {came(expression)}.")
    return Parameter(None, tie=parse_expression(expression, where))


def as_parameter(number: Number) -> Parameter:
    """Return a parameter for a number as users write it: a bare one is fixed."""
    return number if isinstance(number, Parameter) else Parameter(float(number))
