"""What a file says of its own measurement, beside the numbers: what was measured, with which beam, of what."""

from __future__ import annotations

from dataclasses import dataclass
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
    temperature : float or None
        K.
    counting_time : float or None
        s, of each point.
    sample : str
        Its name or title.
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
    temperature: float | None = None
    counting_time: float | None = None
    sample: str = ""
