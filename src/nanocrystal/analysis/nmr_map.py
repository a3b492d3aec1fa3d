"""Diffusion coefficient at each point of a spectrum: the map of shift against log D that DOSY is named after.

    data = read_nmr(Path("dosy/5"))
    spectrum = nmr_spectrum(data)
    b = b_values(data.indirect.values, pulse, separation, shape_factor=0.9) * 1e-12     # s/µm²
    dosy = diffusion_map(spectrum.shift, b, spectrum.real, spectrum.sigma)

Each column above the noise is fitted by one exponential, all at once. In the map it is a Gaussian over log D, as wide
as the standard error, as high as the column: what has one D lies on a horizontal line. Columns in which lines of
different D overlap lie between them; their χ² tells. Fit such lines with several components (nmr-diffusion).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanocrystal.errors import InputError
from nanocrystal.spectra import DECAYS, SumOfForms
from nanocrystal.spectra.batch.fit import BatchOptions, fit_batch
from nanocrystal.text import csv_text

FloatArray = NDArray[np.float64]
NARROWEST = 0.01
"""of log10 D: width of a Gaussian in the map at least, to be seen"""


@dataclass(frozen=True, kw_only=True)
class DiffusionMap:
    """Diffusion coefficients of the columns of a pseudo-2D spectrum that have signal.

    Parameters
    ----------
    shift : array (n,)
        ppm.
    diffusion, stderr : array (n,)
        D and its standard error, µm²/s.
    amplitude : array (n,)
        Height at b = 0.
    chi2_red : array (n,)
        Of the fit of each column; large where lines of different D overlap.
    """

    shift: FloatArray
    diffusion: FloatArray
    stderr: FloatArray
    amplitude: FloatArray
    chi2_red: FloatArray

    def on_grid(self, shift: FloatArray, diffusion: FloatArray) -> FloatArray:
        """Return the map (n_diffusion, n_shift): at each shift of the grid the columns nearest to it."""
        heights_on_grid = np.zeros((len(diffusion), len(shift)))
        cell = np.clip(np.searchsorted(0.5 * (shift[1:] + shift[:-1]), self.shift), 0, len(shift) - 1)
        width = np.maximum(self.stderr / (self.diffusion * np.log(10.0)), NARROWEST)
        apart = np.log10(diffusion)[:, None] - np.log10(self.diffusion)
        heights = self.amplitude * np.exp(-0.5 * (apart / width) ** 2)
        for k, place in enumerate(cell):
            heights_on_grid[:, place] = np.maximum(heights_on_grid[:, place], heights[:, k])
        return heights_on_grid

    def to_csv(self) -> str:
        """Return one row for each column with signal."""
        return csv_text(
            {
                "shift_ppm": self.shift,
                "diffusion_um2_per_s": self.diffusion,
                "stderr_um2_per_s": self.stderr,
                "amplitude": self.amplitude,
                "chi2_red": self.chi2_red,
            }
        )


def diffusion_map(
    shift_ppm: ArrayLike,
    b_s_per_um2: ArrayLike,
    intensities: ArrayLike,
    sigma: ArrayLike | float,
    *,
    threshold: float = 10.0,
) -> DiffusionMap:
    """Return D of each column of a series of spectra, fitted by one exponential each.

    Parameters
    ----------
    shift_ppm : array (n_shift,)
        ppm.
    b_s_per_um2 : array (n_b,)
        b, s/µm², in any order; at least 3.
    intensities : array (n_b, n_shift)
        The spectra.
    sigma : float or array (n_b,) or (n_b, n_shift)
        Standard deviation of a point.
    threshold : float, optional
        Columns whose largest point is below so many σ are left out, as are those whose D is not determined.

    Returns
    -------
    DiffusionMap
        Of the columns with signal.

    Raises
    ------
    InputError
        For arrays that do not fit one another, and where no column is above the threshold.
    """
    shift, b = np.asarray(shift_ppm, dtype=np.float64), np.asarray(b_s_per_um2, dtype=np.float64)
    y = np.asarray(intensities, dtype=np.float64)
    if y.shape != (len(b), len(shift)):
        raise InputError("intensities", f"must have the shape ({len(b)}, {len(shift)}) of b and shift, got {y.shape}.")
    if len(b) < 3 or b.min() < 0.0 or not b.max() > b.min():
        raise InputError("b_s_per_um2", "must be at least 3 points, not all alike, at least 0.")
    deviation = np.asarray(sigma, dtype=np.float64)
    try:
        spread = np.broadcast_to(deviation[:, None] if deviation.ndim == 1 else deviation, y.shape)
    except ValueError:
        raise InputError("sigma", f"must be one number or as many as b, {len(b)}, got {deviation.shape}.") from None
    if not (np.isfinite(spread).all() and (spread > 0.0).all()):
        raise InputError("sigma", "must be above 0 everywhere.")
    seen = np.flatnonzero((y / spread).max(axis=0) > threshold)
    if not len(seen):
        raise InputError("threshold", f"leaves no column: no point is above {threshold:g} σ.")
    order = np.argsort(b)
    start = {"a.diffusion": 1.0 / float(b.max() - b.min())}
    model = SumOfForms({"a": DECAYS["diffusion"]}, 0)
    rows = np.ascontiguousarray(y[order][:, seen].T)
    sigma_of_rows = np.ascontiguousarray(spread[order][:, seen].T)
    options = BatchOptions(reach={"a.diffusion": 30.0})
    fit = fit_batch(model, b[order], rows, start, sigma=sigma_of_rows, options=options)
    stderr = np.asarray(fit.stderr("a.diffusion"))
    good = np.isfinite(stderr) & (fit["a.amplitude"] > 0.0) & (stderr < fit["a.diffusion"])
    return DiffusionMap(
        shift=shift[seen][good],
        diffusion=fit["a.diffusion"][good],
        stderr=stderr[good],
        amplitude=fit["a.amplitude"][good],
        chi2_red=np.asarray(fit.chi2_red)[good],
    )
