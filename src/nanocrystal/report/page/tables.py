"""The tables of the report as HTML; every text from outside is escaped here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from nanocrystal.report.page.numbers import concise, number
from nanocrystal.report.refined.result import DerivedValue, Estimate
from nanocrystal.text import csv_of_rows

REFINED = ("free", "linear", "at_bound", "undetermined")
STATUS = {"at_bound": "at bound"}
NO_UNCERTAINTY = {"undetermined": "not determined", "at_bound": "at its bound"}
_ORDER = {"free": 0, "linear": 1, "undetermined": 2, "at_bound": 2}
_WIDEST_ALIGNED = 7
_HASH_SHOWN = 12


def refined_table(parameters: Mapping[str, Estimate]) -> str:
    """Return the refined parameters as a table: free, then linear, then those without uncertainty."""
    rows = {k: p for k, p in parameters.items() if p.status in REFINED}
    ordered = sorted(rows, key=lambda k: _ORDER[rows[k].status])
    shown = {k: value_text(rows[k]) for k in ordered}
    body = [_refined_row(k, rows[k], shown[k]) for k in ordered]
    heads = ("Parameter", "Value", "Unit", "Std. error", "Std. error,<br>scaled", "Bounds", "Status")
    return framed_table("Refined parameters", heads, body, shown.values(), numeric=(3, 4))


def held_table(parameters: Mapping[str, Estimate]) -> str:
    """Return the fixed and tied parameters as a table."""
    rows = {k: p for k, p in parameters.items() if p.status not in REFINED}
    shown = {k: concise(p.value, None) for k, p in rows.items()}
    body = []
    for k, p in rows.items():
        cells = f"{_number_cell(shown[k])}<td>{escape(p.unit)}</td>{_status_cell(p)}"
        body.append(f"<tr>{name_cell(k, p.description, p.definition)}{cells}</tr>")
    return framed_table(
        "Parameters that were not refined", ("Parameter", "Value", "Unit", "Status"), body, shown.values()
    )


def derived_table(derived: Mapping[str, DerivedValue]) -> str:
    """Return the derived quantities as a table."""
    shown = {k: concise(d.value, d.stderr) for k, d in derived.items()}
    body = []
    for k, d in derived.items():
        stderr = number(d.stderr, 2) if d.stderr is not None else "—"
        cells = f'{_number_cell(shown[k])}<td>{escape(d.unit)}</td><td class="right">{stderr}</td>'
        body.append(f"<tr>{name_cell(k, d.description, d.definition)}{cells}</tr>")
    heads = ("Quantity", "Value", "Unit", "Std. error,<br>scaled")
    return framed_table("Derived quantities", heads, body, shown.values(), numeric=(3,))


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
    names = (
        "value",
        "stderr",
        "stderr_scaled",
        "unit",
        "status",
        "min",
        "max",
        "description",
        "quantity",
        "definition",
    )
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
    if p.status in NO_UNCERTAINTY:
        return concise(p.value, None)
    return concise(p.value, p.stderr if p.stderr_scaled is None else p.stderr_scaled)


def _refined_row(key: str, p: Estimate, shown: str) -> str:
    if p.status in NO_UNCERTAINTY:
        errors = f'<td colspan="2" class="center">{NO_UNCERTAINTY[p.status]}</td>'
    else:
        errors = "".join(
            f'<td class="right">{"—" if e is None else number(e, 2)}</td>' for e in (p.stderr, p.stderr_scaled)
        )
    cells = f'{_number_cell(shown)}<td>{escape(p.unit)}</td>{errors}<td class="bounds">{_bounds(p)}</td>'
    return f'<tr class="{p.status}">{name_cell(key, p.description, p.definition)}{cells}{_status_cell(p)}</tr>'


def name_cell(key: str, description: str, definition: str = "") -> str:
    """Return an address with its sentence below; in words exactly which it is shows where a pointer rests on it."""
    meant = f' title="{escape(definition)}"' if definition else ""
    said = f'<span class="said"{meant}>{escape(description)}</span>' if description else ""
    return f'<th scope="row"><code>{address(key)}</code>{said}</th>'


def _number_cell(shown: str) -> str:
    """Split at the decimal point, so that the style sheet can align a column on it."""
    whole, rest = _split(shown)
    return f'<td class="value"><span class="whole">{whole}</span>{rest}</td>'


def _split(shown: str) -> tuple[str, str]:
    cut = min((i for i in (shown.find("."), shown.find("("), shown.find("×")) if i >= 0), default=len(shown))
    return shown[:cut], shown[cut:]


def _status_cell(p: Estimate) -> str:
    return f'<td><span class="status {p.status}">{STATUS.get(p.status, p.status)}</span></td>'


def _bounds(p: Estimate) -> str:
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
