"""Where a number stands in a study: the table of its owner, the owner's name, and the name that it has there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters.number import came

DATASETS = "datasets"


@dataclass(frozen=True)
class Address:
    """An address such as datasets.pdf.background.c0: kind of owner, its name, and the name within it."""

    kind: str
    name: str
    local: str

    @classmethod
    def of(cls, text: str) -> Address:
        """Return the parts of an address as it is written."""
        kind, _, rest = text.partition(".")
        name, _, local = rest.partition(".")
        return cls(kind, name, local)


def dataset_of(address: str) -> str | None:
    """Return the data set whose number it is, None for a number of the sample."""
    parts = Address.of(address)
    return parts.name if parts.kind == DATASETS else None


def may_change(address: str, dataset: str) -> bool:
    """Say whether a number can change what is calculated for a data set: it is its own, or one of the sample."""
    return dataset_of(address) in (None, dataset)


def full_address(short: Any, addresses: Iterable[str]) -> str:
    """Return the one of the addresses that is meant: itself, without its first word, or its end, such as diameter.

    Raises InputError for an end of none of them, with the nearest, and for that of several.
    """
    if not isinstance(short, str):
        raise InputError("address", f"must be text such as 'crystals.pt.a', got {came(short)}.")
    known = list(addresses)
    whole = [a for a in known if short in (a, a.partition(".")[2])]
    meant = [a for a in whole if a == short] or whole or [a for a in known if a.endswith(f".{short}")]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise InputError(short, f"is the end of several addresses: {', '.join(meant)}; say which is meant.")
    raise InputError(short or "address", f"is the address of no value; {nearest_names(short, _alike(short, known))}")


def _alike(short: str, addresses: Iterable[str]) -> list[str]:
    """Return addresses as short as this one: whole, without their first word, or their last words."""
    kind, dot, _ = short.partition(".")
    if any(a.startswith(f"{kind}.") for a in addresses):
        return list(addresses)
    return [a.partition(".")[2] if dot else a.rpartition(".")[2] for a in addresses]
