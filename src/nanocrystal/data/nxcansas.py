"""Small-angle scattering in HDF5 files of the NeXus definition NXcanSAS: one curve I(Q) of those in the file.

https://manual.nexusformat.org/classes/applications/NXcanSAS.html: groups of the class SASentry hold groups of the class
SASdata with Q and I; `uncertainties` of I and `resolutions` of Q name the data sets of σ and of the resolution; `units`
stand beside each. Files of 2016 call these `uncertainty` and `unit`, and the classes by NX_class. Maps are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data.curve import Curve
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.hdf5 import SIGNATURE, Data, Group, tree_of
from nanocrystal.data.lines import quoted
from nanocrystal.data.small_angle import SasData, chosen_of, radiation_of, sas_curve
from nanocrystal.data.stated import Stated
from nanocrystal.errors import InputError

FloatArray = NDArray[np.float64]
KIND = "NXcanSAS"
CLASSES = ("canSAS_class", "SAS_class", "NX_class")
ENTRIES = ("SASentry", "NXentry", "NXsubentry")
LONGEST_WAVELENGTH = 1e3
"""Å"""
_OF_SLIT = {"dql": "dQl", "dqw": "dQw"}
_LENGTHS = {"": 1.0, "a": 1.0, "å": 1.0, "angstrom": 1.0, "angstroms": 1.0, "nm": 10.0}


@dataclass(frozen=True)
class _Found:
    """A SASdata with its path, and its entry."""

    path: str
    data: Group
    entry: Group | None


def nxcansas_curve(file: RawFile) -> Curve:
    """Return the curve of a SASdata, with its resolution; raises InputError for what holds none."""
    found = list(_all_data(tree_of(file, KIND), "", None))
    if not found:
        raise file.error("holds no SASdata: of HDF5 files those of NXcanSAS are read; export that, or columns of text.")
    curves = [f for f in found if _is_curve(f.data)]
    if not curves:
        raise _no_curve(file, found[0].data)
    names = [_names(f) for f in curves]
    chosen = chosen_of(file, names)
    left_out = len(found) - len(curves)
    notes = [f"{left_out} of {len(found)} SASdata are no curves over |Q| and were left out"] if left_out else []
    return sas_curve(file, _data(curves[chosen], names[chosen], notes, file))


def _classes(group: Group) -> set[str]:
    return {group.text(name) for name in CLASSES}


def _all_data(group: Group, path: str, entry: Group | None) -> Iterator[_Found]:
    """Yield every SASdata in a group."""
    classes = _classes(group)
    if "SASdata" in classes:
        yield _Found(path, group, entry)
        return
    entry = group if classes.intersection(ENTRIES) else entry
    for name, below in group.groups.items():
        yield from _all_data(below, f"{path}/{name}" if path else name, entry)


def _is_curve(data: Group) -> bool:
    """Say whether a SASdata has I over one axis, |Q|."""
    return all(name in data.data and data.data[name].axes == 1 for name in ("Q", "I"))


def _no_curve(file: RawFile, data: Group) -> InputError:
    if "I" not in data.data:
        return file.error("holds SASdata without Q and I.")
    shape = " × ".join(str(n) for n in data.data["I"].shape) or "of one number"
    what = f"holds I of the shape {shape}, no curve over |Q|"
    return file.error(f"{what}: reduce it to I(Q) in the program that wrote it.")


def _names(found: _Found) -> list[str]:
    """Return what a SASdata may be called: by its path, itself, its entry, and their names."""
    own, entry = found.path.rpartition("/")[2], found.path.partition("/")[0]
    run, title = (found.entry.text_in(n) if found.entry is not None else "" for n in ("run", "title"))
    first = entry if found.path.count("/") == 1 else found.path
    return [first, own, found.path, found.data.text("canSAS_name"), run, title]


def _data(found: _Found, names: list[str], notes: list[str], file: RawFile) -> SasData:
    held = found.data.data
    q, intensity = held["Q"], held["I"]
    sigma = intensity.text("uncertainties", "uncertainty") or found.data.text("I_uncertainties", "I_uncertainty")
    resolutions = [name for word in q.attributes.get("resolutions", ()) for name in word.replace(",", " ").split()]
    sources = {"Q": "Q", "I": "I", "Idev": sigma or "Idev"}
    for name in resolutions or ["Qdev", "dQl", "dQw"]:
        sources[_OF_SLIT.get(name.lower(), "Qdev")] = name
    columns = {column: _numbers(held[name], name, file) for column, name in sources.items() if name in held}
    units = {column: held[sources[column]].text("units", "unit") for column in columns}
    described = q.text("resolutions_description")
    if "Qdev" in columns and described.lower() not in ("", "gaussian"):
        notes = [*notes, f"the resolution of q is called {quoted(described, 40)}; it is taken as that of a Gaussian"]
    columns, scaled = _scaled(columns, found.data, intensity.text("scaling_factor"), file)
    stated = Stated() if found.entry is None else _stated(found.entry)
    probe = radiation_of(found.data.text("probe_type"))
    stated = stated if probe is None else replace(stated, radiation=probe)
    return SasData(columns=columns, units=units, stated=stated, names=names, notes=[*notes, *scaled])


def _numbers(data: Data, name: str, file: RawFile) -> FloatArray:
    if data.problem or not len(data.numbers):
        raise file.error(f"holds {quoted(name, 30)[1:-1]}, which cannot be used: {data.problem or 'no numbers'}.")
    return data.numbers


def _scaled(
    columns: dict[str, FloatArray], data: Group, name: str, file: RawFile
) -> tuple[dict[str, FloatArray], list[str]]:
    """Return the columns, I and σ multiplied by the factor that the file names."""
    if not name:
        return columns, []
    factor = data.number_in(name)
    if factor is None or not np.isfinite(factor):
        raise file.error(f"names {quoted(name, 40)} as the factor of I, which it does not hold as a number.")
    scaled = {k: v * factor if k in ("I", "Idev") else v for k, v in columns.items()}
    return scaled, [f"the intensity was multiplied by {factor:g}, its scaling_factor"]


def _stated(entry: Group) -> Stated:
    """Return what an entry says of its sample and beam."""
    groups = list(_described(entry))
    words = (g.text_in(n) for g in groups for n in ("probe", "radiation", "type"))
    wavelengths = (_wavelength(g, n) for g in groups for n in ("incident_wavelength", "wavelength"))
    return Stated(
        radiation=next((r for w in words if (r := radiation_of(w)) is not None), None),
        wavelength=next((w for w in wavelengths if w is not None), None),
        sample=entry.text_in("title")[:200],
    )


def _described(group: Group) -> Iterator[Group]:
    """Yield the groups in one that are no data, and those in them."""
    for below in group.groups.values():
        if not _classes(below) & {"SASdata", "NXdata"}:
            yield below
            yield from _described(below)


def _wavelength(group: Group, name: str) -> float | None:
    """Return a wavelength, Å, None where there is none in a unit that is known."""
    value = group.number_in(name)
    factor = _LENGTHS.get(group.data[name].text("units", "unit").lower()) if value is not None else None
    if value is None or factor is None or not 0.0 < value * factor < LONGEST_WAVELENGTH:
        return None
    return float(f"{value * factor:.7g}")


NXCANSAS = Format("NXcanSAS", (".h5", ".hdf5", ".hdf", ".nxs"), nxcansas_curve, knows=lambda c: c.startswith(SIGNATURE))
