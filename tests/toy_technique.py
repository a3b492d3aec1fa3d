"""A spectrum of named Gaussian peaks: a technique with tables of its own, in one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from nanocrystal.data import read_curve, resolve
from nanocrystal.measurement import Axis, Measured, Model, Technique, local_parameters
from nanocrystal.parameters import Evaluation, Number, Parameter, Quantity, declared_quantities
from nanocrystal.spectra.lines import gaussian


@dataclass(frozen=True)
class Peak:
    """One Gaussian peak: [datasets.NAME.parts.PART]."""

    position: Annotated[Number, Quantity("position", "eV", "centre of the peak", None, 0.0, 100.0, scale=0.1)]
    fwhm: Annotated[Number, Quantity("fwhm", "eV", "full width", None, 0.0, 10.0, open_minimum=True, scale=0.1)]
    area: Annotated[Number | None, Quantity("area", "eV", "area of the peak, left to the fit", 1.0)] = None


@dataclass(frozen=True)
class Peaks(Technique):
    """A spectrum over energy."""

    file: Annotated[str | None, "two columns: energy in eV, intensity"] = None
    parts: Annotated[Mapping[str, Peak], "the peaks: [datasets.NAME.parts.PART]"] = field(default_factory=dict)
    name: ClassVar[str] = "peaks"
    needs_sample: ClassVar[bool] = False

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        local = {n: local_parameters(declared_quantities(Peak), ("area",), vars(p)) for n, p in self.parts.items()}
        return {f"parts.{n}.{k}": v for n, own in local.items() for k, v in own.items()}

    def bind(self, name: str, sample: Any, folder: Path = Path()) -> PeaksModel:
        where = f"datasets.{name}.file"
        curve = read_curve(resolve(str(self.file), folder, where), columns=["x", "y"], where=where)
        measured = Measured(curve.x, curve.y, None, "all points alike", curve.source, curve.sha256)
        return PeaksModel(where=f"datasets.{name}", measured=measured, parts=tuple(self.parts))


@dataclass(frozen=True, kw_only=True)
class PeaksModel(Model, own=("parts",)):
    where: str
    measured: Measured
    parts: tuple[str, ...]
    technique, x_axis, y_axis = Peaks.name, Axis("energy", "eV"), Axis("intensity", "")

    @property
    def linear(self) -> tuple[str, ...]:
        return tuple(f"{self.where}.parts.{part}.area" for part in self.parts)

    def curves(self, evaluation: Evaluation) -> Any:
        at = [[evaluation.values[f"{self.where}.parts.{p}.{k}"] for k in ("position", "fwhm")] for p in self.parts]
        return np.array([gaussian(self.measured.x, *values)[0] for values in at])
