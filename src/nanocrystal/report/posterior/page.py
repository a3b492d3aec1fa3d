"""The report of a posterior as one HTML file."""

from __future__ import annotations

from html import escape

from nanocrystal.report.page import sections, tables
from nanocrystal.report.page.numbers import concise, merit, number
from nanocrystal.report.page.page import Drawn, file_name, page
from nanocrystal.report.page.typography import typeset
from nanocrystal.report.posterior.figures import MOST, corner_figure, corner_names, traces_figure
from nanocrystal.report.posterior.result import BURNED, FEWEST_DRAWS, LONG, MOST_RATIO, Marginal, Posterior
from nanocrystal.report.posterior.words import interval_parts, limit_words, rounded


def posterior_html(found: Posterior) -> str:
    """Return the report of a posterior as a self-contained HTML page."""
    drawn = Drawn()
    title = found.title or "Posterior"
    names = corner_names(found)
    bodies = [
        ("know", "What to know", _notes(found)),
        ("parameters", "Parameters", _parameters(found)),
        ("corner", "Pairs of parameters", _corner(found, names, drawn)),
        ("chain", "Is the chain long enough?", _chain(found, names, drawn)),
        ("methods", "Methods and citations", _methods(found)),
        ("provenance", "Provenance", sections.provenance(found.fit)),
    ]
    data = {"atoms": {}, "parameters_csv": ""}
    return page("Posterior", title, found.version, _verdict(found), bodies, drawn, data)


def _verdict(found: Posterior) -> str:
    said, kind = "The chain is long enough for what is printed.", "good"
    if not found.converged:
        said, kind = "The chain is too short: all intervals are provisional.", "doubtful"
    if found.interrupted:
        said = f"Interrupted. {said}"
    shown = [
        ("walkers", f"{len(found.ensemble)}"),
        ("steps", f"{found.n_steps}"),
        ("independent draws, at least", f"{min(m.n_draws for m in found.marginals.values()):.0f}"),
        ("accepted", f"{100.0 * found.acceptance:.0f}&nbsp;%"),
        ("elapsed", sections.duration(found.elapsed_s)),
        ("nanocrystal", escape(found.version)),
    ]
    return f'<p class="verdict {kind}"><strong>{said}</strong> {typeset(found.noise)}</p>{sections.facts(shown)}'


def _notes(found: Posterior) -> str:
    if not found.notes:
        return ""
    items = "".join(f"<li>{typeset(_capital(note))}</li>" for note in found.notes)
    return f'<ul class="know">{items}</ul>'


def _capital(note: str) -> str:
    """Return a note that begins with a capital, unless it begins with an address."""
    first = note.split(" ", 1)[0].rstrip(":,")
    return note if "." in first else note[:1].upper() + note[1:]


# ---- the table --------------------------------------------------------------------------------------


def _parameters(found: Posterior) -> str:
    rows = [_row(a, m, found.stderr(a)) for a, m in found.marginals.items()]
    heads = (
        "Parameter",
        "Median and<br>68 % interval",
        "95 % interval<br>or limit",
        "Unit",
        "Refined, with<br>std. error",
        "Draws",
        "Gelman–<br>Rubin",
    )
    said = (
        "<p>Intervals are between quantiles of equal probability, all other parameters integrated out. Where a bound "
        "cuts the probability off, a one-sided limit stands instead. Beside them the least-squares value with its "
        f"{'scaled ' if found.errors_scaled else ''}standard error in brackets, in units of the last digit.</p>"
    )
    return said + tables.framed_table("Posterior of the parameters", heads, rows, (), numeric=(5, 6))


def _row(address: str, m: Marginal, stderr: float | None) -> str:
    width = 0.5 * (m.interval_68[1] - m.interval_68[0])
    low, high = (rounded(v, width) for v in m.interval_95)
    both = limit_words(m) if m.limit else f"{low} to {high}"
    ratio = "—" if m.ratio is None else f"{m.ratio:.3f}"
    refined = concise(m.value, stderr)
    if m.stderr is None and m.stderr_scaled is None:
        refined += f'<span class="said">{tables.NO_UNCERTAINTY.get(m.status, "")}</span>'
    return (
        f"<tr>{tables.name_cell(address, m.description, m.definition)}<td class='value'>{_interval(m)}</td>"
        f"<td class='bounds'>{both}</td><td>{escape(m.unit)}</td><td class='bounds'>{refined}</td>"
        f"<td class='right'>{m.n_draws:.0f}</td><td class='right'>{ratio}</td></tr>"
    )


def _interval(m: Marginal) -> str:
    """Return the median with the distances to the ends of the 68 % interval above and below."""
    median, up, down = interval_parts(m.median, m.interval_68)
    return f"{median} <small>{up} {down}</small>"


# ---- figures ----------------------------------------------------------------------------------------


def _corner(found: Posterior, names: list[str], drawn: Drawn) -> str:
    key = drawn.add(corner_figure(found, names))
    listed = "; ".join(f"<b>{k}</b>&nbsp;{escape(_with_unit(found, a))}" for k, a in enumerate(names, 1))
    left_out = len(found.marginals) - len(names)
    more = f" {left_out} more are in the table only." if left_out else ""
    caption = (
        f"{listed}.{more} Diagonal: histograms of the samples. Below it: contours that hold 68 and 95 % of the "
        "samples. Dashed: the normal law of the refinement, where it gives one."
    )
    spoken = "Corner of the probability densities of the parameters and of their pairs"
    return sections.figure(key, drawn.count, caption, spoken, file_name(f"{found.title}-corner"), "", [])


def _with_unit(found: Posterior, address: str) -> str:
    unit = found.marginals[address].unit
    return f"{address} ({unit})" if unit else address


def _chain(found: Posterior, names: list[str], drawn: Drawn) -> str:
    key = drawn.add(traces_figure(found, names))
    times = [m.autocorrelation for m in found.marginals.values() if m.autocorrelation is not None]
    ratios = [m.ratio for m in found.marginals.values() if m.ratio is not None]
    longest = f"{max(times):.1f}" if times else "unknown"
    worst = merit(max(ratios)) if ratios else "unknown"
    n_kept = len(found.samples)
    said = (
        f"<p>{found.n_discarded} of {found.n_steps} steps ({100 * BURNED:g} %) were left out at the beginning. The "
        f"longest autocorrelation time is {longest} steps, the {n_kept} steps kept should be {LONG:g} times as "
        f"many; independent draws are all samples over that time, {FEWEST_DRAWS:g} or more are asked for. The largest "
        f"Gelman–Rubin ratio between the halves of the two ensembles, which know nothing of each other, is {worst}; at "
        f"most {number(MOST_RATIO)} is asked for. {100.0 * found.acceptance:.0f} % of the proposals were accepted.</p>"
    )
    caption = f"Median and 68 % band of the walkers, each of the two ensembles in a colour. {_numbered(names)}"
    spoken = "Way of the walkers against the step, a panel for each parameter"
    return said + sections.figure(key, drawn.count, caption, spoken, file_name(f"{found.title}-chain"), "", [])


def _numbered(names: list[str]) -> str:
    shown = "the parameters" if len(names) < MOST else "those of the corner"
    return f"Numbers are {shown}, as above."


def _methods(found: Posterior) -> str:
    paragraphs = [
        "The likelihood is that of the refinement: Gaussian, with its weights, points and parameters. Priors are flat "
        "within the bounds. Linear parameters (scales, backgrounds) have flat priors without bounds and were "
        "integrated out exactly: log p = −χ²/2 − log det(ΦᵀΦ)/2, with χ² at the linear parameters that fit best and "
        "Φ their weighted curves; then they were drawn from their normal law given the others. " + found.noise,
        f"Two independent ensembles of {len(found.ensemble) // 2} walkers began at draws from the quadratic "
        "approximation at the fit. Half of their steps propose places from that approximation with the tails of "
        "Student's t (8 degrees of freedom), independent of where a walker is; the others are steps along differences "
        "between walkers and snooker steps.",
        "D. Foreman-Mackey, D. W. Hogg, D. Lang & J. Goodman, PASP 125, 306 (2013) (program emcee); J. Goodman & J. "
        "Weare, Comm. App. Math. Comp. Sci. 5, 65 (2010); C. J. F. ter Braak, Stat. Comput. 16, 239 (2006); C. J. F. "
        "ter Braak & J. A. Vrugt, Stat. Comput. 18, 435 (2008); A. Gelman & D. B. Rubin, Stat. Sci. 7, 457 (1992).",
    ]
    return "".join(f"<p>{typeset(p)}</p>" for p in paragraphs) + sections.methods(found.fit)
