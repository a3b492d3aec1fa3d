"""The curve of a reduction of a study, in the place of a file of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanocrystal.data.supplied import SuppliedCurve


@dataclass(frozen=True)
class OfReduction(SuppliedCurve):
    """What a reduction gives, calculated when it is first used.

    name: of the reduction; table: that describes it; folder: where its files are; kind: abscissa and ordinate.
    """

    name: str
    table: Any
    folder: Path
    kind: tuple[str, str]
