"""The tables inside data sets that are sums of named parts: lines of a spectrum, parts of a decay."""

from __future__ import annotations

from pydantic import Field

from nanocrystal.study.fields import NumberField, RangeField, Table


class LineTable(Table):
    """One line of a spectrum: [datasets.NAME.lines.LINE]."""

    shape: str = Field(description="lorentzian, gaussian, voigt, pseudo-voigt, split-lorentzian, measured, solid, …")
    position: NumberField | None = Field(default=None, description="in the unit of the axis")
    fwhm: NumberField | None = Field(default=None, description="Hz, full width at half maximum")
    lorentzian_part: NumberField | None = Field(default=None, description="0 Gaussian to 1 Lorentzian [0.5]")
    gaussian_fwhm: NumberField | None = Field(default=None, description="Hz; of voigt-widths and thompson")
    lorentzian_fwhm: NumberField | None = Field(default=None, description="Hz; of voigt-widths and thompson")
    asymmetry: NumberField | None = Field(default=None, description="of split shapes, −0.95 to 0.95 [0]")
    area: NumberField | None = Field(default=None, description="linear; left to the fit")
    csa: NumberField | None = Field(default=None, description="ppm, δ_zz − δ_iso; of solid [0]")
    csa_asymmetry: NumberField | None = Field(default=None, description="0 to 1; of solid [0]")
    cq: NumberField | None = Field(default=None, description="Hz, quadrupole coupling e²qQ/h; of solid [0]")
    cq_asymmetry: NumberField | None = Field(default=None, description="0 to 1; of solid [0]")
    spinning_rate: NumberField | None = Field(default=None, description="Hz, at the magic angle; of solid [0]")
    samples: str | None = Field(default=None, description="file of a measured shape: axis, intensity")
    samples_range: RangeField | None = Field(default=None, description="part of samples that is the line [all]")


class RelaxationPartTable(Table):
    """One part of a decay or recovery: [datasets.NAME.parts.PART]."""

    time: NumberField | None = Field(default=None, description="s, relaxation time")
    exponent: NumberField | None = Field(default=None, description="β of a stretched law [1]")
    amplitude: NumberField | None = Field(default=None, description="linear; left to the fit")


class TitrationStepTable(Table):
    """One spectrum of a titration: [datasets.NAME.steps.STEP]."""

    equivalents: float | None = Field(default=None, description="how much was added up to this step")
    file: str | None = Field(default=None, description="its spectrum, unless it is a column of the file of all")
    column: int | None = Field(default=None, description="its column in the file of all, from 1 [in order]")
    dilution: float = Field(default=1.0, description="volume over that of the first step; for areas by difference")


class DiffusionComponentTable(Table):
    """One diffusion coefficient: [datasets.NAME.components.COMPONENT]."""

    diffusion: NumberField | None = Field(default=None, description="µm²/s (1e-12 m²/s)")
    lines: list[str] | None = Field(default=None, description="lines that it is in [all]")
    shell_thickness: float | None = Field(default=None, description="nm, of the ligands; taken off twice for the core")
    population: str | None = Field(default=None, description="whose mean diameter the core is compared with")


SENTENCES = {  # "TECHNIQUE.key" goes before "key"
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
}
