"""Small-angle scattering in canSAS 1D files (XML, versions 1.0 and 1.1): q and intensity, with σ and resolution of q.

https://www.cansas.org/formats/canSAS1d/1.1/doc/: SASroot holds SASentry, each one or more SASdata of points Idata with
Q and I, and what may stand beside them; every number has its unit. SAStransmission_spectrum is no curve.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data.curve import Curve
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.lines import number, quoted
from nanocrystal.data.markup import Element, child, first_text, named, tag, xml_root
from nanocrystal.data.small_angle import COLUMNS, SasData, chosen_of, radiation_of, sas_curve
from nanocrystal.data.stated import Stated

FloatArray = NDArray[np.float64]
KIND = "canSAS XML"


def cansas_curve(file: RawFile) -> Curve:
    """Return the curve of a SASdata, with its resolution; raises InputError for what holds none."""
    root = xml_root(file.content, file.address, KIND)
    if tag(root) != "SASroot":
        raise file.error(f"is no {KIND}: it begins with <{quoted(tag(root), 30)[1:-1]}> instead of <SASroot>.")
    found = [(entry, data) for entry in named(root, "SASentry") for data in entry if tag(data) == "SASdata"]
    if not found:
        raise file.error("holds no SASdata with Q and I; canSAS 1.0 and 1.1 can be read.")
    names = [_names(entry, data) for entry, data in found]
    chosen = chosen_of(file, names)
    entry, data = found[chosen]
    columns, units = _columns(data, file)
    stated = _stated(entry)
    return sas_curve(file, SasData(columns=columns, units=units, stated=stated, names=names[chosen]))


def _names(entry: Element, data: Element) -> list[str]:
    """Return what a SASdata may be called: its name, that of its entry, its run and its title."""
    own, outer = (e.get("name", "").strip() for e in (data, entry))
    both = f"{outer}/{own}" if own and outer else ""
    run, title = (((c.text or "").strip() if (c := child(entry, n)) is not None else "") for n in ("Run", "Title"))
    return [own, both, outer, run, title]


def _columns(data: Element, file: RawFile) -> tuple[dict[str, FloatArray], dict[str, str]]:
    """Return the numbers of the points by name, NaN where a point lacks one, and their units."""
    rows = [{tag(c): c for c in point} for point in data if tag(point) == "Idata"]
    if not rows or not all({"Q", "I"} <= row.keys() for row in rows):
        raise file.error("holds a SASdata in which points lack Q or I.")
    columns, units = {}, {}
    for name in COLUMNS:
        elements = [row.get(name) for row in rows]
        if all(e is None for e in elements):
            continue
        columns[name] = np.array([_value(e, name, i, file) for i, e in enumerate(elements, 1)], dtype=np.float64)
        stated = {(e.get("unit") or e.get("units") or "").strip() for e in elements if e is not None}
        if len(stated) > 1:
            raise file.error(f"gives {name} in several units: {', '.join(quoted(u, 20) for u in sorted(stated)[:4])}.")
        units[name] = stated.pop()
    return columns, units


def _value(element: Element | None, name: str, i: int, file: RawFile) -> float:
    if element is None:
        return float("nan")
    text = (element.text or "").strip()
    value = number(text)
    if value is None:
        raise file.error(f"has {quoted(text, 30)} as {name} of point {i}, which is no number.")
    return value


def _stated(entry: Element) -> Stated:
    """Return what an entry says of its sample and beam."""
    title = child(entry, "Title")
    return Stated(
        radiation=radiation_of(first_text(entry, "radiation")),
        wavelength=_with_unit(entry, "wavelength", {"a": 1.0, "nm": 10.0}),
        sample="" if title is None else (title.text or "").strip()[:200],
    )


def _with_unit(entry: Element, name: str, factors: dict[str, float]) -> float | None:
    """Return the first number above 0 in a unit that is known."""
    for element in named(entry, name):
        value, factor = number((element.text or "").strip()), factors.get((element.get("unit") or "").strip().lower())
        if value is not None and factor is not None and 0.0 < value * factor < np.inf:
            return float(f"{value * factor:.12g}")
    return None


CANSAS = Format("canSAS 1D", (".xml",), cansas_curve, knows=lambda content: b"<SASroot" in content)
