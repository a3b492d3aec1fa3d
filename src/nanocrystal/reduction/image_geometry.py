"""Where the pixels of a detector are: a calibration (.poni) to Q, azimuth, solid angle and polarisation of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.reduction.angles import BEAM_LIMITS
from nanocrystal.reduction.image_files import needed, size_of
from nanocrystal.tables.beam import beam_wavelength
from nanocrystal.text import decoded, file_bytes

FloatArray = NDArray[np.float64]
ArmAxis = Literal["vertical", "horizontal"]
AXES = {"vertical": 0, "horizontal": 1}
"""axis of the arm -> number of the axis in the laboratory, along rows and along columns of a detector at rest"""
_KEY = re.compile(r"^[^\S\n]*(distance|poni1|poni2)[^\S\n]*:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Geometry:
    """A detector at one place, as pyFAI knows it: `integrator` is its AzimuthalIntegrator, with a wavelength.

    shape: (n_rows, n_columns).
    """

    integrator: Any
    shape: tuple[int, int]

    @property
    def wavelength(self) -> float:
        """Å"""
        return float(self.integrator.wavelength * 1e10)

    @cached_property
    def q(self) -> FloatArray:
        """Q of the centres of the pixels, Å⁻¹, (n_rows, n_columns)."""
        return np.asarray(self.integrator.center_array(self.shape, unit="q_A^-1"), dtype=np.float64)

    @cached_property
    def azimuth(self) -> FloatArray:
        """Azimuth of the centres of the pixels in degrees within ±180, (n_rows, n_columns): 0 towards growing
        columns, 90 where pyFAI has its first axis, by default towards growing rows."""
        return np.asarray(self.integrator.center_array(self.shape, unit="chi_deg"), dtype=np.float64)

    @property
    def gaps(self) -> NDArray[np.bool_]:
        """Pixels that the detector named in the calibration does not have, as between modules, (n_rows, n_columns)."""
        mask = self.integrator.detector.mask
        if mask is None or np.shape(mask) != self.shape:
            return np.zeros(self.shape, dtype=np.bool_)
        return np.asarray(mask, dtype=np.bool_)

    def response(self, solid_angle: bool, polarization: float | None) -> FloatArray:
        """Return what a pixel counts of the same intensity, relative to one at the PONI, (n_rows, n_columns).

        Solid angle: (distance / length of the way to the pixel)³ for a flat detector; polarisation of degree P:
        ½ [1 + cos² 2θ − P cos 2χ sin² 2θ] with P = 1 for a beam that is polarised horizontally
        (R. Kahn et al., J. Appl. Cryst. 15, 330 (1982)).
        """
        counts = np.ones(self.shape)
        if solid_angle:
            counts *= self.integrator.solidAngleArray(self.shape)
        if polarization is not None:
            counts *= self.integrator.polarization(self.shape, factor=polarization)
        return counts

    def from_beam(self) -> FloatArray:
        """Return the distance of each pixel from the direct beam on the detector, in pixels, (n_rows, n_columns)."""
        place = self.integrator.getFit2D()
        rows, columns = np.indices(self.shape) + 0.5
        return np.asarray(np.hypot(columns - place["centerX"], rows - place["centerY"]))

    def pixel_step(self) -> float:
        """Return the change of Q from one pixel to the next, Å⁻¹, the median over the detector."""
        down, across = np.gradient(self.q)
        return float(np.median(np.hypot(down, across)))


def geometry(
    path: Path, shape: tuple[int, int], wavelength: float | None, energy: float | None, where: str, beam_at: str
) -> Geometry:
    """Return the geometry in a .poni file for images of a shape.

    wavelength (Å), energy (eV): as stated beside the calibration; beam_at: their address.
    Raises InputError for a file that is no calibration, for another size of the detector, and where the wavelength is
    missing or contradicts what is stated.
    """
    integrator = _loaded(path, where)
    _check_shape(integrator.detector, shape, path, where)
    stated = beam_wavelength(wavelength, energy, beam_at, BEAM_LIMITS)
    calibrated = integrator.wavelength and integrator.wavelength * 1e10
    if not calibrated and stated is None:
        problem = f"{path.name} has no wavelength; give wavelength (Å) or energy (eV)"
        raise InputError(where, f"{problem}, or add a line such as Wavelength: 1.54e-10 (m) to it.")
    if calibrated and stated is not None and abs(calibrated / stated - 1.0) > 1e-3:
        key = "wavelength" if wavelength is not None else "energy"
        problem = f"says {stated:.6g} Å, but the calibration {path.name} was made with {calibrated:.6g} Å"
        raise InputError(f"{beam_at}.{key}", f"{problem}; leave it out, or name the calibration for this wavelength.")
    if not calibrated:
        assert stated is not None
        integrator.wavelength = stated * 1e-10
    return Geometry(integrator, shape)


def turned(at: Geometry, axis: ArmAxis, angle: float) -> Geometry:
    """Return the geometry with the detector arm turned by an angle (degrees) from where it was calibrated.

    The axis is fixed in the laboratory and goes through the sample; the sense is that of Rot1 and Rot2 of a .poni.
    The integrator is turned itself: `at` must not be used afterwards.
    """
    integrator = at.integrator
    arm = _rotation(AXES[axis], -np.radians(angle))
    turns = zip((2, 1, 0), (integrator.rot3, -integrator.rot2, -integrator.rot1), strict=True)
    whole = arm @ np.linalg.multi_dot([_rotation(k, turn) for k, turn in turns])
    integrator.rot1 = -float(np.arctan2(whole[2, 1], whole[2, 2]))
    integrator.rot2 = float(np.arcsin(np.clip(whole[2, 0], -1.0, 1.0)))
    integrator.rot3 = float(np.arctan2(whole[1, 0], whole[0, 0]))
    integrator.reset(collect_garbage=False)
    return Geometry(integrator, at.shape)


def _rotation(axis: int, angle: float) -> FloatArray:
    """Return the right-handed rotation about an axis (0, 1, 2), (3, 3)."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[second, first], matrix[first, second] = np.sin(angle), -np.sin(angle)
    return matrix


def _loaded(path: Path, where: str) -> Any:
    """Return pyFAI's integrator for a .poni file, which pyFAI itself makes up from any text."""
    pyfai = needed("pyFAI", where)
    content = file_bytes(path, where)
    try:
        text = decoded(content, where)
    except InputError as error:
        raise InputError(where, f"{path.name} is not a calibration: it {error.problem}") from None
    keys = {match[1].lower() for match in _KEY.finditer(text)}
    if missing := sorted({"distance", "poni1", "poni2"} - keys):
        problem = f"{path.name} is not a calibration of pyFAI: {' and '.join(missing)} missing"
        raise InputError(where, f"{problem}; make one with pyFAI-calib2, it ends in .poni.")
    try:
        integrator = pyfai.load(str(path))
    except Exception as error:
        raise InputError(where, f"pyFAI cannot read {path.name}: {error}.") from error
    if not integrator.detector.pixel1 or not integrator.detector.pixel2:
        raise InputError(where, f"{path.name} does not say how large the pixels of its detector are.")
    if not integrator.dist > 0.0:
        raise InputError(where, f"{path.name}: the distance must be above 0, got {integrator.dist:g} m.")
    return integrator


def _check_shape(detector: Any, shape: Sequence[int], path: Path, where: str) -> None:
    calibrated = detector.max_shape
    if calibrated is None or tuple(calibrated) == tuple(shape):
        return
    problem = f"{path.name} is for a detector of {size_of(calibrated)} pixels ({detector.name}), but the images have"
    raise InputError(where, f"{problem} {size_of(shape)} (rows × columns); give the calibration of this detector.")
