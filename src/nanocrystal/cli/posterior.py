"""The verb `posterior`: what a study's data say of its parameters where a standard error misleads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from nanocrystal.cli import common as verbs


@verbs.app.command()
def posterior(
    study: verbs.StudyPath,
    out: verbs.OutFolder = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of each walker; a quarter is left out.")] = 500,
    walkers: Annotated[
        int | None, typer.Option("--walkers", min=1, help="Walkers, in two ensembles [32, or 4 for each parameter].")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of all that is drawn by chance.")] = 0,
    scaled: Annotated[
        bool, typer.Option("--scaled", help="Multiply σ of the data by √χ²_red of the fit where that exceeds 1.")
    ] = False,
    quiet: verbs.Quiet = False,
) -> None:
    """Refine a study, then sample the probability of its parameters: limits at bounds, bent valleys (needs emcee)."""
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


@contextmanager
def _shown(quiet: bool) -> Iterator[tuple[Callable[..., None] | None, Callable[..., None] | None]]:
    """Yield what prints the expected duration, and what draws a bar on a terminal, or a line at each tenth."""
    if quiet:
        yield None, None
        return
    if not sys.stderr.isatty():
        yield lambda e: verbs.say(str(e)), _tenths()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("sampling"),
        BarColumn(),
        TextColumn("{task.completed} of {task.total} steps, {task.fields[said]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("sampling", total=None, said="refining")

        def step(done: int, total: int, acceptance: float) -> None:
            bar.update(task, total=total, completed=done, said=f"{100.0 * acceptance:.0f} % accepted")

        yield lambda e: bar.console.print(str(e)), step


def _tenths() -> Callable[[int, int, float], None]:
    """Return a progress that says a line at each tenth of the way."""

    def step(done: int, total: int, acceptance: float) -> None:
        if done * 10 // total > (done - 1) * 10 // total:
            verbs.say(f"{done} of {total} steps, {100.0 * acceptance:.0f} % of the proposals accepted")

    return step
