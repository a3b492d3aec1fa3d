"""One spectrum or many, fitted by lines that are declared as in a study.

    two = Lines({"low": Line("gaussian", position=1.80, fwhm=0.08), "high": Line("gaussian", position=1.92, fwhm=0.08)})
    fit = fit_spectra(two, energy, spectra, shape=(100, 100))
    fit["low.position"], fit.stderr("low.position"), fit.flagged

Every spectrum is a fit of its own, from where the lines say that fits begin (`spectra.batch`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanocrystal.data.arrays import number_array
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.measurement.nmr.lines import Line
from nanocrystal.measurement.summed import form_named
from nanocrystal.parameters import Declares, Number, Parameter
from nanocrystal.parameters.address import full_address
from nanocrystal.parameters.number import came
from nanocrystal.spectra import LINES, Form, SumOfForms
from nanocrystal.spectra.batch import BatchFit, BatchOptions, fit_batch

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Lines(Declares):
    """Named lines on a baseline of Chebyshev polynomials, for `fit_spectra`.

    A number of a line is where each fit begins, vary(1.80, 1.7, 1.9) has bounds, fixed(0.08) is kept, tied("low.fwhm")
    is the same as another one; areas and the baseline need no start.

    Parameters
    ----------
    lines : mapping of str to Line
        By name; positions and widths are in the unit of the abscissa.
    baseline_terms : int
        How many polynomials.

    Raises
    ------
    InputError
        For shapes and numbers that cannot be used.
    """

    lines: Mapping[str, Line] = field(default_factory=dict)
    baseline_terms: Annotated[int, "how many Chebyshev polynomials"] = 1

    def __post_init__(self) -> None:
        if not self.lines:
            raise InputError("Lines.lines", f"must be lines by name, got {came(self.lines)}.")
        _ = self.sum

    @cached_property
    def sum(self) -> SumOfForms:
        """The sum of the lines, with what is tied and fixed."""
        numbers = self._numbers.items()
        same = {n: _other(n, p) for n, p in numbers if isinstance(p, Parameter) and p.tie is not None}
        fixed = {n: _value(p) for n, p in numbers if isinstance(p, Parameter) and p.tie is None and not p.vary}
        return SumOfForms(self._forms, self.baseline_terms, same, fixed)

    @property
    def start(self) -> dict[str, float]:
        """Where fits begin, by name."""
        return {n: _value(p) for n, p in self._numbers.items() if n not in self.sum.same and n not in self.sum.fixed}

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Lower and upper bounds of what has any, by name."""
        given = {n: p for n, p in self._numbers.items() if isinstance(p, Parameter) and p.vary}
        return {
            n: (-np.inf if p.min is None else p.min, np.inf if p.max is None else p.max)
            for n, p in given.items()
            if p.min is not None or p.max is not None
        }

    @property
    def _forms(self) -> dict[str, Form]:
        return {n: form_named(line.shape, LINES, f"Lines.{n}.shape") for n, line in self.lines.items()}

    @cached_property
    def _numbers(self) -> dict[str, Number]:
        """All numbers that the lines state, by name; raises InputError for those that a shape has not."""
        found: dict[str, Number] = {}
        for name, form in self._forms.items():
            known = (form.amplitude, *form.parameters)
            for key, number in self.lines[name].given().items():
                if number is not None and key not in known:
                    problem = f"is no parameter of a {form.name}; {nearest_names(key, known)}"
                    raise InputError(f"Lines.{name}.{key}", problem)
                if number is not None:
                    found[f"{name}.{key}"] = number
            for key in form.parameters:
                if f"{name}.{key}" not in found and key not in form.starts:
                    raise InputError(f"Lines.{name}.{key}", "is missing: say where fits begin, in the unit of x.")
        return found


def _value(number: Number) -> float:
    value = number.value if isinstance(number, Parameter) else number
    assert value is not None
    return float(value)


def _other(name: str, parameter: Parameter) -> str:
    """Return the parameter that one is tied to; raises InputError for arithmetic, which batches do not know."""
    assert parameter.tie is not None
    if parameter.tie.text not in parameter.tie.addresses:
        problem = f"{parameter.tie.text!r} is more than another parameter; here one can only be the same as another."
        raise InputError(f"Lines.{name}", problem)
    return parameter.tie.text


@dataclass(frozen=True, kw_only=True)
class SpectraFit:
    """Fits of many spectra, each array in the shape of their map.

    Parameters
    ----------
    batch : BatchFit
        The fits as the engine returns them, in one row.
    shape : tuple of int
        Of the map; () of one spectrum.
    """

    batch: BatchFit
    shape: tuple[int, ...]

    def __getitem__(self, name: str) -> FloatArray:
        """Return the values of a parameter such as "low.position"; raises InputError that names the nearest."""
        return self.batch[self._name(name)].reshape(self.shape)

    def stderr(self, name: str) -> FloatArray:
        """Return standard errors: 0 of fixed parameters, infinite where nothing is determined.

        Without sigma those that make χ²_red 1.
        """
        return self.batch.stderr(self._name(name)).reshape(self.shape)

    def _name(self, name: str) -> str:
        return full_address(name, self.names)

    @property
    def names(self) -> Sequence[str]:
        """The parameters: those of each line, its area first, and of the baseline, c0, c1, …"""
        return self.batch.sum.names

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Which fits did not converge."""
        return self.batch.flagged.reshape(self.shape)

    @property
    def chi2_red(self) -> FloatArray:
        """χ² over points less parameters."""
        return self.batch.chi2_red.reshape(self.shape)

    def curves(self) -> FloatArray:
        """Return the fitted curves, the points along the last axis."""
        return self.batch.curves().reshape(*self.shape, len(self.batch.x))

    def words(self) -> str:
        """Return one sentence on how many fits are in which state."""
        return self.batch.words()


def fit_spectra(
    lines: Lines,
    x: ArrayLike,
    spectra: ArrayLike,
    *,
    sigma: ArrayLike | None = None,
    shape: tuple[int, ...] | None = None,
    options: BatchOptions | None = None,
) -> SpectraFit:
    """Fit lines to each of the spectra.

        fit = fit_spectra(two, energy, spectra, shape=(100, 100))
        fit["low.position"], fit.stderr("low.position")

    Parameters
    ----------
    lines : Lines
        Where fits begin.
    x : array (n_points,)
        Abscissa, in the unit of positions and widths.
    spectra : array (…, n_points)
        One, or many; points that are not finite are left out.
    sigma : array that broadcasts against the spectra, optional
        Standard deviations; points without one above 0 are left out.
    shape : tuple of int, optional
        Of the arrays that come back [that of the spectra]; in maps of two axes neighbours help each other.
    options : BatchOptions, optional
        Likelihood ("poisson" for counts), further bounds, reach, engine, threads.

    Returns
    -------
    SpectraFit
        Values and standard errors by name, in the shape of the map.

    Raises
    ------
    InputError
        For arrays, names and numbers that cannot be used.
    """
    abscissa, y = number_array(x, "x"), number_array(spectra, "spectra")
    if abscissa.ndim != 1 or y.ndim < 1 or y.shape[-1] != len(abscissa):
        raise InputError("spectra", f"must have the shape (…, {abscissa.size}) of x, got {y.shape}.")
    items = y.shape[:-1] if shape is None else tuple(shape)
    n_items = int(np.prod(y.shape[:-1]))
    if int(np.prod(items)) != n_items:
        raise InputError("shape", f"{items} is of {int(np.prod(items))} spectra, but there are {n_items}.")
    deviation = None if sigma is None else number_array(sigma, "sigma")
    if deviation is not None and deviation.ndim > 1:
        deviation = deviation.reshape(-1, deviation.shape[-1])
    options = options or BatchOptions()
    options = replace(options, bounds={**lines.bounds, **(options.bounds or {})})
    if len(items) == 2:
        options = replace(options, shape=(items[0], items[1]))
    rows = y.reshape(n_items, len(abscissa))
    batch = fit_batch(lines.sum, abscissa, rows, lines.start, sigma=deviation, options=options)
    return SpectraFit(batch=batch, shape=items)
