"""Analyses beside a refinement: lattice from single peaks, twin energies, vibrations, distances, small angles.

    from nanocrystal import analysis

    metric = analysis.cubic_metric(q, intensity, sigma, a=5.62)
    print(metric)

Each function takes numbers with units and returns a dataclass that prints itself and has `to_csv()`; figures are
drawn by `nanocrystal.report.analysis_figures`.
"""

from nanocrystal.analysis.cubic_metric import (
    CubicMetric,
    CubicReflection,
    MetricMean,
    MetricOptions,
    cell_parameters,
    cubic_metric,
    cubic_reflections,
    scattering_envelope,
)
from nanocrystal.analysis.displacements import (
    DisplacementFit,
    DisplacementFits,
    debye_displacement,
    einstein_displacement,
    fit_displacements,
)
from nanocrystal.analysis.distance_profile import DepthReference, DistanceProfile, atom_depths, distance_profile
from nanocrystal.analysis.estimate import UncertainValue
from nanocrystal.analysis.peak_group import FittedPeak, PeakOptions
from nanocrystal.analysis.profile import PeakFit, fit_peaks, momentum_transfer
from nanocrystal.analysis.small_angle import (
    GuinierFit,
    PorodFit,
    ScatteringInvariant,
    guinier,
    porod,
    scattering_invariant,
    specific_surface,
)
from nanocrystal.analysis.sphere_sizes import SizesOptions, SphereSizes, sphere_sizes
from nanocrystal.analysis.twin_energetics import (
    FreeEnergy,
    NetworkEnthalpy,
    Substance,
    boundary_area,
    crystal_density,
    divided_box,
    formula_weight,
    free_energy,
    network_enthalpy,
)

__all__ = [
    "CubicMetric",
    "CubicReflection",
    "DepthReference",
    "DisplacementFit",
    "DisplacementFits",
    "DistanceProfile",
    "FittedPeak",
    "FreeEnergy",
    "GuinierFit",
    "MetricMean",
    "MetricOptions",
    "NetworkEnthalpy",
    "PeakFit",
    "PeakOptions",
    "PorodFit",
    "ScatteringInvariant",
    "SizesOptions",
    "SphereSizes",
    "Substance",
    "UncertainValue",
    "atom_depths",
    "boundary_area",
    "cell_parameters",
    "crystal_density",
    "cubic_metric",
    "cubic_reflections",
    "debye_displacement",
    "distance_profile",
    "divided_box",
    "einstein_displacement",
    "fit_displacements",
    "fit_peaks",
    "formula_weight",
    "free_energy",
    "guinier",
    "momentum_transfer",
    "network_enthalpy",
    "porod",
    "scattering_envelope",
    "scattering_invariant",
    "specific_surface",
    "sphere_sizes",
]
