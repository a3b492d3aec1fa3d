"""XML as instruments write it: parsed without entities, asked by the names of its elements."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data.lines import number
from nanocrystal.errors import InputError
from nanocrystal.text import decoded

Element = ElementTree.Element


def xml_root(content: bytes, address: str, kind: str) -> Element:
    """Return the root of a document; kind: of the file, for messages.

    Raises InputError for what is no XML, and for definitions of entities and document types, which no such file has.
    """
    text = decoded(content, address).lstrip("\ufeff \t\r\n\x1a").rstrip("\x1a")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError(address, f"defines a document type or entities, which no {kind} file does; it is not read.")
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise InputError(address, f"cannot be read as {kind}: {error}.") from None


def tag(element: Element) -> str:
    """Return the name of an element without its name space."""
    return str(element.tag).rpartition("}")[2]


def named(element: Element, name: str) -> Iterator[Element]:
    """Yield all elements of a name below and with one, in their order."""
    return (e for e in element.iter() if tag(e) == name)


def child(element: Element, name: str) -> Element | None:
    """Return the first child of a name."""
    return next((e for e in element if tag(e) == name), None)


def first_text(element: Element, name: str) -> str:
    """Return the text of the first element of a name that has one, "" where there is none."""
    return next((e.text.strip() for e in named(element, name) if e.text and e.text.strip()), "")


def first_number(element: Element, name: str) -> float | None:
    """Return the first number above 0 that an element of a name holds, as its text or its attribute Value."""
    for e in named(element, name):
        value = positive(e.get("Value") or e.text or "")
        if value is not None:
            return value
    return None


def positive(token: str) -> float | None:
    """Return the value of a token where it is a number above 0 and finite."""
    value = number(token.strip())
    return value if value is not None and 0.0 < value < np.inf else None


def number_array(text: str, address: str, what: str) -> NDArray[np.float64]:
    """Return numbers separated by blanks or commas, at least one; raises InputError for anything else."""
    try:
        values = np.array(text.replace(",", " ").split(), dtype=np.float64)
    except ValueError:
        raise InputError(address, f"holds text among the numbers of {what}.") from None
    if not len(values) or not np.isfinite(values).all():
        raise InputError(address, f"holds no numbers, or infinite ones, in {what}.")
    return values
