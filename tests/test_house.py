"""How the code of the house is written: what travels, and how calls look. Read from the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import nanocrystal
from nanocrystal.sample.shapes import Shape, ShapeNow

SOURCE = Path(nanocrystal.__file__).parent
HOLD_VALUES = {"Values", "Evaluation", "Here", "dict[str, float]", "Mapping[str, float]"}
"""kinds of what holds the values of many parameters"""
ADDRESSES = {"address", "prefix", "crystal_prefix", "where", "place", "at", "local"}
"""what a text is called that says where a number stands"""
NO_VALUES = {"role", "masses"}
"""mappings of numbers that are none of parameters: radii of ions, masses of elements"""
MOST_PARAMETERS = 7


def functions() -> Iterator[tuple[Path, ast.FunctionDef]]:
    """Yield each function with its file."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield path, node


def arguments(node: ast.FunctionDef) -> list[tuple[str, str]]:
    """Return name and annotation of each parameter but self and cls."""
    spec = node.args
    every = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    return [(a.arg, ast.unparse(a.annotation) if a.annotation else "") for a in every if a.arg not in ("self", "cls")]


def test_a_number_has_a_place_of_its_own() -> None:
    """No function takes values and, beside them, the address to look them up under: `values.under` is for that."""
    found = []
    for path, node in functions():
        given = arguments(node)
        values = any(kind in HOLD_VALUES and name not in NO_VALUES for name, kind in given)
        addresses = [name for name, kind in given if kind == "str" and name in ADDRESSES]
        if values and addresses and "parameters" not in path.parts:
            found.append(f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}({', '.join(addresses)})")
    assert found == []


def test_no_function_takes_more_than_seven_parameters() -> None:
    """But compiled kernels, which take arrays one by one."""
    found = [
        f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}"
        for path, node in functions()
        if len(arguments(node)) > MOST_PARAMETERS and not (path.parent.name == "kernels" and path.name.startswith("_"))
    ]
    assert found == []


def test_the_formatter_is_not_switched_off_for_calls() -> None:
    found = [str(p.relative_to(SOURCE)) for p in SOURCE.rglob("*.py") if "fmt: skip" in p.read_text(encoding="utf-8")]
    assert found == []


def test_intermediates_are_kept_in_one_place() -> None:
    """No private dictionary behind a cached property, which would grow beside `Evaluation.once`."""
    found = []
    for path, node in functions():
        cached = any("cached_property" in ast.unparse(d) for d in node.decorator_list)
        empty = any(isinstance(n, ast.Return) and isinstance(n.value, ast.Dict) and not n.value.keys for n in node.body)
        if cached and empty:
            found.append(f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}")
    assert found == []


# ---- shapes ---------------------------------------------------------------------------------------

ROOM_OF_SHAPES = ("shapes", "prisms", "curved", "ellipsoid", "fixed_body", "scattering_bodies")
"""modules that may name single shapes, beside the schema and what is public"""
NAME_SHAPES = {"__init__.py", "study/schema.py", "sample/__init__.py"}


def shape_classes() -> set[type]:
    """Return all shapes, and what they are as of now."""
    found: set[type] = set()
    waiting: list[type] = [Shape, ShapeNow]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        found |= set(kinds)
        waiting += kinds
    return found


def test_no_module_tells_shapes_apart() -> None:
    """Only the room of shapes, the schema and what is public name a single shape."""
    homes = {(kind.__module__, kind.__name__) for kind in shape_classes()}
    assert len(homes) > 15
    names = {name for _, name in homes}
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE).as_posix()
        if place in NAME_SHAPES or f"nanocrystal.{place[:-3].replace('/', '.')}" in {home for home, _ in homes}:
            continue
        if path.stem in ROOM_OF_SHAPES:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nanocrystal.sample"):
                if (node.module or "").rpartition(".")[2] == "tilts":
                    continue  # octahedra of ions about a metal, no shape
                found += [f"{place}:{node.lineno} {a.name}" for a in node.names if a.name in names]
    assert found == []


def modules_that(uses: str) -> list[str]:
    """Return the modules in which a name stands in the code: imported, called, or asked of something."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        names: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=aliases):
                    names |= {alias.name.partition(".")[0] for alias in aliases}
                case ast.ImportFrom(module=module, names=aliases):
                    names |= {(module or "").partition(".")[0], *(alias.name for alias in aliases)}
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                    names.add(name)
        if uses in names:
            found.append(path.relative_to(SOURCE).as_posix())
    return found


def test_processes_are_made_in_one_place() -> None:
    """Whoever has work for several is handed an executor; only its module makes processes, one other asks a cluster."""
    assert modules_that("multiprocessing") == modules_that("get_context") == ["running/pool.py"]
    assert modules_that("Process") == ["running/pool.py"]
    assert modules_that("distributed") == ["running/cluster.py"]
    assert modules_that("ProcessPoolExecutor") == modules_that("subprocess") == modules_that("fork") == []


def test_kernels_hold_arrays() -> None:
    """Arrays in, arrays out: what is wrong with an input is said by whoever knows its address."""
    found = [
        str(path.relative_to(SOURCE))
        for path in sorted((SOURCE / "kernels").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nanocrystal.errors"))
        or (isinstance(node, ast.Import) and any(a.name.startswith("nanocrystal.errors") for a in node.names))
    ]
    assert found == []
