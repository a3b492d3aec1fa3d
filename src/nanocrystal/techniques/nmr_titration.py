"""Titrations of ligands seen by NMR: all spectra at once, as a bound line and released ones.

Definition
    y_s(δ) = Σ_k area_sk L_k(δ) + Σ_j c_sj T_j(δ) for each step s. The lines [datasets.NAME.lines.LINE] are those of
    nmr-lines: shape, position (ppm), fwhm (Hz). Positions, widths and shapes are common to all steps unless `own`
    names them; areas and background are of each step, and linear. Those called in `bound` ("bound" unless given) are of
    ligands on the surface, those in `other` of something else; all others are released.
    released_fraction = Σ released areas / Σ areas of bound and released lines.

Steps
    Tables [datasets.NAME.steps.STEP] with equivalents and a file or column; or the lists equivalents and files; or
    equivalents and one file, whose first column is the axis and each further one a step. Steps go with growing
    equivalents.

By difference
    Where the released part has no shape that can be fitted, released = "by difference" fits the bound lines alone and
    takes released_fraction = 1 − bound/total. total is the bound area of the first step, or given (1 for spectra that
    were scaled to equal area of all alkene protons). Leave the released lines out of the fit by `exclude`, and
    say of diluted steps by which factor their volume is larger (`dilution`).

Several released species
    species = { acid = ["acid"], amide = ["a", "b"] } sums released lines to species; each has a fraction of its own,
    as has each line that is in none.

Weights
    σ of a third column of each file; or, with noise_range, of the scatter of each step where there is no line; or none:
    then uncertainties are scaled so that χ²_red = 1.

Derived
    steps.STEP.released_fraction; steps.STEP.SPECIES.fraction where there are several released ones. The report draws
    them against the equivalents, and writes them as NAME_trend.csv.

Limits
    A fraction of areas is one of ligands only where all relax alike between scans. Shapes that change along the
    titration (exchange, aggregation) are not described by common widths: name what changes in `own`. By difference
    the amount of ligand in the tube has to be the same at all steps, and a shape other than that of the bound line goes
    into the released part unseen. The error of a stated total is in no standard error.

Checked against
    scipy.optimize.least_squares on all spectra stacked; deviations over standard errors for many seeds of noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from nanocrystal.data import Curve, resolved_path
from nanocrystal.data.reading import read_table
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.measurement import Axis, Measured, MeasuredTechnique, Points, Trend
from nanocrystal.measurement.counted import background_quantity, check_background
from nanocrystal.measurement.keys import BackgroundTerms, XRange
from nanocrystal.measurement.nmr.lines import USED, Lines, ShiftLines
from nanocrystal.measurement.nmr.points import NMR, Megahertz, ShiftAxis, measured_curve, says_of_axis
from nanocrystal.measurement.points import Named
from nanocrystal.measurement.summed import SPECTRA, Member, SummedModel, form_named, part_parameters
from nanocrystal.parameters import Declares, Derivation, DerivedQuantity, Here, Meaning, Parameter, Quantity
from nanocrystal.spectra import Form, SumOfForms

DIFFERENCE = "by difference"
BY_DIFFERENCE = Derivation(
    "",
    "released part of the ligands, by difference",
    Meaning("ligand fraction", "released, what the area of bound lines lacks to the total"),
)
NEGATIVE = 0.02
"""of all area: less than nothing by more than that is pointed out"""


@dataclass(frozen=True)
class TitrationStep(Declares):
    """One spectrum of a titration: how much had been added, and where the spectrum is."""

    equivalents: Annotated[float | None, "how much was added up to this step"] = None
    file: Annotated[str | Path | None, "its spectrum, unless it is a column of the file of all"] = None
    column: Annotated[int | None, "its column in the file of all, from 1 [in order]"] = None
    dilution: Annotated[float, "volume over that of the first step; for areas by difference"] = 1.0


@dataclass(frozen=True)
class NmrTitration(MeasuredTechnique, own=("members", "released_lines", "released_species", "shift_lines")):
    """Spectra of a titration, fitted at once by lines that all steps share."""

    file: Annotated[str | Path | None, "one file for all steps: the axis, then a column for each"] = None
    _: KW_ONLY
    columns: Annotated[Sequence[str] | None, 'of files of their own, such as ["ppm", "y", "sigma"]'] = None
    files: Annotated[
        Sequence[str] | None, "spectra of the steps, as many as equivalents, instead of one file with a column for each"
    ] = None
    equivalents: Annotated[
        Sequence[float] | None,
        "how much was added up to each step, in the order of files or columns, instead of tables of steps",
    ] = None
    steps: Annotated[Mapping[str, TitrationStep], "the steps, by name: [datasets.NAME.steps.STEP]"] = field(
        default_factory=dict
    )
    axis: ShiftAxis = "ppm"
    spectrometer_frequency: Megahertz = None
    x_range: XRange = None
    lines: Lines = field(default_factory=dict)
    bound: Annotated[Sequence[str], "lines of ligands on the surface"] = ("bound",)
    other: Annotated[Sequence[str], "lines that are of no ligand"] = ()
    species: Annotated[
        Mapping[str, Sequence[str]],
        'released lines that belong together, such as { amide = ["a", "b"] } [each by itself]',
    ] = field(default_factory=dict)
    own: Annotated[
        Sequence[str], "parameters of lines that each step has for itself, such as bound.position [all are common]"
    ] = ()
    released: Annotated[Literal["fitted", "by difference"], "from released lines, or by difference to the total"] = (
        "fitted"
    )
    total: Annotated[
        float | None, "area of all ligand protons, for released by difference [bound area of the first step]"
    ] = None
    background_terms: BackgroundTerms = 1

    name: ClassVar[str] = "nmr-titration"
    derives: ClassVar[Mapping[str, Derivation]] = {
        "released_fraction": Derivation(
            "",
            "released part of the ligands, by area",
            Meaning("ligand fraction", "released, area over that of bound and released lines"),
        ),
        "released_fraction, by difference": BY_DIFFERENCE,
        "fraction": Derivation(
            "",
            "part of the ligands that is one species",
            Meaning("ligand fraction", "released as one species, area over that of bound and released lines"),
        ),
    }
    points: ClassVar[Points] = NMR
    needs_sample: ClassVar[bool] = False

    # ---- what was declared ----------------------------------------------------------------------

    @cached_property
    def shift_lines(self) -> ShiftLines:
        """The lines over their axis."""
        return ShiftLines(self.lines, self.axis, self.spectrometer_frequency)

    @cached_property
    def members(self) -> dict[str, TitrationStep]:
        """The steps by name, in the order of their equivalents; raises InputError with local addresses."""
        if self.steps and (self.equivalents is not None or self.files is not None):
            key = "equivalents" if self.equivalents is not None else "files"
            raise InputError(key, "stands beside the tables of steps; state the steps in one of the two ways.")
        steps = dict(self.steps) or self._listed_steps()
        if len(steps) < 2:
            raise InputError("steps", f"a titration has at least two steps, this one {len(steps)}.")
        last, at = None, ""
        for name, step in steps.items():
            where = f"steps.{name}.equivalents" if self.steps else "equivalents"
            if step.equivalents is None:
                raise InputError(where, "is missing: how much was added up to this step.")
            if not (np.isfinite(step.equivalents) and step.equivalents >= 0.0):
                raise InputError(where, f"must be 0 or above, got {step.equivalents:g}.")
            if last is not None and step.equivalents < last:
                problem = (
                    f"must ascend, but {step.equivalents:g} of {name} follows {last:g} of {at}; put them in order."
                )
                raise InputError(where, problem)
            if not step.dilution > 0.0:
                raise InputError(f"steps.{name}.dilution", f"must be above 0, got {step.dilution:g}.")
            last, at = step.equivalents, name
        return steps

    def _listed_steps(self) -> dict[str, TitrationStep]:
        if self.equivalents is None:
            example = "equivalents = [0, 5, 10], or tables [datasets.NAME.steps.STEP] with equivalents and a file"
            raise InputError("equivalents", f"is missing; give {example}.")
        files: Sequence[str | None] = self.files or [None] * len(self.equivalents)
        if len(files) != len(self.equivalents):
            problem = f"must be as many as the files, {len(files)}, got {len(self.equivalents)}."
            raise InputError("equivalents", problem)
        pairs = zip(self.equivalents, files, strict=True)
        return {f"s{k}": TitrationStep(e, file) for k, (e, file) in enumerate(pairs, start=1)}

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter); raises InputError with local addresses."""
        forms, of_each_step = self._forms(""), self._of_each_step()
        entries: dict[str, tuple[Quantity, Parameter]] = {}
        of_steps: dict[str, dict[str, tuple[Quantity, Parameter]]] = {step: {} for step in self.members}
        for name, line in self.lines.items():
            if line.area is not None:
                raise InputError(f"lines.{name}.area", "is of each step and left to the fit; leave it out.")
            of_line = part_parameters(
                forms[name], line.given(), self.shift_lines.quantities(line), f"lines.{name}", self.shift_lines.area
            )
            for parameter, entry in of_line.items():
                if parameter == "area" or f"{name}.{parameter}" in of_each_step:
                    for step, of_step in of_steps.items():
                        of_step[f"steps.{step}.{name}.{parameter}"] = entry
                else:
                    entries[f"lines.{name}.{parameter}"] = entry
        linear = Parameter(None, linear=True)
        background = {f"c{k}": (background_quantity(k), linear) for k in range(max(self.background_terms, 0))}
        for step, of_step in of_steps.items():
            entries |= of_step
            entries |= {f"steps.{step}.background.{k}": entry for k, entry in background.items()}
        return entries

    def _forms(self, where: str) -> dict[str, Form]:
        """Return the forms of the lines, those of liquids alone."""
        return {n: form_named(line.shape, USED, f"{where}lines.{n}.shape") for n, line in self.lines.items()}

    def _of_each_step(self) -> frozenset[str]:
        """Return the parameters of lines (LINE.PARAMETER) that each step has for itself; raises InputError."""
        forms = self._forms("")
        known = [f"{name}.{p}" for name, form in forms.items() for p in form.parameters]
        for name in self.own:
            if name not in known:
                raise InputError("own", f"{name!r} is no parameter of a line; {nearest_names(name, known)}")
        return frozenset(self.own)

    # ---- reading --------------------------------------------------------------------------------

    def bind(self, name: str, sample: Any, folder: Path = Path()) -> SummedModel:
        """Read the spectra and return the model of all; raises InputError for what cannot be used."""
        where = f"datasets.{name}"
        self._check(where)
        members, inputs = [], {}
        for k, (label, step) in enumerate(self.members.items()):
            curve = self._curve(label, step, k, where, folder)
            inputs[curve.source] = curve.sha256
            _, measured = self.points_of(curve, self.points.abscissae[0], where)
            self.shift_lines.check_positions(measured.x, where)
            members.append(self._member(label, measured, where))
        members = self._with_noted_scatter(members)
        return SummedModel(
            technique=self.name,
            where=where,
            x_axis=self.shift_lines.x_axis,
            y_axis=Axis("intensity", ""),
            members=tuple(members),
            method=METHODS[self.released],
            style="offset",
            shown=SPECTRA,
            derived_of=self._derived,
            remarks_of=self._remarks,
            trends=(self._trend(where),),
            terms=(1, 2),
            inputs=inputs,
        )

    def _with_noted_scatter(self, members: list[Member]) -> list[Member]:
        """Return the members with one note on the scatter of all, instead of one each."""
        if self.noise_range is None:
            return members
        low, high = self.noise_range
        sigmas = ", ".join(f"{m.name} {m.measured.sigma[0]:.4g}" for m in members if m.measured.sigma is not None)
        note = f"σ from the scatter between {low:g} and {high:g}: {sigmas}."
        return [
            replace(
                m,
                measured=replace(m.measured, notes=(*(n for n in m.measured.notes if not n.startswith("σ = ")), note)),
            )
            for m in members
        ]

    def _curve(self, name: str, step: TitrationStep, k: int, where: str, folder: Path) -> Curve:
        """Return the spectrum of the k-th step, from its own file or from its column of the common one."""
        if step.file is not None:
            at = f"{where}.steps.{name}" if self.steps else f"{where}.files"
            if step.column is not None:
                raise InputError(f"{at}.column", "is of the file of all steps; leave it out beside a file.")
            path = resolved_path(str(step.file), folder, at)
            if not path.is_file():
                raise InputError(at, f"there is no file {str(step.file)!r} for step {name}.")
            named = Named(step.file, self.columns, believe=self.believe)
            return measured_curve(named, at, folder, says_of_axis(self.axis))
        if self.file is None:
            raise InputError(where, f"has no file for step {name}; give it a file, or one file with a column a step.")
        if self.columns is not None:
            raise InputError(f"{where}.columns", "is for files of their own; in the file of all each column is a step.")
        width = read_table(resolved_path(str(self.file), folder, f"{where}.file"), f"{where}.file").width
        column = self._column(name, step, k, width, where)
        columns = ["x" if n == 1 else "y" if n == column else "ignore" for n in range(1, width + 1)]
        named = Named(self.file, columns, believe=self.believe)
        return measured_curve(named, where, folder, says_of_axis(self.axis))

    def _column(self, name: str, step: TitrationStep, k: int, width: int, where: str) -> int:
        """Return which column of the common file is that of the k-th step, counted from 1."""
        if step.column is None:
            if width != 1 + len(self.members):
                raise InputError(
                    f"{where}.equivalents" if not self.steps else f"{where}.steps",
                    f"are {len(self.members)} steps, but {self.file} has {width - 1} columns beside its first; "
                    "give as many equivalents as columns, or the column of each step.",
                )
            return k + 2
        if not 2 <= step.column <= width:
            raise InputError(
                f"{where}.steps.{name}.column", f"must be from 2 to {width}, the last of the file, got {step.column}."
            )
        return step.column

    def _member(self, step: str, measured: Measured, where: str) -> Member:
        lines = SumOfForms(self._forms(f"{where}."), self.background_terms)
        of_each_step = {*self._of_each_step(), *(f"{name}.area" for name in lines.parts)}
        addresses = {n: f"{where}.steps.{step}.{n}" if n in of_each_step else f"{where}.lines.{n}" for n in lines.names}
        addresses |= {f"c{k}": f"{where}.steps.{step}.background.c{k}" for k in range(self.background_terms)}
        added = f"{self.members[step].equivalents:g} equivalents"
        return Member(
            name=step,
            measured=measured,
            sum=lines,
            addresses=addresses,
            factors=self.shift_lines.factors,
            label=f"{step}: {added}" if self.steps else added,
        )

    # ---- what is bound and what is released -----------------------------------------------------

    @property
    def released_lines(self) -> tuple[str, ...]:
        """The lines that are neither bound nor of something else."""
        return tuple(n for n in self.lines if n not in (*self.bound, *self.other))

    @property
    def released_species(self) -> dict[str, tuple[str, ...]]:
        """Released species -> their lines; a line in no species is one of its own."""
        named = {line for lines in self.species.values() for line in lines}
        rest = {n: (n,) for n in self.released_lines if n not in named}
        return {**{s: tuple(lines) for s, lines in self.species.items()}, **rest}

    def _check(self, where: str) -> None:
        self.shift_lines.check(where)
        check_background(self.background_terms, {}, where, "0 to 4")
        lists = {"bound": self.bound, "other": self.other, **{f"species.{s}": ls for s, ls in self.species.items()}}
        for key, names in lists.items():
            for line in names:
                if line not in self.lines:
                    raise InputError(f"{where}.{key}", f"there is no line {line!r}; {nearest_names(line, self.lines)}")
        if not self.bound:
            raise InputError(f"{where}.bound", "names no line; at least one is of bound ligands.")
        for key, names in self.species.items():
            for line in names:
                if line not in self.released_lines:
                    raise InputError(f"{where}.species.{key}", f"holds {line}, which is not released.")
        by_difference = self.released == DIFFERENCE
        if by_difference and self.released_lines:
            raise InputError(
                f"{where}.released",
                f'is "{DIFFERENCE}", but {self.released_lines[0]} is a released line; leave it out, or name it in '
                "other.",
            )
        if not by_difference and not self.released_lines:
            raise InputError(f"{where}.lines", f'have no released one; add it, or released = "{DIFFERENCE}".')
        if self.total is not None and not by_difference:
            raise InputError(f"{where}.total", f'is for released = "{DIFFERENCE}"; leave it out.')
        if self.total is not None and not self.total > 0.0:
            raise InputError(f"{where}.total", f"must be above 0, got {self.total:g}.")

    def _derived(self, here: Here) -> dict[str, DerivedQuantity]:
        derived = {}
        for name, step in self.members.items():
            of_step = here.under(f"steps.{name}")
            bound = _area(of_step, self.bound)
            if self.released == DIFFERENCE:
                total = self._total(here)
                if total != 0.0:
                    part = 1.0 - bound * step.dilution / total
                    derived[of_step.address_of("released_fraction")] = BY_DIFFERENCE.of(part)
                continue
            total = bound + _area(of_step, self.released_lines)
            if total == 0.0:
                continue
            derived[of_step.address_of("released_fraction")] = self.derives["released_fraction"].of(
                (total - bound) / total
            )
            if len(self.released_species) > 1:
                for species, lines in self.released_species.items():
                    part = _area(of_step, lines) / total
                    declared = self.derives["fraction"].more(species)
                    derived[of_step.address_of(f"{species}.fraction")] = declared.of(
                        part, f"part of the ligands that is {species}"
                    )
        return derived

    def _total(self, here: Here) -> float:
        if self.total is not None:
            return self.total
        first, step = next(iter(self.members.items()))
        return _area(here.under(f"steps.{first}"), self.bound) * step.dilution

    def _trend(self, where: str) -> Trend:
        steps = tuple(self.members)
        series = {"released": tuple(f"{where}.steps.{s}.released_fraction" for s in steps)}
        if self.released != DIFFERENCE and len(self.released_species) > 1:
            series = {"all released": series["released"]} | {
                name: tuple(f"{where}.steps.{s}.{name}.fraction" for s in steps) for name in self.released_species
            }
        how = ", by difference" if self.released == DIFFERENCE else " (released area over all)"
        x = tuple(float(s.equivalents or 0.0) for s in self.members.values())
        return Trend(
            f"Displaced ligands against what was added{how}; bars are standard errors.",
            Axis("equivalents", ""),
            Axis("displaced", "%"),
            steps,
            x,
            series,
            factor=100.0,
        )

    def _remarks(self, here: Here) -> tuple[str, ...]:
        remarks = []
        lines = (*self.bound, *self.released_lines)
        for step in self.members:
            areas = {line: here[f"steps.{step}.{line}.area"] for line in lines}
            remarks += [
                f"the area of {line} at step {step} is negative: it is not there, or the base is off."
                for line, area in areas.items()
                if area < -NEGATIVE * sum(areas.values())
            ]
        if self.released == DIFFERENCE and self.total is None:
            first = next(iter(self.members))
            remarks.append(f"released fractions count from step {first}, where all is taken as bound.")
        return tuple(remarks)


def _area(of_step: Here, lines: Sequence[str]) -> float:
    """Return the area of some lines in one step of the titration."""
    return float(sum(of_step[f"{line}.area"] for line in lines))


METHODS = {
    "fitted": (
        "All spectra of the titration were fitted at once by lines of bound and released ligands, on backgrounds of "
        "Chebyshev polynomials; areas and backgrounds are of each spectrum and were eliminated at each step of the "
        "refinement. The released fraction is the area of the released lines over that of all ligand lines."
    ),
    DIFFERENCE: (
        "The lines of bound ligands were fitted to all spectra of the titration at once, on backgrounds of Chebyshev "
        "polynomials; areas and backgrounds are of each spectrum and were eliminated at each step of the refinement. "
        "The released fraction is what is missing of the bound area."
    ),
}
