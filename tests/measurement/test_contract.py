"""The contract between techniques and the rest of the house: no member can be misspelt in silence."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import nanocrystal
from nanocrystal.measurement import Model, Technique
from nanocrystal.techniques import TECHNIQUES

SOURCE = Path(nanocrystal.__file__).parent
ROOMS = ("refinement", "running", "study", "report")
"""that ask models, samples and techniques for what they have"""


def members(contract: type) -> list[str]:
    """Return the public members that a contract declares."""
    named = {*vars(contract), *contract.__annotations__}
    return sorted(n for n in named if not n.startswith("_"))


def made(contract: type, name: str, *, annotated: bool) -> type:
    """Return a toy subclass that has a member of this name, as an attribute or as one with an annotation."""
    namespace = {"__annotations__": {name: "object"}} if annotated else {name: None}
    return type(contract)("Toy", (contract,), namespace)


@pytest.mark.parametrize("annotated", [False, True])
@pytest.mark.parametrize("name", members(Model))
def test_a_misspelt_member_of_a_model_is_refused(name: str, annotated: bool) -> None:
    """Neither as an attribute or method, nor as a field: the refinement would take the default in its place."""
    made(Model, name, annotated=annotated)
    for misspelt in (name[:-1], f"{name}s", name.upper()):
        with pytest.raises(TypeError, match=rf"Toy\.{misspelt} is no member of Model"):
            made(Model, misspelt, annotated=annotated)


@pytest.mark.parametrize("name", members(Technique))
def test_a_misspelt_member_of_a_technique_is_refused(name: str) -> None:
    made(Technique, name, annotated=False)
    for misspelt in (name[:-1], f"{name}s", name.upper()):
        with pytest.raises(TypeError, match=rf"Toy\.{misspelt} is no member of Technique"):
            made(Technique, misspelt, annotated=False)


def test_a_misspelt_class_variable_of_a_technique_is_refused() -> None:
    """Fields are keys of a study and may have any name; class variables may not."""
    with pytest.raises(TypeError, match=r"Toy\.needs_samples is no member of Technique; did you mean 'needs_sample'"):
        type(Technique)("Toy", (Technique,), {"__annotations__": {"needs_samples": "ClassVar[bool]"}})


def test_what_is_meant_can_be_said() -> None:
    class Toy(Model, own=("phases",)):
        phases = ()

    class Inheriting(Toy):
        phases = (1,)

    assert Inheriting.phases == (1,)


def test_every_technique_keeps_the_contract() -> None:
    assert all(issubclass(technique, Technique) for technique in TECHNIQUES.values())


def test_a_model_without_curves_cannot_be_made() -> None:
    class Empty(Model):
        technique = "empty"

    with pytest.raises(TypeError, match="curves"):
        Empty()  # type: ignore[abstract]


def capability_checks(text: str) -> list[tuple[int, str]]:
    """Return line and words of what asks at run time whether something is there."""
    found = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(func=ast.Name(id="hasattr")):
                found.append((node.lineno, "hasattr"))
            case ast.Call(func=ast.Name(id="getattr"), args=[_, _, _]):
                found.append((node.lineno, "getattr with a default"))
            case ast.ExceptHandler(type=kind) if kind is not None and "AttributeError" in ast.unparse(kind):
                found.append((node.lineno, "except AttributeError"))
            case ast.Name(id="runtime_checkable") | ast.Attribute(attr="runtime_checkable"):
                found.append((node.lineno, "runtime_checkable"))
    return found


def test_the_finder_finds() -> None:
    tried = "try:\n  hasattr(a, 'b')\n  getattr(a, 'b', 1)\nexcept (ValueError, AttributeError): pass\n"
    text = f"{tried}@runtime_checkable\nclass A: ...\n"
    assert [words for _, words in sorted(capability_checks(text))] == [
        "hasattr",
        "getattr with a default",
        "except AttributeError",
        "runtime_checkable",
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_asks_for_capabilities(room: str) -> None:
    found = {
        str(path.relative_to(SOURCE)): checks
        for path in (SOURCE / room).rglob("*.py")
        if (checks := capability_checks(path.read_text(encoding="utf-8")))
    }
    assert found == {}
