"""How images become I(Q): what a user says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nanocrystal.errors import InputError
from nanocrystal.reduction.image_geometry import ArmAxis

Splitting = Literal["none", "bbox", "full"]
ErrorModel = Literal["poisson", "azimuthal", "none"]
FEWEST_POINTS, MOST_POINTS = 20, 100_000


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    """How images become I(Q); see docs/detector_images.md. Paths are relative to the folder of
    `integrated_image`.

    file: images, their frames are added up; calibration: one .poni, or one for each file.
    mask_marks: whether what is not 0 in the mask is bad (as pyFAI and Fit2D have it) or good.
    dark: exposures without beam, times dark_scale; flat: sensitivity of the pixels, used as it stands.
    monitor: one number for each frame or file, one for all frames, or the key of the header that holds it.
    polarization: degree P within ±1, 1 for horizontal. saturation: counts at and above are masked [the largest number
    of an image of integers]; minimum: counts below are masked. beam_stop: radius round the direct beam, pixels.
    azimuth_range: degrees, [170, 190] is one sector. n_points [one a pixel]. counts_per_photon: of a detector that does
    not count photons one by one. outliers: how many σ off its ring a pixel is masked. arm_angles: degrees, one for each
    file, by which the arm was turned about arm_axis since the calibration. wavelength: Å; energy: eV.
    """

    file: Sequence[str]
    calibration: Sequence[str]
    mask: str | None = None
    mask_marks: Literal["bad", "good"] = "bad"
    dark: Sequence[str] = ()
    dark_scale: float = 1.0
    flat: str | None = None
    monitor: float | str | Sequence[float] | None = None
    polarization: float | None = None
    solid_angle: bool = True
    saturation: float | None = None
    minimum: float | None = None
    beam_stop: float | None = None
    azimuth_range: tuple[float, float] | None = None
    n_points: int | None = None
    splitting: Splitting = "none"
    error_model: ErrorModel = "poisson"
    counts_per_photon: float = 1.0
    outliers: float | None = None
    arm_axis: ArmAxis = "vertical"
    arm_angles: Sequence[float] | None = None
    wavelength: float | None = None
    energy: float | None = None


def check_numbers(settings: ImageSettings, where: str) -> None:
    """Raise InputError for settings that cannot be meant."""
    if not settings.calibration:
        problem = "is missing; name the .poni file of the detector, such as one made with pyFAI-calib2"
        raise InputError(f"{where}.calibration", f"{problem}.")
    if settings.polarization is not None and not -1.0 <= settings.polarization <= 1.0:
        problem = "is the degree P of polarisation, 1 horizontal, −1 vertical, 0 none, and lies within ±1"
        raise InputError(f"{where}.polarization", f"{problem}; got {settings.polarization:g}.")
    for key in ("dark_scale", "saturation", "beam_stop", "counts_per_photon", "outliers"):
        value = getattr(settings, key)
        if value is not None and not value > 0.0:
            raise InputError(f"{where}.{key}", f"must be above 0, got {value:g}.")
    n = settings.n_points
    if n is not None and not FEWEST_POINTS <= n <= MOST_POINTS:
        raise InputError(f"{where}.n_points", f"must lie within {FEWEST_POINTS} and {MOST_POINTS}, got {n}.")
    if settings.azimuth_range is not None:
        low, high = settings.azimuth_range
        if not 0.0 < high - low <= 360.0:
            problem = f"needs low < high and at most 360° between them, got [{low:g}, {high:g}]"
            raise InputError(f"{where}.azimuth_range", f"{problem}; a sector across ±180° is [170, 190].")
