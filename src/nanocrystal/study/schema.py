"""The tables of a study file. Data-set tables are made from the techniques' own declarations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, ConfigDict, Field, create_model

from nanocrystal.errors import nearest_names
from nanocrystal.parameters import Number
from nanocrystal.sample import BOXES, Box
from nanocrystal.study.fields import LengthField, NumberField, RangeField, Table, wrong
from nanocrystal.study.messages import shown
from nanocrystal.techniques import TECHNIQUES, Blank
from nanocrystal.techniques.base import Noise


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise wrong(f"the name {name!r} must be made of letters, digits and _, and not begin with a digit.")
    return name


Name = Annotated[str, AfterValidator(_identifier)]


def _kind(value: Any) -> str:
    """Return what stands where a table should; [[name]] makes a list of tables."""
    double = isinstance(value, list) and all(isinstance(v, dict) for v in value)
    return "a list of tables (double brackets)" if double else shown(value)


class SiteTable(Table):
    """One site of a crystal: coordinates that symmetry leaves free, and the occupancy."""

    x: NumberField | None = None
    y: NumberField | None = None
    z: NumberField | None = None
    occupancy: NumberField | None = None


class CrystalTable(Table):
    """A crystal: a CIF or a structure of the library, with what shall differ from it or be refined."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["cif"]}, {"required": ["library"]}]})

    cif: str | None = Field(
        default=None, description="file, relative to the study; or package:NAME/path inside an installed package"
    )
    library: str | None = Field(default=None, description="name of a bundled structure; see: nanocrystal library")
    a: NumberField | None = None
    b: NumberField | None = None
    c: NumberField | None = None
    alpha: NumberField | None = None
    beta: NumberField | None = None
    gamma: NumberField | None = None
    u_iso: dict[str, NumberField] = Field(default={}, description="Å², by site label or element")
    sites: dict[str, SiteTable] = Field(default_factory=dict)
    delta1: NumberField | None = Field(default=None, description="Å, correlated motion")
    delta2: NumberField | None = Field(default=None, description="Å², correlated motion")


class _Fractions(Table):
    number_fraction: NumberField | None = None
    mass_fraction: NumberField | None = None
    volume_fraction: NumberField | None = None


class BulkTable(_Fractions):
    """An infinite crystal."""

    crystal: str
    shape: Literal["bulk"]


class SphereTable(_Fractions):
    """Spheres of a crystal."""

    crystal: str
    shape: Literal["sphere"]
    diameter: LengthField = Field(description="Å; a number or a distribution")


class AtomsTable(_Fractions):
    """Explicit atoms from a file."""

    shape: Literal["atoms"]
    file: str = Field(description=".xyz, .extxyz or .cif (as a list of atoms)")
    u_iso: dict[str, NumberField] = Field(default={}, description="Å², by element")
    stretch: NumberField | None = None
    delta1: NumberField | None = Field(default=None, description="Å, correlated motion")
    delta2: NumberField | None = Field(default=None, description="Å², correlated motion")


def _box_table(shape: type[Box]) -> type[Table]:
    """Return the table of a shape along the lattice, from the edges it declares."""
    fields: dict[str, Any] = {"crystal": (str, ...), "shape": (Literal[shape.name], ...)}
    for edge in shape.edges:
        text = f"{edge.quantity.description} (Å); a number or a distribution"
        fields[edge.quantity.name] = (LengthField, Field(description=text))
    fields["facets"] = (Literal["pseudocubic", "cell"] | None, None)
    if "size_correlation" in shape.__dataclass_fields__:  # type: ignore[attr-defined]
        fields["size_correlation"] = (NumberField | None, None)
    return create_model(f"{shape.__name__}Table", __base__=_Fractions, __doc__=shape.__doc__, **fields)


POPULATION_TABLES: dict[str, type[Table]] = {
    "bulk": BulkTable,
    "sphere": SphereTable,
    **{name: _box_table(shape) for name, shape in BOXES.items()},
    "atoms": AtomsTable,
}


def population_table(value: Any) -> Any:
    """Return the checked table of a population, by the shape that it names."""
    if not isinstance(value, dict):
        raise wrong(f"must be a table with a header such as [populations.dots], got {_kind(value)}.")
    shape = value.get("shape")
    if shape is None:
        raise wrong(f'needs a shape, for instance shape = "sphere"; {nearest_names("", POPULATION_TABLES)}')
    if not isinstance(shape, str):
        raise wrong(f"shape must be text in quotation marks, got {shown(shape)}.")
    if shape not in POPULATION_TABLES:
        raise wrong(f"there is no shape {shape!r}; {nearest_names(shape, POPULATION_TABLES)}")
    return POPULATION_TABLES[shape].model_validate(value)


class BlankTable(Table):
    """A measured blank with its own scale, left to the fit unless given."""

    file: str
    columns: list[str] | None = None
    scale: NumberField | None = None


class NoiseTable(Table):
    """Noise added by `simulate`."""

    counts: float | None = Field(default=None, gt=0.0)
    sigma: float | None = Field(default=None, gt=0.0)
    seed: int = Field(default=0, ge=0)


_SPECIAL_FIELDS: dict[Any, Any] = {
    Noise | None: (NoiseTable | None, None),
    Mapping[str, Number]: (dict[str, NumberField], Field(default_factory=dict)),
    Mapping[str, Blank]: (dict[Name, BlankTable], Field(default_factory=dict)),
    Sequence[tuple[float, float]] | None: (list[RangeField] | None, None),
}
"""how fields of a technique's dataclass that are no plain values stand in a study"""


def _dataset_table(technique: Any) -> type[Table]:
    """Return the table of a technique, from the fields of its dataclass and its declared quantities."""
    fields: dict[str, Any] = {"technique": (Literal[technique.name], ...)}
    hints = get_type_hints(technique)
    for name, field in technique.__dataclass_fields__.items():
        if name in technique.quantities:
            quantity = technique.quantities[name]
            text = f"{quantity.description} ({quantity.unit})" if quantity.unit else quantity.description
            fields[name] = (NumberField | None, Field(default=None, description=text))
        elif hints[name] == tuple[float, float] | None:
            fields[name] = (RangeField | None, None)
        elif hints[name] in _SPECIAL_FIELDS:
            fields[name] = _SPECIAL_FIELDS[hints[name]]
        elif name == "file":
            fields[name] = (str | None, None)
        elif name == "columns":
            fields[name] = (list[str] | None, None)
        else:
            fields[name] = (hints[name], field.default)
    title = "".join(part.capitalize() for part in technique.name.split("-"))
    return create_model(f"{title}Table", __base__=Table, **fields)


def dataset_table(value: Any) -> Any:
    """Return the checked table of a data set, by the technique that it names."""
    if not isinstance(value, dict):
        raise wrong(f"must be a table with a header such as [datasets.pdf], got {_kind(value)}.")
    name = value.get("technique")
    if name is None:
        raise wrong(f'needs a technique, for instance technique = "pdf"; {nearest_names("", TECHNIQUES)}')
    if not isinstance(name, str):
        raise wrong(f"technique must be text in quotation marks, got {shown(name)}.")
    if name not in TECHNIQUES:
        raise wrong(f"there is no technique {name!r}; {nearest_names(name, TECHNIQUES)}")
    return DATASET_TABLES[name].model_validate(value)


DATASET_TABLES = {name: _dataset_table(technique) for name, technique in TECHNIQUES.items()}


class RefineTable(Table):
    """Options of the optimiser."""

    max_iterations: int = Field(default=100, gt=0)
    tolerance: float = Field(default=1e-8, gt=0.0, lt=1e-2)
    starts: int = Field(default=1, gt=0, le=1000)
    seed: int = Field(default=0, ge=0)
    loss: Literal["linear", "soft_l1", "huber", "cauchy"] = "linear"
    loss_scale: float | None = Field(default=None, gt=0.0)


class StudyTable(Table):
    """A study: what is in the vial, and what was measured."""

    title: str = ""
    crystals: dict[Name, CrystalTable] = Field(default_factory=dict)
    populations: dict[Name, Any]
    datasets: dict[Name, Any]
    refine: RefineTable = RefineTable()


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a study file, for editors."""
    schema = StudyTable.model_json_schema()
    definitions = schema.setdefault("$defs", {})
    for key, known in (("datasets", DATASET_TABLES), ("populations", POPULATION_TABLES)):
        tables = [table.model_json_schema(ref_template="#/$defs/{model}") for table in known.values()]
        for table in tables:
            definitions |= table.pop("$defs", {})
        schema["properties"][key]["additionalProperties"] = {"anyOf": tables}
    return schema
