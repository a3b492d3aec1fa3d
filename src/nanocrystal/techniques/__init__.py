"""The techniques, by the name that a study calls them."""

from __future__ import annotations

from typing import Any

from nanocrystal.techniques.pdf import Pdf

TECHNIQUES: dict[str, Any] = {technique.name: technique for technique in (Pdf,)}

__all__ = ["TECHNIQUES", "Pdf"]
