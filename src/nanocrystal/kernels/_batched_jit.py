"""How the kernels of batched fits are compiled: with numbers that are not finite kept as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nanocrystal.kernels.compiled import compiled


def jit(function: Callable[..., Any]) -> Any:
    """Compile as `compiled.jit` does, but with numbers that are not finite kept as they are: they are tested for."""
    return compiled(function, nogil=True, fastmath={"contract", "reassoc", "arcp", "nsz", "afn"}, error_model="numpy")
