"""The files of a reduction beside its report: curves that other programs read, too, and their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.reduction import DifferentialFunctions, ReducedPattern, StructureFactor
from nanocrystal.reduction.noise import SIGMA_OF_SUMS
from nanocrystal.report.outcome import REPORT
from nanocrystal.report.reduction.digests import settings_of
from nanocrystal.report.reduction.image_files import image_files, image_texts
from nanocrystal.report.reduction.result import REDUCTION, ReductionResult
from nanocrystal.report.reduction.xas_files import scan_texts
from nanocrystal.text import csv_text

SUFFIXES = ("iq", "sq", "fq", "gr")
_LABELS = {
    "iq": "Q(1/Å)  I(Q)",
    "sq": "Q(1/Å)  S(Q)",
    "fq": "Q(1/Å)  F(Q)",
    "gr": "r(Å)  G(r)",
}
"""headings of the two columns that every file has"""
LEAST_OF_SUMS = 1e-3
"""smaller differences of the noise of sums are not said"""


def names_of(name: str) -> list[str]:
    """Return the files of one reduction, without what it is compared with."""
    return [*(f"{name}.{suffix}" for suffix in SUFFIXES), f"{name}_d.csv"]


def planned_names(
    reductions: Sequence[str],
    differentials: Sequence[tuple[str, str]],
    comparisons: Sequence[tuple[str, str]],
    images: Sequence[str] = (),
) -> list[str]:
    """Return the names of the files that a study of reductions writes."""
    curves = [file for name in reductions for file in names_of(name)]
    curves += [f"{a}_minus_{b}.{suffix}" for a, b in differentials for suffix in ("iq", "fq", "gr")]
    curves += [f"{a}_against_{b}.csv" for a, b in comparisons]
    return [REPORT, *curves, *image_files(images), REDUCTION]


def reduction_tables(result: ReductionResult) -> dict[str, str]:
    """Return the files beside the report: name -> text."""
    texts: dict[str, str] = {}
    for name, one in result.reductions.items():
        texts |= curve_texts(name, one)
    texts |= image_texts(result.images)
    for name, scan in result.absorption.items():
        texts |= scan_texts(name, scan)
    for (a, b), difference in result.differentials.items():
        texts |= _differential_texts(f"{a}_minus_{b}", difference, result.reductions[a])
    for (a, b), comparison in result.unchanged.items():
        columns = {"q": comparison.q, "difference": comparison.difference, "sigma": comparison.sigma}
        columns |= {"per_unit_strain": comparison.strain_template, **comparison.component_templates}
        texts[f"{a}_against_{b}.csv"] = csv_text(columns)
    return texts


# ---- curves -----------------------------------------------------------------------------------------


def curve_texts(name: str, one: ReducedPattern) -> dict[str, str]:
    """Return NAME.iq, .sq, .fq, .gr and NAME_d.csv with D(r)."""
    structure, pdf, intensity = one.structure, one.pdf, one.intensity
    header = settings_header(one)
    texts = {
        f"{name}.iq": column_text(header, "iq", intensity.q, intensity.value, intensity.sigma),
        f"{name}.sq": column_text(header, "sq", structure.q, structure.s, structure.s_sigma),
        f"{name}.fq": structure_text(header, structure),
        f"{name}.gr": column_text(header, "gr", pdf.r, pdf.g, pdf.sigma),
    }
    factor = np.divide(one.d, pdf.g, out=np.ones_like(pdf.g), where=pdf.g != 0.0)
    columns: dict[str, Any] = {"r": pdf.r, "d": one.d}
    if pdf.sigma is not None:
        columns["sigma"] = pdf.sigma * np.abs(factor)
    texts[f"{name}_d.csv"] = csv_text(columns)
    return texts


def _differential_texts(name: str, difference: DifferentialFunctions, first: ReducedPattern) -> dict[str, str]:
    header = (
        settings_header(first) + f"# differential = {difference.first} - {difference.scale:.8g} {difference.other}\n"
    )
    structure, pdf = difference.structure, difference.pdf
    return {
        f"{name}.iq": column_text(header, "iq", difference.q, difference.intensity, difference.intensity_sigma),
        f"{name}.fq": structure_text(header, structure),
        f"{name}.gr": column_text(header, "gr", pdf.r, pdf.g, pdf.sigma),
    }


def structure_text(header: str, structure: StructureFactor) -> str:
    """Return F(Q), and where its points are not independent (a blank on another grid) how noisy their sums are."""
    sums = 1.0 if structure.spread is None else structure.spread.sigma_of_sums()
    if abs(sums - 1.0) > LEAST_OF_SUMS:
        header += f"# {SIGMA_OF_SUMS} = {sums:.4g}\n"
    return column_text(header, "fq", structure.q, structure.f, structure.f_sigma)


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


def settings_header(one: ReducedPattern) -> str:
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
