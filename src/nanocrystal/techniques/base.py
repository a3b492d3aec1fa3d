"""What a technique is to the rest of the house: a description that binds to a sample as a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Evaluation, Parameter, Quantity

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """The name and unit of an abscissa or ordinate, as printed and as written to files."""

    name: str
    unit: str


@dataclass(frozen=True)
class Measured:
    """The points that are compared; arrays (n_points,). observed None: nothing was measured, simulate.

    weights: one sentence on where the weights come from; notes: what was done to the file's data; labels: names of
    the points, (n_points,), where they are no curve: x then only counts them, and each is a measurement of its own.
    """

    x: FloatArray
    observed: FloatArray | None
    sigma: FloatArray | None
    weights: str
    source: str
    sha256: str | None
    notes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """A calculated curve on a finer grid than the data, for figures; arrays (n,).

    components: contributions to it, by the names that `Model.components` gives them.
    """

    x: FloatArray
    observed: FloatArray | None
    calculated: FloatArray
    components: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True)
class Stretch:
    """One of several curves in a data set: its points are start to stop (not included), of the drawing fine_…

    label: what stands beside it in a figure, the name where it is empty.
    """

    name: str
    start: int
    stop: int
    fine_start: int = 0
    fine_stop: int = 0
    label: str = ""


@dataclass(frozen=True)
class Stack:
    """A data set of several curves that follow each other.

    style: how figures show them, "offset" (one above the other) or "decays" (each over its beginning, logarithmic).
    """

    style: str
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class Trend:
    """Quantities of the members of a stack against what was changed from one to the next, for a figure and a CSV.

    x: (n,) with names (n,); series: name -> addresses of derived quantities (n,); factor: from their unit to that of
    y_axis.
    """

    caption: str
    x_axis: Axis
    y_axis: Axis
    names: tuple[str, ...]
    x: tuple[float, ...]
    series: Mapping[str, tuple[str, ...]]
    factor: float = 1.0
    y_log: bool = False
    x_reversed: bool = False


class Model(Protocol):
    """A data set bound to a sample: what was measured and how to calculate it.

    linear: the addresses of the linear parameters, in the order of the rows of `curves`.
    """

    technique: str
    x_axis: Axis
    y_axis: Axis
    measured: Measured
    linear: tuple[str, ...]
    requirement: Any

    def curves(self, evaluation: Evaluation) -> FloatArray:
        """Return Φ (n_linear, n_points): the calculated curve is Σ_k c_k Φ_k."""

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, FloatArray]:
        """Return dΦ/d(address) (n_linear, n_points) for those of `addresses` that the model derives exactly.

        The others are differenced by the refinement.
        """

    def background_rows(self) -> tuple[int, ...]:
        """Return which rows of Φ are background rather than sample."""

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        """Return contributions to the calculated curve by name, (n_points,) each, linear parameters applied."""

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        """Return sentences on what is unusual about the calculation at these values."""

    def drawing(self, evaluation: Evaluation) -> Drawing | None:
        """Return a finer curve for figures, or None."""

    def simulated(self, calculated: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Return the curve with the noise that the study asks for, and its σ (None without noise)."""

    def methods(self) -> tuple[str, ...]:
        """Return paragraphs that say what was computed and how, with references."""


class Technique(Protocol):
    """The description of a data set, as written in a study; one dataclass a technique.

    quantities: the refinable numbers it declares; linear: those of them that are linear, left to
    the fit unless given.
    """

    name: ClassVar[str]
    quantities: ClassVar[Mapping[str, Quantity]]
    linear: ClassVar[tuple[str, ...]]

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""

    def bind(self, name: str, sample: Any, folder: Path) -> Model:
        """Read the data and return the model; raises InputError where either cannot be used."""


@dataclass(frozen=True)
class Noise:
    """Noise for a simulated curve: `counts` at the highest point of counted data, or `sigma` elsewhere."""

    counts: float | None = None
    sigma: float | None = None
    seed: int = 0


def grid_from_text(text: str, where: str) -> FloatArray:
    """Return the points of 'start:stop:step', both ends included; raises InputError."""
    from nanocrystal.errors import InputError

    parts = text.split(":")
    try:
        start, stop, step = (float(p) for p in parts)
    except ValueError:
        raise InputError(where, f"expected START:STOP:STEP, for instance 0.5:20:0.01, got {text!r}.") from None
    if not (np.isfinite([start, stop, step]).all() and step > 0.0 and stop > start):
        raise InputError(where, f"needs START < STOP and a positive STEP, got {text!r}.")
    n_points = int(np.floor((stop - start) / step + 1e-6)) + 1
    if not 2 <= n_points <= 10_000_000:
        raise InputError(where, f"would have {n_points} points; between 2 and 10,000,000 are possible.")
    return np.asarray(start + step * np.arange(n_points), dtype=np.float64)


def local_parameters(
    quantities: Mapping[str, Quantity], linear: tuple[str, ...], given: Mapping[str, Any]
) -> dict[str, tuple[Quantity, Parameter]]:
    """Return declared parameters of a data set from the numbers given (None: default, or left to the fit)."""
    from nanocrystal.parameters import as_parameter

    entries: dict[str, tuple[Quantity, Parameter]] = {}
    for name, quantity in quantities.items():
        number = given.get(name)
        if number is not None:
            entries[name] = (quantity, as_parameter(number))
        elif name in linear:
            entries[name] = (quantity, Parameter(None, linear=True))
        else:
            entries[name] = (quantity, Parameter(quantity.default))
    return entries
