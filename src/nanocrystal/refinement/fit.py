"""From a sample and data sets to a `Result`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nanocrystal._version import __version__
from nanocrystal.cost import allowing
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.linear_algebra import one_thread
from nanocrystal.measurement import Measured, Model, Technique
from nanocrystal.parameters import Assumption, Evaluation, Parameter, ParameterSet, Quantity, Values
from nanocrystal.parameters.evaluation import KEPT
from nanocrystal.processes import Executor
from nanocrystal.refinement.absent import without_absent
from nanocrystal.refinement.assumed import assumed
from nanocrystal.refinement.intervals import Interval, intervals, student
from nanocrystal.refinement.joint import joint_notes, refined_jointly, sizes_without_sigma
from nanocrystal.refinement.judged import ABOVE_EXPECTED, doubts, misfit_notes
from nanocrystal.refinement.minima import minima_of
from nanocrystal.refinement.noise import weighed_by_noise
from nanocrystal.refinement.optimise import INTERRUPTED, Descent, Options, Progress, optimise
from nanocrystal.refinement.problem import Point, Problem
from nanocrystal.refinement.uncertainty import Covariance, covariance, gradient
from nanocrystal.report.refined.result import (
    AtomPicture,
    DerivedValue,
    Estimate,
    FineCurve,
    FittedCurve,
    JointFit,
    ParameterCorrelations,
    Result,
    SizeCurve,
    SizeMap,
    Status,
    TrendCurve,
)
from nanocrystal.report.versions import versions
from nanocrystal.stopping import Requests

FloatArray = NDArray[np.float64]
NOTEWORTHY = 0.9
"""correlations above this are pointed out"""
NOTEWORTHY_FACTOR = 1.05
"""of Student's law over the normal one, above which intervals are pointed out: fewer than 11 degrees of freedom"""
MOST_CORRELATIONS = 10
"""that are pointed out, the strongest"""
AT_BOUND = 1e-5
"""of the scale of a parameter: a value that stands so near a bound is printed as the bound"""


class RefinableSample(Protocol):
    """What a refinement needs of a sample; it knows nothing else of it."""

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return full address -> (declaration, parameter)."""

    def derived(self, evaluation: Evaluation) -> Mapping[str, Any]:
        """Return full address -> an object with value, unit and description."""

    def amounts(self) -> Mapping[str, tuple[str, tuple[str, ...]]]:
        """Return population -> the address of its amount, and where what belongs to it alone stands."""

    def strays(self, started: Values, values: Values) -> Mapping[str, str]:
        """Return address of a population -> a sentence, of crystals so far from their start that they may be others."""

    def remarks(self, values: Values) -> list[str]:
        """Return sentences on values that are possible but hardly meant."""

    def assumptions(self, values: Values) -> Sequence[Assumption]:
        """Return what was taken as given beside numbers that are left out."""

    def size_curves(self, values: Values) -> Mapping[str, tuple[str, FloatArray, FloatArray, FloatArray]]:
        """Return name -> (length, Å, number density, volume-weighted density)."""

    def size_maps(self, values: Values) -> Mapping[str, tuple[str, str, FloatArray, FloatArray, FloatArray]]:
        """Return name -> (two lengths that are spread, Å: their names, (n,) and (m,), and the density (m, n))."""

    def typical_atoms(self, values: Values) -> Mapping[str, Any]:
        """Return population -> atoms of one of its crystals, for a picture: the members of an `AtomPicture`."""

    def model_files(self, values: Values, title: str) -> Mapping[str, str]:
        """Return file name -> text of the sample as CIF or XYZ."""

    def inputs(self) -> Mapping[str, str]:
        """Return file -> SHA-256 of what the sample was read from."""


def declared_parameters(sample: RefinableSample, datasets: Mapping[str, Technique]) -> ParameterSet:
    """Return all parameters of a sample and its data sets by address."""
    entries = dict(sample.declared())
    for name, dataset in datasets.items():
        entries |= {f"datasets.{name}.{k}": v for k, v in dataset.declared().items()}
    return ParameterSet(entries)


def bound_problem(sample: RefinableSample, datasets: Mapping[str, Technique], folder: Path) -> Problem:
    """Read the data and return the problem; raises InputError for anything that cannot be used."""
    if not datasets:
        raise InputError("datasets", "there is none; a refinement needs at least one measured data set.")
    parameters = declared_parameters(sample, datasets)
    models: dict[str, Model] = {name: d.bind(name, sample, folder) for name, d in datasets.items()}
    for name, model in models.items():
        if model.measured.observed is None:
            raise InputError(f"datasets.{name}", "has no file; a refinement needs measured data (or use simulate).")
    problem = Problem(parameters, models).below_ceilings()
    n_parameters = len(problem.free) + len(problem.linear)
    as_many = n_parameters == problem.n_points and not problem.has_sigmas
    if n_parameters > problem.n_points or as_many:
        raise InputError(
            "datasets",
            f"hold {problem.n_points} independent points, fewer than needed for {n_parameters} refined parameters.",
        )
    return problem


def refine(
    sample: RefinableSample,
    datasets: Mapping[str, Technique],
    *,
    title: str = "",
    options: Options | None = None,
    folder: str | Path = ".",
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Result:
    """Refine a sample against its data sets, by name; `nanocrystal.refine` says what is taken, returned and raised."""
    options = options or Options()
    with one_thread(), allowing(options.memory, kept=KEPT):
        return _refined(sample, datasets, title, options, Path(folder), (progress, executor))


def _refined(
    sample: RefinableSample,
    datasets: Mapping[str, Technique],
    title: str,
    options: Options,
    folder: Path,
    how: tuple[Progress | None, Executor | None],
) -> Result:
    started = time.perf_counter()
    problem = bound_problem(sample, datasets, folder)
    problem = problem.with_error_scales(sizes_without_sigma(problem) | dict(checked_scales(options, datasets)))
    outcome, joint = weighed_by_noise(optimise(problem, options, *how), options, how[0]), None
    if options.loss == "linear":
        outcome = without_absent(outcome, sample, options, how[0])
    if len(datasets) > 1 and options.loss == "linear" and not outcome.interrupted:
        try:
            outcome, joint = refined_jointly(outcome, options, how[0])
        except KeyboardInterrupt:
            outcome = replace(outcome, converged=False, interrupted=True, message=INTERRUPTED)
    with Requests() as requests:
        result = assembled_result(sample, outcome, title, options, time.perf_counter() - started, joint)
    return replace(result, interrupted=True) if requests.heard() else result


def checked_scales(options: Options, datasets: Mapping[str, Technique]) -> Mapping[str, float]:
    for name, scale in options.error_scales.items():
        if name not in datasets:
            raise InputError(f"refine.error_scales.{name}", f"is no data set; {nearest_names(name, datasets)}")
        if not (np.isfinite(scale) and scale > 0.0):
            raise InputError(f"refine.error_scales.{name}", f"must be a number above 0, got {scale:g}.")
    return options.error_scales


def assembled_result(
    sample: RefinableSample,
    outcome: Descent,
    title: str,
    options: Options,
    elapsed_s: float,
    joint: JointFit | None = None,
) -> Result:
    """Return the result at the point where the optimiser stopped."""
    problem, point = outcome.problem, outcome.point
    robust = None if outcome.robust is None else outcome.robust.weights(point.residual)
    spread = covariance(problem, point, robust)
    taken = assumed(problem, point, spread, sample.assumptions(point.evaluation.values))  # of the same derivatives
    parameters = _estimates(outcome, spread)
    settled = _settled(problem, point, spread)
    derived = _derived(sample, problem, settled, spread)
    datasets = {
        name: _with_trends(fitted_curve(problem, point, name), m, derived) for name, m in problem.models.items()
    }
    inputs = dict(sample.inputs()) | {
        m.measured.source: m.measured.sha256 for m in problem.models.values() if m.measured.sha256
    }
    inputs |= {file: sha256 for m in problem.models.values() for file, sha256 in m.inputs.items()}
    values = point.evaluation.values
    doubtful = doubts(datasets, problem.models)
    methods = [p for m in problem.models.values() for p in m.methods()]
    return Result(
        title=title or "Untitled refinement",
        version=__version__,
        converged=outcome.converged,
        message=outcome.message,
        elapsed_s=elapsed_s,
        n_evaluations=problem.n_evaluations,
        parameters=parameters,
        derived=derived,
        datasets=datasets,
        correlations=ParameterCorrelations(list(spread.names), spread.correlations),
        inputs=inputs,
        interrupted=outcome.interrupted,
        notes=[
            *doubtful,
            *misfit_notes(datasets),
            *_absence_notes(problem, parameters),
            *(f"{a}: {said}" for a, said in sample.strays(problem.started, values).items()),
            *sample.remarks(values),
            *(f"datasets.{n}: {r}" for n, m in problem.models.items() for r in m.remarks(settled.evaluation)),
            *_amount_notes(sample, problem, point, datasets),
            *_same_measurement_notes(problem.models),
            *([] if joint is None else joint_notes(joint, problem)),
            *_notes(outcome, spread, parameters),
        ],
        sizes={
            name: SizeCurve(length_name=length, unit="Å", length=x, number_density=number, volume_density=volume)
            for name, (length, x, number, volume) in sample.size_curves(values).items()
        },
        size_maps={
            n: SizeMap(first_name=a, second_name=b, unit="Å", first=x, second=y, number_density=z)
            for n, (a, b, x, y, z) in sample.size_maps(values).items()
        },
        atoms={n: AtomPicture(*p) for n, p in sample.typical_atoms(values).items()},
        structures=dict(sample.model_files(values, title or "model")),
        provenance=_provenance(options),
        methods=[
            *dict.fromkeys(methods),
            _statistics_words(outcome, spread),
            *(f"datasets.{name}: the noise of F(Q) by the law {words}." for name, words in spread.laws.items()),
            *_joint_words(joint),
        ],
        joint=joint,
        doubts=doubtful,
        freedom=None if spread.has_sigmas else spread.freedom,
        assumed=taken,
    )


def _estimates(outcome: Descent, spread: Covariance) -> dict[str, Estimate]:
    problem, point, minima = outcome.problem, outcome.point, minima_of(outcome, spread)
    places = {d.address: k for k, d in enumerate(problem.free)}
    estimates: dict[str, Estimate] = {}
    values = point.evaluation.values
    tied = [d.address for d in problem.parameters if d.parameter.tie is not None]
    slopes = gradient(problem, point, lambda p: {a: p.evaluation.values[a] for a in tied}) if tied else {}
    interval_of = intervals(problem, point, spread)
    absent = {a for absence in problem.absent for a in absence.own}
    for d in problem.parameters:
        parameter, address = d.parameter, d.address
        plain, scaled = spread.stderr(address)
        status: Status = "fixed"
        if parameter.tie is not None:
            status = "tied"
            plain, scaled = spread.propagated(slopes[address])
        elif address in spread.undetermined or address in absent:
            status = "undetermined"
        elif address in spread.at_bound:
            status = "at_bound"
        elif parameter.linear:
            status = "linear"
        elif parameter.vary:
            status = "free"
        low, high = _shown_bounds(d.quantity, parameter)
        value = float(values[address])
        if status == "at_bound":
            value = _at_bound(value, (low, high), d.quantity.scale)
        interval = interval_of(address) if status in ("free", "linear", "at_bound") else Interval(None, None)
        if status == "free":
            interval = replace(
                interval,
                **dict(zip(("low", "high"), minima.widened(places[address], interval.low, interval.high), strict=True)),
            )
        if status == "tied" and scaled is not None:
            reach = scaled * (1.0 if spread.has_sigmas else student(spread.freedom))
            interval = Interval(value - reach, value + reach)
        estimates[address] = Estimate(
            value=value,
            stderr=plain,
            stderr_scaled=scaled,
            unit=d.quantity.unit,
            status=status,
            min=low,
            max=high,
            description=d.quantity.description,
            quantity=d.quantity.meaning.quantity,
            definition=d.quantity.meaning.definition,
            low=interval.low,
            high=interval.high,
            limit=interval.limit,
        )
    return estimates


def _at_bound(value: float, bounds: tuple[float | None, float | None], scale: float) -> float:
    """Return the bound where a value differs from it by next to nothing: the optimiser stops short of bounds."""
    return next((b for b in bounds if b is not None and abs(value - b) < AT_BOUND * scale), value)


def _settled(problem: Problem, point: Point, spread: Covariance) -> Point:
    """Return the point with parameters at a bound exactly there, so that what is 0 by them rests on nothing else."""
    x = point.x.copy()
    for k, d in enumerate(problem.free):
        if d.address in spread.at_bound:
            x[k] = _at_bound(float(x[k]), _shown_bounds(d.quantity, d.parameter), d.quantity.scale)
    if np.array_equal(x, point.x):
        return point
    evaluation = problem.evaluation(x)
    linear = {a: point.evaluation.values[a] for a in problem.linear}
    return replace(point, x=x, evaluation=evaluation.at(evaluation.values.moved(linear)))


def _shown_bounds(quantity: Quantity, parameter: Parameter) -> tuple[float | None, float | None]:
    """Return the bounds of a varied parameter as its user knows them: their own, or the hard limits."""
    if not parameter.vary:
        return None, None
    low = quantity.minimum if parameter.min is None else parameter.min
    high = quantity.maximum if parameter.max is None else parameter.max
    return (float(low) if np.isfinite(low) else None), (float(high) if np.isfinite(high) else None)


def fitted_curve(problem: Problem, point: Point, name: str) -> FittedCurve:
    """Return a data set with its calculated curve and its figures of merit.

    χ²_red and GoF are None without σ, and where it has no more points than there are parameters that it sees.
    """
    model, fit = problem.models[name], point.datasets[name]
    measured = model.measured
    assert measured.observed is not None
    shift = measured.noise_of_blanks
    observed, calculated = measured.observed + shift, fit.calculated + shift
    rows = list(model.background_rows())
    background = fit.coefficients[rows] @ fit.curves[rows] if rows else None
    weighted_r = measured.weighted_r(fit.calculated)
    net = None if background is None else measured.weighted_r(fit.calculated, background)
    moved = sum(name in problem.seen_by(d.address) for d in problem.free)
    freedom = measured.n_independent - len(fit.free_rows) - moved
    residual = measured.whitened(measured.observed - fit.calculated)
    correlated = measured.whitening is not None and measured.sigma is not None
    chi2_red = float(residual @ residual) / freedom if measured.sigma is not None and freedom > 0 else None
    drawing = model.drawing(point.evaluation)
    return FittedCurve(
        technique=model.technique,
        x=measured.x,
        observed=observed,
        sigma=measured.sigma,
        calculated=calculated,
        background=None if background is None else background + shift,
        x_name=model.x_axis.name,
        x_unit=model.x_axis.unit,
        y_name=model.y_axis.name,
        y_unit=model.y_axis.unit,
        scale=None if model.scale is None else float(point.evaluation.values[model.scale]),
        n_points=len(measured.x),
        rw=weighted_r,
        rwp=weighted_r,
        rwp_without_background=net,
        chi2_red=chi2_red,
        gof=None if chi2_red is None else float(np.sqrt(chi2_red)),
        weights=measured.weights,
        source=measured.source,
        components=model.components(point.evaluation),
        notes=measured.notes,
        fine=None
        if drawing is None
        else FineCurve(drawing.x, drawing.observed, drawing.calculated, drawing.components),
        wavelength=model.wavelength,
        labels=measured.labels,
        deviances=model.deviances(fit.calculated) if measured.is_counted else None,
        ticks=model.ticks(point.evaluation),
        look=model.look,
        residual=residual if correlated else None,
    )


def _with_trends(curve: FittedCurve, model: Model, derived: Mapping[str, DerivedValue]) -> FittedCurve:
    """Return a data set with the trends that its model asks for, from the derived quantities."""
    trend_curves = []
    for trend in model.trends:
        series = {}
        for name, addresses in trend.series.items():
            known = [derived.get(a) for a in addresses]
            values = [np.nan if d is None else trend.factor * d.value for d in known]
            errors = [np.nan if d is None or d.stderr is None else trend.factor * d.stderr for d in known]
            series[name] = (np.array(values), np.array(errors))
        trend_curves.append(
            TrendCurve(
                caption=trend.caption,
                x_name=trend.x_axis.name,
                x_unit=trend.x_axis.unit,
                y_name=trend.y_axis.name,
                y_unit=trend.y_axis.unit,
                names=trend.names,
                x=np.array(trend.x),
                series=series,
                y_log=trend.y_log,
                x_reversed=trend.x_reversed,
            )
        )
    return replace(curve, trends=tuple(trend_curves)) if trend_curves else curve


def _derived(sample: RefinableSample, problem: Problem, point: Point, spread: Covariance) -> dict[str, DerivedValue]:
    def all_derived(evaluation: Evaluation) -> dict[str, Any]:
        of_models = [m.derived(evaluation.values) for m in problem.models.values()]
        return {**sample.derived(evaluation), **{k: v for each in of_models for k, v in each.items()}}

    quantities = all_derived(point.evaluation)
    slopes = gradient(problem, point, lambda p: {k: v.value for k, v in all_derived(p.evaluation).items()})
    return {
        name: DerivedValue(
            d.value,
            spread.propagated(slopes[name])[1],
            d.unit,
            d.description,
            d.meaning.quantity,
            d.meaning.definition,
        )
        for name, d in quantities.items()
    }


def _notes(outcome: Descent, spread: Covariance, parameters: Mapping[str, Estimate]) -> list[str]:
    notes = []
    for address in spread.undetermined:
        notes.append(
            f"{address} is not determined by the data: fix it, tie it, or add data that see it. "
            f"Its value ({parameters[address].value:.6g}) means nothing."
        )
    absent = {a for absence in outcome.problem.absent for a in absence.amounts}
    notes += [_bound_words(a, parameters[a]) for a in spread.at_bound if a not in absent]
    notes += _correlation_notes(spread, _backgrounds(outcome.problem))
    if not spread.has_sigmas:
        notes.append(
            "Not every data set brings standard deviations, so the uncertainties are those that make "
            "χ²_red = 1: they include the misfit of the model and assume that it is random."
        )
        wider = student(spread.freedom)
        if wider > NOTEWORTHY_FACTOR:
            n = round(spread.freedom)
            notes.append(
                f"{n} degree{'s' * (n > 1)} of freedom: intervals of 68 % reach {wider:.2f} standard errors to either "
                "side (Student's t), further where χ² is no parabola."
            )
    return [*notes, *minima_of(outcome, spread).notes]


def _absence_notes(problem: Problem, parameters: Mapping[str, Estimate]) -> list[str]:
    notes = []
    for absence in problem.absent:
        limits = {a: parameters[a] for a in absence.amounts if parameters[a].limit is not None}
        most = [f" {a} is at most {p.limit:.2g}{' ' * bool(p.unit)}{p.unit} (95 %)." for a, p in limits.items()]
        notes.append("".join([absence.words, *most]))
    return notes


def _bound_words(address: str, p: Estimate) -> str:
    if p.limit is None:
        return f"{address} stands at its bound ({p.value:.6g}); it has no uncertainty."
    side = "at most" if p.limit > p.value else "at least"
    return f"{address} stands at its bound ({p.value:.6g}); it is {side} {p.limit:.3g} {p.unit}".rstrip() + " (95 %)."


def _backgrounds(problem: Problem) -> dict[str, str]:
    """Return address -> data set of the linear parameters that are background."""
    return {model.linear[k]: name for name, model in problem.models.items() for k in model.background_rows()}


def _correlation_notes(spread: Covariance, background: Mapping[str, str]) -> list[str]:
    """Return the strong correlations in sentences, the strongest first.

    Those within one background are left out: its terms mean nothing one by one.
    """
    matrix, names = spread.correlations, spread.names
    strong = [
        (float(matrix[i, j]), names[j], first)
        for i, first in enumerate(names)
        for j in range(i)
        if abs(matrix[i, j]) > NOTEWORTHY
        and not (first in background and background.get(first) == background.get(names[j]))
    ]
    strong.sort(key=lambda pair: -abs(pair[0]))
    notes = [f"{a} and {b} are correlated by {value:+.3f}." for value, a, b in strong[:MOST_CORRELATIONS]]
    more = len(strong) - MOST_CORRELATIONS
    if more > 0:
        which = "pairs of parameters are" if more > 1 else "pair is"
        notes.append(f"and {more} more {which} correlated by more than {NOTEWORTHY:g} (see the table of correlations).")
    return notes


def _amount_notes(
    sample: RefinableSample, problem: Problem, point: Point, datasets: Mapping[str, FittedCurve]
) -> list[str]:
    """Return where a data set that sees amounts misfits by more than noise that their errors are no accuracy."""
    amounts = {address for address, _ in sample.amounts().values()}
    absent = {a for absence in problem.absent for a in absence.amounts}
    moved = [k for k, d in enumerate(problem.free) if (amounts - absent) & set(problem.reached_by(d.address))]
    if len(amounts - absent) < 2 or not moved:
        return []
    slopes = problem.derivatives(point)
    return [
        f"datasets.{n}: GoF is {curve.gof:.2g}: errors of fractions are their precision, not their accuracy, for the "
        "misfit is of the model."
        for n, curve in datasets.items()
        if curve.gof is not None and curve.gof > ABOVE_EXPECTED and slopes[n][:, moved].any()
    ]


def _same_measurement_notes(models: Mapping[str, Model]) -> list[str]:
    """Return warnings that one measurement may be counted twice."""
    notes = []
    for first, second in combinations(models, 2):
        a, b = models[first], models[second]
        if _columns_of(a.measured) & _columns_of(b.measured) and overlapping(a, b):
            several = a.measured.columns or b.measured.columns
            what = "share columns of one file: their points count" if several else "are the same file: its points count"
            notes.append(f"datasets.{first} and datasets.{second} {what} twice.")
        for one, other in ((a, b), (b, a)):
            if other.technique in one.transform_of:
                notes.append(
                    f"datasets.{first} and datasets.{second}: if the {one.technique} was made from this "
                    f"{other.technique}, they are one measurement, and all uncertainties are too small; keep one."
                )
    return notes


def _columns_of(measured: Measured) -> set[tuple[str, str]]:
    """Return SHA-256 of file and column of each curve of a data set, whatever the file is called."""
    own = {(measured.sha256, measured.column)} if measured.sha256 is not None else set()
    return own | set(measured.columns)


def overlapping(first: Model, second: Model) -> bool:
    """Say whether the ranges of two data sets overlap."""
    a, b = first.measured.x, second.measured.x
    return bool(max(a.min(), b.min()) < min(a.max(), b.max()))


def _joint_words(joint: JointFit | None) -> list[str]:
    if joint is None:
        return []
    how = (
        "The σ of each data set were multiplied by √(χ²/(n − P)) of a refinement of that data set alone where this "
        "exceeds 1, so that a misfit of one does not outweigh the others"
        if joint.estimated
        else "The σ of the data sets were used as given or as set by hand"
    )
    return [
        f"{how}. Whether the data sets agree is judged from the rise of χ² from the minima of each alone to the joint "
        "one (M. Maltoni & T. Schwetz, Phys. Rev. D 68, 033020 (2003))."
    ]


def _statistics_words(outcome: Descent, spread: Covariance) -> str:
    problem, robust = outcome.problem, outcome.robust
    loss = (
        ""
        if robust is None
        else f" The loss {robust.name} weighs residuals beyond {robust.scale:.3g} down, in the covariance too."
    )
    n_points = sum(len(m.measured.x) for m in problem.models.values())
    residuals = "" if n_points == problem.n_points else f" that hold {problem.n_points} independent residuals"
    return (
        f"{n_points} points{residuals}, {spread.n_refined} refined parameters "
        f"({len(problem.linear)} of them linear, eliminated at each step by variable projection: Golub & Pereyra, "
        "SIAM J. Numer. Anal. 10, 413 (1973)). Standard errors are from the full Jacobian, nonlinear and linear, at "
        "the minimum; the scaled ones are multiplied by √χ²_red where that exceeds 1." + loss
    )


def _provenance(options: Options) -> dict[str, Any]:
    return {**versions(), "options": {k: v for k, v in vars(options).items() if v is not None}}
