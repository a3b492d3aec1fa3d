"""Any decay seen through a measured response, on the channels of the response: stretched exponentials, recoveries, …

y(t) = ∫ R(u) d(t − start − u) du with R straight between its points and 0 outside, d = 0 before 0. Each step of R meets
d on a stretch as long as a channel, so two integrals of d over every channel suffice, (1 and w) d(s + w) dw, and two
convolutions do the rest. Near the beginning, where a stretched decay is steep without limit, the channel is integrated
in s = x⁴.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.spectra.lines import ANYWHERE, Form

FloatArray = NDArray[np.float64]
NODES = 10
"""of Gauss and Legendre's rule for one channel"""
STEEP_NODES = 40
STEEP_CHANNELS = 3
"""from the beginning on, that are integrated in s = x⁴"""
POWER = 4
UNEVEN = 1e-6
"""of a step: channels that differ by more are not even"""


def through_response(form: Form, response_t: FloatArray, response: FloatArray) -> Form:
    """Return a decay convolved with a measured response; `start`, a shift, is a further parameter.

    The curve can be calculated at times of the same step only.

    Parameters
    ----------
    form : Form
        The decay, 0 before t = 0.
    response_t : array (n,)
        Times of the response, even and ascending.
    response : array (n,)
        In any unit; it is scaled to unit area.

    Returns
    -------
    Form
        The decay as it is measured.

    Raises
    ------
    InputError
        For times that are not even; the form raises it for another step.
    """
    step = _step_of(response_t, "response_t")
    padded = np.concatenate([[0.0], response, [0.0]]) / (float(np.sum(response)) * step)
    begin = float(response_t[0]) - step

    def one(t: FloatArray, values: tuple[float, ...]) -> FloatArray:
        *of_form, start = values
        if abs(_step_of(t, "x") - step) > UNEVEN * step:
            raise InputError("x", f"must have the step of the response, {step:g}; got {t[1] - t[0]:g}.")
        channels = np.arange(-(len(padded) - 1), len(t) - 1)
        whole, weighted = _integrals(
            form, np.asarray(t[0] - start - begin + channels * step, dtype=np.float64), step, of_form
        )
        rise = np.diff(padded) / step
        rows = [
            _summed(plain - late, padded[1:]) + _summed(late, padded[:-1])
            for plain, late in zip(whole, weighted, strict=True)
        ]
        return np.stack([*rows, -_summed(whole[0], rise)])

    def stacked(t: FloatArray, *values: Any) -> FloatArray:
        arrays = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in values))
        if arrays[0].ndim == 0:
            return one(t, tuple(float(a) for a in arrays))
        items = [one(t, tuple(map(float, item))) for item in zip(*(a.ravel() for a in arrays), strict=True)]
        return np.stack(items, axis=1).reshape(len(items[0]), *arrays[0].shape[:-1], len(t))

    name = f"{form.name}-through-response"
    starts, limits = {**form.starts, "start": 0.0}, {**form.limits, "start": ANYWHERE}
    return Form(
        name=name,
        parameters=(*form.parameters, "start"),
        stacked=stacked,
        limits=limits,
        starts=starts,
        amplitude=form.amplitude,
    )


def _step_of(t: FloatArray, where: str) -> float:
    steps = np.diff(t)
    if len(t) < 2 or not (steps > 0.0).all() or np.ptp(steps) > UNEVEN * float(steps.mean()) * len(t):
        raise InputError(where, "must be even and ascending.")
    return float(steps.mean())


def _integrals(form: Form, s: FloatArray, step: float, values: list[float]) -> tuple[FloatArray, FloatArray]:
    """Return ∫ d(s + w) dw and ∫ (w/step) d(s + w) dw over w from 0 to step, (1 + n_parameters, n_channels)."""
    low, high = np.maximum(s, 0.0), np.maximum(s + step, 0.0)
    steep = (high > 0.0) & (low < STEEP_CHANNELS * step)
    shape = (1 + len(form.parameters), len(s))
    whole, weighted = np.zeros(shape), np.zeros(shape)
    for chosen, power, n_nodes in ((steep, POWER, STEEP_NODES), (~steep & (high > 0.0), 1, NODES)):
        nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
        ends = low[chosen] ** (1.0 / power), high[chosen] ** (1.0 / power)
        x = ends[0][:, None] + np.subtract(ends[1], ends[0])[:, None] * 0.5 * (nodes + 1.0)
        places = x**power
        share = 0.5 * weights * np.subtract(ends[1], ends[0])[:, None] * power * x ** (power - 1)
        rows = form.stacked(places.ravel(), *values).reshape(-1, *places.shape) * share
        whole[:, chosen] = rows.sum(axis=-1)
        weighted[:, chosen] = (rows * ((places - s[chosen, None]) / step)).sum(axis=-1)
    return whole, weighted


def _summed(channels: FloatArray, response: FloatArray) -> FloatArray:
    """Return Σ_j channels[i + n − 1 − j] response[j]."""
    from scipy.signal import fftconvolve

    direct = len(channels) * len(response) < 1_000_000
    return np.asarray((np.convolve if direct else fftconvolve)(channels, response, "valid"))
