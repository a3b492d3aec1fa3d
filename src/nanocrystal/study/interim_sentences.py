"""What fields mean that do not say it themselves yet: sentences by class or technique and field.

A field that is annotated with its quantity or its sentence needs nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nanocrystal.measurement import Technique
from nanocrystal.parameters import REQUIRED, DeclaredField, Limits, declared_fields

SENTENCES = {  # "CLASS.field" and "TECHNIQUE.field" go before "field"
    "file": "the measured file, relative to the study, or package:NAME/path inside an installed package",
    "columns": "what the columns of the file are, where its suffix does not say; see Files",
    "r": "to simulate instead of a file: START:STOP:STEP in Å, both ends included",
    "q": "to simulate instead of a file: START:STOP:STEP in Å⁻¹, both ends included",
    "two_theta": "to simulate instead of a file: START:STOP:STEP in degrees, both ends included",
    "r_range": "Å, both ends included; what is fitted [all above 0.5 Å]",
    "q_range": "Å⁻¹, both ends included; what is fitted [all]",
    "two_theta_range": "degrees, both ends included; what is fitted [all]",
    "exclude": "left out of the fit, in the unit of the abscissa",
    "qmax": "Å⁻¹; up to where the data were transformed [from the header of the file]",
    "qmin": "Å⁻¹; from where the transform starts; leave it out where small angles were left out",
    "peak_form": "exact peaks (debye), or those of PDFgui for comparison (pdfgui)",
    "q_unit": "the unit of Q in the file",
    "wavelength": "Å; needed for 2θ and polarization; adds f′ and f″",
    "energy": "eV; instead of the wavelength",
    "anomalous": "whether f′ and f″ are used where the wavelength is known",
    "weights": "sigma (of the file), counting (σ = √I) or uniform [sigma if the file has it, else counting; "
    "of saxs relative, 3 % of I]",
    "background_terms": "how many Chebyshev polynomials",
    "background": "their coefficients c0, c1, …, where they shall not be left to the fit",
    "blanks": "measured blanks, each with its own scale: [datasets.NAME.blanks.BLANK]",
    "compton": "whether incoherent scattering is added, with its own scale",
    "ratios": 'ratios of numbers of atoms, such as "Cl/Pb" or "Cl/(Br+Cl)", each [value, standard deviation]',
    "tube": "anode of an X-ray tube, for its Kα doublet: Cr, Fe, Co, Cu, Mo or Ag",
    "wavelength_2": "Å; second line of a doublet, beside wavelength",
    "geometry": "flat sample in reflection, or capillary",
    "monochromator_angle": "degrees; 2θ of a monochromator, instead of polarization",
    "radius": "mm, of the goniometer; for displacement",
    "scherrer_constant": "K of the Scherrer equation",
    "profiles": "size, strain and texture of phases: [datasets.NAME.profiles.POPULATION]",
    "standard": "population that was weighed in as an internal standard",
    "standard_fraction": "its part of the mass of the whole mixture",
    "solvent": "what surrounds the crystals: toluene, hexane, octane, cyclohexane, chloroform, ethanol, water, vacuum",
    "structure_factor": "how the crystals stand to each other",
    "power_law_background": "whether a background power_law q^−power is added",
    "element": "whose nuclei are seen, on the A site",
    "shifts": "ppm, in the core of the pure crystal of each halide: { Br = 90, Cl = 60 }",
    "noise": "for simulate only: { counts = 2e4, seed = 1 } or { sigma = 0.02, seed = 1 }",
    "files": "spectra of the steps, as many as equivalents, instead of one file with a column for each",
    "equivalents": "how much was added up to each step, in the order of files or columns, instead of tables of steps",
    "steps": "the steps, by name: [datasets.NAME.steps.STEP]",
    "bound": "lines of ligands on the surface",
    "other": "lines that are of no ligand",
    "species": 'released lines that belong together, such as { amide = ["a", "b"] } [each by itself]',
    "own": "parameters of lines that each step has for itself, such as bound.position [all are common]",
    "nmr-titration.file": "one file for all steps: the axis, then a column for each",
    "nmr-titration.columns": 'of files of their own, such as ["ppm", "y", "sigma"]',
    "nmr-diffusion.columns": "gradient, then lines by name, each with its sigma or without, or ignore",
    "nmr-diffusion.x_range": "both ends included, in the unit of the gradients; what is fitted [all]",
    "nmr-diffusion.exclude": "gradients that are left out",
    "nmr-diffusion.own": "components of which each line has a coefficient of its own [all are common]",
    "nmr-diffusion.nucleus": "that the gradients act on",
    "nmr-diffusion.solvent": "instead of viscosity: toluene, hexane, octane, chloroform, water, …",
    "released": "from released lines, or by difference to the total",
    "total": "area of all ligand protons, for released by difference [bound area of the first step]",
    "gradient_unit": "of the first column",
    "gradient_calibration": "factor on all gradients",
    "nucleus": "that is observed, such as 133Cs",
    "transitions": "of solids with half-integer spin from 3/2: the central one or all",
    "pulse_duration": "ms, δ: of one gradient pulse (of both of a bipolar pair)",
    "diffusion_time": "ms, Δ: between the beginnings of the gradient pulses",
    "shape_factor": "area of a gradient pulse over that of a rectangle: 1 rectangular, 0.6366 half-sine",
    "delta_correction": "κ in Δ − κδ: 1/3 for rectangular pulses, 1/4 for half-sine ones [1/3]",
    "components": "diffusion coefficients, by name: [datasets.NAME.components.COMPONENT]",
    "positions": "ppm, of lines by name, for the figure of D against shift",
    "temperature": "K, for diameters",
    "viscosity": "mPa·s, for diameters; or a solvent",
    "x": "to simulate instead of a file: START:STOP:STEP in the unit of the axis, both ends included",
    "axis": "the unit of the abscissa, ppm or Hz",
    "spectrometer_frequency": "MHz, of the observed nucleus: what 1 ppm is in Hz",
    "x_range": "both ends included, in the unit of the axis; what is fitted [all]",
    "noise_range": "where no line is, in the unit of the axis: its scatter becomes the σ of all points",
    "arpls_stiffness": "of a smooth baseline subtracted before the fit; 1e5 to 1e8 for 1000 points [none]",
    "lines": "the lines, by name: [datasets.NAME.lines.LINE]",
    "parts": "the parts, by name: [datasets.NAME.parts.PART]",
    "kind": "what was done before each delay",
    "Line.shape": "lorentzian, gaussian, voigt, pseudo-voigt, split-lorentzian, measured, solid, …",
    "Line.position": "in the unit of the axis",
    "Line.fwhm": "Hz, full width at half maximum",
    "Line.lorentzian_part": "0 Gaussian to 1 Lorentzian [0.5]",
    "Line.gaussian_fwhm": "Hz; of voigt-widths and thompson",
    "Line.lorentzian_fwhm": "Hz; of voigt-widths and thompson",
    "Line.asymmetry": "of split shapes, −0.95 to 0.95 [0]",
    "Line.area": "linear; left to the fit",
    "Line.csa": "ppm, δ_zz − δ_iso; of solid [0]",
    "Line.csa_asymmetry": "0 to 1; of solid [0]",
    "Line.cq": "Hz, quadrupole coupling e²qQ/h; of solid [0]",
    "Line.cq_asymmetry": "0 to 1; of solid [0]",
    "Line.spinning_rate": "Hz, at the magic angle; of solid [0]",
    "Line.samples": "file of a measured shape: axis, intensity",
    "Line.samples_range": "part of samples that is the line [all]",
    "RelaxationPart.time": "s, relaxation time",
    "RelaxationPart.exponent": "β of a stretched law [1]",
    "RelaxationPart.amplitude": "linear; left to the fit",
    "TitrationStep.equivalents": "how much was added up to this step",
    "TitrationStep.file": "its spectrum, unless it is a column of the file of all",
    "TitrationStep.column": "its column in the file of all, from 1 [in order]",
    "TitrationStep.dilution": "volume over that of the first step; for areas by difference",
    "DiffusionComponent.diffusion": "µm²/s (1e-12 m²/s)",
    "DiffusionComponent.lines": "lines that it is in [all]",
    "DiffusionComponent.shell_thickness": "nm, of the ligands; taken off twice for the core",
    "DiffusionComponent.population": "whose mean diameter the core is compared with",
    "Blank.file": "as of a data set",
    "Blank.columns": "as of a data set",
    "Blank.scale": "linear; left to the fit",
    "PowderBlank.file": "as of a data set",
    "PowderBlank.columns": "as of a data set",
    "PowderBlank.scale": "linear; left to the fit",
    "Profile.size": "Å, volume-weighted column length [no broadening]",
    "Profile.strain": "microstrain Δd/d [0]",
    "Profile.texture": "ratio r of March and Dollase [1]; with texture_axis",
    "Profile.texture_axis": "indices of the planes that are oriented, such as [0, 0, 1]",
    "Profile.intensities": "from the structure, or left to the fit (Pawley)",
    "Profile.size_lorentzian": "Lorentzian part of the width by size [1]",
    "Profile.strain_lorentzian": "that of the width by strain [1]",
    "Profile.particle_diameter": "µm, of particles, for microabsorption [fine: no correction]",
    "Noise.counts": "Poisson noise: counts at the highest point",
    "Noise.sigma": "normal noise of this standard deviation",
    "Noise.seed": "the same seed gives the same noise",
}
MARKS = {
    "Noise.counts": Limits(above=0.0),
    "Noise.sigma": Limits(above=0.0),
    "Noise.seed": Limits(least=0),
    "Line.shape": REQUIRED,
}


def said_fields(owner: type) -> Mapping[str, DeclaredField]:
    """Return the fields of a dataclass, those that say nothing of themselves with what is said of them here."""
    return {name: _said(owner, field) for name, field in declared_fields(owner).items()}


def _said(owner: type, field: DeclaredField) -> DeclaredField:
    if field.metadata:
        return field
    names = [f"{owner.__name__}.{field.name}"]
    if issubclass(owner, Technique):
        if field.name in owner.quantities:
            return replace(field, quantity=owner.quantities[field.name])
        names += [f"{owner.name}.{field.name}", field.name]
    found = next((SENTENCES[n] for n in names if n in SENTENCES), "")
    return replace(field, sentence=found, metadata=(MARKS[names[0]],) if names[0] in MARKS else ())
