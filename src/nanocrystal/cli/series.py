"""The verb `series`: one study over many files, with what the terminal shows of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nanocrystal.cli import common as verbs
from nanocrystal.stopping import INTERRUPTED

if TYPE_CHECKING:
    from nanocrystal.report.series.result import MemberResult
    from nanocrystal.running.described import Series


@verbs.app.command()
def series(
    study: verbs.StudyPath,
    out: verbs.OutFolder = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Members at once, in processes of their own [processors].")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler to refine on, such as tcp://host:8786.")
    ] = None,
    single_file: verbs.SingleFile = False,
    quiet: verbs.Quiet = False,
) -> None:
    """Refine one study over many files: [series] of a study; a run that was stopped goes on where it was."""
    with verbs.errors(quiet):
        from nanocrystal.study.series import read_series

        described = read_series(study)
        how = How(workers=workers, scheduler=scheduler, single_file=single_file)
        run_series(described, out, study.with_name(f"{study.stem}-series"), how, quiet)


@dataclass(frozen=True, kw_only=True)
class How:
    """Where the members are refined, and whether each page holds the script of its figures itself."""

    workers: int | None = None
    scheduler: str | None = None
    single_file: bool = False


def run_series(series: Series, out: Path | None, default: Path, how: How, quiet: bool) -> None:
    """Refine a series, write everything to `out` or the default folder; ends the command with its exit code."""
    from nanocrystal.report.series.result import SeriesResult
    from nanocrystal.running.gathered import planned_files
    from nanocrystal.running.series import refined_series

    folder = out if out is not None else default
    target = verbs.to_folder(SeriesResult, out, default, planned_files(series, folder, how.single_file), series)

    def compute(watcher: Lines) -> SeriesResult:
        result = refined_series(series, folder, watcher=watcher, **vars(how))
        if result.interrupted and not result.members:
            verbs.say("Interrupted: no member was done; there is no report.")
            raise typer.Exit(INTERRUPTED)
        return result

    verbs.give(compute, target, _watcher(series, quiet), quiet=quiet)


def run_series_example(name: str, out: Path | None, quiet: bool) -> bool:
    """Refine an example that is a series, as `run_series`; return False where it is none."""
    from nanocrystal.study.examples import examples_folder
    from nanocrystal.study.series import is_series, read_series
    from nanocrystal.study.study import read_content

    path = examples_folder() / f"{name}.toml"
    if not path.is_file() or not is_series(read_content(path)[0]):
        return False
    run_series(read_series(path), out, Path(f"{path.stem}-series"), How(), quiet)
    return True


# ---- what the terminal shows ----------------------------------------------------------------------


class Lines:
    """One line at the end of each member."""

    def __init__(self, names: list[str], quiet: bool) -> None:
        self.total, self.count, self.quiet = len(names), 0, quiet

    def begun(self, name: str) -> None: ...

    def step(self, name: str, candidate: str, iteration: int, weighted_r: Mapping[str, float]) -> None: ...

    def done(self, member: MemberResult, reused: bool) -> None:
        self.count += 1
        if not self.quiet:
            verbs.say(f"[{self.count}/{self.total}] {member.name}: {_words(member, reused)}")

    def lost(self, name: str, again: bool) -> None:
        if not self.quiet:
            verbs.say(f"{name}: its process ended{'; it is done again' if again else ' again'}")


class Screen(Lines):
    """A table of the members being refined, with a bar, on a terminal."""

    def __init__(self, names: list[str], title: str, live: Any) -> None:
        super().__init__(names, quiet=True)
        self.title, self.live = title, live
        self.states: dict[str, str] = {}

    def begun(self, name: str) -> None:
        self.states[name] = "begins"
        self.draw()

    def step(self, name: str, candidate: str, iteration: int, weighted_r: Mapping[str, float]) -> None:
        rw = ", ".join(f"R_w {n} {100.0 * v:.2f} %" for n, v in weighted_r.items())
        self.states[name] = f"{candidate + ', ' if candidate else ''}iteration {iteration}, {rw}"
        self.draw()

    def done(self, member: MemberResult, reused: bool) -> None:
        super().done(member, reused)
        self.states.pop(member.name, None)
        self.draw()

    def lost(self, name: str, again: bool) -> None:
        self.states[name] = "its process ended; it is done again" if again else "its process ended again"
        self.draw()

    def draw(self) -> None:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        table = Table(title=f"{self.title} · {self.count} of {self.total} members", title_justify="left")
        table.add_column("member")
        table.add_column("state")
        for name, state in self.states.items():
            table.add_row(name, state)
        self.live.update(Group(table, ProgressBar(total=self.total, completed=self.count, width=60)))


@contextmanager
def _watcher(series: Series, quiet: bool) -> Iterator[Lines]:
    from nanocrystal.report.series.result import UNTITLED

    names = [m.name for m in series.members]
    if quiet or not sys.stderr.isatty():
        yield Lines(names, quiet)
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=8, transient=True) as live:
        yield Screen(names, series.title or UNTITLED, live)


def _words(member: MemberResult, reused: bool) -> str:
    """Return in words how a member ended."""
    fit = member.fit
    if fit is None:
        return f"failed: {member.problem}"
    rw = ", ".join(f"R_w {100.0 * p.rw:.2f} %" for p in fit.patterns.values())
    state = rw if fit.converged else f"not converged, {rw}"
    which = f"{member.preferred}, " if member.preferred else ""
    return f"{which}{state}" + (", as an earlier run found" if reused else f", {member.elapsed_s:.1f} s")
