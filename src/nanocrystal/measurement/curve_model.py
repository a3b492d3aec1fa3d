"""A curve beside its background: what models of one curve share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.polynomials import chebyshev
from nanocrystal.measurement.contract import Model
from nanocrystal.measurement.counted import background_assumption, with_noise
from nanocrystal.measurement.counts import CountedBlank, signed_counts, with_counted_blanks
from nanocrystal.measurement.curve import Measured
from nanocrystal.parameters import Assumption, Evaluation

FloatArray = NDArray[np.float64]


MORE_TERMS = 2
"""by which a background is longer that shall tell what rests on it"""


@dataclass(frozen=True, kw_only=True)
class CurveModel(Model, own=("settings", "blanks", "called", "terms", "signals", "signal", "beside", "counted_blanks")):
    """One curve bound to a sample: its signal, and beside it polynomials, blanks and what else a technique adds.

    settings: the technique; blanks: at the points, (n_points,) each; counted_blanks: those of them that were counted.
    """

    settings: Any
    where: str
    measured: Measured
    blanks: Mapping[str, FloatArray]
    counted_blanks: Mapping[str, CountedBlank] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """The curve in words, for messages."""
        return f"the {self.technique} curve"

    @property
    def terms(self) -> int:
        """How many Chebyshev polynomials the background has."""
        return 0

    @property
    def signals(self) -> tuple[str, ...]:
        """Local names of the linear parameters of the rows of `signal`."""
        return ("scale",)

    @abstractmethod
    def signal(self, evaluation: Evaluation) -> FloatArray:
        """Return the curves of what is measured without its background, (n_signals, n_points)."""

    def assumptions(self, evaluation: Evaluation) -> tuple[Assumption, ...]:
        """Return that as many polynomials as there are by default describe the background."""
        terms = type(self.settings).__dataclass_fields__.get("background_terms")
        if terms is None or self.terms != terms.default:
            return ()
        lacks = chebyshev(self.measured.x, self.terms + MORE_TERMS)[self.terms :]
        return (background_assumption(self.where, self.terms, lacks, MORE_TERMS),)

    @cached_property
    def beside(self) -> Mapping[str, FloatArray]:
        """Local name of a linear parameter -> its curve of the background, (n_points,)."""
        polynomials = enumerate(chebyshev(self.measured.x, self.terms))
        blanks = {f"blanks.{name}.scale": curve for name, curve in self.blanks.items()}
        return {f"background.c{k}": polynomial for k, polynomial in polynomials} | blanks

    @cached_property
    def _background(self) -> FloatArray:
        """The curves of the background, (n_background, n_points)."""
        return np.array(list(self.beside.values())).reshape(-1, len(self.measured.x))

    @property
    def linear(self) -> tuple[str, ...]:
        return tuple(f"{self.where}.{name}" for name in (*self.signals, *self.beside))

    def curves(self, evaluation: Evaluation) -> FloatArray:
        return np.concatenate([self.signal(evaluation), self._background])

    def background_rows(self) -> tuple[int, ...]:
        return tuple(range(len(self.signals), len(self.linear)))

    def expecting(self, calculated: FloatArray, coefficients: FloatArray) -> Model:
        if not self.measured.is_counted or not self.counted_blanks:
            return super().expecting(calculated, coefficients)
        scales = dict(zip(self.linear, coefficients, strict=True))
        counted = {
            n: (float(scales[f"{self.where}.blanks.{n}.scale"]), self.blanks[n], b)
            for n, b in self.counted_blanks.items()
        }
        measured, expected = with_counted_blanks(self.measured, calculated, counted)
        return replace(self, measured=measured, blanks={**self.blanks, **expected})

    def deviances(self, calculated: FloatArray) -> FloatArray:
        own = super().deviances(calculated)
        if not self.counted_blanks:
            return own
        of_blanks = [
            np.abs(signed_counts(b.counts_per_unit * b.observed, b.counts_per_unit * self.blanks[n]))
            for n, b in self.counted_blanks.items()
        ]
        return np.asarray(np.copysign(np.abs(own) + sum(of_blanks), own))

    def simulated(self, calculated: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Add the noise that the study asks for: of counts, the curve scaled to so many at its highest point, or σ."""
        kinds: tuple[Literal["counts", "sigma"], ...] = ("counts",) if self.settings.counted else ("sigma",)
        return with_noise(calculated, self.settings.noise, self.where, self.called, kinds)
