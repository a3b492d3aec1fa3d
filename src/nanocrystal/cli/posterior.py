"""The verb `posterior`: what a study's data say of its parameters where a standard error misleads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from nanocrystal.cli import common as verbs


@verbs.app.command()
def posterior(
    study: verbs.StudyPath,
    out: verbs.OutFolder = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="A chain of so many steps, a quarter left out [what it takes, to 2000]."),
    ] = None,
    walkers: Annotated[
        int | None,
        typer.Option("--walkers", min=1, help="A chain of so many walkers, in two ensembles [32, or 4 per parameter]."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of all that is drawn by chance.")] = 0,
    scaled: Annotated[
        bool, typer.Option("--scaled", help="Multiply σ of the data by √χ²_red of the fit where that exceeds 1.")
    ] = False,
    quiet: verbs.Quiet = False,
) -> None:
    """Refine a study, then sample the probability of its parameters: limits at bounds, bent valleys."""
    with verbs.errors(quiet):
        from nanocrystal.processes import thread_count
        from nanocrystal.refinement.posterior import Listeners, Sampling
        from nanocrystal.report.posterior.result import CHAIN, Posterior
        from nanocrystal.running import local_executor
        from nanocrystal.study import read_study

        described = read_study(study)
        target = verbs.to_folder(Posterior, out, study.with_name(f"{study.stem}-posterior"), [CHAIN], described)
        executor = local_executor(thread_count())
        sampling = Sampling(steps=steps, walkers=walkers, seed=seed, scaled=scaled, executor=executor)
        verbs.give(
            lambda shown: described.posterior(
                sampling=sampling, listeners=Listeners(expected=shown[0], progress=shown[1])
            ),
            target,
            _shown(quiet),
            quiet=quiet,
        )


WORDS = {"importance": ("draws", "effective"), "chain": ("steps", "accepted")}
"""method -> what it counts, and of what it tells the part"""


@contextmanager
def _shown(quiet: bool) -> Iterator[tuple[Callable[..., None] | None, Callable[..., None] | None]]:
    """Yield what prints the expected duration, and what draws a bar on a terminal, or a line at each tenth."""
    if quiet:
        yield None, None
        return
    methods: list[str] = []

    def begun(expected: Any, tell: Callable[[str], Any]) -> None:
        methods.append(expected.method)
        tell(str(expected))

    if not sys.stderr.isatty():
        yield lambda e: begun(e, verbs.say), _tenths(methods)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("sampling"),
        BarColumn(),
        TextColumn("{task.completed} of {task.total} {task.fields[said]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("sampling", total=None, said="refining")

        def step(done: int, total: int, part: float) -> None:
            counted, told = WORDS[methods[-1]]
            bar.update(task, total=total, completed=done, said=f"{counted}, {100.0 * part:.0f} % {told}")

        yield lambda e: begun(e, bar.console.print), step


def _tenths(methods: list[str]) -> Callable[[int, int, float], None]:
    """Return a progress that says a line at each tenth of the way; methods: those begun so far."""
    said = [0, 0]

    def step(done: int, total: int, part: float) -> None:
        counted, told = WORDS[methods[-1]]
        if done < said[1]:
            said[0] = 0
        if done * 10 // total > said[0]:
            verbs.say(f"{done} of {total} {counted}, {100.0 * part:.0f} % {told}")
        said[:] = [max(said[0], done * 10 // total), done]

    return step
