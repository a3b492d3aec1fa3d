"""What curves share: a background of Chebyshev polynomials and blanks, and the noise of simulated ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.measurement.curve import Noise
from nanocrystal.parameters import Assumption, Number, Quantity, of_measurement

FloatArray = NDArray[np.float64]
MOST_TERMS = 50
"""of the background"""
MOST_COUNTS = 1e15
"""at the highest point of a simulated curve; more cannot be drawn from Poisson's law"""
BACKGROUND = Quantity(
    "background",
    "",
    "coefficient of a Chebyshev polynomial of the background",
    0.0,
    meaning=of_measurement("background", "of a Chebyshev polynomial over the range of the data"),
)
BLANK = Quantity("scale", "", "scale of a measured blank", 1.0, meaning=of_measurement("scale", "of a measured blank"))


def background_quantity(order: int) -> Quantity:
    """Return the declaration of the coefficient of a Chebyshev polynomial of the background."""
    return BACKGROUND.more(f"T{order}")


def background_quantities(
    n_terms: int, background: Mapping[str, Number], blanks: Mapping[str, Any]
) -> tuple[dict[str, Quantity], dict[str, Number | None]]:
    """Return declarations and numbers of the coefficients c0, c1, … and of the scales of blanks; all linear."""
    # more terms are refused by `bind`
    quantities = {f"background.c{k}": background_quantity(k) for k in range(min(n_terms, MOST_TERMS))}
    numbers: dict[str, Number | None] = {n: background.get(n.removeprefix("background.")) for n in quantities}
    for name, blank in blanks.items():
        quantities[f"blanks.{name}.scale"] = BLANK
        numbers[f"blanks.{name}.scale"] = blank.scale
    return quantities, numbers


def check_background(n_terms: int, background: Mapping[str, Number], where: str, usual: str) -> None:
    """Raise InputError for too many terms, and for coefficients that are not there; usual: in words."""
    if not 0 <= n_terms <= MOST_TERMS:
        raise InputError(f"{where}.background_terms", f"must be 0 to {MOST_TERMS}, got {n_terms}; {usual} are usual.")
    for key in background:
        if key not in [f"c{k}" for k in range(n_terms)]:
            known = {0: "there is none", 1: "there is only c0"}.get(n_terms, f"they are c0 to c{n_terms - 1}")
            raise InputError(
                f"{where}.background.{key}",
                f"is no coefficient of the background: with background_terms = {n_terms} {known}; "
                "raise background_terms or leave it out.",
            )


def as_simulated(
    numbers: Mapping[str, Any], quantities: Mapping[str, Quantity], linear: Sequence[str]
) -> dict[str, Any]:
    """Return the numbers of a data set without a file: where the study has none the scale is 1, the background 0."""
    defaults = {n: 1.0 if n == "scale" else 0.0 for n in linear}
    return {n: defaults.get(n) if numbers.get(n) is None else numbers[n] for n in quantities}


def with_noise(
    calculated: FloatArray,
    noise: Noise | None,
    where: str,
    called: str,
    kinds: Sequence[Literal["counts", "sigma"]],
    in_counts: bool = True,
) -> tuple[FloatArray, FloatArray | None]:
    """Return a calculated curve with the noise that a study asks for, and its σ (None without noise).

    kinds: of noise that the curve can have: of counts, by Poisson's law, so many at its highest point, or normal of
    this sigma; called: the curve in words, for messages; in_counts: whether it is scaled to counts with the former.
    """
    if noise is None:
        return calculated, None
    if noise.sigma is not None and "sigma" in kinds:
        drawn = np.random.default_rng(noise.seed).normal(0.0, noise.sigma, len(calculated))
        return calculated + drawn, np.full_like(calculated, noise.sigma)
    if noise.counts is None or "counts" not in kinds or not noise.counts > 0.0:
        needed = " or ".join(_NEEDED[kind] for kind in kinds)
        raise InputError(f"{where}.noise", f"of {called} needs {needed}.")
    if noise.counts > MOST_COUNTS:
        raise InputError(f"{where}.noise.counts", f"must be at most {MOST_COUNTS:g}, got {noise.counts:g}.")
    highest = float(calculated.max())
    if not highest > 0.0:
        raise InputError(f"{where}.scale", "leaves no intensity above 0 to be counted; give a scale above 0.")
    unit = 1.0 if in_counts else highest / noise.counts
    expected = np.maximum(calculated * (noise.counts / highest), 0.0)
    drawn = np.random.default_rng(noise.seed).poisson(expected).astype(np.float64)
    return unit * drawn, unit * np.sqrt(np.maximum(drawn, 1.0))


_NEEDED = {"counts": "counts, those at the highest point", "sigma": "sigma, the standard deviation"}


def background_assumption(where: str, terms: int, lacks: FloatArray, more: int) -> Assumption:
    """Return that so many polynomials are the background of a data set; lacks: curves of `more` ones, (n, n_points)."""
    said = {0: "nothing is the background", 1: "a constant is the background"}
    taken = said.get(terms, "so many polynomials are the background")
    return Assumption(
        keys=(f"{where}.background_terms",), taken=f"{terms}: {taken}", case=f"with {terms + more}", lacks=lacks
    )
