"""What was counted: the frames at one place of the detector, added up, with their monitor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.reduction.image_files import Frame, frames, size_of
from nanocrystal.reduction.image_settings import ImageSettings

FloatArray = NDArray[np.float64]
MARKERS = (-1, -2)
"""what photon counters write into gaps and bad pixels of an image of signed integers; of 32 bits without a sign they
write the largest number"""


@dataclass(kw_only=True, eq=False)
class Exposure:
    """The sum of the frames at one place; lowest: of all frames; saturated, below, gaps: pixels where one was so.

    headers: of each frame; files: frames in each file.
    """

    name: str
    counts: FloatArray
    lowest: FloatArray
    saturated: NDArray[np.bool_]
    below: NDArray[np.bool_]
    gaps: NDArray[np.bool_]
    headers: list[Mapping[str, str]]
    files: list[int]

    @property
    def n_frames(self) -> int:
        return len(self.headers)

    @property
    def shown_name(self) -> str:
        return self.name + (f" and {len(self.files) - 1} more" if len(self.files) > 1 else "")

    @classmethod
    def empty(cls, name: str, shape: tuple[int, int]) -> Exposure:
        saturated, below, gaps = (np.zeros(shape, dtype=np.bool_) for _ in range(3))
        return cls(
            name=name,
            counts=np.zeros(shape),
            lowest=np.full(shape, np.inf),
            saturated=saturated,
            below=below,
            gaps=gaps,
            headers=[],
            files=[],
        )

    def add(self, frame: Frame, settings: ImageSettings) -> None:
        """Add a frame."""
        counts = frame.counts
        whole = counts.dtype.kind in "iu"
        limit = settings.saturation
        if limit is None:
            limit = float(np.iinfo(counts.dtype).max) if whole else np.inf
        gaps = ~np.isfinite(counts)
        if counts.dtype.kind == "i":
            gaps |= np.isin(counts, MARKERS)
        elif counts.dtype.kind == "u" and counts.dtype.itemsize >= 4:
            gaps |= counts == np.iinfo(counts.dtype).max
        values = np.where(gaps, 0.0, counts)
        self.gaps |= gaps
        self.saturated |= values >= limit
        if settings.minimum is not None:
            self.below |= (values < settings.minimum) & ~gaps
        self.counts += values
        self.lowest = np.minimum(self.lowest, values)
        self.headers.append(frame.header)


def exposures_of(paths: Sequence[str], n_calibrations: int, settings: ImageSettings, where: str) -> list[Exposure]:
    """Return the exposures: one for each file where the detector moved between them, else one."""
    angles = settings.arm_angles
    if n_calibrations > 1 and n_calibrations != len(paths):
        problem = f"names {n_calibrations} files for {len(paths)} images; give one for all, or one for each"
        raise InputError(f"{where}.calibration", f"{problem}.")
    if angles is not None and (n_calibrations > 1 or len(angles) != len(paths)):
        problem = f"has {len(angles)} angles for {len(paths)} images; give one for each, with one calibration"
        raise InputError(f"{where}.arm_angles", f"{problem}.")
    moved = n_calibrations > 1 or angles is not None
    exposures: list[Exposure] = []
    shape: tuple[int, int] | None = None
    for path in paths:
        before = sum(e.n_frames for e in exposures)
        for k, frame in enumerate(frames(path, f"{where}.file")):
            if shape is None:
                shape = (frame.counts.shape[0], frame.counts.shape[1])
            if frame.counts.shape != shape:
                problem = f"{frame.name} has {size_of(frame.counts.shape)} pixels, but those before {size_of(shape)}"
                raise InputError(f"{where}.file", f"{problem}; images of one set have one size.")
            if not exposures or (moved and k == 0):
                exposures.append(Exposure.empty(frame.name, shape))
            exposures[-1].add(frame, settings)
        exposures[-1].files.append(sum(e.n_frames for e in exposures) - before)
    return exposures


def monitors_of(exposures: Sequence[Exposure], monitor: Any, where: str) -> list[float]:
    """Return the monitor counts of each exposure, the number of its frames where there is no monitor."""
    at = f"{where}.monitor"
    n_frames = [e.n_frames for e in exposures]
    if monitor is None:
        return [float(n) for n in n_frames]
    if isinstance(monitor, str):
        each = [[_of_header(h, monitor, e.name, at) for h in e.headers] for e in exposures]
        return [sum(values) for values in each]
    if isinstance(monitor, int | float):
        monitor = [float(monitor)] * sum(n_frames)
    for value in monitor:
        if not 0.0 < value < np.inf:
            raise InputError(at, f"counts must be above 0, got {value:g}.")
    n_files = [len(e.files) for e in exposures]
    for sizes in (n_frames, n_files):
        if len(monitor) == sum(sizes):
            ends = np.cumsum(sizes)
            return [float(sum(monitor[end - size : end])) for end, size in zip(ends, sizes, strict=True)]
    problem = f"has {len(monitor)} numbers for {sum(n_frames)} frames in {sum(n_files)} files"
    raise InputError(at, f"{problem}; give one for each frame or file, or one for all frames.")


def _of_header(header: Mapping[str, str], key: str, name: str, at: str) -> float:
    known = {k.lower(): v for k, v in header.items()}
    if key.lower() not in known:
        shown = ", ".join(sorted(header)[:20]) or "none"
        raise InputError(at, f"the header of {name} has no key {key!r}; it has {shown}.")
    try:
        value = float(known[key.lower()].split()[0])
    except (ValueError, IndexError):
        raise InputError(at, f"{key} in the header of {name} is no number: {known[key.lower()]!r}.") from None
    if not 0.0 < value < np.inf:
        raise InputError(at, f"{key} in the header of {name} must be above 0, got {value:g}.")
    return value
