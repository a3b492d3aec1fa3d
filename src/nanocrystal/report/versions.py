"""With what a result was computed."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from nanocrystal._version import __version__

PACKAGES = ("numpy", "scipy", "numba", "gemmi")


def versions() -> dict[str, Any]:
    """Return the versions of this package, of Python, of the system and of the packages that compute."""
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    system = f"{platform.system()} {platform.machine()}"
    return {"nanocrystal": __version__, "python": platform.python_version(), "platform": system, **packages}
