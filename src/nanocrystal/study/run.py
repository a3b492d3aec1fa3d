"""Doing what a study asks for, and writing that where a folder is given: what `run` of studies and candidates is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nanocrystal.refinement import Comparison, Result, refine
from nanocrystal.running.kept import keeping
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

    names = names_written(list(study.datasets), study.sample.model_names(), False)
    kept = keeping(Result, out, names, study)
    with study.located():
        result = refine(
            study.sample,
            study.datasets,
            title=study.title,
            options=study.options,
            folder=study.folder,
            executor=local_executor(workers),
        )
    return kept.save(result)


def planned(study: Study, out: str | Path | None) -> Plan:
    """Plan the measurement of a study."""
    from nanocrystal.refinement.design import Plan

    kept = keeping(Plan, out, [], study)
    return kept.save(study.plan())


def run_candidates(candidates: CandidateSet, out: str | Path | None, workers: int) -> Comparison:
    """Refine candidates, at most so many at once, and judge them."""
    from nanocrystal.report.compared.files import compared_names

    parts = {n: (list(s.datasets), s.sample.model_names()) for n, s in candidates.studies.items()}
    kept = keeping(Comparison, out, compared_names(parts), candidates)
    return kept.save(candidates.compare(processes=workers))
