"""What a file says of its own measurement, beside the numbers: what was measured, with which beam, of what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Radiation = Literal["x-ray", "neutron", "electron"]


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What the header of a file states; None or "" where it does not.

    Parameters
    ----------
    quantity : str
        The ordinate, in the words of the file.
    radiation : "x-ray", "neutron", "electron" or None
        Of the beam.
    wavelength, second_wavelength : float or None
        Å; of characteristic radiation Kα1 and Kα2.
    ratio : float or None
        Intensity of Kα2 over that of Kα1.
    anode : str
        Element of the tube.
    composition : str
        A formula as the file gives it.
    qmin, qmax, qdamp, qbroad : float or None
        Å⁻¹; of a PDF.
    slit_length : float or None
        Å⁻¹; half the length of the slit that small angles were measured with.
    temperature : float or None
        K.
    counting_time : float or None
        s, of each point.
    sample : str
        Its name or title.
    x_unit, y_unit : str
        Of abscissa and ordinate, as the file writes them; the numbers of the abscissa are converted.
    places : mapping of str to str
        Name of one of these -> where the file states it, such as "line 3, 'qmax = 19'"; for messages.
    roundings : mapping of str to float
        Name of a number -> half of the last digit that the file gives, relative to the number.
    """

    quantity: str = ""
    radiation: Radiation | None = None
    wavelength: float | None = None
    second_wavelength: float | None = None
    ratio: float | None = None
    anode: str = ""
    composition: str = ""
    qmin: float | None = None
    qmax: float | None = None
    qdamp: float | None = None
    qbroad: float | None = None
    slit_length: float | None = None
    temperature: float | None = None
    counting_time: float | None = None
    sample: str = ""
    x_unit: str = ""
    y_unit: str = ""
    places: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    roundings: Mapping[str, float] = field(default_factory=dict, compare=False, repr=False)

    def rounding(self, name: str) -> float:
        """Return half of the last digit of a number, relative to it; that of its shortest form where it is not kept."""
        value = getattr(self, name)
        return self.roundings[name] if name in self.roundings else half_digit(repr(float(value)))

    def place(self, name: str) -> str:
        """Return where the file states one of these."""
        return self.places.get(name, "its header")


def half_digit(number: str) -> float:
    """Return half of the last digit with which a number is written, relative to it; 0 for a number of 0."""
    exponent, value = Decimal(number).as_tuple().exponent, float(number)
    return abs(0.5 * 10.0**exponent / value) if value and isinstance(exponent, int) else 0.0
