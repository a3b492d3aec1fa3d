"""The values of all parameters, and the place of one owner among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


class Values(dict[str, float]):
    """Address -> value, of every parameter of a study; never mutated once it is made."""

    def under(self, address: str) -> Here:
        """Return the values at a place, by their local names."""
        return Here(self, address)

    def moved(self, changes: Mapping[str, float]) -> Values:
        """Return the values with some of them changed."""
        return Values({**self, **changes})

    def sides(self, address: str, size: float) -> tuple[Values, Values]:
        """Return the values with one of them smaller, and larger, by a size."""
        return self.moved({address: self[address] - size}), self.moved({address: self[address] + size})


@dataclass(frozen=True, eq=False)
class Here(Mapping[str, float]):
    """The values at one place of a study, those of a crystal, a population or a data set, by their local names."""

    whole: Values
    address: str

    def __getitem__(self, name: str) -> float:
        return self.whole[f"{self.address}.{name}"]

    def __iter__(self) -> Iterator[str]:
        start = f"{self.address}."
        return (a.removeprefix(start) for a in self.whole if a.startswith(start))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return f"{self.address}.{name}" in self.whole

    def under(self, name: str) -> Here:
        """Return a place within this one."""
        return Here(self.whole, f"{self.address}.{name}")

    def address_of(self, name: str) -> str:
        """Return the full address of a local name."""
        return f"{self.address}.{name}"

    def addresses(self, *names: str) -> tuple[str, ...]:
        """Return the full addresses of local names."""
        return tuple(f"{self.address}.{n}" for n in names)

    def moved(self, changes: Mapping[str, float]) -> Here:
        """Return the same place with some of its values changed, by local names."""
        return Here(self.whole.moved({f"{self.address}.{n}": v for n, v in changes.items()}), self.address)
