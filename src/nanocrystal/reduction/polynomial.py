"""The ad-hoc correction: F(Q) without whatever varies slowly, by a polynomial.

P. Juhás, T. Davis, C. L. Farrow & S. J. L. Billinge, J. Appl. Cryst. 46, 560 (2013), as PDFgetX3 does it:

    F_m = Q (a I − ⟨f²⟩)/⟨f⟩², a by least squares of a I/⟨f⟩² to ⟨f²⟩/⟨f⟩² over all points up to qmaxinst,
    F = F_m − Q p(Q), p of degree n − 1 by least squares of F_m, n = rpoly qmaxinst/π.

A polynomial of degree n moves nothing in G(r) beyond about r = π n/qmaxinst = rpoly. A degree between two whole
numbers is the mean of both corrections, weighted by how near they are. The scale a counts peaks as misfit, so F is
not on the absolute scale: of a crystal it is too small.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.reduction.composition import AtomicComposition
from nanocrystal.reduction.intensity import Intensity
from nanocrystal.reduction.structure import NormalizationConstant, StructureFactor

FloatArray = NDArray[np.float64]
LARGEST_RPOLY = 3.0
"""Å; beyond, the polynomial takes out the first neighbours"""
DOUBTFUL_RPOLY = 1.6
"""Å"""


def polynomial_structure_factor(
    intensity: Intensity, composition: AtomicComposition, rpoly: float, energy: float | None = None, where: str = ""
) -> StructureFactor:
    """Return S(Q) and F(Q) of all points of the intensity, whose last q is qmaxinst; rpoly in Å.

    Raises InputError for a rpoly that leaves nothing of the data.
    """
    if not 0.0 <= rpoly <= LARGEST_RPOLY:
        problem = f"must lie within 0 and {LARGEST_RPOLY:g} Å, got {rpoly:g}: the polynomial takes out all below it"
        raise InputError(f"{where}.rpoly", f"{problem}; usual is 0.9.")
    q, value = intensity.q, intensity.value
    squared_mean = composition.squared_mean(q, energy)
    target = composition.mean_square(q, energy) / squared_mean
    normalised = value / squared_mean
    norm = float(normalised @ normalised)
    if not norm > 0.0 or not normalised @ target > 0.0:
        raise InputError(where, f"{intensity.name} without blanks is not positive on the whole; check the blanks.")
    scale = float(normalised @ target) / norm
    measured = q * (scale * normalised - target)
    basis, weights = polynomial_basis(q, rpoly)
    if basis.shape[1] > len(q) // 4:
        problem = f"needs a polynomial of degree {basis.shape[1]}, too high for {len(q)} points"
        raise InputError(f"{where}.rpoly", f"{problem}; make it smaller.")
    spread = intensity.spread
    if spread is not None:
        of_scale = (target - 2.0 * scale * normalised) / (norm * squared_mean)
        spread = spread.with_shared((value / scale)[:, None], of_scale[None]).scaled(scale * q / squared_mean)
        spread = spread.with_shared(-basis * weights, basis.T)
    f = measured - (basis * weights) @ (basis.T @ measured)
    stderr = None if intensity.spread is None else float(np.linalg.norm(intensity.spread.of_functional(of_scale[None])))
    degree = degree_of(rpoly, float(q[-1]))
    constants = {
        "scale": NormalizationConstant(
            scale, stderr, "e.u. per count", "factor a from counts to electron units per atom"
        ),
        "degree": NormalizationConstant(degree, None, "", "degree rpoly qmaxinst/π of the polynomial Q p(Q)"),
    }
    notes = ["The ad-hoc normalisation is not on the absolute scale: leave the scale of a fit free."]
    if rpoly > DOUBTFUL_RPOLY:
        notes.append(f"rpoly = {rpoly:g} Å is large: the polynomial may take out what first neighbours scatter.")
    return StructureFactor(q=q, f=f, spread=spread, constants=constants, notes=tuple(notes))


def degree_of(rpoly: float, qmaxinst: float) -> float:
    """Return rpoly qmaxinst/π."""
    return rpoly * qmaxinst / np.pi


def polynomial_basis(q: FloatArray, rpoly: float) -> tuple[FloatArray, FloatArray]:
    """Return an orthonormal basis (n, k) of the polynomials Q, Q², …, and the weight of each member, (k,).

    The last one counts with the part by which the degree is above a whole number.
    """
    degree = degree_of(rpoly, float(q[-1]))
    whole = int(degree)
    n_terms = whole + (degree > whole)
    x = q / q[-1]
    powers = np.polynomial.legendre.legvander(2.0 * x - 1.0, max(n_terms - 1, 0)) * x[:, None]
    basis, _ = np.linalg.qr(powers[:, :n_terms])
    weights = np.ones(n_terms)
    if degree > whole:
        weights[-1] = degree - whole
    return basis, weights
