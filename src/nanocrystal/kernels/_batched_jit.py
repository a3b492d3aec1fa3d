"""How the kernels of batched fits are compiled: with numbers that are not finite kept as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nanocrystal.kernels.compiled import NO_CACHE, tell


def jit(function: Callable[..., Any]) -> Any:
    """Compile as `compiled.jit` does, but with numbers that are not finite kept as they are: they are tested for."""
    import numba

    allowed = {"contract", "reassoc", "arcp", "nsz", "afn"}
    kept: dict[str, Any] = {"nogil": True, "fastmath": allowed, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **kept)(function)
    except RuntimeError:  # no cache folder can be written
        tell(NO_CACHE)
        return numba.njit(**kept)(function)
