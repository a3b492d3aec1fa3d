"""X-ray absorption in a study: [reduction.NAME] with files and absorption, and data sets that take χ(k) from there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from nanocrystal.data import Curve, resolved_path
from nanocrystal.data.xas import AbsorptionSignal, absorption_signal, read_absorption_scans
from nanocrystal.errors import InputError
from nanocrystal.reduction.xas import ReducedAbsorption, XrayAbsorption, reduced_absorption
from nanocrystal.study.reduction.curve import OfReduction
from nanocrystal.study.tables import object_of

GIVEN = {("k", "chi"): "χ(k)", ("energy", "norm"): "normalised μ(E)"}
"""what a data set may take: abscissa and ordinate -> in words"""


def absorption_of(name: str, table: Any, folder: Path) -> tuple[ReducedAbsorption, dict[str, str]]:
    """Return the reduction that a table describes, and file -> SHA-256 of what it was made from."""
    where = f"reduction.{name}"
    settings = object_of(XrayAbsorption, table.absorption, f"{where}.absorption")
    if not table.files:
        raise InputError(f"{where}.files", "names no scan.")
    signals = list(_signals(table, settings, folder, where))
    result = reduced_absorption(
        signals,
        settings,
        name,
        where,
        energy_range=table.energy_range,
        deglitch=table.deglitch or (),
        reference=table.reference,
    )
    return result, {s.scan.source: s.scan.sha256 for s in signals}


def _signals(table: Any, settings: XrayAbsorption, folder: Path, where: str) -> Iterator[AbsorptionSignal]:
    for file in table.files:
        path = resolved_path(file, folder, f"{where}.files")
        for scan in read_absorption_scans(path, f"{where}.files", table.entry):
            named = replace(scan, source=file)
            with_foil = table.reference == "foil"
            yield absorption_signal(named, settings.mode, table.columns or {}, where, with_reference=with_foil)


@dataclass(frozen=True)
class AbsorptionCurve(OfReduction):
    """χ(k) or normalised μ(E) of a reduction in the place of a file."""

    def __str__(self) -> str:
        more = f" and {len(self.table.files) - 1} more" if len(self.table.files) > 1 else ""
        return f"{self.table.files[0]}{more} (reduction {self.name})"

    @cached_property
    def _made(self) -> tuple[ReducedAbsorption, dict[str, str]]:
        return absorption_of(self.name, self.table, self.folder)

    @property
    def result(self) -> ReducedAbsorption:
        """The reduction; raises InputError where it cannot be done."""
        return self._made[0]

    @property
    def sha256(self) -> str:
        """Of the file, or of what those of several files are, one after the other."""
        digests = list(self._made[1].values())
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    def curve(self) -> Curve:
        """Return χ(k) with σ, or normalised μ(E) without, as if it were read from a file."""
        result = self.result
        of_chi = self.kind == ("k", "chi")
        if of_chi and not len(result.k):
            raise InputError(f"reduction.{self.name}", f"gives no χ(k): {result.notes[-1]}")
        settings = result.settings
        edge = f"{settings.element} {settings.edge}, e0 {result.e0:.2f} eV, rbkg {settings.rbkg:g} Å"
        return Curve(
            x=result.k if of_chi else result.energy,
            y=result.chi if of_chi else result.norm,
            sigma=result.sigma if of_chi else None,
            x_name=self.kind[0],
            y_name=self.kind[1],
            source=str(self),
            sha256=self.sha256,
            metadata={"element": settings.element, "edge": settings.edge, "e0": f"{result.e0:.10g}"},
            notes=(f"reduced from {self} ({edge})", *result.notes),
        )
