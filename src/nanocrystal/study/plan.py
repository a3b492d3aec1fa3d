"""The table [plan] of a study: what `nanocrystal plan` shall say."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nanocrystal.study.fields import Table

Factor = Annotated[float, Field(gt=0.0, le=1e6)]


class PlanTable(Table):
    """What a measurement shall achieve: [plan], for `nanocrystal plan`."""

    targets: dict[str, Annotated[float, Field(gt=0.0)]] = Field(
        default_factory=dict,
        description='standard errors that are wanted, by address in quotation marks: "crystals.pt.a" = 0.001',
    )
    counts: list[Factor] = Field(
        default=[0.1, 1.0, 10.0], min_length=1, max_length=12, description="factors on the counts [0.1, 1, 10]"
    )
