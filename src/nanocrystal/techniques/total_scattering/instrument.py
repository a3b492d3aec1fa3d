"""What an instrument makes of I(Q), and what stands below it: resolution, polarisation, background."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Evaluation, ParameterSet
from nanocrystal.reduction.angles import recoil_factor
from nanocrystal.sample import PairStructure, Sample
from nanocrystal.tables.incoherent import incoherent_function

FloatArray = NDArray[np.float64]
COUNTED = 2.0
"""power of the recoil factor where photons are counted"""
NARROWEST = 2e-4
"""Å⁻¹; resolutions narrower than this are taken as this wide where they vary over the data"""


# ---- resolution and polarisation ----------------------------------------------------------------


def finer_grid(q: FloatArray, width: FloatArray, longest: float) -> FloatArray:
    """Return the Q, in even steps, that smearing needs: finer than its widths and than what the pairs demand.

    q, width: (n_points,) Å⁻¹, points and standard deviations; longest: longest distance, Å.
    """
    narrowest = max(float(width.min()), NARROWEST)
    # sin(Qr) of the longest distances must not be folded back into what the resolution lets through
    step = 2.0 ** np.floor(np.log2(min(narrowest / 1.5, 2.0 * np.pi / (longest + 6.0 / narrowest))))
    low = max(0.0, float(q.min() - 6.0 * width.max()))
    n = int((float(q.max()) + 6.0 * float(width.max()) - low) / step) + 2
    return np.asarray(low + step * np.arange(float(n)))


def smeared(ideal: FloatArray, fine: FloatArray, q: FloatArray, width: FloatArray) -> FloatArray:
    """Return a curve on the grid `fine` as means over Gaussians about each q, (n_points,)."""
    low, step = fine[0], fine[1] - fine[0]
    curve = np.empty(len(q))
    for k, (centre, sigma) in enumerate(zip(q, np.maximum(width, NARROWEST), strict=True)):
        first = max(0, int((centre - 6.0 * sigma - low) / step))
        last = min(len(fine), int((centre + 6.0 * sigma - low) / step) + 2)
        weight = np.exp(-0.5 * ((fine[first:last] - centre) / sigma) ** 2)
        curve[k] = weight @ ideal[first:last] / weight.sum()
    return curve


def polarization(q: FloatArray, wavelength: float, part: float) -> FloatArray:
    """Return 1 − p + p cos² 2θ at q, p being `part`."""
    cos_two_theta = 1.0 - 2.0 * (q * wavelength / (4.0 * np.pi)) ** 2
    return np.asarray(1.0 - part + part * cos_two_theta**2)


# ---- background ---------------------------------------------------------------------------------


def incoherent(structure: PairStructure, q: FloatArray) -> FloatArray:
    """Return the incoherent scattering of the free atoms of a unit, electron units, without recoil, (n_q,)."""
    atoms = ((k.element, k.count * k.occupancy) for k in structure.kinds)
    return np.asarray(sum(n * incoherent_function(element, q) for element, n in atoms))


def recoil(q: FloatArray, wavelength: float | None) -> FloatArray | float:
    """Return by what recoil weakens incoherent scattering at q (n_q,) where photons are counted; 1 of no wavelength."""
    if wavelength is None:
        return 1.0
    angle = 2.0 * np.arcsin(np.minimum(q * wavelength / (4.0 * np.pi), 1.0))
    return recoil_factor(angle, wavelength, COUNTED)


def elements_of(sample: Sample) -> list[str]:
    """Return the elements of all crystals and clusters, in alphabetical order."""
    start = Evaluation(ParameterSet(sample.declared_alone()).initial_values())
    elements: set[str] = set()
    for population in sample.at(start).values():
        if population.of_crystal is None:
            cluster = population.population.shape.explicit
            assert cluster is not None
            elements.update(cluster.species)
        else:
            elements.update(o.element for occupants in population.crystal.occupants for o in occupants)
    return sorted(elements)
