"""The tables of a study file, made from what crystals, shapes, populations, techniques and options declare."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, make_dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.json_schema import models_json_schema

from nanocrystal.errors import nearest_names
from nanocrystal.parameters import Name
from nanocrystal.refinement import Options
from nanocrystal.sample import BOXES, Atoms, Bulk, Crystal, FixedBody, Population, Sphere
from nanocrystal.sample.population import Fractions
from nanocrystal.study import fields
from nanocrystal.study.fields import Table, wrong
from nanocrystal.study.messages import shown
from nanocrystal.study.plan import PlanTable
from nanocrystal.study.reduction.schema import ReductionKeys
from nanocrystal.study.series.schema import SeriesTable
from nanocrystal.study.tables import table_of
from nanocrystal.techniques import TECHNIQUES

SHAPES: Mapping[str, Any] = {Bulk.name: Bulk, Sphere.name: Sphere, **BOXES, FixedBody.name: FixedBody}
"""what the crystals of a population may be, by the name a study gives it"""


def _choice(key: str, value: str, sentence: str) -> type:
    """Return a dataclass with one field, which says what the others are about."""
    return make_dataclass(key, [(key, Annotated[Literal[value], sentence])], frozen=True)


# ---- populations ----------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def population_tables() -> Mapping[str, type[Table]]:
    """Return the tables of populations, by their shape."""
    tables = {name: _population_table(name, shape, Fractions, Population) for name, shape in SHAPES.items()}
    return tables | {Atoms.name: _population_table(Atoms.name, Atoms, Fractions)}


def _population_table(name: str, made: type, *common: type) -> type[Table]:
    first = inspect.cleandoc(made.__doc__ or "").partition("\n")[0].rstrip(".")
    return table_of(*common, _choice("shape", name, first), made, made=made)


def population_table(value: Any) -> Any:
    """Return the checked table of a population, by the shape that it names."""
    return _named_table(value, "shape", "sphere", "[populations.dots]", population_tables())


def _named_table(value: Any, key: str, example: str, header: str, tables: Mapping[str, type[Table]]) -> Any:
    """Return the checked table of the kind that its `key` names; example and header are for the messages."""
    if not isinstance(value, dict):
        raise wrong(f"must be a table with a header such as {header}, got {_what(value)}.")
    name = value.get(key)
    if name is None:
        raise wrong(f'needs a {key}, for instance {key} = "{example}"; {nearest_names("", tables)}')
    if not isinstance(name, str):
        raise wrong(f"{key} must be text in quotation marks, got {shown(name)}.")
    if name not in tables:
        raise wrong(f"there is no {key} {name!r}; {nearest_names(name, tables)}")
    return tables[name].model_validate(value)


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
    return _named_table(value, "technique", "pdf", "[datasets.pdf]", dataset_tables())


# ---- the study ------------------------------------------------------------------------------------


class CandidateTable(Table):
    """A candidate for `compare`: parts of a study, laid over the study itself.

    What stands here is not complete, so it is checked only where it is joined with the rest.
    """

    description: str = Field(default="", description="a few words for tables and the report")
    drop: list[str] = Field(
        default_factory=list, description="addresses of keys and tables of the study that this candidate has not"
    )
    title: str = Field(default="", description="as of the study")
    crystals: dict[fields.Name, Any] = Field(default_factory=dict, description="laid over [crystals]")
    populations: dict[fields.Name, Any] = Field(default_factory=dict, description="laid over [populations]")
    datasets: dict[fields.Name, Any] = Field(
        default_factory=dict, description="laid over [datasets]; what was measured stays as it is"
    )
    refine: dict[str, Any] = Field(default_factory=dict, description="laid over [refine]")


@dataclass(frozen=True, kw_only=True)
class StudyKeys:
    """A study: what is in the vial, and what was measured."""

    title: Annotated[str, "what stands above the report"] = ""
    crystals: Annotated[Mapping[Name, Crystal], "crystal structures by name"] = field(default_factory=dict)
    populations: Annotated[Mapping[Name, Any], "what the sample is made of"]
    datasets: Annotated[Mapping[Name, Any], "what was measured, or shall be simulated"]
    reduction: Annotated[
        Mapping[Name, ReductionKeys], "raw counts to S(Q) and G(r), for `nanocrystal reduce` and data sets"
    ] = field(default_factory=dict)
    refine: Annotated[Options, "options of the optimiser"] = field(default_factory=Options)
    candidates: Annotated[
        Mapping[Name, CandidateTable], "other models of the same sample, for `nanocrystal compare`"
    ] = field(default_factory=dict)
    series: Annotated[SeriesTable | None, "many files, for `nanocrystal series`"] = None
    plan: Annotated[PlanTable, "what shall be known, for `nanocrystal plan`"] = field(default_factory=PlanTable)


StudyTable = table_of(StudyKeys, name="StudyTable")


def study_schema() -> dict[str, Any]:
    """Return the JSON Schema of a study file, for editors.

    Returns
    -------
    dict
        The schema.
    """
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
