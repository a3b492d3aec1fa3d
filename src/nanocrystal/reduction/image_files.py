"""Detector images as fabio reads them: frames with their headers, masks, darks, flats, and the bytes they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import resolved_path
from nanocrystal.errors import InputError
from nanocrystal.text import missing_file

FloatArray = NDArray[np.float64]
INSTALL = 'pip install "nanocrystal[images]"'
INNER = "::"
"""between the path of an HDF5 file and the path of the data set in it"""


@dataclass(frozen=True, eq=False)
class Frame:
    """One exposure: counts (n_rows, n_columns) of the type in the file, and the header of the file as text."""

    counts: NDArray[Any]
    header: Mapping[str, str]
    name: str


def needed(module: str, where: str) -> Any:
    """Return fabio or a module of pyFAI; raises InputError with the line that installs them."""
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        problem = f"detector images need {package}, which cannot be imported ({error}); install it with: {INSTALL}"
        raise InputError(where, problem) from error


def image_paths(names: Sequence[str], folder: Path, where: str) -> list[str]:
    """Return the paths that names mean, an inner HDF5 path behind "::" kept; "*" stands for any text in a file name.

    Raises InputError where there is no such file.
    """
    paths: list[str] = []
    for name in names:
        outer, mark, inner = name.partition(INNER)
        if "*" in outer:
            beside = resolved_path(outer, folder, where)
            matches = sorted(beside.parent.glob(beside.name))
            if not matches:
                raise InputError(where, f"no file in {beside.parent} has a name like {beside.name}.")
            paths += [f"{path}{mark}{inner}" for path in matches]
        else:
            paths.append(f"{existing(outer, folder, where)}{mark}{inner}")
    if not paths:
        raise InputError(where, 'names no file; give one, such as "image.tif", or a list of them.')
    return paths


def existing(name: str, folder: Path, where: str) -> Path:
    """Return the path of a file; raises InputError where there is none."""
    path = resolved_path(name, folder, where)
    if path.is_file():
        return path
    raise InputError(where, missing_file(path))


def shown_path(path: str | Path, folder: Path) -> str:
    """Return a path as a user would name it: relative to the folder where it is inside."""
    outer, mark, inner = str(path).partition(INNER)
    try:
        return f"{Path(outer).relative_to(folder)}{mark}{inner}"
    except ValueError:
        return str(path)


def digest(path: str | Path) -> str:
    """Return the SHA-256 of a file."""
    with Path(str(path).partition(INNER)[0]).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def frames(path: str, where: str) -> Iterator[Frame]:
    """Yield the frames of an image file; raises InputError for what is no image, and for colour pictures."""
    name = Path(path.partition(INNER)[0]).name
    with closing(_opened(path, name, where)) as image:
        for k in range(image.nframes):
            try:
                frame = image.get_frame(k) if image.nframes > 1 else image
                counts = np.asarray(frame.data)
            except Exception as error:
                raise InputError(where, f"frame {k + 1} of {name} cannot be read: {error}.") from error
            yield Frame(_plane(counts, name, where), {str(a): str(b) for a, b in frame.header.items()}, name)


def _opened(path: str, name: str, where: str) -> Any:
    fabio = needed("fabio", where)
    try:
        image = fabio.open(path)
        if image.nframes < 1 or image.data is None:
            raise ValueError("it holds no frame")
    except Exception as error:  # fabio raises what its many readers raise
        said = " ".join(str(error).split())[:200] or type(error).__name__
        hint = ""
        if name.lower().endswith((".h5", ".hdf5", ".nxs")) and INNER not in path:
            hint = f' (for HDF5 name the data set in it: "{name}{INNER}/entry/data/data")'
        problem = f"{name} is not an image that fabio can read{hint}: {said.rstrip('.')}"
        raise InputError(where, f"{problem}; give a tif, edf, cbf or another detector image.") from error
    return image


def _plane(counts: NDArray[Any], name: str, where: str) -> NDArray[Any]:
    if counts.ndim == 3 and counts.shape[0] == 1:
        counts = counts[0]
    if counts.ndim != 2:
        size = " × ".join(map(str, counts.shape))
        raise InputError(where, f"{name} holds {size} values, but a detector image has one value for each pixel.")
    if min(counts.shape) < 2 or counts.dtype.kind not in "iufb":
        size = " × ".join(map(str, counts.shape))
        raise InputError(where, f"{name} is no detector image: {size} values of type {counts.dtype}.")
    return counts


def single_image(path: str, shape: tuple[int, int], what: str, where: str) -> FloatArray:
    """Return one image, of a .npy file too, as floats; raises InputError where its shape is not that of the images."""
    name = Path(path.partition(INNER)[0]).name
    if path.lower().endswith(".npy"):
        try:
            pixels = _plane(np.load(path, allow_pickle=False), name, where)
        except (OSError, ValueError) as error:
            raise InputError(where, f"{name} is not a NumPy array: {error}.") from error
    else:
        pixels = next(frames(path, where)).counts
    if pixels.shape != shape:
        problem = f"{what} {name} has {size_of(pixels.shape)} pixels, but the images have {size_of(shape)}"
        raise InputError(where, f"{problem} (rows × columns); give the one that was made for this detector.")
    return np.asarray(pixels, dtype=np.float64)


def mean_image(paths: Sequence[str], shape: tuple[int, int], what: str, where: str) -> tuple[FloatArray, int]:
    """Return the mean of all frames of some files, and how many there are."""
    total, count = np.zeros(shape), 0
    for path in paths:
        if path.lower().endswith(".npy"):
            total += single_image(path, shape, what, where)
            count += 1
            continue
        for frame in frames(path, where):
            if frame.counts.shape != shape:
                problem = f"{what} {frame.name} has {size_of(frame.counts.shape)} pixels, but the images have"
                raise InputError(where, f"{problem} {size_of(shape)} (rows × columns).")
            total += frame.counts
            count += 1
    return total / count, count


def size_of(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))
