"""The table of a whole study file, with what few studies have: reductions, candidates, a series, a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from nanocrystal.parameters import Name
from nanocrystal.study import fields
from nanocrystal.study.fields import Table
from nanocrystal.study.plan import PlanTable
from nanocrystal.study.reduction.schema import AnyReduction
from nanocrystal.study.schema import StudyKeys
from nanocrystal.study.series.schema import SeriesTable
from nanocrystal.study.tables import table_of


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
class WholeStudyKeys(StudyKeys):
    """A study: what is in the vial, and what was measured."""

    reduction: Annotated[
        Mapping[Name, AnyReduction],
        "raw counts to S(Q) and G(r), or scans of an edge to χ(k), for `nanocrystal reduce` and data sets",
    ] = field(default_factory=dict)
    candidates: Annotated[
        Mapping[Name, CandidateTable], "other models of the same sample, for `nanocrystal compare`"
    ] = field(default_factory=dict)
    series: Annotated[SeriesTable | None, "many files, for `nanocrystal series`"] = None
    plan: Annotated[PlanTable, "what shall be known, for `nanocrystal plan`"] = field(default_factory=PlanTable)


StudyTable = table_of(WholeStudyKeys, name="StudyTable")
