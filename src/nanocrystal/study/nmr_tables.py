"""The tables inside data sets that are sums of named parts: lines of a spectrum, parts of a decay."""

from __future__ import annotations

from pydantic import Field

from nanocrystal.study.fields import NumberField, Table


class LineTable(Table):
    """One line of a spectrum: [datasets.NAME.lines.LINE]."""

    shape: str = Field(description="lorentzian, gaussian, voigt, pseudo-voigt, split-lorentzian, …")
    position: NumberField | None = Field(default=None, description="in the unit of the axis")
    fwhm: NumberField | None = Field(default=None, description="Hz, full width at half maximum")
    lorentzian_part: NumberField | None = Field(default=None, description="0 Gaussian to 1 Lorentzian [0.5]")
    gaussian_fwhm: NumberField | None = Field(default=None, description="Hz; of voigt-widths and thompson")
    lorentzian_fwhm: NumberField | None = Field(default=None, description="Hz; of voigt-widths and thompson")
    asymmetry: NumberField | None = Field(default=None, description="of split shapes, −0.95 to 0.95 [0]")
    area: NumberField | None = Field(default=None, description="linear; left to the fit")


class RelaxationPartTable(Table):
    """One part of a decay or recovery: [datasets.NAME.parts.PART]."""

    time: NumberField | None = Field(default=None, description="s, relaxation time")
    exponent: NumberField | None = Field(default=None, description="β of a stretched law [1]")
    amplitude: NumberField | None = Field(default=None, description="linear; left to the fit")


SENTENCES = {
    "x": "to simulate instead of a file: START:STOP:STEP in the unit of the axis, both ends included",
    "axis": "the unit of the abscissa, ppm or Hz",
    "spectrometer_frequency": "MHz, of the observed nucleus: what 1 ppm is in Hz",
    "x_range": "both ends included, in the unit of the axis; what is fitted [all]",
    "noise_range": "where no line is, in the unit of the axis: its scatter becomes the σ of all points",
    "arpls_stiffness": "of a smooth baseline subtracted before the fit; 1e5 to 1e8 for 1000 points [none]",
    "lines": "the lines, by name: [datasets.NAME.lines.LINE]",
    "parts": "the parts, by name: [datasets.NAME.parts.PART]",
    "kind": "what was done before each delay",
}
