"""Detector images in the place of a file: [reduction.NAME.image] and [reduction.NAME.blanks.BLANK.image]."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from nanocrystal.errors import InputError
from nanocrystal.reduction import Intensity
from nanocrystal.reduction.image import ImageSettings, IntegratedImage, integrated_image
from nanocrystal.study.tables import arguments_of

OF_A_FILE = ("columns", "sigma", "q_unit")
"""keys of a reduction that say what is in a file"""
OF_THE_SAMPLE_ONLY = ("file", "monitor", "arm_angles")
"""what the images of a blank do not take over from those of the sample"""


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
    arguments = arguments_of(ImageSettings, table.image, f"{where}.image")
    if table is not main and main.image is not None:
        taken_over = set(arguments) - set(OF_THE_SAMPLE_ONLY) - table.image.model_fields_set
        arguments |= {k: v for k, v in arguments_of(ImageSettings, main.image, main_where).items() if k in taken_over}
    if arguments["polarization"] is not None and main.polarization is not None:
        problem = "would correct once more for the polarisation that the image is corrected for; leave one out"
        raise InputError(f"{main_where}.polarization", f"{problem}.")
    settings = ImageSettings(**arguments, wavelength=main.wavelength, energy=main.energy)
    return integrated_image(settings, folder, f"{where}.image")


def intensity_of(integrated: IntegratedImage, where: str) -> Intensity:
    """Return what a reduction starts from."""
    intensity = Intensity.from_curve(integrated.curve(), f"{where}.image")
    return replace(intensity, name=Path(integrated.source).name)


def source_of(table: Any) -> str:
    """Return the name of what a reduction starts from."""
    if table.image is None:
        return str(table.file)
    files = table.image.file
    return str(files[0]) + (f" and {len(files) - 1} more" if len(files) > 1 else "")
