"""Intervals and limits of a posterior in words and figures."""

from __future__ import annotations

from nanocrystal.report.page.numbers import MINUS, concise
from nanocrystal.report.posterior.result import Marginal, Posterior

MOST_DECIMALS = 7
"""beyond, numbers are written with a power of ten"""


def digits_for(width: float) -> int:
    """Return how many decimals show a number of this uncertainty to two digits; negative for tens, hundreds, …

    >>> digits_for(0.012), digits_for(340.0)
    (3, -1)
    """
    from math import floor, log10

    return 1 - floor(log10(width)) if width > 0.0 else 6


def rounded(value: float, width: float) -> str:
    """Return a number with as many decimals as an uncertainty of `width` deserves.

    >>> rounded(3.92571, 0.00087), rounded(-1234.5, 340.0)
    ('3.92571', '−1230')
    """
    decimals = digits_for(width)
    if decimals > MOST_DECIMALS or abs(value) >= 1e6:
        figures = max(2, 1 + decimals + (0 if value == 0.0 else _power(value)))
        return f"{value:.{figures - 1}e}".replace("-", MINUS)
    return f"{round(value, decimals):.{max(decimals, 0)}f}".replace("-", MINUS)


def _power(value: float) -> int:
    from math import floor, log10

    return floor(log10(abs(value)))


def interval_words(median: float, interval: tuple[float, float]) -> str:
    """Return a median with its distances to the ends of an interval.

    >>> interval_words(5.0, (4.0, 7.0)), interval_words(3.52399, (3.52392, 3.52406))
    ('5.0 +2.0 −1.0', '3.523990 +0.000070 −0.000070')
    """
    return " ".join(interval_parts(median, interval))


def interval_parts(median: float, interval: tuple[float, float]) -> tuple[str, str, str]:
    """Return a median and its signed distances to the upper and the lower end of an interval, as text."""
    low, high = interval
    width = 0.5 * (high - low)
    if digits_for(width) > MOST_DECIMALS:
        up, down = f"{high - median:.1e}", f"{median - low:.1e}"
        return rounded(median, width), f"+{up}".replace("-", MINUS), f"{MINUS}{down}".replace("-", MINUS)
    up, down = rounded(high - median, width), rounded(median - low, width)
    return rounded(median, width), f"+{up}", f"{MINUS}{down}"


def limit_words(m: Marginal) -> str:
    """Return the limit of a parameter that a bound cuts off, or that nothing is known of it."""
    if m.limit_95 is None:
        return "anywhere between its bounds"
    side = "below" if m.limit == "upper" else "above"
    return f"{side} {rounded(m.limit_95, 0.5 * m.std)} (95 %)"


def state_words(posterior: Posterior) -> str:
    """Return how the sampling ended."""
    sampling = posterior.sampling
    fewest = min(m.independent_draws for m in posterior.parameters.values())
    stopped = "interrupted, " if posterior.interrupted else ""
    if sampling.method == "importance":
        state = "enough" if posterior.converged else "NOT enough"
        k = "unknown" if sampling.pareto_k is None else f"{sampling.pareto_k:.2f}"
        return f"{stopped}{sampling.draws} draws, worth {fewest:.0f} or more independent ones, k̂ {k}, {state}"
    state = "long enough" if posterior.converged else "NOT long enough"
    walked = f"{stopped}{sampling.steps} steps of {sampling.walkers} walkers"
    return f"{walked}, {fewest:.0f} or more independent draws, {state}"


def summary(posterior: Posterior) -> str:
    """Return medians, intervals and limits beside the refined values, and what to know, in lines."""
    lines = [f"{posterior.title}: {state_words(posterior)}, in {posterior.elapsed_s:.1f} s"]
    width = max(len(a) for a in posterior.parameters)
    for address, m in posterior.parameters.items():
        said = limit_words(m) if m.limit else interval_words(m.median, m.interval_68)
        refined = concise(m.value, posterior.stderr(address))
        lines.append(f"  {address:{width}s}  {said} {m.unit}  (refined: {refined})")
    return "\n".join([*lines, *(f"  ! {note}" for note in posterior.notes)])
