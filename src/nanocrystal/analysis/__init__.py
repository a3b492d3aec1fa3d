"""Analyses beside a refinement: lattice from single peaks, twin energies, vibrations, distances, small angles.

    import nanocrystal as nc

    metric = nc.cubic_metric(q, intensity, sigma, a=5.62)
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
from nanocrystal.analysis.nmr_diffusion import SolvodynamicDiameter, diameter_from_diffusion, viscosity_from_diffusion
from nanocrystal.analysis.nmr_inversion import (
    DiffusionDistribution,
    DiffusionOptions,
    DiffusionPeak,
    diffusion_distribution,
)
from nanocrystal.analysis.nmr_map import DiffusionMap, diffusion_map
from nanocrystal.analysis.nmr_quantitative import (
    amount_by_standard_mol,
    concentration_by_absorbance_mol_per_l,
    concentration_by_mass_mol_per_l,
    concentration_mol_per_l,
    ligands_per_nanocrystal,
    ligands_per_nm2,
    propagated,
    propagated_by_sampling,
    surface_nm2,
)
from nanocrystal.analysis.nmr_relaxation import (
    LineRelaxation,
    RelaxationOfLines,
    published_cs133,
    relaxation_of_lines,
)
from nanocrystal.analysis.nmr_sensitivity import (
    NmrReferenceSignal,
    NmrSensitivity,
    NmrSensitivityTable,
    concentration_for_signal_to_noise,
    nmr_sensitivity_per_time,
    nmr_sensitivity_table,
    signal_to_noise_after,
    time_for_signal_to_noise_s,
)
from nanocrystal.analysis.nmr_solids import SolidObservation, SolidSite, centre_of_gravity_ppm, solid_spectrum
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
    "DiffusionDistribution",
    "DiffusionMap",
    "DiffusionOptions",
    "DiffusionPeak",
    "DisplacementFit",
    "DisplacementFits",
    "DistanceProfile",
    "FittedPeak",
    "FreeEnergy",
    "GuinierFit",
    "LineRelaxation",
    "MetricMean",
    "MetricOptions",
    "NetworkEnthalpy",
    "NmrReferenceSignal",
    "NmrSensitivity",
    "NmrSensitivityTable",
    "PeakFit",
    "PeakOptions",
    "PorodFit",
    "RelaxationOfLines",
    "ScatteringInvariant",
    "SizesOptions",
    "SolidObservation",
    "SolidSite",
    "SolvodynamicDiameter",
    "SphereSizes",
    "Substance",
    "UncertainValue",
    "amount_by_standard_mol",
    "atom_depths",
    "boundary_area",
    "cell_parameters",
    "centre_of_gravity_ppm",
    "concentration_by_absorbance_mol_per_l",
    "concentration_by_mass_mol_per_l",
    "concentration_for_signal_to_noise",
    "concentration_mol_per_l",
    "crystal_density",
    "cubic_metric",
    "cubic_reflections",
    "debye_displacement",
    "diameter_from_diffusion",
    "diffusion_distribution",
    "diffusion_map",
    "distance_profile",
    "divided_box",
    "einstein_displacement",
    "fit_displacements",
    "fit_peaks",
    "formula_weight",
    "free_energy",
    "guinier",
    "ligands_per_nanocrystal",
    "ligands_per_nm2",
    "momentum_transfer",
    "network_enthalpy",
    "nmr_sensitivity_per_time",
    "nmr_sensitivity_table",
    "porod",
    "propagated",
    "propagated_by_sampling",
    "published_cs133",
    "relaxation_of_lines",
    "scattering_envelope",
    "scattering_invariant",
    "signal_to_noise_after",
    "solid_spectrum",
    "specific_surface",
    "sphere_sizes",
    "surface_nm2",
    "time_for_signal_to_noise_s",
    "viscosity_from_diffusion",
]
