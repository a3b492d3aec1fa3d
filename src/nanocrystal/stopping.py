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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


# ---- requests that are kept back -----------------------------------------------------------------------------


class Requests:
    """Requests to stop, kept back until there is time for them.

    They are those that would raise KeyboardInterrupt: Ctrl-C, and for the command the end of a batch job's time.
    """

    def __enter__(self) -> Requests:
        self._came = self._is_waiting = False
        is_main = threading.current_thread() is threading.main_thread()
        self._signals = [s for s in STOPPING if is_main and signal.getsignal(s) is signal.default_int_handler]
        for each in self._signals:
            signal.signal(each, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._signals:
            signal.signal(each, signal.default_int_handler)

    def _hear(self, *_: object) -> None:
        if self._is_waiting:
            raise KeyboardInterrupt
        self._came = True

    def heard(self) -> bool:
        """Say whether one has come since it was last asked for."""
        came, self._came = self._came, False
        return came

    def waiting(self, wait: Callable[[], T]) -> T:
        """Return what a call that waits returns; raises KeyboardInterrupt, nothing being lost by it."""
        self._is_waiting = True
        try:
            if self.heard():
                raise KeyboardInterrupt
            return wait()
        finally:
            self._is_waiting = False


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Do what must come to its end; a KeyboardInterrupt that came meanwhile is raised after it."""
    with Requests() as requests:
        yield
    if requests.heard():
        raise KeyboardInterrupt


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
        with uninterrupted():
            module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        with uninterrupted():
            self._loader.exec_module(module)
