"""The part of a report that shows the detector images a reduction started from, for bad masks and calibrations to be
seen."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from nanocrystal.reduction.image import IntegratedImage
from nanocrystal.report.page import sections, tables
from nanocrystal.report.page.page import Drawn, file_name
from nanocrystal.report.page.typography import typeset
from nanocrystal.report.reduction.image_figures import LARGEST, cake_figure, image_figure

MOST_VIEWS = 3
"""images drawn of each set: the first, one of the middle, the last"""


def images_section(images: Mapping[str, IntegratedImage], drawn: Drawn) -> str:
    """Return the images of all sets with their cakes and counts of pixels; empty where there are none."""
    return "".join(_one(name, found, drawn, len(images) > 1) for name, found in images.items())


def _one(name: str, found: IntegratedImage, drawn: Drawn, several: bool) -> str:
    head = f"<h3>{escape(name)}</h3>" if several else ""
    return head + _pixels(found) + _cake(name, found, drawn) + _views(name, found, drawn)


def _pixels(found: IntegratedImage) -> str:
    total = found.used + sum(found.left_out.values())
    rows = [("used", found.used), *found.left_out.items()]
    body = [
        f'<tr><th scope="row">{escape(word)}</th><td class="value">{count}</td>'
        f'<td class="value">{100.0 * count / total:.2f}</td></tr>'
        for word, count in rows
    ]
    frames = f"{found.n_frames} frame{'s' * (found.n_frames > 1)}"
    beam = f"wavelength {found.wavelength:.6g} Å" + ("" if _no_monitor(found) else f", monitor {found.monitor:.6g}")
    notes = "".join(f"<li>{typeset(note)}</li>" for note in found.notes)
    notes = f'<ul class="know">{notes}</ul>' if notes else ""
    table = tables.framed_table("Pixels", ("Pixels", "Number", "%"), body)
    return f'{table}<p class="explain">{frames}, {typeset(beam)}. {typeset(found.sigma_words)}</p>{notes}'


def _no_monitor(found: IntegratedImage) -> bool:
    return found.settings is None or found.settings.monitor is None


def _cake(name: str, found: IntegratedImage, drawn: Drawn) -> str:
    caption = (
        f"<b>{escape(name)}</b> over azimuth and Q, and I(Q) below. Lines that are not straight and upright say that "
        "the calibration is not that of these images; streaks and spots, that something is not masked."
    )
    key = drawn.add(cake_figure(found))
    buttons = [sections.button("reset", "Reset zoom")]
    spoken = f"Intensity of {name} over azimuth and Q"
    return sections.figure(key, drawn.count, caption, spoken, file_name(f"{name}-cake"), "", buttons)


def _views(name: str, found: IntegratedImage, drawn: Drawn) -> str:
    views = list(found.views)
    if len(views) > MOST_VIEWS:
        views = [views[0], views[len(views) // 2], views[-1]]
    parts = []
    for view in views:
        size = f"{view.counts.shape[0]} × {view.counts.shape[1]}"
        step = -(-max(view.counts.shape) // LARGEST)
        drawn_as = "" if step == 1 else f", of which each point is {step} × {step}"
        key = drawn.add(image_figure(view))
        caption = (
            f"<b>{escape(view.name)}</b>: mean counts in a frame, without dark, on a logarithmic scale ({size} pixels"
            f"{drawn_as}), and what is left out. Rows grow upwards, the azimuth from columns towards rows."
        )
        spoken = f"Detector image of {name} with its mask"
        buttons = [sections.button("reset", "Reset zoom")]
        file = file_name(f"{name}-{view.name}")
        parts.append(sections.figure(key, drawn.count, caption, spoken, file, "", buttons))
    if len(found.views) > len(views):
        parts.append(f'<p class="explain">{len(views)} of {len(found.views)} images are shown.</p>')
    return "".join(parts)
