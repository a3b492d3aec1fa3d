"""The tables of a comparison as HTML; every text from outside is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nanocrystal.report.compared.figures import COLORS
from nanocrystal.report.compared.result import Comparison, Standing
from nanocrystal.report.page.numbers import MINUS, concise, merit, number
from nanocrystal.report.page.tables import NO_UNCERTAINTY, REFINED, framed_table, name_cell, value_text
from nanocrystal.report.page.typography import typeset
from nanocrystal.report.refined.result import Estimate, Result
from nanocrystal.text import csv_of_rows

R_WP = "<i>R</i><sub>wp</sub>"
EMPTY = "<td></td>"


def candidates(comparison: Comparison) -> str:
    """Return one row for each candidate: figures of merit, and how it stands to the best."""
    if not comparison.standings:
        return ""
    datasets = list(comparison.bases)
    heads = ["Candidate", *_dataset_heads(datasets), "GoF", "<i>P</i>", "ΔBIC", "ΔAIC", "chance of the<br>other sign"]
    body = [_candidate_row(comparison, s, k, datasets) for k, s in enumerate(comparison.standings)]
    numeric = range(1, len(heads))
    link = '<p class="explain">Each candidate has its own report in the folder of its name.</p>'
    return framed_table("Candidates, the best first", [*heads, ""], body, numeric=list(numeric)) + link


def _dataset_heads(datasets: Sequence[str]) -> list[str]:
    if len(datasets) <= 1:
        return [R_WP, f"{R_WP} without<br>background"]
    return [f"{R_WP}<br>{escape(name)}" for name in datasets]


def _candidate_row(comparison: Comparison, s: Standing, k: int, datasets: Sequence[str]) -> str:
    color = COLORS[k % len(COLORS)] if s.result is not None else "transparent"
    said = f'<span class="said">{escape(s.description)}</span>' if s.description else ""
    title = escape(s.name)
    if s.result is not None:
        title = f'<a href="{title}/report.html">{title}</a>'
    head = f'<th scope="row"><span class="key" style="background:{color}"></span><b>{title}</b>{said}</th>'
    if s.result is None:
        wide = f'<td colspan="{len(_dataset_heads(datasets)) + 6}">{typeset(s.problem)}</td>'
        return f'<tr class="undetermined">{head}{wide}</tr>'
    cells = [*_residual_cells(s.result, datasets), "—" if s.gof is None else f"{s.gof:.3f}", f"{s.n_parameters}"]
    if s.delta_bic is None or s.delta_aic is None:
        rest = f'<td colspan="4">{typeset(s.problem)}</td>'
        return f'<tr class="undetermined">{head}{_right(cells)}{rest}</tr>'
    against = next((p for p in comparison.pairs if (p.better, p.worse) == (comparison.best[0], s.name)), None)
    cells += [_change(s.delta_bic), _change(s.delta_aic), "—" if against is None else chance(against.probability)]
    return f"<tr>{head}{_right(cells)}<td>{_pill(comparison, s)}</td></tr>"


def _residual_cells(result: Result, datasets: Sequence[str]) -> list[str]:
    names = datasets or list(result.datasets)
    if len(names) > 1:
        return [_percent(result.datasets[name].rwp) for name in names]
    curve = result.datasets[names[0]]
    net = curve.rwp_without_background
    return [_percent(curve.rwp), "—" if net is None else _percent(net)]


def _pill(comparison: Comparison, s: Standing) -> str:
    best = comparison.best
    if s.name not in best:
        return '<span class="status at_bound">worse</span>'
    return f'<span class="status free">{"best" if len(best) == 1 else "not told apart"}</span>'


def pairs(comparison: Comparison) -> str:
    """Return one row for each pair, left out where the table of candidates says it all."""
    if len(comparison.pairs) < 2:
        return ""
    body = []
    for p in comparison.pairs:
        cells = [_change(p.delta_chi2), _change(p.delta_bic), chance(p.probability)]
        said = f"{p.better} better" if p.told_apart else "cannot be told apart"
        names = f'<th scope="row">{escape(p.better)} – {escape(p.worse)}</th>'
        body.append(f"<tr>{names}{_right(cells)}<td>{escape(said)}</td></tr>")
    heads = ("Pair", "Δχ²<sub>eff</sub>", "ΔBIC", "chance of the<br>other sign", "Verdict")
    return framed_table("Each candidate against each", heads, body, numeric=(1, 2, 3))


def bases(comparison: Comparison) -> str:
    """Return what each data set counts in the comparison."""
    body = []
    for name, b in comparison.bases.items():
        cells = [f"{b.n_points}", f"{b.n_independent:.0f}", f"{b.correlation:.2f}", f"{b.block}", merit(b.scale)]
        body.append(f'<tr><th scope="row">{escape(name)}</th>{_right(cells)}<td>{typeset(b.source)}</td></tr>')
    heads = ("Data set", "points", "independent", "correlation<br>(points)", "block<br>(points)", "<i>s</i>²", "Source")
    return framed_table("What each data set counts", heads, body, numeric=(1, 2, 3, 4, 5))


def parameters(comparison: Comparison) -> str:
    """Return the parameters that any candidate refines or that differ, one column a candidate."""
    results = comparison.results
    chosen = [a for a in _addresses(results) if _worth_showing([r.parameters.get(a) for r in results.values()])]
    body = []
    for a in chosen:
        own = {n: r.parameters.get(a) for n, r in results.items()}
        first = next(p for p in own.values() if p is not None)
        cells = "".join(_estimate_cell(p) for p in own.values())
        body.append(f"<tr>{name_cell(a, first.description)}{cells}<td>{escape(first.unit)}</td></tr>")
    heads = ("Parameter", *(escape(n) for n in results), "Unit")
    return framed_table("Parameters side by side", heads, body) if body else ""


def derived(comparison: Comparison) -> str:
    """Return the derived quantities that two candidates or more have, one column a candidate."""
    results = comparison.results
    body = []
    for a in dict.fromkeys(a for r in results.values() for a in r.derived):
        known = [r.derived[a] for r in results.values() if a in r.derived]
        if len(known) > 1:
            own = [r.derived.get(a) for r in results.values()]
            cells = "".join(EMPTY if d is None else f'<td class="value">{concise(d.value, d.stderr)}</td>' for d in own)
            body.append(f"<tr>{name_cell(a, known[0].description)}{cells}<td>{escape(known[0].unit)}</td></tr>")
    heads = ("Quantity", *(escape(n) for n in results), "Unit")
    said = '<p class="explain">What only one candidate has, such as bonds and tilts, is in its own report.</p>'
    return framed_table("Derived quantities", heads, body) + said if body else ""


def parameters_csv(comparison: Comparison) -> str:
    """Return all parameters of all candidates, unrounded, as comma-separated values."""
    heads = ("candidate", "parameter", "value", "stderr", "stderr_scaled", "unit", "status")
    rows = []
    for name, result in comparison.results.items():
        for address, p in result.parameters.items():
            errors = (None, None) if p.status in NO_UNCERTAINTY else (p.stderr, p.stderr_scaled)
            rows.append((name, address, p.value, *errors, p.unit, p.status))
    return csv_of_rows(heads, rows, digits=None)


def chance(probability: float) -> str:
    """Return a probability of the bootstrap, which knows nothing below one in a thousand."""
    return "&lt; 0.1 %" if probability < 1e-3 else f"{100.0 * probability:.2g} %"


def _addresses(results: dict[str, Result]) -> list[str]:
    return list(dict.fromkeys(a for r in results.values() for a in r.parameters))


def _worth_showing(own: Sequence[Estimate | None]) -> bool:
    known = [p for p in own if p is not None]
    if any(p.status in REFINED or p.status == "tied" for p in known):
        return True
    return len(known) > 1 and any(p.value != known[0].value for p in known)


def _estimate_cell(p: Estimate | None) -> str:
    if p is None:
        return EMPTY
    if p.status in NO_UNCERTAINTY:
        return f'<td class="value">{value_text(p)}<span class="said">{NO_UNCERTAINTY[p.status]}</span></td>'
    if p.status in ("fixed", "tied"):
        return f'<td class="held">{concise(p.value, p.stderr_scaled)}</td>'
    return f'<td class="value">{value_text(p)}</td>'


def _right(cells: Sequence[str]) -> str:
    return "".join(f'<td class="right">{c}</td>' for c in cells)


def _percent(value: float) -> str:
    return f"{100.0 * value:.2f} %"


def _change(value: float) -> str:
    """Return a difference of χ² or BIC to one decimal, large ones to a whole number."""
    if abs(value) >= 1e5:
        return number(value, 3)
    return (f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}").replace("-", MINUS)
