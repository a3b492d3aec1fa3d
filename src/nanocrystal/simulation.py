"""Calculated curves without a refinement: what a study's data sets would look like; one cluster's I(Q)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.kernels.debye import debye_intensity
from nanocrystal.kernels.pairs import cluster_moments
from nanocrystal.kernels.sine import SineTransform
from nanocrystal.measurement import grid_from_text
from nanocrystal.parameters import Evaluation
from nanocrystal.refinement import declared_parameters
from nanocrystal.sample import Cluster, Sample
from nanocrystal.tables.beam import EV_ANGSTROM
from nanocrystal.tables.form_factors import anomalous_factor, form_factor

FloatArray = NDArray[np.float64]
HIGHEST_Q = 75.0
"""Å⁻¹; s = Q/4π up to 6 Å⁻¹ is what the table of form factors covers"""
BIN = 0.005
"""Å; four moments in bins of this width keep I(Q) to 1e-7 up to Q = 25 Å⁻¹"""


Curves = dict[str, dict[str, FloatArray]]
"""name of a data set -> its columns by name"""


def simulated_curves(sample: Sample, datasets: Mapping[str, Any], folder: Path = Path()) -> Curves:
    """Return name -> columns (abscissa, ordinate[, sigma]) of each data set as the study describes it.

    The abscissa of points that are no curve is their names.
    """
    parameters = declared_parameters(sample, datasets)
    models = {name: d.bind(name, sample, folder) for name, d in datasets.items()}
    found = {}
    for name, model in models.items():
        values = parameters.initial_values()
        rows = {model.linear[k] for k in model.background_rows()}
        values |= {a: 0.0 if a in rows else 1.0 for a in model.linear if a not in values}
        evaluation = Evaluation(values, model.requirement)
        coefficients = np.array([values[a] for a in model.linear])
        curve, sigma = model.simulated(coefficients @ model.curves(evaluation))
        points: Any = model.measured.labels or model.measured.x
        columns = {model.x_axis.name: points, model.y_axis.name.lower(): curve}
        found[name] = columns if sigma is None else {**columns, "sigma": sigma}
    return found


def cluster_intensity(
    path: Path, q_text: str, u_iso_text: str = "", energy_ev: float | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return Q (Å⁻¹) and I(Q) of the atoms of a file, in electron units of the whole cluster.

    q_text: START:STOP:STEP; u_iso_text: `Cs=0.03,Pb=0.01` (Å², 0 where not named).
    Raises InputError for anything that cannot be used.
    """
    q = grid_from_text(q_text, "--q")
    if q[0] < 0.0:
        raise InputError("--q", f"must not be negative, got {q[0]:g}.")
    if q[-1] > HIGHEST_Q:
        raise InputError("--q", f"form factors are tabulated up to {HIGHEST_Q:g} Å⁻¹, got {q[-1]:g}.")
    if energy_ev is not None and q[-1] > 4.0 * np.pi * energy_ev / EV_ANGSTROM:
        reach = 4.0 * np.pi * energy_ev / EV_ANGSTROM
        raise InputError(
            "--energy",
            f"photons of {energy_ev:g} eV reach Q = {reach:.3g} Å⁻¹ at most, but --q asks for {q[-1]:g}; "
            "the energy must be in eV, not keV.",
        )
    cluster = Cluster.read(path, str(path))
    cluster.check_overlap(str(path))
    species = cluster.species
    u_iso = _displacements(u_iso_text, species)
    h = min(BIN, 0.125 / float(q[-1]))
    n_bins = int(np.ceil(cluster.extent / h)) + 2
    moments = cluster_moments(cluster.positions, cluster.kinds, len(species), h, n_bins)
    sums = SineTransform(h, n_bins, q)(moments)
    factors = np.array([form_factor(e, q) for e in species], dtype=np.complex128)
    if energy_ev is not None:
        factors += np.array([anomalous_factor(e, energy_ev) for e in species])[:, None]
    counts = np.bincount(cluster.kinds, minlength=len(species)).astype(np.float64)
    return q, debye_intensity(q, sums, factors, u_iso, np.ones(len(species)), counts)


def _displacements(text: str, species: tuple[str, ...]) -> FloatArray:
    given: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        element, separator, number = part.partition("=")
        element = element.strip()
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if not separator or not 0.0 <= value <= 1.0:
            raise InputError("--u-iso", f"expected ELEMENT=NUMBER with a number from 0 to 1 (Å²), got {part!r}.")
        if element in given:
            raise InputError("--u-iso", f"{element} stands twice; keep one.")
        if element not in species:
            raise InputError("--u-iso", f"there is no {element!r} among the atoms; {nearest_names(element, species)}")
        given[element] = value
    return np.array([given.get(e, 0.0) for e in species])
