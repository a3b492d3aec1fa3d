"""What a study of reductions found, as plain data for files and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nanocrystal.reduction.differential import DifferentialFunctions
from nanocrystal.reduction.image import IntegratedImage
from nanocrystal.reduction.reduction import ReducedPattern
from nanocrystal.reduction.unchanged import PatternChange


@dataclass(frozen=True, kw_only=True, eq=False)
class ReductionResult:
    """All reductions of a study; differentials and comparisons by (name, other); inputs: file -> SHA-256.

    images: those that reductions and their blanks (NAME.blanks.BLANK) start from.
    """

    title: str
    version: str
    reductions: Mapping[str, ReducedPattern]
    differentials: Mapping[tuple[str, str], DifferentialFunctions] = field(default_factory=dict)
    comparisons: Mapping[tuple[str, str], PatternChange] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, IntegratedImage] = field(default_factory=dict)
