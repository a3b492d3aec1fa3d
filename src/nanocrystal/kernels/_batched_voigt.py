"""Compiled Voigt profiles for `_batched_numba`; needs Numba at import.

w(z) for Im z ≥ 0 by Weideman's rational series, SIAM J. Numer. Anal. 31, 1497 (1994), with 40 terms: 3e-14 of |w|
everywhere against scipy.special.wofz. Derivatives as in `spectra.lines`.
"""

from __future__ import annotations

import math

import numpy as np

from nanocrystal.kernels._batched_jit import jit

TERMS = 40
SCALE = math.sqrt(TERMS / math.sqrt(2.0))
SIGMAS_IN_FWHM = math.sqrt(8.0 * math.log(2.0))
INVERSE_ROOT_PI = 1.0 / math.sqrt(math.pi)
FAR2 = 3600.0
"""|z|² from which on the derivative is taken from the asymptotic series"""
NARROWEST = 1e-6


def _coefficients() -> np.ndarray:
    """Return Weideman's coefficients (40,), highest power first: Fourier components of exp(−t²)(L² + t²)."""
    m = 2 * TERMS
    t = SCALE * np.tan(np.arange(-m + 1, m) * np.pi / (2 * m))
    values = np.concatenate([[0.0], np.exp(-(t**2)) * (SCALE**2 + t**2)])
    return np.ascontiguousarray((np.fft.fft(np.fft.fftshift(values)).real / (2 * m))[TERMS:0:-1])


COEFFICIENTS = _coefficients()


@jit
def faddeeva_rows(x, y, rows):
    """Write Re w, Im w, Re w′, Im w′, Re (w + z w′) at z = x + iy to rows (5, n).

    Sums run over all points term by term, so that they are done several points at a time.
    """
    n = len(x)
    zr, zi = np.empty(n), np.empty(n)
    for i in range(n):
        # Z = (L + iz)/(L − iz), with iz = −y + ix
        below_r, below_i = SCALE + y, -x[i]
        above_r, above_i = SCALE - y, x[i]
        size = 1.0 / (below_r * below_r + below_i * below_i)
        zr[i] = (above_r * below_r + above_i * below_i) * size
        zi[i] = (above_i * below_r - above_r * below_i) * size
        rows[0, i] = 0.0
        rows[1, i] = 0.0
    for k in range(TERMS):
        a = COEFFICIENTS[k]
        for i in range(n):
            real = rows[0, i] * zr[i] - rows[1, i] * zi[i] + a
            rows[1, i] = rows[0, i] * zi[i] + rows[1, i] * zr[i]
            rows[0, i] = real
    for i in range(n):
        below_r, below_i = SCALE + y, -x[i]
        size = 1.0 / (below_r * below_r + below_i * below_i)
        inverse_r, inverse_i = below_r * size, -below_i * size
        # w = (2 p/(L − iz) + 1/√π)/(L − iz)
        real = 2.0 * (rows[0, i] * inverse_r - rows[1, i] * inverse_i) + INVERSE_ROOT_PI
        imaginary = 2.0 * (rows[0, i] * inverse_i + rows[1, i] * inverse_r)
        w_r = real * inverse_r - imaginary * inverse_i
        w_i = real * inverse_i + imaginary * inverse_r
        slope_r = -2.0 * (x[i] * w_r - y * w_i)
        slope_i = -2.0 * (x[i] * w_i + y * w_r) + 2.0 * INVERSE_ROOT_PI
        rows[0, i] = w_r
        rows[1, i] = w_i
        rows[2, i] = slope_r
        rows[3, i] = slope_i
        rows[4, i] = w_r + x[i] * slope_r - y * slope_i
    for i in range(n):
        if x[i] * x[i] + y * y > FAR2:
            z = complex(x[i], y)
            inverse = 1.0 / (z * z)
            summed = -1.0j * INVERSE_ROOT_PI / z * inverse * (1.0 + inverse * (3.0 + 11.25 * inverse))
            slope = (summed - complex(rows[0, i], rows[1, i])) / z
            rows[2, i] = slope.real
            rows[3, i] = slope.imag
            rows[4, i] = summed.real


@jit
def voigt_rows(x, position, gauss, lorentz, out, work):
    """Write the Voigt profile of two widths and its derivatives by position and both widths to out (4, n)."""
    sigma = max(gauss, NARROWEST * lorentz, 1e-300) / SIGMAS_IN_FWHM
    inverse = 1.0 / (math.sqrt(2.0) * sigma)
    n = len(x)
    z = np.empty(n)
    for i in range(n):
        z[i] = (x[i] - position) * inverse
    faddeeva_rows(z, 0.5 * lorentz * inverse, work)
    height = 1.0 / (sigma * math.sqrt(2.0 * math.pi))
    steep = height * inverse
    for i in range(n):
        out[0, i] = height * work[0, i]
        out[1, i] = -steep * work[2, i]
        out[2, i] = -height / sigma * work[4, i] / SIGMAS_IN_FWHM
        out[3, i] = -0.5 * steep * work[3, i]


@jit
def voigt_width(part):
    """Return the full width of the profile with widths 1 − m and m, and its derivative by m: `lines.voigt_width`."""
    at, work = np.empty(2), np.empty((5, 2))
    out = np.empty((4, 2))
    half = 0.5 * (0.5346 * part + math.sqrt(0.2166 * part * part + (1.0 - part) * (1.0 - part)))
    for _ in range(4):
        at[0], at[1] = 0.0, half
        voigt_rows(at, 0.0, 1.0 - part, part, out, work)
        half += (out[0, 1] - 0.5 * out[0, 0]) / out[1, 1]
    at[1] = half
    voigt_rows(at, 0.0, 1.0 - part, part, out, work)
    by_part = (out[3, 1] - out[2, 1]) - 0.5 * (out[3, 0] - out[2, 0])
    return 2.0 * half, 2.0 * by_part / out[1, 1]


@jit
def fill_voigt(x, p, rows, at, of_widths):
    """Write the profile of (position, two widths), or of (position, fwhm, Lorentzian part), to rows[at:]."""
    work = np.empty((5, len(x)))
    out = rows[at : at + 4]
    if of_widths:
        voigt_rows(x, p[0], p[1], p[2], out, work)
        return
    part = p[2]
    unit, unit_slope = voigt_width(part)
    scale = p[1] / unit
    scale_slope = -scale * unit_slope / unit
    voigt_rows(x, p[0], (1.0 - part) * scale, part * scale, out, work)
    for i in range(len(x)):
        by_gauss, by_lorentz = out[2, i], out[3, i]
        out[2, i] = (by_gauss * (1.0 - part) + by_lorentz * part) / unit
        by_part = by_gauss * ((1.0 - part) * scale_slope - scale)
        out[3, i] = by_part + by_lorentz * (part * scale_slope + scale)
