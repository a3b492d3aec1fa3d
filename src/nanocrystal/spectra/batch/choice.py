"""How many components: candidates of the same data by the Bayesian information criterion, and the answer in words.

BIC = χ²/s + P ln N with s = max(1, χ²_red of the best candidate), so that a misfit common to all does not count as
information; without σ N ln(χ²/N) + P ln N (Schwarz, Ann. Stat. 6, 461 (1978)). Words for differences follow Kass &
Raftery, J. Am. Stat. Assoc. 90, 773 (1995).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
WORDS = ((2.0, "cannot be told from"), (6.0, "is somewhat better than"), (10.0, "is clearly better than"))
"""up to which difference of BIC the best candidate is called what against the next"""
MOST = "is far better than"


@dataclass(frozen=True)
class ComponentChoice:
    """Candidates of one data set, judged by the Bayesian information criterion.

    Parameters
    ----------
    labels : tuple of str
        What words call the candidates.
    bic : array (n_candidates,)
        In the same order.
    best : int
        Which is best.
    words : str
        A sentence on how sure that is.
    """

    labels: tuple[str, ...]
    bic: FloatArray
    best: int
    words: str


def information_criteria(
    chi2: FloatArray, n_parameters: Sequence[int], n_points: FloatArray | int, has_sigma: bool
) -> FloatArray:
    """Return the Bayesian information criterion of candidates for each item.

    BIC = χ²/s + P ln N with s = max(1, χ²_red of the best candidate), so that a misfit common to all does not count as
    information; without σ N ln(χ²/N) + P ln N.

    Parameters
    ----------
    chi2 : array (n_candidates, n_items) or (n_candidates,)
        χ², or sums of squares without σ.
    n_parameters : sequence of int
        P of each candidate.
    n_points : array (n_items,) or int
        N.
    has_sigma : bool
        Whether χ² rests on standard deviations.

    Returns
    -------
    array (n_candidates, n_items) or (n_candidates,)
        BIC, lower is better.

    References
    ----------
    G. Schwarz, Ann. Stat. 6, 461 (1978).
    """
    chi2 = np.asarray(chi2, dtype=np.float64)
    n = np.asarray(n_points, dtype=np.float64)
    p = np.asarray(n_parameters, dtype=np.float64).reshape(-1, *([1] * (chi2.ndim - 1)))
    penalty = p * np.log(n)
    if not has_sigma:
        return np.asarray(n * np.log(np.maximum(chi2, 1e-300) / n) + penalty)
    reduced = (chi2 / np.maximum(n - p, 1.0)).min(axis=0)
    return np.asarray(chi2 / np.maximum(reduced, 1.0) + penalty)


def best_counts(
    chi2: FloatArray, n_parameters: Sequence[int], n_points: FloatArray | int, has_sigma: bool
) -> NDArray[np.int64]:
    """Return the simplest of the candidates that are within 2 of the lowest BIC, for each item.

    Parameters
    ----------
    chi2 : array (n_candidates, n_items)
        χ², or sums of squares without σ; candidates in the order of their number of parameters.
    n_parameters : sequence of int
        Of each candidate.
    n_points : array (n_items,) or int
        Of each item.
    has_sigma : bool
        Whether χ² rests on standard deviations.

    Returns
    -------
    array (n_items,)
        Which candidate.

    References
    ----------
    R. E. Kass & A. E. Raftery, J. Am. Stat. Assoc. 90, 773 (1995).
    """
    bic = information_criteria(chi2, n_parameters, n_points, has_sigma)
    return np.asarray((bic <= bic.min(axis=0) + WORDS[0][0]).argmax(axis=0))


def component_choice(
    labels: Sequence[str], chi2: Sequence[float], n_parameters: Sequence[int], n_points: int, has_sigma: bool
) -> ComponentChoice:
    """Return the best of candidates of one data set, with a sentence on how sure that is.

    Parameters
    ----------
    labels : sequence of str
        What the sentence calls the candidates.
    chi2 : sequence of float
        χ² of each, or sums of squares without σ.
    n_parameters : sequence of int
        Of each.
    n_points : int
        Of the data.
    has_sigma : bool
        Whether χ² rests on standard deviations.

    Returns
    -------
    ComponentChoice
        BIC of each, the best and the sentence.

    References
    ----------
    R. E. Kass & A. E. Raftery, J. Am. Stat. Assoc. 90, 773 (1995).
    """
    bic = information_criteria(np.array(chi2), n_parameters, n_points, has_sigma)
    order = np.argsort(bic)
    best = int(order[0])
    if len(labels) == 1:
        return ComponentChoice(tuple(labels), bic, best, f"{labels[0]} is the only candidate.")
    after = int(order[1])
    apart = float(bic[after] - bic[best])
    verdict = next((w for limit, w in WORDS if apart < limit), MOST)
    words = f"{labels[best]} {verdict} {labels[after]} (BIC lower by {apart:.1f})."
    if verdict == WORDS[0][1]:
        simpler = min(best, after, key=lambda k: n_parameters[k])
        words += f" The simpler of the two, {labels[simpler]}, is enough."
    return ComponentChoice(tuple(labels), bic, best, words)
