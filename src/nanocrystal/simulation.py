"""Calculated curves without a refinement: what a study's data sets would look like; one cluster's I(Q)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from numbers import Real
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanocrystal._version import __version__
from nanocrystal.cost import ask_memory
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.kernels.debye import debye_intensity
from nanocrystal.kernels.pairs import PAIR_RATE, Done, bytes_of_cluster, cluster_moments
from nanocrystal.kernels.sine import SineTransform
from nanocrystal.measurement import Model, Technique, grid_from_text
from nanocrystal.parameters import Evaluation, Values
from nanocrystal.parameters.parameter_set import Declared
from nanocrystal.processes import thread_count
from nanocrystal.refinement import declared_parameters
from nanocrystal.report.refined.result import Estimate
from nanocrystal.report.scattered.result import Scattering
from nanocrystal.report.simulated.result import SimulatedCurve, Simulation
from nanocrystal.report.versions import versions
from nanocrystal.sample import Cluster, Sample
from nanocrystal.tables.beam import EV_ANGSTROM
from nanocrystal.tables.form_factors import anomalous_factor, form_factor

FloatArray = NDArray[np.float64]
P = ParamSpec("P")
R = TypeVar("R")
HIGHEST_Q = 75.0
"""Å⁻¹; s = Q/4π up to 6 Å⁻¹ is what the table of form factors covers"""
LEAST_Q = 0.1
"""Å⁻¹; below, bins need be no finer"""
BIN = 0.005
"""Å; four moments in bins of this width keep I(Q) to 1e-7 up to Q = 25 Å⁻¹"""


def simulate(
    sample: Sample, datasets: Mapping[str, Technique], *, title: str = "", folder: str | Path = "."
) -> Simulation:
    """Return what data sets by name would look like; `nanocrystal.simulate` says what is taken and raised."""
    parameters = declared_parameters(sample, datasets)
    models = {name: d.bind(name, sample, Path(folder)) for name, d in datasets.items()}
    values = parameters.initial_values()
    for model in models.values():
        background = {model.linear[k] for k in model.background_rows()}
        values |= {a: 0.0 if a in background else 1.0 for a in model.linear if a not in values}
    inputs = dict(sample.inputs()) | {f: sha256 for m in models.values() for f, sha256 in m.inputs.items()}
    inputs |= {m.measured.source: m.measured.sha256 for m in models.values() if m.measured.sha256}
    return Simulation(
        title=title or "Untitled simulation",
        version=__version__,
        curves={name: _simulated(model, Evaluation(values, model.requirement)) for name, model in models.items()},
        parameters={d.address: _value(d, values) for d in parameters if d.address in values},
        inputs=inputs,
        notes=sample.remarks(values),
        methods=list(dict.fromkeys(p for m in models.values() for p in m.methods())),
        provenance=versions(),
    )


def simulated_curves(
    sample: Sample, datasets: Mapping[str, Technique], folder: str | Path = "."
) -> dict[str, dict[str, FloatArray]]:
    """Return the columns of simulated data sets; `nanocrystal.simulated_curves` says what is taken and raised."""
    return {name: curve.columns for name, curve in simulate(sample, datasets, folder=folder).curves.items()}


def _simulated(model: Model, evaluation: Evaluation) -> SimulatedCurve:
    coefficients = np.array([evaluation.values[a] for a in model.linear])
    y, sigma = model.simulated(coefficients @ model.curves(evaluation))
    return SimulatedCurve(
        technique=model.technique,
        x=model.measured.x,
        y=y,
        sigma=sigma,
        x_name=model.x_axis.name,
        x_unit=model.x_axis.unit,
        y_name=model.y_axis.name,
        y_unit=model.y_axis.unit,
        labels=model.measured.labels,
        wavelength=model.wavelength,
        look=model.look,
    )


def _value(declared: Declared, values: Values) -> Estimate:
    return Estimate(
        value=float(values[declared.address]),
        stderr=None,
        stderr_scaled=None,
        unit=declared.quantity.unit,
        status="fixed" if declared.parameter.tie is None else "tied",
        description=declared.quantity.description,
        quantity=declared.quantity.meaning.quantity,
        definition=declared.quantity.meaning.definition,
    )


@dataclass(frozen=True)
class Called:
    """How messages call the arguments of `cluster_intensity`: as in Python, or as the options of a command."""

    q: str = "q"
    u_iso: str = "u_iso"
    energy_ev: str = "energy_ev"


OPTIONS = Called("--q", "--u-iso", "--energy")
IN_PYTHON = Called()
_FORMER_NAMES = {"path": "atoms", "q_text": "q", "u_iso_text": "u_iso"}


def _by_former_names(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function be called with the names that its arguments had in version 0.1."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **{_FORMER_NAMES.get(k, k): v for k, v in kwargs.items()})  # type: ignore[arg-type]

    return called


@_by_former_names
def cluster_intensity(
    atoms: str | Path | Cluster,
    q: str | ArrayLike,
    u_iso: str | Mapping[str, float] | None = None,
    energy_ev: float | None = None,
    called: Called = IN_PYTHON,
) -> tuple[FloatArray, FloatArray]:
    """Return the scattering of explicit atoms by the Debye equation.

    Parameters
    ----------
    atoms : str, Path or Cluster
        A file, .xyz, .extxyz or .cif, or the atoms themselves.
    q : array (n,) or str
        Å⁻¹, from 0 to 75, in any order; a text START:STOP:STEP has both ends included.
    u_iso : mapping of str to float, or str, optional
        Element -> mean-square displacement along one axis, Å² from 0 to 1 [0]; a text is `Cs=0.03,Pb=0.01`.
    energy_ev : float, optional
        Photon energy in eV, for f′ and f″ [without].
    called : Called, optional
        How messages call the arguments.

    Returns
    -------
    q : array (n,)
        Å⁻¹.
    intensity : array (n,)
        I(Q) in electron units of the whole cluster, to 1e-7 up to Q = 25 Å⁻¹.

    Raises
    ------
    InputError
        For a file, a Q, an element or an energy that cannot be used; it names the argument.

    References
    ----------
    P. Debye, Ann. Phys. 351, 809 (1915).
    """
    scattering = cluster_scattering(atoms, q, u_iso, energy_ev, called)
    return scattering.q, scattering.intensity


def seconds_of(n_atoms: int) -> float:
    """Return about how many seconds the pairs of so many explicit atoms take on this machine."""
    return 0.5 * float(n_atoms) ** 2 / (PAIR_RATE * thread_count())


def cluster_scattering(
    atoms: str | Path | Cluster,
    q: str | ArrayLike,
    u_iso: str | Mapping[str, float] | None = None,
    energy_ev: float | None = None,
    called: Called = IN_PYTHON,
    progress: Done | None = None,
) -> Scattering:
    """Return the scattering of explicit atoms with all that it follows from, to be shown and saved.

    Parameters
    ----------
    atoms : str, Path or Cluster
        A file, .xyz, .extxyz or .cif, or the atoms themselves.
    q : array (n,) or str
        Å⁻¹, from 0 to 75, in any order; a text START:STOP:STEP has both ends included.
    u_iso : mapping of str to float, or str, optional
        Element -> mean-square displacement along one axis, Å² from 0 to 1 [0]; a text is `Cs=0.03,Pb=0.01`.
    energy_ev : float, optional
        Photon energy in eV, for f′ and f″ [without].
    called : Called, optional
        How messages call the arguments.
    progress : callable, optional
        Called now and then as progress(done), the part of the pairs that is counted, from 0 to 1.

    Returns
    -------
    Scattering
        Q and I(Q) in electron units of the whole cluster, with `page()` and `save(folder)`.

    Raises
    ------
    InputError
        For a file, a Q, an element or an energy that cannot be used; it names the argument. For more atoms than memory
        holds.

    References
    ----------
    P. Debye, Ann. Phys. 351, 809 (1915).
    """
    q = _checked_q(q, energy_ev, called)
    cluster = atoms if isinstance(atoms, Cluster) else Cluster.read(atoms, str(atoms))
    cluster.check_overlap(cluster.source)
    species = cluster.species
    displacements = _displacements(u_iso, species, called.u_iso)
    h = min(BIN, 0.125 / max(float(q.max()), LEAST_Q))
    n_bins = int(np.ceil(cluster.extent / h)) + 2
    n_atoms = len(cluster.elements)
    what = f"{n_atoms} atoms that are {cluster.extent / 10.0:.1f} nm across"
    ask_memory(cluster.source, bytes_of_cluster(n_atoms, len(species), n_bins), what, "use fewer atoms")
    moments = cluster_moments(cluster.positions, cluster.kinds, len(species), h, n_bins, progress=progress)
    sums = SineTransform(h, n_bins, q)(moments)
    factors = np.array([form_factor(e, q) for e in species], dtype=np.complex128)
    if energy_ev is not None:
        factors += np.array([anomalous_factor(e, energy_ev) for e in species])[:, None]
    counts = np.bincount(cluster.kinds, minlength=len(species)).astype(np.float64)
    intensity = debye_intensity(q, sums, factors, displacements, np.ones(len(species)), counts)
    return Scattering(
        title=cluster.formula,
        version=__version__,
        source=cluster.source,
        q=q,
        intensity=intensity,
        atoms={e: int(n) for e, n in zip(species, counts, strict=True)},
        u_iso={e: float(u) for e, u in zip(species, displacements, strict=True)},
        energy=energy_ev,
        inputs={cluster.source: cluster.sha256} if cluster.text else {},
        notes=cluster.notes,
        provenance=versions(),
    )


def _checked_q(q: str | ArrayLike, energy_ev: float | None, called: Called) -> FloatArray:
    """Return Q (n,) Å⁻¹ that form factors know and photons of the energy reach."""
    if isinstance(q, str):
        q = grid_from_text(q, called.q)
    try:
        points = np.asarray(q, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(called.q, f"expected numbers (Å⁻¹) or START:STOP:STEP, got {q!r}.") from None
    if points.ndim != 1 or not len(points):
        raise InputError(called.q, f"expected numbers (Å⁻¹) of shape (n,), got the shape {points.shape}.")
    if not np.isfinite(points).all():
        raise InputError(called.q, f"must be finite, but number {int(np.isfinite(points).argmin()) + 1} is not.")
    if points.min() < 0.0:
        raise InputError(called.q, f"must not be negative, got {points.min():g}.")
    most = float(points.max())
    if most > HIGHEST_Q:
        raise InputError(called.q, f"form factors are tabulated up to {HIGHEST_Q:g} Å⁻¹, got {most:g}.")
    if energy_ev is not None and most > (reach := 4.0 * np.pi * energy_ev / EV_ANGSTROM):
        raise InputError(
            called.energy_ev,
            f"photons of {energy_ev:g} eV reach Q = {reach:.3g} Å⁻¹ at most, but {called.q} asks for {most:g}; "
            "the energy must be in eV, not keV.",
        )
    return points


def _displacements(u_iso: str | Mapping[str, float] | None, species: tuple[str, ...], called: str) -> FloatArray:
    """Return u_iso (n_species,) Å² of each element, 0 where nothing is said."""
    by_element = _displacements_of_text(u_iso, called) if isinstance(u_iso, str) else dict(u_iso or {})
    for element, value in by_element.items():
        if element not in species:
            raise InputError(called, f"there is no {element!r} among the atoms; {nearest_names(element, species)}")
        if not isinstance(value, Real) or not 0.0 <= value <= 1.0:
            raise InputError(called, f"expected a number from 0 to 1 (Å²) for {element}, got {value!r}.")
    return np.array([by_element.get(e, 0.0) for e in species])


def _displacements_of_text(text: str, called: str) -> dict[str, float]:
    """Return element -> Å² of a text such as Cs=0.03,Pb=0.01."""
    by_element: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        element, separator, number = part.partition("=")
        element = element.strip()
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if not separator or not 0.0 <= value <= 1.0:
            raise InputError(called, f"expected ELEMENT=NUMBER with a number from 0 to 1 (Å²), got {part!r}.")
        if element in by_element:
            raise InputError(called, f"{element} stands twice; keep one.")
        by_element[element] = value
    return by_element
