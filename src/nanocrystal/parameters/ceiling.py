"""What values may not exceed together, such as the correlated motion of pairs of which a width must be left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from nanocrystal.errors import InputError
from nanocrystal.parameters.parameter import Parameter, Quantity
from nanocrystal.parameters.parameter_set import ParameterSet
from nanocrystal.parameters.values import Values


@dataclass(frozen=True)
class Ceiling:
    """Σ slope × value ≤ 1, slopes above 0 by address of values that are at least 0; sentence: what they then leave."""

    slopes: Mapping[str, float]
    sentence: str

    def reached(self, values: Values) -> float:
        """Return Σ slope × value."""
        return float(sum(slope * values[a] for a, slope in self.slopes.items()))

    def highest(self, address: str, parameters: ParameterSet) -> float:
        """Return up to where one value may go: the others as they stand where they are fixed, else at 0."""
        values = parameters.initial_values()
        fixed = {a for a in self.slopes if a != address and not parameters[a].parameter.vary}
        return (1.0 - sum(self.slopes[a] * values[a] for a in fixed)) / self.slopes[address]


def below_ceilings(parameters: ParameterSet, ceilings: tuple[Ceiling, ...]) -> ParameterSet:
    """Return parameters whose upper bounds are those of ceilings where these are lower.

    Raises InputError for values that start above.
    """
    entries: dict[str, tuple[Quantity, Parameter]] = {d.address: (d.quantity, d.parameter) for d in parameters}
    values = parameters.initial_values()
    for ceiling in ceilings:
        varied = [a for a in ceiling.slopes if parameters[a].parameter.vary]
        if varied and ceiling.reached(values) > 1.0:
            first = varied[0]
            parts = [f"{a.rsplit('.', 1)[-1]} = {values[a]:g}" for a in ceiling.slopes if values[a] > 0.0]
            start = f"{' and '.join(parts)} leave{'s' * (len(parts) == 1)}"
            problem = f"{start} {ceiling.sentence}; start below {ceiling.highest(first, parameters):.3g}."
            raise InputError(first, problem)
        for address in varied:
            quantity, parameter = entries[address]
            highest = ceiling.highest(address, parameters)
            own = parameter.max if parameter.max is None else min(parameter.max, highest)
            entries[address] = (
                replace(quantity, maximum=min(quantity.maximum, highest)),
                replace(parameter, max=own),
            )
    return ParameterSet(entries)
