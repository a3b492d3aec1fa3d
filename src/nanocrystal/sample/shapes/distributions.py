"""Distributions of a length over the crystals of a population, number-weighted.

Each is given by the mean and standard deviation of the length itself. What the shapes need of a
distribution are its partial moments E[D^k; D > r], which are closed for the ones here, so that a
whole population costs as much as one crystal and every result is smooth in mean and std.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares, Here, Meaning, Number, Parameter, Quantity, as_parameter
from nanocrystal.parameters.meaning import ALL_ALIKE, NORMAL_MEAN, NORMAL_STD, NUMBER_MEAN, NUMBER_STD

FloatArray = NDArray[np.float64]
SIZES_MAY_BE_OFF = (0.3, 4.0)
"""factors by which a size may be wrong where a refinement begins"""
SPREADS_MAY_BE_OFF = (0.3, 3.0)
"""the same of the spread of sizes"""


class LengthDistribution(Protocol):
    """A distribution at given parameter values."""

    def partial_moment(self, power: int, r: FloatArray) -> FloatArray:
        """Return E[D^power; D > r] for r (n,) ≥ 0."""

    def moment(self, power: float) -> float:
        """Return E[D^power] for any real power."""

    def density(self, length: FloatArray) -> FloatArray:
        """Return the probability density (1/Å) at `length` (n,)."""

    def reach(self) -> float:
        """Return a length above which less than 1e-9 of ⟨V⟩ and 1e-4 of ⟨V²⟩ lie, Å."""

    def nodes(self, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return lengths and weights (n, m) with E[f(D); D > r] = Σ weight f(length), r (n,) ≥ 0.

        For f smooth, or closing as a power of D − r; lengths are never below r.
        """


@lru_cache(maxsize=1)
def _unit_nodes() -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights on [0, 1] that lie close at 0, where what is summed may close with a half power."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    t = 0.5 * (nodes + 1.0)
    return t**2, weights * t


@dataclass(frozen=True)
class OneLength:
    """All crystals alike."""

    value: float

    def partial_moment(self, power: int, r: FloatArray) -> FloatArray:
        return np.where(r < self.value, self.value**power, 0.0)

    def moment(self, power: float) -> float:
        return float(self.value**power)

    def density(self, length: FloatArray) -> FloatArray:
        return np.zeros_like(length)

    def reach(self) -> float:
        return self.value

    def nodes(self, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        return np.maximum(self.value, r)[:, None], (r < self.value).astype(float)[:, None]


@dataclass(frozen=True)
class Lognormal:
    """ln D is normal; mean and std are those of D."""

    mean: float
    std: float

    @classmethod
    def of_logarithm(cls, mu: float, s: float) -> Lognormal:
        """Return the distribution whose ln D has the mean mu and the standard deviation s."""
        mean = float(np.exp(mu + 0.5 * s * s))
        return cls(mean, mean * float(np.sqrt(np.expm1(s * s))))

    @property
    def log_parameters(self) -> tuple[float, float]:
        variance = np.log1p((self.std / self.mean) ** 2)
        return float(np.log(self.mean) - variance / 2.0), float(np.sqrt(variance))

    def partial_moment(self, power: int, r: FloatArray) -> FloatArray:
        from scipy.special import ndtr

        mu, s = self.log_parameters
        with np.errstate(divide="ignore"):
            z = (mu + power * s * s - np.log(r)) / s
        return np.asarray(np.exp(power * mu + 0.5 * (power * s) ** 2) * ndtr(z))

    def moment(self, power: float) -> float:
        mu, s = self.log_parameters
        return float(np.exp(power * mu + 0.5 * (power * s) ** 2))

    def density(self, length: FloatArray) -> FloatArray:
        mu, s = self.log_parameters
        positive = np.maximum(length, 1e-12)
        shape = np.exp(-0.5 * ((np.log(positive) - mu) / s) ** 2)
        return np.asarray(np.where(length > 0.0, shape / (positive * s * np.sqrt(2.0 * np.pi)), 0.0))

    def reach(self) -> float:
        mu, s = self.log_parameters
        return float(np.exp(mu + max(3.0 * s * s + 6.0 * s, 6.0 * s * s + 4.0 * s)))

    def nodes(self, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        mu, s = self.log_parameters
        low = np.maximum(np.log(np.maximum(r, 1e-12)), mu - 8.0 * s)[:, None]
        width = np.maximum(mu + 3.0 * s * s + 8.0 * s - low, 0.0)
        at, weights = _unit_nodes()
        length = np.exp(low + width * at)
        return length, width * weights * length * self.density(length)


@dataclass(frozen=True)
class Normal:
    """A normal distribution cut off at zero; mean and std are those before the cut."""

    mean: float
    std: float

    def partial_moment(self, power: int, r: FloatArray) -> FloatArray:
        from scipy.special import ndtr

        a = (r - self.mean) / self.std
        phi = np.exp(-0.5 * a * a) / np.sqrt(2.0 * np.pi)
        moments = [ndtr(-a)]  # E[z^k; z > a]: I_k = a^(k-1) φ(a) + (k−1) I_(k−2)
        for k in range(1, power + 1):
            moments.append(a ** (k - 1) * phi + (k - 1) * (moments[k - 2] if k > 1 else 0.0))
        total = sum(_binomial(power, k) * self.mean ** (power - k) * self.std**k * moments[k] for k in range(power + 1))
        return np.asarray(total / ndtr(self.mean / self.std))

    def moment(self, power: float) -> float:
        low, high = max(0.0, self.mean - 9.0 * self.std), self.mean + 9.0 * self.std
        nodes, weights = np.polynomial.legendre.leggauss(200)
        length = 0.5 * (high + low) + 0.5 * (high - low) * nodes
        return float(0.5 * (high - low) * (weights * self.density(length)) @ length**power)

    def density(self, length: FloatArray) -> FloatArray:
        from scipy.special import ndtr

        shape = np.exp(-0.5 * ((length - self.mean) / self.std) ** 2) / (self.std * np.sqrt(2.0 * np.pi))
        return np.asarray(np.where(length > 0.0, shape / ndtr(self.mean / self.std), 0.0))

    def reach(self) -> float:
        return self.mean + 7.0 * self.std

    def nodes(self, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        low = np.maximum(r, max(0.0, self.mean - 8.0 * self.std))[:, None]
        width = np.maximum(self.mean + 9.0 * self.std - low, 0.0)
        at, weights = _unit_nodes()
        length = low + width * at
        return length, width * weights * self.density(length)


def _binomial(n: int, k: int) -> int:
    from math import comb

    return comb(n, k)


@dataclass(frozen=True)
class Tabulated:
    """A histogram of lengths, such as one counted in TEM images, stretched by `factor`.

    lengths: Å; counts: how many crystals of each.
    """

    lengths: tuple[float, ...]
    counts: tuple[float, ...]
    factor: float = 1.0

    @property
    def _weighted(self) -> tuple[FloatArray, FloatArray]:
        counts = np.array(self.counts)
        return self.factor * np.array(self.lengths), counts / counts.sum()

    def partial_moment(self, power: int, r: FloatArray) -> FloatArray:
        length, weight = self._weighted
        return np.asarray((np.asarray(r)[..., None] < length) @ (weight * length**power))

    def moment(self, power: float) -> float:
        length, weight = self._weighted
        return float(weight @ length**power)

    def density(self, length: FloatArray) -> FloatArray:
        all_centres, all_weights = self._weighted
        centres, place = np.unique(all_centres, return_inverse=True)
        if len(centres) < 2:
            return np.zeros_like(length)
        weight = np.bincount(place, all_weights)
        edges = 0.5 * (centres[1:] + centres[:-1])
        edges = np.concatenate([[2 * centres[0] - edges[0]], edges, [2 * centres[-1] - edges[-1]]])
        place = np.searchsorted(edges, length, side="right") - 1
        inside = (place >= 0) & (place < len(centres))
        heights = weight / np.diff(edges)
        return np.asarray(np.where(inside, heights[np.clip(place, 0, len(centres) - 1)], 0.0))

    def reach(self) -> float:
        length, weight = self._weighted
        return float(length[weight > 0.0].max())

    def nodes(self, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        length, weight = self._weighted
        return np.maximum(length, r[:, None]), weight * (length > r[:, None])


DISTRIBUTIONS: dict[str, Callable[[float, float], LengthDistribution]] = {
    "lognormal": Lognormal,
    "normal": Normal,
}
MEANINGS = {"lognormal": (NUMBER_MEAN, NUMBER_STD), "normal": (NORMAL_MEAN, NORMAL_STD)}
"""what mean and std of each are"""


@dataclass(frozen=True)
class Distribution(Declares):
    """A length that is spread over the crystals, by number.

    Parameters
    ----------
    distribution : {"lognormal", "normal"}
        Its kind; a normal one is cut off at 0.
    mean : number
        Mean, Å; may be refined.
    std : number
        Standard deviation, Å; may be refined.
    """

    distribution: Literal["lognormal", "normal"]
    mean: Number
    std: Number


@dataclass(frozen=True)
class Histogram(Declares):
    """Lengths that were counted, such as in TEM images.

    Parameters
    ----------
    lengths : sequence (n,) of float
        Å.
    counts : sequence (n,) of float
        How many crystals of each, on any scale.
    factor : number
        What all lengths are multiplied with; may be refined.
    source, sha256 : str
        The file that they were read from and the digest of its text, if they were.

    Raises
    ------
    InputError
        For lengths and counts that are no table of at least one.
    """

    lengths: Sequence[float]
    counts: Sequence[float]
    factor: Number = 1.0
    source: str = ""
    sha256: str = ""
    distribution: ClassVar[str] = "tabulated"

    def __post_init__(self) -> None:
        lengths, counts = (tuple(float(x) for x in column) for column in (self.lengths, self.counts))
        object.__setattr__(self, "lengths", lengths)
        object.__setattr__(self, "counts", counts)
        if len(lengths) != len(counts):
            raise InputError(
                "counts", f"must be as many as lengths, one for each; got {len(counts)} and {len(lengths)}."
            )
        if len(lengths) < 2:
            raise InputError("lengths", f"must be at least 2, got {len(lengths)}; give one length as a plain number.")
        for x in lengths:
            if not (np.isfinite(x) and x > 0.0):
                raise InputError("lengths", f"must be finite and above 0 Å, got {x:g}.")
        for x in counts:
            if not (np.isfinite(x) and x >= 0.0):
                raise InputError("counts", f"must be finite and not negative, got {x:g}.")
        if not any(counts):
            raise InputError("counts", "are all 0; at least one crystal must have been counted.")


@dataclass(frozen=True)
class Part:
    """The crystals of a distribution whose length lies between low and high; not normalised."""

    whole: LengthDistribution
    low: float
    high: float

    def partial_moment(self, power: int, r: FloatArray) -> FloatArray:
        above = np.full_like(r, self.high)
        moment = self.whole.partial_moment(power, np.maximum(r, self.low)) - self.whole.partial_moment(power, above)
        return np.where(r < self.high, moment, 0.0)

    def moment(self, power: float) -> float:
        lengths, weights = self.whole.nodes(np.array([self.low, self.high]))
        sums = (weights * lengths**power).sum(axis=1)
        return float(sums[0] - sums[1])

    def density(self, length: FloatArray) -> FloatArray:
        inside = (length >= self.low) & (length < self.high)
        return np.where(inside, self.whole.density(length), 0.0)

    def reach(self) -> float:
        return min(self.high, self.whole.reach())

    def nodes(self, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        lengths, weights = self.whole.nodes(np.maximum(r, self.low))
        beyond, less = self.whole.nodes(np.maximum(r, self.high))
        return np.concatenate([lengths, beyond], axis=1), np.concatenate([weights, -less], axis=1)


def bounds(d: LengthDistribution, power: int, n: int) -> list[tuple[float, float]]:
    """Return n intervals of length that hold equal parts of the volume; of counted lengths few enough each its own."""
    beyond = 4.0 * d.reach()
    if isinstance(d, OneLength):
        return [(0.0, beyond)]
    if isinstance(d, Tabulated):
        inner = _between_counted(d, power, n)
    else:
        # of a broad law most lengths are far below the longest
        lengths = np.concatenate([[0.0], d.reach() * np.geomspace(1e-8, 1.0, 4000)])
        volume = 1.0 - d.partial_moment(power, lengths) / float(d.partial_moment(power, np.zeros(1))[0])
        inner = np.interp(np.arange(1, n) / n, volume, lengths)
    edges = [0.0, *inner.tolist(), beyond]
    return list(pairwise(edges))


def _between_counted(d: Tabulated, power: int, n: int) -> FloatArray:
    """Return lengths between those counted: between all of them, or between about n parts of equal volume."""
    lengths = d.factor * np.unique(np.array(d.lengths)[np.array(d.counts) > 0.0])
    between = 0.5 * (lengths[1:] + lengths[:-1])
    if len(lengths) <= 2 * n:
        return np.asarray(between)
    volume = 1.0 - d.partial_moment(power, between) / float(d.partial_moment(power, np.zeros(1))[0])
    return np.asarray(between[np.unique(np.searchsorted(volume, np.arange(1, n) / n).clip(0, len(between) - 1))])


def grown_power(d: LengthDistribution, thickness: float, power: int) -> float:
    """Return E[(D + 2t)^power] − E[D^power]."""
    step, moments = 2.0 * thickness, [1.0, *(d.moment(float(k)) for k in range(1, power))]
    binomial = {2: (1, 2), 3: (1, 3, 3)}[power]
    return float(sum(b * m * step ** (power - k) for k, (b, m) in enumerate(zip(binomial, moments, strict=True))))


def number_weighted(d: LengthDistribution) -> tuple[FloatArray, FloatArray]:
    """Return lengths (n,) and which part of the crystals each is, for sums over a distribution; they add up to 1."""
    lengths, parts = (x[0] for x in d.nodes(np.zeros(1)))
    return lengths, np.asarray(parts / parts.sum())


FACTOR = Quantity(
    "factor",
    "",
    "factor on all tabulated lengths",
    1.0,
    0.1,
    10.0,
    scale=0.1,
    meaning=Meaning("length factor", "of all lengths of a histogram"),
)


@dataclass(frozen=True)
class RefinableLength:
    """A length of a shape: one number, or a distribution; `quantity` declares the length."""

    quantity: Quantity
    length: Number | Distribution | Histogram

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        q = self.quantity
        if isinstance(self.length, Histogram):
            factor = replace(FACTOR, name=f"{q.name}.factor", description=f"{q.description}, {FACTOR.description}")
            factor = factor.more(q.meaning.quantity, q.meaning.definition) if q.meaning.quantity else factor
            return {factor.name: (factor, as_parameter(self.length.factor))}
        if not isinstance(self.length, Distribution):
            return {q.name: (q.more(ALL_ALIKE), as_parameter(self.length))}
        of_mean, of_std = MEANINGS[self.length.distribution]
        mean = Quantity(
            f"{q.name}.mean",
            q.unit,
            f"{q.description}, number-weighted mean",
            None,
            q.minimum,
            q.maximum,
            True,
            q.scale,
            start_factors=q.start_factors,
            meaning=q.meaning.more(of_mean),
        )
        std = Quantity(
            f"{q.name}.std",
            q.unit,
            f"{q.description}, standard deviation",
            None,
            0.0,
            q.maximum,
            True,
            q.scale,
            start_factors=SPREADS_MAY_BE_OFF,
            meaning=q.meaning.more(of_std),
        )
        return {mean.name: (mean, as_parameter(self.length.mean)), std.name: (std, as_parameter(self.length.std))}

    def at(self, here: Here) -> LengthDistribution:
        """Return the distribution as of now; raises InputError for a normal wider than its mean.

        here: the population that the shape belongs to.
        """
        name = self.quantity.name
        if isinstance(self.length, Histogram):
            return Tabulated(tuple(self.length.lengths), tuple(self.length.counts), here[f"{name}.factor"])
        if not isinstance(self.length, Distribution):
            return OneLength(here[name])
        mean, std = here[f"{name}.mean"], here[f"{name}.std"]
        if std < 1e-6 * mean:
            return OneLength(mean)
        if self.length.distribution == "normal" and std >= mean:
            raise InputError(
                here.address_of(name),
                f"a normal distribution needs std below its mean, got {std:g} and {mean:g}; use lognormal.",
            )
        return DISTRIBUTIONS[self.length.distribution](mean, std)
