"""The whole report as one HTML file that needs nothing but a browser."""

from __future__ import annotations

import json
import re
from html import escape
from importlib import resources
from string import Template

from nanocrystal.refinement.result import Result
from nanocrystal.report import sections, tables
from nanocrystal.report.figures import Figure, correlation_figure, fit_figure, sizes_figure

_HERE = "nanocrystal.report"
_UNSAFE_IN_SCRIPT = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def report_html(result: Result) -> str:
    """Return the report of a refinement as a self-contained HTML page.

    plotly.js, style and script are inside; the page's content security policy forbids it to load
    anything. Texts of the result appear as text, whatever characters they hold.
    """
    figures: dict[str, Figure] = {}
    title = result.title or "Refinement"
    bodies = [
        ("know", "What to know", sections.notes(result)),
        ("fit", "Fit", _fits(result, figures)),
        ("parameters", "Parameters", sections.parameters(result, f"{_file_name(title)}-parameters.csv")),
        ("derived", "Derived quantities", tables.derived_table(result.derived) if result.derived else ""),
        ("sizes", "Size distribution", _sizes(result, figures)),
        ("correlations", "Correlations", _correlations(result, figures)),
        ("methods", "Methods and citations", sections.methods(result)),
        ("provenance", "Provenance", sections.provenance(result)),
    ]
    present = [part for part in bodies if part[2]]
    page = Template(_text(_HERE, "template.html")).substitute(
        title=escape(title),
        version=escape(result.version),
        style=_text(_HERE, "style.css"),
        verdict=sections.verdict(result),
        navigation="".join(f'<a href="#{key}">{head}</a>' for key, head, _ in present),
        sections="\n".join(sections.section(*part) for part in present),
        data=_script_json({"figures": figures, "parameters_csv": tables.parameters_csv(result.parameters)}),
        plotly=_text("plotly", "package_data/plotly.min.js"),
        script=_text(_HERE, "report.js"),
    )
    # A file name that is not valid UTF-8 arrives with lone surrogates, which no file can hold.
    return page.encode("utf-8", "replace").decode("utf-8")


def _fits(result: Result, figures: dict[str, Figure]) -> str:
    parts = []
    for name, curve in result.datasets.items():
        figure, key = fit_figure(curve), f"figure-{len(figures) + 1}"
        figures[key] = figure
        parts.append(
            sections.figure(
                key,
                len(figures),
                sections.fit_caption(name, curve),
                f"{curve.y_name} against {curve.x_name} of {name}: observed, calculated and difference",
                _file_name(f"{result.title}-{name}"),
                _column(curve.x_name, curve.x_unit),
                sections.fit_buttons(curve),
            )
        )
    return sections.HINT + "".join(parts) if parts else ""


def _sizes(result: Result, figures: dict[str, Figure]) -> str:
    parts = []
    for name, curve in result.sizes.items():
        figure, key = sizes_figure(curve), f"figure-{len(figures) + 1}"
        figures[key] = figure
        of = f"{escape(curve.length_name)} of <b>{escape(name)}</b>"
        parts.append(
            sections.figure(
                key,
                len(figures),
                f"Distribution of the {of}, weighted by number and by volume.",
                f"Size distribution of {name}",
                _file_name(f"{result.title}-size-{name}"),
                _column(curve.length_name, curve.unit),
                [],
            )
        )
    return "".join(parts)


def _correlations(result: Result, figures: dict[str, Figure]) -> str:
    if len(result.correlation_names) < 2:
        return ""
    key = f"figure-{len(figures) + 1}"
    figures[key] = correlation_figure(result.correlation_names, result.correlation_matrix)
    return sections.figure(
        key,
        len(figures),
        "Correlation coefficients between the refined parameters; the columns carry the numbers of the rows.",
        "Heat map of the correlations between the refined parameters",
        _file_name(f"{result.title}-correlations"),
        "",
        [],
    )


def _column(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()[:80] or "refinement"


def _script_json(value: object) -> str:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_UNSAFE_IN_SCRIPT)


def _text(package: str, path: str) -> str:
    return resources.files(package).joinpath(path).read_text(encoding="utf-8")
