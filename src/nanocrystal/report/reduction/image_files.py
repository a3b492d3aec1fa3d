"""What is written of integrated images: I over 2θ, as powder programs read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nanocrystal.reduction.image import IntegratedImage


def image_file(name: str) -> str:
    """Return the file of an integrated image; name: NAME of a reduction, or NAME.blanks.BLANK."""
    return f"{name.replace('.blanks.', '_blank_')}.xye"


def image_files(names: Iterable[str]) -> list[str]:
    """Return the files of integrated images."""
    return [image_file(name) for name in names]


def image_texts(images: Mapping[str, IntegratedImage]) -> dict[str, str]:
    """Return file -> text: 2θ in degrees, intensity, σ where it is known (.xye has three columns, else two)."""
    return {image_file(name): _text(image) for name, image in images.items()}


def _text(image: IntegratedImage) -> str:
    columns = [image.two_theta, image.intensity, *([] if image.sigma is None else [image.sigma])]
    head = f"# wavelength = {image.wavelength:.8g}\n# 2theta(deg) intensity{'' if image.sigma is None else ' sigma'}\n"
    rows = "\n".join(" ".join(f"{v:.9g}" for v in row) for row in zip(*columns, strict=True))
    return f"{head}{rows}\n"
