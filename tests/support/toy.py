"""Data sets whose models are parabolas, for tests of the refinement by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nanocrystal.measurement import Technique
from nanocrystal.parameters import Parameter, Quantity, vary
from support.toy_models import NoSample, ToyModel


class Parabolas(NoSample):
    """The sample: a slope and a bend that the data sets share."""

    def __init__(self, slope: Parameter | None = None, bend: Parameter | None = None) -> None:
        super().__init__({"sample.slope": slope or vary(1.0), "sample.bend": bend or vary(0.1)}, {})


@dataclass(frozen=True)
class Parabola(Technique, own=("curves", "technique", "transform_of")):
    """y = offset + own x + slope x + bend x²; the offset is linear. sees: of slope and bend what it sees."""

    x: np.ndarray
    y: np.ndarray
    sigma: np.ndarray | None = None
    sees: tuple[str, ...] = ("slope", "bend")
    technique: str = "parabola"
    sha256: str | None = None
    transform_of: tuple[str, ...] = ()
    name: ClassVar[str] = "parabola"
    quantities: ClassVar[Mapping[str, Quantity]] = {
        "factor": Quantity("factor", "", "of the curve", 1.0),
        "offset": Quantity("offset", "", "at x = 0", 0.0),
        "own": Quantity("own", "", "slope of its own", 0.0),
    }
    linear: ClassVar[tuple[str, ...]] = ("factor", "offset")

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        own = Parameter(0.0) if self.sees else vary(0.5)
        given = {"factor": Parameter(1.0), "offset": Parameter(None, linear=True), "own": own}
        return {k: (self.quantities[k], p) for k, p in given.items()}

    def bind(self, name: str, sample: Any, folder: Path) -> ToyModel:
        linear = [f"datasets.{name}.{k}" for k in self.linear]
        model = ToyModel(self.x, self.y, self.sigma, linear, lambda values: self.curves(values, name))
        model.measured = replace(model.measured, source=name, sha256=self.sha256)
        model.technique, model.transform_of = self.technique, self.transform_of
        return model

    def curves(self, values: Mapping[str, float], name: str) -> np.ndarray:
        """Return the parabola without its offset, and 1, (2, n_points)."""
        curve = values[f"datasets.{name}.own"] * self.x
        for key, power in (("slope", 1), ("bend", 2)):
            if key in self.sees:
                curve = curve + values[f"sample.{key}"] * self.x**power
        return np.array([curve, np.ones_like(self.x)])
