"""A commented study for measured files: what the files say is taken from them, the rest is marked CHECK."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from nanocrystal._version import __version__
from nanocrystal.data import Curve, read_curve
from nanocrystal.data.formats import SeveralCurves
from nanocrystal.data.stated import Stated
from nanocrystal.errors import InputError
from nanocrystal.report.texts.result import WrittenText
from nanocrystal.sample import Crystal
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.sample.crystal.crystal import EXCLUSIVE_DISTANCE
from nanocrystal.sample.crystal.structure_files import LIBRARY, is_structure, structure_of_file
from nanocrystal.sample.crystal.symmetry import CELL_NAMES, cell_vectors
from nanocrystal.sample.order.blocks import block_lattice
from nanocrystal.study.new_small_angle import is_small_angle, saxs_lines, sphere_diameter
from nanocrystal.tables.library import library_name, library_text

CHECK = "CHECK"
LARGEST_Q = 40.0
"""Å⁻¹; an abscissa without a name that goes further is 2θ"""
DEFAULT_QMAX = 25.0
ALIKE = 1e-5
"""of a length; two that differ by less are one"""
USUAL_U = 0.01
"""Å²; displacement to start from in a stiff crystal"""
LARGEST_U = 0.1
"""Å²; a displacement of a CIF from which on it is no measured one"""
SOFT_U = {"Cs": 0.06, "Rb": 0.06, "K": 0.06, "Pb": 0.02, "Sn": 0.02, "Ge": 0.02, "Cl": 0.05, "Br": 0.05, "I": 0.05}
"""Å²; the same in halide perovskites"""


@dataclass(frozen=True)
class _Data:
    """A measured file and what is known of it. columns: their names where the file does not say them itself.

    entry: why the first of several curves was taken, "" for the only one.
    """

    name: str
    path: str
    curve: Curve
    columns: tuple[str, ...] | None
    entry: str = ""

    @property
    def is_pdf(self) -> bool:
        return self.curve.y_name == "g"

    @property
    def is_small_angle(self) -> bool:
        return is_small_angle(self.curve)


def new_study(
    files: Sequence[Path], folder: Path, cif: Path | None = None, library: str = "", block: str = ""
) -> WrittenText:
    """Return the text of a study for measured files, to stand in `folder`, and what its author must look at.

    block: which of several structures in the file `cif` is meant.

    Raises InputError for files that cannot be read or hold what no technique here is measured as.
    """
    if cif is not None and library:
        raise InputError("--library", "stands beside --cif; a crystal comes from one of the two.")
    if block and cif is None:
        raise InputError("--block", "says which structure in a file is meant; give the file with --cif.")
    data = _named([_read(path, folder) for path in files])
    crystal = _crystal(cif, library, block)
    source = (
        f"library = {_text(library)}" if library else f"cif = {_text(_relative(cif, folder) if cif else 'MISSING.cif')}"
    )
    source += f"\nblock = {_text(block)}" if block else ""
    name = _identifier(crystal.formula) if crystal is not None else "crystal"
    perovskite = crystal is not None and _is_perovskite(crystal)
    title = (crystal.formula + ", " if crystal else "") + " and ".join(_kind(d) for d in data)
    blocks = [
        f"title = {_text(title)}",
        '# A number may be fixed (3.92), refined ({ value = 3.92, vary = true }) or tied ({ tie = "crystals.pt.a" }).\n'
        f"# Look at every line marked {CHECK}; it is an assumption, which your files do not say.",
        _crystal_block(crystal, name, source, perovskite, all(d.is_small_angle for d in data)),
        _population_block(data, name, perovskite),
        *(_data_block(d, crystal) for d in data),
    ]
    text = "\n\n".join(blocks) + "\n"
    said = (*(() if crystal is None else crystal.structure.notes), *_to_check(text))
    return WrittenText(title=title, version=__version__, name="study.toml", text=text, said=said)


def _to_check(text: str) -> tuple[str, ...]:
    """Return what stands behind each mark in the text, as sentences."""
    return tuple(f"{CHECK}: {check}." for check in re.findall(rf"{CHECK}: (.*)$", text, flags=re.MULTILINE))


def _crystal(cif: Path | None, library: str, block: str) -> Crystal | None:
    """Return the crystal with a displacement for every element, or None where neither is given."""
    if cif is not None:
        try:
            structure = structure_of_file(cif, "--cif", block=block)
        except InputError as error:
            raise InputError("--block", error.problem) if error.where == "block" else error from None
    elif library:
        name = library_name(library, "--library")
        structure = parse_cif(library_text(name), f"{LIBRARY}{name}")
    else:
        return None
    elements = dict.fromkeys(s.element for s in structure.sites)
    return Crystal(structure, u_iso=dict.fromkeys(elements, USUAL_U), where="--cif" if cif else "--library")


# ---- the files ------------------------------------------------------------------------------------


def _read(path: Path, folder: Path) -> _Data:
    columns: tuple[str, ...] | None = None
    entry = ""
    if is_structure(path):
        raise InputError(str(path), "is a crystal structure, not measured data; give it with --cif.")
    try:
        curve = read_curve(path)
    except SeveralCurves as error:
        curve, entry = read_curve(path, entry=1), error.problem
    except InputError as error:
        guess = _guessed(path)
        if guess is None:
            raise error from None
        curve, columns = guess
    if not (curve.y_name == "g" or (curve.x_name in ("q", "two_theta") and curve.y_name in ("intensity", "y"))):
        raise InputError(
            str(path),
            f"holds {curve.y_name} over {curve.x_name}; a study is written for G(r) and for intensity over Q or 2θ.",
        )
    if curve.stated.radiation not in (None, "x-ray") and not is_small_angle(curve):
        words = f"holds data of the radiation {curve.stated.radiation} ({curve.stated.place('radiation')})"
        raise InputError(str(path), f"{words}; a study is written for X-rays, which alone are calculated.")
    return _Data("", _relative(path, folder), curve, columns, entry)


def _guessed(path: Path) -> tuple[Curve, tuple[str, ...]] | None:
    """Return a file of two or three nameless columns with names by its numbers; None where that fails too."""
    for rest in ((), ("sigma",)):
        try:
            curve = read_curve(path, columns=("x", "y", *rest))
        except InputError:
            continue
        if (curve.y < 0.0).mean() > 0.1:
            names: tuple[str, ...] = ("r", "g")
        else:
            names = ("q" if curve.x[-1] <= LARGEST_Q else "two_theta", "intensity")
        try:
            return read_curve(path, columns=(*names, *rest)), (*names, *rest)
        except InputError:
            return None
    return None


def _named(data: list[_Data]) -> list[_Data]:
    """Return the data with names of their own: pdf, scattering, pdf2, …"""
    counts: dict[str, int] = {}
    named = []
    for d in data:
        kind = "pdf" if d.is_pdf else "saxs" if d.is_small_angle else "scattering"
        counts[kind] = counts.get(kind, 0) + 1
        named.append(replace(d, name=kind if counts[kind] == 1 else f"{kind}{counts[kind]}"))
    return named


def _kind(data: _Data) -> str:
    return "PDF" if data.is_pdf else "small angles" if data.is_small_angle else "total scattering"


def _mean_wavelength(stated: Stated) -> float | None:
    """Return the wavelength that a file states, of a doublet the mean by intensity (Å)."""
    if stated.wavelength is None or stated.second_wavelength is None:
        return stated.wavelength
    ratio = 0.5 if stated.ratio is None else stated.ratio
    return (stated.wavelength + ratio * stated.second_wavelength) / (1.0 + ratio)


def _pdf_extent(curve: Curve) -> float:
    """Return an estimate of the diameter, Å: up to where |G| falls to a twentieth of its largest."""
    step = float(np.median(np.diff(curve.x)))
    width = max(1, round(3.0 / step))
    inside = np.where(curve.x > 1.5, curve.y, 0.0)
    power = np.sqrt(np.convolve(inside**2, np.ones(width) / width, mode="same"))
    above = np.flatnonzero(power > 0.05 * power.max())
    return float(curve.x[above[-1]])


def _peak_extent(curve: Curve) -> float | None:
    """Return an estimate of the size, Å, by Scherrer's equation from the sharpest of the high peaks; over Q only."""
    if curve.x_name != "q":
        return None
    top = int(np.argmax(np.where(curve.x > 0.7, curve.y, 0.0)))
    floor = float(np.median(curve.y))
    half = floor + 0.5 * (float(curve.y[top]) - floor)
    left, right = (np.flatnonzero(side < half) for side in (curve.y[:top][::-1], curve.y[top:]))
    if not (len(left) and len(right)):
        return None
    width = float(curve.x[top + right[0]] - curve.x[top - 1 - left[0]])
    return 0.9 * 2.0 * np.pi / width


# ---- the tables -----------------------------------------------------------------------------------


def _data_block(data: _Data, crystal: Crystal | None) -> str:
    if data.is_pdf:
        return _pdf_block(data, crystal)
    if data.is_small_angle:
        above = data.curve.x[data.curve.x > 0.0]
        ends = f"[{above[0]:.6g}, {above[-1]:.6g}]"
        return "\n".join([*_head(data, "saxs"), *saxs_lines(data.curve, data.path, ends, CHECK)])
    return _scattering_block(data)


def _crystal_block(crystal: Crystal | None, name: str, source: str, perovskite: bool, small_angles: bool) -> str:
    """Return the table of the crystal; small_angles: whether nothing else was measured, which sees no lattice."""
    lines = [f"[crystals.{name}]"]
    vary = "" if small_angles else ", vary = true"
    if crystal is None:
        return "\n".join(
            [
                *lines,
                f'{source}    # {CHECK}: name a structure file, or one of the library with library = "…"',
                "# u_iso = { Pt = { value = 0.01, vary = true } }   # Å², by element or site label",
            ]
        )
    lines.append(source)
    lines += [] if small_angles else _cell_lines(crystal, name)
    lines += ["", f"[crystals.{name}.u_iso]    # Å², mean-square displacement along one axis; B = 8π² u_iso"]
    for element in dict.fromkeys(s.element for s in crystal.sites):
        published = [
            s.u_iso for s in crystal.structure.sites if s.element == element and s.u_iso and s.u_iso < LARGEST_U
        ]
        start = float(np.mean(published)) if published else (SOFT_U.get(element, 0.03) if perovskite else USUAL_U)
        lines.append(f"{element} = {{ value = {start:.4g}{vary} }}")
    for site in crystal.sites:
        if site.orbit.free and not small_angles:
            lines += ["", f"# [crystals.{name}.sites.{_key(site.label)}]    # coordinates that symmetry leaves free"]
            lines += [
                f"# {'xyz'[k]} = {{ value = {float(site.orbit.fract[k]):.6g}, vary = true }}" for k in site.orbit.free
            ]
    return "\n".join(lines)


def _cell_lines(crystal: Crystal, name: str) -> list[str]:
    """Return the independent parameters of the cell; where the file has no symmetry, lengths alike are one."""
    cell, free, lines = crystal.structure.cell, crystal.freedom.free, []
    without_symmetry = len(crystal.structure.rotations) == 1
    for i in free:
        value, unit = float(cell[i]), "Å" if i < 3 else "°"
        alike = [j for j in free if j < i < 3 and abs(cell[i] - cell[j]) < ALIKE * cell[j]]
        if without_symmetry and alike:
            lines.append(
                f'{CELL_NAMES[i]} = {{ tie = "crystals.{name}.{CELL_NAMES[alike[0]]}" }}    # alike in the file'
            )
        elif without_symmetry and i > 2 and value in (60.0, 90.0, 120.0):
            lines.append(f"# {CELL_NAMES[i]} = {{ value = {value:g}, vary = true }}    # {unit}")
        else:
            lines.append(f"{CELL_NAMES[i]} = {{ value = {value:.8g}, vary = true }}    # {unit}")
    return lines


def _population_block(data: Sequence[_Data], crystal: str, perovskite: bool) -> str:
    pdf = next((d.curve for d in data if d.is_pdf), None)
    seen = [sphere_diameter(d.curve) for d in data if d.is_small_angle]
    extents = [_peak_extent(d.curve) for d in data if not (d.is_pdf or d.is_small_angle)]
    extent = next((e for e in (*seen, *extents) if e), None) or (_pdf_extent(pdf) if pdf is not None else 50.0)
    size = float(np.clip(extent, 10.0, 5000.0 if seen else 400.0))
    lines = [
        "[populations.dots]",
        f"crystal = {_text(crystal)}",
        '# shape: "sphere", "cube", "prism", "platelet", "brick", "atoms" (a file), "bulk" (infinite; PDF only)',
    ]
    if perovskite:
        edge = _spread(0.8 * size) if pdf is None or len(data) > 1 else f"{{ value = {size:.3g}, vary = true }}"
        lines += [
            'shape = "prism"    # a square base and a length, along the pseudocubic axes',
            "# d_ab: Å, diameter of the circle with the area of the base; l_c: Å, the length",
            f"d_ab = {edge}",
            f"l_c = {edge}",
        ]
    else:
        one, spread = f"{{ value = {size:.3g}, vary = true }}", _spread(size)
        first, second = (spread, one) if seen else (one, spread)
        lines += ['shape = "sphere"', f"diameter = {first}    # Å", f"# diameter = {second}"]
    return "\n".join(lines)


def _spread(size: float) -> str:
    mean, std = f"{{ value = {size:.3g}, vary = true }}", f"{{ value = {0.2 * size:.3g}, vary = true }}"
    return f'{{ distribution = "lognormal", mean = {mean}, std = {std} }}'


def _head(data: _Data, technique: str) -> list[str]:
    lines = [f"[datasets.{data.name}]", f'technique = "{technique}"', f"file = {_text(data.path)}"]
    if data.columns is not None:
        listed = ", ".join(_text(c) for c in data.columns)
        lines.append(f"columns = [{listed}]    # {CHECK}: columns are guessed from the numbers of {data.path}")
    if data.entry:
        lines.append(f"entry = 1    # {CHECK}: {data.path} {data.entry.rstrip('.')}")
    return lines


def _pdf_block(data: _Data, crystal: Crystal | None) -> str:
    curve = data.curve
    low = max(1.5, float(curve.x[0]))
    lines = _head(data, "pdf")
    lines.append(f"r_range = [{low:.4g}, {_floor(float(curve.x[-1]))}]    # Å; a shorter range is faster")
    qmax = curve.stated.qmax
    if qmax:
        lines.append(f"qmax = {qmax:g}    # Å⁻¹, from the header of the file")
    else:
        possible = np.pi / float(np.median(np.diff(curve.x)))
        lines.append(
            f"qmax = {min(DEFAULT_QMAX, possible):.4g}    # Å⁻¹; {CHECK}: qmax of {data.path} is an assumption; "
            "say up to where the data were transformed"
        )
    for name in ("qdamp", "qbroad"):
        value = getattr(curve.stated, name)
        if value:
            lines.append(f"{name} = {value:g}    # Å⁻¹, from the header of the file")
        elif name == "qdamp":
            lines.append(
                f"qdamp = 0.03    # Å⁻¹; {CHECK}: qdamp of {data.path} is assumed and the size depends on it; "
                "take it from a standard"
            )
        else:
            lines.append("# qbroad = 0.01    # Å⁻¹, from the same standard")
    lines += [
        f"delta2 = {{ value = 2.0, vary = true, max = {_largest_delta2(crystal):.2g} }}    # Å², correlated motion",
        "# scale is linear and left to the fit",
    ]
    return "\n".join(lines)


def _scattering_block(data: _Data) -> str:
    curve = data.curve
    lines = _head(data, "total-scattering")
    ends = f"[{_ceil(float(curve.x[0]))}, {_floor(float(curve.x[-1]))}]"
    wavelength = _mean_wavelength(curve.stated)
    if curve.x_name == "q":
        lines.append(f"q_range = {ends}    # Å⁻¹")
        beam = "# wavelength = 0.6    # Å; say it to add f′ and f″ (needs nanocrystal[anomalous])"
    else:
        lines.append(f"two_theta_range = {ends}    # degrees")
        beam = f"# wavelength = 0.6    # Å; {CHECK}: {data.path} is over 2θ, say its wavelength"
    if wavelength is not None:
        beam = (
            f"wavelength = {wavelength:.7g}    # Å, from the header of the file; f′ and f″ need nanocrystal[anomalous]"
        )
    lines.append(beam)
    if curve.sigma is None:
        if (curve.y < 0.0).any():
            lines.append(
                f'weights = "uniform"    # {CHECK}: {data.path} has no σ and values below 0; all points count alike'
            )
        else:
            lines.append(
                '# weights = "uniform"    # the file has no σ: counting statistics, σ = √I, unless you say this'
            )
    lines += [
        "background_terms = 4    # Chebyshev polynomials; they and the scale are linear and left to the fit",
        "# polarization = 0.5    # 0 for corrected data, 0.5 for an unpolarised beam",
        "# q_resolution = 0.005    # Å⁻¹, from a standard; without it the crystals come out too small",
        f"# [datasets.{data.name}.blanks.capillary]",
        '# file = "capillary.iq"    # a measured blank with its own scale',
    ]
    return "\n".join(lines)


def _floor(value: float) -> str:
    return f"{np.floor(value * 1000.0 + 1e-6) / 1000.0:g}" if value < 1000.0 else f"{np.floor(value):g}"


def _ceil(value: float) -> str:
    return f"{np.ceil(value * 1000.0 - 1e-6) / 1000.0:g}"


def _largest_delta2(crystal: Crystal | None) -> float:
    """Return up to where delta2 (Å²) leaves the nearest pairs a width."""
    if crystal is None:
        return 5.0
    vectors = cell_vectors(crystal.structure.cell)
    cells = np.array(list(product((-1.0, 0.0, 1.0), repeat=3)))
    sites = crystal.structure
    atoms = np.concatenate(
        [
            sites.rotations[list(s.orbit.images)] @ s.orbit.fract + sites.translations[list(s.orbit.images)]
            for s in crystal.sites
        ]
    )
    apart = atoms[:, None, None, :] - atoms[None, :, None, :]
    apart = apart - np.round(apart) + cells[None, None, :, :]
    distance = np.linalg.norm(apart @ vectors, axis=-1)
    return 0.85 * float(distance[distance > EXCLUSIVE_DISTANCE].min()) ** 2


# ---- words ----------------------------------------------------------------------------------------


def _is_perovskite(crystal: Crystal) -> bool:
    try:
        block_lattice(crystal, "pseudocubic", "crystal")
    except InputError:
        return False
    return True


def _relative(path: Path, folder: Path) -> str:
    """Return a path as the study names it: relative to its folder, with forward slashes."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path.absolute().as_posix()


def _text(text: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _identifier(name: str) -> str:
    plain = re.sub(r"\W", "_", name.lower(), flags=re.ASCII)
    return plain if re.match(r"[a-z_]", plain) else f"_{plain}"
