"""Every public name says what it takes, in which shapes and units, and what it gives back.

Functions have sections as numpydoc writes them: Parameters with each parameter, Returns, and Raises where they refuse
input. Fields of dataclasses say it themselves where they are declared with a quantity or a sentence; the others stand
in the Parameters of their class.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import pytest

import nanocrystal
from nanocrystal.parameters import declared_fields
from support.programs import program

PAGE = program("make_python_page")


PUBLIC = [n for n in nanocrystal._HOME_OF if not isinstance(getattr(nanocrystal, n), Mapping)]
CLASSES = [n for n in PUBLIC if inspect.isclass(getattr(nanocrystal, n))]
FUNCTIONS = [n for n in PUBLIC if n not in CLASSES]


def documented(sections: Mapping[str, str], heading: str) -> list[tuple[str, str]]:
    """Return (name, text) of a section; several names may share a line."""
    entries = PAGE.entries(sections.get(heading, ""))
    return [(n.strip().lstrip("*"), text) for names, text in entries for n in names.partition(" : ")[0].split(",")]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_document_parameters_and_what_they_return(name: str) -> None:
    function = getattr(nanocrystal, name)
    summary, sections = PAGE.sections_of(inspect.getdoc(function) or "")
    assert summary.partition("\n")[0].endswith("."), "the first line is a sentence"
    called = inspect.signature(function)
    taken = documented(sections, "Parameters")
    assert [n for n, _ in taken] == list(called.parameters)
    assert [n for n, text in taken if not text] == []
    assert (called.return_annotation in ("None", None)) or documented(sections, "Returns")
    assert "InputError" not in summary, "errors stand in the section Raises"


@pytest.mark.parametrize("name", CLASSES)
def test_classes_document_their_fields(name: str) -> None:
    kind = getattr(nanocrystal, name)
    summary, sections = PAGE.sections_of(inspect.getdoc(kind) or "")
    assert summary.partition("\n")[0].endswith("."), "the first line is a sentence"
    assert not summary.startswith(f"{name}("), "dataclasses without a docstring get one of their signature"
    taken = dict(documented(sections, "Parameters"))
    assert [n for n, text in taken.items() if not text] == []
    if is_dataclass(kind):
        wanted = [f.name for f in fields(kind) if f.init and not says_itself(kind, f.name)]
    else:
        wanted = list(inspect.signature(kind).parameters) if "__init__" in vars(kind) else []
    assert [n for n in wanted if n not in taken] == []


def says_itself(kind: type, name: str) -> bool:
    """Say whether a field is declared with a quantity or a sentence."""
    try:
        field = declared_fields(kind)[name]
    except NameError:  # a type that is imported for checkers only
        return False
    return bool(field.quantity or field.sentence)
