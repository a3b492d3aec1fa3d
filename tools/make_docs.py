"""Write the pages that follow from the code: techniques/NAME.md, study.md, quantities.md, python.md and results.md.

A page of a technique is made from the docstring of its file and its declarations; the page of the
study file from its text in tools/study_page.md and from the schema; that of the quantities from what all parameters
and derived quantities say of themselves; that of the Python interface, with the stub of the package, by
tools/make_python_page.py; that of results by tools/make_results_page.py.

Run from the root of the repository: python tools/make_docs.py
"""

from __future__ import annotations

import inspect
import runpy
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from nanocrystal.data.conventions import COLUMN_NAMES, CONVENTIONS, SUFFIXES
from nanocrystal.measurement import Noise
from nanocrystal.measurement.counted import BACKGROUND, BLANK
from nanocrystal.measurement.nmr.lines import Line, ShiftLines
from nanocrystal.parameters import NO_KEY, QUANTITIES, Meaning, Quantity, declared_fields, declared_quantities
from nanocrystal.parameters.expression import FUNCTIONS
from nanocrystal.parameters.meaning import ALL_ALIKE, NORMAL_MEAN, NORMAL_STD, NUMBER_MEAN, NUMBER_STD
from nanocrystal.refinement import Options
from nanocrystal.report.series.result import ORDER_PARAMETER
from nanocrystal.sample import BOXES, Atoms, Crystal, Population, SiteOverride, Sphere, Substitution
from nanocrystal.sample.crystal.crystal import coordinate_quantity
from nanocrystal.sample.derivations import OF_CRYSTAL, OF_POPULATION, OF_STACKING, OF_TWINS, STATISTICS
from nanocrystal.sample.population import Fractions
from nanocrystal.sample.shapes.boxes import EQUAL_VOLUME
from nanocrystal.sample.shapes.distributions import FACTOR
from nanocrystal.sample.surface.shell import GRADIENT
from nanocrystal.study import schema, whole
from nanocrystal.study.fields import LengthField, MeasuredField, NumberField, RangeField, Table
from nanocrystal.study.tables import table_of
from nanocrystal.techniques import TECHNIQUES, ExafsPath, NmrDiffusion, NmrRelaxation
from nanocrystal.techniques.nmr_sites import SHIFT
from nanocrystal.techniques.powder.profile import PROFILE

DOCS = Path(__file__).parents[1] / "docs"
TEXT = Path(__file__).with_name("study_page.md")
QUANTITIES_TEXT = Path(__file__).with_name("quantities_page.md")


# ---- techniques -----------------------------------------------------------------------------------


def page(technique: Any) -> str:
    """Return the documentation page of a technique."""
    module = sys.modules[technique.__module__]
    text = inspect.getdoc(module) or ""
    title, _, body = text.partition("\n\n")
    lines = [f"# {technique.name}", "", title, ""]
    for block in body.split("\n\n"):
        heading, _, rest = block.partition("\n")
        indented = rest and all(line.startswith("    ") or not line for line in rest.splitlines())
        lines += [f"## {heading}", "", inspect.cleandoc(rest), ""] if indented else [block, ""]
    lines += ["## Parameters", "", "| name | unit | default | limits | meaning |", "|---|---|---|---|---|"]
    for name, q in technique.quantities.items():
        default = "left to the fit" if name in technique.linear else _usual(q.default)
        limits = f"{q.minimum:g} to {q.maximum:g}" if q.minimum > float("-inf") else "none"
        lines.append(f"| `{name}` | {q.unit or '–'} | {default} | {limits} | {q.description} |")
    return "\n".join(lines) + "\n"


# ---- the study file -------------------------------------------------------------------------------


def study_page() -> str:
    """Return the manual of the study file: the text with its tables filled in."""
    text = TEXT.read_text(encoding="utf-8")
    common = [*table_of(Fractions).model_fields, *table_of(Population).model_fields]
    parts = {
        "top": "\n".join(
            f"| {_header(n)} | {f.description}{_more(n)} |" for n, f in whole.StudyTable.model_fields.items()
        ),
        "number": _plain_rows(
            {
                "value": "the value, or where the refinement starts",
                "vary": "`true`: the refinement may change it",
                "min, max": "bounds of a number that varies",
                "tie": "arithmetic on other numbers, instead of a value",
            }
        ),
        "functions": ", ".join(f"`{name}`" for name in FUNCTIONS),
        "distribution": _plain_rows(
            {
                "distribution": "`lognormal` or `normal`",
                "mean": "number, Å",
                "std": "number, Å; standard deviation",
            }
        ),
        "crystal": rows(table_of(Crystal)),
        "site": rows(table_of(SiteOverride)),
        "fraction": rows(table_of(Fractions)),
        "shapes": "\n".join(_shape(name, table, common) for name, table in schema.population_tables().items()),
        "techniques": "\n".join(_technique(name, table) for name, table in schema.dataset_tables().items()),
        "disorder": _nested(table_of(Population)),
        "substitution": _nested_rows(table_of(Substitution), "crystals.NAME.substitution.ELEMENT"),
        "noise": rows(table_of(Noise)),
        "refine": rows(table_of(Options)),
        "candidate": _plain_rows({k: f.description or "" for k, f in whole.CandidateTable.model_fields.items()}),
        "series": _plain_rows({k: f.description or "" for k, f in whole.SeriesTable.model_fields.items()}),
        "plan": _plain_rows({k: f.description or "" for k, f in whole.PlanTable.model_fields.items()}),
        "suffixes": "\n".join(f"| {_suffixes(name)} | {_layouts(c)} |" for name, c in CONVENTIONS.items()),
        "columns": ", ".join(f"`{name}`" for name in COLUMN_NAMES),
    }
    for name, part in parts.items():
        assert f"{{{{{name}}}}}" in text, name
        text = text.replace(f"{{{{{name}}}}}", part)
    return text


def rows(table: type[Table], without: Iterable[str] = ()) -> str:
    """Return the rows of the keys of a table: key, value, default, meaning."""
    lines = []
    for name, field in table.model_fields.items():
        if name not in without:
            default = _default(field, name, table)
            lines.append(f"| `{name}` | {_kind(field)} | {default} | {field.description or ''} |")
    return "\n".join(lines)


def _plain_rows(meanings: dict[str, str]) -> str:
    return "\n".join(f"| `{key}` | {meaning} |" for key, meaning in meanings.items())


PAGES = {
    "reduction": "reduction.md",
    "candidates": "comparison.md",
    "series": "series.md",
    "plan": "plan.md",
}
"""key of a study -> the page that says more"""


def _more(name: str) -> str:
    return f" ([more]({PAGES[name]}))" if name in PAGES else ""


def _header(name: str) -> str:
    return (
        f"`[{name}.NAME]`"
        if name in ("crystals", "populations", "datasets", "reduction", "candidates")
        else f"`{f'[{name}]' if name in ('refine', 'series', 'plan') else name}`"
    )


def _nested(table: type[Table]) -> str:
    """Return the tables that may stand in every population of a crystal, each with its keys."""
    parts, own = [], []
    for name, field in table.model_fields.items():
        if name == "crystal":
            continue
        if not any(isinstance(t, type) and issubclass(t, Table) for t in _arguments(field.annotation)):
            own.append(f"| `{name}` | {_kind(field)} | {_default(field, name, table)} | {field.description} |")
            continue
        [inner] = [t for t in _arguments(field.annotation) if isinstance(t, type) and issubclass(t, Table)]
        many = get_origin(field.annotation) is dict
        parts.append(_nested_rows(inner, f"populations.NAME.{name}" + (".FAMILY" if many else "")))
    head = ["`[populations.NAME]`:", "", "| key | value | default | meaning |", "|---|---|---|---|"]
    return "\n".join(["\n".join([*head, *own]) + "\n", *parts])


def _arguments(hint: Any) -> list[Any]:
    """Return the types a hint is made of."""
    found = get_args(hint)
    return [hint] if not found else [a for part in found for a in _arguments(part)]


def _nested_rows(table: type[Table], place: str) -> str:
    first = inspect.cleandoc(table.__doc__ or "").partition(":")[0].rstrip(".")
    lines = [f"`[{place}]` {first[0].lower()}{first[1:]}:", "", "| key | value | default | meaning |"]
    return "\n".join([*lines, "|---|---|---|---|", rows(table)]) + "\n"


def _shape(name: str, table: type[Table], common: list[str]) -> str:
    listed = {n: f for n, f in table.model_fields.items() if n == "crystal" or n not in common}
    first = inspect.cleandoc(table.__doc__ or "").partition("\n")[0]
    lines = [f'### `shape = "{name}"`', "", first, ""]
    lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
    for key, field in listed.items():
        if key != "shape":
            lines.append(f"| `{key}` | {_kind(field)} | {_default(field, key, table)} | {field.description} |")
    return "\n".join(lines) + "\n"


def _technique(name: str, table: type[Table]) -> str:
    lines = [f'### `technique = "{name}"`', "", f"What is calculated: [{name}](techniques/{name}.md).", ""]
    lines += ["| key | value | default | meaning |", "|---|---|---|---|", rows(table, ("technique",))]
    return "\n".join(lines) + "\n"


def _kind(field: Any) -> str:
    """Return what may stand as the value of a key, in words."""
    hint = field.annotation
    for marked, words in (
        (NumberField, "number"),
        (LengthField, "number or distribution"),
        (RangeField, "[low, high]"),
    ):
        if any(m in field.metadata for m in marked.__metadata__) or _is(hint, marked):
            return words
    return _words([a for a in get_args(hint) if a is not NoneType] if NoneType in get_args(hint) else [hint])


def _is(hint: Any, marked: Any) -> bool:
    return hint == marked or (NoneType in get_args(hint) and marked in get_args(hint))


def _words(hints: list[Any]) -> str:
    if len(hints) > 1:
        return " or ".join(_words([hint]) for hint in hints)
    [hint] = hints
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return ", ".join(f'`"{a}"`' for a in arguments)
    if origin is dict:
        if any(m in getattr(arguments[1], "__metadata__", ()) for m in MeasuredField.__metadata__):
            return "table of [value, σ]"
        if get_origin(arguments[1]) is list:
            return "table of lists of texts"
        return "table of tables" if isinstance(arguments[1], type) else "table of numbers"
    if origin is list:
        return {str: "list of texts", float: "list of numbers"}.get(arguments[0], "list of [low, high]")
    if isinstance(hint, type) and issubclass(hint, Table):
        return "table"
    if hasattr(hint, "__metadata__"):
        return "table of numbers"
    names = {str: "text", float: "plain number", int: "whole number", bool: "`true` or `false`"}
    return names[hint]


def _default(field: Any, name: str, table: type[Table]) -> str:
    if field.is_required():
        return "required"
    technique = next((TECHNIQUES[n] for n, t in schema.dataset_tables().items() if t is table), None)
    if technique is not None and name in technique.quantities:
        return "left to the fit" if name in technique.linear else _usual(technique.quantities[name].default)
    if name == "scale":
        return "left to the fit"
    value = field.default
    if value is None or field.default_factory is not None or value in ({}, ()):
        return "–"
    if isinstance(value, tuple):
        return f"`{list(value)}`".replace("'", '"')
    return (
        f"`{str(value).lower()}`"
        if isinstance(value, bool)
        else f'`"{value}"`'
        if isinstance(value, str)
        else f"{value:g}"
    )


def _usual(default: float | None) -> str:
    """Return a default value; a quantity without one must be given where it is used."""
    return "–" if default is None else f"{default:g}"


def _suffixes(name: str) -> str:
    return ", ".join(f"`{suffix}`" for suffix, convention in SUFFIXES.items() if convention == name)


def _layouts(convention: Any) -> str:
    if convention.headings_count:
        return "as the headings above the columns say"
    return "; or ".join(", ".join(roles) for roles in convention.layouts.values())


# ---- quantities -----------------------------------------------------------------------------------

OF_LINES = ("nmr-lines", "nmr-titration")
FURTHER: dict[str, Mapping[str, Quantity]] = {
    "powder": {f"profiles.POPULATION.{k}": q for k, q in PROFILE.items()},
    "nmr-relaxation": {f"parts.PART.{k}": q for k, q in NmrRelaxation.of_parts.items()},
    "nmr-diffusion": {f"components.COMPONENT.{k}": q for k, q in NmrDiffusion.of_components.items()},
    "nmr-sites": {"shifts.HALIDE": SHIFT},
    "exafs": {f"paths.PATH.{k}": q for k, q in declared_quantities(ExafsPath).items()},
}
"""technique -> what it declares in other ways than at the fields of a dataclass"""


def declared_in(owner: type, place: str) -> Iterator[tuple[str, Quantity]]:
    """Yield place and declaration of the quantities of a dataclass and of the tables in it."""
    for field in declared_fields(owner).values():
        many = ".KEY" if Mapping in [get_origin(k) for k in (field.kind, *get_args(field.kind))] else ""
        if field.beside is not None:
            yield from declared_in(field.beside, place)
        elif field.quantity is not None:
            yield f"{place}.{field.key}{many}", field.quantity
        elif field.metadata and NO_KEY not in field.metadata:
            tables = [t for t in _arguments(field.kind) if isinstance(t, type) and is_dataclass(t)]
            for table in tables:
                yield from declared_in(table, f"{place}.{field.key}{many}")


DERIVED_AT = {
    "powder": {n: f"{n}.POPULATION" for n in ("microabsorption", "mass_fraction_of_mixture")},
    "nmr-lines": {n: f"lines.LINE.{n}" for n in TECHNIQUES["nmr-lines"].derives},
    "nmr-relaxation": {n: f"parts.PART.{n}" for n in TECHNIQUES["nmr-relaxation"].derives},
    "nmr-titration": {
        "fraction": "steps.STEP.SPECIES.fraction",
        **{n: f"steps.STEP.{n}" for n in TECHNIQUES["nmr-titration"].derives if n != "fraction"},
    },
    "exafs": {"distance": "paths.PATH.distance"},
    "nmr-diffusion": {
        "amplitude_fraction": "lines.LINE.COMPONENT.amplitude_fraction",
        **{n: f"components.COMPONENT.{n}" for n in TECHNIQUES["nmr-diffusion"].derives if n != "amplitude_fraction"},
    },
}
"""technique -> name of a derived quantity -> where it stands in the data set"""
Told = tuple[str, str, Meaning]
"""where a number stands, its unit, and what it means"""


def _meanings_of_sample() -> Iterator[Told]:
    crystal, population = "crystals.NAME", "populations.NAME"
    coordinates = ((f"{crystal}.sites.KEY.{x}", coordinate_quantity(x, "KEY")) for x in "xyz")
    owners = ((Crystal, crystal), (Fractions, population), (Population, population))
    for place, quantity in (*(pair for o, p in owners for pair in declared_in(o, p)), *coordinates):
        yield place, quantity.unit, quantity.meaning
    yield f'{population}.shell.thickness, profile = "gradient"', "Å", GRADIENT
    derived = {
        **{f"{crystal}.{n}{'.SITES' if n in ('bond', 'angle') else ''}": d for n, d in OF_CRYSTAL.items()},
        **{f"{population}.{n}{'.ELEMENT' if n == 'composition' else ''}": d for n, d in OF_POPULATION.items()},
        **{f"{population}.twins.KEY.{n}": d for n, d in OF_TWINS.items()},
        **{f"{population}.stacking.{n}": d for n, d in OF_STACKING.items()},
    }
    yield from ((place, d.unit, d.meaning) for place, d in derived.items())
    for shape in (Sphere, *BOXES.values(), Atoms):
        for place, quantity in declared_in(shape, population):
            yield f"{place}, {shape.name}", quantity.unit, quantity.meaning
    yield f"{population}.LENGTH.factor", FACTOR.unit, FACTOR.meaning
    yield from ((f"{population}.d_eq_{n}", "Å", EQUAL_VOLUME.more(s.phrase)) for n, s in STATISTICS.items())


def _meanings_of_techniques() -> Iterator[Told]:
    line = ShiftLines({}, "ppm", None).quantities(Line())
    for name, technique in TECHNIQUES.items():
        found = {**technique.quantities, **FURTHER.get(name, {})}
        if name in OF_LINES:
            found |= {f"lines.LINE.{k}": q for k, q in {**line, "area": ShiftLines({}, "ppm", None).area}.items()}
        for key, quantity in found.items():
            yield f"datasets.NAME.{key}, {name}", quantity.unit, quantity.meaning
        for key, derivation in technique.derives.items():
            at = DERIVED_AT.get(name, {}).get(key, key)
            yield f"datasets.NAME.{at}, {name}", derivation.unit, derivation.meaning
    yield "datasets.NAME.background.c0, c1, …", BACKGROUND.unit, BACKGROUND.meaning
    yield "datasets.NAME.blanks.BLANK.scale", BLANK.unit, BLANK.meaning


def meanings() -> Iterator[Told]:
    """Yield where each number stands, its unit, and what it means."""
    yield from _meanings_of_sample()
    yield from _meanings_of_techniques()
    yield f"{ORDER_PARAMETER}, series", "any", Meaning("order parameter", "the expression itself")


def quantities_page() -> str:
    """Return the page of all quantities: what each is, and which numbers are one."""
    places: dict[str, dict[str, dict[str, None]]] = {name: {} for name in QUANTITIES}
    units: dict[str, dict[str, None]] = {name: {} for name in QUANTITIES}
    for place, unit, meaning in meanings():
        places[meaning.quantity].setdefault(meaning.definition, {})[place] = None
        units[meaning.quantity][unit or "none"] = None
    terms = [
        f"| [{name}](#{name.lower().replace(' ', '-')}) | {', '.join(units[name])} | {term.sentence} |"
        for name, term in QUANTITIES.items()
    ]
    parts = []
    for name, found in places.items():
        parts += ["", f"### {name}", "", "| definition | numbers |", "|---|---|"]
        for definition, at in found.items():
            parts.append(f"| {definition.replace('|', chr(92) + '|')} | {', '.join(_place(p) for p in at)} |")
    text = QUANTITIES_TEXT.read_text(encoding="utf-8")
    phrases = {
        "all_alike": ALL_ALIKE,
        "number_mean": NUMBER_MEAN,
        "number_std": NUMBER_STD,
        "normal_mean": NORMAL_MEAN,
        "normal_std": NORMAL_STD,
    }
    filled = {"terms": "\n".join(terms), "numbers": "\n".join(parts).strip(), **phrases}
    for name, part in filled.items():
        assert f"{{{{{name}}}}}" in text, name
        text = text.replace(f"{{{{{name}}}}}", part)
    return text


def _place(place: str) -> str:
    """Return where a number stands as the page shows it: the address as code, and what it is of in words."""
    address, _, words = place.partition(", ")
    return f"`{address}`" + (f" ({words})" if words else "")


def main() -> None:
    folder = DOCS / "techniques"
    folder.mkdir(parents=True, exist_ok=True)
    for name, technique in TECHNIQUES.items():
        (folder / f"{name}.md").write_text(page(technique), encoding="utf-8")
    (DOCS / "study.md").write_text(study_page(), encoding="utf-8")
    runpy.run_path(str(Path(__file__).with_name("make_python_page.py")), run_name="__main__")
    runpy.run_path(str(Path(__file__).with_name("make_results_page.py")), run_name="__main__")
    (DOCS / "quantities.md").write_text(quantities_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
