"""The tables of a study file, made from what crystals, shapes, populations, techniques and options declare."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, make_dataclass
from dataclasses import fields as dataclass_fields
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic.json_schema import models_json_schema

from nanocrystal.errors import nearest_names
from nanocrystal.lazy import Kinds
from nanocrystal.parameters import Name
from nanocrystal.refinement import Options
from nanocrystal.sample import BOXES, Atoms, Crystal, Population
from nanocrystal.sample.population import Fractions
from nanocrystal.study.fields import Table, wrong
from nanocrystal.study.messages import shown
from nanocrystal.study.tables import table_of
from nanocrystal.techniques import TECHNIQUES

SHAPES = Kinds("nanocrystal.sample", {"bulk": "Bulk", "sphere": "Sphere", **BOXES.names, "blocks": "FixedBody"})
"""what the crystals of a population may be, by the name a study gives it"""


def _choice(key: str, value: str, sentence: str) -> type:
    """Return a dataclass with one field, which says what the others are about."""
    return make_dataclass(key, [(key, Annotated[Literal[value], sentence])], frozen=True)


# ---- populations ----------------------------------------------------------------------------------


ATOMS = "atoms"
"""in the place of a shape: explicit atoms"""


def population_tables() -> Mapping[str, type[Table]]:
    """Return the tables of populations, by their shape."""
    return {name: _population_table(name) for name in (*SHAPES, ATOMS)}


@lru_cache(maxsize=64)
def _population_table(name: str) -> type[Table]:
    made: type = Atoms if name == ATOMS else SHAPES[name]
    first = inspect.cleandoc(made.__doc__ or "").partition("\n")[0].rstrip(".")
    common = (Fractions,) if name == ATOMS else (Fractions, Population)
    return table_of(*common, _choice("shape", name, first), made, made=made)


def population_table(value: Any) -> Any:
    """Return the checked table of a population, by the shape that it names."""
    return _named_table(value, ("shape", "sphere", "[populations.dots]"), (*SHAPES, ATOMS), _population_table)


def _named_table(
    value: Any, said: tuple[str, str, str], names: Collection[str], table: Callable[[str], type[Table]]
) -> Any:
    """Return the checked table of the kind that its key names.

    said: the key, and for the messages an example of its value and a header.
    """
    key, example, header = said
    if not isinstance(value, dict):
        raise wrong(f"must be a table with a header such as {header}, got {_what(value)}.")
    name = value.get(key)
    if name is None:
        raise wrong(f'needs a {key}, for instance {key} = "{example}"; {nearest_names("", names)}')
    if not isinstance(name, str):
        raise wrong(f"{key} must be text in quotation marks, got {shown(name)}.")
    if name not in names:
        raise wrong(f"there is no {key} {name!r}; {nearest_names(name, names)}")
    return table(name).model_validate(value)


def _what(value: Any) -> str:
    """Return what stands where a table should; [[name]] makes a list of tables."""
    double = isinstance(value, list) and all(isinstance(v, dict) for v in value)
    return "a list of tables (double brackets)" if double else shown(value)


# ---- data sets ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FromReduction:
    """What a data set may come from in the place of a file."""

    reduction: Annotated[
        str | None, "instead of file: the reduction of the study whose curve this is, [reduction.NAME]"
    ] = None


def dataset_tables() -> Mapping[str, type[Table]]:
    """Return the tables of data sets, by their technique."""
    return {name: _dataset_table(technique) for name, technique in TECHNIQUES.items()}


@lru_cache(maxsize=64)
def _dataset_table(technique: Any) -> type[Table]:
    more = [] if technique.from_reduction is None else [FromReduction]
    return table_of(_choice("technique", technique.name, "how it was measured"), technique, *more, made=technique)


def dataset_table(value: Any) -> Any:
    """Return the checked table of a data set, by the technique that it names."""
    said = ("technique", "pdf", "[datasets.pdf]")
    return _named_table(value, said, TECHNIQUES, lambda name: _dataset_table(TECHNIQUES[name]))


# ---- the study ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class StudyKeys:
    """A study: what is in the vial, and what was measured."""

    title: Annotated[str, "what stands above the report"] = ""
    crystals: Annotated[Mapping[Name, Crystal], "crystal structures by name"] = field(default_factory=dict)
    populations: Annotated[Mapping[Name, Any], "what the sample is made of"]
    datasets: Annotated[Mapping[Name, Any], "what was measured, or shall be simulated"]
    refine: Annotated[Options, "options of the optimiser"] = field(default_factory=Options)


def study_table(content: Mapping[str, Any]) -> type[Table]:
    """Return the table that checks a study: the whole one for keys that few have, or that there are not."""
    if {f.name for f in dataclass_fields(StudyKeys)}.issuperset(content):
        return table_of(StudyKeys, name="StudyTable")
    from nanocrystal.study.whole import StudyTable

    return StudyTable


def study_schema() -> dict[str, Any]:
    """Return the JSON Schema of a study file, for editors.

    Returns
    -------
    dict
        The schema.
    """
    from nanocrystal.study.whole import StudyTable

    kinds = {"datasets": dataset_tables().values(), "populations": population_tables().values()}
    tables = [StudyTable, *kinds["datasets"], *kinds["populations"]]
    places, joined = models_json_schema([(table, "validation") for table in tables])
    definitions = joined["$defs"]
    schemas = {t: definitions.pop(places[t, "validation"]["$ref"].rpartition("/")[2]) for t in tables}
    schema = schemas[StudyTable]
    schema["required"].remove("populations")  # lines and decays need no sample
    for key, known in kinds.items():
        schema["properties"][key]["additionalProperties"] = {"anyOf": [schemas[table] for table in known]}
    return {**schema, "$defs": definitions}
