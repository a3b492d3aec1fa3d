"""The tables of the report as HTML; every text from outside is escaped here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from nanocrystal.report.page.numbers import concise, number
from nanocrystal.report.refined.result import Estimate
from nanocrystal.text import csv_of_rows

REFINED = ("free", "linear", "at_bound", "undetermined")
STATUS = {"at_bound": "at bound"}
NO_UNCERTAINTY = {"undetermined": "not determined", "at_bound": "at its bound"}
_ORDER = {"free": 0, "linear": 1, "undetermined": 2, "at_bound": 2}
_WIDEST_ALIGNED = 7
_HASH_SHOWN = 12


def refined_rows(parameters: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Return the refined parameters in the order of their table: free, then linear, then those without uncertainty."""
    rows = {k: p for k, p in parameters.items() if p.status in REFINED}
    return {k: rows[k] for k in sorted(rows, key=lambda k: _ORDER[rows[k].status])}


def inputs_table(inputs: Mapping[str, str]) -> str:
    """Return the input files with the beginning of their SHA-256; the whole of it is in the title."""
    body = []
    for name, digest in inputs.items():
        short = escape(digest if len(digest) <= _HASH_SHOWN else f"{digest[:_HASH_SHOWN]}…")
        code = f'<code title="{escape(digest)}">{short}</code>'
        body.append(f'<tr><th scope="row">{escape(name)}</th><td>{code}</td></tr>')
    return framed_table("Input files", ("File", "SHA-256"), body)


def provenance_table(provenance: Mapping[str, Any]) -> str:
    """Return versions and options as a table; nested mappings become dotted names."""
    body = [f'<tr><th scope="row">{escape(k)}</th><td><code>{escape(v)}</code></td></tr>' for k, v in _flat(provenance)]
    return framed_table("Versions and options", ("What", "Value"), body)


def parameters_csv(parameters: Mapping[str, Estimate]) -> str:
    """Return all parameters, unrounded, as comma-separated values with a header line."""
    names = ("value", "stderr", "stderr_scaled", "unit", "status", "min", "max", "description")
    rows = []
    for key, p in parameters.items():
        cells = {n: getattr(p, n) for n in names}
        if p.status in NO_UNCERTAINTY:
            cells |= {"stderr": None, "stderr_scaled": None}
        rows.append((key, *cells.values()))
    return csv_of_rows(("parameter", *names), rows, digits=None)


def address(text: str) -> str:
    """Return a dotted address in which the browser may break lines after a dot."""
    return escape(text).replace(".", ".<wbr>")


def value_text(p: Estimate) -> str:
    """Return a value with its standard error in brackets, where it has one that means something."""
    if p.status in NO_UNCERTAINTY:
        return concise(p.value, None)
    return concise(p.value, p.stderr if p.stderr_scaled is None else p.stderr_scaled)


def name_cell(key: str, description: str) -> str:
    said = f'<span class="said">{escape(description)}</span>' if description else ""
    return f'<th scope="row"><code>{address(key)}</code>{said}</th>'


def _number_cell(shown: str) -> str:
    """Split at the decimal point, so that the style sheet can align a column on it."""
    whole, rest = _split(shown)
    return f'<td class="value"><span class="whole">{whole}</span>{rest}</td>'


def _split(shown: str) -> tuple[str, str]:
    cut = min((i for i in (shown.find("."), shown.find("("), shown.find("×")) if i >= 0), default=len(shown))
    return shown[:cut], shown[cut:]


def bounds(p: Estimate) -> str:
    """Return the bounds of a parameter in words."""
    low = p.min is not None and math.isfinite(p.min) and number(p.min)
    high = p.max is not None and math.isfinite(p.max) and number(p.max)
    if low and high:
        return f"{low} to {high}"
    return f"≥ {low}" if low else f"≤ {high}" if high else "none"


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield name, ", ".join(str(v) for v in value)
        else:
            yield name, number(value) if isinstance(value, float) else str(value)


def framed_table(
    caption: str,
    heads: Sequence[str],
    body: Sequence[str],
    values: Iterable[str] = (),
    numeric: Sequence[int] = (),
) -> str:
    """Return a table in a box that scrolls sideways where the window is narrow."""
    whole = min(max((len(_split(v)[0]) for v in values), default=1), _WIDEST_ALIGNED)
    cells = "".join(f'<th scope="col"{" class=right" if i in numeric else ""}>{h}</th>' for i, h in enumerate(heads))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}">'
        f'<table style="--whole:{whole}ch"><caption>{caption}</caption>'
        f"<thead><tr>{cells}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )
