"""What a report shows of detector images: each no larger than it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray, SingleArray
from nanocrystal.reduction.image_pixels import NAMES, OUTLIER, SATURATED, USED, Codes

LARGEST = 400
"""points of a view, each way"""
MOST_VIEWS = 3
"""images shown of each set: the first, one of the middle, the last"""


@dataclass(frozen=True, eq=False)
class View:
    """What a report shows of the images at one place of the detector.

    Parameters
    ----------
    name : str
        Of the image
    counts : array (n, m)
        The mean of a frame without dark, of blocks of step × step pixels
    codes : array (n, m)
        Of `image_pixels`, 0 where a pixel is used
    beam : (float, float)
        The direct beam, column and row, in pixels from the corner
    step : int
        Pixels of a block, each way
    size : (int, int)
        Rows and columns of the detector
    """

    name: str
    counts: SingleArray
    codes: Codes
    beam: tuple[float, float]
    step: int = 1
    size: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, name: str, counts: FloatArray, codes: Codes, beam: tuple[float, float]) -> View:
        """Return the view of counts and codes, (n_rows, n_columns) each, at most `LARGEST` points each way."""
        rows, columns = counts.shape
        step = -(-max(rows, columns) // LARGEST)
        mean, shown = coarser(cls(name, counts, codes, beam), step)
        return cls(name, mean.astype(np.float32), shown, beam, step, (rows, columns))


def coarser(view: View, step: int) -> tuple[FloatArray, Codes]:
    """Return counts and codes of blocks of step × step pixels; what is left over at the far edges is not shown.

    Counts are the mean of the pixels that are used, of all where none is. The code of a block is that of most of its
    pixels; a saturated pixel or an outlier shows even alone.
    """
    rows, columns = (n // step for n in view.counts.shape)
    cut = np.s_[: rows * step, : columns * step]

    def blocks(values: Any) -> Any:
        return values[cut].reshape(rows, step, columns, step).swapaxes(1, 2).reshape(rows, columns, step * step)

    counts, codes = blocks(view.counts), blocks(view.codes)
    used = codes == USED
    some = used.any(axis=2)
    total = np.where(used | ~some[..., None], counts, 0.0).sum(axis=2)
    mean = total / np.where(some, used.sum(axis=2), step * step)
    shown = np.full((rows, columns), USED, dtype=np.uint8)
    for code in NAMES:
        part = (codes == code).sum(axis=2)
        enough = part > 0 if code in (SATURATED, OUTLIER) else 2 * part >= step * step
        shown[enough & ((shown == USED) | (code in (SATURATED, OUTLIER)))] = code
    return mean, shown


def few(views: Sequence[View]) -> Sequence[View]:
    """Return those of many views that are shown."""
    return views if len(views) <= MOST_VIEWS else [views[0], views[len(views) // 2], views[-1]]
