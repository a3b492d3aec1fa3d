"""From pixels to bins of Q: sums by pyFAI, σ, the cake over azimuth and Q, and what looks wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.arrays import FloatArray
from nanocrystal.reduction import image_pixels as pixels
from nanocrystal.reduction.image_geometry import Geometry
from nanocrystal.reduction.image_pixels import Codes
from nanocrystal.reduction.image_settings import FEWEST_POINTS, MOST_POINTS, ImageSettings

METHODS = {
    "none": ("no", "histogram", "cython"),
    "bbox": ("bbox", "csr", "cython"),
    "full": ("full", "csr", "cython"),
}
"""splitting -> pyFAI's method"""
NO_DUMMY = -1e30
"""no pixel is left out by its value here: pyFAI would do so for some detectors"""
CAKE_Q, CAKE_AZIMUTH = 400, 180
"""bins of the cake"""
DEAD_RING = 25.0
"""counts; a pixel that reads 0 in a ring of more is dead"""


@dataclass(kw_only=True, eq=False)
class Place:
    """The detector at one place: signal without dark, its variance, response times monitor, codes of the pixels.

    All (n_rows, n_columns); norm: what a pixel counts of intensity 1; variance: by counting.
    """

    name: str
    geometry: Geometry
    signal: FloatArray
    variance: FloatArray
    norm: FloatArray
    codes: Codes
    n_frames: int
    dark: FloatArray

    @property
    def unused(self) -> NDArray[np.bool_]:
        return np.asarray(self.codes != pixels.USED)

    def mask_outliers(self, edges: FloatArray, threshold: float, counts_per_photon: float) -> None:
        kept = ~self.unused
        of_one = np.full(int(kept.sum()), counts_per_photon)
        off = np.zeros(kept.shape, dtype=np.bool_)
        off[kept] = pixels.outliers(self.signal[kept], self.norm[kept], of_one, self.geometry.q[kept], edges, threshold)
        pixels.mark(self.codes, off, pixels.OUTLIER)


@dataclass(frozen=True, eq=False)
class Cake:
    """Intensity over azimuth and Q.

    Parameters
    ----------
    q : array (n_q,)
        Å⁻¹
    azimuth : array (n_azimuth,)
        Degrees, 0 towards growing columns
    intensity : array (n_azimuth, n_q)
        NaN without pixels
    """

    q: FloatArray
    azimuth: FloatArray
    intensity: FloatArray


@dataclass(frozen=True, eq=False)
class Binned:
    """I(Q): q (n,) Å⁻¹, intensity (n,), sigma (n,) or None."""

    q: FloatArray
    intensity: FloatArray
    sigma: FloatArray | None
    notes: tuple[str, ...]


def bin_edges(places: Sequence[Place], settings: ImageSettings) -> FloatArray:
    """Return the edges of the bins in Q, (n + 1,): all used pixels are inside."""
    ends = [(p.geometry.q[~p.unused].min(), p.geometry.q[~p.unused].max()) for p in places if not p.unused.all()]
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    n = settings.n_points
    if n is None:
        step = min(p.geometry.pixel_step() for p in places)
        n = int(np.clip(np.ceil((high - low) / step), FEWEST_POINTS, MOST_POINTS))
    return np.linspace(low, high * (1.0 + 1e-6), n + 1)


def binned(places: Sequence[Place], edges: FloatArray, settings: ImageSettings) -> Binned:
    """Return the intensity of the bins that hold pixels."""
    method = METHODS[settings.splitting]
    sums = sum((_sums(p, edges, method) for p in places), start=np.zeros((4, len(edges) - 1)))
    filled = sums[0] > 0.0
    norm, signal, variance, q_sum = sums[:, filled]
    q = q_sum / norm if settings.splitting == "none" else (0.5 * (edges[1:] + edges[:-1]))[filled]
    intensity = signal / norm
    notes = []
    if empty := int(np.count_nonzero(~filled)):
        notes.append(f"{empty} of {len(filled)} bins in Q hold no pixel and are left out.")
    if settings.splitting != "none":
        notes.append("Pixels are split between bins: neighbouring points are correlated, which their σ do not say.")
    if settings.error_model == "none":
        return Binned(q, intensity, None, tuple(notes))
    if settings.error_model == "azimuthal":
        variance = _scatter(places, edges, q, intensity, method)[filled]
        alone = ~(variance > 0.0)
        variance[alone] = np.max(variance[~alone], initial=0.0)
    else:
        variance = np.maximum(variance, settings.counts_per_photon**2)  # nothing counted: as if one photon was
    return Binned(q, intensity, np.sqrt(variance) / norm, tuple(notes))


def _sums(place: Place, edges: FloatArray, method: tuple[str, str, str]) -> FloatArray:
    """Return sums over the pixels of each bin, (4, n): norm, signal, variance, q × norm."""
    first = _one_pass(place, place.signal, place.variance, edges, method)
    second = _one_pass(place, place.geometry.q * place.norm, place.variance, edges, method)
    return np.stack([first.sum_normalization, first.sum_signal, first.sum_variance, second.sum_signal])


def _one_pass(
    place: Place, signal: FloatArray, variance: FloatArray, edges: FloatArray, method: tuple[str, str, str]
) -> Any:
    """Return what pyFAI finds for a signal; all corrections are in `norm`, which it takes as the flat field."""
    return place.geometry.integrator.integrate1d_ng(
        signal,
        len(edges) - 1,
        variance=variance,
        mask=place.unused,
        flat=place.norm,
        correctSolidAngle=False,
        dummy=NO_DUMMY,
        delta_dummy=1.0,
        radial_range=(float(edges[0]), float(edges[-1])),
        unit="q_A^-1",
        method=method,
    )


def _scatter(
    places: Sequence[Place], edges: FloatArray, q: FloatArray, intensity: FloatArray, method: tuple[str, str, str]
) -> FloatArray:
    """Return the variance of the sum of each bin from the residuals of its pixels about I(Q), (n_bins,)."""
    total, count = np.zeros(len(edges) - 1), np.zeros(len(edges) - 1)
    for place in places:
        expected = np.interp(place.geometry.q, q, intensity) * place.norm
        squares = _one_pass(place, place.signal, (place.signal - expected) ** 2, edges, method)
        total += squares.sum_variance
        count += squares.count
    return np.where(count > 1.5, total * count / np.maximum(count - 1.0, 0.5), 0.0)


def cake_of(places: Sequence[Place], edges: FloatArray) -> Cake:
    """Return the intensity over azimuth and Q."""
    n_q = min(CAKE_Q, len(edges) - 1)
    width, low = (edges[-1] - edges[0]) / n_q, edges[0]
    signal, norm = np.zeros(CAKE_AZIMUTH * n_q), np.zeros(CAKE_AZIMUTH * n_q)
    for place in places:
        kept = ~place.unused
        across = np.clip((place.geometry.q[kept] - low) / width, 0, n_q - 1).astype(np.intp)
        round_ = ((place.geometry.azimuth[kept] + 180.0) / 360.0 * CAKE_AZIMUTH).astype(np.intp) % CAKE_AZIMUTH
        cell = round_ * n_q + across
        signal += np.bincount(cell, place.signal[kept], minlength=len(signal))
        norm += np.bincount(cell, place.norm[kept], minlength=len(norm))
    intensity = np.full(len(signal), np.nan)
    np.divide(signal, norm, out=intensity, where=norm > 0.0)
    azimuth = np.asarray(-180.0 + 360.0 / CAKE_AZIMUTH * (np.arange(CAKE_AZIMUTH) + 0.5), dtype=np.float64)
    q: FloatArray = np.asarray(low + width * (np.arange(n_q) + 0.5))
    return Cake(q, azimuth, intensity.reshape(CAKE_AZIMUTH, n_q))


# ---- what looks wrong ------------------------------------------------------------


def remarks(places: Sequence[Place], edges: FloatArray, curve: Binned, settings: ImageSettings) -> list[str]:
    """Return sentences on what a reader should look at."""
    said = []
    cut = sum(_cut_by_chance(place, curve, settings.minimum) for place in places)
    if cut:
        said.append(
            f"{cut} pixels below minimum = {settings.minimum:g} lie where hardly more is expected: to leave out low "
            "counts makes the intensity too high; use a mask instead."
        )
    saturated = sum(int(np.count_nonzero(p.codes == pixels.SATURATED)) for p in places)
    if saturated:
        said.append(f"{saturated} pixels are saturated and left out; strong reflections may be missing there.")
    if settings.outliers is None:
        dead = sum(_dead(place, edges) for place in places)
        if dead:
            said.append(
                f"{dead} pixels read 0 in rings of more than {DEAD_RING:g} counts: mask them, or set outliers = 5."
            )
    if settings.polarization is None:
        said.append("No correction for polarisation was made to the image.")
    return said


def _cut_by_chance(place: Place, curve: Binned, minimum: float | None) -> int:
    """Return how many pixels are left out by the minimum where counting alone, within 4 σ, reaches it."""
    below = place.codes == pixels.BELOW
    if minimum is None or not below.any():
        return 0
    expected = np.interp(place.geometry.q[below], curve.q, curve.intensity) * place.norm[below] / place.n_frames
    expected = np.maximum(expected + place.dark[below], 0.0)
    return int(np.count_nonzero(expected - 4.0 * np.sqrt(expected) < minimum))


def _dead(place: Place, edges: FloatArray) -> int:
    kept = ~place.unused
    q, signal, norm = place.geometry.q[kept], place.signal[kept], place.norm[kept]
    total = np.histogram(q, edges, weights=signal)[0] / np.maximum(np.histogram(q, edges, weights=norm)[0], 1e-300)
    ring = np.clip(np.searchsorted(edges, q, side="right") - 1, 0, len(edges) - 2)
    silent = place.variance[kept] <= 0.0
    return int(np.count_nonzero(silent & (total[ring] * norm > DEAD_RING)))
