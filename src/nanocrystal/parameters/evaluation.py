"""One set of values, and the intermediates already computed for it.

The refinement owns the store; sample and techniques ask `once` for an intermediate and state which
parameters it depends on, so that only what a changed parameter touches is computed again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from nanocrystal.parameters.values import Values

T = TypeVar("T")
KEPT = 4
"""sets of values whose intermediates are kept: the base point survives while others are tried"""

StoreKey = tuple[object, ...]
"""what an intermediate is, such as ("pairs", population, longest distance)"""
Store = dict[StoreKey, "OrderedDict[StoreKey, Any]"]


@dataclass(frozen=True)
class Evaluation:
    """Values of all parameters, what the techniques need of shared intermediates, and the store."""

    values: Values
    requirement: Any = None
    store: Store = field(default_factory=dict)

    def once(
        self, key: StoreKey, addresses: Iterable[str], compute: Callable[[], T], also: StoreKey = (), kept: int = KEPT
    ) -> T:
        """Return the intermediate `key`, computed only if a value at `addresses`, or what stands in `also`, is new.

        kept: for so many sets of values.
        """
        at = (*(self.values[a] for a in addresses), *also)
        known: OrderedDict[StoreKey, Any] = self.store.setdefault(key, OrderedDict())
        if at in known:
            known.move_to_end(at)
        else:
            known[at] = compute()
            while len(known) > kept:
                known.popitem(last=False)
        return known[at]  # type: ignore[no-any-return]

    def at(self, values: Values) -> Evaluation:
        """Return the evaluation at other values, sharing the store."""
        return Evaluation(values, self.requirement, self.store)
