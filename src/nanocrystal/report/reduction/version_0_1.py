"""Results that version 0.1 wrote: reduction.json without curves, which stand in the files beside it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.data import Curve, read_curve
from nanocrystal.reduction import (
    DifferentialFunctions,
    ImageSettings,
    IntegratedImage,
    Intensity,
    PairDistribution,
    PatternChange,
    ReducedPattern,
    Reduction,
)
from nanocrystal.reduction.image import Cake
from nanocrystal.reduction.reduction import Absorption
from nanocrystal.reduction.spread import Spread
from nanocrystal.reduction.structure import NormalizationConstant, StructureFactor
from nanocrystal.reduction.unchanged import ChangeLimit
from nanocrystal.report.beside import beside
from nanocrystal.report.encoding import decoded
from nanocrystal.report.reduction.image_files import image_file
from nanocrystal.report.reduction.result import ReductionResult

Record = Mapping[str, Any]
NOTHING = np.zeros(0)
WORDS = {"true": True, "false": False}
FREE_TEXT = ("composition",)
"""settings that are text, even where they look like something else"""


def restored(kind: type[ReductionResult], document: Record, folder: Path) -> Any:
    """Return the result of a folder: counts as measured and blanks are NaN where they are not in its files.

    Of correlations between points nothing was written: read again σ are those of independent ones. Raises OSError,
    KeyError or ValueError where the files are not those of reductions.
    """
    inputs = document["inputs"]
    reductions = {name: _reduced(name, record, folder, inputs) for name, record in document["reductions"].items()}
    differentials = _by_names(document["differentials"], " - ")
    unchanged = _by_names(document["unchanged"], " against ")
    return kind(
        title=document["title"],
        version=document["version"],
        reductions=reductions,
        differentials={
            (a, b): _differential(reductions[a], reductions[b], record, folder)
            for (a, b), record in differentials.items()
        },
        unchanged={names: _unchanged(names, record, folder) for names, record in unchanged.items()},
        images={name: _image(record, beside(folder, image_file(name))) for name, record in document["images"].items()},
        inputs=inputs,
    )


def _by_names(records: Mapping[str, Record], between: str) -> dict[tuple[str, str], Record]:
    """Return the records of two reductions each by their names."""
    return {(key.partition(between)[0], key.partition(between)[2]): each for key, each in records.items()}


# ---- one reduction ------------------------------------------------------------------------------------


def _reduced(name: str, record: Record, folder: Path, inputs: Mapping[str, str]) -> ReducedPattern:
    settings = settings_from(record["settings"])
    intensity, source = _intensity(beside(folder, f"{name}.iq"))
    constants = {key: NormalizationConstant(**{"description": ""} | c) for key, c in record["constants"].items()}
    unknown = np.full(len(intensity.q), np.nan)
    uncorrected = settings.polarization is None and settings.absorption is None
    uncounted = replace(intensity, value=unknown, spread=None)
    measured = uncounted if record["blanks"] else intensity
    whole = {
        "name": name,
        "settings": settings,
        "composition": {"parts": record["composition"], "formula": settings.composition},
        "measured": replace(measured, name=Path(source).name, source=source, sha256=inputs.get(source, "")),
        "intensity": intensity,
        "corrected": intensity if uncorrected else uncounted,
        "background": unknown if record["blanks"] else np.zeros(len(intensity.q)),
        "scales": [{"name": blank, **scale} for blank, scale in record["blanks"].items()],
        "structure": replace(_structure(beside(folder, f"{name}.fq")), constants=constants),
        "pdf": _pdf(beside(folder, f"{name}.gr"), settings.qmin, float(record["settings"]["qmax"]), settings.window),
        "checks": [{"name": key, **check} for key, check in record["checks"].items()],
        "number_density": record["number_density"],
        "notes": record["notes"],
    }
    return decoded(ReducedPattern, whole)


def settings_from(record: Record) -> Reduction:
    """Return the settings of a record, as they were used."""
    names = {field.name for field in fields(Reduction)}
    settings = {key: value if key in FREE_TEXT else _value(value) for key, value in record.items() if key in names}
    absorption = {
        key.removeprefix("absorption_"): _value(value) for key, value in record.items() if key.startswith("absorption_")
    }
    return Reduction(
        **settings,
        r=(float(record["rmin"]), float(record["rmax"]), float(record["rstep"])),
        absorption=Absorption(**absorption) if absorption else None,
    )


def _value(text: str | None) -> Any:
    """Return what a word was written from: a truth, a number, numbers, or the word itself."""
    if text is None or text in WORDS:
        return None if text is None else WORDS[text]
    try:
        numbers = tuple(float(part) for part in text.split())
    except ValueError:
        return text
    return numbers[0] if len(numbers) == 1 else numbers


def _curve(path: Path) -> Curve | None:
    return read_curve(path) if path.is_file() else None


def _counts(sigma: FloatArray | None) -> Spread | None:
    return None if sigma is None else Spread.of_counts(sigma)


def _intensity(path: Path) -> tuple[Intensity, str]:
    """Return the intensity without blanks, and the name of the file that it was made from."""
    curve = _curve(path)
    if curve is None:
        return Intensity(q=NOTHING, value=NOTHING, spread=None), ""
    intensity = Intensity(q=curve.x, value=curve.y, spread=_counts(curve.sigma))
    return intensity, curve.metadata.get("inputfile", "")


def _structure(path: Path) -> StructureFactor:
    curve = _curve(path)
    if curve is None:
        return StructureFactor(q=NOTHING, f=NOTHING, spread=None)
    return StructureFactor(q=curve.x, f=curve.y, spread=_counts(curve.sigma))


def _pdf(path: Path, qmin: float, qmax: float, window: str) -> PairDistribution:
    curve = _curve(path)
    r, g, sigma = (NOTHING, NOTHING, None) if curve is None else (curve.x, curve.y, curve.sigma)
    return PairDistribution(r=r, g=g, sigma=sigma, qmin=qmin, qmax=qmax, window=window)


# ---- two of them, and images ----------------------------------------------------------------------------


def _differential(first: ReducedPattern, other: ReducedPattern, record: Record, folder: Path) -> DifferentialFunctions:
    stem = f"{first.name}_minus_{other.name}"
    intensity, _ = _intensity(beside(folder, f"{stem}.iq"))
    qmin = max(first.pdf.qmin, other.pdf.qmin)
    return DifferentialFunctions(
        first=first.name,
        other=other.name,
        scale=record["scale"],
        scale_stderr=record["scale_stderr"],
        fit_range=None if record["fit_range"] is None else tuple(record["fit_range"]),
        q=intensity.q,
        intensity=intensity.value,
        intensity_sigma=intensity.sigma,
        intensity_scale=record["intensity_scale"],
        structure=_structure(beside(folder, f"{stem}.fq")),
        pdf=_pdf(beside(folder, f"{stem}.gr"), qmin, record["qmax"], first.pdf.window),
        notes=tuple(record["notes"]),
    )


def _unchanged(names: tuple[str, str], record: Record, folder: Path) -> PatternChange:
    columns = _columns(beside(folder, f"{'_against_'.join(names)}.csv"))
    q = columns.pop("q", NOTHING)
    fitted = int(record["scale_stderr"] is not None)
    return PatternChange(
        first=names[0],
        second=names[1],
        q=q,
        difference=columns.pop("difference", NOTHING),
        sigma=columns.pop("sigma", NOTHING),
        scale=record["scale"],
        scale_stderr=record["scale_stderr"],
        background_terms=max(len(q) - record["degrees_of_freedom"] - fitted, 0),
        chi2=record["chi2"],
        freedom=record["degrees_of_freedom"],
        probability=record["probability"],
        strain=ChangeLimit(**record["strain"]),
        strain_template=columns.pop("per_unit_strain", NOTHING),
        parts=[ChangeLimit(**part) for part in record["components"].values()],
        component_templates=columns or dict.fromkeys(record["components"], NOTHING),
        said=record["said"],
    )


def _columns(path: Path) -> dict[str, FloatArray]:
    """Return the columns of a CSV by their heads; none where there is no file."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        heads, *rows = list(csv.reader(stream))
    return {head: np.array([float(row[k] or "nan") for row in rows]) for k, head in enumerate(heads)}


def _image(record: Record, path: Path) -> IntegratedImage:
    """Return integrated images, without pictures of them."""
    angles, value, *sigma = np.loadtxt(path, ndmin=2).T if path.is_file() else (NOTHING, NOTHING)
    settings, wavelength = record["settings"], record["wavelength"]
    return IntegratedImage(
        q=4.0 * np.pi / wavelength * np.sin(np.radians(angles) / 2.0),
        intensity=value,
        sigma=sigma[0] if sigma else None,
        wavelength=wavelength,
        used=record["pixels_used"],
        left_out=record["pixels_left_out"],
        n_frames=record["n_frames"],
        monitor=record["monitor"],
        views=(),
        n_places=0,
        cake=Cake(NOTHING, NOTHING, np.zeros((0, 0))),
        inputs={},
        notes=tuple(record["notes"]),
        settings=decoded(ImageSettings, settings) if settings else None,
    )
