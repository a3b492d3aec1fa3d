"""The table [series] of a study: many members of one kind, by name or by the names of their files."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from nanocrystal.study.fields import Name, Table

Direction = Literal["ascending", "descending"]


class MemberTable(Table):
    """One member: [series.members.NAME]; parts of a study may stand here, laid over the study."""

    value: float = Field(description="of the series variable")
    branch: Name | None = Field(
        default=None, description="such as heating or cooling; each branch is a chain of its own"
    )
    files: dict[Name, str] = Field(default_factory=dict, description="data set -> its file")
    drop: list[str] = Field(default_factory=list, description="addresses of the study that this member has not")
    title: str = Field(default="", description="as of the study")
    crystals: dict[Name, Any] = Field(default_factory=dict, description="laid over [crystals]")
    populations: dict[Name, Any] = Field(default_factory=dict, description="laid over [populations]")
    datasets: dict[Name, Any] = Field(default_factory=dict, description="laid over [datasets]")
    candidates: dict[Name, Any] = Field(default_factory=dict, description="laid over [candidates]")
    refine: dict[str, Any] = Field(default_factory=dict, description="laid over [refine]")


class OrderParameterTable(Table):
    """A quantity that is followed along the series: [series.order_parameter]."""

    expression: str = Field(
        description='arithmetic on addresses, such as "(crystals.o.a - crystals.o.b) / (crystals.o.a + crystals.o.b)"'
    )
    candidate: str | None = Field(default=None, description="of which candidate [those that have the addresses]")
    name: str = Field(default="order parameter", description="what it is called in figures and tables")
    unit: str = Field(default="", description="its unit [none]")


class SeriesTable(Table):
    """One study over many files: [series], for `nanocrystal series`."""

    variable: str = Field(description="what changes from member to member, such as temperature")
    unit: str = Field(default="", description="its unit, such as K")
    mode: Literal["sequential", "independent", "shared"] = Field(
        default="sequential",
        description="each member starts from what the one before found (sequential), or from the study (independent); "
        "or all are refined at once, with parameters in common (shared) [sequential]",
    )
    order: Direction = Field(default="ascending", description="of the variable, in which values are carried over")
    orders: dict[Name, Direction] = Field(default_factory=dict, description="the same for branches where it differs")
    files: dict[Name, str] = Field(
        default_factory=dict, description='data set -> pattern of file names, such as "x_{value}K.gr", or with {branch}'
    )
    values: list[float] | None = Field(default=None, description="which members the patterns stand for [all files]")
    members: dict[Name, MemberTable] = Field(default_factory=dict, description="members by name: [series.members.NAME]")
    shared: list[str] = Field(
        default_factory=list, description="addresses of refined parameters that all members have in common"
    )
    order_parameter: OrderParameterTable | None = Field(default=None, description="a quantity to be followed")
    reports: Literal["all", "none"] = Field(
        default="all", description="whether each member gets report pages of its own, about 5 MB each [all]"
    )
