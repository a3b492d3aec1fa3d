"""What a study of reductions found, as plain data for files and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nanocrystal.reduction.differential import Differential
from nanocrystal.reduction.image import IntegratedImage
from nanocrystal.reduction.reduction import Reduced
from nanocrystal.reduction.unchanged import Unchanged


@dataclass(frozen=True, kw_only=True, eq=False)
class ReductionResult:
    """All reductions of a study; differentials and comparisons by (name, other); inputs: file -> SHA-256.

    images: those that reductions and their blanks (NAME.blanks.BLANK) start from.
    """

    title: str
    version: str
    reductions: Mapping[str, Reduced]
    differentials: Mapping[tuple[str, str], Differential] = field(default_factory=dict)
    comparisons: Mapping[tuple[str, str], Unchanged] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, IntegratedImage] = field(default_factory=dict)
