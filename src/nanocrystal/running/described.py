"""What is to be run, as whoever runs it sees it: studies that can be refined, and a series of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nanocrystal.data import resolved_path
from nanocrystal.errors import InputError
from nanocrystal.parameters import ParameterSet
from nanocrystal.parameters.expression import Expression
from nanocrystal.refinement import Options, Result, declared_parameters, refine
from nanocrystal.refinement.optimise import Progress
from nanocrystal.sample import Sample

if TYPE_CHECKING:
    from nanocrystal.report.series.result import SeriesResult


class Refinable(Protocol):
    """A study: a sample, its data sets, and how they are refined."""

    @property
    def sample(self) -> Sample: ...
    @property
    def datasets(self) -> Mapping[str, Any]: ...
    @property
    def options(self) -> Options: ...
    @property
    def folder(self) -> Path: ...
    @property
    def description(self) -> str: ...
    @property
    def parameters(self) -> ParameterSet: ...

    def refine(self, progress: Progress | None = None) -> Result:
        """Return parameters, curves and agreement; raises InputError that names file, line and key."""

    def located(self) -> AbstractContextManager[None]:
        """Add file and line to the InputErrors that are raised inside."""


class SeriesFile(Protocol):
    """The file of a series, which knows how the contents of its members become studies; goes to other machines."""

    @property
    def path(self) -> Path: ...
    @property
    def text(self) -> str: ...

    def studies(self, content: Mapping[str, Any]) -> Mapping[str, Refinable]:
        """Return the models of a member's content: candidate -> study, "" without candidates; raises InputError."""

    def content_of(self, content: Mapping[str, Any], candidate: str) -> Mapping[str, Any]:
        """Return one candidate of a member's content as a study without candidates."""

    def absolute(self) -> SeriesFile:
        """Return the same file by a path that means the same in any working directory."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One member: `content` is the study that it is, as parsed TOML, with candidates."""

    name: str
    value: float
    branch: str
    content: Mapping[str, Any]
    has_own_table: bool = False


@dataclass(frozen=True)
class OrderParameter:
    """A quantity that is followed along the series; candidate: of which one, "" for all that have the addresses."""

    expression: Expression
    candidate: str
    name: str
    unit: str

    def belongs_to(self, candidate: str, study: Refinable) -> bool:
        """Return whether a candidate has this quantity."""
        named = self.candidate in ("", candidate)
        return named and all(a in study.parameters for a in self.expression.addresses)


@dataclass(frozen=True, kw_only=True)
class Series:
    """The members of a series, by branch and in the order in which values are carried over."""

    title: str
    variable: str
    unit: str
    mode: str
    members: Sequence[Member]
    candidates: Sequence[str]
    descriptions: Mapping[str, str]
    file: SeriesFile
    order_parameter: OrderParameter | None = None
    shared: Sequence[str] = ()
    has_reports: bool = True
    first: Mapping[str, Refinable] = field(default_factory=dict)
    """the candidates of the first member ("" without candidates), checked"""

    def run(self, out: str | Path | None = None, *, workers: int = 1) -> SeriesResult:
        """Refine the members and return their results; in a folder, where one is named, with the files of each.

        workers: members at once, in processes; more than 1 needs a main module that may be imported again. Members that
        an earlier run in the folder did from the same input are not done again.
        Raises InputError for input that cannot be used, and for a folder with other files.
        """
        from nanocrystal.running.series import written_series

        return written_series(self, out, workers)

    @property
    def path(self) -> Path:
        return self.file.path

    @property
    def text(self) -> str:
        return self.file.text

    @property
    def chains(self) -> list[list[Member]]:
        """Members that must follow each other: one chain a branch, or each member by itself."""
        if self.mode != "sequential":
            return [[m] for m in self.members]
        branches = dict.fromkeys(m.branch for m in self.members)
        return [[m for m in self.members if m.branch == branch] for branch in branches]

    @property
    def first_files(self) -> list[str]:
        """The paths of what the first member was measured by."""
        named = [table["file"] for table in self.members[0].content["datasets"].values()]
        return [str(resolved_path(n, self.path.absolute().parent, "--scheduler")) for n in named]

    def studies(self, member: Member) -> Mapping[str, Refinable]:
        """Return the models of a member: candidate -> study, "" without candidates; raises InputError."""
        return self.file.studies(member.content)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A model of Python: a sample and its data sets under a name, as a `Refinable`."""

    name: str
    sample: Sample
    datasets: Mapping[str, Any]
    options: Options
    folder: Path
    title: str = ""
    description: str = ""

    @property
    def parameters(self) -> ParameterSet:
        return declared_parameters(self.sample, self.datasets)

    def refine(self, progress: Progress | None = None) -> Result:
        """Return parameters, curves and agreement; raises InputError that names the model."""
        settings: dict[str, Any] = {"title": self.title, "options": self.options, "folder": self.folder}
        with self.located():
            return refine(self.sample, self.datasets, progress=progress, **settings)

    @contextmanager
    def located(self) -> Iterator[None]:
        """Add its name to the InputErrors that are raised inside."""
        try:
            yield
        except InputError as error:
            raise InputError(".".join(p for p in (self.name, error.where) if p), error.problem) from None
