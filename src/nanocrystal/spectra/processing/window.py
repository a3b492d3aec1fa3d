"""Apodisation: windows over the time of an FID, of which t = 0 is the beginning of the signal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class NmrWindow(Declares):
    """What an FID is multiplied by: the product of an exponential, a Gaussian and a sine.

    Parameters
    ----------
    exponential_hz : float
        LB of exp(−π LB |t|), by which a Lorentzian line becomes wider, Hz.
    gaussian_hz : float
        GB of exp(−(π GB t)²/(4 ln 2)), a convolution with a Gaussian of this full width, Hz.
    sine : float or None
        From which phase a sine runs to 180° at the end of the FID, °: 90 is a cosine bell, 0 a sine bell; None: no
        sine.
    sine_power : int
        1, or 2 for its square.
    """

    exponential_hz: float = 0.0
    gaussian_hz: float = 0.0
    sine: float | None = None
    sine_power: int = 1

    def values(self, t: FloatArray) -> FloatArray:
        """Return the window at t (s), (n_points,); raises InputError for a window that grows out of bounds."""
        if self.gaussian_hz < 0.0:
            raise InputError("gaussian_hz", f"must be at least 0 Hz, got {self.gaussian_hz:g}.")
        if self.sine is not None and not 0.0 <= self.sine < 180.0:
            raise InputError("sine", f"must begin at 0 to below 180 degrees, got {self.sine:g}.")
        exponent = -np.pi * self.exponential_hz * np.abs(t) - (np.pi * self.gaussian_hz * t) ** 2 / (4.0 * np.log(2.0))
        if exponent.max() > 50.0:
            raise InputError(
                "exponential_hz", f"of {self.exponential_hz:g} Hz makes the end of the FID e⁵⁰ times larger."
            )
        window = np.exp(exponent)
        if self.sine is not None:
            start = np.radians(self.sine)
            share = np.abs(t) / max(float(t[-1]), 1e-300)
            window = window * np.sin(start + (np.pi - start) * share) ** self.sine_power
        return np.asarray(window)

    def described(self) -> str:
        """Return a sentence on what the window was."""
        parts = []
        if self.exponential_hz:
            parts.append(f"exponential, LB = {self.exponential_hz:g} Hz")
        if self.gaussian_hz:
            parts.append(f"Gaussian of {self.gaussian_hz:g} Hz")
        if self.sine is not None:
            power = " squared" if self.sine_power == 2 else ""
            parts.append(f"sine{power} from {self.sine:g}°")
        return f"apodisation: {', '.join(parts)}" if parts else "no apodisation"
