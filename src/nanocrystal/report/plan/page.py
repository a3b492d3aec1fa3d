"""The report of a plan as one HTML file: what would be known, and what it depends on."""

from __future__ import annotations

import math
from html import escape

from nanocrystal.parameters.address import dataset_of
from nanocrystal.refinement.design.plan import NOTEWORTHY, Plan
from nanocrystal.report.page import sections, tables
from nanocrystal.report.page.figures import correlation_figure
from nanocrystal.report.page.numbers import concise, number
from nanocrystal.report.page.page import Drawn, column, file_name, page
from nanocrystal.report.page.typography import typeset
from nanocrystal.report.plan.figures import map_figure, range_figure, steps_of
from nanocrystal.report.plan.words import combination_words, factor_words, target_words

NOT = '<span class="held">not determined</span>'
NOT_SEEN = '<span class="held">not seen</span>'
STRONG_LISTED = 10


def plan_html(plan: Plan) -> str:
    """Return the report of a plan as a self-contained HTML page."""
    drawn = Drawn()
    bodies = [
        ("know", "What to know", _notes(plan)),
        ("parameters", "What would be known", _parameters(plan)),
        ("open", "What stays open", _open(plan)),
        ("targets", "What the targets need", _targets(plan)),
        ("counts", "Against counts", _counts(plan)),
        ("range", "Against the range", _ranges(plan, drawn)),
        ("maps", "Maps", _maps(plan, drawn)),
        ("correlations", "Correlations", _correlations(plan, drawn)),
        ("methods", "Methods and citations", _methods()),
        ("provenance", "Provenance", sections.provenance_of(plan.inputs, plan.version, {})),
    ]
    data = {"atoms": {}, "parameters_csv": ""}
    return page("Plan of a measurement", plan.title, plan.version, _verdict(plan), bodies, drawn, data)


def _verdict(plan: Plan) -> str:
    open_ = plan.together.undetermined
    said, kind = "All parameters would be determined.", "good"
    if open_:
        what = "1 parameter" if len(open_) == 1 else f"{len(open_)} parameters"
        said, kind = f"{what} of {len(plan.parameters)} would not be determined.", "doubtful"
    missed = [t for t in plan.needed if t.together is None or t.together > 1.0]
    if missed:
        kind = "doubtful"
        said += f" {len(missed)} of {len(plan.needed)} targets would be missed."
    elif plan.needed:
        said += " All targets would be reached."
    facts = [(f"{escape(p.name)}: {escape(p.noise_words)}", f"{len(p.slopes.x)} points") for p in plan.planned]
    facts += [("nanocrystal", escape(plan.version))]
    return f'<p class="verdict {kind}"><strong>{said}</strong></p>{sections.facts(facts)}'


def _notes(plan: Plan) -> str:
    notes = list(plan.notes)
    notes += [f"{a}: the standard error is larger than the whole range between its bounds." for a in plan.outside]
    items = "".join(f"<li>{typeset(note)}</li>" for note in notes)
    return f'<ul class="know">{items}</ul>' if items else ""


# ---- tables -----------------------------------------------------------------------------------------


def _parameters(plan: Plan) -> str:
    several = len(plan.planned) > 1
    heads = [
        "Parameter",
        "Value with<br>std. error",
        "Unit",
        "Std. error",
        *([f"{escape(p.name)}<br>alone" for p in plan.planned] if several else []),
        "× for<br>the others",
    ]
    rows = []
    for k, p in enumerate(plan.parameters):
        error = float(plan.together.stderr[k])
        cells = [_error_cell(error, p.address in plan.together.unseen)]
        if several:
            cells += [_error_cell(float(f.stderr[k]), p.address in f.unseen) for f in plan.each.values()]
        inflated = error / float(plan.together.alone[k]) if math.isfinite(error) else math.nan
        cells.append(f'<td class="right">{number(inflated, 2) if math.isfinite(inflated) else "—"}</td>')
        value = concise(p.value, error) if math.isfinite(error) else number(p.value, 5)
        state = "" if math.isfinite(error) else ' class="undetermined"'
        said = f"{p.description}{', linear' if p.linear else ''}"
        rows.append(
            f'<tr{state}>{tables.name_cell(p.address, said, p.definition)}<td class="value">{value}</td>'
            f"<td>{escape(p.unit)}</td>{''.join(cells)}</tr>"
        )
    text = (
        "<p>Standard errors that a refinement of such data would print, at the stated values: in brackets in units of "
        "the last digit, then in full, from all data sets together"
        + (", and from each alone" if several else "")
        + ". The last column says how many times larger each is because the others are not known either.</p>"
    )
    return text + tables.framed_table("What would be known", heads, rows, (), range(3, len(heads)))


def _error_cell(error: float, unseen: bool) -> str:
    if math.isfinite(error):
        return f'<td class="right">{number(error, 2)}</td>'
    return f'<td class="right">{NOT_SEEN if unseen else NOT}</td>'


def _open(plan: Plan) -> str:
    """Return what is not determined by all data sets, and what is not by each alone, in sentences."""
    parts = []
    for name, forecast in {"": plan.together, **(plan.each if len(plan.planned) > 1 else {})}.items():
        items = [combination_words(c, plan.parameters) for c in forecast.combinations]
        if forecast.unseen and (not name or any(dataset_of(a) is None for a in forecast.unseen)):
            seen = [a for a in forecast.unseen if not name or dataset_of(a) is None]
            items.append(f"not seen at all: {', '.join(seen)}.")
        if items:
            head = "All data sets together" if not name else f"{escape(name)} alone"
            listed = "".join(f"<li>{typeset(_capital(text))}</li>" for text in items)
            parts.append(f"<h3>{head}</h3><ul>{listed}</ul>")
    return "".join(parts)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _targets(plan: Plan) -> str:
    if not plan.needed:
        return ""
    several = len(plan.planned) > 1
    heads = [
        "Parameter",
        "Wanted",
        "Planned",
        "Counts in all",
        *([f"in {escape(p.name)}<br>alone" for p in plan.planned if not p.slopes.noise.fixed] if several else []),
    ]
    rows = []
    for t in plan.needed:
        cells = [f"±{number(t.wanted, 3)}", _plus_minus(t.now), factor_words(t.together)]
        cells += [factor_words(f) for f in t.each.values()] if several else []
        body = "".join(f'<td class="right">{c}</td>' for c in cells)
        rows.append(f"<tr>{tables.name_cell(t.address, '')}{body}</tr>")
    listed = "".join(f"<li>{typeset(target_words(t, plan))}</li>" for t in plan.needed)
    table = tables.framed_table("What the targets need", heads, rows, (), range(1, len(heads)))
    return f"{table}<ul>{listed}</ul>"


def _plus_minus(error: float) -> str:
    return f"±{number(error, 2)}" if math.isfinite(error) else "not determined"


def _counts(plan: Plan) -> str:
    heads = ["Parameter", *(f"×{number(k)}" for k in plan.by_counts)]
    rows = [
        f"<tr>{tables.name_cell(p.address, '')}"
        + "".join(_error_cell(float(f.stderr[k]), p.address in f.unseen) for f in plan.by_counts.values())
        + "</tr>"
        for k, p in enumerate(plan.parameters)
    ]
    text = "<p>Standard errors from all data sets together, with so many times the planned counts in each.</p>"
    return text + tables.framed_table("Standard errors against counts", heads, rows, (), range(1, len(heads)))


def _ranges(plan: Plan, drawn: Drawn) -> str:
    parts = []
    for (dataset, key), steps in steps_of(plan).items():
        end = "up to" if key.endswith("max") else "from"
        figure = range_figure(plan, dataset, key)
        if figure["data"]:
            number_ = drawn.add(figure)
            caption = (
                f"<b>{escape(dataset)}</b> measured {end} another {escape(key)}, the other data sets as planned: "
                "standard errors over those of the plan."
            )
            parts.append(
                sections.figure(
                    number_,
                    drawn.count,
                    caption,
                    f"Standard errors against {key} of {dataset}",
                    file_name(f"{plan.title}-{dataset}-{key}"),
                    column(key, steps[0].unit),
                    [],
                )
            )
        heads = ["Parameter", *(f"<b>{number(s.value, 4)}</b>" if s.stated else number(s.value, 4) for s in steps)]
        rows = [
            f"<tr>{tables.name_cell(p.address, '')}"
            + "".join(_error_cell(float(s.stderr[k]), False) for s in steps)
            + "</tr>"
            for k, p in enumerate(plan.parameters)
            if not p.linear
        ]
        title = f"Standard errors with {dataset} {end} {key} ({steps[0].unit})"
        table = tables.framed_table(escape(title), heads, rows, (), range(1, len(heads)))
        parts.append(f"<details><summary>{escape(title)}</summary>{table}</details>")
    return "".join(parts)


def _maps(plan: Plan, drawn: Drawn) -> str:
    parts = []
    for found in plan.maps:
        key = drawn.add(map_figure(found, plan))
        target = plan.targets.get(found.address)
        said = "" if target is None else f" Blue line: the target, ±{number(target, 3)}."
        caption = (
            f"<b>{escape(found.address)}</b>: standard error against {escape(found.key)} of {escape(found.dataset)} "
            f"and the counts of all data sets. Dotted: as planned.{said}"
        )
        parts.append(
            sections.figure(
                key,
                drawn.count,
                caption,
                f"Map of the standard error of {found.address}",
                file_name(f"{plan.title}-map-{found.address}-{found.dataset}"),
                column(found.key, found.unit),
                [],
            )
        )
    return "".join(parts)


def _correlations(plan: Plan, drawn: Drawn) -> str:
    known = [k for k, e in enumerate(plan.together.stderr) if math.isfinite(e)]
    if len(known) < 2:
        return ""
    names = [plan.parameters[k].address for k in known]
    matrix = plan.together.correlations[known][:, known]
    key = drawn.add(correlation_figure(names, matrix))
    strong = plan.strong_correlations()[:STRONG_LISTED]
    items = "".join(f"<li>{typeset(f'{a} and {b} would be correlated by {v:+.3f}.')}</li>" for a, b, v in strong)
    listed = f'<p class="explain">Above {NOTEWORTHY:g}:</p><ul>{items}</ul>' if items else ""
    caption = "Correlation coefficients to expect; the columns carry the numbers of the rows."
    spoken = "Heat map of the correlations to expect"
    return sections.figure(key, drawn.count, caption, spoken, file_name(f"{plan.title}-correlations"), "", []) + listed


def _methods() -> str:
    paragraphs = [
        "The information matrix is F = JᵀJ with J the derivatives of all calculated curves by all parameters, linear "
        "ones (scales, backgrounds) included, over the expected σ of each point: √N of N counts, at least 1, or the σ "
        "that is stated. It adds up over data sets; its inverse is the covariance of a refinement of such data. R. A. "
        "Fisher, Phil. Trans. R. Soc. A 222, 309 (1922); C. R. Rao, Bull. Calcutta Math. Soc. 37, 81 (1945).",
        "A combination is not determined where the singular value of J, its columns normalised, is below 1e-5 of the "
        "largest, as in a refinement. PDFs count at r = n π/qmax only (Farrow et al., Phys. Rev. B 84, 134105 "
        "(2011)); with another qmax σ of G grows with √qmax, as noise that is white in F(Q) does.",
        "What this does not contain: errors of the model, systematic errors of the data, bounds, and what lies beyond "
        "the quadratic approximation, for which there is nanocrystal posterior.",
    ]
    return "".join(f"<p>{typeset(p)}</p>" for p in paragraphs)
