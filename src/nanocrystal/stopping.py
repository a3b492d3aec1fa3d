"""Requests to stop: Ctrl-C, SIGTERM at the end of the time of a batch job, SIGHUP as a terminal closes.

The command has them end it at once, with one line, before anything is computed; then they raise KeyboardInterrupt, as
Ctrl-C does in any Python program, so that the best so far is saved. Those that are ignored from outside stay so. Only
the command does this: whoever calls the package from Python keeps the handlers of that program.
"""

from __future__ import annotations

import os
import signal

STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
INTERRUPTED = 130
"""the exit code"""
NOTHING_SAVED = "Interrupted before anything could be saved."


def end_at_once() -> None:
    """Have requests to stop end this process: nothing is computed yet."""
    _hear((signal.SIG_DFL, signal.default_int_handler), _leave)


def raise_interrupts() -> None:
    """Have requests to stop raise KeyboardInterrupt where they would end this process at once."""
    _hear((_leave,), signal.default_int_handler)


def hear_no_more() -> None:
    """Have requests to stop do nothing: all is done, and the process ends by itself."""
    _hear((signal.default_int_handler,), signal.SIG_IGN)


def _hear(before: tuple[object, ...], then: object) -> None:
    for each in STOPPING:
        if signal.getsignal(each) in before:
            signal.signal(each, then)  # type: ignore[arg-type]


def _leave(*_: object) -> None:
    os.write(2, f"{NOTHING_SAVED}\n".encode())
    os._exit(INTERRUPTED)
