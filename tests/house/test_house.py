"""How the code of the house is written: what travels, and how calls look. Read from the syntax tree."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nanocrystal
from nanocrystal.sample.shapes.shape import Shape, ShapeNow

SOURCE = Path(nanocrystal.__file__).parent


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a module, parsed once."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return all nodes of a module, walked once."""
    return tuple(ast.walk(tree(path)))


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
        for node in nodes(path):
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

NAME_SHAPES = {"__init__.py", "study/schema.py", "sample/__init__.py"}
"""modules that may name single shapes, beside the room of shapes: the schema and what is public"""


def shape_classes() -> set[type]:
    """Return all shapes, and what they are as of now."""
    for path in (SOURCE / "sample" / "shapes").glob("*.py"):
        importlib.import_module(f"nanocrystal.sample.shapes.{path.stem}")
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
        if place in NAME_SHAPES or place.startswith("sample/shapes/"):
            continue
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nanocrystal.sample"):
                if (node.module or "").rpartition(".")[2] == "tilts":
                    continue  # octahedra of ions about a metal, no shape
                found += [f"{place}:{node.lineno} {a.name}" for a in node.names if a.name in names]
    assert found == []


@cache
def used_names(path: Path) -> frozenset[str]:
    """Return what stands in the code of a module: imported, called, or asked of something."""
    names: set[str] = set()
    for node in nodes(path):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name.partition(".")[0] for alias in aliases}
            case ast.ImportFrom(module=module, names=aliases):
                names |= {(module or "").partition(".")[0], *(alias.name for alias in aliases)}
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                names.add(name)
    return frozenset(names)


def modules_that(uses: str) -> list[str]:
    """Return the modules in which a name stands in the code."""
    return [p.relative_to(SOURCE).as_posix() for p in sorted(SOURCE.rglob("*.py")) if uses in used_names(p)]


def test_processes_are_made_in_one_place() -> None:
    """Whoever has work for several is handed an executor; only its module makes processes, one other asks a cluster."""
    assert modules_that("multiprocessing") == modules_that("get_context") == ["running/pool.py"]
    assert modules_that("Process") == ["running/pool.py"]
    assert modules_that("distributed") == ["running/cluster.py"]
    assert modules_that("ProcessPoolExecutor") == modules_that("fork") == []


def test_only_a_library_that_may_not_come_back_has_a_process_of_its_own() -> None:
    assert modules_that("subprocess") == ["data/hdf5.py"]


def test_kernels_hold_arrays() -> None:
    """Arrays in, arrays out: what is wrong with an input is said by whoever knows its address."""
    found = [
        str(path.relative_to(SOURCE))
        for path in sorted((SOURCE / "kernels").rglob("*.py"))
        for node in nodes(path)
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nanocrystal.errors"))
        or (isinstance(node, ast.Import) and any(a.name.startswith("nanocrystal.errors") for a in node.names))
    ]
    assert found == []


def test_only_tables_of_plain_arguments_are_kept_outside() -> None:
    """No method is cached, nor a function of a sample or a model; what they hold is not filled in afterwards."""
    of_values = {"Evaluation", "Values", "Here", "Sample", "Crystal", "Population", "Model", "Technique", "Problem"}
    found = []
    for path, node in functions():
        cached = any(ast.unparse(d).partition("(")[0] in ("lru_cache", "cache") for d in node.decorator_list)
        of_self = any(a.arg == "self" for a in node.args.args)
        kinds = {kind for _, kind in arguments(node)}
        if cached and (of_self or kinds & of_values or any(kind.endswith("Now") for kind in kinds)):
            found.append(f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}")
    for room in ("sample", "measurement", "techniques", "refinement", "analysis", "kernels"):
        for path in sorted((SOURCE / room).rglob("*.py")):
            for node in nodes(path):
                match node:
                    case ast.Assign(targets=[ast.Subscript(value=ast.Attribute(value=ast.Name(id="self"), attr=name))]):
                        found.append(f"{path.relative_to(SOURCE)}:{node.lineno} self.{name}[…]")
    assert found == []


def calls_of(method: str) -> set[str]:
    """Return the files whose code calls a method of this name."""
    return {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    }


def test_chebyshev_polynomials_are_made_in_one_place() -> None:
    assert calls_of("chebvander") == {"kernels/polynomials.py"}


def is_a_difference(node: ast.AST) -> bool:
    """Say whether an expression is the quotient of the change of a function, or of twice a step."""
    match node:
        case ast.BinOp(left=ast.BinOp(op=ast.Sub(), left=ast.Call(func=f), right=ast.Call(func=g)), op=ast.Div()):
            return ast.unparse(f) == ast.unparse(g) and not ast.unparse(f).startswith("np.")
        case ast.BinOp(
            left=ast.BinOp(op=ast.Sub()),
            op=ast.Div(),
            right=ast.BinOp(left=ast.Constant(value=2.0), op=ast.Mult(), right=ast.Name(id=name)),
        ):
            return name.lower() in ("step", "size", "h", "delta", "eps", "difference")
    return False


def test_differences_are_taken_in_one_place() -> None:
    """With the one step that `parameters.difference` declares, or what a place says to be better and why."""
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in nodes(path)
        if is_a_difference(node)
    }
    assert found == {"parameters/difference.py"}


def test_text_is_read_in_one_place() -> None:
    """But what the package itself brings or has written, which is UTF-8 for certain."""
    own = {"report", "tables", "examples.py"}
    found = calls_of("decode") | {p for p in calls_of("read_text") if not own & set(Path(p).parts)}
    pages = {"report/page/rendering.py", "report/reduction/image_figures.py"}
    assert found == {"text.py", "arrays.py", *pages}


def test_csv_is_written_in_one_place() -> None:
    assert calls_of("writerow") | calls_of("writerows") == {"text.py"}


def test_addresses_are_taken_apart_in_one_place() -> None:
    """By `parameters.address`; the study lays tables by their keys, which are more than addresses."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        room = path.relative_to(SOURCE).parts[0]
        for node in nodes(path):
            match node:
                case ast.Call(func=ast.Attribute(attr="startswith"), args=[argument]):
                    word = ast.unparse(argument).lstrip("f").strip("'\"")
                    if word.startswith(("datasets.", "crystals.", "populations.")):
                        found.append(f"{path.relative_to(SOURCE)}:{node.lineno}")
                case ast.Call(func=ast.Attribute(attr="split"), args=[ast.Constant(value=".")]) if room == "refinement":
                    found.append(f"{path.relative_to(SOURCE)}:{node.lineno}")
    assert found == []


def test_no_room_tells_techniques_apart() -> None:
    """Neither by class nor by name; what a technique does otherwise it says as a member of the contract."""
    from nanocrystal.techniques import TECHNIQUES

    names = {kind.__name__ for kind in TECHNIQUES.values()}
    found = []
    for room in ("refinement", "study", "report", "analysis", "sample", "measurement", "simulation.py"):
        for path in [SOURCE / room] if room.endswith(".py") else sorted((SOURCE / room).rglob("*.py")):
            for node in nodes(path):
                named = isinstance(node, ast.Name) and node.id in names
                compared = (
                    isinstance(node, ast.Compare)
                    and any(
                        isinstance(c, ast.Constant) and c.value in TECHNIQUES for c in (node.left, *node.comparators)
                    )
                    and "technique" in ast.unparse(node)
                )
                if named or compared:
                    found.append(f"{path.relative_to(SOURCE)}:{node.lineno} {ast.unparse(node)}")
    assert found == []
