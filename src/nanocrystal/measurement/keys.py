"""Keys of data sets that several techniques have, each with its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Number

Column = NDArray[np.float64]
"""one of the arrays of a curve in memory, (n_points,)"""
Grid = str | Column | None
Range = tuple[float, float]
Weights = Literal["sigma", "counting", "relative", "uniform"]
RGrid = Annotated[Grid, "to simulate instead of a file: START:STOP:STEP in Å, both ends included"]
QGrid = Annotated[Grid, "to simulate instead of a file: START:STOP:STEP in Å⁻¹, both ends included"]
AngleGrid = Annotated[Grid, "to simulate instead of a file: START:STOP:STEP in degrees, both ends included"]
XGrid = Annotated[Grid, "to simulate instead of a file: START:STOP:STEP in the unit of the axis, both ends included"]
RRange = Annotated[Range | None, "Å, both ends included; what is fitted [all above 0.5 Å]"]
QRange = Annotated[Range | None, "Å⁻¹, both ends included; what is fitted [all]"]
AngleRange = Annotated[Range | None, "degrees, both ends included; what is fitted [all]"]
XRange = Annotated[Range | None, "both ends included, in the unit of the axis; what is fitted [all]"]
QUnit = Annotated[Literal["1/angstrom", "1/nm"], "the unit of Q in the file"]
Radiation = Annotated[Literal["x-ray", "neutron"], "of the beam; neutrons are calculated by no technique yet"]
Energy = Annotated[float | None, "eV; instead of the wavelength"]
Anomalous = Annotated[bool, "whether f′ and f″ are used where the wavelength is known"]
BackgroundTerms = Annotated[int, "how many Chebyshev polynomials"]
Background = Annotated[Mapping[str, Number], "their coefficients c0, c1, …, where they shall not be left to the fit"]
