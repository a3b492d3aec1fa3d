"""The command with all its verbs, in the order in which its help lists them."""

from __future__ import annotations

from nanocrystal.cli import core, nmr, plan, posterior, reduce, series
from nanocrystal.cli.common import app

__all__ = ["app", "core", "nmr", "plan", "posterior", "reduce", "series"]
