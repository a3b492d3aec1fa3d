"""Detector images in the place of a file: [reduction.NAME.image] and [reduction.NAME.blanks.BLANK.image]."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from nanocrystal.errors import InputError
from nanocrystal.reduction import Intensity
from nanocrystal.reduction.image import ImageSettings, IntegratedImage, integrated_image
from nanocrystal.study.fields import RangeField, Table

OF_A_FILE = ("columns", "sigma", "q_unit")
"""keys of a reduction that say what is in a file"""
LISTS = ("file", "calibration", "dark")
OWN = ("file", "monitor", "arm_angles")
"""what the images of a blank do not take over from those of the sample"""


class ImageTable(Table):
    """Detector images, from which I(Q) is made: [reduction.NAME.image]; of a blank: [….blanks.BLANK.image]."""

    file: str | list[str] = Field(description='images (tif, edf, cbf, "x.h5::/entry/data/data", …), * for any text')
    calibration: str | list[str] | None = Field(default=None, description=".poni of the detector; or one for each file")
    mask: str | None = Field(default=None, description="image or .npy; what is not 0 is left out")
    mask_marks: Literal["bad", "good"] = Field(default="bad", description="what is not 0 in the mask")
    dark: str | list[str] | None = Field(default=None, description="exposures without beam; their mean is subtracted")
    dark_scale: float = Field(default=1.0, description="factor of the dark: exposure of a frame over that of the dark")
    flat: str | None = Field(default=None, description="sensitivity of the pixels, divided out as it stands")
    monitor: float | str | list[float] | None = Field(
        default=None, description="counts of the beam for each frame or file; or the key of the header that holds them"
    )
    polarization: float | None = Field(
        default=None, description="degree P of the beam, 1 horizontal, −1 vertical, 0 none [not corrected]"
    )
    solid_angle: bool = Field(default=True, description="whether the solid angle of the pixels is divided out")
    saturation: float | None = Field(
        default=None, description="counts; pixels at and above are left out [largest integer of the image]"
    )
    minimum: float | None = Field(default=None, description="counts; pixels below are left out")
    beam_stop: float | None = Field(default=None, description="pixels; radius round the direct beam that is left out")
    azimuth_range: RangeField | None = Field(
        default=None, description="degrees; sector, 0 to the right, 90 towards growing rows; [170, 190] is one"
    )
    n_points: int | None = Field(default=None, description="bins in Q [one a pixel]")
    splitting: Literal["none", "bbox", "full"] = Field(
        default="none", description="of pixels between bins; with it neighbouring points are correlated"
    )
    error_model: Literal["poisson", "azimuthal", "none"] = Field(
        default="poisson", description="σ from the counts, from the scatter in each ring, or none"
    )
    counts_per_photon: float = Field(default=1.0, description="of the detector, for poisson")
    outliers: float | None = Field(default=None, description="σ by which a pixel is off its ring to be left out [none]")
    arm_axis: Literal["vertical", "horizontal"] = Field(default="vertical", description="axis that the arm turns about")
    arm_angles: list[float] | None = Field(
        default=None, description="degrees, for each file: how far the arm was turned since the calibration"
    )


def check_source(table: Any, where: str) -> None:
    """Raise InputError unless a table has either a file or images, with what belongs to it."""
    if table.file is None and table.image is None:
        problem = f'is missing: name the measured curve, or detector images in [{where}.image] with file = "…"'
        raise InputError(f"{where}.file", f"{problem}.")
    if table.image is None:
        return
    if table.file is not None:
        raise InputError(f"{where}.image", "stands beside file; a reduction starts from one of the two.")
    for key in OF_A_FILE:
        if key in table.model_fields_set:
            hint = "; say error_model in the image" if key == "sigma" else ""
            raise InputError(f"{where}.{key}", f"says what is in a file, but this starts from an image{hint}.")


def image_of(table: Any, main: Any, folder: Path, where: str, main_where: str) -> IntegratedImage:
    """Return I(Q) of the images of a table; those of a blank take over what they do not say from those of the sample.

    main: the table of the sample; where, main_where: addresses of both tables.
    """
    given = {key: getattr(table.image, key) for key in ImageTable.model_fields}
    if table is not main and main.image is not None:
        for key in set(given) - set(OWN) - table.image.model_fields_set:
            given[key] = getattr(main.image, key)
    for key in LISTS:
        value = given[key]
        given[key] = () if value is None else (value,) if isinstance(value, str) else tuple(value)
    if given["polarization"] is not None and main.polarization is not None:
        problem = "would correct once more for the polarisation that the image is corrected for; leave one out"
        raise InputError(f"{main_where}.polarization", f"{problem}.")
    settings = ImageSettings(**given, wavelength=main.wavelength, energy=main.energy)
    return integrated_image(settings, folder, f"{where}.image")


def intensity_of(found: IntegratedImage, where: str) -> Intensity:
    """Return what a reduction starts from."""
    intensity = Intensity.from_curve(found.curve(), f"{where}.image")
    return replace(intensity, name=Path(found.source).name)


def source_of(table: Any) -> str:
    """Return the name of what a reduction starts from."""
    if table.image is None:
        return str(table.file)
    files = [table.image.file] if isinstance(table.image.file, str) else table.image.file
    return files[0] + (f" and {len(files) - 1} more" if len(files) > 1 else "")
