"""What a refinement returns: plain data that the report and the files are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np

from nanocrystal.arrays import FloatArray, Table
from nanocrystal.measurement import Look as Look
from nanocrystal.measurement import Stack as Stack
from nanocrystal.parameters.address import full_address
from nanocrystal.report.beside import text_beside
from nanocrystal.report.outcome import Ending, Outcome

RESULTS = "results.json"
POOR = 0.6
"""R_w above which a model does not describe the data"""
DISAGREE = 0.01
"""probability below which data sets are said to contradict each other"""
Status = Literal["free", "linear", "fixed", "tied", "at_bound", "undetermined"]
REFINED = ("free", "linear", "at_bound", "undetermined")
"""status of what was refined, whether or not the data determine it"""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A parameter of a study after the refinement, with its standard error.

    Both standard errors are None where the data do not determine the parameter or it was not refined; without σ both
    are the scaled one.

    Parameters
    ----------
    value : float
        In `unit`
    stderr : float or None
        From the covariance at the minimum, with σ of the data as they are
    stderr_scaled : float or None
        The same, multiplied by √χ²_red where that exceeds 1
    unit : str
        Empty for a plain number
    status : {"free", "linear", "fixed", "tied", "at_bound", "undetermined"}
        Refined by the optimiser or, a linear one, exactly; held; following others; at a bound; not determined by the
        data
    min, max : float or None
        Its bounds; None where there is none
    description : str
        In a few words
    quantity : str
        Which quantity it is, of the vocabulary; empty where that is not said, as in results of version 0.1
    definition : str
        Exactly which one: of what, how weighted; empty where that is not said
    low, high : float or None
        Interval of 68.27 %, for few degrees of freedom and where χ² is no parabola; of a parameter that a bound holds
        back, from that bound; None where it has no end, or was not refined
    limit : float or None
        Of a parameter at a bound or within two standard errors of it: how far from it it may be, at 95 %
    """

    value: float
    stderr: float | None
    stderr_scaled: float | None
    unit: str
    status: Status
    min: float | None = None
    max: float | None = None
    description: str = ""
    quantity: str = ""
    definition: str = ""
    low: float | None = None
    high: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class DerivedValue:
    """A quantity that follows from the parameters, with its propagated uncertainty.

    Parameters
    ----------
    value : float
        In `unit`
    stderr : float or None
        Propagated from the scaled covariance; None where that is not known
    unit : str
        Empty for a plain number
    description : str
        In a few words
    quantity : str
        Which quantity it is, of the vocabulary; empty where that is not said, as in results of version 0.1
    definition : str
        Exactly which one: of what, how weighted; empty where that is not said
    """

    value: float
    stderr: float | None
    unit: str
    description: str = ""
    quantity: str = ""
    definition: str = ""


@dataclass(frozen=True)
class FineCurve:
    """A data set on a finer grid than the compared points, for figures.

    Parameters
    ----------
    x : array (n,)
        Abscissa, in the unit of the data set
    observed : array (n,) or None
        None where only the calculated curve is known between the points
    calculated : array (n,)
        In the unit of the data set
    components : mapping of str to array (n,)
        Those of `FittedCurve`, where they are known here, too
    """

    x: FloatArray
    observed: FloatArray | None
    calculated: FloatArray
    components: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TrendCurve:
    """Quantities of the curves of a stack against what was changed from curve to curve.

    Parameters
    ----------
    caption : str
        What the figure shows
    x_name : str
        What was changed
    x_unit : str
        Its unit
    y_name : str
        What is shown of the curves
    y_unit : str
        Its unit
    names : tuple of str, (n,)
        Of the curves
    x : array (n,)
        In x_unit
    series : mapping of str to (array, array), (n,) each
        Name -> values and standard errors in y_unit, NaN where there is none
    y_log : bool
        Whether the ordinate is logarithmic
    x_reversed : bool
        Whether the abscissa runs from large to small
    """

    caption: str
    x_name: str
    x_unit: str
    y_name: str
    y_unit: str
    names: tuple[str, ...]
    x: FloatArray
    series: Mapping[str, tuple[FloatArray, FloatArray]]
    y_log: bool = False
    x_reversed: bool = False


@dataclass(frozen=True, kw_only=True)
class FittedCurve:
    """One data set and what was calculated for it.

    Parameters
    ----------
    technique : str
        Its name in a study
    x : array (n_points,)
        Abscissa, in x_unit
    observed : array (n_points,)
        In y_unit
    sigma : array (n_points,) or None
        Standard deviation of `observed`, of counted data that of the counts expected; None where the data have none
    calculated : array (n_points,)
        In y_unit
    background : array (n_points,) or None
        Part of `calculated`; None where the technique has none
    x_name : str
        What the abscissa is
    x_unit : str
        Its unit
    y_name : str
        What the ordinate is
    y_unit : str
        Its unit
    n_points : int
        Points that were compared
    rw : float
        √(Σ w (observed − calculated)² / Σ w observed²), w = 1/σ², or 1 without σ
    rwp : float
        The same, by its name in powder diffraction
    rwp_without_background : float or None
        The same with observed − background in the denominator; None without one
    chi2_red : float or None
        χ² over the degrees of freedom; None without sigma
    gof : float or None
        √χ²_red; None without sigma
    weights : str
        How points were weighted, in words
    source : str
        The file
    components : mapping of str to array (n_points,)
        Contributions by name that add up to calculated, such as the pairs Cd–Se of a PDF
    notes : tuple of str
        What to know, one sentence each
    fine : FineCurve or None
        The same on a finer grid, where there is one
    wavelength : float or None
        Of the beam, Å; None where the technique needs none or the study has none
    labels : sequence of str, (n_points,)
        Names of the points where they are no curve but measurements each, such as ratios; x then only counts them
    ticks : mapping of str to array
        Places on the abscissa that are marked in figures, by name: the reflections of each phase
    look : Look
        How figures show it
    scale : float or None
        What the whole curve was multiplied by; None where there is no such number
    trends : sequence of TrendCurve
        What the curves of a stack say against what was changed
    deviances : array (n_points,) or None
        Of counted data: parts of the deviance, −2 ln of the likelihood, signed as observed − calculated
    residual : array (n_independent,) or None
        Of points whose noise is correlated, what counts of observed − calculated: independent, of unit variance
    information : float or None
        How many independent measurements the points are worth where they overlap; None: as many as residuals
    """

    technique: str
    x: FloatArray
    observed: FloatArray
    sigma: FloatArray | None
    calculated: FloatArray
    background: FloatArray | None
    x_name: str
    x_unit: str
    y_name: str
    y_unit: str
    n_points: int
    rw: float
    rwp: float
    rwp_without_background: float | None
    chi2_red: float | None
    gof: float | None
    weights: str
    source: str
    components: Mapping[str, FloatArray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    fine: FineCurve | None = None
    wavelength: float | None = None
    labels: Sequence[str] = ()
    ticks: Mapping[str, FloatArray] = field(default_factory=dict)
    look: Look = field(default_factory=Look)
    scale: float | None = None
    trends: Sequence[TrendCurve] = ()
    deviances: FloatArray | None = None
    residual: FloatArray | None = None
    information: float | None = None

    @property
    def is_counted(self) -> bool:
        """Whether the points follow Poisson's law."""
        return self.deviances is not None

    @property
    def n_independent(self) -> int:
        """How many independent residuals the points hold."""
        return len(self.x) if self.residual is None else len(self.residual)

    @property
    def n_measurements(self) -> float:
        """How many independent measurements the points are worth."""
        return float(self.n_independent) if self.information is None else self.information

    @property
    def is_noise(self) -> bool:
        """Whether the misfit is what noise of these σ gives: χ²_red at most three standard deviations above 1."""
        return self.chi2_red is not None and self.chi2_red <= 1.0 + 3.0 * float(np.sqrt(2.0 / self.n_measurements))


@dataclass(frozen=True)
class Assumed:
    """Something that a study left out, what was taken as given for it, and which refined values rest on that.

    Parameters
    ----------
    keys : sequence of str
        Addresses that would say it
    taken : str
        What was taken, in words
    case : str
        Another case, in words, such as "with 0.03 Å⁻¹"
    larger : sequence of str
        Refined values that would be larger then by more than their standard error, the most moved first
    smaller : sequence of str
        Those that would be smaller
    moved : sequence of str
        Those that would be others, in a sense that is not known
    """

    keys: Sequence[str]
    taken: str
    case: str
    larger: Sequence[str] = ()
    smaller: Sequence[str] = ()
    moved: Sequence[str] = ()

    @property
    def sentence(self) -> str:
        """All of it in words."""
        return f"{listed(self.keys)} = {self.taken}; {self.case} {self.effect}."

    @property
    def effect(self) -> str:
        """Which values would be others in the other case, and in which sense."""
        sides = (("larger", self.larger), ("smaller", self.smaller), ("different", self.moved))
        return "; ".join(f"{sense}: {listed(names)}" for sense, names in sides if names)


MOST_LISTED = 3
"""addresses that a sentence names, more are counted"""


def listed(names: Sequence[str]) -> str:
    """Return names as a list in words, the last of many counted."""
    shown = list(names[:MOST_LISTED])
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


@dataclass(frozen=True, kw_only=True)
class SizeCurve:
    """A size distribution as curves: density per unit length over a length.

    Parameters
    ----------
    length_name : str
        Which length of the shape
    unit : str
        Of the length
    length : array (n,)
        In `unit`
    number_density : array (n,)
        Density by number, per unit of length
    volume_density : array (n,)
        Density by volume, per unit of length
    """

    length_name: str
    unit: str
    length: FloatArray
    number_density: FloatArray
    volume_density: FloatArray


@dataclass(frozen=True, kw_only=True)
class SizeMap:
    """The number density of crystals over two of their lengths.

    Parameters
    ----------
    first_name, second_name : str
        Which lengths of the shape
    unit : str
        Of both
    first : array (n_first,)
        In `unit`
    second : array (n_second,)
        In `unit`
    number_density : array (n_second, n_first)
        Per unit squared
    """

    first_name: str
    second_name: str
    unit: str
    first: FloatArray
    second: FloatArray
    number_density: FloatArray


@dataclass(frozen=True)
class AtomPicture:
    """The atoms of a typical nanocrystal, for a picture.

    Parameters
    ----------
    elements : tuple of str, (n_atoms,)
        Symbols
    positions : array (n_atoms, 3)
        Å
    note : str
        What is shown of it
    domains : tuple of int, (n_atoms,)
        Which of `domain_names` each atom belongs to; empty for a crystal of one domain
    domain_names : tuple of str
        Of the domains
    outlines : tuple of array (n, 3)
        The rims of boundaries, closed polygons, Å
    """

    elements: tuple[str, ...]
    positions: FloatArray
    note: str = ""
    domains: tuple[int, ...] = ()
    domain_names: tuple[str, ...] = ()
    outlines: tuple[FloatArray, ...] = ()


@dataclass(frozen=True)
class DatasetValue:
    """What one data set alone says of a parameter that several data sets share.

    Parameters
    ----------
    value : float
        Refined against this data set alone
    stderr : float or None
        With its σ scaled; None where it does not determine the parameter
    pull : float or None
        How many standard deviations that is from what all say; None where the others add nothing
    """

    value: float
    stderr: float | None
    pull: float | None


@dataclass(frozen=True)
class DatasetAgreement:
    """By how much χ² rises where data sets have to agree on what they share.

    Parameters
    ----------
    chi2 : float
        The rise, with the σ of each data set scaled
    freedom : int
        Its degrees of freedom
    probability : float
        Of at least that rise if they agree
    """

    chi2: float
    freedom: int
    probability: float


@dataclass(frozen=True, kw_only=True)
class JointFit:
    """What several data sets say alone and together.

    Parameters
    ----------
    error_scales : mapping of str to float
        Data set -> what its σ were multiplied by
    estimated : sequence of str
        Data sets where that follows from the misfit of each alone
    alone : mapping of str to float
        Data set -> R_w refined by itself
    shared : mapping of str to mapping of str to DatasetValue
        Parameter -> data set -> what it says alone
    agreement : DatasetAgreement or None
        None where nothing is shared
    """

    error_scales: Mapping[str, float]
    estimated: Sequence[str]
    alone: Mapping[str, float]
    shared: Mapping[str, Mapping[str, DatasetValue]]
    agreement: DatasetAgreement | None


@dataclass(frozen=True)
class ParameterCorrelations:
    """Correlation coefficients between refined parameters.

    Parameters
    ----------
    names : sequence of str, (n,)
        Their addresses
    matrix : array (n, n)
        Not a number where a parameter is not determined
    """

    names: Sequence[str] = ()
    matrix: Table = field(default_factory=lambda: np.zeros((0, 0)))


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Result(Outcome):
    """The outcome of a refinement. Linear parameters are listed like all others.

    Parameters
    ----------
    title : str
        What stands above the report
    version : str
        Of nanocrystal, that made it
    converged : bool
        Whether the optimiser came to its end
    message : str
        Why it stopped
    elapsed_s : float
        Seconds that it took
    n_evaluations : int
        How often the model was calculated
    parameters : mapping of str to Estimate
        Address -> value and uncertainty of every number of the study
    derived : mapping of str to DerivedValue
        Address -> what follows from them
    datasets : mapping of str to FittedCurve
        Data set -> what was measured and calculated
    correlations : ParameterCorrelations
        Between the refined parameters
    inputs : mapping of str to str
        File -> SHA-256 of what was read
    notes : sequence of str
        What to know, one sentence each
    sizes : mapping of str to SizeCurve
        Population and length -> its distribution
    structures : mapping of str to str
        File name (name.cif or name.xyz) -> text of the refined model
    provenance : mapping
        Versions of what was used (python, numpy, scipy, numba, gemmi), options of the optimiser
    interrupted : bool
        Whether the user stopped the refinement; the best point so far is reported
    methods : sequence of str
        One paragraph each: what was computed and how, with the reference
    size_maps : mapping of str to SizeMap
        Population -> the distribution of two of its lengths
    atoms : mapping of str to AtomPicture
        Population -> atoms of one of its crystals, for a picture
    joint : JointFit or None
        What each data set says alone, where there are several
    doubts : sequence of str
        Why it is doubtful although the optimiser came to its end; also the first of the notes
    freedom : float or None
        Degrees of freedom from which the size of all standard errors is known; None where σ of the data say it
    assumed : sequence of Assumed
        What the study left out, and which refined values rest on what was taken as given for it
    """

    kind: ClassVar[str] = "refinement"
    record: ClassVar[str] = RESULTS

    title: str
    version: str
    converged: bool
    message: str
    elapsed_s: float
    n_evaluations: int
    parameters: Mapping[str, Estimate]
    derived: Mapping[str, DerivedValue]
    datasets: Mapping[str, FittedCurve]
    correlations: ParameterCorrelations
    inputs: Mapping[str, str]
    notes: Sequence[str]
    sizes: Mapping[str, SizeCurve]
    structures: Mapping[str, str]
    provenance: Mapping[str, Any]
    interrupted: bool = False
    methods: Sequence[str] = ()
    size_maps: Mapping[str, SizeMap] = field(default_factory=dict)
    atoms: Mapping[str, AtomPicture] = field(default_factory=dict)
    joint: JointFit | None = None
    doubts: Sequence[str] = ()
    freedom: float | None = None
    assumed: Sequence[Assumed] = ()

    @property
    def state(self) -> str:
        """In words: whether it converged, and whether that can be believed."""
        if not self.converged:
            return "not converged"
        return "doubtful" if self.doubts else "converged"

    def __getitem__(self, address: str) -> Estimate | DerivedValue:
        """Return a parameter or derived value by its address, or by an end of it that no other has: "dots.diameter".

        Raises InputError that names the nearest addresses, or those that end so.
        """
        values: dict[str, Estimate | DerivedValue] = {**self.derived, **self.parameters}
        return values[full_address(address, values)]

    @property
    def correlation_names(self) -> Sequence[str]:
        """The addresses of the refined parameters, in the order of the correlations."""
        return self.correlations.names

    @property
    def correlation_matrix(self) -> FloatArray:
        """The correlation coefficients, (n_refined, n_refined)."""
        return self.correlations.matrix

    def __contains__(self, address: object) -> bool:
        """Say whether there is a parameter or derived value of this full address."""
        return address in self.parameters or address in self.derived

    def __iter__(self) -> Iterator[str]:
        """Go through the addresses of all parameters, then of all derived values."""
        yield from self.parameters
        yield from self.derived

    def summary(self) -> str:
        """Return the refined parameters with their uncertainties, and what to know, in lines."""
        from nanocrystal.report.refined.words import summary

        return summary(self)

    def page(self, script: str | None = None) -> str:
        """Return the report of the refinement as an HTML page; see `Outcome.page`."""
        from nanocrystal.report.refined.page import refinement_page

        return refinement_page(self, script)

    def tables(self) -> Mapping[str, str]:
        """Return a CSV of each data set (and of its finer grid and its trends), and the refined models."""
        from nanocrystal.report.refined.files import result_tables

        return result_tables(self)

    def ending(self) -> tuple[Ending, str]:
        """Return whether it converged on something that can be believed, and why not."""
        if self.interrupted:
            return "interrupted", ""
        if not self.converged:
            return "incomplete", f"Not converged: {self.message}."
        return ("incomplete", f"Doubtful: {self.doubts[0]}") if self.doubts else ("whole", "")

    def recorded(self) -> dict[str, Any]:
        """Return the document; of models only the names of their files."""
        return self.document() | {"structures": list(self.structures)}

    @classmethod
    def restored(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the result of a record; models are read from the files beside it."""
        texts = {name: text_beside(folder, name) for name in document["structures"]}
        return super().restored(document | {"structures": texts}, folder)

    @classmethod
    def of_version_0_1(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the result that version 0.1 wrote: without what only its report held."""
        from nanocrystal.report.refined.version_0_1 import restored

        return restored(cls, document, folder)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        """Return the outcome in a few lines: what a notebook shows."""
        lines = [f"Result({self.title!r}: {self.state}, {self.message})"]
        lines += [f"  {name}: R_w {100.0 * d.rw:.2f} % on {d.n_points} points" for name, d in self.datasets.items()]
        for address, p in self.parameters.items():
            if p.status != "fixed":
                error = p.status if p.stderr_scaled is None else f"± {p.stderr_scaled:.2g}"
                lines.append(f"  {address} = {p.value:.6g} {error} {p.unit}".rstrip())
        return "\n".join(lines)
