"""Tilted octahedra of an orthorhombic perovskite ABX3, a⁻a⁻c⁺ in Pbnm: built from tilts, and tilts read from it.

Equations
    Each octahedron is turned by θ about the orthorhombic b axis, a face diagonal of the pseudocubic cell
    (out of phase: neighbours turn against each other; it is a tilt by about θ/√2 about each of the two
    pseudocubic axes of the ab plane), then by φ about c (in phase along c). Symmetry joins such
    octahedra at their corners whatever θ and φ are. With equal lengths d of B–X
        a = 2√2 d cos θ cos φ,    b = 2√2 d cos φ,    c = 4 d cos θ
        X(4c)  x = tan θ/(2√2),   y = ½ + sin θ tan φ/(2√2),   z = ¼
        X(8d)  x = ¾ + tan φ/(4 cos θ),   y = ¼ − tan φ cos θ/4,   z = tan θ/(4√2)
    for B at ½, 0, 0. So cos θ = a/b and cos φ = √2 a/c. Where the axial length D (to X(4c)) differs from
    the equatorial d, c = 4 D cos θ, x and y − ½ of X(4c) are multiplied by D/d and z of X(8d) by d/D. The angles are
        B–X(4c)–B = 180° − 2θ,    cos(B–X(8d)–B) = ½ sin²θ − ½ cos 2φ (1 + cos²θ).
    In P4/mbm (θ = 0) cos φ = a/(√2 c) and X(4g) has x = ¼(1 − tan φ).

References
    M. O'Keeffe, B. G. Hyde, Acta Cryst. B33, 3802 (1977): rigid octahedra in Pbnm; Y. Zhao,
    D. J. Weidner, J. B. Parise, D. E. Cox, Phys. Earth Planet. Inter. 76, 1 (1993): tilts from the cell
    and from coordinates; C. J. Howard, H. T. Stokes, Acta Cryst. B54, 782 (1998): the tilt systems.

Checked against
    The measured γ-CsPbBr3 and γ-CsPbI3. Real octahedra are not rigid: with the tilts read from the
    coordinates the halides come out within 0.004 and 0.013 (fractions of the cell; the
    largest is y of X(4c)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares
from nanocrystal.sample.crystal.cif import CifStructure, parse_cif
from nanocrystal.sample.crystal.settings import pbnm_order
from nanocrystal.sample.crystal.symmetry import cell_vectors, site_orbit
from nanocrystal.tables.ionic_radii import CATIONS, HALIDES, METALS, ionic_radius

FloatArray = NDArray[np.float64]
LARGEST = 30.0
"""°; no known perovskite comes near"""
ROOT2 = math.sqrt(2.0)


@dataclass(frozen=True)
class Tilts(Declares):
    """Angles by which the octahedra of a perovskite in Pbnm are turned.

    Parameters
    ----------
    out_of_phase : float
        About b, °; neighbours turn against each other.
    in_phase : float
        About c, °.
    """

    out_of_phase: float
    in_phase: float


def orthorhombic_from_tilts(
    elements: tuple[str, str, str],
    tilts: Tilts,
    *,
    length: float | tuple[float, float] | None = None,
    cell: tuple[float, float, float] | None = None,
    cation_place: tuple[float, float] = (0.0, 0.0),
) -> CifStructure:
    """Return the perovskite with rigid octahedra and these tilts, in Pbnm.

    It is built, not measured; so its `source` says. Equations: the docstring of the module.

    Parameters
    ----------
    elements : tuple of 3 str
        A, B and X, for instance ("Cs", "Pb", "Cl").
    tilts : Tilts
        By how much the octahedra are turned, °.
    length : float or (float, float), optional
        The distance B–X in Å, or the equatorial and the axial one, from which the cell follows.
    cell : tuple of 3 float, optional
        a, b, c in Å (measured, say), instead of the length; places are then those of regular octahedra, so that only
        the distances depart from a regular octahedron.
    cation_place : (float, float), optional
        x and y of A (z = ¼), in parts of the cell, which tilts do not decide.

    Returns
    -------
    CifStructure
        The structure, from which `Crystal` makes a crystal.

    Raises
    ------
    InputError
        For tilts or lengths out of range, and where not exactly one of length and cell is given.
    """
    theta, phi = _checked_tilts(tilts)
    if (length is None) == (cell is None):
        raise InputError("length", "give either length or cell, exactly one of the two.")
    lengths = cell if cell is not None else np.atleast_1d(np.asarray(length, dtype=float))
    if (
        not all(math.isfinite(v) and v > 0.0 for v in lengths)
        or len(lengths) > 3
        or (cell is not None and len(cell) != 3)
    ):
        raise InputError("cell" if cell is not None else "length", f"must be positive lengths in Å, got {lengths}.")
    ratio = 1.0
    if cell is None:
        equatorial, axial = float(lengths[0]), float(lengths[-1])
        ratio = axial / equatorial
        a = 2.0 * ROOT2 * equatorial * math.cos(theta) * math.cos(phi)
        cell = (a, a / math.cos(theta), 4.0 * axial * math.cos(theta))
    cation, metal, halide = elements
    x = ratio * math.tan(theta) / (2.0 * ROOT2)
    y = 0.5 + ratio * math.sin(theta) * math.tan(phi) / (2.0 * ROOT2)
    u = 0.75 + 0.25 * math.tan(phi) / math.cos(theta)
    v = 0.25 - 0.25 * math.tan(phi) * math.cos(theta)
    w = math.tan(theta) / (4.0 * ROOT2 * ratio)
    rows = [
        f"{cation} {cation} {cation_place[0]:.12f} {cation_place[1]:.12f} 0.25",
        f"{metal} {metal} 0.5 0 0",
        f"{halide}1 {halide} {x:.12f} {y:.12f} 0.25",
        f"{halide}2 {halide} {u:.12f} {v:.12f} {w:.12f}",
    ]
    lines = ["data_built", *(f"_cell_length_{n} {value:.12f}" for n, value in zip("abc", cell, strict=True))]
    lines += ["_space_group_name_H-M_alt 'P b n m'", "loop_", "_atom_site_label", "_atom_site_type_symbol"]
    lines += [f"_atom_site_fract_{n}" for n in "xyz"]
    source = f"{cation}{metal}{halide}3 built with tilts {tilts.out_of_phase:g}° and {tilts.in_phase:g}°"
    return parse_cif("\n".join([*lines, *rows]) + "\n", source)


def _checked_tilts(tilts: Tilts) -> tuple[float, float]:
    for name in ("out_of_phase", "in_phase"):
        if not 0.0 <= getattr(tilts, name) <= LARGEST:
            raise InputError(name, f"must be an angle from 0 to {LARGEST:g}°, got {getattr(tilts, name):g}.")
    return math.radians(tilts.out_of_phase), math.radians(tilts.in_phase)


# ---- tilts from what is known of a structure -----------------------------------------------------------


def tilts_from_cell(a: float, b: float, c: float) -> Tilts:
    """Return the tilts of regular octahedra that have a Pbnm cell: cos θ = a/b, cos φ = √2 a/c.

    Small distortions of the octahedra change them by degrees: prefer coordinates.

    Parameters
    ----------
    a, b, c : float
        Lengths of the cell, Å.

    Returns
    -------
    Tilts
        °.

    Raises
    ------
    InputError
        For a cell that regular octahedra cannot have.
    """
    cosines = (a / b, ROOT2 * a / c)
    if not all(0.0 < cosine <= 1.0 for cosine in cosines):
        raise InputError("cell", f"regular octahedra in Pbnm need a ≤ b and √2 a ≤ c, got {a:g}, {b:g}, {c:g} Å.")
    return Tilts(math.degrees(math.acos(cosines[0])), math.degrees(math.acos(cosines[1])))


def tilts_from_angles(axial: float, equatorial: float) -> Tilts:
    """Return the tilts of regular octahedra from the angles at the halides.

    Parameters
    ----------
    axial, equatorial : float
        B–X(4c)–B and B–X(8d)–B, °.

    Returns
    -------
    Tilts
        °.

    Raises
    ------
    InputError
        For angles that regular octahedra cannot have.
    """
    theta = math.radians(180.0 - axial) / 2.0
    cosine = (math.sin(theta) ** 2 - 2.0 * math.cos(math.radians(equatorial))) / (1.0 + math.cos(theta) ** 2)
    if not 0.0 <= theta <= math.radians(LARGEST) or not 0.0 < cosine <= 1.0:
        raise InputError("angles", f"regular octahedra in Pbnm cannot have {axial:g}° and {equatorial:g}°.")
    return Tilts(math.degrees(theta), math.degrees(math.acos(cosine)) / 2.0)


def tilts_from_coordinates(structure: CifStructure) -> Tilts:
    """Return the tilts from where the halides of a perovskite are.

    Each is the mean of two: the out-of-phase tilt that of the axial bond B–X(4c) against c, and that of the
    sum of the two equatorial bonds B–X(8d) against the ab plane; the in-phase tilt those of the sum
    against a and of the difference against b. In rigid octahedra both are equal.

    Parameters
    ----------
    structure : CifStructure
        In Pbnm or another setting of it.

    Returns
    -------
    Tilts
        °.

    Raises
    ------
    InputError
        For another kind of structure.
    """
    vectors = cell_vectors(structure.cell)
    orbits = [
        site_orbit(np.array(s.fract), structure.rotations, structure.translations, vectors) for s in structure.sites
    ]
    places = [structure.rotations[list(o.images)] @ o.fract + structure.translations[list(o.images)] for o in orbits]
    metal = centred_site([o.free for o in orbits], [len(o.images) for o in orbits])
    order = pbnm_order(structure)
    if metal is not None and order is not None:
        fract = np.concatenate(places)
        octahedron = Octahedron.around(sum(len(p) for p in places[:metal]), fract, structure.cell[:3], order)
        if octahedron is not None:
            return octahedron.tilts(fract, structure.cell[:3])
    raise InputError(structure.source, "is no perovskite with tilted octahedra in Pbnm (or Pnma, Pnam, …).")


def centred_site(free: list[tuple[int, ...]], multiplicities: list[int]) -> int | None:
    """Return the index of the first site on an inversion centre of Pbnm (4a or 4b): the metal of a perovskite."""
    sites = zip(free, multiplicities, strict=True)
    return next((k for k, (axes, multiplicity) in enumerate(sites) if not axes and multiplicity == 4), None)


@dataclass(frozen=True)
class Octahedron:
    """The atom in the middle and three of its bonds: axial (along +c), equatorial (+a, +b) and (+a, −b) of Pbnm.

    bonds: (atom, offset in cells) of each; order: which axes of the cell are a, b, c of Pbnm.
    """

    centre: int
    bonds: tuple[tuple[int, tuple[float, float, float]], ...]
    order: tuple[int, int, int]

    @classmethod
    def around(
        cls, centre: int, fract: FloatArray, lengths: FloatArray, order: tuple[int, int, int]
    ) -> Octahedron | None:
        """Return the octahedron about an atom; None where its six nearest neighbours form none.

        fract (n_atoms, 3); lengths (3,) of the cell, Å.
        """
        apart = fract - fract[centre]
        shift = -np.round(apart)
        vectors = ((apart + shift) * lengths)[:, list(order)]
        distances = np.linalg.norm(vectors, axis=1)
        bonds = []
        for direction in ((0.0, 0.0, 1.0), (ROOT2 / 2.0, ROOT2 / 2.0, 0.0), (ROOT2 / 2.0, -ROOT2 / 2.0, 0.0)):
            along = vectors @ np.array(direction) / np.maximum(distances, 1e-9)
            near = (along > math.cos(math.radians(LARGEST))) & (distances > 0.5)
            if not near.any():
                return None
            atom = int(np.argmin(np.where(near, distances, np.inf)))
            bonds.append((atom, (float(shift[atom, 0]), float(shift[atom, 1]), float(shift[atom, 2]))))
        bond_lengths = distances[[atom for atom, _ in bonds]]
        if np.ptp(bond_lengths) > 0.25 * bond_lengths.min():
            return None
        return cls(centre, tuple(bonds), order)

    def tilts(self, fract: FloatArray, lengths: FloatArray) -> Tilts:
        """Return the tilts, with the atoms at these places."""
        axial, first, second = (
            ((fract[atom] + np.array(offset) - fract[self.centre]) * lengths)[list(self.order)]
            for atom, offset in self.bonds
        )
        along_a, along_b = first + second, first - second
        from_axial = math.atan2(math.hypot(axial[0], axial[1]), axial[2])
        from_equatorial = math.atan2(abs(along_a[2]), math.hypot(along_a[0], along_a[1]))
        in_phase = math.atan2(along_a[1], along_a[0]) + math.atan2(-along_b[0], along_b[1])
        return Tilts(math.degrees(from_axial + from_equatorial) / 2.0, math.degrees(abs(in_phase)) / 2.0)


# ---- simple rules ---------------------------------------------------------------------------------------


def tetragonal_halide(a: float, c: float) -> float:
    """Return x of X(4g) at (−x, ½ − x, 0) for regular octahedra in P4/mbm (B at the origin).

    Parameters
    ----------
    a, c : float
        Lengths of the cell, Å.

    Returns
    -------
    float
        x, in parts of a.

    Raises
    ------
    InputError
        For a cell that regular octahedra cannot have.
    """
    cosine = a / (ROOT2 * c)
    if not 0.0 < cosine <= 1.0:
        raise InputError("cell", f"regular octahedra in P4/mbm need a ≤ √2 c, got a {a:g} and c {c:g} Å.")
    return 0.25 * (1.0 - math.tan(math.acos(cosine)))


def tolerance_factor(cation: str, metal: str, halide: str) -> float:
    """Return Goldschmidt's tolerance factor (r_A + r_X)/(√2 (r_B + r_X)) of a perovskite ABX3, with Shannon's radii.

    Parameters
    ----------
    cation, metal, halide : str
        Symbols of A, B and X, such as "Cs", "Pb", "Br".

    Returns
    -------
    float
        Without unit.

    Raises
    ------
    InputError
        For an ion whose radius is not in the table.

    References
    ----------
    V. M. Goldschmidt, Naturwissenschaften 14, 477 (1926); R. D. Shannon, Acta Cryst. A32, 751 (1976).
    """
    radii = ((cation, CATIONS, "cation"), (metal, METALS, "metal"), (halide, HALIDES, "halide"))
    return tolerance_factor_of_radii(*(ionic_radius(*ion) for ion in radii))


def tolerance_factor_of_radii(cation: float, metal: float, halide: float) -> float:
    """Return Goldschmidt's tolerance factor for ionic radii.

    Parameters
    ----------
    cation, metal, halide : float
        Radii of A, B and X, Å; where ions share a site, their mean radius.

    Returns
    -------
    float
        Without unit.

    References
    ----------
    V. M. Goldschmidt, Naturwissenschaften 14, 477 (1926).
    """
    return (cation + halide) / (ROOT2 * (metal + halide))
