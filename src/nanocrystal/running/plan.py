"""What of a series is to be done next: chains of members, what earlier runs have left, and what has come back.

The plan is asked for tasks and told of outcomes by whoever has them refined (`series.run`). It writes each
member to its folder as soon as it is done, so that a run that is killed loses at most what was being refined.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from nanocrystal.errors import InputError, RefinementError
from nanocrystal.report.rescue import member_sentence, rescued
from nanocrystal.report.series.checkpoints import known_members, workplace, write_begun, write_member
from nanocrystal.report.series.result import MemberResult
from nanocrystal.running.described import Member, Series
from nanocrystal.running.gathered import shares_script
from nanocrystal.running.member import MemberOutcome, Task, fingerprint, stands

MOST_ATTEMPTS = 2
"""times that a member is begun before a process that ends under it is laid to its door"""
LOST = "its process ended before it was done, {times} times, perhaps for lack of memory"


class Watcher(Protocol):
    """Who is told how a series goes; every call comes from the main process."""

    def begun(self, name: str) -> None:
        """Say that a member is being refined."""

    def step(self, name: str, candidate: str, iteration: int, weighted_r: Mapping[str, float]) -> None:
        """Say how far a candidate of a member is."""

    def done(self, member: MemberResult, reused: bool) -> None:
        """Say that a member is done; reused: whether an earlier run did it."""

    def lost(self, name: str, again: bool) -> None:
        """Say that a worker was lost with a member, and whether it is done again."""


class Silent:
    """A watcher that says nothing."""

    def begun(self, name: str) -> None: ...
    def step(self, name: str, candidate: str, iteration: int, weighted_r: Mapping[str, float]) -> None: ...
    def done(self, member: MemberResult, reused: bool) -> None: ...
    def lost(self, name: str, again: bool) -> None: ...


@dataclass
class Chain:
    """Members that follow each other; good: the last one with a result, whose values are carried on."""

    members: list[Member]
    position: int = 0
    is_busy: bool = False
    good: MemberResult | None = None

    @property
    def is_over(self) -> bool:
        return self.position >= len(self.members)


@dataclass(kw_only=True)
class Plan:
    """The state of a run of a series in a folder; single_file: whether each page holds its script itself."""

    series: Series
    folder: Path
    watcher: Watcher = field(default_factory=Silent)
    single_file: bool = False
    results: dict[str, MemberResult] = field(default_factory=dict)
    """by name, as they come; `reused` of them are from an earlier run"""
    reused: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chains = [Chain(list(members)) for members in self.series.chains]
        self._attempts: dict[str, int] = {}
        self._again: list[Task] = []
        self._digests: dict[Path, str] = {}
        self._place = workplace(self.folder)
        self._has_begun = False

    @property
    def at_once(self) -> int:
        """How many members can be refined at once."""
        return len(self._chains)

    @property
    def missing(self) -> list[str]:
        """The members that have not been done."""
        return [m.name for m in self.series.members if m.name not in self.results]

    def next_task(self) -> Task | None:
        """Return a member to be refined now, None where none is ready: all are done, or wait for others."""
        if self._again:
            return self._again.pop(0)
        for chain in self._chains:
            while not chain.is_busy and not chain.is_over:
                task = self._task(chain)
                try:
                    task = replace(task, fingerprint=fingerprint(task, self._digests))
                except InputError as error:
                    self.gave_up(task, error.problem)
                    continue
                known = self._known(task)
                if known is None:
                    chain.is_busy = True
                    self._attempts[task.name] = 1
                    self.watcher.begun(task.name)
                    return task
                self.reused.add(task.name)
                self._enter(chain, known)
        return None

    def _known(self, task: Task) -> MemberResult | None:
        """Return the record of an earlier run of a task from the same input; what failed is tried again."""
        known = known_members(self.folder, task.name)
        return next((m for m in known if m.fit and stands(m, task, self._digests)), None)

    def finished(self, outcome: MemberOutcome) -> None:
        """Write what came of a member and go on in its chain; a second outcome of the same member is dropped.

        Raises RefinementError, which says where the member was written instead, where it cannot be.
        """
        name = outcome.member.name
        if name in self.results:
            return
        member = outcome.member
        if self._attempts.get(name, 1) > 1:
            member = replace(member, notes=[*member.notes, "done again, since its first process was lost"])
        try:
            self._enter(self._chain_of(name), self._written(member, outcome.texts))
        except OSError as error:
            there = rescued(lambda path: write_member(member, outcome.texts, path.parent), name)
            raise RefinementError(member_sentence(self.folder, name, error, there)) from None

    def _written(self, member: MemberResult, texts: Mapping[str, str]) -> MemberResult:
        """Return a member that is written."""
        if not self._has_begun:
            write_begun(self._place, self.series.title, shares_script(self.series, self.single_file))
            self._has_begun = True
        return write_member(member, texts, self._place)

    def lost(self, task: Task, problem: str = "") -> None:
        """Have a member done again whose process has ended; after the second time it is given up for this run.

        problem: why it is of no use to try again.
        """
        again = not problem and self._attempts[task.name] < MOST_ATTEMPTS
        self.watcher.lost(task.name, again)
        if again:
            self._attempts[task.name] += 1
            self._again.append(task)
            return
        self.gave_up(task, problem or LOST.format(times=MOST_ATTEMPTS))

    def gave_up(self, task: Task, problem: str) -> None:
        """Enter a member as failed without keeping that for later runs."""
        member = MemberResult(
            name=task.name,
            value=task.value,
            branch=task.branch,
            fits={},
            best=[],
            preferred=None,
            problem=problem,
            notes=list(task.notes),
            carried_from=task.carried_from,
        )
        self._enter(self._chain_of(task.name), member)

    def _enter(self, chain: Chain, member: MemberResult) -> None:
        self.results[member.name] = member
        chain.position, chain.is_busy = chain.position + 1, False
        if member.preferred is not None:
            chain.good = member
        self.watcher.done(member, member.name in self.reused)

    def _chain_of(self, name: str) -> Chain:
        return next(c for c in self._chains if any(m.name == name for m in c.members))

    def _task(self, chain: Chain) -> Task:
        """Return the next member of a chain, starting from the values of the last one that converged."""
        member, series = chain.members[chain.position], self.series
        good = chain.good
        notes: tuple[str, ...] = ()
        if good is not None and good.name != chain.members[chain.position - 1].name:
            failed = chain.members[chain.position - 1].name
            notes = (f"starts from {good.name}, since {failed} has no result to carry on from",)
        starts = {} if good is None else {name: fit.carried for name, fit in good.fits.items() if fit.converged}
        return Task(
            name=member.name,
            value=member.value,
            branch=member.branch,
            content=member.content,
            file=series.file,
            starts=starts,
            carried_from="" if good is None else good.name,
            notes=notes,
            order_parameter=series.order_parameter,
            has_reports=series.has_reports,
            single_file=self.single_file,
        )
