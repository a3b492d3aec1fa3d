"""A spectrum of named Gaussian peaks: a technique with tables of its own, in one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from nanocrystal.measurement import Abscissa, Axis, CurveModel, CurveTechnique, Points
from nanocrystal.measurement.keys import XGrid, XRange
from nanocrystal.parameters import Evaluation, Number, Parameter, Quantity, declared_quantities


@dataclass(frozen=True)
class Peak:
    """One Gaussian peak: [datasets.NAME.parts.PART]."""

    position: Annotated[Number, Quantity("position", "eV", "centre of the peak", None, 0.0, 100.0, scale=0.1)]
    fwhm: Annotated[Number, Quantity("fwhm", "eV", "full width", None, 0.0, 10.0, open_minimum=True, scale=0.1)]
    area: Annotated[Number | None, Quantity("area", "eV", "area of the peak, left to the fit", 1.0)] = None


@dataclass(frozen=True, kw_only=True)
class Peaks(CurveTechnique):
    x: XGrid = None
    x_range: XRange = None
    parts: Annotated[Mapping[str, Peak], "the peaks: [datasets.NAME.parts.PART]"] = field(default_factory=dict)
    name: ClassVar[str] = "peaks"
    needs_sample: ClassVar[bool] = False
    points: ClassVar[Points] = Points(
        abscissae=(Abscissa("x", Axis("energy", "eV"), "E"),),
        fewest=5,
        without_sigma="uniform",
        usual={2: ("x", "y"), 3: ("x", "y", "sigma")},
    )

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        of_peak = declared_quantities(Peak)
        of_parts = {f"parts.{n}.{k}": (q, getattr(p, k)) for n, p in self.parts.items() for k, q in of_peak.items()}
        quantities, given = ({name: pair[k] for name, pair in of_parts.items()} for k in (0, 1))
        return self.with_background(quantities, given, [f"parts.{n}.area" for n in self.parts])

    def bind(self, name: str, sample: Any, folder: Path = Path()) -> PeaksModel:
        found = self.compared(f"datasets.{name}", folder)
        return PeaksModel(settings=self, where=f"datasets.{name}", measured=found.measured, blanks=found.at_points())


class PeaksModel(CurveModel):
    technique, x_axis, y_axis = Peaks.name, Peaks.points.abscissae[0].axis, Axis("intensity", "")
    signals = property(lambda self: tuple(f"parts.{name}.area" for name in self.settings.parts))

    def signal(self, evaluation: Evaluation) -> Any:
        peaks = [evaluation.values.under(f"{self.where}.parts.{name}") for name in self.settings.parts]
        away = [(self.measured.x - peak["position"]) / peak["fwhm"] for peak in peaks]
        heights = [np.sqrt(4.0 * np.log(2.0) / np.pi) / peak["fwhm"] for peak in peaks]
        return np.array([h * np.exp(-4.0 * np.log(2.0) * d**2) for h, d in zip(heights, away, strict=True)])
