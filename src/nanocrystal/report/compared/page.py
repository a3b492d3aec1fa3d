"""The report of a comparison as one HTML file: candidates side by side, and what the data say of them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from nanocrystal.report.compared import tables
from nanocrystal.report.compared.figures import covers_superstructure, curves_figure, superstructure_figure
from nanocrystal.report.compared.result import DRAWS, STRONG, UNSURE, Comparison
from nanocrystal.report.page import sections
from nanocrystal.report.page.figures import MARKERS_UP_TO, Figure, abscissa, abscissae, wants_log_axes
from nanocrystal.report.page.page import Drawn, column, file_name, page
from nanocrystal.report.page.typography import short_name, typeset
from nanocrystal.report.refined.ratio_figure import ratio_figure
from nanocrystal.report.refined.reflections import Reflection, reflections
from nanocrystal.report.refined.result import FittedCurve, Result
from nanocrystal.report.refined.stack_figure import stack_figure


def comparison_html(comparison: Comparison) -> str:
    """Return the report of a comparison as a self-contained HTML page."""
    drawn = Drawn()
    title = comparison.title or "Candidates"
    bodies = [
        ("candidates", "Candidates", tables.candidates(comparison)),
        ("know", "What to know", _notes(comparison)),
        ("curves", "Curves", _curves(comparison, drawn)),
        ("superstructure", "Superstructure region", _superstructure(comparison, drawn)),
        ("parameters", "Parameters side by side", _parameters(comparison, f"{file_name(title)}-parameters.csv")),
        ("derived", "Derived quantities", tables.derived(comparison)),
        ("pairs", "Each against each", tables.pairs(comparison)),
        ("judged", "How this was judged", _judged(comparison)),
        ("provenance", "Provenance", _provenance(comparison)),
    ]
    data = {"atoms": {}, "parameters_csv": tables.parameters_csv(comparison)}
    return page("Comparison of candidates", title, comparison.version, _verdict(comparison), bodies, drawn, data)


def _verdict(comparison: Comparison) -> str:
    """Return the verdict in words, and what it rests on in figures."""
    kind = "good" if comparison.complete else "doubtful"
    if not any(s.judged for s in comparison.standings):
        kind = "bad"
    first, *rest = comparison.verdict or [""]
    said = f"<strong>{typeset(first)}</strong> {' '.join(typeset(s) for s in rest)}"
    points = sum(b.n_points for b in comparison.bases.values())
    independent = sum(b.n_independent for b in comparison.bases.values())
    facts = [
        ("candidates", f"{len(comparison.standings)}"),
        ("points", f"{points:,}".replace(",", "\u202f")),
        ("of them independent, about", f"{independent:.0f}"),
        ("elapsed", sections.duration(comparison.elapsed_s)),
        ("nanocrystal", escape(comparison.version)),
    ]
    return f'<p class="verdict {kind}">{said}</p>{sections.facts(facts)}'


def _notes(comparison: Comparison) -> str:
    """Return what limits the comparison, and what each refinement had to say."""
    own = [str(typeset(note)) for note in comparison.notes]
    for name, result in comparison.results.items():
        own += [f"<b>{escape(name)}</b>: {typeset(note)}" for note in result.notes]
    return f'<ul class="know">{"".join(f"<li>{note}</li>" for note in own)}</ul>' if own else ""


# ---- figures --------------------------------------------------------------------------------------


def _by_dataset(comparison: Comparison) -> dict[str, dict[str, FittedCurve]]:
    """Return data set -> candidate -> curve, best candidate first."""
    found: dict[str, dict[str, FittedCurve]] = {}
    for candidate, result in comparison.results.items():
        for name, curve in result.datasets.items():
            found.setdefault(name, {})[candidate] = curve
    return found


def _curves(comparison: Comparison, drawn: Drawn) -> str:
    parts = []
    for name, curves in _by_dataset(comparison).items():
        curve = next(iter(curves.values()))
        key = drawn.add(_figure(curves))
        spoken = f"{curve.y_name} against {curve.x_name} of {name}: observed, calculated by each candidate, differences"
        parts.append(
            sections.figure(
                key,
                drawn.count,
                _caption(name, curve),
                spoken,
                file_name(f"{comparison.title}-{name}"),
                "" if curve.look.stack else column(curve.x_name, curve.x_unit),
                [] if curve.look.stack else _buttons(curve),
            )
        )
    return sections.HINT + "".join(parts) if parts else ""


def _figure(curves: Mapping[str, FittedCurve]) -> Figure:
    """Return all candidates in one figure; of several curves in one data set only the best candidate's."""
    best = next(iter(curves.values()))
    if best.look.stack is not None:
        return stack_figure(best)
    return ratio_figure(curves) if best.labels else curves_figure(curves)


def _caption(name: str, curve: FittedCurve) -> str:
    count = f"{curve.n_points:,}".replace(",", "\u202f")
    sentences = [
        f"<b>{escape(name)}</b>: observed and calculated by each candidate, {count} points",
        f"Weights: {typeset(curve.weights)}",
        f"Source: {escape(curve.source)}",
        "Below, observed − calculated of each candidate in its colour, best first, all on one scale",
    ]
    if curve.look.stack is not None:
        sentences[0] = f"<b>{escape(name)}</b>: observed and calculated by the best candidate, {count} points"
        sentences[-1] = sections.STACKED[curve.look.stack.style]
    if curve.labels:
        sentences.append("They are in units of σ, and one σ to both sides is grey")
    if wants_log_axes(curve):
        sentences.append("They are in units of σ" if curve.sigma is not None else "They are relative to the curve")
    if curve.observed.size > MARKERS_UP_TO:
        sentences.append("The observed points lie too close for circles and are joined by a line")
    return ". ".join(sentences) + "."


def _buttons(curve: FittedCurve) -> list[str]:
    """Return the buttons for what the curves of a data set can show."""
    found = [sections.button("reset", "Reset zoom")]
    if curve.sigma is not None:
        found.append(sections.button("errors", "Error bars", pressed=bool(curve.labels)))
    if wants_log_axes(curve):
        found.append(sections.button("log", "Log axes", pressed=True))
    elif abscissa(curve) is not None and bool((curve.observed > 0.0).any()):
        found.append(sections.button("intensity", "Log intensity", pressed=False))
    choices = abscissae(curve)
    if len(choices) > 1:
        own = abscissa(curve)
        over = "".join(sections.button("over", short_name(k), k == own, f' data-to="{k}"') for k in choices)
        found.append(f'<span class="choice" role="group" aria-label="Abscissa">{over}</span>')
    return found


def _superstructure(comparison: Comparison, drawn: Drawn) -> str:
    parts = []
    marked = _marked(comparison)
    for name, curves in _by_dataset(comparison).items():
        curve = next(iter(curves.values()))
        if marked is None or not covers_superstructure(curve):
            continue
        candidate, found = marked
        key = drawn.add(superstructure_figure(curves, found))
        parts.append(
            sections.figure(
                key,
                drawn.count,
                _superstructure_caption(name, candidate, found),
                f"Reflections of {name} between 1.5 and 2.2 per ångström, observed and calculated",
                file_name(f"{comparison.title}-{name}-superstructure"),
                column(curve.x_name, curve.x_unit),
                [sections.button("reset", "Reset zoom"), sections.button("errors", "Error bars", pressed=False)],
            )
        )
    return "".join(parts)


def _marked(comparison: Comparison) -> tuple[str, list[Reflection]] | None:
    """Return the best candidate with a crystal, and its reflections between 1.5 and 2.2 Å⁻¹; None without one."""
    for candidate, result in comparison.results.items():
        found = [r for text in _crystals(result) for r in reflections(text, 1.5, 2.2)]
        if found:
            return candidate, found
    return None


def _crystals(result: Result) -> list[str]:
    return [text for name, text in result.structures.items() if name.endswith(".cif")]


def _superstructure_caption(name: str, candidate: str, found: list[Reflection]) -> str:
    sentences = [
        f"<b>{escape(name)}</b> between 1.5 and 2.2&nbsp;Å⁻¹, cut at the strong reflections",
        f"Marks: reflections of the refined crystal of {escape(candidate)}, labelled with the indices <i>hkl</i> of "
        "its cell (the strongest where several coincide, …)",
    ]
    kinds = {r.kind for r in found} & {"M", "R", "X"}
    if kinds:
        meaning = {
            "M": "M, <i>h</i> + <i>k</i> odd, <i>l</i> even: in-phase tilts",
            "R": "R, both odd: out-of-phase tilts",
            "X": "X, <i>h</i> + <i>k</i> even, <i>l</i> odd: both together",
        }
        sentences.append(
            "Rows are the points of the cubic zone they stem from: "
            + "; ".join(meaning[k] for k in ("M", "R", "X") if k in kinds)
        )
    return ". ".join(sentences) + "."


# ---- words ----------------------------------------------------------------------------------------


def _parameters(comparison: Comparison, file: str) -> str:
    table = tables.parameters(comparison)
    if not table:
        return ""
    said = (
        "<p>Values with their scaled standard uncertainty in brackets, in units of the last digit. "
        "Empty: the candidate has no such parameter; grey: not refined there.</p>"
    )
    save = f'<button type="button" id="parameters-csv" data-file="{escape(file)}">Save parameters (CSV)</button>'
    return said + table + save


def _judged(comparison: Comparison) -> str:
    if not comparison.bases:
        return ""
    paragraphs = [
        "χ²_eff = Σ χ² n_eff/(n s²) over the data sets, AIC = χ²_eff + 2 P, BIC = χ²_eff + P ln n_eff; P counts every "
        "refined parameter, linear ones too. s² is the smallest reduced χ² of any candidate (at least 1 where σ is "
        "known), so that a misfit that all share is no information. n_eff is the number of independent points, from "
        "the autocorrelation of the best residuals, n/(1 + 2 Σ ρ_k²).",
        "Two candidates are told apart where the one with the lower BIC also fits better, both by more than "
        f"{STRONG:g}, and where the chance that the difference has the other sign is below {100 * UNSURE:g} %. "
        f"That chance is from {DRAWS} draws of a block bootstrap of the difference of χ²: blocks of consecutive "
        "points, each moved by its own uncertainty, which is that of the noise where the better candidate describes "
        "the block, and the difference itself where it does not. More parameters count against a candidate, fewer do "
        "not count for it.",
        "H. Akaike, IEEE Trans. Autom. Control 19, 716 (1974); G. Schwarz, Ann. Stat. 6, 461 (1978); R. E. Kass & "
        "A. E. Raftery, J. Am. Stat. Assoc. 90, 773 (1995); Q. H. Vuong, Econometrica 57, 307 (1989); R. Y. Liu, "
        "Ann. Stat. 16, 1696 (1988); M. S. Bartlett, J. R. Stat. Soc. Suppl. 8, 27 (1946).",
    ]
    return tables.bases(comparison) + "".join(f"<p>{typeset(p)}</p>" for p in paragraphs)


def _provenance(comparison: Comparison) -> str:
    result = next(iter(comparison.results.values()), None)
    return "" if result is None else sections.provenance_of(comparison.inputs, comparison.version, result.provenance)
