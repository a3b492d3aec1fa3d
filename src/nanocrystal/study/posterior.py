"""The posterior of a study: `nanocrystal posterior`."""

from __future__ import annotations

from typing import Any

from nanocrystal.refinement.posterior import sample_posterior
from nanocrystal.refinement.posterior_result import Posterior
from nanocrystal.study.study import Study


def study_posterior(study: Study, **how: Any) -> Posterior:
    """Refine a study and sample its posterior; `how`: sampling and listeners, as of `sample_posterior`.

    Raises InputError that names file, line and key.
    """
    with study.located():
        return sample_posterior(
            study.sample, study.datasets, title=study.title, options=study.options, folder=study.folder, **how
        )
