"""Where a number stands in a study: the table of its owner, the owner's name, and the name that it has there."""

from __future__ import annotations

from dataclasses import dataclass

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
