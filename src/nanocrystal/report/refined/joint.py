"""What each data set alone says of shared parameters, beside what all say."""

from __future__ import annotations

from html import escape

from nanocrystal.report.page import tables
from nanocrystal.report.page.numbers import MINUS, concise, merit, number
from nanocrystal.report.page.typography import typeset
from nanocrystal.report.refined.result import DISAGREE, Joint, OwnValue, Result

LARGE_PULL = 3.0


def joint_section(result: Result) -> str:
    """Return the comparison of the data sets as HTML; empty where there is one only."""
    joint = result.joint
    if joint is None:
        return ""
    parts = [f"<p>{_agreement_words(joint)}</p>", _datasets_table(result, joint)]
    if joint.shared:
        parts += [_shared_table(result, joint), f'<p class="explain">{_EXPLAINED}</p>']
    return "".join(parts)


_EXPLAINED = (
    "In brackets: standard errors, with the σ of the data set times its factor. Pull: what the data set says alone "
    "less what all say, over the standard deviation that this difference has where they agree; — where the other data "
    "sets add nothing to this one. Between −2 and 2 is ordinary."
)


def _agreement_words(joint: Joint) -> str:
    found = joint.agreement
    if found is None:
        return "How far the data sets agree cannot be said: fewer than two of them can be refined alone."
    chance = "below 0.0001" if found.probability < 1e-4 else number(found.probability, 2)
    freedom = f"{found.freedom} degree{'s' if found.freedom > 1 else ''} of freedom"
    said = (
        "<strong>The data sets contradict each other.</strong>"
        if found.probability < DISAGREE
        else "The data sets agree with each other."
    )
    return (
        f"{said} χ² is higher by {number(found.chi2, 3)} than where each is refined alone, for {freedom}; at least "
        f"that much would come by chance with a probability of {chance}."
    )


def _datasets_table(result: Result, joint: Joint) -> str:
    body = []
    for name, scale in joint.error_scales.items():
        curve = result.datasets[name]
        alone = f"{merit(joint.alone[name])}" if name in joint.alone else "—"
        gof = "—" if curve.gof is None else merit(curve.gof)
        by = "from its misfit alone" if name in joint.estimated else "as given" if scale == 1.0 else "by hand"
        cells = "".join(f'<td class="right">{c}</td>' for c in (merit(curve.rw), alone, gof, number(scale, 3)))
        body.append(f'<tr><th scope="row"><code>{escape(name)}</code></th>{cells}<td>{by}</td></tr>')
    heads = ("Data set", "<i>R</i><sub>w</sub>", "<i>R</i><sub>w</sub><br>alone", "GoF", "factor on σ", "")
    return tables.framed_table("Data sets", heads, body, numeric=(1, 2, 3, 4))


def _shared_table(result: Result, joint: Joint) -> str:
    names = [n for n in joint.error_scales if any(n in each for each in joint.shared.values())]
    body = []
    for address, each in joint.shared.items():
        own = result.parameters[address]
        cells = f"<td>{tables.value_text(own)}</td><td>{escape(own.unit)}</td>"
        for name in names:
            cells += _own_cells(each.get(name))
        body.append(f"<tr>{tables.name_cell(address, own.description)}{cells}</tr>")
    heads = ["Shared parameter", "All", "Unit"]
    for name in names:
        heads += [f"{typeset(name)} alone", "pull"]
    return tables.framed_table("What each data set says alone", tuple(heads), body)


def _own_cells(own: OwnValue | None) -> str:
    if own is None:
        return "<td>—</td><td>—</td>"
    if own.stderr is None:
        return "<td>not determined</td><td>—</td>"
    pull = "—" if own.pull is None else f"{own.pull:+.1f}".replace("-", MINUS)
    if own.pull is not None and abs(own.pull) > LARGE_PULL:
        pull = f"<strong>{pull}</strong>"
    return f'<td>{concise(own.value, own.stderr)}</td><td class="right">{pull}</td>'
