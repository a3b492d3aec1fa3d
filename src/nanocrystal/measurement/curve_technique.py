"""Techniques whose data are curves: the keys that all of them have, and the way from these to points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve
from nanocrystal.data.arrays import array_curve
from nanocrystal.data.supplied import SuppliedCurve
from nanocrystal.errors import InputError
from nanocrystal.measurement.agreement import OF_BLANKS, Says, remarks_on, says_of_sample, says_of_unit
from nanocrystal.measurement.blanks import Blank, check_blank
from nanocrystal.measurement.contract import Technique, local_parameters
from nanocrystal.measurement.counted import as_simulated, background_quantities
from nanocrystal.measurement.counts import CountedBlank, are_counts, counting_sigma, first_expected, is_root
from nanocrystal.measurement.curve import Measured, Noise, grid_from_text
from nanocrystal.measurement.keys import Column, Range, Weights
from nanocrystal.measurement.points import (
    RELATIVE,
    Abscissa,
    Named,
    Points,
    abscissa_of,
    check_counted,
    check_counts,
    check_limits,
    read_points,
    relative_sigma,
    scatter,
    without_empty,
    without_excluded,
)
from nanocrystal.measurement.scatter import Weighing, by_counts, weighing_by_scatter
from nanocrystal.parameters import Limits, Number, Parameter, Quantity
from nanocrystal.sample import Sample

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """The points of a data set, and what they lie over.

    width: (n_points,) resolution of the abscissa that the file gives, zeros where it gives none; curve: the whole one
    of the file, None where nothing was measured; blanks: as they were measured.
    """

    measured: Measured
    abscissa: Abscissa
    width: FloatArray
    curve: Curve | None
    blanks: Mapping[str, Curve]

    def at_points(self) -> dict[str, FloatArray]:
        """Return the blanks at the points of the data, interpolated linearly."""
        return {n: np.interp(self.measured.x, b.x, b.y) for n, b in self.blanks.items()}

    def counted_blanks(self) -> dict[str, CountedBlank]:
        """Return those blanks of counted points that were counted themselves, at the points of the data."""
        if not self.measured.is_counted:
            return {}
        at = self.at_points()
        return {
            n: CountedBlank(at[n], 1.0)
            for n, b in self.blanks.items()
            if are_counts(b.y) and (b.sigma is None or is_root(b.y, b.sigma))
        }


@dataclass(frozen=True)
class MeasuredTechnique(Technique, own=("per_nm", "points", "points_of")):
    """A data set of one or more curves from files."""

    file: Annotated[
        str | Path | SuppliedCurve | None,
        "the measured file, relative to the study, or package:NAME/path inside an installed package",
    ] = None
    _: KW_ONLY
    columns: Annotated[
        Sequence[str] | None, "what the columns of the file are, where its suffix does not say; see Files"
    ] = None
    entry: Annotated[
        str | int | None, "which curve of a file that holds several (banks, scans, SASdata): its name, or 1, 2, …"
    ] = None
    believe: Annotated[
        Literal["file", "study"],
        "file: what its header states of unit, radiation and wavelength counts and must agree with the study; study: "
        "the header is left aside",
    ] = "file"
    exclude: Annotated[Sequence[Range] | None, "left out of the fit, in the unit of the abscissa"] = None
    weights: Annotated[
        Weights | None,
        "sigma (of the file), counting (σ = √I), relative (3 % of I) or uniform [sigma if the file has it, else "
        "counting for counts, and by the scatter of the points where they are none; of saxs relative, of pdf and NMR "
        "uniform]",
    ] = None
    counts_per_unit: Annotated[
        float | None,
        Limits(above=0.0),
        "by what values are multiplied to be numbers of counts, which follow Poisson's law [1 where they are whole]",
    ] = None
    noise_range: Annotated[
        Range | None,
        "where there is nothing but noise, in the unit of the abscissa: its scatter is the σ of all points",
    ] = None

    points: ClassVar[Points]

    @property
    def per_nm(self) -> bool:
        """Whether q of the files is in nm⁻¹."""
        return False

    def points_of(self, curve: Curve, abscissa: Abscissa, where: str) -> tuple[Curve, Measured]:
        """Return the points of a curve that are compared, as they are in the file and weighed.

        Raises InputError for ranges and weights that cannot be used.
        """
        noise = None if self.noise_range is None else scatter(curve, self.noise_range, f"{where}.noise_range")
        column = sha256(np.ascontiguousarray(curve.y).tobytes()).hexdigest()
        curve = self._in_range(curve, abscissa, where)
        fewest, limits = self.points.fewest, getattr(self, abscissa.range_key)
        if len(curve.x) < fewest and limits is not None:
            raise InputError(
                f"{where}.{abscissa.range_key}",
                f"holds {len(curve.x)} points of the file; give a range with at least {fewest}.",
            )
        self._check_enough(curve, "", where)
        curve = without_excluded(curve, self.exclude, fewest, f"{where}.exclude").sound()
        self._check_abscissa(curve.x, abscissa, f"{where}.file")
        notes = [*curve.notes, *self._notes_on(curve, where)]
        curve, sigma, words = self._weighed(curve, abscissa, noise, where, notes)
        source = (curve.source, curve.sha256)
        measured = Measured(curve.x, curve.y, sigma, words, *source, notes=tuple(notes), column=column)
        return curve, self._counted(measured, curve, noise is not None)

    def _counted(self, measured: Measured, curve: Curve, noise_is_known: bool) -> Measured:
        """Return the points as counted ones where they are: whole numbers, or so many counts in a unit as stated."""
        unit = self.counts_per_unit
        if unit is None and (noise_is_known or not self._are_counts(curve)):
            return measured
        unit = unit or 1.0
        sigma = counting_sigma(first_expected(curve.y), unit)
        return replace(measured, sigma=sigma, weights=POISSON, counts_per_unit=unit)

    def _are_counts(self, curve: Curve) -> bool:
        """Say whether values are counts as they are: whole numbers, with no σ but their roots."""
        if not (self.points.counted and are_counts(curve.y)):
            return False
        if self.weights is None:
            return curve.sigma is None or is_root(curve.y, curve.sigma)
        return self.weights == "counting"

    def _in_range(self, curve: Curve, abscissa: Abscissa, where: str) -> Curve:
        """Return the points of a curve within the range that the study gives."""
        limits = getattr(self, abscissa.range_key)
        if limits is None:
            return curve
        check_limits(limits, abscissa, f"{where}.{abscissa.range_key}")
        return curve.between(limits[0], limits[1], f"{where}.{abscissa.range_key}")

    def _check_enough(self, curve: Curve, which: str, where: str) -> None:
        if len(curve.x) < self.points.fewest:
            have = f"{Path(curve.source).name} has {len(curve.x)} points{which}"
            raise InputError(f"{where}.file", f"{have}; at least {self.points.fewest} are needed.")

    def _check_abscissa(self, x: FloatArray, abscissa: Abscissa, where: str) -> None:
        """Raise InputError for an abscissa that cannot be in its unit; where: the key that states it."""

    def _notes_on(self, curve: Curve, where: str) -> list[str]:
        """Return sentences on the points that are compared; raises InputError where these cannot be meant."""
        return []

    # ---- weights ------------------------------------------------------------------------------

    def _weighed(
        self, curve: Curve, abscissa: Abscissa, noise: float | None, where: str, notes: list[str]
    ) -> tuple[Curve, FloatArray | None, str]:
        """Return the points that have a weight, their σ and a sentence on it; notes: grows by what was assumed."""
        self._check_weights(curve, where)
        if self.counts_per_unit is not None:
            otherwise = self.weights not in (None, "counting") or noise is not None
            check_counted(curve, self.counts_per_unit, self.points, otherwise, where)
        counted = noise is None and (self.counts_per_unit is not None or self._are_counts(curve))
        if not counted and noise is None and self.weights in ("sigma", None) and curve.sigma is not None:
            return curve, curve.sigma, "1/σ² with the σ of the file"
        weighing = self._weighing(curve, abscissa, noise, counted, where)
        notes += [weighing.note] if weighing.note else []
        if self.points.counted:
            curve, left_out = without_empty(curve, abscissa, weighing.unit)
            self._check_enough(curve, " with an intensity other than 0", where)
            notes += left_out
        return curve, None if weighing.sigma is None else weighing.sigma(curve.y), weighing.words

    def _weighing(self, curve: Curve, abscissa: Abscissa, noise: float | None, counted: bool, where: str) -> Weighing:
        """Return how points without σ of their own are weighed; raises InputError for what are no counts."""
        if noise is not None:
            assert self.noise_range is not None
            low, high = self.noise_range
            note = f"σ = {noise:.4g} from the scatter between {low:g} and {high:g}."
            return Weighing(
                "all points alike, σ from the scatter in noise_range", note, sigma=lambda y: np.full_like(y, noise)
            )
        if self.counts_per_unit is not None:
            return by_counts(1.0 / self.counts_per_unit)
        if self.weights == "counting":
            check_counts(curve, abscissa, True, where)
            return by_counts(1.0)
        if counted:
            of_file = "the file has no σ" if curve.sigma is None else "σ are their roots"
            return by_counts(
                1.0, f"the values are whole numbers and {of_file}: they were taken for counts (Poisson's law)."
            )
        kind = self.weights or self.points.without_sigma
        if kind == "counting":
            if are_counts(np.abs(curve.y)):
                check_counts(curve, abscissa, False, where)
            return weighing_by_scatter(curve.y)
        if kind == "relative":
            note = f"the file has no σ: {_PERCENT} of each intensity was assumed (weights = relative)."
            return Weighing(
                f"{_PERCENT} of each intensity",
                "" if self.weights else note,
                sigma=lambda y: relative_sigma(y, f"{where}.file"),
            )
        return Weighing(self.points.alike if self.weights is None else "all points alike, as asked for")

    def _check_weights(self, curve: Curve, where: str) -> None:
        """Raise InputError for weights that these data cannot have, or that stand beside others."""
        if self.weights in ("counting", "relative") and self.points.no_counts:
            problem = (
                f'is "{self.weights}", but {self.points.no_counts}; say "sigma" or "uniform", or give noise_range.'
            )
            raise InputError(f"{where}.weights", problem)
        if self.noise_range is not None:
            beside = "" if self.weights in ("sigma", None) else f'weights = "{self.weights}"'
            beside = beside if curve.sigma is None else "the sigma of the file"
            if beside:
                raise InputError(f"{where}.noise_range", f"stands beside {beside}; use one of the two.")
        elif self.weights == "sigma" and curve.sigma is None:
            file = Path(curve.source).name
            raise InputError(
                f"{where}.weights",
                f'is "sigma", but no column of {file} was read as σ; name it with columns = ["{curve.x_name}", '
                f'"{curve.y_name}", "sigma"], or say weights = "{self.points.without_sigma}".',
            )


@dataclass(frozen=True)
class CurveTechnique(MeasuredTechnique, own=("compared", "read", "with_background")):
    """A data set of one curve, measured or to be simulated.

    The measured one is a file, or arrays in memory (n_points,): the abscissa by its key, `intensity`, and `sigma`, its
    standard deviation, which may be one number: Saxs(q=q, intensity=intensity, sigma=sigma). They are copied, checked
    like the columns of a file, and become `file`.
    """

    _: KW_ONLY
    sigma: InitVar[Column | float | None] = None
    intensity: InitVar[Column | None] = None
    blanks: Annotated[Mapping[str, Blank], "measured blanks, each with its own scale: [datasets.NAME.blanks.BLANK]"] = (
        field(default_factory=dict)
    )
    noise: Annotated[Noise | None, "for simulate only: { counts = 2e4, seed = 1 } or { sigma = 0.02, seed = 1 }"] = None

    _of_files: ClassVar[tuple[str, ...]] = ("noise_range",)
    """keys that only the points of a file can have, beside those that choose them"""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.abscissae = tuple(a.key for a in cls.points.abscissae)
        cls.counted = cls.points.counted

    def __post_init__(self, sigma: Column | float | None, intensity: Column | None) -> None:
        self._hold("intensity", intensity, sigma)

    def _hold(self, y_key: str, y: Any, sigma: Any) -> None:
        """Have arrays in the place of a file, where they are given; raises InputError for what does not go together."""
        owner = type(self).__name__
        columns = {a.key: x for a in self.points.abscissae if not isinstance(x := getattr(self, a.key), str | None)}
        columns |= {k: v for k, v in ((y_key, y), ("sigma", sigma)) if v is not None}
        if not columns:
            return
        keys = [a.key for a in self.points.abscissae]
        x_keys = [k for k in keys if k in columns]
        if len(x_keys) != 1 or y is None:
            lacking = y_key if x_keys else " or ".join(keys)
            problem = f"is given as an array, so {lacking} must be, too"
            if len(x_keys) > 1:
                problem = f"stands beside {x_keys[1]}; give one of the two"
            raise InputError(f"{owner}.{next(iter(columns))}", f"{problem}.")
        for key in ("file", "columns", *(k for k in keys if k not in x_keys)):
            if getattr(self, key) is not None:
                raise InputError(f"{owner}.{key}", f"stands beside {x_keys[0]} and {y_key}; leave one of them out.")
        abscissa = self.points.abscissae[keys.index(x_keys[0])]
        reads = abscissa.reads[0] if abscissa.reads else ("x", "y")
        object.__setattr__(self, "file", array_curve(columns, reads, owner))
        object.__setattr__(self, abscissa.key, None)

    def with_background(
        self,
        quantities: Mapping[str, Quantity],
        numbers: Mapping[str, Any],
        linear: Sequence[str],
        terms: int = 0,
        coefficients: Mapping[str, Number] | None = None,
    ) -> dict[str, tuple[Quantity, Parameter]]:
        """Return what is declared: the quantities of a technique and those of its background and blanks.

        numbers: those of the study, None for those left to the fit (`linear`) or to their default. Without a file
        nothing can be fitted: a scale is then 1, the background 0.
        """
        of_background, scales = background_quantities(terms, coefficients or {}, self.blanks)
        declared, numbers, linear = {**quantities, **of_background}, {**numbers, **scales}, (*linear, *of_background)
        if self.file is None:
            numbers = as_simulated(numbers, declared, linear)
        return local_parameters(declared, linear, numbers)

    def _check_source(self, where: str) -> None:
        """Raise InputError unless there is either a file or an abscissa, and for noise of measured data."""
        if sum(v is not None for v in (self.file, *(getattr(self, k) for k in self.abscissae))) != 1:
            keys, remark = " or ".join(self.abscissae), self.points.abscissae[0].remark
            raise InputError(where, f'needs either a file or, to simulate, {keys} = "START:STOP:STEP"{remark}.')
        if self.file is not None and self.noise is not None:
            raise InputError(f"{where}.noise", "is for simulated curves; leave it out, or leave out the file.")

    def compared(self, where: str, folder: Path, sample: Sample | None = None, curve: Curve | None = None) -> Compared:
        """Return the points that are compared, or simulated; raises InputError for what cannot be used.

        sample: what the study says of the composition; curve: that of the file where it was read already.
        """
        self._check_source(where)
        if self.file is None:
            measured, abscissa = self._simulated_points(where)
            width, curve = np.zeros_like(measured.x), None
        else:
            curve = self.read(where, folder) if curve is None else curve
            says = {**self._says(where, sample), **({} if sample is None else says_of_sample(sample))}
            curve = replace(curve, notes=(*curve.notes, *remarks_on(curve, says, where)))
            curve, abscissa = self._whole_curve(curve, where)
            chosen, measured = self.points_of(curve, abscissa, where)
            source = self.file.source_at(where) if isinstance(self.file, SuppliedCurve) else str(self.file)
            measured = replace(measured, source=source)
            width = np.zeros_like(measured.x) if chosen.resolution is None else chosen.resolution
        blanks = {}
        for name, blank in self.blanks.items():
            at = f"{where}.blanks.{name}"
            named = Named(blank.file, blank.columns, self.per_nm, believe=self.believe)
            as_read = read_points(named, self.points, at, folder)
            if self.file is not None:
                facts = OF_BLANKS if as_read.x_name == "two_theta" else (OF_BLANKS[0], OF_BLANKS[-1])
                said = {k: v for k, v in self._says(where, sample).items() if k in facts}
                more = remarks_on(as_read, said, where)
                measured = replace(measured, notes=(*measured.notes, *more))
            measured_blank = self._in_angstrom(as_read).single_valued()
            check_blank(measured_blank, blank.file, measured.x, abscissa, self.points, f"{at}.file")
            blanks[name] = measured_blank
        return Compared(measured, abscissa, width, curve, blanks)

    def _simulated_points(self, where: str) -> tuple[Measured, Abscissa]:
        abscissa = next(a for a in self.points.abscissae if getattr(self, a.key) is not None)
        for unused in (*(a.range_key for a in self.points.abscissae), "exclude"):
            if getattr(self, unused) is not None:
                problem = f"chooses points of a file; without one it is {abscissa.key} alone."
                raise InputError(f"{where}.{unused}", problem)
        for unused in self._of_files:
            if getattr(self, unused) is not None:
                raise InputError(f"{where}.{unused}", "is for the points of a file; leave it out.")
        x = grid_from_text(getattr(self, abscissa.key), f"{where}.{abscissa.key}")
        self._check_abscissa(x, abscissa, f"{where}.{abscissa.key}")
        return Measured(x, None, None, "none", "simulated", None), abscissa

    def read(self, where: str, folder: Path) -> Curve:
        """Return the curve of the file as its reader gives it, or the one that stands in its place."""
        assert self.file is not None
        if isinstance(self.file, SuppliedCurve):
            return self.file.curve()
        named = Named(self.file, self.columns, self.per_nm, self.entry, self.believe)
        return read_points(named, self.points, where, folder)

    def _says(self, where: str, sample: Any) -> Mapping[str, Says]:
        """Return what the study says of facts that a file may state, by their names in `Stated`; sample: or None."""
        advice = "a unit that the file states is converted: leave q_unit out"
        return says_of_unit("q", "1/nm", 'q_unit is "1/nm"', "q_unit", advice) if self.per_nm else {}

    def _whole_curve(self, curve: Curve, where: str) -> tuple[Curve, Abscissa]:
        """Return a curve as it was read, q in Å⁻¹, and what it lies over."""
        name = Path(str(self.file)).name
        abscissa = abscissa_of(curve, name, self.points, self.name, f"{where}.file")
        if self.per_nm and curve.x_name != "q":
            raise InputError(f"{where}.q_unit", f"is the unit of Q, but {name} is over 2θ; leave it out.")
        for other in self.points.abscissae:
            if other != abscissa and getattr(self, other.range_key) is not None:
                problem = f"does not fit a file over {curve.x_name}; give {abscissa.range_key} instead."
                raise InputError(f"{where}.{other.range_key}", problem)
        return self._prepared(self._in_angstrom(curve), where), abscissa

    def _in_angstrom(self, curve: Curve) -> Curve:
        """Return a curve over q in Å⁻¹, where its file does not state the unit; others as they are."""
        if not self.per_nm or curve.x_name != "q" or curve.stated.x_unit:
            return curve
        return curve.scaled(lambda q: q / 10.0)

    def _prepared(self, curve: Curve, where: str) -> Curve:
        """Return the whole curve after what is done to it before points are chosen; raises InputError."""
        return curve


POISSON = "Poisson's law, 1/m with m the counts that are expected"
_PERCENT = f"{100.0 * RELATIVE:g} %"
