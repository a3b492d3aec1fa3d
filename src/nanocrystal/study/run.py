"""Doing what a study asks for, and writing that where a folder is given: what `run` of studies and candidates is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nanocrystal.refinement import Comparison, Result, refine
from nanocrystal.running.folder import checked_folder, copied
from nanocrystal.running.pool import local_executor

if TYPE_CHECKING:
    from nanocrystal.refinement.design import Plan
    from nanocrystal.study.candidate_set import CandidateSet
    from nanocrystal.study.study import Study


def run_study(study: Study, out: str | Path | None, workers: int) -> Result | Comparison | Plan:
    """Compare the candidates of a study, plan its measurement, or refine it; written to a folder where one is given."""
    if study.candidates:
        return run_candidates(study.candidate_set, out, workers)
    return refined(study, out, workers) if study.planned is None else planned(study, out)


def refined(study: Study, out: str | Path | None, workers: int) -> Result:
    """Refine a study; workers: processes that several starts are shared out to."""
    from nanocrystal.report.refined.files import names_written
    from nanocrystal.report.refined.result import RESULTS

    models = study.sample.model_names()

    def names(folder: Path) -> list[str]:
        return names_written(list(study.datasets), models, copied(study.text, study.path, folder) is not None)

    folder = None if out is None else checked_folder(out, names, RESULTS)
    with study.located():
        result = refine(
            study.sample,
            study.datasets,
            title=study.title,
            options=study.options,
            folder=study.folder,
            executor=local_executor(workers),
        )
    if folder is not None:
        result.save(folder, copied(study.text, study.path, folder))
    return result


def planned(study: Study, out: str | Path | None) -> Plan:
    """Plan the measurement of a study."""
    from nanocrystal.report.outcome import REPORT, STUDY
    from nanocrystal.report.plan.result import PLAN

    def names(folder: Path) -> list[str]:
        return [REPORT, *([] if copied(study.text, study.path, folder) is None else [STUDY]), PLAN]

    folder = None if out is None else checked_folder(out, names, PLAN)
    plan = study.plan()
    if folder is not None:
        plan.save(folder, copied(study.text, study.path, folder))
    return plan


def run_candidates(candidates: CandidateSet, out: str | Path | None, workers: int) -> Comparison:
    """Refine candidates, at most so many at once, and judge them."""
    from nanocrystal.report.compared.files import COMPARISON, compared_names, write_comparison

    parts = {n: (list(s.datasets), s.sample.model_names()) for n, s in candidates.studies.items()}

    def names(folder: Path) -> list[str]:
        return compared_names(parts, copied(candidates.text, candidates.path, folder) is not None)

    folder = None if out is None else checked_folder(out, names, COMPARISON)
    comparison = candidates.compare(processes=workers)
    if folder is not None:
        write_comparison(comparison, folder, copied(candidates.text, candidates.path, folder))
    return comparison
