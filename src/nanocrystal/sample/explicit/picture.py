"""The atoms of a typical nanocrystal, for a picture: of the mean size, whole blocks or cut from the crystal.

Large crystals show their surface only; very large ones are drawn smaller, in the same proportions. Boundaries and
layers in a random sequence are one choice of the ensemble, always the same.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.sample.crystal.clusters import Cluster
from nanocrystal.sample.crystal.crystal import Crystal
from nanocrystal.sample.crystal.settings import pbnm_order
from nanocrystal.sample.explicit.bodies import Body
from nanocrystal.sample.explicit.networks import BoundaryNetwork, ExplicitCrystal
from nanocrystal.sample.explicit.typical import (
    Layers,
    drawn_crystal,
    filled_by_chance,
    mean_body,
    shared_places,
    sphere_body,
)
from nanocrystal.sample.order.blocks import whole
from nanocrystal.sample.pairs.lattice_pairs import LatticeNow
from nanocrystal.sample.pairs.lattice_sum import LatticeSum
from nanocrystal.sample.shapes.shape import Shape, ShapeNow

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
MOST_ATOMS = 3000
"""atoms of a crystal that is drawn whole"""
MOST_ON_SURFACE = 8000
"""atoms that are drawn where the inner ones are left out"""
MOST_SEARCHED = 200_000
"""atoms of which the outermost are looked for; beyond, they are too many to be drawn"""
SKIN = 4.0
"""Å; depth of the surface that is drawn of large spheres"""
BEYOND_ATOMS = 0.8
"""Å; by how much the outlines of boundaries stand off the atoms"""
SEED = 0
LAYER_KINDS = ("cubic surroundings", "hexagonal surroundings")
FRACTIONS = {"1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾"}


class AtomPicture(NamedTuple):
    """Symbols (n_atoms,), positions (n_atoms, 3) in Å from the middle, and what is shown of the crystal.

    domains: which of `domain_names` each atom belongs to, (n_atoms,), empty for a crystal of one domain; outlines:
    the rims of boundaries, closed polygons (n, 3).
    """

    elements: tuple[str, ...]
    positions: FloatArray
    note: str
    domains: tuple[int, ...] = ()
    domain_names: tuple[str, ...] = ()
    outlines: tuple[FloatArray, ...] = ()


def of_cluster(cluster: Cluster, stretch: float) -> AtomPicture | None:
    """Return a cluster as it is; None for one too large to draw."""
    if len(cluster.elements) > MOST_ON_SURFACE:
        return None
    return AtomPicture(cluster.elements, _centred(stretch * cluster.positions), _all(len(cluster.elements)) + ".")


def of_crystal(lattice: LatticeNow, shape: ShapeNow) -> AtomPicture:
    """Return a crystal of the mean size with its boundaries or layers; lattice: what it is made of."""
    rng = np.random.default_rng(SEED)
    body, note = _blocks(lattice, shape.shape) if shape.shape.along_lattice else _sphere(lattice, shape)
    atoms, faults = drawn_crystal(lattice, body, rng)
    note = note or f"{_all(len(atoms.sites))} of a crystal of the mean size."
    if not isinstance(faults, BoundaryNetwork):
        note += " Its sequence of layers is one drawn at random of the ensemble."
    elif lattice.lattice.twins:
        note += _network_words(faults, lattice.lattice.crystal)
    occupants = lattice.crystal.occupants
    atoms = filled_by_chance(atoms, occupants, rng)
    if shared_places(occupants):
        what = "Shared" if any(len(site) > 1 for site in occupants) else "Partly filled"
        note += f" {what} places were filled by chance."
    return _pictured(lattice, atoms, faults, note)


def of_explicit(lattice: LatticeNow, atoms: ExplicitCrystal, faults: BoundaryNetwork | Layers) -> AtomPicture | None:
    """Return a crystal that was made atom by atom, or its surface where it is large; None where that is too much."""
    total = len(atoms.sites)
    if total > MOST_SEARCHED:
        return None
    shown = atoms if total <= MOST_ATOMS else atoms.kept(_outermost(atoms.positions))
    if len(shown.sites) > MOST_ON_SURFACE:
        return None
    note = f"{_all(total)}." if shown is atoms else f"The surface, {SKIN:g} Å deep, of {_grouped(total)} atoms."
    return _pictured(lattice, shown, faults, note)


def _pictured(lattice: LatticeNow, atoms: ExplicitCrystal, faults: BoundaryNetwork | Layers, note: str) -> AtomPicture:
    """Return the picture of atoms, with the names of their domains and the rims of their boundaries."""
    names: tuple[str, ...] = ()
    outlines: list[FloatArray] = []
    upright = np.eye(3)
    if not isinstance(faults, BoundaryNetwork):
        names, upright = LAYER_KINDS, _upright(lattice.block_vectors)
    elif lattice.lattice.twins:
        names, outlines = _shifts(lattice.lattice), _outlines(lattice, atoms, faults)
    places = atoms.positions @ upright
    middle = _middle(places)
    present, domains = np.unique(atoms.domains, return_inverse=True)
    return AtomPicture(
        atoms.elements,
        places - middle,
        note,
        tuple(domains.tolist()) if names else (),
        tuple(names[k] for k in present) if names else (),
        tuple(rim @ upright - middle for rim in outlines),
    )


def _blocks(lattice: LatticeNow, shape: Shape) -> tuple[Body, str]:
    """Return whole blocks, the nearest number to the mean lengths along each block vector, or their surface.

    The note is empty where all atoms are there.
    """
    vectors, mean = lattice.block_vectors, lattice.blocks_of_mean
    n_atoms = lattice.lattice.n_places
    factor = 1.0
    while _in_skin(whole(factor * mean)) * n_atoms > 4 * MOST_ON_SURFACE:  # roughly, before any array is made
        factor *= 0.97
    drawn = Body(shape.whole_blocks(factor * mean, vectors))
    total = drawn.n_blocks * n_atoms
    if factor == 1.0 and total <= MOST_ATOMS:
        return drawn, ""
    shown = drawn.surface()
    while shown.n_blocks * n_atoms > MOST_ON_SURFACE and max(drawn.numbers) > 1:
        factor *= 0.97
        drawn = Body(shape.whole_blocks(factor * mean, vectors))
        shown = drawn.surface()
    if factor == 1.0:
        return shown, f"The outermost blocks of a crystal of the mean size, which has {_grouped(total)} atoms."
    of_drawn, of_mean = (" × ".join(str(n) for n in numbers) for numbers in (drawn.numbers, whole(mean)))
    return (
        shown,
        f"The surface of a crystal of {of_drawn} blocks; the mean one, of {of_mean} blocks, is too large to draw.",
    )


def _sphere(lattice: LatticeNow, shape: ShapeNow) -> tuple[Body, str]:
    """Return a sphere of the mean size, or its surface; the note is empty where all atoms are there."""
    radius = 0.5 * shape.mean_diameter
    density = lattice.lattice.n_places / abs(float(np.linalg.det(lattice.block_vectors)))
    total = density * 4.0 / 3.0 * np.pi * radius**3
    if total <= MOST_ATOMS:
        return mean_body(lattice, shape), ""
    largest = float(np.sqrt(MOST_ON_SURFACE / (4.0 * np.pi * SKIN * density))) + 0.5 * SKIN
    about = _grouped(round(total, -2))
    note = f"The surface, {SKIN:g} Å deep, of a crystal of the mean size, which has about {about} atoms."
    if radius > largest:
        sizes = f"{0.2 * largest:.1f} nm; the mean one, of {0.2 * radius:.1f} nm,"
        note = f"The surface of a crystal of {sizes} is too large to draw."
    return sphere_body(lattice, 2.0 * min(radius, largest), SKIN), note


# ---- domains and boundaries -----------------------------------------------------------------------


def _shifts(lattice: LatticeSum) -> tuple[str, ...]:
    """Return by what a domain of each group element is shifted, in fractions of the cell (of Pbnm where it is that)."""
    order = pbnm_order(lattice.crystal.structure) or (0, 1, 2)
    names = []
    for state in lattice.blocks.states - lattice.blocks.states[0]:
        shift = -state[list(order)]
        parts = [str(Fraction(float(x - np.floor(x + 1e-6))).limit_denominator(12)) for x in shift]
        names.append("shifted by " + " ".join(FRACTIONS.get(part, part) for part in parts))
    return ("not shifted", *names[1:])


def _network_words(network: BoundaryNetwork, crystal: Crystal) -> str:
    """Return a sentence on the boundaries of the picture."""
    number = sum(len(planes) for planes in network.planes)
    if number == 0:
        return " In this network, drawn at random of the ensemble, there is no boundary."
    setting = " of Pbnm" if pbnm_order(crystal.structure) is not None else ""
    boundaries = "boundary is" if number == 1 else "boundaries are"
    return (
        f" Its {f'{number} ' if number > 1 else ''}{boundaries} one network drawn at random of the ensemble; domains "
        f"are named by their shift in fractions of the cell{setting}."
    )


def _outlines(lattice: LatticeNow, atoms: ExplicitCrystal, network: BoundaryNetwork) -> list[FloatArray]:
    """Return the rim of each boundary, a polygon (n, 3) in Å just beyond the layer next to it, the smaller of both."""
    inverse = np.linalg.inv(lattice.block_vectors)
    contents = lattice.places @ inverse
    outlines = []
    for axis, planes in enumerate(network.planes):
        per_block = float(1.0 / np.linalg.norm(inverse[:, axis]))
        normal = np.asarray(inverse[:, axis] * per_block, dtype=np.float64)
        between = 0.5 * (contents[..., axis].min() + contents[..., axis].max() + 1.0)
        for plane in planes:
            beyond = (plane - 1 + between) * per_block - atoms.positions @ normal
            sides = [(sign * beyond > 0.0) & (np.abs(beyond) < per_block) for sign in (1.0, -1.0)]
            both = [_rim(atoms.positions[side] + beyond[side, None] * normal, normal) for side in sides]
            rims = [rim for rim in both if rim is not None]
            if len(rims) == 2:
                outlines.append(min(rims, key=_girth))
    return outlines


def _rim(points: FloatArray, normal: FloatArray) -> FloatArray | None:
    """Return the convex polygon round points (n, 3) of a plane, set off outwards; None where they span no area."""
    from scipy.spatial import ConvexHull

    if len(points) < 3:
        return None
    first = np.cross(normal, [0.0, 0.0, 1.0] if abs(normal[2]) < 0.9 else [1.0, 0.0, 0.0])
    first /= np.linalg.norm(first)
    frame = np.array([first, np.cross(normal, first)])
    middle = points.mean(axis=0)
    flat = (points - middle) @ frame.T
    if np.linalg.svd(flat, compute_uv=False)[1] < 1e-3:
        return None
    corners = flat[ConvexHull(flat).vertices]
    distance = np.linalg.norm(corners, axis=1, keepdims=True)
    return np.asarray(middle + corners * (1.0 + BEYOND_ATOMS / distance) @ frame)


def _girth(rim: FloatArray) -> float:
    return float(np.linalg.norm(rim - np.roll(rim, 1, axis=0), axis=1).sum())


def _outermost(places: FloatArray) -> NDArray[np.bool_]:
    """Return which points (n, 3) lie within SKIN of the hull of all."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        faces = np.unique(ConvexHull(places).equations.round(6), axis=0)
    except QhullError:
        return np.ones(len(places), dtype=np.bool_)
    depth = np.full(len(places), np.inf)
    for *normal, offset in faces:
        depth = np.minimum(depth, -(places @ np.array(normal) + offset))
    return np.asarray(depth <= SKIN)


def _upright(vectors: FloatArray) -> FloatArray:
    """Return the rotation (3, 3), of rows, that makes the first two block vectors horizontal."""
    normal = np.cross(vectors[0], vectors[1])
    first, third = vectors[0] / np.linalg.norm(vectors[0]), normal / np.linalg.norm(normal)
    return np.asarray(np.array([first, np.cross(third, first), third]).T)


# ---- words and numbers ----------------------------------------------------------------------------


def _in_skin(numbers: IntArray) -> float:
    """Return how many blocks of a box have a face on its surface."""
    counts = numbers.astype(np.float64)
    return float(np.prod(counts) - np.prod(np.maximum(counts - 2.0, 0.0)))


def _middle(places: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (places.min(axis=0) + places.max(axis=0))) if len(places) else np.zeros(3)


def _centred(places: FloatArray) -> FloatArray:
    return np.asarray(places - _middle(places))


def _grouped(number: float) -> str:
    return f"{number:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _all(number: int) -> str:
    return f"All {_grouped(number)} atoms" if number > 1 else "The one atom"
