"""What techniques share: their contract, curves and points, counts, derivatives of scattering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nanocrystal.lazy import from_their_modules

if TYPE_CHECKING:
    from nanocrystal.measurement.blanks import Blank
    from nanocrystal.measurement.contract import Model, Technique, TransformedTo, local_parameters
    from nanocrystal.measurement.curve import (
        Axis,
        Drawing,
        Look,
        Measured,
        Noise,
        Stack,
        Stretch,
        Trend,
        grid_from_text,
    )
    from nanocrystal.measurement.curve_model import CurveModel
    from nanocrystal.measurement.curve_technique import Compared, CurveTechnique, MeasuredTechnique
    from nanocrystal.measurement.named import Datasets, named_datasets
    from nanocrystal.measurement.points import Abscissa, Points

__all__ = [
    "Abscissa",
    "Axis",
    "Blank",
    "Compared",
    "CurveModel",
    "CurveTechnique",
    "Datasets",
    "Drawing",
    "Look",
    "Measured",
    "MeasuredTechnique",
    "Model",
    "Noise",
    "Points",
    "Stack",
    "Stretch",
    "Technique",
    "TransformedTo",
    "Trend",
    "grid_from_text",
    "local_parameters",
    "named_datasets",
]

__getattr__ = from_their_modules(__name__, __file__)
