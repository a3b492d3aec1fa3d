"""What techniques share: their contract, curves and points, counts, derivatives of scattering."""

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

__all__ = [
    "Axis",
    "Drawing",
    "Look",
    "Measured",
    "Model",
    "Noise",
    "Stack",
    "Stretch",
    "Technique",
    "TransformedTo",
    "Trend",
    "grid_from_text",
    "local_parameters",
]
