"""The one change of candidate that describes a branch of a series best: evidence summed over all of its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nanocrystal.report.compared.result import STRONG
from nanocrystal.report.series.result import MemberResult


@dataclass(frozen=True, kw_only=True)
class SeriesSwitch:
    """The one change of candidate that describes a branch best, by the sum of BIC over its members.

    Parameters
    ----------
    branch : str
        The run along the variable, such as heating
    below, above : str
        The candidates on the two sides
    low, high : float
        The variable at the members between which it can lie: all that a strong difference of BIC does not rule out
    """

    branch: str
    below: str
    above: str
    low: float
    high: float

    @property
    def value(self) -> float:
        return 0.5 * (self.low + self.high)

    @property
    def bracket(self) -> float:
        return 0.5 * (self.high - self.low)


def single_switch(along: Sequence[MemberResult], branch: str = "") -> SeriesSwitch | None:
    """Return the best single change between two candidates of one branch.

    The evidence of all members is summed, so that one odd member does not move the answer.

    Parameters
    ----------
    along : sequence of MemberResult
        Of one branch, by value; both candidates must have a BIC in all of them
    branch : str, optional
        The run along the variable, such as heating

    Returns
    -------
    SeriesSwitch or None
        None where one candidate is best for all

    References
    ----------
    R. E. Kass & A. E. Raftery, J. Am. Stat. Assoc. 90, 773 (1995).
    """
    names = list(dict.fromkeys(name for m in along for name, fit in m.fits.items() if fit.bic is not None))
    best: tuple[float, SeriesSwitch] | None = None
    for below in names:
        for above in names:
            if below == above:
                continue
            change = _switch(along, below, above, branch)
            if change is not None and (best is None or change[0] < best[0]):
                best = change
    return None if best is None else best[1]


def _switch(along: Sequence[MemberResult], below: str, above: str, branch: str) -> tuple[float, SeriesSwitch] | None:
    """Return the sum of BIC of the best change from `below` to `above`, and the change."""
    rows = [(m.value, _bic(m, below), _bic(m, above)) for m in along]
    known = [(x, a, b) for x, a, b in rows if a is not None and b is not None]
    if len(known) < 2:
        return None
    first, second = (np.array([row[k] for row in known]) for k in (1, 2))
    sums = np.array([first[:k].sum() + second[k:].sum() for k in range(len(known) + 1)])
    k = int(np.argmin(sums))
    if k in (0, len(known)):
        return None
    near = [j for j in range(1, len(known)) if sums[j] - sums[k] < STRONG]
    low, high = known[near[0] - 1][0], known[near[-1]][0]
    return float(sums[k]), SeriesSwitch(branch=branch, below=below, above=above, low=low, high=high)


def _bic(member: MemberResult, candidate: str) -> float | None:
    fit = member.fits.get(candidate)
    return None if fit is None else fit.bic
