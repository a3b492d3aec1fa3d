"""Problems small enough for pencil and paper: curves over x that are given as functions of named numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from nanocrystal.measurement import Axis, Measured, Model
from nanocrystal.parameters import Evaluation, Parameter, ParameterSet, Quantity
from nanocrystal.refinement.problem import Problem

Curves = Callable[[Mapping[str, float]], np.ndarray]


class ToyModel(Model):
    """Measured points and the curves (n_linear, n_points) of a function of the values."""

    technique = "toy"
    x_axis = Axis("x", "")
    y_axis = Axis("y", "")

    def __init__(
        self, x: np.ndarray, observed: np.ndarray, sigma: np.ndarray | None, linear: Sequence[str], curves: Curves
    ) -> None:
        self.measured = Measured(x, observed, sigma, "as given", "toy", None)
        self.linear = tuple(linear)
        self._curves = curves

    def with_measured(self, measured: Measured) -> ToyModel:
        other = copy(self)
        vars(other)["measured"] = measured  # some are frozen
        return other

    def curves(self, evaluation: Evaluation) -> np.ndarray:
        return np.atleast_2d(self._curves(evaluation.values))


class NoSample:
    """A sample that declares the numbers of a toy problem and nothing else."""

    def __init__(self, parameters: Mapping[str, Parameter], scales: Mapping[str, float]) -> None:
        self.parameters, self.scales = parameters, scales

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        return {a: (Quantity(a, "", "", scale=self.scales.get(a, 1.0)), p) for a, p in self.parameters.items()}

    def derived(self, evaluation: Evaluation) -> dict[str, Any]:
        return {}

    def amounts(self) -> dict[str, Any]:
        return {}

    def strays(self, started: Mapping[str, float], values: Mapping[str, float]) -> dict[str, str]:
        return {}

    def remarks(self, values: Mapping[str, float]) -> list[str]:
        return []

    def assumptions(self, values: Mapping[str, float]) -> list[Any]:
        return []

    def size_curves(self, values: Mapping[str, float]) -> dict[str, Any]:
        return {}

    def size_maps(self, values: Mapping[str, float]) -> dict[str, Any]:
        return {}

    def typical_atoms(self, values: Mapping[str, float]) -> dict[str, Any]:
        return {}

    def model_files(self, values: Mapping[str, float], title: str) -> dict[str, str]:
        return {}

    def inputs(self) -> dict[str, str]:
        return {}


def toy_problem(parameters: Mapping[str, Parameter], model: ToyModel) -> Problem:
    """Return a problem of one data set `d`; linear parameters are those with linear=True."""
    return Problem(ParameterSet(NoSample(parameters, {}).declared()), {"d": model})  # type: ignore[dict-item]
