"""The verbs, as Python has them: of populations and data sets as they come, where the rooms below take them by name.

A sample is one population, several, several by name, or a `Sample`; None where no data set needs any. Data sets are
one, several of different techniques, or by name; without a name each is called as its technique, such as pdf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from numbers import Number
from pathlib import Path
from typing import Any

from nanocrystal import refinement, simulation
from nanocrystal.cost import allowing
from nanocrystal.errors import InputError
from nanocrystal.measurement import Datasets, Technique, named_datasets
from nanocrystal.parameters.evaluation import KEPT
from nanocrystal.parameters.number import came
from nanocrystal.processes import Executor
from nanocrystal.refinement import Comparison, Options, Result, design, posterior
from nanocrystal.refinement.design import Plan
from nanocrystal.refinement.fit import RefinableSample
from nanocrystal.refinement.optimise import Progress
from nanocrystal.refinement.posterior import Listeners, Sampling
from nanocrystal.report.posterior.result import Posterior
from nanocrystal.report.simulated.result import Simulation
from nanocrystal.sample import Crystal, Population, Sample
from nanocrystal.sample.named import Populations
from nanocrystal.simulation import FloatArray
from nanocrystal.study import Study

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

    Parameters
    ----------
    sample : Population, several, several by name, Sample, or None
        What is in the vial; None where no data set needs any.
    datasets : technique, several of different techniques, or several by name
        `Pdf`, `TotalScattering`, …; without a name each is called as its technique, such as pdf.
    title : str, optional
        Of the report.
    options : Options, optional
        Of the optimiser.
    folder : str or Path, optional
        Where relative paths of files begin [the working directory].
    progress : callable, optional
        Called as progress(iteration, point) as it goes.
    executor : Executor, optional
        What several starts are shared out to, such as `Processes(4)` [this process].

    Returns
    -------
    Result
        Parameters with standard errors, derived quantities, curves, notes.

    Raises
    ------
    InputError
        For input that cannot be used, before anything is refined.
    RefinementError
        Where the refinement cannot go on.

    References
    ----------
    G. H. Golub & V. Pereyra, SIAM J. Numer. Anal. 10, 413 (1973), for linear parameters eliminated at each step.
    """
    given: dict[str, Any] = {"title": title, "options": options, "folder": folder}
    return refinement.refine(*_named(sample, datasets), progress=progress, executor=executor, **given)


def compare(
    models: Mapping[str, Any] | None = None,
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

    Parameters
    ----------
    models : mapping of str to what `refine` takes as a sample
        By name; or, without data sets, `Result` by name, which are only judged.
    datasets : technique, several of different techniques, or several by name, optional
        What each model is refined against.
    workers : int, optional
        At most so many are refined at once, in processes, where that is worth it; more than 1 needs a main module that
        may be imported again (a script with `if __name__ == "__main__"`).
    options : Options, optional
        Of the optimiser.
    folder : str or Path, optional
        Where relative paths of files begin [the working directory].
    title : str, optional
        Of the report.
    **judging : optional
        descriptions: what a model is, by name, in a sentence; independent_points: data set -> number of its independent
        points, where that is known better than from the residuals; seed: of the bootstrap; problems: further models,
        and why each has no result.

    Returns
    -------
    Comparison
        The judged models by BIC, then the others; who can be told from whom.

    Raises
    ------
    InputError
        Before anything is refined, where a model cannot be used or looks at other data.
    """
    models = judging.pop("results", {}) if models is None else models
    if not isinstance(models, Mapping):
        problem = 'must be models by name, such as {"spheres": dots, "cubes": cubes}'
        raise InputError("models", f"{problem}, got {came(models)}.")
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


def simulate(sample: GivenSample, datasets: Datasets, *, title: str = "", folder: str | Path = ".") -> Simulation:
    """Return what data sets would look like as they are described, with noise where they describe it.

        simulate(dots, Pdf(r="0.5:30:0.01", qmax=25.0)).save("expected")

    Parameters
    ----------
    sample : Population, several, several by name, Sample, or None
        What is in the vial; parameters stand at their values.
    datasets : technique, several of different techniques, or several by name
        Their abscissa comes from `r`, `q`, `two_theta`, … or from their file; linear parameters that are left to the
        fit stand at 1, those of a background at 0.
    title : str, optional
        Of the report.
    folder : str or Path, optional
        Where relative paths of files begin [the working directory].

    Returns
    -------
    Simulation
        The curves by data set, with `page()` and `save(folder)`.

    Raises
    ------
    InputError
        For data sets that cannot be calculated of this sample, with the address of the value.
    """
    return simulation.simulate(*_named(sample, datasets), title=title, folder=folder)


def simulated_curves(
    sample: GivenSample, datasets: Datasets, folder: str | Path = "."
) -> dict[str, dict[str, FloatArray]]:
    """Return the curves of data sets as they are described, without a refinement.

        r, g = simulated_curves(dots, Pdf(r="0.5:30:0.01", qmax=25.0))["pdf"].values()

    Parameters
    ----------
    sample : Population, several, several by name, Sample, or None
        What is in the vial; parameters stand at their values.
    datasets : technique, several of different techniques, or several by name
        Their abscissa comes from `r`, `q`, `two_theta`, … or from their file; linear parameters that are left to the
        fit stand at 1, those of a background at 0.
    folder : str or Path, optional
        Where relative paths of files begin [the working directory].

    Returns
    -------
    dict
        name -> columns by heading: the abscissa (n,), the calculated ordinate (n,), with the noise that the data set
        describes, and then "sigma" (n,). The abscissa of points that are no curve is their names.

    Raises
    ------
    InputError
        For data sets that cannot be calculated of this sample, with the address of the value.
    """
    return simulation.simulated_curves(*_named(sample, datasets), folder)


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

    Linear parameters that are not stated are refined, and stand at 1 (scales) and 0 (backgrounds).

    Parameters
    ----------
    sample : Population, several, several by name, Sample, or None
        What is in the vial.
    datasets : technique, several of different techniques, or several by name
        With their abscissa and their noise, and without a file.
    title : str, optional
        Of the report.
    folder : str or Path, optional
        Where relative paths of other files begin [the working directory].
    targets : mapping of str to float, optional
        Standard errors that are wanted, by address, in the unit of the parameter.
    counts : sequence of float, optional
        Factors on the counts of which the plan has a table.

    Returns
    -------
    Plan
        Standard errors to expect, against ranges and counts.

    Raises
    ------
    InputError
        Where a data set has a file, or no noise, and where nothing varies.

    References
    ----------
    R. A. Fisher, Phil. Trans. R. Soc. A 222, 309 (1922).
    """
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

    Where nothing else is asked for, draws from the refinement's normal law with wide tails are weighed by importance,
    and a chain is walked where they do not suffice. A KeyboardInterrupt while sampling ends it; what there is by then
    is returned, interrupted True.

    Parameters
    ----------
    sample : Population, several, several by name, Sample, or None
        What is in the vial.
    datasets : technique, several of different techniques, or several by name
        `Pdf`, `TotalScattering`, …
    title : str, optional
        Of the report.
    options : Options, optional
        Of the optimiser of the refinement.
    folder : str or Path, optional
        Where relative paths of files begin [the working directory].
    sampling : Sampling, optional
        How to sample.
    listeners : Listeners, optional
        What is told on the way.

    Returns
    -------
    Posterior
        Samples, and what they say of each parameter.

    Raises
    ------
    InputError
        For input that cannot be used, and where a chain is asked for and emcee is missing.
    RefinementError
        Where the refinement cannot go on, or a process is lost.

    References
    ----------
    A. Vehtari, D. Simpson, A. Gelman, Y. Yao & J. Gabry, J. Mach. Learn. Res. 25, 72 (2024); D. Foreman-Mackey, D. W.
    Hogg, D. Lang & J. Goodman, Publ. Astron. Soc. Pac. 125, 306 (2013).
    """
    given: dict[str, Any] = {"title": title, "options": options, "folder": folder}
    with allowing(None if options is None else options.memory, kept=KEPT):
        return posterior.sample_posterior(*_named(sample, datasets), sampling=sampling, listeners=listeners, **given)


def read_study(path: str | Path) -> Study:
    """Read a study file as what it is, which its `run` then does.

        result = read_study("study.toml").run("out", workers=2)

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Study
        Whose `run` gives a `Result`, with candidates a `Comparison`, with [plan] a `Plan`. What is no study by itself
        comes as what it is, with a `run` of its own: candidates (`CandidateSet`), a series, which gives a
        `SeriesResult`, and reductions alone (`Reductions`).

    Raises
    ------
    InputError
        With file, line and key, for anything that cannot be meant.
    """
    from nanocrystal.study.reading import read_any

    return read_any(path)  # type: ignore[return-value]


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
