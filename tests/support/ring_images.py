"""Powder rings on a detector, made by hand: every pixel's Q from vectors. Shares no code with the reduction or pyFAI.

Axes in the laboratory: 1 up (rows grow along it), 2 horizontal (columns grow along it), 3 along the beam. A detector
at rest stands across the beam; it is turned about axis 1 and 2 left-handed, about axis 3 right-handed, in this order,
which is what Rot1, Rot2 and Rot3 of a .poni file mean (pyFAI, "Geometry").
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
CEO2 = 5.41153
"""Å, cell of NIST SRM 674b"""
LINES = ((1, 1, 1), (2, 0, 0), (2, 2, 0), (3, 1, 1), (2, 2, 2), (4, 0, 0), (3, 3, 1), (4, 2, 0))
HEIGHTS = (1.0, 0.3, 0.55, 0.45, 0.1, 0.1, 0.2, 0.15)
WIDTH = 0.05
"""Å⁻¹, standard deviation of a line"""


def line_positions() -> FloatArray:
    """Return Q of the lines of CeO2, Å⁻¹."""
    return np.array([2.0 * np.pi * np.sqrt(h * h + k * k + m * m) / CEO2 for h, k, m in LINES])


def pattern(q: FloatArray) -> FloatArray:
    """Return I(Q): lines on a falling background."""
    found = 0.2 + 0.8 * np.exp(-q / 2.0)
    for at, height in zip(line_positions(), HEIGHTS, strict=True):
        found = found + 5.0 * height * np.exp(-0.5 * ((q - at) / WIDTH) ** 2)
    return np.asarray(found)


def _turn(axis: int, angle: float) -> FloatArray:
    """Return the right-handed rotation about an axis (0, 1, 2) by Rodrigues' formula."""
    unit = np.eye(3)[axis]
    cross = np.array([[0.0, -unit[2], unit[1]], [unit[2], 0.0, -unit[0]], [-unit[1], unit[0], 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross)


@dataclass(frozen=True)
class Bench:
    """A detector: shape (rows, columns); pixel, distance, poni (along rows, columns) in m; rot in rad; wavelength Å."""

    shape: tuple[int, int] = (500, 600)
    pixel: float = 100e-6
    distance: float = 0.12
    poni: tuple[float, float] = (0.026, 0.023)
    rot: tuple[float, float, float] = (0.06, -0.09, 0.4)
    wavelength: float = 0.2
    fineness: int = 1
    arm: tuple[int, float] = (0, 0.0)  # axis and angle (degrees, left-handed) of the arm, turned last

    def ways(self) -> FloatArray:
        """Return the vectors from the sample to (fineness²) points in each pixel, (rows, columns, n, 3), m."""
        inner = (np.arange(self.fineness) + 0.5) / self.fineness
        rows = (np.arange(self.shape[0])[:, None] + inner).ravel() * self.pixel - self.poni[0]
        columns = (np.arange(self.shape[1])[:, None] + inner).ravel() * self.pixel - self.poni[1]
        flat = np.stack([*np.meshgrid(rows, columns, indexing="ij"), np.full((len(rows), len(columns)), 0.0)], axis=-1)
        flat[..., 2] = self.distance
        arm = _turn(self.arm[0], -np.radians(self.arm[1]))
        turn = arm @ _turn(2, self.rot[2]) @ _turn(1, -self.rot[1]) @ _turn(0, -self.rot[0])
        n = self.fineness
        found = (flat @ turn.T).reshape(self.shape[0], n, self.shape[1], n, 3)
        return np.asarray(found.transpose(0, 2, 1, 3, 4).reshape(*self.shape, n * n, 3))

    def q(self) -> FloatArray:
        """Return Q at the points, (rows, columns, n): |k_out − k_in|."""
        ways = self.ways()
        out = ways / np.linalg.norm(ways, axis=-1, keepdims=True)
        return np.asarray(2.0 * np.pi / self.wavelength * np.linalg.norm(out - [0.0, 0.0, 1.0], axis=-1))

    def azimuth(self) -> FloatArray:
        """Return the angle from axis 2 towards axis 1, degrees, (rows, columns, n)."""
        ways = self.ways()
        return np.asarray(np.degrees(np.arctan2(ways[..., 0], ways[..., 1])))

    def response(self, polarization: float | None) -> FloatArray:
        """Return the counts of intensity 1 relative to the pixel of normal incidence, (rows, columns, n).

        Solid angle: area × cos(incidence) / length². Polarisation: 1 − (k·E)² for each direction of the field E, of
        which a part (1 + P)/2 is horizontal.
        """
        ways = self.ways()
        length = np.linalg.norm(ways, axis=-1)
        found = (self.distance / length) / length**2 * self.distance**2
        if polarization is not None:
            out = ways / length[..., None]
            horizontal, vertical = 1.0 - out[..., 1] ** 2, 1.0 - out[..., 0] ** 2
            found = found * (0.5 * (1.0 + polarization) * horizontal + 0.5 * (1.0 - polarization) * vertical)
        return np.asarray(found)

    def image(self, scale: float, polarization: float | None = None) -> FloatArray:
        """Return the expected counts, (rows, columns)."""
        return np.asarray(scale * (pattern(self.q()) * self.response(polarization)).mean(axis=-1))

    def write(self, path: Path, **left_out: bool) -> Path:
        """Write a .poni file; left_out: wavelength=False leaves it out, shape=False the size of the detector."""
        config = f'{{"pixel1": {self.pixel}, "pixel2": {self.pixel}'
        if left_out.get("shape", True):
            config += f', "max_shape": [{self.shape[0]}, {self.shape[1]}]'
        lines = [
            "poni_version: 2",
            "Detector: Detector",
            f"Detector_config: {config}}}",
            f"Distance: {self.distance}",
            f"Poni1: {self.poni[0]}",
            f"Poni2: {self.poni[1]}",
            *(f"Rot{k + 1}: {angle}" for k, angle in enumerate(self.rot)),
        ]
        if left_out.get("wavelength", True):
            lines.append(f"Wavelength: {self.wavelength * 1e-10}")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path
