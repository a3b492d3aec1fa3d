"""The report of a posterior as a page: what its template asks for."""

from __future__ import annotations

from typing import Any

from nanocrystal.report.page.rendering import Page, rendered
from nanocrystal.report.page.tables import NO_UNCERTAINTY
from nanocrystal.report.posterior.figures import MOST, corner_figure, corner_names, traces_figure
from nanocrystal.report.posterior.result import (
    BURNED,
    FEWEST_DRAWS,
    FREEDOM,
    LONG,
    MOST_INDEX,
    MOST_RATIO,
    Marginal,
    Posterior,
)
from nanocrystal.report.posterior.words import interval_parts, limit_words, rounded


def posterior_page(posterior: Posterior, script: str | None = None) -> str:
    """Return the report of a posterior; script: address of plotly.js, None for a page that holds it itself."""
    page = Page(posterior.title or "Posterior", posterior.version, script)
    return rendered("posterior.html", page, **context_of(posterior))


def context_of(posterior: Posterior) -> dict[str, Any]:
    """Return what the template of a posterior names."""
    names, marginals = corner_names(posterior), posterior.parameters.values()
    return {
        "posterior": posterior,
        "sampling": posterior.sampling,
        "refinement": posterior.refinement,
        "names": names,
        "noted": [capital(note) for note in posterior.notes],
        "fewest": min(m.independent_draws for m in marginals),
        "longest": max((t for m in marginals if (t := m.autocorrelation_steps) is not None), default=None),
        "index": "unknown" if posterior.sampling.pareto_k is None else f"{posterior.sampling.pareto_k:.2f}",
        "worst": max((r for m in marginals if (r := m.gelman_rubin) is not None), default=None),
        "corner": corner_figure(posterior, names),
        "traces": traces_figure(posterior, names) if posterior.sampling.method == "chain" else None,
        "interval": interval_parts,
        "interval_95": interval_95,
        "versions": {"nanocrystal": posterior.refinement.version, **posterior.refinement.provenance},
        "NO_UNCERTAINTY": NO_UNCERTAINTY,
        "MOST": MOST,
        "BURNED": BURNED,
        "LONG": LONG,
        "FEWEST_DRAWS": FEWEST_DRAWS,
        "MOST_RATIO": MOST_RATIO,
        "MOST_INDEX": MOST_INDEX,
        "FREEDOM": FREEDOM,
    }


def capital(note: str) -> str:
    """Return a note that begins with a capital, unless it begins with an address."""
    first = note.split(" ", 1)[0].rstrip(":,")
    return note if "." in first else note[:1].upper() + note[1:]


def interval_95(m: Marginal) -> str:
    """Return the 95 % interval of a parameter, or its limit."""
    if m.limit:
        return limit_words(m)
    width = 0.5 * (m.interval_68[1] - m.interval_68[0])
    low, high = (rounded(v, width) for v in m.interval_95)
    return f"{low} to {high}"
