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
from nanocrystal.analysis.distance_profile import DistanceProfile, Surface, atom_depths, distance_profile
from nanocrystal.analysis.estimate import Estimate
from nanocrystal.analysis.peak_group import FittedPeak, ProfileOptions
from nanocrystal.analysis.profile import PeakFit, fit_peaks, momentum_transfer
from nanocrystal.analysis.small_angle import (
    GuinierFit,
    Invariant,
    PorodFit,
    guinier,
    invariant,
    porod,
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
    "DisplacementFit",
    "DisplacementFits",
    "DistanceProfile",
    "Estimate",
    "FittedPeak",
    "FreeEnergy",
    "GuinierFit",
    "Invariant",
    "MetricMean",
    "MetricOptions",
    "NetworkEnthalpy",
    "PeakFit",
    "PorodFit",
    "ProfileOptions",
    "SizesOptions",
    "SphereSizes",
    "Substance",
    "Surface",
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
    "invariant",
    "momentum_transfer",
    "network_enthalpy",
    "porod",
    "scattering_envelope",
    "specific_surface",
    "sphere_sizes",
]
