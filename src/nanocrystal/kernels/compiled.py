"""One way to compile: cached on disk where that is possible, announced to the user once.

Modules named `_*_numba.py` use `jit`; they import Numba, so they are imported where they are
first called (`load`), never at import of the package. Where no cache folder is writable, or what
is in it is damaged, kernels are compiled anew, and the listener is told so in one sentence.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from nanocrystal.systems import LINKS_MACHINE_CODE

Listener = Callable[[str], None]

COMPILING = "Compiling the fast kernels; this happens once after installation and takes some seconds."
NO_CACHE = "No folder for compiled kernels is writable: they are compiled anew in each run (slower start)."

ALONE = ("_bodies_numba", "_moments_numba", "_pairs_numba", "_profile_numba")
"""modules whose kernels are run without Numba once they are compiled"""
NOT_NEEDED = "scipy.linalg"
"""which Numba loads to compile products of matrices, if it is there; no kernel of ours has any"""

_listener: Listener | None = None
_alone = False
_announced: set[str] = set()


def announce_to(listener: Listener | None) -> None:
    """Call `listener` with a sentence, once each, where compilation starts or no cache is writable."""
    global _listener
    _listener = listener
    _announced.clear()


def nobody_else_compiles() -> None:
    """Have Numba start without what only compiled code of others needs: this process runs the command alone."""
    global _alone
    _alone = True


def tell(sentence: str) -> None:
    """Pass `sentence` to the listener, once."""
    if _listener is not None and sentence not in _announced:
        _announced.add(sentence)
        _listener(sentence)


def jit(function: Callable[..., Any]) -> Any:
    """Compile `function` at its first call: no Python objects, without the GIL, cached on disk."""
    return compiled(function, nogil=True, fastmath=True)


def compiled(function: Callable[..., Any], **options: Any) -> Any:
    """Compile `function` at its first call with options of Numba; cached on disk, where that can be."""
    import numba

    try:
        kernel = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # Numba's word for: no cache folder can be written
        tell(NO_CACHE)
        return numba.njit(**options)(function)
    from nanocrystal.kernels._checked_cache import CheckedCache

    kernel._cache = CheckedCache(function, tell, NO_CACHE)
    return kernel


@cache
def load(module: str) -> Any:
    """Return the kernels of `nanocrystal.kernels.<module>` by name, announcing a first compilation."""
    if module in ALONE and LINKS_MACHINE_CODE:
        from nanocrystal.kernels.machine_code import KeptModule

        return KeptModule(f"nanocrystal.kernels.{module}", lambda: _with_numba(module), tell, NO_CACHE)
    return _with_numba(module)


@cache
def _with_numba(module: str) -> ModuleType:
    """Import a module of kernels."""
    if _alone:
        _start_numba_alone()
    loaded = importlib.import_module(f"nanocrystal.kernels.{module}")
    for function in vars(loaded).values():
        stats = getattr(function, "stats", None)
        folder = getattr(stats, "cache_path", None)
        if folder:
            if not any(Path(folder).glob(f"{module}.*.nbi")):
                tell(COMPILING)
            break
    return loaded


@cache
def _start_numba_alone() -> None:
    if NOT_NEEDED in sys.modules:
        return
    sys.modules[NOT_NEEDED] = None  # type: ignore[assignment]  # the import then says that it is not there
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        del sys.modules[NOT_NEEDED]
