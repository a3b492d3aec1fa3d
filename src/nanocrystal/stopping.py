"""Requests to stop: Ctrl-C, SIGTERM at the end of the time of a batch job, SIGHUP as a terminal closes.

The command has them end it at once, with one line, before anything is computed; then they raise KeyboardInterrupt, as
Ctrl-C does in any Python program, so that the best so far is saved. Those that are ignored from outside stay so. Only
the command does this: whoever calls the package from Python keeps the handlers of that program.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, TypeVar

STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
FRAGILE = {"gemmi.gemmi_ext"}
"""modules in C++ that call Python as they are imported: an exception there ends the process by the word of C++"""
T = TypeVar("T")
INTERRUPTED = 130
"""the exit code"""
NOTHING_SAVED = "Interrupted before anything could be saved."


def end_at_once() -> None:
    """Have requests to stop end this process: nothing is computed yet."""
    _hear((signal.SIG_DFL, signal.default_int_handler), _leave)


def raise_interrupts() -> None:
    """Have requests to stop raise KeyboardInterrupt where they would end this process at once."""
    if not any(isinstance(finder, WholeImports) for finder in sys.meta_path):
        sys.meta_path.insert(0, WholeImports())
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


# ---- imports that are not to be interrupted ---------------------------------------------------------


class WholeImports:
    """Finds fragile modules, whose import keeps requests to stop back until it is done."""

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return how a fragile module is loaded, None of others."""
        spec = PathFinder.find_spec(name, path, target) if name in FRAGILE else None
        if spec is not None and spec.loader is not None:
            spec.loader = _Whole(spec.loader)
        return spec


class _Whole(Loader):
    """A loader that is not interrupted."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = _kept_back(lambda: self._loader.create_module(spec))
        return module

    def exec_module(self, module: ModuleType) -> None:
        _kept_back(lambda: self._loader.exec_module(module))


def _kept_back(work: Callable[[], T]) -> T:
    """Return what work gives; a request to stop that comes meanwhile raises KeyboardInterrupt after it."""
    if threading.current_thread() is not threading.main_thread():
        return work()
    came: list[int] = []
    held = [each for each in STOPPING if signal.getsignal(each) is signal.default_int_handler]
    for each in held:
        signal.signal(each, lambda number, _: came.append(number))
    try:
        done = work()
    finally:
        for each in held:
            signal.signal(each, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt
    return done
