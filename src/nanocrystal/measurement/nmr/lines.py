"""Lines of a spectrum over ppm or Hz: how a study states one, and what all techniques with lines ask of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data.nmr_data import check_mhz
from nanocrystal.errors import InputError
from nanocrystal.measurement import Axis
from nanocrystal.measurement.keys import Range
from nanocrystal.measurement.nmr.shapes import MEASURED, SOLID
from nanocrystal.measurement.nmr.shapes import quantities as quantities_of_shapes
from nanocrystal.parameters import REQUIRED, Claim, Declares, Meaning, Number, Quantity, as_parameter, of_measurement
from nanocrystal.spectra import LINES

FloatArray = NDArray[np.float64]
USED = {name: form for name, form in LINES.items() if name != "doniach-sunjic"}
"""shapes that NMR has a use for, beside those of `shapes`"""
NO_NUMBERS = ("shape", "samples", "samples_range")
WIDTHS = ("fwhm", "gaussian_fwhm", "lorentzian_fwhm")
FULL = "full, at half maximum"
BROADENED = {
    MEASURED: f"{FULL}, of the Gaussian by which a measured line is broadened",
    SOLID: f"{FULL}, of the line by which a powder pattern is broadened",
}
"""what widths of shapes are that have one without them"""
WIDTH_OF = {
    "fwhm": FULL,
    "gaussian_fwhm": f"{FULL}, of the Gaussian part",
    "lorentzian_fwhm": f"{FULL}, of the Lorentzian part",
}
LORENTZIAN_PART = Quantity(
    "lorentzian_part",
    "",
    "0 Gaussian, 1 Lorentzian",
    0.5,
    0.0,
    1.0,
    scale=0.1,
    meaning=Meaning("Lorentzian part", "of a line, 0 Gaussian, 1 Lorentzian"),
    claim=Claim("half Gaussian, half Lorentzian", other=0.8),
)
PartialWidth = Annotated[Number | None, "Hz; of voigt-widths and thompson"]


def width_of(name: str, shape: str) -> str:
    """Return which width of a line of a shape is meant, as a definition."""
    return BROADENED.get(shape, WIDTH_OF[name])


@dataclass(frozen=True)
class Line(Declares):
    """One line of a spectrum; which widths and further numbers it has depends on its shape.

    References
    ----------
    P. Thompson, D. E. Cox, J. B. Hastings, J. Appl. Cryst. 20, 79 (1987), for shape = "thompson".
    """

    shape: Annotated[
        str, "lorentzian, gaussian, voigt, pseudo-voigt, split-lorentzian, measured, solid, …", REQUIRED
    ] = "lorentzian"
    position: Annotated[Number | None, "in the unit of the axis"] = None
    fwhm: Annotated[Number | None, "Hz, full width at half maximum"] = None
    lorentzian_part: Annotated[Number | None, "0 Gaussian to 1 Lorentzian [0.5]"] = None
    gaussian_fwhm: PartialWidth = None
    lorentzian_fwhm: PartialWidth = None
    asymmetry: Annotated[Number | None, "of split shapes, −0.95 to 0.95 [0]"] = None
    area: Annotated[Number | None, "linear; left to the fit"] = None
    csa: Annotated[Number | None, "ppm, δ_zz − δ_iso; of solid [0]"] = None
    csa_asymmetry: Annotated[Number | None, "0 to 1; of solid [0]"] = None
    cq: Annotated[Number | None, "Hz, quadrupole coupling e²qQ/h; of solid [0]"] = None
    cq_asymmetry: Annotated[Number | None, "0 to 1; of solid [0]"] = None
    spinning_rate: Annotated[Number | None, "Hz, at the magic angle; of solid [0]"] = None
    samples: Annotated[str | Path | None, "file of a measured shape: axis, intensity"] = None
    samples_range: Annotated[Range | None, "part of samples that is the line [all]"] = None

    def given(self) -> dict[str, Number | None]:
        """Return all its numbers by name."""
        return {n: getattr(self, n) for n in self.__dataclass_fields__ if n not in NO_NUMBERS}


Lines = Annotated[Mapping[str, Line], "the lines, by name: [datasets.NAME.lines.LINE]"]


@dataclass(frozen=True)
class ShiftLines:
    """Lines over one axis; axis: its unit; spectrometer_frequency: MHz, of the nucleus, of widths in Hz over ppm."""

    lines: Mapping[str, Line]
    axis: Literal["ppm", "hz"]
    spectrometer_frequency: float | None

    @property
    def unit(self) -> str:
        """The unit of positions: ppm, or Hz where the axis is in Hz."""
        return "ppm" if self.axis == "ppm" else "Hz"

    @property
    def hz_per_unit(self) -> float:
        """What one unit of the axis is in Hz."""
        return 1.0 if self.axis == "hz" else self.spectrometer_frequency or 1.0

    @property
    def factors(self) -> dict[str, float]:
        """What widths of a study are multiplied with to be in the unit of the axis."""
        return dict.fromkeys(WIDTHS, 1.0 / self.hz_per_unit)

    @property
    def x_axis(self) -> Axis:
        """The axis of figures."""
        return Axis("chemical_shift" if self.axis == "ppm" else "frequency", self.unit)

    @property
    def area(self) -> Quantity:
        """The declaration of the area of a line."""
        meaning = of_measurement("area", f"of the line over the axis in {self.unit}")
        return Quantity("area", "", f"area of the line, over the axis in {self.unit}", 1.0, meaning=meaning)

    def quantities(self, line: Line) -> dict[str, Quantity]:
        """Return the declarations of the parameters of a line; changes that matter are parts of its width."""
        unit = self.unit
        fwhm = next((as_parameter(w).value for w in (line.fwhm, line.gaussian_fwhm) if w is not None), None)
        width = 0.02 * self.hz_per_unit if fwhm is None or not fwhm > 0.0 else fwhm
        place = None if line.position is None else as_parameter(line.position).value
        apart = 0.5 * width / self.hz_per_unit
        narrow = 0.1 * width
        texts = {
            "fwhm": "full width at half maximum",
            "gaussian_fwhm": "full width of the Gaussian part",
            "lorentzian_fwhm": "full width of the Lorentzian part",
        }
        return {
            "position": Quantity(
                "position",
                unit,
                "position of the line",
                scale=apart,
                start_spread=apart / abs(place) if place else 1.0,
                meaning=self._position(line.shape),
            ),
            **{
                n: Quantity(
                    n,
                    "Hz",
                    t,
                    None,
                    0.0,
                    1e9,
                    open_minimum=line.shape != MEASURED,
                    scale=narrow,
                    meaning=Meaning("line width", width_of(n, line.shape)),
                )
                for n, t in texts.items()
            },
            **quantities_of_shapes(width, self.hz_per_unit if self.axis == "ppm" else self.spectrometer_frequency or 1),
            "lorentzian_part": LORENTZIAN_PART,
            "asymmetry": Quantity(
                "asymmetry",
                "",
                "relative difference of the sides",
                0.0,
                -0.95,
                0.95,
                scale=0.1,
                meaning=Meaning(
                    "peak asymmetry", "a of the sides of a line, stretched by 1 ± a, the wider one at large x"
                ),
                claim=Claim("both sides are as wide", other=0.1, either_way=True),
            ),
        }

    def _position(self, shape: str) -> Meaning:
        """Return what the position of a line of a shape is."""
        if shape == MEASURED:
            quantity = "chemical-shift difference" if self.axis == "ppm" else "frequency"
            return Meaning(quantity, "by which a measured line is moved")
        quantity = "chemical shift" if self.axis == "ppm" else "frequency"
        where = "isotropic, without what a quadrupole coupling adds" if shape == SOLID else "of the maximum of the line"
        return (
            Meaning(quantity, where) if self.axis == "ppm" else Meaning(quantity, f"{where}, on the axis of the data")
        )

    def check(self, where: str) -> None:
        """Raise InputError where there is no line, and for a frequency that is missing or not in MHz."""
        if not self.lines:
            raise InputError(f"{where}.lines", f"has no line; add a table such as [{where}.lines.a] with a shape.")
        if self.axis == "ppm" and self.spectrometer_frequency is None:
            raise InputError(
                f"{where}.spectrometer_frequency",
                'is missing: widths are in Hz, so say how many Hz a ppm is (MHz, of this nucleus), or axis = "hz".',
            )
        check_mhz(self.spectrometer_frequency, f"{where}.spectrometer_frequency")

    def check_positions(self, x: FloatArray, where: str) -> None:
        """Raise InputError for a line that begins outside of the fitted range."""
        for name, line in self.lines.items():
            if line.shape in (MEASURED, SOLID):  # their patterns lie beside their positions
                continue
            value = None if line.position is None else as_parameter(line.position).value
            if value is not None and not x[0] <= value <= x[-1]:
                raise InputError(
                    f"{where}.lines.{name}.position",
                    f"is {value:g} {self.unit}, outside of the fitted range, {x[0]:g} to {x[-1]:g}.",
                )

    def check_overlap(self, name: str, samples: FloatArray, x: FloatArray, where: str) -> None:
        """Raise InputError for a measured shape that begins outside of the fitted range."""
        position = self.lines[name].position
        value = None if position is None else as_parameter(position).value
        if value is not None and not (samples[0] + value < x[-1] and samples[-1] + value > x[0]):
            raise InputError(
                f"{where}.lines.{name}.position",
                f"moves the samples to {samples[0] + value:g} to {samples[-1] + value:g} {self.unit}, outside of the "
                f"fitted range, {x[0]:g} to {x[-1]:g}; 0 leaves them where they are in their file.",
            )
