"""All parameters of a study by address, and their values with the ties resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters.parameter import Parameter, Quantity
from nanocrystal.parameters.values import Values


@dataclass(frozen=True)
class Declared:
    """A parameter at its address, with the declaration of its owner."""

    address: str
    quantity: Quantity
    parameter: Parameter


class ParameterSet:
    """The parameters of a study, checked as a whole.

    Parameters
    ----------
    declared : mapping of str to (Quantity, Parameter)
        Address -> its declaration and what the user made of it; `Sample.declared` gives those of a sample.

    Raises
    ------
    InputError
        For ties to unknown addresses, to linear parameters, or in a circle.
    """

    def __init__(self, declared: Mapping[str, tuple[Quantity, Parameter]]) -> None:
        self._all = {
            address: Declared(address, quantity, parameter.checked(quantity, address))
            for address, (quantity, parameter) in declared.items()
        }
        self._tie_order = self._ordered_ties()
        self._roots = self._untied()
        self.initial_values()

    def __getitem__(self, address: str) -> Declared:
        return self._all[address]

    def __contains__(self, address: object) -> bool:
        return address in self._all

    def __iter__(self) -> Iterator[Declared]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    @property
    def varied(self) -> tuple[Declared, ...]:
        """The nonlinear parameters that the optimiser moves."""
        return tuple(d for d in self if d.parameter.vary)

    @property
    def eliminated(self) -> tuple[Declared, ...]:
        """The linear parameters that are left to variable projection."""
        return tuple(d for d in self if d.parameter.linear)

    def values(self, moved: Mapping[str, float]) -> Values:
        """Return the value of every parameter when the varied ones have the values `moved`.

        Eliminated linear parameters are absent unless they are in `moved`.
        """
        values = Values()
        for d in self:
            value = moved.get(d.address, d.parameter.value)
            if d.parameter.tie is None and value is not None:
                values[d.address] = value
        for address in self._tie_order:
            tie = self._all[address].parameter.tie
            assert tie is not None
            values[address] = tie.value(values, address)
        return values

    def initial_values(self) -> Values:
        """Return all values at the start; raises InputError where a tie leaves the hard limits."""
        values = self.values({})
        for address in self._tie_order:
            declared = self._all[address]
            try:
                declared.quantity.check(values[address], address)
            except InputError as error:
                assert declared.parameter.tie is not None
                raise InputError(
                    address, f"the tie {declared.parameter.tie.text!r} starts outside the limits: it {error.problem}"
                ) from None
        return values

    def depends_on(self, address: str) -> frozenset[str]:
        """Return the untied addresses that decide the value of `address` (itself if untied)."""
        return self._roots.get(address) or frozenset([self._all[address].address])

    def _untied(self) -> dict[str, frozenset[str]]:
        """Return the untied addresses behind each tie."""
        roots: dict[str, frozenset[str]] = {}
        for address in self._tie_order:
            named = (roots.get(a, frozenset([a])) for a in self._targets(address))
            roots[address] = frozenset().union(*named)
        return roots

    def _targets(self, address: str) -> tuple[str, ...]:
        """Return the addresses that the tie of a parameter names; none where it has no tie."""
        tie = self._all[address].parameter.tie
        return () if tie is None else tie.addresses

    def _ordered_ties(self) -> tuple[str, ...]:
        """Return the tied addresses so that each comes behind those that it names; raises InputError."""
        order: dict[str, None] = {}
        for declared in self:
            way = {declared.address: self._waiting(declared.address)}  # a chain of ties may be longer than a stack
            while way:
                address, waiting = next(reversed(way.items()))
                target = next(waiting, None)
                if target is None:
                    way.pop(address)
                    if self._all[address].parameter.tie is not None:
                        order[address] = None
                elif target in way:
                    chain = list(way)
                    circle = " -> ".join([*chain[chain.index(target) :], target])
                    raise InputError(target, f"the ties run in a circle: {circle}. Let one of them be a number.")
                elif target not in order:
                    way[target] = self._waiting(target)
        return tuple(order)

    def _waiting(self, address: str) -> Iterator[str]:
        """Yield what the tie of a parameter names; raises InputError for what cannot be tied to."""
        for target in self._targets(address):
            if target not in self._all:
                near = [a for a in self._all if a.startswith(f"{target.rpartition('.')[0]}.")]
                known = nearest_names(target, near or self._all)
                raise InputError(address, f"the tie names {target!r}, which is no parameter; {known}")
            if self._all[target].parameter.linear:
                raise InputError(
                    address,
                    f"the tie names {target!r}, which is left to the fit (linear, eliminated at each step); to tie "
                    f"to it, say {target.rpartition('.')[2]} = {{ value = 1.0, vary = true }} there.",
                )
            yield target
