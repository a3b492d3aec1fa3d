"""The whole report as one HTML file that needs nothing but a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from string import Template
from typing import Any

from nanocrystal.report.page import sections, tables
from nanocrystal.report.page.figures import Figure, correlation_figure, fit_figure, map_figure, sizes_figure
from nanocrystal.report.page.typography import SPOKEN, short_name, typeset
from nanocrystal.report.refined.atoms import atoms_data
from nanocrystal.report.refined.joint import joint_section
from nanocrystal.report.refined.ratio_figure import ratio_figure
from nanocrystal.report.refined.result import FittedCurve, Result, TrendCurve
from nanocrystal.report.refined.stack_figure import stack_figure, trend_figure

_HERE = "nanocrystal.report.page"
_UNSAFE_IN_SCRIPT = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


@dataclass
class Drawn:
    """The figures of a page, numbered as they come, by the key of their element."""

    figures: dict[str, Figure] = field(default_factory=dict)
    pictures: dict[str, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.figures) + len(self.pictures)

    def add(self, figure: Figure) -> str:
        """Keep a figure and return its key."""
        key = f"figure-{self.count + 1}"
        self.figures[key] = figure
        return key

    def add_atoms(self, data: dict[str, Any]) -> str:
        """Keep a picture of atoms and return its key."""
        key = f"figure-{self.count + 1}"
        self.pictures[key] = data
        return key


def report_html(result: Result) -> str:
    """Return the report of a refinement as a self-contained HTML page.

    plotly.js, style and script are inside; the page's content security policy forbids it to load
    anything. Texts of the result appear as text, whatever characters they hold.
    """
    drawn = Drawn()
    title = result.title or "Refinement"
    bodies = [
        ("know", "What to know", sections.notes(result)),
        ("fit", "Fit", _fits(result, drawn)),
        ("parameters", "Parameters", sections.parameters(result, f"{file_name(title)}-parameters.csv")),
        ("joint", "Data sets side by side", joint_section(result)),
        ("derived", "Derived quantities", sections.derived(result)),
        ("atoms", "Typical nanocrystal", _atoms(result, drawn)),
        ("sizes", "Size distribution", _sizes(result, drawn)),
        ("correlations", "Correlations", _correlations(result, drawn)),
        ("methods", "Methods and citations", sections.methods(result)),
        ("provenance", "Provenance", sections.provenance(result)),
    ]
    data = {"atoms": drawn.pictures, "parameters_csv": tables.parameters_csv(result.parameters)}
    return page("Refinement report", title, result.version, sections.verdict(result), bodies, drawn, data)


def page(
    kind: str,
    title: str,
    version: str,
    verdict: str,
    bodies: Sequence[tuple[str, str, str]],
    drawn: Drawn,
    data: Mapping[str, Any],
) -> str:
    """Return a whole page: its head with the verdict (HTML), and sections (key, heading, HTML), empty ones left out.

    data: what the page's script needs beside the figures.
    """
    present = [part for part in bodies if part[2]]
    text = Template(_text(_HERE, "template.html")).substitute(
        kind=escape(kind),
        title=escape(title),
        version=escape(version),
        style=_text(_HERE, "style.css"),
        verdict=verdict,
        navigation="".join(f'<a href="#{key}">{head}</a>' for key, head, _ in present),
        sections="\n".join(sections.section(*part) for part in present),
        data=_script_json({"figures": drawn.figures, **data}),
        plotly=_text("plotly", "package_data/plotly.min.js"),
        script=_text(_HERE, "atoms.js") + _text(_HERE, "report.js"),
    )
    # A file name that is not valid UTF-8 arrives with lone surrogates, which no file can hold.
    return text.encode("utf-8", "replace").decode("utf-8")


def _fits(result: Result, drawn: Drawn) -> str:
    parts = []
    for name, curve in result.datasets.items():
        key = drawn.add(_fit(curve))
        parts.append(
            sections.figure(
                key,
                drawn.count,
                sections.fit_caption(name, curve),
                f"{curve.y_name} against {curve.x_name} of {name}: observed, calculated and difference",
                file_name(f"{result.title}-{name}"),
                "" if curve.look.stack else column(curve.x_name, curve.x_unit),
                sections.fit_buttons(curve),
            )
        )
        parts += [_trend(trend, f"{result.title}-{name}-{k}", drawn) for k, trend in enumerate(curve.trends, start=1)]
    return sections.HINT + "".join(parts) if parts else ""


def _fit(curve: FittedCurve) -> Figure:
    if curve.look.stack is not None:
        return stack_figure(curve)
    return ratio_figure({"": curve}) if curve.labels else fit_figure(curve)


def _trend(trend: TrendCurve, file: str, drawn: Drawn) -> str:
    key, x = drawn.add(trend_figure(trend)), column(trend.x_name, trend.x_unit)
    return sections.figure(key, drawn.count, typeset(trend.caption), trend.caption, file_name(file), x, [])


def _sizes(result: Result, drawn: Drawn) -> str:
    parts = []
    for name, curve in result.sizes.items():
        key = drawn.add(sizes_figure(curve))
        of = f"{short_name(curve.length_name)} of <b>{escape(name.removesuffix(f' {curve.length_name}'))}</b>"
        parts.append(
            sections.figure(
                key,
                drawn.count,
                f"Distribution of the {of}, weighted by number and by volume.",
                f"Size distribution of {name}",
                file_name(f"{result.title}-size-{name}"),
                column(curve.length_name, curve.unit),
                [],
            )
        )
    for name, size_map in result.size_maps.items():
        key = drawn.add(map_figure(size_map))
        lengths = (size_map.first_name, size_map.second_name)
        of = f"<b>{escape(name.removesuffix(f' {lengths[0]} {lengths[1]}'))}</b>"
        parts.append(
            sections.figure(
                key,
                drawn.count,
                f"Number density of {of} over {short_name(lengths[0])} and {short_name(lengths[1])}.",
                f"Map of the size distribution of {name}",
                file_name(f"{result.title}-sizes-{name}"),
                column(lengths[0], size_map.unit),
                [],
            )
        )
    return "".join(parts)


def _atoms(result: Result, drawn: Drawn) -> str:
    parts = []
    for name, picture in result.atoms.items():
        data = atoms_data(picture)
        key = drawn.add_atoms(data)
        caption = (
            f"<b>{escape(name)}</b>. {typeset(picture.note)} "
            f"Colours {'of elements ' if picture.domain_names else ''}as in Jmol, radii in proportion to covalent ones."
            '<span class="hint"> Drag to turn it.</span>'
        )
        spoken = f"Atoms of a nanocrystal of {name}; turn it with the arrow keys"
        file = file_name(f"{result.title}-atoms-{name}")
        has_domains = bool(picture.domain_names)
        parts.append(sections.atoms_figure(key, drawn.count, caption, spoken, file, data["large"], has_domains))
    return "".join(parts)


def _correlations(result: Result, drawn: Drawn) -> str:
    if len(result.correlation_names) < 2:
        return ""
    key = drawn.add(correlation_figure(result.correlation_names, result.correlation_matrix))
    return sections.figure(
        key,
        drawn.count,
        "Correlation coefficients between the refined parameters; the columns carry the numbers of the rows.",
        "Heat map of the correlations between the refined parameters",
        file_name(f"{result.title}-correlations"),
        "",
        [],
    )


def column(name: str, unit: str) -> str:
    name = SPOKEN.get(name, name)
    return f"{name} ({unit})" if unit else name


def file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()[:80] or "refinement"


def _script_json(value: object) -> str:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_UNSAFE_IN_SCRIPT)


def _text(package: str, path: str) -> str:
    return resources.files(package).joinpath(path).read_text(encoding="utf-8")
