"""What the terminal shows while a refinement runs, and at its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

Progress = Callable[[int, Any], None]
SHOWN = 12
"""parameters shown at once while they move"""


@contextmanager
def reporter(title: str, quiet: bool) -> Iterator[Progress | None]:
    """Yield a callback that draws iteration, R_w and the moving parameters on a terminal, else None."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=8, transient=True) as live:
        last: dict[str, float] = {}

        def show(iteration: int, point: Any) -> None:
            live.update(_table(title, iteration, point, last))

        yield show


def _table(title: str, iteration: int, point: Any, last: dict[str, float]) -> Any:
    from rich.table import Table

    table = Table(title=f"{title} · iteration {iteration} · {_rw_words(point)}", title_justify="left")
    table.add_column("parameter")
    table.add_column("value", justify="right")
    table.add_column("change", justify="right")
    moving = {d.address: float(v) for d, v in zip(point.free, point.x, strict=True)}
    ranked = sorted(moving, key=lambda a: -abs(moving[a] - last.get(a, moving[a])) / max(abs(moving[a]), 1e-12))
    for address in ranked[:SHOWN]:
        change = moving[address] - last.get(address, moving[address])
        table.add_row(address, f"{moving[address]:.6g}", f"{change:+.1e}" if change else "")
    last.update(moving)
    return table


def _rw_words(point: Any) -> str:
    return ", ".join(f"R_w {name} {100.0 * rw:.2f} %" for name, rw in point.weighted_r().items())


# ---- explicit atoms -------------------------------------------------------------------------------

LONG_S = 10.0
"""from which on how long it takes is said before, and how far it is on the way"""
STEP = 0.1
"""of all pairs, after which that is said again"""


@contextmanager
def counting(n_atoms: int) -> Iterator[Callable[[float], None] | None]:
    """Say how long the pairs of so many atoms take, and yield a callback that says how far it is; None where soon."""
    from nanocrystal.cli.common import say
    from nanocrystal.cost import duration
    from nanocrystal.processes import thread_count
    from nanocrystal.simulation import seconds_of

    seconds = seconds_of(n_atoms)
    if seconds < LONG_S:
        yield None
        return
    n_threads = thread_count()
    on = f"{n_threads} processors" if n_threads > 1 else "one processor"
    say(f"{n_atoms} atoms have {0.5 * n_atoms**2:.1e} pairs: {duration(seconds)} on {on}. Ctrl-C ends it.")
    begun, told = time.monotonic(), 0.0

    def show(done: float) -> None:
        nonlocal told
        if done >= told + STEP:
            told = STEP * int(done / STEP + 1e-9)
            left = (time.monotonic() - begun) * (1.0 / done - 1.0)
            say(f"{100.0 * told:.0f} % of the pairs are counted, {duration(left)} to go.")

    yield show


# ---- candidates -----------------------------------------------------------------------------------

Step = Callable[[str, int, Mapping[str, float]], None]
Finished = Callable[[str, Any], None]


@contextmanager
def comparison_reporter(title: str, names: Sequence[str], quiet: bool) -> Iterator[tuple[Step | None, Finished | None]]:
    """Yield callbacks for the steps and the end of each candidate: a table on a terminal, else a line at each end."""
    if quiet:
        yield None, None
        return
    if not sys.stderr.isatty():
        yield None, lambda name, outcome: print(f"{name}: {_outcome_words(outcome)}", file=sys.stderr, flush=True)
        return
    from rich.console import Console
    from rich.live import Live

    states = dict.fromkeys(names, "waits")
    with Live(console=Console(stderr=True), refresh_per_second=8, transient=True) as live:

        def step(name: str, iteration: int, weighted_r: Mapping[str, float]) -> None:
            rw = ", ".join(f"R_w {n} {100.0 * v:.2f} %" for n, v in weighted_r.items())
            states[name] = f"iteration {iteration}, {rw}"
            live.update(_states_table(title, states))

        def finished(name: str, outcome: Any) -> None:
            states[name] = _outcome_words(outcome)
            live.update(_states_table(title, states))

        yield step, finished


def _states_table(title: str, states: Mapping[str, str]) -> Any:
    from rich.table import Table

    from nanocrystal.report.compared.result import UNTITLED

    table = Table(title=f"{title or UNTITLED} · {len(states)} candidates", title_justify="left")
    table.add_column("candidate")
    table.add_column("state")
    for name, state in states.items():
        table.add_row(name, state)
    return table


def _outcome_words(outcome: Any) -> str:
    """Return in words how the refinement of a candidate ended: with a result, or a sentence why there is none."""
    if isinstance(outcome, str):
        return outcome
    state = "converged" if outcome.converged else "not converged"
    rw = ", ".join(f"R_w {name} {100.0 * d.rw:.2f} %" for name, d in outcome.datasets.items())
    return f"{state}, {rw}, {outcome.elapsed_s:.1f} s"
