"""A study and what its table [plan] asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nanocrystal.refinement.design import Plan, plan_measurement
from nanocrystal.study.study import Study, read_study


@dataclass(frozen=True)
class PlannedStudy:
    """A study and what its table [plan] asks for."""

    study: Study
    targets: Mapping[str, float]
    counts: Sequence[float]

    def plan(self) -> Plan:
        """Return the plan; raises InputError that names file, line and key."""
        with self.study.located():
            return plan_measurement(
                self.study.sample,
                self.study.datasets,
                title=self.study.title,
                folder=self.study.folder,
                targets=self.targets,
                counts=self.counts,
            )


def read_plan(path: str | Path) -> PlannedStudy:
    """Read a study file for a plan; raises InputError, with file, line and key, for anything that cannot be meant."""
    study = read_study(path)
    assert study.planned is not None
    return PlannedStudy(study, study.planned.targets, study.planned.counts)
