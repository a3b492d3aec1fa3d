"""Data sets whose models are parabolas, for tests of the refinement by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nanocrystal.parameters import Evaluation, Parameter, Quantity, vary
from nanocrystal.techniques.base import Axis, Drawing, Measured

SHARED = {name: Quantity(name, "", "of all parabolas", 0.0, -1e3, 1e3) for name in ("slope", "bend")}


@dataclass(frozen=True)
class Parabolas:
    """The sample: a slope and a bend that the data sets share."""

    slope: Parameter = field(default_factory=lambda: vary(1.0))
    bend: Parameter = field(default_factory=lambda: vary(0.1))

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        return {f"sample.{k}": (SHARED[k], getattr(self, k)) for k in SHARED}

    def derived(self, evaluation: Evaluation) -> Mapping[str, Any]:
        return {}

    def remarks(self, values: Mapping[str, float]) -> list[str]:
        return []

    def size_curves(self, values: Mapping[str, float]) -> Mapping[str, Any]:
        return {}

    def model_files(self, values: Mapping[str, float], title: str) -> Mapping[str, str]:
        return {}

    def inputs(self) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True)
class Parabola:
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

    def bind(self, name: str, sample: Any, folder: Path) -> ParabolaModel:
        return ParabolaModel(self, name, Measured(self.x, self.y, self.sigma, "1/σ²", name, self.sha256))


@dataclass(frozen=True)
class ParabolaModel:
    settings: Parabola
    name: str
    measured: Measured
    x_axis: ClassVar[Axis] = Axis("x", "")
    y_axis: ClassVar[Axis] = Axis("y", "")
    requirement: ClassVar[None] = None

    @property
    def technique(self) -> str:
        return self.settings.technique

    @property
    def transform_of(self) -> tuple[str, ...]:
        return self.settings.transform_of

    @property
    def linear(self) -> tuple[str, ...]:
        return tuple(f"datasets.{self.name}.{k}" for k in Parabola.linear)

    def curves(self, evaluation: Evaluation) -> np.ndarray:
        x, values = self.measured.x, evaluation.values
        curve = values[f"datasets.{self.name}.own"] * x
        for key, power in (("slope", 1), ("bend", 2)):
            if key in self.settings.sees:
                curve = curve + values[f"sample.{key}"] * x**power
        return np.array([curve, np.ones_like(x)])

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, np.ndarray]:
        return {}

    def background_rows(self) -> tuple[int, ...]:
        return ()

    def components(self, evaluation: Evaluation) -> dict[str, np.ndarray]:
        return {}

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        return ()

    def drawing(self, evaluation: Evaluation) -> Drawing | None:
        return None

    def methods(self) -> tuple[str, ...]:
        return ()
