"""How images become I(Q): what a user says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from nanocrystal.errors import InputError
from nanocrystal.parameters import NO_KEY, ONE_OR_MORE, Declares
from nanocrystal.reduction.image_geometry import ArmAxis

Splitting = Literal["none", "bbox", "full"]
ErrorModel = Literal["poisson", "azimuthal", "none"]
FEWEST_POINTS, MOST_POINTS = 20, 100_000


@dataclass(frozen=True, kw_only=True)
class ImageSettings(Declares):
    """Detector images, from which I(Q) is made, and how; see docs/detector_images.md.

    Paths are relative to the folder of `integrated_image`. The frames of the images are added up.

    Parameters
    ----------
    wavelength : float or None
        Of the beam, Å; None: that of the calibration
    energy : float or None
        Of the photons, eV, instead of the wavelength
    """

    file: Annotated[Sequence[str], ONE_OR_MORE, 'images (tif, edf, cbf, "x.h5::/entry/data/data", …), * for any text']
    calibration: Annotated[Sequence[str], ONE_OR_MORE, ".poni of the detector; or one for each file"] = ()
    mask: Annotated[str | None, "image or .npy; what is not 0 is left out"] = None
    mask_marks: Annotated[Literal["bad", "good"], "what is not 0 in the mask"] = "bad"
    dark: Annotated[Sequence[str], ONE_OR_MORE, "exposures without beam; their mean is subtracted"] = ()
    dark_scale: Annotated[float, "factor of the dark: exposure of a frame over that of the dark"] = 1.0
    flat: Annotated[str | None, "sensitivity of the pixels, divided out as it stands"] = None
    monitor: Annotated[
        float | str | Sequence[float] | None,
        "counts of the beam for each frame or file; or the key of the header that holds them",
    ] = None
    polarization: Annotated[float | None, "degree P of the beam, 1 horizontal, −1 vertical, 0 none [not corrected]"] = (
        None
    )
    solid_angle: Annotated[bool, "whether the solid angle of the pixels is divided out"] = True
    saturation: Annotated[float | None, "counts; pixels at and above are left out [largest integer of the image]"] = (
        None
    )
    minimum: Annotated[float | None, "counts; pixels below are left out"] = None
    beam_stop: Annotated[float | None, "pixels; radius round the direct beam that is left out"] = None
    azimuth_range: Annotated[
        tuple[float, float] | None, "degrees; sector, 0 to the right, 90 towards growing rows; [170, 190] is one"
    ] = None
    n_points: Annotated[int | None, "bins in Q [one a pixel]"] = None
    splitting: Annotated[Splitting, "of pixels between bins; with it neighbouring points are correlated"] = "none"
    error_model: Annotated[ErrorModel, "σ from the counts, from the scatter in each ring, or none"] = "poisson"
    counts_per_photon: Annotated[float, "of the detector, for poisson"] = 1.0
    outliers: Annotated[float | None, "σ by which a pixel is off its ring to be left out [none]"] = None
    arm_axis: Annotated[ArmAxis, "axis that the arm turns about"] = "vertical"
    arm_angles: Annotated[
        Sequence[float] | None, "degrees, for each file: how far the arm was turned since the calibration"
    ] = None
    wavelength: Annotated[float | None, NO_KEY] = None
    energy: Annotated[float | None, NO_KEY] = None


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
