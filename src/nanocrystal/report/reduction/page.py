"""The report of a reduction as one HTML file: curves, checks, and sliders that reduce again in the page."""

from __future__ import annotations

from html import escape
from importlib import resources
from typing import Any

from nanocrystal.reduction import DifferentialFunctions, PatternChange, ReducedPattern, ReductionResult
from nanocrystal.reduction.sum_rules import Check
from nanocrystal.report.page import sections, tables
from nanocrystal.report.page.numbers import concise, number
from nanocrystal.report.page.page import Drawn, file_name, page
from nanocrystal.report.page.typography import typeset
from nanocrystal.report.reduction import figures
from nanocrystal.report.reduction.files import settings_of
from nanocrystal.report.reduction.image import images_section

STYLE = """<style>
.live { display: flex; flex-wrap: wrap; gap: 0.6rem 1.6rem; align-items: center; margin: 0.8rem 0 0.4rem;
  padding: 0.7rem 1rem;
  border: 1px solid var(--line); border-radius: 4px; background: var(--tint); font-size: 0.92rem; }
.live label { display: flex; gap: 0.6rem; align-items: center; }
.live input { width: 11rem; accent-color: var(--accent); }
.live output { min-width: 3.2rem; font-variant-numeric: tabular-nums; font-weight: 600; }
.live-said { flex: 1 1 100%; color: var(--soft); font-size: 0.88rem; }
@media print { .live { display: none; } }
</style>"""
AGREES = 3.0
"""σ by which a check may be off"""
NEAR = 0.05
"""relative: nearer is good enough whatever σ is"""


def reduction_html(result: ReductionResult) -> str:
    """Return the report of a study of reductions as a self-contained HTML page."""
    drawn = Drawn()
    title = result.title or "Reduction"
    live = {name: figures.live_data(one) for name, one in result.reductions.items()}
    bodies = [
        ("know", "What to know", _notes(result)),
        ("pdf", "G(r)", _each(result, lambda name, one: _pdf(name, one, drawn))),
        ("live", "What qmax and rpoly do", _each(result, lambda name, one: _live(name, one, drawn)) + _script()),
        ("checks", "Checks", _each(result, lambda name, one: _checks(one.checks, one))),
        ("intensity", "I(Q) and blanks", _each(result, lambda name, one: _intensity(name, one, drawn))),
        ("image", "Detector images", images_section(result.images, drawn)),
        ("structure", "S(Q) and F(Q)", _each(result, lambda name, one: _structure(name, one, drawn))),
        ("differential", "Differential", "".join(_differential(d, drawn) for d in result.differentials.values())),
        ("unchanged", "Has anything changed?", "".join(_unchanged(c, drawn) for c in result.comparisons.values())),
        ("settings", "Settings", _each(result, lambda name, one: _settings(one))),
        ("methods", "Methods and citations", _methods(result)),
        ("provenance", "Provenance", sections.provenance_of(result.inputs, result.version, {})),
    ]
    data = {"atoms": {}, "parameters_csv": "", "reductions": live}
    return page("Reduction report", title, result.version, _verdict(result), bodies, drawn, data)


def _each(result: ReductionResult, part: Any) -> str:
    """Return a part of every reduction, under its name where there are several."""
    several = len(result.reductions) > 1
    found = [(name, part(name, one)) for name, one in result.reductions.items()]
    return "".join((f"<h3>{escape(name)}</h3>" if several else "") + text for name, text in found if text)


# ---- words --------------------------------------------------------------------------------------------


def _verdict(result: ReductionResult) -> str:
    shown = []
    for name, one in result.reductions.items():
        of = f" of {escape(name)}" if len(result.reductions) > 1 else ""
        shown += [
            (f"composition{of}", escape(one.composition.formula)),
            (f"Q<sub>max</sub>{of}", f"{one.pdf.qmax:g}&nbsp;Å⁻¹"),
            (f"points{of}", f"{len(one.structure.q)}"),
        ]
    wrong = [name for name, one in result.reductions.items() if any(check_state(c, one) == "off" for c in one.checks)]
    kind, said = "good", f"{len(result.reductions)} set{'s' * (len(result.reductions) > 1)} reduced."
    if wrong:
        kind = "doubtful"
        said = f"Reduced, but a sum rule does not hold for {', '.join(map(escape, wrong))}: see the checks."
    changed = "".join(f" {typeset(c.said[0])}" for c in result.comparisons.values())
    return f'<p class="verdict {kind}"><strong>{said}</strong>{changed}</p>{sections.facts(shown)}'


def _notes(result: ReductionResult) -> str:
    several = len(result.reductions) > 1
    own = [
        (f"<b>{escape(name)}</b>: " if several else "") + typeset(note)
        for name, one in result.reductions.items()
        for note in one.notes
    ]
    own += [typeset(note) for d in result.differentials.values() for note in d.notes]
    return f'<ul class="know">{"".join(f"<li>{note}</li>" for note in own)}</ul>' if own else ""


def check_state(check: Check, one: ReducedPattern) -> str:
    """Return "good", "off", or why it says nothing."""
    if check.expected is None:
        return "ρ₀ not given"
    if check.name != "high_q" and one.settings.method == "polynomial":
        return "not kept by the polynomial"
    near = abs(check.found - check.expected) <= NEAR * abs(check.expected)
    within = check.sigma is not None and abs(check.found - check.expected) <= AGREES * check.sigma
    return "good" if near or within else "off"


def _checks(checks: Any, one: ReducedPattern) -> str:
    body = []
    for check in checks:
        expected = "—" if check.expected is None else number(check.expected, 4)
        state = {"good": "good", "off": "<b>off</b>"}.get(check_state(check, one), escape(check_state(check, one)))
        body.append(
            f'<tr><th scope="row">{typeset(check.meaning)}</th>'
            f'<td class="value">{concise(check.found, check.sigma)}</td>'
            f"<td>{expected}</td><td>{escape(check.unit)}</td><td>{state}</td></tr>"
        )
    heads = ("Check", "Found", "Should be", "Unit", "")
    said = (
        f'<p class="explain">In brackets the standard uncertainty from the counts alone. Good: within {AGREES:g} of '
        f"them or {100 * NEAR:.0f} %. The polynomial takes out whatever G(r) has below r<sub>poly</sub>, the slope "
        "−4πρ₀ with it, so that its scale is not absolute.</p>"
    )
    return tables.framed_table("Checks", heads, body) + said


def _settings(one: ReducedPattern) -> str:
    rows = {k: v for k, v in settings_of(one).items() if v is not None}
    body = [f'<tr><th scope="row"><code>{escape(k)}</code></th><td>{escape(str(v))}</td></tr>' for k, v in rows.items()]
    constants = "".join(
        f'<tr><th scope="row">{escape(name)}<span class="said">{escape(c.description)}</span></th>'
        f'<td class="value">{concise(c.value, c.stderr)}</td><td>{escape(c.unit)}</td></tr>'
        for name, c in one.structure.constants.items()
    )
    found = (
        tables.framed_table("Constants found", ("Constant found", "Value", "Unit"), [constants]) if constants else ""
    )
    return found + tables.framed_table("Settings", ("Setting", "Value"), body)


def _blank_table(one: ReducedPattern) -> str:
    body = []
    for scale in one.scales:
        fitted = "given"
        if scale.fit_range is not None:
            fitted = f"fitted between {scale.fit_range[0]:g} and {scale.fit_range[1]:g} Å⁻¹"
            fitted += "" if scale.chi2_red is None else f", χ²<sub>red</sub> {number(scale.chi2_red, 3)}"
        value = concise(scale.value, scale.stderr)
        body.append(
            f'<tr><th scope="row">{escape(scale.name)}</th><td class="value">{value}</td><td>{fitted}</td></tr>'
        )
    return tables.framed_table("Blanks", ("Blank", "Scale", ""), body) if body else ""


# ---- figures ------------------------------------------------------------------------------------------


def _pdf(name: str, one: ReducedPattern, drawn: Drawn) -> str:
    sentences = [f"G(r) of <b>{escape(name)}</b>, Q from {one.pdf.qmin:g} to {one.pdf.qmax:g}&nbsp;Å⁻¹"]
    if one.pdf.window != "none":
        sentences.append("with Lorch's window")
    sigma = (
        "The band is one σ of each point by itself; points closer than π/Q<sub>max</sub> = "
        f"{3.14159265 / one.pdf.qmax:.3f}&nbsp;Å are correlated."
    )
    caption = ", ".join(sentences) + ". " + (sigma if one.pdf.sigma is not None else "No σ is known.")
    hint = sections.HINT if not drawn.count else ""
    return hint + _figure(drawn, figures.pdf_figure(one), caption, f"G of {name} against r", f"{name}-gr", "r (Å)")


def _intensity(name: str, one: ReducedPattern, drawn: Drawn) -> str:
    caption = f"Intensity of <b>{escape(name)}</b> as measured, the blanks as subtracted, and what is left."
    figure = figures.intensity_figure(one)
    log = figure["layout"]["yaxis"]["type"] == "log"
    buttons = [sections.button("intensity", "Log intensity", pressed=log)]
    spoken = f"Intensity of {name} against Q with blanks"
    return _figure(drawn, figure, caption, spoken, f"{name}-iq", "Q (Å⁻¹)", buttons) + _blank_table(one)


def _structure(name: str, one: ReducedPattern, drawn: Drawn) -> str:
    band = " The band is one σ." if one.structure.spread is not None else ""
    s = _figure(
        drawn,
        figures.structure_figure(one),
        f"S(Q) of <b>{escape(name)}</b>.{band}",
        f"S of {name} against Q",
        f"{name}-sq",
        "Q (Å⁻¹)",
    )
    f = _figure(
        drawn,
        figures.f_figure(one),
        f"F(Q) = Q [S(Q) − 1] of <b>{escape(name)}</b>.{band}",
        f"F of {name} against Q",
        f"{name}-fq",
        "Q (Å⁻¹)",
    )
    return s + f


def _live(name: str, one: ReducedPattern, drawn: Drawn) -> str:
    figure = figures.live_figure(one)
    what = "Everything from the counts on is" if one.settings.method == "polynomial" else "The transform is"
    caption = (
        f"F(Q), left, and G(r), right, of <b>{escape(name)}</b>: as reduced, and with the settings of the sliders. "
        f"{what} calculated again in this page."
    )
    drawn_figure = _figure(drawn, figure, caption, f"F and G of {name} for other settings", f"{name}-settings", "")
    return _sliders(name, one, f"figure-{drawn.count}") + drawn_figure


def _sliders(name: str, one: ReducedPattern, key: str) -> str:
    end = float(one.structure.q[-1])
    polynomial = one.settings.method == "polynomial"
    sliders = [("qmax", "Q<sub>max</sub> (Å⁻¹)", 0.25 * end, end, one.pdf.qmax)]
    if polynomial:
        sliders.append(("rpoly", "r<sub>poly</sub> (Å)", 0.0, max(2.5, one.settings.rpoly), one.settings.rpoly))
    if polynomial and one.scales:
        sliders.append(("blanks", "blanks ×", 0.5, 1.5, 1.0))
    sliders.append(("qmin", "Q<sub>min</sub> (Å⁻¹)", 0.0, max(2.0, one.pdf.qmin), one.pdf.qmin))
    inputs = "".join(
        f'<label><span>{text}</span> <input type="range" name="{field}" min="{low:g}" max="{high:.6g}" step="any"'
        f' value="{value:.10g}">'
        f"<output>{value:.2f}</output></label>"
        for field, text, low, high, value in sliders
    )
    options = "".join(
        f'<option value="{window}"{" selected" if window == one.pdf.window else ""}>{window}</option>'
        for window in ("none", "lorch")
    )
    return (
        f'<div class="live" data-name="{escape(name)}" data-figure="{key}">{inputs}'
        f'<label><span>window</span> <select name="window">{options}</select></label>'
        '<button type="button">As reduced</button><span class="live-said" role="status"></span></div>'
    )


def _script() -> str:
    """Return style and script of the sliders; the script waits until the page's own has drawn the figures."""
    script = resources.files("nanocrystal.report.reduction").joinpath("reduction.js").read_text(encoding="utf-8")
    return f"{STYLE}<script>\n{script}\n</script>"


def _differential(difference: DifferentialFunctions, drawn: Drawn) -> str:
    names = f"<b>{escape(difference.first)}</b> − {concise(difference.scale, difference.scale_stderr)} × "
    names += f"<b>{escape(difference.other)}</b>"
    fitted = ""
    if difference.fit_range is not None:
        low, high = difference.fit_range
        fitted = f" The scale was fitted to F(Q) between {low:g} and {high:g}&nbsp;Å⁻¹."
    of_intensity, of_pdf = figures.differential_figures(difference)
    file = f"{difference.first}-minus-{difference.other}"
    spoken = f"Differential G of {difference.first}"
    of_g = _figure(drawn, of_pdf, f"Differential G(r): {names}.{fitted}", spoken, f"{file}-gr", "r (Å)")
    of_i = _figure(
        drawn,
        of_intensity,
        f"Differential I(Q): scale {number(difference.intensity_scale, 5)} of the other.",
        f"Differential intensity of {difference.first}",
        f"{file}-iq",
        "Q (Å⁻¹)",
    )
    return f"<h3>{escape(difference.first)} − {escape(difference.other)}</h3>{of_g}{of_i}"


def _unchanged(comparison: PatternChange, drawn: Drawn) -> str:
    said = "".join(f"<p>{typeset(sentence)}</p>" for sentence in comparison.said)
    terms = comparison.background_terms
    nuisance = "The scale of the second pattern" if comparison.scale_stderr is not None else "Nothing"
    nuisance += f" and {terms} Chebyshev terms were" if terms else " was"
    caption = (
        f"Difference of <b>{escape(comparison.first)}</b> and {number(comparison.scale, 5)} × "
        f"<b>{escape(comparison.second)}</b> in units of σ, with what would be seen of the largest changes that 95 % "
        f"leaves possible. {nuisance} fitted with it."
    )
    file = f"{comparison.first}-against-{comparison.second}"
    spoken = f"Difference of {comparison.first} and {comparison.second} over sigma"
    figure = _figure(drawn, figures.unchanged_figure(comparison), caption, spoken, file, "Q (Å⁻¹)")
    return f"<h3>{escape(comparison.first)} against {escape(comparison.second)}</h3>{said}{figure}"


def _figure(
    drawn: Drawn, figure: dict[str, Any], caption: str, spoken: str, file: str, x: str, buttons: list[str] | None = None
) -> str:
    key = drawn.add(figure)
    shown = [sections.button("reset", "Reset zoom"), *(buttons or [])]
    return sections.figure(key, drawn.count, caption, spoken, file_name(file), x, shown)


# ---- methods ------------------------------------------------------------------------------------------


def _methods(result: ReductionResult) -> str:
    methods = {one.settings.method for one in result.reductions.values()}
    paragraphs = [
        "S(Q) = [I/N − (⟨f²⟩ − ⟨f⟩²)]/⟨f⟩², F(Q) = Q [S(Q) − 1], G(r) = (2/π) ∫ F(Q) sin(Qr) dQ by a direct sum; form "
        "factors of neutral atoms by D. Waasmaier & A. Kirfel, Acta Cryst. A51, 416 (1995). σ are those of the counts "
        "of sample and blanks, propagated to first order through every step, with all correlations that these make.",
    ]
    if "polynomial" in methods:
        paragraphs.append(
            "Polynomial: the intensity is scaled to ⟨f²⟩ by least squares, and what a polynomial Q p(Q) of degree "
            "rpoly qmaxinst/π describes of F(Q) is taken out (P. Juhás, T. Davis, C. L. Farrow & S. J. L. Billinge, "
            "J. Appl. Cryst. 46, 560 (2013))."
        )
    if "physical" in methods:
        paragraphs.append(
            "Physical: absorption and polarisation are divided out, Compton scattering (H. H. M. Balyuzi, Acta Cryst. "
            "A31, 600 (1975), with its recoil) and fluorescence subtracted; the scale is that of high Q, or of the sum "
            "rule of J. Krogh-Moe, Acta Cryst. 9, 951 (1956), and N. Norman, Acta Cryst. 10, 370 (1957)."
        )
    return "".join(f"<p>{typeset(text)}</p>" for text in paragraphs)
