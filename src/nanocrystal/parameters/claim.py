"""What a study says by leaving something out: a claim on the sample or the instrument, and another case.

A number that is left out has a default, which is a claim: a `qdamp` of 0 says that the instrument damps nothing. Its
`Quantity` says so in words and names another value that may as well be true; a refinement finds which of its values
would then be others. What no number says (a kind of model, a term that is missing) an owner states as an `Assumption`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Claim:
    """What a number says where a study leaves it out.

    words: a clause on what is so then; other: a value that may as well be true; times: by which factor instead of that;
    either_way: whether the true value may as well lie to the other side, so that no direction is meant.
    """

    words: str
    other: float | None = None
    times: float | None = None
    either_way: bool = False

    def instead_of(self, value: float) -> float:
        """Return the value of the other case."""
        return value * self.times if self.times is not None else value if self.other is None else self.other


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """What was taken as given beside the numbers that are held: by an owner of a model or of a sample.

    keys: addresses that would say it; taken: what was taken, a clause; case: another case, in words.
    What that moves follows from one of these. instead: address -> value in the other case, for each way in which it may
    differ; otherwise: the model of the data set in that case, beside `instead`; lacks: curves that the data set does
    not have, (n, n_points); moves: pattern of addresses -> "larger", "smaller", or "" where the sense is not known.
    either_way: whether no direction is meant.
    """

    keys: Sequence[str]
    taken: str
    case: str
    instead: Sequence[Mapping[str, float]] = ()
    otherwise: Any = None
    lacks: Any = None
    moves: Mapping[str, str] = field(default_factory=dict)
    either_way: bool = False
