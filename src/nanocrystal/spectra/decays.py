"""Decays and recoveries: unit amplitude, exact derivatives; see `lines` for what a `Form` is.

A curve is Σ_k amplitude_k d_k(t) + constant. Bi- and multi-exponential decays are sums of several parts. The abscissa
is a time, or b of Stejskal and Tanner, whose decay by diffusion exp(−b D) is linear in its exponent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.spectra.lines import ANYWHERE, SIGMAS_IN_FWHM, Form

FloatArray = NDArray[np.float64]
Values = Any
NODES = 12
"""of Gauss and Legendre's rule for one step of a measured response: exact to rounding up to two lifetimes a step"""
POSITIVE = (0.0, np.inf)
PROTON_GYROMAGNETIC_RATIO = 2.6752218708e8
"""rad s⁻¹ T⁻¹ (CODATA 2022)"""


# ---- plain decays -------------------------------------------------------------------------------


def exponential(t: FloatArray, time: Values) -> FloatArray:
    """Return exp(−t/T) and its derivative, (2, …, n_points)."""
    u = t / time
    curve = np.exp(-u)
    return np.stack([curve, u * curve / time])


def stretched(t: FloatArray, time: Values, exponent: Values) -> FloatArray:
    """Return exp(−(t/T)^β), t ≥ 0, and its derivatives, (3, …, n_points); its mean time is T Γ(1/β)/β."""
    u = np.maximum(t / time, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(u > 0.0, u**exponent, 0.0)
        logarithm = np.where(u > 0.0, np.log(u), 0.0)
    curve = np.exp(-power)
    return np.stack([curve, exponent * power * curve / time, -logarithm * power * curve])


def recovery(t: FloatArray, time: Values, inversion: Values) -> FloatArray:
    """Return 1 − f exp(−t/T) and its derivatives, (3, …, n_points); f = 2: inverted, f = 1: saturated."""
    decay, by_time = exponential(t, time)
    return np.stack([1.0 - inversion * decay, -inversion * by_time, -decay])


def stretched_recovery(t: FloatArray, time: Values, exponent: Values, inversion: Values) -> FloatArray:
    """Return 1 − f exp(−(t/T)^β) and its derivatives, (4, …, n_points)."""
    decay, by_time, by_exponent = stretched(t, time, exponent)
    return np.stack([1.0 - inversion * decay, -inversion * by_time, -inversion * by_exponent, -decay])


def diffusion(b: FloatArray, coefficient: Values) -> FloatArray:
    """Return exp(−b D) and its derivative, (2, …, n_points); b: s/m², D: m²/s; see `b_values`."""
    curve = np.exp(-b * coefficient)
    return np.stack([curve, -b * curve])


def b_values(
    gradient: FloatArray,
    pulse: float,
    separation: float,
    gyromagnetic_ratio: float = PROTON_GYROMAGNETIC_RATIO,
    shape_factor: float = 1.0,
    correction: float = 1.0 / 3.0,
) -> FloatArray:
    """Return b of gradient pulses after Stejskal and Tanner, b = (γ s g δ)² (Δ − κ δ).

    Parameters
    ----------
    gradient : array (n,)
        g, T/m.
    pulse : float
        δ, length of a pulse, s.
    separation : float
        Δ, from pulse to pulse, s.
    gyromagnetic_ratio : float, optional
        γ, rad s⁻¹ T⁻¹ [of ¹H].
    shape_factor : float, optional
        s, area of a pulse over that of a rectangle of its height.
    correction : float, optional
        κ, 1/3 for two rectangular pulses; it depends on pulse shape and sequence.

    Returns
    -------
    array (n,)
        b, s/m².

    References
    ----------
    E. O. Stejskal & J. E. Tanner, J. Chem. Phys. 42, 288 (1965); κ of other pulses: D. Sinnaeve, Concepts Magn. Reson.
    A 40A, 39 (2012).
    """
    return np.asarray((gyromagnetic_ratio * shape_factor * gradient * pulse) ** 2 * (separation - correction * pulse))


# ---- seen through a response --------------------------------------------------------------------


def gauss_exponential(t: FloatArray, time: Values, start: Values, response_fwhm: Values) -> FloatArray:
    """Return an exponential that begins at `start`, convolved with a Gaussian, and its derivatives, (4, …, n_points).

    ½ exp(s²/2T² − d/T) erfc(s/(√2 T) − d/(√2 s)), d = t − start, s the standard deviation; exact.
    """
    from scipy.special import erfcx

    sigma = response_fwhm / SIGMAS_IN_FWHM
    d = t - start
    v = (sigma / time - d / sigma) / np.sqrt(2.0)
    gauss = np.exp(-0.5 * (d / sigma) ** 2)
    with np.errstate(over="ignore", invalid="ignore"):
        before = 0.5 * gauss * erfcx(np.maximum(v, 0.0))
        flipped = np.exp(np.minimum(0.5 * (sigma / time) ** 2 - d / time, 700.0))
        after = flipped - 0.5 * gauss * erfcx(np.maximum(-v, 0.0))
    curve = np.where(v > 0.0, before, after)
    density = gauss / (np.sqrt(2.0 * np.pi) * sigma)
    by_time = curve * (d / time**2 - sigma**2 / time**3) + density * sigma**2 / time**2
    by_start = curve / time - density
    by_sigma = curve * sigma / time**2 - density * (sigma / time + d / sigma)
    return np.stack([curve, by_time, by_start, by_sigma / SIGMAS_IN_FWHM])


def measured_response(response_t: FloatArray, response: FloatArray) -> Form:
    """Return an exponential convolved with a measured response.

    For a response that is straight between its points, and 0 one step outside, the convolution is exact, by recursion
    from point to point; so is each derivative. Parameters of the form are `time` and `start`, a shift.

    Parameters
    ----------
    response_t : array (n,)
        Times of the response, even and ascending.
    response : array (n,)
        In any unit; it is scaled to unit area.

    Returns
    -------
    Form
        The decay, of the amplitude that the exponential has without the response.
    """
    step = float(response_t[1] - response_t[0])
    area = float(np.sum(response)) * step  # of the straight lines between the points, those to 0 at both ends included
    padded = np.concatenate([[0.0], response, [0.0]]) / area
    begin = float(response_t[0]) - step
    nodes, weights = np.polynomial.legendre.leggauss(NODES)

    def within(length: FloatArray, late: FloatArray, slope: FloatArray, time: float) -> tuple[FloatArray, FloatArray]:
        """Return ∫ R(s) e^(−s/T) ds and ∫ s R(s) e^(−s/T) ds over a part of one step, s back from its end."""
        pieces = 1 + int(0.5 * step / time)
        edges = np.linspace(0.0, 1.0, pieces + 1)
        part = (edges[:-1, None] + (0.5 * (nodes + 1.0)) / pieces).ravel()
        share = np.tile(0.5 * weights / pieces, pieces)
        s = length[:, None] * part
        density = (late[:, None] - slope[:, None] * s) * np.exp(-s / time) * share * length[:, None]
        return density.sum(axis=1), (s * density).sum(axis=1)

    def one(t: FloatArray, time: float, start: float) -> FloatArray:
        from scipy.signal import lfilter

        fall = np.exp(-step / time)
        rise = np.diff(padded) / step
        added, added_moment = within(np.full(len(rise), step), padded[1:], rise, time)
        at_nodes = np.concatenate([[0.0], lfilter([1.0], [1.0, -fall], added)])
        moments = lfilter([1.0], [1.0, -fall], added_moment + fall * step * at_nodes[:-1])
        moments = np.concatenate([[0.0], moments])
        place = (t - start - begin) / step
        k = np.clip(np.floor(place), 0, len(at_nodes) - 1).astype(np.int64)
        rest = np.maximum(place - k, 0.0) * step
        slope = np.append(rise, 0.0)[k]
        here = np.where(place < 0.0, 0.0, padded[k] + slope * rest)
        now, now_moment = within(rest, here, slope, time)
        # behind the last point nothing is added, and `rest` may be many steps
        now, now_moment = (np.where(k == len(at_nodes) - 1, 0.0, part) for part in (now, now_moment))
        kept = np.exp(-rest / time)
        curve = kept * at_nodes[k] + now
        moment = kept * (moments[k] + rest * at_nodes[k]) + now_moment
        return np.where(place < 0.0, 0.0, np.stack([curve, moment / time**2, curve / time - here]))

    def stacked(t: FloatArray, time: Values, start: Values) -> FloatArray:
        times, starts = np.broadcast_arrays(np.asarray(time, dtype=float), np.asarray(start, dtype=float))
        if times.ndim == 0:
            return one(t, float(times), float(starts))
        rows = [one(t, float(a), float(b)) for a, b in zip(times.ravel(), starts.ravel(), strict=True)]
        return np.stack(rows, axis=1).reshape(3, *times.shape[:-1], len(t))

    limits = {"time": POSITIVE, "start": ANYWHERE}
    return _decay("measured-response", stacked, limits, {"start": 0.0})


# ---- by name ------------------------------------------------------------------------------------

_EXPONENT = (0.05, 2.0)
_INVERSION = (0.0, 2.5)


def _decay(
    name: str,
    stacked: Callable[..., FloatArray],
    limits: Mapping[str, tuple[float, float]],
    starts: Mapping[str, float],
    compiled: int = -1,
) -> Form:
    return Form(
        name=name,
        parameters=tuple(limits),
        stacked=stacked,
        limits=limits,
        starts=starts,
        amplitude="amplitude",
        compiled=compiled,
    )


_STRETCHED = {"time": POSITIVE, "exponent": _EXPONENT}
_RECOVERY = {"time": POSITIVE, "inversion": _INVERSION}
_GAUSS_EXPONENTIAL = {"time": POSITIVE, "start": ANYWHERE, "response_fwhm": POSITIVE}
_BOTH = {**_STRETCHED, "inversion": _INVERSION}
DECAYS: Mapping[str, Form] = {
    form.name: form
    for form in (
        _decay("exponential", exponential, {"time": POSITIVE}, {}, 10),
        _decay("stretched", stretched, _STRETCHED, {"exponent": 1.0}, 11),
        _decay("recovery", recovery, _RECOVERY, {"inversion": 2.0}, 12),
        _decay("stretched-recovery", stretched_recovery, _BOTH, {"exponent": 1.0, "inversion": 2.0}),
        _decay("diffusion", diffusion, {"diffusion": POSITIVE}, {}, 13),
        _decay("gauss-exponential", gauss_exponential, _GAUSS_EXPONENTIAL, {"start": 0.0}),
    )
}
"""the decays by name"""
