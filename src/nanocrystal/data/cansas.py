"""Small-angle scattering in canSAS 1D files: q and intensity, with σ and the resolution of q."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np

from nanocrystal.data.curve import Curve
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.errors import InputError


def cansas_curve(file: RawFile) -> Curve:
    """Return the curve of the first SASdata of a canSAS 1D file (versions 1.0, 1.1), with its resolution."""
    content, path, where = file.content, file.path, file.address
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise InputError(where, f"{path.name} cannot be read as canSAS XML: {error}.") from None
    data = next((e for e in root.iter() if _tag(e) == "SASdata"), None)
    points = [] if data is None else [e for e in data if _tag(e) == "Idata"]
    rows = [{_tag(c): c for c in point} for point in points]
    if not rows or not all({"Q", "I"} <= set(row) for row in rows):
        raise InputError(where, f"{path.name} holds no SASdata with Q and I; canSAS 1.0 and 1.1 can be read.")
    try:
        x, y = (np.array([float(row[n].text or "nan") for row in rows]) for n in ("Q", "I"))
        sigma = np.array([float(row["Idev"].text or "nan") for row in rows]) if "Idev" in rows[0] else None
        width = np.array([float(row["Qdev"].text or "nan") for row in rows]) if "Qdev" in rows[0] else None
    except (KeyError, ValueError):
        raise InputError(where, f"{path.name} holds points that are not numbers.") from None
    if not np.all(np.diff(x) > 0.0) or not np.isfinite([x, y]).all():
        raise InputError(where, f"{path.name} holds Q that do not ascend, or missing values.")
    if sigma is not None and not (sigma > 0.0).all():
        raise InputError(where, f"{path.name} holds Idev that are not positive.")
    unit = (rows[0]["Q"].get("unit") or "1/A").replace(" ", "")
    read = ", ".join(n for n in ("Q", "I", "Idev", "Qdev") if n in rows[0])
    notes = (f"{len(rows)} points of the first SASdata were read: {read}",)
    curve = file.curve(x, y, sigma, axes=("q", "intensity"), resolution=width, notes=notes)
    return replace(curve, metadata={"q_unit": unit})


def _tag(element: ElementTree.Element) -> str:
    """Return the name of an element without its name space."""
    return element.tag.rpartition("}")[2]


CANSAS = Format("canSAS 1D", (".xml",), cansas_curve)
