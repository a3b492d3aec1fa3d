"""The reductions of a study: from [reduction.NAME] tables to what `nanocrystal reduce` writes and `refine` fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal._version import __version__
from nanocrystal.data import Curve, read_curve, resolved_path
from nanocrystal.data.stated import Stated
from nanocrystal.data.supplied import CurveNoise
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.filenames import check_names
from nanocrystal.measurement.agreement import Says, remarks_on, says_of_beam, says_of_unit
from nanocrystal.parameters import Name
from nanocrystal.reduction import (
    AtomicComposition,
    Intensity,
    PatternChange,
    ReducedPattern,
    Reduction,
    ReductionBlank,
    differential_functions,
    pattern_change,
    peak_template,
    reduced_pattern,
)
from nanocrystal.reduction.angles import BEAM_LIMITS
from nanocrystal.reduction.image import IntegratedImage
from nanocrystal.reduction.noise import TransformNoise
from nanocrystal.reduction.xas import ReducedAbsorption
from nanocrystal.report.reduction.result import ReductionResult
from nanocrystal.running.kept import keeping
from nanocrystal.study.messages import Source, first_problem
from nanocrystal.study.reduction.curve import OfReduction
from nanocrystal.study.reduction.image import check_source, image_of, intensity_of, source_of
from nanocrystal.study.reduction.xas import GIVEN, AbsorptionCurve, absorption_of
from nanocrystal.study.study import read_content
from nanocrystal.study.tables import object_of, written
from nanocrystal.tables.beam import beam_wavelength

BACKGROUND = "background"
"""name of the blank that backgroundfile names"""


@dataclass(frozen=True, eq=False)
class Reductions:
    """The reductions that a study describes; `run` calculates them.

    Parameters
    ----------
    title : str
        What stands above the report
    tables : mapping
        Name -> the table [reduction.NAME], checked, of scattering
    source : Source
        The file, for messages
    text : str
        Of the file
    absorption : mapping
        Name -> the table, of X-ray absorption
    """

    title: str
    tables: Mapping[str, Any]
    source: Source
    text: str = field(default="", repr=False)
    absorption: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.source.path

    @property
    def differentials(self) -> list[tuple[str, str]]:
        """(name, other) of every differential."""
        return [(name, other) for name, table in self.tables.items() for other in table.differential]

    @property
    def comparisons(self) -> list[tuple[str, str]]:
        """(name, other) of every comparison."""
        return [(name, other) for name, table in self.tables.items() for other in table.unchanged]

    @property
    def images(self) -> list[str]:
        """NAME or NAME.blanks.BLANK of everything that starts from detector images."""
        samples = [name for name, table in self.tables.items() if table.image is not None]
        blanks = [(n, b) for n, table in self.tables.items() for b, t in table.blanks.items() if t.image is not None]
        return samples + [f"{name}.blanks.{blank}" for name, blank in blanks]

    @property
    def names(self) -> list[str]:
        """The files that are written."""
        from nanocrystal.report.reduction.files import planned_names
        from nanocrystal.report.reduction.xas_files import planned_scans

        curves = planned_names(list(self.tables), self.differentials, self.comparisons, self.images)
        return [*curves, *planned_scans(self.absorption)]

    def run(self, out: str | Path | None = None, *, workers: int = 1) -> ReductionResult:
        """Return all of them, and write them to a folder where one is given; raises InputError, with file and line.

        workers: as of other studies; reductions are done one after the other.
        """
        kept = keeping(ReductionResult, out, self.names, self)
        try:
            return kept.save(self._run())
        except InputError as error:
            raise self.source.located(error) from None

    def _run(self) -> ReductionResult:
        _check_others(self.tables)
        results: dict[str, ReducedPattern] = {}
        inputs: dict[str, str] = {}
        images: dict[str, IntegratedImage] = {}
        for name, table in self.tables.items():
            results[name], files, seen = reduced_table(name, table, self.path.parent)
            inputs |= files
            images |= seen
        scans: dict[str, ReducedAbsorption] = {}
        for name, table in self.absorption.items():
            scans[name], files = absorption_of(name, table, self.path.parent)
            inputs |= files
        differentials, comparisons = {}, {}
        for name, table in self.tables.items():
            for other, t in table.differential.items():
                where = f"reduction.{name}.differential.{other}"
                differentials[name, other] = differential_functions(
                    results[name], results[other], t.scale, t.fit_range, t.intensity_scale, where
                )
            for other, t in table.unchanged.items():
                comparison, files = _comparison(results[name], results[other], t, self.path.parent)
                comparisons[name, other] = comparison
                inputs |= files
        return ReductionResult(
            title=self.title,
            version=__version__,
            reductions=results,
            differentials=differentials,
            unchanged=comparisons,
            inputs=inputs,
            images={name: image.pictured() for name, image in images.items()},
            absorption=scans,
        )


def read_reductions(path: str | Path) -> Reductions:
    """Return the reductions of a study file, which need hold nothing else.

    Parameters
    ----------
    path : path
        Of the study file

    Returns
    -------
    Reductions
        Not calculated yet

    Raises
    ------
    InputError
        With file, line and key, for anything that cannot be meant
    """
    from pydantic import TypeAdapter, ValidationError

    from nanocrystal.study.reduction.schema import AnyReduction, EdgeTable

    content, path, text = read_content(path)
    source = Source(path, text)
    written_tables = content.get("reduction")
    if not written_tables:
        advice = 'add a table [reduction.NAME] with file = "…" and composition = "…", or with files and absorption'
        near = [k for k in content if k.lower().startswith("redu") and k != "reduction"]
        raise InputError(str(path), f"{f'[{near[0]}] is unknown; ' if near else ''}has no reduction; {advice}.")
    try:
        tables = TypeAdapter(written(Mapping[Name, AnyReduction])).validate_python(written_tables)
    except ValidationError as error:
        raise source.located(InputError(*first_problem(error, ("reduction",)))) from None
    try:
        check_names(tables, "reduction")
    except InputError as error:
        raise source.located(error) from None
    if content.keys() & {"populations", "datasets"}:
        from nanocrystal.study.reading import study_from

        study_from(content, path, text)  # what else the study says must make sense, too
    elif unknown := content.keys() - {"reduction", "title", "crystals", "refine", "candidates", "series"}:
        raise source.located(
            InputError(sorted(unknown)[0], "unknown key; a study of reductions has title and reduction.")
        )
    title = content.get("title", "")
    if not isinstance(title, str):
        raise source.located(InputError("title", "must be text in quotation marks."))
    scans = {name: table for name, table in tables.items() if isinstance(table, EdgeTable)}
    scattered = {name: table for name, table in tables.items() if name not in scans}
    return Reductions(title, scattered, source, text, scans)


def _check_others(tables: Mapping[str, Any]) -> None:
    for name, table in tables.items():
        for kind in ("differential", "unchanged"):
            for other in getattr(table, kind):
                where = f"reduction.{name}.{kind}.{other}"
                if other not in tables:
                    problem = f"there is no reduction {other!r}; {nearest_names(other, tables)}"
                    raise InputError(where, problem)
                if other == name:
                    raise InputError(where, "is the reduction itself; name another one.")


# ---- one table --------------------------------------------------------------------------------------


def reduced_table(
    name: str, table: Any, folder: Path
) -> tuple[ReducedPattern, dict[str, str], dict[str, IntegratedImage]]:
    """Return the reduction that a table describes, file -> SHA-256 of what it was made from, and integrated images."""
    where = f"reduction.{name}"
    images: dict[str, IntegratedImage] = {}
    wavelength = beam_wavelength(table.wavelength, table.energy, where, BEAM_LIMITS)
    sample = _intensity(table, table, wavelength, where, folder, where, images)
    wavelength = images[name].wavelength if table.image is not None else wavelength
    if table.q_range is not None:
        sample = _within(sample, table.q_range, where)
    blanks = [
        ReductionBlank(
            n, _intensity(b, table, wavelength, where, folder, f"{where}.blanks.{n}", images), b.scale, b.fit_range
        )
        for n, b in _blanks(table, where).items()
    ]
    settings = object_of(Reduction, table, where)
    if table.image is not None:
        settings = replace(settings, wavelength=wavelength)
    files = _files([sample, *(b.intensity for b in blanks)], images)
    return reduced_pattern(sample, settings, blanks, name, where), files, images


def _files(intensities: Sequence[Intensity], images: Mapping[str, IntegratedImage]) -> dict[str, str]:
    """Return file -> SHA-256 of curves and images."""
    sources = {image.source for image in images.values()}
    files = {i.source: i.sha256 for i in intensities if i.source not in sources}
    for image in images.values():
        files |= image.inputs
    return files


def _blanks(table: Any, where: str) -> dict[str, Any]:
    """Return the tables of the blanks, with that of PDFgetX3's short form."""
    from nanocrystal.study.reduction.schema import BlankKeys

    blanks = dict(table.blanks)
    if table.backgroundfile is None:
        if table.bgscale is not None:
            raise InputError(f"{where}.bgscale", "is the scale of backgroundfile, which is missing.")
        return blanks
    if BACKGROUND in blanks:
        raise InputError(f"{where}.backgroundfile", f"stands beside a blank of the name {BACKGROUND}; rename that.")
    scale = 1.0 if table.bgscale is None else table.bgscale
    blanks[BACKGROUND] = BlankKeys(file=table.backgroundfile, columns=table.columns, sigma=table.sigma, scale=scale)
    return blanks


def _intensity(
    table: Any,
    main: Any,
    wavelength: float | None,
    place: str,
    folder: Path,
    where: str,
    images: dict[str, IntegratedImage],
) -> Intensity:
    """Return the intensity of the file or the images that a table names; keep the latter in `images`."""
    check_source(table, where)
    if table.image is not None:
        integrated = images[where.removeprefix("reduction.")] = image_of(table, main, folder, where, place)
        return intensity_of(integrated, where)
    key = "backgroundfile" if where.endswith(f".blanks.{BACKGROUND}") and main.backgroundfile else "file"
    at = f"{place}.{key}" if key == "backgroundfile" else f"{where}.file"
    path = resolved_path(table.file, folder, at)
    per_nm = main.q_unit == "1/nm"
    curve = read_curve(path, columns=table.columns, where=at, per_nm=per_nm, believe=main.believe)
    if wavelength is None and curve.x_name == "two_theta" and curve.stated.wavelength is not None:
        wavelength = curve.stated.wavelength
        note = f"the wavelength {wavelength:.7g} Å is that of the file ({curve.stated.place('wavelength')})"
        curve = replace(curve, notes=(*curve.notes, note))
    says = _says(main, wavelength, place, of_sample=table is main)
    curve = replace(curve, notes=(*curve.notes, *remarks_on(curve, says, place)))
    intensity = Intensity.from_curve(curve, at, q_unit=main.q_unit, wavelength=wavelength, sigma=table.sigma)
    return replace(intensity, name=Path(table.file).name, source=table.file)


def _says(main: Any, wavelength: float | None, where: str, of_sample: bool) -> dict[str, Says]:
    """Return what a reduction says of facts that its files may state."""
    says = dict(says_of_beam("x-ray", "reduction", where))
    if main.q_unit == "1/nm":
        advice = "a unit that the file states is converted: leave q_unit out"
        says |= says_of_unit("q", "1/nm", 'q_unit is "1/nm"', "q_unit", advice)
    if wavelength is not None:
        key = "wavelength" if main.wavelength is not None else "energy"
        says["wavelength"] = says["anode"] = Says((wavelength,), f"the study says {wavelength:.6g} Å", key)
    if of_sample:
        parts = AtomicComposition.from_formula(main.composition, f"{where}.composition").parts
        shown = f"the study reduces {main.composition}"
        says["composition"] = Says((frozenset(parts), main.composition), shown, "composition")
    return says


def _within(sample: Intensity, q_range: tuple[float, float], where: str) -> Intensity:
    low, high = q_range
    if not low < high:
        raise InputError(f"{where}.q_range", f"needs low < high, got [{low:g}, {high:g}].")
    if high > sample.q[-1] + 0.1 or low > sample.q[-1]:
        problem = (
            f"[{low:g}, {high:g}] Å⁻¹ reaches beyond {sample.name}, which goes from {sample.q[0]:g} to {sample.q[-1]:g}"
        )
        raise InputError(f"{where}.q_range", f"{problem}.")
    return sample.between(low, high)


def _comparison(
    first: ReducedPattern, second: ReducedPattern, table: Any, folder: Path
) -> tuple[PatternChange, dict[str, str]]:
    where = f"reduction.{first.name}.unchanged.{second.name}"
    q = first.intensity.q
    templates: dict[str, Any] = {}
    files: dict[str, str] = {}
    for name, t in table.components.items():
        templates[name], template_files = _template(t, q, f"{where}.components.{name}", folder)
        files |= template_files
    a, b = replace(first.intensity, name=first.name), replace(second.intensity, name=second.name)
    settings = {"scale": table.scale, "background_terms": table.background_terms, "q_range": table.q_range}
    return pattern_change(a, b, **settings, components=templates, where=where), files


def _template(table: Any, q: Any, where: str, folder: Path) -> tuple[Any, dict[str, str]]:
    if (table.file is None) == (table.peaks is None):
        raise InputError(where, "needs either a file or peaks = [[position, area], …].")
    if table.file is None:
        if (table.fwhm is None) == (table.size is None):
            raise InputError(where, "needs either fwhm (Å⁻¹) or size (Å) for its peaks.")
        return peak_template(q, table.peaks, table.size, table.fwhm), {}
    curve = read_curve(resolved_path(table.file, folder, f"{where}.file"), columns=table.columns, where=f"{where}.file")
    pattern = Intensity.from_curve(curve, f"{where}.file", sigma="none")
    template = np.interp(q, pattern.q, pattern.value, left=0.0, right=0.0)
    return template, {table.file: curve.sha256}


# ---- data sets that take their curve from a reduction ------------------------------------------------


@dataclass(frozen=True)
class ReducedCurve(OfReduction):
    """The curve of a reduction in the place of a file."""

    def __str__(self) -> str:
        return f"{source_of(self.table)} (reduction {self.name})"

    @cached_property
    def _result(self) -> ReducedPattern:
        return reduced_table(self.name, self.table, self.folder)[0]

    def curve(self) -> Curve:
        """Return G(r), or I(Q) without blanks and corrected, as if it were read from a file."""
        result = self._result
        x_name, y_name = self.kind
        pdf, corrected = result.pdf, result.corrected
        x, y, sigma = (pdf.r, pdf.g, pdf.sigma) if y_name == "g" else (corrected.q, corrected.value, corrected.sigma)
        if sigma is not None and not sigma.all():  # G(0) = 0 is exact
            x, y, sigma = x[sigma > 0.0], y[sigma > 0.0], sigma[sigma > 0.0]
        metadata = {"qmax": f"{pdf.qmax:.10g}", "composition": result.composition.formula}
        how = f"reduced from {source_of(self.table)} (method {result.settings.method}, see nanocrystal reduce)"
        return Curve(
            x=x,
            y=y,
            sigma=sigma,
            x_name=x_name,
            y_name=y_name,
            source=str(self),
            sha256=result.measured.sha256,
            metadata=metadata,
            stated=Stated(qmax=pdf.qmax, composition=result.composition.formula),
            notes=(how, *result.notes),
        )

    def noise(self) -> CurveNoise | None:
        """Return that of G(r); the points of I(Q) are taken by themselves."""
        return TransformNoise.of(self._result) if self.kind[1] == "g" else None


def supplied_curve(
    reduction: str, kind: tuple[str, str], tables: Mapping[str, Any], folder: Path, where: str
) -> OfReduction:
    """Return the curve of the reduction that a data set names; raises InputError where there is none of its kind.

    kind: its abscissa and ordinate.
    """
    from nanocrystal.study.reduction.schema import EdgeTable

    if reduction not in tables:
        problem = f"there is no reduction {reduction!r}; {nearest_names(reduction, tables)}"
        raise InputError(f"{where}.reduction", problem)
    table = tables[reduction]
    of_edge = isinstance(table, EdgeTable)
    if of_edge != (kind in GIVEN):
        gives = " or ".join(GIVEN.values()) if of_edge else "G(r) or I(Q)"
        problem = f"{reduction} gives {gives}, but this data set is {kind[1]} over {kind[0]}; name another one"
        raise InputError(f"{where}.reduction", f"{problem}.")
    return AbsorptionCurve(reduction, table, folder, kind) if of_edge else ReducedCurve(reduction, table, folder, kind)
