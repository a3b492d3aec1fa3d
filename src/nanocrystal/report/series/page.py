"""The report of a whole series as one HTML file: parameters, patterns and preferred candidates along the variable."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from nanocrystal.report.page import sections
from nanocrystal.report.page.figures import label
from nanocrystal.report.page.numbers import concise, merit, number
from nanocrystal.report.page.page import Drawn, column, file_name, page
from nanocrystal.report.page.tables import framed_table, name_cell
from nanocrystal.report.page.typography import typeset
from nanocrystal.report.series.figures import (
    color_of,
    delta_bic_of,
    map_figure,
    merit_of,
    patterns_of,
    stacked_figure,
    value_figure,
)
from nanocrystal.report.series.files import series_csv, state_of
from nanocrystal.report.series.result import (
    ORDER_PARAMETER,
    MemberFit,
    MemberResult,
    SeriesResult,
    SeriesValue,
    shown_addresses,
)
from nanocrystal.report.series.words import findings, transition_sentences, with_unit

COLUMNS = (
    "<style>.many{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(25rem,100%),1fr));gap:0 1.6rem}"
    ".many figure{min-width:0}@media print{.many{display:block}}</style>"
)
MODES = {
    "sequential": "one after the other, each from the values of the one before",
    "independent": "each from the values of the study",
    "shared": "all at once, with parameters in common",
}


def series_html(series: SeriesResult) -> str:
    """Return the report of a series as a self-contained HTML page."""
    drawn = Drawn()
    title = series.title or "Series"
    bodies = [
        ("found", "What was found", _findings(series)),
        ("know", "What to know", _notes(series)),
        ("candidates", "Candidates along the series", _candidates(series, drawn)),
        ("order", "Order parameter", _order_parameter(series, drawn)),
        ("patterns", "Patterns", _patterns(series, drawn)),
        ("parameters", f"Parameters against {escape(series.variable)}", _parameters(series, drawn)),
        ("quality", "Quality of the fits", _quality(series, drawn)),
        ("slopes", "Slopes", _slopes(series)),
        ("members", "Members", _members(series)),
        ("methods", "How it was done", _methods(series)),
    ]
    data = {"atoms": {}, "parameters_csv": series_csv(series)}
    return page("Series of refinements", title, series.version, _verdict(series), bodies, drawn, data)


def _verdict(series: SeriesResult) -> str:
    """Return how many members there are and how they ended, and figures of the whole."""
    failed = [m for m in series.members if m.fit is None]
    kind, said = "good", f"All {len(series.members)} members converged."
    if series.missing:
        kind, said = "bad", f"{len(series.members)} members are done, {len(series.missing)} are not."
    elif failed:
        kind, said = "doubtful", f"{len(failed)} of {len(series.members)} members failed."
    elif not series.complete:
        kind, said = "doubtful", "Not all members converged."
    values = [m.value for m in series.members]
    span = f"{number(min(values), 7)} to {with_unit(max(values), series)}" if values else "none"
    words = " ".join(typeset(_capital(s)) for s in transition_sentences(series)[:2] or findings(series)[:1])
    rw = [p.rw for m in series.good if m.fit is not None for p in m.fit.patterns.values()]
    facts = [
        ("members", f"{len(series.members)}"),
        (escape(series.variable), escape(span)),
        ("<i>R</i><sub>w</sub>", f"{merit(min(rw))} to {merit(max(rw))}" if rw else "—"),
        ("elapsed", sections.duration(series.elapsed_s)),
        ("nanocrystal", escape(series.version)),
    ]
    return f'<p class="verdict {kind}"><strong>{said}</strong> {words}</p>{sections.facts(facts)}'


def _capital(text: str) -> str:
    """Return a sentence with a capital at its beginning, unless it begins with an address."""
    return text if "." in text.split(" ")[0] else text[:1].upper() + text[1:]


def _findings(series: SeriesResult) -> str:
    items = [f"<li>{typeset(_capital(s))}</li>" for s in findings(series)]
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _notes(series: SeriesResult) -> str:
    return f'<ul class="know">{"".join(f"<li>{typeset(n)}</li>" for n in series.notes)}</ul>' if series.notes else ""


# ---- figures --------------------------------------------------------------------------------------


def _figure(series: SeriesResult, drawn: Drawn, figure: object, caption: str, spoken: str, part: str) -> str:
    key = drawn.add(figure)  # type: ignore[arg-type]
    x = column(series.variable, series.unit)
    file = file_name(f"{series.title}-{part}")
    return sections.figure(key, drawn.count, caption, spoken, file, x, [sections.button("reset", "Reset zoom")])


def _symbols_explained(series: SeriesResult) -> str:
    said = ["Bars: scaled standard error"]
    if series.candidates:
        said.append("full symbols: the candidate is preferred there; grey: where the preferred candidate changes")
    return "; ".join([*said, "crosses: at a bound or not determined"]) + "."


def _candidates(series: SeriesResult, drawn: Drawn) -> str:
    if not series.candidates:
        return ""
    listed = [
        f'<li><span class="key" style="background:{color_of(c, series)}"></span><b>{escape(c)}</b> '
        f"{escape(series.descriptions.get(c, ''))}: preferred in "
        f"{sum(m.preferred == c for m in series.members)} of {len(series.good)} members</li>"
        for c in series.candidates
    ]
    figure = value_figure(series, delta_bic_of, "ΔBIC", 340)
    caption = (
        "By how much BIC is above that of the best candidate of each member; above 6 and confirmed by the bootstrap, "
        "the candidate is worse. Full symbols: preferred, the simplest that the data cannot tell apart from the best."
    )
    spoken = f"Difference of BIC of each candidate against {series.variable}"
    drawing = _figure(series, drawn, figure, caption, spoken, "bic") if series.mode != "shared" else ""
    return f"<ul>{''.join(listed)}</ul>{drawing}"


def _order_parameter(series: SeriesResult, drawn: Drawn) -> str:
    known = [
        f.derived[ORDER_PARAMETER] for m in series.members for f in m.fits.values() if ORDER_PARAMETER in f.derived
    ]
    if not known:
        return ""
    first = known[0]
    figure = value_figure(
        series,
        _derived(ORDER_PARAMETER),
        label(_capital(first.description) + (f" ({first.unit})" if first.unit else "")),
        380,
    )
    caption = f"<b>{escape(first.description)}</b> = <code>{escape(series.order_parameter)}</code>. "
    spoken = f"{first.description} against {series.variable}"
    return _figure(series, drawn, figure, caption + _symbols_explained(series), spoken, "order-parameter")


def _patterns(series: SeriesResult, drawn: Drawn) -> str:
    names = dict.fromkeys(n for m in series.good if m.fit is not None for n in m.fit.patterns)
    parts = []
    for name in names:
        for branch in series.branches:
            rows = patterns_of(series, name, branch)
            if len(rows) < 2:
                continue
            of = f"<b>{escape(name)}</b>{f', {escape(branch)}' if branch else ''}"
            part = "-".join(p for p in (name, branch) if p)
            rest = "; the dashed line is a transition, the squares at the right are the preferred candidates"
            rest = rest if series.candidates else ""
            stacked = stacked_figure(series, rows)
            model = "what the preferred candidate calculates" if series.candidates else "the calculated ones"
            caption = f"{of}: observed patterns and, thin, {model}, by {escape(series.variable)}."
            parts.append(_figure(series, drawn, stacked, caption, f"Patterns of {name}", f"{part}-stacked"))
            for from_mean, what in ((False, "observed"), (True, "difference from the mean of all members")):
                drawing = map_figure(series, rows, from_mean)
                caption = f"{of}: {what}{rest}."
                spoken = f"Map of {name} over {series.variable}: {what}"
                parts.append(
                    _figure(series, drawn, drawing, caption, spoken, f"{part}-{'change' if from_mean else 'map'}")
                )
    return sections.HINT + "".join(parts) if parts else ""


def _parameters(series: SeriesResult, drawn: Drawn) -> str:
    parts = []
    for address in shown_addresses(series.members):
        first = next(f.values[address] for m in series.members for f in m.fits.values() if address in f.values)
        figure = value_figure(series, _refined(address), _axis_of(address, first.unit))
        caption = f"<code>{escape(address)}</code>{f', {escape(first.description)}' if first.description else ''}."
        spoken = f"{address} against {series.variable}"
        parts.append(_figure(series, drawn, figure, caption, spoken, re.sub(r"\W", "-", address)))
    save = (
        f'<button type="button" id="parameters-csv" data-file="{file_name(series.title)}.csv">'
        "Save all parameters (CSV)</button>"
    )
    said = f'<p class="explain">{_symbols_explained(series)}</p>'
    return f'{COLUMNS}{said}<div class="many">{"".join(parts)}</div>{save}' if parts else ""


def _axis_of(address: str, unit: str) -> str:
    """Return the title of the axis of a parameter: the end of its address, and its unit."""
    parts = address.split(".")
    shown = " ".join(parts[-2:] if len(parts) > 3 else parts[-1:])
    return label(f"{shown} ({unit})" if unit else shown)


def _quality(series: SeriesResult, drawn: Drawn) -> str:
    parts = []
    for name in dict.fromkeys(n for m in series.members for f in m.fits.values() for n in f.patterns):
        known = [f.patterns[name] for m in series.members for f in m.fits.values() if name in f.patterns]
        figure = value_figure(series, merit_of(name, "rw"), "<i>R</i><sub>w</sub> (%)")
        parts.append(
            _figure(
                series, drawn, figure, f"<i>R</i><sub>w</sub> of <b>{escape(name)}</b>.", f"R_w of {name}", f"rw-{name}"
            )
        )
        if any(p.gof is not None for p in known):
            figure = value_figure(series, merit_of(name, "gof"), "GoF")
            parts.append(
                _figure(series, drawn, figure, f"GoF of <b>{escape(name)}</b>.", f"GoF of {name}", f"gof-{name}")
            )
    return f'<div class="many">{"".join(parts)}</div>' if parts else ""


def _refined(address: str):  # type: ignore[no-untyped-def]
    def pick(fit: MemberFit) -> SeriesValue | None:
        value = fit.values.get(address)
        return None if value is None or value.status == "fixed" else value

    return pick


def _derived(name: str):  # type: ignore[no-untyped-def]
    return lambda fit: fit.derived.get(name)


# ---- tables ---------------------------------------------------------------------------------------


def _members(series: SeriesResult) -> str:
    """Return one row a member, with a link to its own report."""
    datasets = list(dict.fromkeys(n for m in series.good if m.fit is not None for n in m.fit.patterns))
    has_branches = len(series.branches) > 1
    heads = ["Member", escape(column(series.variable, series.unit)), *(["Branch"] if has_branches else [])]
    heads += ["Preferred"] if series.candidates else []
    heads += [f"<i>R</i><sub>w</sub> {escape(n)}" for n in datasets] + ["Next best<br>ΔBIC"] * bool(series.candidates)
    heads += ["Order<br>parameter"] * bool(series.order_parameter) + ["State", "Time"]
    body = [_member_row(series, m, datasets, has_branches) for m in series.members]
    return framed_table("Members", heads, body) if body else ""


def _member_row(series: SeriesResult, m: MemberResult, datasets: Sequence[str], has_branches: bool) -> str:
    name = escape(m.name)
    link = f'<a href="{escape(m.report)}">{name}</a>' if m.report else name
    cells = [number(m.value, 7), *([escape(m.branch)] if has_branches else [])]
    if series.candidates:
        cells.append(_preferred(series, m))
    for n in datasets:
        cells.append("—" if m.fit is None or n not in m.fit.patterns else f"{100.0 * m.fit.patterns[n].rw:.2f}&nbsp;%")
    if series.candidates:
        others = [f.delta_bic for c, f in m.fits.items() if c != m.preferred and f.delta_bic is not None]
        own = m.fit.delta_bic if m.fit is not None and m.fit.delta_bic is not None else 0.0
        cells.append(f"{min(others) - own:.1f}".replace("-", "−") if others else "—")
    if series.order_parameter:
        known = [f.derived[ORDER_PARAMETER] for f in m.fits.values() if ORDER_PARAMETER in f.derived]
        cells.append(concise(known[0].value, known[0].stderr) if known else "—")
    kind = "free" if state_of(m) == "converged" else "at_bound"
    said = f'<span class="said">{typeset(m.problem)}</span>' if m.problem else ""
    cells.append(f'<span class="status {kind}">{state_of(m)}</span>{said}')
    cells.append(sections.duration(m.elapsed_s).replace(" ", "&nbsp;"))
    return f'<tr><th scope="row">{link}</th>{"".join(f"<td>{c}</td>" for c in cells)}</tr>'


def _preferred(series: SeriesResult, m: MemberResult) -> str:
    if m.preferred is None:
        return "—"
    key = f'<span class="key" style="background:{color_of(m.preferred, series)}"></span>'
    others = [c for c in m.best if c != m.preferred]
    also = f'<span class="said">not told apart from {escape(", ".join(others))}</span>' if others else ""
    return f"{key}{escape(m.preferred)}{also}"


def _slopes(series: SeriesResult) -> str:
    """Return the straight lines of all refined parameters."""
    body = []
    per = f"/{series.unit}" if series.unit else ""
    for t in series.trends:
        of = ", ".join(p for p in (t.candidate, t.branch) if p)
        relative = concise(1e6 * t.line.relative, 1e6 * t.line.relative_stderr) if t.line.level > 0.0 else "—"
        cells = [
            concise(t.line.slope, t.line.stderr),
            escape(f"{t.unit or '1'}{per}"),
            relative,
            f"{t.line.n}",
            merit(t.line.chi2_red),
        ]
        body.append(f"<tr>{name_cell(t.address, of)}{''.join(f'<td>{c}</td>' for c in cells)}</tr>")
    unit = f"10⁻⁶{per}" if per else "10⁻⁶"
    heads = ("Parameter", "Slope", "Unit", f"Slope/value<br>({escape(unit)})", "Members", "χ²<sub>red</sub>")
    said = (
        '<p class="explain">Weighted straight lines over the members where the candidate is preferred. Uncertainties '
        "are multiplied by √χ²<sub>red</sub> where that exceeds 1; a large χ²<sub>red</sub> means that the parameter "
        "does not follow a straight line. A χ²<sub>red</sub> far below 1 means that the error bars hold a misfit that "
        "all members share: their differences are surer than their values.</p>"
    )
    return said + framed_table("Slopes", heads, body) if body else ""


def _methods(series: SeriesResult) -> str:
    said = [f"The members were refined {MODES[series.mode]}."]
    if series.shared:
        said.append(f"In common: {', '.join(series.shared)}.")
    if series.candidates:
        said.append(
            "The candidates of each member were judged by BIC on χ² scaled by the misfit that all share and with the "
            "number of independent points, confirmed by a block bootstrap; the report of the member has the details. "
            "Of those that cannot be told apart from the best, the one with the fewest parameters is preferred. A "
            "transition lies between neighbouring members with different preferred candidates; its value is their "
            "middle, its uncertainty half their distance, which is a bracket and no standard deviation."
        )
    return "".join(f"<p>{typeset(s)}</p>" for s in said)
