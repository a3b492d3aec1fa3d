"""What a study of reductions gives back: plain data that the report and the files are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from nanocrystal.reduction import DifferentialFunctions, IntegratedImage, PatternChange, ReducedPattern
from nanocrystal.reduction.xas import ReducedAbsorption
from nanocrystal.report.outcome import Outcome
from nanocrystal.report.reduction.digests import (
    Joined,
    WithDigest,
    absorption_digest,
    differential_digest,
    image_digest,
    reduced_digest,
    unchanged_digest,
)

REDUCTION = "reduction.json"


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ReductionResult(Outcome):
    """All reductions of a study, with what is compared between them.

    Parameters
    ----------
    title : str
        What stands above the report
    version : str
        Of nanocrystal, that made it
    reductions : mapping of str to ReducedPattern
        Name -> I(Q), S(Q), F(Q), G(r)
    differentials : mapping of (str, str) to DifferentialFunctions
        The first less the other
    unchanged : mapping of (str, str) to PatternChange
        Whether anything has changed
    inputs : mapping of str to str
        File -> SHA-256 of what was read
    images : mapping of str to IntegratedImage
        NAME of a reduction or NAME.blanks.BLANK -> what it starts from
    absorption : mapping of str to ReducedAbsorption
        Name -> μ(E), χ(k)
    """

    kind: ClassVar[str] = "reduction"
    record: ClassVar[str] = REDUCTION

    title: str
    version: str
    reductions: Mapping[str, Annotated[ReducedPattern, WithDigest(reduced_digest)]]
    differentials: Mapping[
        Annotated[tuple[str, str], Joined(" - ")], Annotated[DifferentialFunctions, WithDigest(differential_digest)]
    ] = field(default_factory=dict)
    unchanged: Mapping[
        Annotated[tuple[str, str], Joined(" against ")], Annotated[PatternChange, WithDigest(unchanged_digest)]
    ] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, Annotated[IntegratedImage, WithDigest(image_digest)]] = field(default_factory=dict)
    absorption: Mapping[str, Annotated[ReducedAbsorption, WithDigest(absorption_digest)]] = field(default_factory=dict)

    @property
    def comparisons(self) -> Mapping[tuple[str, str], PatternChange]:
        """Whether anything has changed, by (name, other)."""
        return self.unchanged

    def summary(self) -> str:
        """Return scales, checks and what to know of each reduction, and whether anything has changed, in lines."""
        from nanocrystal.report.reduction.words import summary

        return summary(self)

    def page(self, script: str | None = None) -> str:
        """Return the report of the reductions as an HTML page; see `Outcome.page`."""
        from nanocrystal.report.reduction.page import reduction_page

        return reduction_page(self, script)

    def tables(self) -> Mapping[str, str]:
        """Return I(Q), S(Q), F(Q), G(r), D(r) of each set, of differences, I(2θ) of images, μ(E) and χ(k)."""
        from nanocrystal.report.reduction.files import reduction_tables

        return reduction_tables(self)

    @classmethod
    def of_version_0_1(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the result that version 0.1 wrote: without raw counts, blanks, correlations and pictures."""
        from nanocrystal.report.reduction.version_0_1 import restored

        return restored(cls, document, folder)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        """Return the outcome in a few lines: what a notebook shows."""
        return self.summary()
