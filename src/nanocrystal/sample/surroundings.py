"""The nuclei of the A site of a perovskite by their depth below the surface and the halides around them.

Each A atom has twelve halides around it: along any axis four on its own layer and four on each of the layers half a
block away. How many of them are of the second halide follows from how the halides are mixed:

- at random with part x: the binomial law of 12;
- core and shell, or a gradient: each of the three layers has the composition of its depth, so three binomials of 4,
  as below a flat face (at edges and corners of a crystal more of the twelve lie on outer layers);
- clustered: the beta-binomial law whose like neighbours are as correlated as exp(−r/ξ) is on average over the 66
  pairs among the twelve.

A crystal of real lengths is averaged over the position of its centre, so the nuclei deeper than t are those in the
body with all its faces moved inwards by t.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, product
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.crystal import Crystal, Site
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.order.blocks import perovskite_metal
from nanocrystal.sample.population import Population, PopulationNow

FloatArray = NDArray[np.float64]
NEIGHBOURS = 12
STEPS = 40
"""depths at which a composition that changes is taken, over the range where it does"""


class Surroundings(NamedTuple):
    """The nuclei of one element in the mean crystal.

    depths: (n + 1,) Å, borders of depths below the surface, the last one infinite; parts: (n,), which part of the
    nuclei lies between them; neighbours: (n, 13), the probability of so many atoms of `second` among the twelve
    halides around one, the others being `host` (second None: all are).
    """

    depths: FloatArray
    parts: FloatArray
    neighbours: FloatArray
    host: str
    second: str | None


def surroundings(population: PopulationNow, borders: Sequence[float]) -> Surroundings:
    """Return the surroundings of the nuclei on the A site; borders: depths (Å) that shall be borders."""
    crystal = population.crystal
    half = 0.5 * pseudocubic_edge(crystal)
    host, second, key = _halides(crystal.crystal)
    depths = {0.0, *(max(0.0, b) for b in borders)}
    x: Callable[[FloatArray], FloatArray]
    if second is None:
        x = np.zeros_like
    else:
        core = crystal.here[f"substitution.{key}.fraction"]
        shell = population.shell
        if shell is not None and key in shell.shell.substitution:
            surface, nested = shell.fraction(key), shell.nested
            last = max(t for t, _ in nested) + 2.0 * half
            depths |= {max(0.0, t + s) for t, _ in nested for s in (-half, 0.0, half)}
            depths |= set(np.linspace(0.0, last, STEPS).tolist())

            def x(depth: FloatArray) -> FloatArray:
                inside = sum(part * (depth >= t) for t, part in nested)
                return np.asarray(surface + inside * (core - surface))
        else:

            def x(depth: FloatArray) -> FloatArray:
                return np.full_like(depth, core)

    edges = np.array(sorted(depths))
    below = deeper_than(population, edges)
    parts = below - np.append(below[1:], 0.0)
    middles = np.append(0.5 * (edges[1:] + edges[:-1]), edges[-1] + 10.0 * half)
    correlation = 0.0 if second is None else crystal.here[f"substitution.{key}.correlation_length"]
    if correlation > 0.0:
        law = clustered(float(x(middles)[0]), correlation, 2.0 * half)
        neighbours = np.tile(law, (len(parts), 1))
    else:
        around = [x(np.maximum(middles + s, 0.0)) for s in (-half, 0.0, half)]
        neighbours = three_layers(*around)
    return Surroundings(np.append(edges, np.inf), np.maximum(parts, 0.0), neighbours, host, second)


def deeper_than(population: PopulationNow, depths: FloatArray) -> FloatArray:
    """Return which part of the A sites lies deeper than depths (n,) Å below the surface, counted over all crystals."""
    termination, longer = population.population.termination, 0.0
    if termination is not None:  # the A layers are half a block longer or shorter than the crystal
        longer = 0.5 if termination.startswith(_cation(population.crystal.crystal)) else -0.5
    return population.shape.deeper(depths, population.block_vectors, longer)


# ---- how many of the twelve -----------------------------------------------------------------------


def three_layers(above: FloatArray, within: FloatArray, below: FloatArray) -> FloatArray:
    """Return P(n), n = 0 to 12, for layers of four places with these parts of the second element, (…, 13)."""
    total = _binomial(4, above)
    for part in (within, below):
        four, longer = _binomial(4, part), np.zeros((*total.shape[:-1], total.shape[-1] + 4))
        for n in range(5):
            longer[..., n : n + total.shape[-1]] += four[..., n, None] * total
        total = longer
    return total


def _binomial(n: int, x: FloatArray | float) -> FloatArray:
    """Return P(k), k = 0 to n, of n places that are filled with the probability x each, (…, n + 1)."""
    filled, k = np.clip(x, 0.0, 1.0)[..., None], np.arange(n + 1)
    ways = np.array([comb(n, m) for m in range(n + 1)], dtype=np.float64)
    return np.asarray(ways * filled**k * (1.0 - filled) ** (n - k))


def clustered(x: float, correlation_length: float, edge: float) -> FloatArray:
    """Return P(n), n = 0 to 12, of the beta-binomial law; edge: of the cube of metal atoms around the site, Å."""
    if not 0.0 < x < 1.0:
        return _binomial(NEIGHBOURS, x)
    places = np.array([p for p in product((-1.0, 0.0, 1.0), repeat=3) if np.abs(p).sum() == 2.0]) * 0.5 * edge
    like = np.mean([np.exp(-np.linalg.norm(a - b) / correlation_length) for a, b in combinations(places, 2)])
    if like < 1e-9:
        return _binomial(NEIGHBOURS, x)
    free = (1.0 - like) / like
    ways = [comb(NEIGHBOURS, n) for n in range(NEIGHBOURS + 1)]
    second, first, either = (_rising(start) for start in (x * free, (1.0 - x) * free, free))
    return np.asarray(ways * second * first[::-1] / either[-1])


def _rising(start: float) -> FloatArray:
    """Return the products start (start + 1) … of none to twelve factors."""
    return np.cumprod([1.0, *(start + np.arange(NEIGHBOURS))])


# ---- of which populations -------------------------------------------------------------------------


def check_surroundings(population: Population, crystal: Crystal | None, element: str, where: str, place: str) -> None:
    """Raise InputError where the surroundings of an element are not known; where: of the data set."""
    if crystal is None or perovskite_metal(crystal) is None or _cation(crystal) != element:
        formula = "explicit atoms" if crystal is None else crystal.formula
        raise InputError(where, f"is for {element} on the A site of perovskites ABX3; {place} holds {formula}.")
    shape = population.shape
    if shape.finite and not shape.nested:
        raise InputError(
            where, f"needs depths below the surface, which are known for spheres and prisms, not for {shape.name!r}."
        )
    if population.size_law is not None:
        raise InputError(where, f"is not there for populations with a size_law, as {place} has; leave it out.")
    _halides(crystal)


def _cation(crystal: Crystal) -> str:
    metal = perovskite_metal(crystal)
    halides = {s.element for s in _halide_sites(crystal)}
    return next((s.element for s in crystal.sites if s.label != metal and s.element not in halides), "")


def _halide_sites(crystal: Crystal) -> list[Site]:
    counts: dict[str, int] = {}
    for site in crystal.sites:
        counts[site.element] = counts.get(site.element, 0) + site.multiplicity
    host = max(counts, key=lambda e: counts[e])
    return [s for s in crystal.sites if s.element == host]


def _halides(crystal: Crystal) -> tuple[str, str | None, str]:
    """Return the halide of the structure, the one that shares its sites, and the key of the substitution."""
    sites = _halide_sites(crystal)
    keys = {crystal.substitution_key(s.label) for s in sites}
    if len(keys) > 1:
        listed = ", ".join(sorted(str(k) for k in keys if k))
        raise InputError(
            f"{crystal.where}.substitution", f"differs between the halide sites ({listed}); name the element instead."
        )
    key = next(iter(keys))
    return sites[0].element, None if key is None else crystal.substitutions[key].element, key or ""


def pseudocubic_edge(crystal: CrystalNow) -> float:
    """Return the edge of the cube that one metal atom has, Å."""
    metal = perovskite_metal(crystal.crystal)
    n = sum(s.multiplicity for s in crystal.crystal.sites if s.label == metal)
    return float((crystal.cell_volume / n) ** (1.0 / 3.0))
