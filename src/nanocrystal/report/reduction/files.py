"""The files of a reduction: curves that other programs read too, reduction.json, and the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.reduction import Differential, Reduced, Reduction, ReductionResult, Unchanged
from nanocrystal.reduction.absorption import GEOMETRIES
from nanocrystal.report.encoding import finite
from nanocrystal.report.files import recorded, write_texts
from nanocrystal.report.reduction.image_files import image_files, image_texts
from nanocrystal.text import csv_text

FloatArray = NDArray[np.float64]
REDUCTION = "reduction.json"
SUFFIXES = ("iq", "sq", "fq", "gr")
_LABELS = {
    "iq": "Q(1/Å)  I(Q)",
    "sq": "Q(1/Å)  S(Q)",
    "fq": "Q(1/Å)  F(Q)",
    "gr": "r(Å)  G(r)",
}
"""headings of the two columns that every file has"""


def names_of(name: str) -> list[str]:
    """Return the files of one reduction, without what it is compared with."""
    return [*(f"{name}.{suffix}" for suffix in SUFFIXES), f"{name}_d.csv"]


def planned_names(
    reductions: Sequence[str],
    differentials: Sequence[tuple[str, str]],
    comparisons: Sequence[tuple[str, str]],
    study_copy: bool,
    images: Sequence[str] = (),
) -> list[str]:
    """Return the names of the files that a study of reductions writes."""
    own = [file for name in reductions for file in names_of(name)]
    own += [f"{a}_minus_{b}.{suffix}" for a, b in differentials for suffix in ("iq", "fq", "gr")]
    own += [f"{a}_against_{b}.csv" for a, b in comparisons]
    return ["report.html", *own, *image_files(images), *(["study.toml"] if study_copy else []), REDUCTION]


def write_reduction(result: ReductionResult, folder: Path | str, study_text: str | None = None) -> Path:
    """Write curves, report and reduction.json; return the path of the report.

    Everything is written beside the folder first and moved in at the end, reduction.json last.
    """
    folder = Path(folder)
    write_texts(reduction_texts(result, study_text), folder)
    return folder / "report.html"


def reduction_texts(result: ReductionResult, study_text: str | None = None) -> dict[str, str]:
    """Return the files of a study of reductions: name -> text, reduction.json last."""
    from nanocrystal.report.reduction.page import reduction_html

    texts = {"report.html": reduction_html(result)}
    for name, one in result.reductions.items():
        texts |= curve_texts(name, one)
    texts |= image_texts(result.images)
    for (a, b), difference in result.differentials.items():
        texts |= _differential_texts(f"{a}_minus_{b}", difference, result.reductions[a])
    for (a, b), comparison in result.comparisons.items():
        columns = {"q": comparison.q, "difference": comparison.difference, "sigma": comparison.sigma}
        columns |= {"per_unit_strain": comparison.strain_template, **comparison.component_templates}
        texts[f"{a}_against_{b}.csv"] = csv_text(columns)
    return recorded(texts, study_text, REDUCTION, lambda files: reduction_document(result, files))


# ---- curves -----------------------------------------------------------------------------------------


def curve_texts(name: str, one: Reduced) -> dict[str, str]:
    """Return NAME.iq, .sq, .fq, .gr and NAME_d.csv with D(r)."""
    structure, pdf, intensity = one.structure, one.pdf, one.intensity
    header = settings_header(one)
    texts = {
        f"{name}.iq": column_text(header, "iq", intensity.q, intensity.value, intensity.sigma),
        f"{name}.sq": column_text(header, "sq", structure.q, structure.s, structure.s_sigma),
        f"{name}.fq": column_text(header, "fq", structure.q, structure.f, structure.f_sigma),
        f"{name}.gr": column_text(header, "gr", pdf.r, pdf.g, pdf.sigma),
    }
    factor = np.divide(one.d, pdf.g, out=np.ones_like(pdf.g), where=pdf.g != 0.0)
    columns: dict[str, Any] = {"r": pdf.r, "d": one.d}
    if pdf.sigma is not None:
        columns["sigma"] = pdf.sigma * np.abs(factor)
    texts[f"{name}_d.csv"] = csv_text(columns)
    return texts


def _differential_texts(name: str, difference: Differential, first: Reduced) -> dict[str, str]:
    header = (
        settings_header(first) + f"# differential = {difference.first} - {difference.scale:.8g} {difference.other}\n"
    )
    structure, pdf = difference.structure, difference.pdf
    return {
        f"{name}.iq": column_text(header, "iq", difference.q, difference.intensity, difference.intensity_sigma),
        f"{name}.fq": column_text(header, "fq", structure.q, structure.f, structure.f_sigma),
        f"{name}.gr": column_text(header, "gr", pdf.r, pdf.g, pdf.sigma),
    }


def column_text(header: str, suffix: str, x: FloatArray, y: FloatArray, sigma: FloatArray | None) -> str:
    """Return a curve with its header; G(r) with sigma has four columns, r G dr dG, dr being 0.

    The header is one that PDFgui, diffpy and pdffit2 read: no blank lines, and every line begins with #.
    Points whose sigma is 0 at the beginning, as G(0) = 0, are left out: no program wants them as weights.
    """
    labels, columns = _LABELS[suffix], [x, y]
    if sigma is not None:
        kept = sigma > 0.0
        columns = [x[kept], y[kept], *([np.zeros(kept.sum())] if suffix == "gr" else []), sigma[kept]]
        labels += "  dr  dG(r)" if suffix == "gr" else f"  d{labels.split()[1]}"
    rows = "\n".join("\t".join(f"{v:.9g}" for v in row) for row in zip(*columns, strict=True))
    return f"{header}#### start data\n#L {labels}\n{rows}\n"


def settings_header(one: Reduced) -> str:
    """Return the settings as lines "# key = value"."""
    from nanocrystal._version import __version__

    lines = [f"version = nanocrystal-{__version__}", f"inputfile = {_one_line(one.measured.source)}"]
    lines += [f"blank_{s.name} = {s.value:.8g}" for s in one.scales]
    lines.append("mode = xray")
    for key, value in settings_of(one).items():
        if value is not None:
            lines.append(f"{key} = {value}")
    return "".join(f"# {line}\n" for line in lines)


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def settings_of(one: Reduced) -> dict[str, Any]:
    """Return the settings that mattered, with the values that were used; tables flattened."""
    polynomial_only = {"rpoly"}
    physical_only = {"compton", "recoil_power", "fluorescence", "normalization", "normalization_range"}
    unused = physical_only if one.settings.method == "polynomial" else polynomial_only
    shown: dict[str, Any] = {}
    for field in fields(Reduction):
        value = getattr(one.settings, field.name)
        if field.name in unused or field.name in ("absorption", "r"):
            continue
        shown[field.name] = _word(value)
    shown["qmin"], shown["qmax"] = _word(one.pdf.qmin), _word(one.pdf.qmax)
    shown["qmaxinst"] = _word(float(one.structure.q[-1]))
    start, stop, step = one.settings.r
    shown |= {"rmin": _word(start), "rmax": _word(stop), "rstep": _word(step)}
    absorption = one.settings.absorption
    if absorption is not None:
        assert absorption.geometry in GEOMETRIES
        shown |= {f"absorption_{k}": _word(v) for k, v in vars(absorption).items() if v is not None}
    return shown


def _word(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, tuple):
        return " ".join(f"{v:.10g}" for v in value)
    return value


# ---- reduction.json -----------------------------------------------------------------------------------


def reduction_document(result: ReductionResult, files: list[str]) -> dict[str, Any]:
    """Return reduction.json as a mapping; numbers that are not finite become null."""
    document = {
        "title": result.title,
        "version": result.version,
        "reductions": {name: _reduced(one) for name, one in result.reductions.items()},
        "differentials": {f"{a} - {b}": _differential(d) for (a, b), d in result.differentials.items()},
        "unchanged": {f"{a} against {b}": _unchanged(u) for (a, b), u in result.comparisons.items()},
        "images": {name: found.facts() for name, found in result.images.items()},
        "inputs": dict(result.inputs),
        "files": sorted(files),
    }
    return finite(document)  # type: ignore[no-any-return]


def _reduced(one: Reduced) -> dict[str, Any]:
    return {
        "settings": settings_of(one),
        "composition": dict(one.composition.parts),
        "number_density": one.number_density,
        "n_points": len(one.structure.q),
        "blanks": {s.name: {k: v for k, v in vars(s).items() if k != "name"} for s in one.scales},
        "constants": {
            n: {"value": c.value, "stderr": c.stderr, "unit": c.unit} for n, c in one.structure.constants.items()
        },
        "checks": {
            c.name: {"found": c.found, "sigma": c.sigma, "expected": c.expected, "unit": c.unit, "meaning": c.meaning}
            for c in one.checks
        },
        "notes": list(one.notes),
    }


def _differential(difference: Differential) -> dict[str, Any]:
    return {
        "scale": difference.scale,
        "scale_stderr": difference.scale_stderr,
        "fit_range": difference.fit_range,
        "intensity_scale": difference.intensity_scale,
        "qmax": difference.pdf.qmax,
        "notes": list(difference.notes),
    }


def _unchanged(comparison: Unchanged) -> dict[str, Any]:
    return {
        "differs": comparison.differs,
        "chi2": comparison.chi2,
        "degrees_of_freedom": comparison.freedom,
        "probability": comparison.probability,
        "scale": comparison.scale,
        "scale_stderr": comparison.scale_stderr,
        "strain": vars(comparison.strain),
        "components": {part.name: vars(part) for part in comparison.parts},
        "said": list(comparison.said),
    }
