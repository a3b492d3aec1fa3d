"""From pairs of places to pairs of atoms: who stands at the places of a crystal.

Sums over pairs are made for pairs of sites. Here they become pairs of kinds of atoms: two elements that share a
site, sites that are filled differently towards the surface, neighbours that cluster or keep other distances.
Where a composition changes with depth, a site has a second kind for each of its elements, which counts with g
(see `shell`) and has the difference to the shell as its occupancy, negative where the core has less of the element.
Which kinds and rows there are never depends on numbers that the pairs do not depend on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.pairs import pair_kinds
from nanocrystal.parameters import Evaluation, Here, StoreKey
from nanocrystal.sample.crystal.crystal import EXCLUSIVE_DISTANCE, Crystal
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.crystal.mixing import Occupant
from nanocrystal.sample.pairs.pair_structure import Kind, enveloped
from nanocrystal.tables.elements import covalent_radius

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Outer = list[list[Occupant] | None]
NEAREST = 1.3
"""of the sum of the covalent radii: nearer atoms on different sites are nearest neighbours"""


class Standing(NamedTuple):
    """One kind of atom: its site, whether it counts with g, and the index of its element on the site."""

    site: int
    inner: bool
    element: int


@dataclass(frozen=True)
class Assembled:
    """Kinds of atoms and the histograms of their pairs; see `PairStructure` for moments, rows, factors, levels.

    site_pairs: (n_pair_kinds,), of which pair of sites the pairs of two kinds are.
    """

    kinds: tuple[Kind, ...]
    moments: FloatArray
    rows: IntArray
    factors: FloatArray
    levels: IntArray
    site_pairs: IntArray


@dataclass(frozen=True, kw_only=True)
class PlacePairs:
    """The pairs of the places of a crystal, in the unit that is counted.

    moments: (n_levels, n_site_pairs, n_bins, 4), see `ShapedPairs`; h: width of a bin, Å; places: (n_sites,), how many
    each site has in the unit; mean_inside: the mean of g, 1 without a shell; known_by: the addresses that the moments
    depend on; sites: (n_sites,), which sites of the crystal these are, each with all that are like it.
    """

    moments: FloatArray
    h: float
    places: FloatArray
    mean_inside: float
    known_by: tuple[str, ...]
    sites: tuple[int, ...]


def assembled(
    evaluation: Evaluation, crystal_now: CrystalNow, pairs: PlacePairs, outer: Outer | None, key: StoreKey
) -> Assembled:
    """Return the kinds of atoms of a crystal with their pairs.

    outer: see `ShellNow.changed`, None without a shell; key: what is kept is kept under.
    """
    crystal, inner = crystal_now.crystal, crystal_now.occupants
    standing, kinds = _kinds(crystal, inner, outer or [None] * len(inner), pairs)
    # near places of a site that is full in the core are bonds, in the shell too
    partial = tuple(bool(sum(o.occupancy for o in on_site) < 1.0 - 1e-12) for on_site in inner)
    mixed = [crystal.substitution_key(s.label) for s in crystal.sites]
    n_site_pairs = pairs.moments.shape[1]
    site_row = {(pairs.sites[a], pairs.sites[b]): k for k, (a, b) in enumerate(pair_kinds(len(pairs.sites)))}
    changes: dict[tuple[int, tuple[float, ...]], int] = {(k, ()): k for k in range(n_site_pairs)}
    rows, factors, levels, site_pairs = [], [], [], []
    for a, b in pair_kinds(len(kinds)):
        first, second = standing[a], standing[b]
        level = int(first.inner) + int(second.inner)
        pair = (min(first.site, second.site), max(first.site, second.site))
        change = _change(crystal_now, mixed, first, second)
        row = (level * n_site_pairs + site_row[pair], change)
        rows.append(changes.setdefault(row, len(changes)))
        factors.append(2.0 if first.site == second.site and a != b else 1.0)
        levels.append(level)
        site_pairs.append(site_row[pair])
    if len(changes) == n_site_pairs and not any(partial):
        moments = pairs.moments[0]
    else:
        moments = evaluation.once(
            ("pairs of atoms", *key),
            (*pairs.known_by, *pair_addresses(crystal_now)),
            lambda: _changed(pairs, list(changes), crystal, partial, site_row),
        )
    return Assembled(kinds, moments, np.array(rows), np.array(factors), np.array(levels), np.array(site_pairs))


def _kinds(
    crystal: Crystal, inner: list[list[Occupant]], outer: Outer, pairs: PlacePairs
) -> tuple[list[Standing], tuple[Kind, ...]]:
    """Return the kinds of atoms: those of the shell (or the whole crystal), then what differs in the core."""
    standing: list[Standing] = []
    kinds: list[Kind] = []
    counted = [(s, crystal.sites[s], float(n)) for s, n in zip(pairs.sites, pairs.places, strict=True)]
    for s, site, places in counted:
        for e, occupant in enumerate(outer[s] or inner[s]):
            standing.append(Standing(s, False, e))
            label = _label(site.label, site.element, occupant)
            kinds.append(Kind(label, occupant.element, places, *occupant[1:]))
    for s, site, places in counted:
        at_surface = outer[s]
        for e, (core, surface) in enumerate(zip(inner[s], at_surface or inner[s], strict=True)):
            if at_surface is not None:
                standing.append(Standing(s, True, e))
                label = f"{_label(site.label, site.element, core)} in the core"
                difference = core.occupancy - surface.occupancy
                count = places * pairs.mean_inside
                kinds.append(Kind(label, core.element, count, difference, core.u_iso))
    return standing, tuple(kinds)


def _label(site: str, host: str, occupant: Occupant) -> str:
    return site if occupant.element == host else f"{occupant.element} on {site}"


def _change(crystal: CrystalNow, mixed: list[str | None], first: Standing, second: Standing) -> tuple[float, ...]:
    """Return what a pair of kinds needs of its pairs of sites: () nothing, (factor, ξ) clustered, (δ,) moved, Å."""
    key = mixed[first.site]
    if key is not None and key == mixed[second.site]:
        return _clustered(crystal.here.under(f"substitution.{key}"), first, second)
    moved = _moved_by(crystal, mixed, first, second)
    moved += _moved_by(crystal, mixed, second, first)
    return (moved,) if moved else ()


def _clustered(substitution: Here, first: Standing, second: Standing) -> tuple[float, ...]:
    """Return (factor, ξ): the pairs at r are 1 + factor exp(−r/ξ) times as many as at random."""
    length, x = substitution["correlation_length"], substitution["fraction"]
    if length == 0.0 or x in (0.0, 1.0):
        return ()
    if first.element != second.element:
        return (-1.0, length)
    return (x / (1.0 - x) if first.element == 0 else (1.0 - x) / x, length)


def _moved_by(crystal_now: CrystalNow, mixed: list[str | None], atom: Standing, neighbour: Standing) -> float:
    """Return by how much an atom on a shared site is farther from one it is bonded to than the crystal says, Å."""
    key = mixed[atom.site]
    if key is None:
        return 0.0
    crystal = crystal_now.crystal
    difference, x = (crystal_now.here[f"substitution.{key}.{k}"] for k in ("bond_difference", "fraction"))
    if (
        difference == 0.0
        or crystal.sites[crystal.nearest_site(atom.site)].element != crystal.sites[neighbour.site].element
    ):
        return 0.0
    return float(difference * (x if atom.element == 0 else x - 1.0))


def pair_addresses(crystal: CrystalNow) -> tuple[str, ...]:
    """Return the addresses that decide which pairs of atoms there are, besides those of the places themselves.

    The fraction of a second element is among them only where its atoms cluster or keep another distance.
    """
    addresses = [f"sites.{s.label}.occupancy" for s in crystal.crystal.sites]
    for key in crystal.crystal.substitutions:
        place = f"substitution.{key}"
        addresses += [f"{place}.correlation_length", f"{place}.bond_difference"]
        if crystal.here[addresses[-1]] != 0.0 or crystal.here[addresses[-2]] != 0.0:
            addresses.append(f"{place}.fraction")
    return crystal.here.addresses(*addresses)


def _changed(
    pairs: PlacePairs,
    changes: list[tuple[int, tuple[float, ...]]],
    crystal: Crystal,
    partial: tuple[bool, ...],
    site_row: dict[tuple[int, int], int],
) -> FloatArray:
    """Return the histograms (n_rows, n_bins, 4) of pairs of sites with these changes."""
    moments, h = pairs.moments, pairs.h
    n_site_pairs = moments.shape[1]
    pair_of = {row: pair for pair, row in site_row.items()}
    nearest = int(EXCLUSIVE_DISTANCE / h) + 1
    changed = np.empty((len(changes), *moments.shape[2:]))
    r = h * np.arange(float(moments.shape[2]))
    for k, (row, change) in enumerate(changes):
        pair = pair_of[row % n_site_pairs]
        changed[k] = moments[row // n_site_pairs, row % n_site_pairs]
        if partial[pair[0]] and partial[pair[1]]:
            changed[k, :nearest] = 0.0
        if len(change) == 2:
            factor, length = change
            changed[k] = enveloped(changed[k], 1.0 + factor * np.exp(-r / length))
        elif len(change) == 1:
            radii = sum(covalent_radius(crystal.sites[s].element) for s in pair)
            changed[k] = _moved(changed[k], int(NEAREST * radii / h), change[0] / h)
    return changed


def _moved(moments: FloatArray, last: int, bins: float) -> FloatArray:
    """Return the moments (n_bins, 4) with the pairs below bin `last` moved outwards by so many bins (not whole)."""
    whole = round(bins)
    rest = bins - whole
    count, first, second, third = moments[:last].T
    shifted = np.stack(
        [
            count,
            first + rest * count,
            second + 2.0 * rest * first + rest**2 * count,
            third + 3.0 * rest * second + 3.0 * rest**2 * first + rest**3 * count,
        ],
        axis=1,
    )
    moved = moments.copy()
    moved[:last] = 0.0
    low, high = max(0, -whole), min(last, len(moments) - whole)
    moved[low + whole : high + whole] += shifted[low:high]
    return moved
