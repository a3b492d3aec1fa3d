"""The verbs, as Python has them: of populations and data sets as they come, where the rooms below take them by name.

A sample is one population, several, several by name, or a `Sample`; None where no data set needs any. Data sets are
one, several of different techniques, or by name; without a name each is called as its technique, such as pdf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from numbers import Number
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanocrystal import refinement
from nanocrystal.errors import InputError
from nanocrystal.measurement import Datasets, Technique, named_datasets
from nanocrystal.refinement import Comparison, Options, Result
from nanocrystal.refinement.fit import RefinableSample
from nanocrystal.sample import Crystal, Population, Sample
from nanocrystal.sample.named import Populations

if TYPE_CHECKING:
    from nanocrystal.processes import Executor
    from nanocrystal.refinement.design import Plan
    from nanocrystal.refinement.optimise import Progress
    from nanocrystal.refinement.posterior import Listeners, Sampling
    from nanocrystal.report.posterior.result import Posterior
    from nanocrystal.simulation import Curves

GivenSample = RefinableSample | Populations | None


def refine(
    sample: GivenSample,
    datasets: Datasets,
    *,
    title: str = "",
    options: Options | None = None,
    folder: str | Path = ".",
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Result:
    """Refine a sample against its data sets and return what was found.

        fit = refine(dots, pdf)
        fit = refine([dots, other], {"pdf": pdf, "saxs": saxs}, title="Two populations")
        fit["dots.diameter"]

    folder: where relative file names are looked for; progress(iteration, point) is called as it goes; executor: what
    several starts are shared out to [this process].
    Raises InputError for input that cannot be used, before anything is refined.
    """
    given: dict[str, Any] = {"title": title, "options": options, "folder": folder}
    return refinement.refine(*_named(sample, datasets), progress=progress, executor=executor, **given)


def compare(
    models: Mapping[str, Any],
    datasets: Datasets | None = None,
    *,
    workers: int = 1,
    options: Options | None = None,
    folder: str | Path = ".",
    title: str = "",
    **judging: Any,
) -> Comparison:
    """Refine models of one sample against the same data, and return them side by side, judged.

        comparison = compare({"spheres": spheres, "cubes": cubes}, pdf, workers=2)

    models: name -> what `refine` takes as a sample; or, without data sets, name -> `Result`, which are only judged.
    workers: at most so many are refined at once, in processes, where that is worth it: more than 1 needs a main module
    that may be imported again (a script with `if __name__ == "__main__"`). judging: descriptions by name;
    independent_points, seed and problems as of `refinement.compare`.
    Raises InputError, before anything is refined, where a model cannot be used or looks at other data.
    """
    if datasets is None:
        _check_results(models)
        return refinement.compare(models, title=title, **judging)
    from nanocrystal.running import local_executor
    from nanocrystal.running.candidates import compared
    from nanocrystal.running.described import Candidate

    if len(models) < 2:
        raise InputError("models", f"must be two or more to compare, got {len(models)}.")
    descriptions: Mapping[str, str] = judging.pop("descriptions", None) or {}
    given = {name: _named_model(name, model, datasets) for name, model in models.items()}
    candidates = {
        name: Candidate(
            name=name,
            sample=sample,
            datasets=named,
            options=options or Options(),
            folder=Path(folder),
            title=f"{title}: {name}" if title else name,
            description=descriptions.get(name, ""),
        )
        for name, (sample, named) in given.items()
    }
    judge = partial(refinement.compare, **judging)
    return compared(title, candidates, executor=local_executor(workers), judged=judge)


def simulate(sample: GivenSample, datasets: Datasets, folder: str | Path = ".") -> Curves:
    """Return name -> columns (abscissa, ordinate[, sigma]) of each data set, calculated as it is described.

        curve = simulate(dots, Pdf(r="0.5:30:0.01", qmax=25.0))["pdf"]

    folder: where relative file names are looked for. Raises InputError for input that cannot be used.
    """
    from nanocrystal.simulation import simulated_curves

    return simulated_curves(*_named(sample, datasets), Path(folder))


def plan_measurement(
    sample: GivenSample,
    datasets: Datasets,
    *,
    title: str = "",
    folder: str | Path = ".",
    targets: Mapping[str, float] | None = None,
    counts: Sequence[float] = (0.1, 1.0, 10.0),
) -> Plan:
    """Return what data sets to come would say of the parameters that vary, at the values that are stated.

    Data sets state their abscissa and their noise, and have no file. targets: standard errors that are wanted, by
    address; counts: factors on those that are planned.
    Raises InputError where a data set has a file, or no noise, and where nothing varies.
    """
    from nanocrystal.refinement import design

    given: dict[str, Any] = {"title": title, "folder": folder}
    return design.plan_measurement(*_named(sample, datasets), targets=targets, counts=counts, **given)


def sample_posterior(
    sample: GivenSample,
    datasets: Datasets,
    *,
    title: str = "",
    options: Options | None = None,
    folder: str | Path = ".",
    sampling: Sampling | None = None,
    listeners: Listeners | None = None,
) -> Posterior:
    """Refine a sample against its data sets and sample the posterior of its parameters around what was found.

    A KeyboardInterrupt while sampling ends it; what there is by then is returned, interrupted True.
    Raises InputError for input that cannot be used, and where emcee is missing.
    """
    from nanocrystal.refinement import posterior

    given: dict[str, Any] = {"title": title, "options": options, "folder": folder}
    return posterior.sample_posterior(*_named(sample, datasets), sampling=sampling, listeners=listeners, **given)


def read_study(path: str | Path) -> Any:
    """Read a study file as what it is, which `run` then does.

        result = read_study("study.toml").run("out", workers=2)

    A study (`Study`), whose run gives a `Result`, with candidates a `Comparison`, with [plan] a plan; a series, whose
    run gives a `SeriesResult`; reductions alone; candidates whose study is not complete without them.
    Raises InputError, with file, line and key, for anything that cannot be meant.
    """
    from nanocrystal.study.reading import read_any

    return read_any(path)


simulated_curves = simulate
"""as it was called in 0.1"""


# ---- what is given --------------------------------------------------------------------------------


def _named(sample: GivenSample, datasets: Datasets) -> tuple[Any, dict[str, Technique]]:
    """Return a sample and its data sets by name; raises InputError for what is neither."""
    if isinstance(sample, Technique):
        raise InputError("sample", f"must be a population, got the data set {sample.name}; the sample comes first.")
    named = named_datasets(datasets)
    if sample is not None and not isinstance(sample, Population | Crystal | Sequence | Mapping | Number | Path):
        return sample, named  # a sample, or what answers like one
    found = Sample.of(sample)
    needs = next((d.name for d in named.values() if d.needs_sample), None)
    if not found.populations and needs is not None:
        problem = f"is missing: {needs} is calculated from it; give a population, such as Population(crystal, shape=…)."
        raise InputError("sample", problem)
    return found, named


def _named_model(name: str, model: GivenSample, datasets: Datasets) -> tuple[Any, dict[str, Technique]]:
    if isinstance(model, Result):
        raise InputError(f"models.{name}", "is a result already; without data sets results are compared.")
    try:
        return _named(model, datasets)
    except InputError as error:
        raise InputError(f"models.{name}: {error.where}", error.problem) from None


def _check_results(models: Mapping[str, Any]) -> None:
    for name, one in models.items():
        if not isinstance(one, Result):
            problem = "is no result; to refine models give their data, too: compare(models, pdf)."
            raise InputError(f"models.{name}", problem)
