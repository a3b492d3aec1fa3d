"""Distances between neighbours against depth below the surface of a cluster.

For each atom of one element the mean distance to its neighbours of another (or the same) element, and the means
over shells of equal depth: such plots of Cs–Cs and Cs–Pb in a relaxed 5.4 nm CsPbBr₃ nanocrystal are Figures S20
and S21 of the supporting information of M. Aebli et al. on ¹³³Cs NMR of CsPbX₃ nanocrystals. Its text says
neither which neighbours were counted nor how depth was measured; here both are stated:

- depth: distance of the atom's centre to the nearest face of the box around all atoms (`box`; for cubes and prisms,
  along x, y and z or turned as their faces are) or of their convex hull (`hull`; any convex shape). Outermost atoms
  have depth 0.
- neighbours: those within a cut-off, the first n, or the first n within a cut-off.

Checked against: cubes built by hand whose outermost layer is moved inwards by a known amount, their mean distances
counted by hand, and turned copies of them (tests/analysis/test_distance_profile.py).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.analysis.box import Box, box_of
from nanocrystal.analysis.estimate import FloatArray
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.sample import Cluster
from nanocrystal.text import csv_text

IntArray = NDArray[np.int64]
LAYER_GAP = 1.0
"""Å; layers are apart where no atom's depth lies for as long as this"""


@dataclass(frozen=True)
class DepthReference:
    """What depth is measured from.

    Parameters
    ----------
    kind : str
        "box", the nearest face of the box around the atoms, along x, y and z or, where they fill only that, turned
        along their faces; or "hull", that of their convex hull.
    elements : collection of str or None
        The atoms that make it; None: all. Name those of the crystal where ligands are in the file.
    """

    kind: Literal["box", "hull"] = "box"
    elements: Collection[str] | None = None


@dataclass(frozen=True, kw_only=True)
class DistanceProfile:
    """Distances from one element to another over depth; shells are the rows, from the surface inwards.

    Parameters
    ----------
    element, neighbour : str
        From which to which atoms distances are taken.
    surface : str
        What depth is measured from, in words.
    choice : str
        Which neighbours count, in words.
    edges : array (n_shells + 1,)
        Å.
    n_atoms : array (n_shells,)
        Atoms with neighbours.
    n_neighbours : array (n_shells,)
        Mean number of these neighbours; NaN, as all that follows, where a shell is empty.
    depth : array (n_shells,)
        Mean of the atoms, Å.
    distance, distance_std : array (n_shells,)
        Mean and standard deviation over all distances of the shell, Å.
    atom_std : array (n_shells,)
        Standard deviation over the atoms of the mean distance of each, Å.
    atoms : array (n,)
        Index in the cluster of each atom with neighbours.
    atom_depth, atom_distance : array (n,)
        Depth and mean distance of each, Å.
    alone : int
        Number of atoms without a neighbour, which count nowhere.
    notes : tuple of str
        What to know, one sentence each.
    """

    element: str
    neighbour: str
    surface: str
    choice: str
    edges: FloatArray
    n_atoms: IntArray
    n_neighbours: FloatArray
    depth: FloatArray
    distance: FloatArray
    distance_std: FloatArray
    atom_std: FloatArray
    atoms: IntArray
    atom_depth: FloatArray
    atom_distance: FloatArray
    alone: int
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        alone = f", {self.alone} atoms without neighbours left out" if self.alone else ""
        lines = [f"DistanceProfile({self.element}–{self.neighbour}, {self.choice}, depth from {self.surface}{alone})"]
        lines.append("  depth (Å)         atoms  neighbours  distance (Å)  std (Å)")
        for k in range(len(self.depth)):
            if self.n_atoms[k]:
                lines.append(
                    f"  {self.edges[k]:6.2f} to {self.edges[k + 1]:6.2f} {self.n_atoms[k]:6d} "
                    f"{self.n_neighbours[k]:11.2f} {self.distance[k]:13.4f} {self.distance_std[k]:8.4f}"
                )
        return "\n".join([*lines, *(f"  ! {note}" for note in self.notes)])

    def to_csv(self) -> str:
        """Return one row for each shell."""
        return csv_text(
            {
                "depth_from (Å)": self.edges[:-1],
                "depth_to (Å)": self.edges[1:],
                "depth_mean (Å)": self.depth,
                "n_atoms": self.n_atoms.tolist(),
                "n_neighbours": self.n_neighbours,
                "distance (Å)": self.distance,
                "distance_std (Å)": self.distance_std,
                "atom_std (Å)": self.atom_std,
            }
        )

    def atoms_csv(self) -> str:
        """Return one row for each atom: its number in the file, depth and mean distance."""
        numbers = (self.atoms + 1).tolist()
        return csv_text({"atom": numbers, "depth (Å)": self.atom_depth, "distance (Å)": self.atom_distance})


def distance_profile(
    cluster: Cluster,
    element: str,
    neighbour: str,
    *,
    n_nearest: int | None = None,
    cutoff: float | None = None,
    surface: DepthReference | None = None,
    shells: float | Sequence[float] | None = None,
) -> DistanceProfile:
    """Return the distances from atoms of one element to their neighbours of another over depth.

    One of `n_nearest` and `cutoff` is needed; with both, the first n within the cut-off count. An atom at the surface
    has fewer true neighbours, so that `n_nearest` alone counts far ones there. Checked against cubes with a contracted
    layer, counted by hand.

    Parameters
    ----------
    cluster : Cluster
        The atoms.
    element, neighbour : str
        From which to which atoms, as the cluster names them; the same for both is possible.
    n_nearest : int, optional
        How many nearest neighbours count.
    cutoff : float, optional
        Up to which distance neighbours count, Å.
    surface : DepthReference, optional
        What depth is measured from [the box]; atoms outside it are left out.
    shells : float or sequence of float, optional
        Thickness of shells that begin at depth 0, or their ascending edges, Å [layers, divided where the depths leave a
        gap of at least 1 Å].

    Returns
    -------
    DistanceProfile
        Distances by shell and by atom.

    Raises
    ------
    InputError
        For names, numbers and clusters that cannot be used.
    """
    where = "distance_profile"
    for name, symbol in (("element", element), ("neighbour", neighbour)):
        _check_element(f"{where}, {name}", symbol, cluster)
    _check_neighbours(where, n_nearest, cutoff)
    surface = surface or DepthReference()
    box = _box_of(cluster, surface)
    depths = _depths(cluster, surface, box)
    elements = np.array(cluster.elements)
    centres = np.flatnonzero((elements == element) & (depths > -1e-6))
    others = np.flatnonzero(elements == neighbour)
    lists = _neighbour_distances(cluster.positions, centres, others, n_nearest, cutoff)
    kept = np.array([len(d) > 0 for d in lists], dtype=np.bool_)
    if not kept.any():
        raise InputError(where, f"no {element} has a neighbour {neighbour} within {cutoff:g} Å.")
    lists = [d for d, ok in zip(lists, kept, strict=True) if ok]
    atoms, depth = centres[kept], np.maximum(depths[centres[kept]], 0.0)
    edges = _edges(depth, shells)
    shell_of = np.digitize(depth, edges) - 1
    shell_of[depth == edges[-1]] = len(edges) - 2
    rows = [_shell([lists[i] for i in np.flatnonzero(shell_of == k)]) for k in range(len(edges) - 1)]
    counts = np.array([r[0] for r in rows], dtype=np.int64)
    neighbours, mean, spread, atom_spread = np.array([r[1:] for r in rows]).T
    mean_depth = [depth[shell_of == k].mean() if counts[k] else np.nan for k in range(len(counts))]
    return DistanceProfile(
        element=element,
        neighbour=neighbour,
        surface=_surface_in_words(box),
        choice=_choice_in_words(n_nearest, cutoff),
        edges=edges,
        n_atoms=counts,
        n_neighbours=neighbours,
        depth=np.array(mean_depth),
        distance=mean,
        distance_std=spread,
        atom_std=atom_spread,
        atoms=atoms,
        atom_depth=depth,
        atom_distance=np.array([d.mean() for d in lists]),
        alone=int((~kept).sum()),
        notes=_full_box(box),
    )


def _full_box(box: Box | None) -> tuple[str, ...]:
    """Return a note where the atoms do not fill the box whose faces depth is measured from."""
    if box is None or box.is_full:
        return ()
    return (
        f"the atoms fill {100.0 * box.part:.0f} % of the box along x, y and z, and no other, so their faces are not "
        'those of a box and depths mean little: measure depth from the hull, DepthReference("hull").',
    )


def _outer(cluster: Cluster, surface: DepthReference) -> FloatArray:
    """Return the positions (n, 3) of the atoms that make the surface, Å."""
    chosen = np.array([surface.elements is None or e in surface.elements for e in cluster.elements])
    return np.asarray(cluster.positions[chosen])


def atom_depths(cluster: Cluster, surface: DepthReference | None = None) -> FloatArray:
    """Return the depth of each atom's centre below the surface.

    Parameters
    ----------
    cluster : Cluster
        The atoms.
    surface : DepthReference, optional
        What depth is measured from [the box around all atoms].

    Returns
    -------
    array (n_atoms,)
        Å; outermost atoms have 0, those outside are negative.

    Raises
    ------
    InputError
        For names that are not in the cluster, and atoms that have no convex hull.
    """
    surface = surface or DepthReference()
    return _depths(cluster, surface, _box_of(cluster, surface))


def _box_of(cluster: Cluster, surface: DepthReference) -> Box | None:
    """Return the box whose faces depth is measured from, None where that is the hull; raises InputError for others."""
    if surface.kind not in ("box", "hull"):
        raise InputError("atom_depths, surface", f"must be 'box' or 'hull', got {surface.kind!r}.")
    for symbol in surface.elements or ():
        _check_element("atom_depths, surface_elements", symbol, cluster)
    return box_of(_outer(cluster, surface)) if surface.kind == "box" else None


def _depths(cluster: Cluster, surface: DepthReference, box: Box | None) -> FloatArray:
    """Return the depth (n_atoms,) of each atom below the faces of a box, or of the hull, Å."""
    if box is not None:
        return box.depths(cluster.positions)
    from scipy.spatial import ConvexHull, QhullError

    points = _outer(cluster, surface)
    try:
        faces = ConvexHull(points).equations
    except QhullError:
        raise InputError(
            "atom_depths", f"the {len(points)} atoms have no convex hull: they lie in a plane or a line."
        ) from None
    return np.asarray(-(cluster.positions @ faces[:, :3].T + faces[:, 3]).max(axis=1))


def _neighbour_distances(
    positions: FloatArray, centres: IntArray, others: IntArray, n_nearest: int | None, cutoff: float | None
) -> list[FloatArray]:
    """Return the distances of each centre to its neighbours, ascending; an atom is no neighbour of itself."""
    from scipy.spatial import cKDTree

    tree = cKDTree(positions[others])
    reach = np.inf if cutoff is None else cutoff
    lists = []
    for centre in centres:
        here = positions[centre]
        if n_nearest is None:
            near = others[tree.query_ball_point(here, reach)]
        else:
            k = np.atleast_1d(tree.query(here, min(n_nearest + 1, len(others)), distance_upper_bound=reach)[1])
            near = others[k[k < len(others)]]
        distances = np.sort(np.linalg.norm(positions[near[near != centre]] - here, axis=1))
        lists.append(distances[:n_nearest])
    return lists


def _shell(lists: list[FloatArray]) -> tuple[int, float, float, float, float]:
    """Return atoms, mean number of neighbours, mean and standard deviation of distances, that of atoms' means."""
    if not lists:
        return 0, np.nan, np.nan, np.nan, np.nan
    distances = np.concatenate(lists)
    means = np.array([d.mean() for d in lists])
    spread = float(distances.std(ddof=1)) if len(distances) > 1 else np.nan
    atom_spread = float(means.std(ddof=1)) if len(means) > 1 else np.nan
    return len(lists), len(distances) / len(lists), float(distances.mean()), spread, atom_spread


def _edges(depth: FloatArray, shells: float | Sequence[float] | None) -> FloatArray:
    where = "distance_profile, shells"
    if shells is None:
        ordered = np.sort(depth)
        gaps = np.flatnonzero(np.diff(ordered) >= LAYER_GAP)
        inner = 0.5 * (ordered[gaps] + ordered[gaps + 1])
        edges: FloatArray = np.array([0.0, *inner, ordered[-1] + 0.5 * LAYER_GAP], dtype=np.float64)
        layers = np.split(ordered, gaps + 1)
        if max(np.ptp(layer) for layer in layers) > 3.0 * LAYER_GAP:
            raise InputError(where, "the depths form no layers 1 Å apart; give the thickness of the shells in Å.")
        return edges
    divisions: FloatArray = np.asarray(shells, dtype=np.float64)
    if divisions.ndim == 0:
        if not 0.01 <= divisions < np.inf:
            raise InputError(where, f"must be a thickness of at least 0.01 Å, got {divisions:g}.")
        n_shells = int(np.floor(depth.max() / divisions)) + 1
        return np.arange(n_shells + 1, dtype=np.float64) * float(divisions)
    if divisions.ndim != 1 or len(divisions) < 2 or not np.all(np.diff(divisions) > 0.0):
        raise InputError(where, f"must be a thickness or ascending edges in Å, got {shells}.")
    return divisions


def _surface_in_words(box: Box | None) -> str:
    if box is None:
        return "the convex hull"
    return "the bounding box, turned along the faces" if box.is_turned else "the bounding box"


def _choice_in_words(n_nearest: int | None, cutoff: float | None) -> str:
    within = f"within {cutoff:g} Å" if cutoff is not None else ""
    first = f"the {n_nearest} nearest" if n_nearest is not None else "all"
    return f"{first} {within}".strip()


def _check_element(where: str, symbol: str, cluster: Cluster) -> None:
    if symbol not in cluster.species:
        problem = f"{cluster.source} has no atom {symbol!r}; {nearest_names(symbol, cluster.species)}"
        raise InputError(where, problem)


def _check_neighbours(where: str, n_nearest: int | None, cutoff: float | None) -> None:
    if n_nearest is None and cutoff is None:
        raise InputError(where, "needs n_nearest, cutoff (Å) or both, to know which neighbours count.")
    if n_nearest is not None and n_nearest < 1:
        raise InputError(f"{where}, n_nearest", f"must be at least 1, got {n_nearest}.")
    if cutoff is not None and not 0.0 < cutoff < np.inf:
        raise InputError(f"{where}, cutoff", f"must be a positive distance in Å, got {cutoff}.")
