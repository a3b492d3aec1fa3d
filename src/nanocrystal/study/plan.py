"""A study and what its table [plan] asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nanocrystal.refinement.design import Plan, plan_measurement
from nanocrystal.study.study import Study, read_content, study_from


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
    from nanocrystal.study.plan_schema import PlanTable

    content, path, text = read_content(path)
    study = study_from(content, path, text)
    table = PlanTable.model_validate(content.get("plan", {}))
    return PlannedStudy(study, table.targets, table.counts)
