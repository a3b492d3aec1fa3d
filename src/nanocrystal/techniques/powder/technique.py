"""Powder diffraction over 2θ: Rietveld refinement of any number of crystalline phases.

Definition
    y(2θ) = scale · Σ_p W_p Σ_h A_h Ω(2θ − 2θ_h) + background + blanks, over populations p and families h of
    equivalent reflections, with W_p the mass fraction of a population of the crystalline sample and
    A_h = m_h |F_h|² T_h λ³ L P A/(V M): multiplicity, structure factor, texture, volume of the cell (Å³) and mass of
    its content (Da). So amounts are absolute and follow from one scale (Hill & Howard, J. Appl. Cryst. 20, 467 (1987)):
    W ∝ S Z M V with S the scale of a phase in other programs. With scale 1, y is the Debye intensity of the crystals
    in electron units per dalton of the sample, so areas agree with those of the Debye equation.
    F = Σ_j o_j f_j exp(−u_j Q²/2) exp(2πi h·x_j) over the atoms of the cell, f = f0(Q) of Waasmaier & Kirfel,
    Acta Cryst. A51, 416 (1995), with f′ + i f″ of Chantler (anomalous = false leaves them out); two elements on one
    site count with their fractions. Where f″ makes h and −h differ, |F|² is their mean.
    Equivalent are reflections that the Laue symmetry of the crystal joins; absent ones are left out.

Files
    2θ in degrees and counts, with or without σ: .xy, .xye, .csv, .dat with headings; .xrdml of PANalytical; .ras and
    .rasx of Rigaku; .brml, .raw and .uxd of Bruker; .gsas, .fxye and others of GSAS; .csv of GSAS-II; powder patterns
    in .cif. Attenuators, counting times and rates are taken into account, entry chooses among several scans: see
    [powder patterns](../files_powder.md).

Angles
    L = (180/π)/(16π sin² θ cos θ), for areas over 2θ in degrees; P = 1 − p + p cos² 2θ, p being polarization (0.5: an
    unpolarised beam, as of a tube; about 0.02 to 0.1 at synchrotrons where the beam is scattered upwards) or, with a
    monochromator at 2θ_m (monochromator_angle, before or behind the sample), p = cos² 2θ_m/(1 + cos² 2θ_m).
    Bragg–Brentano: A = 1 (a thick sample, fixed slits), or sin θ/sin θ_o below the overflow_angle 2θ_o, where the
    beam is longer than the sample, sin θ_o = radius · divergence/length; what is seen stands at
    2θ + zero − (180/π) 2 displacement cos θ/radius, displacement > 0 for a surface below the axis.
    Debye–Scherrer: A of a capillary by Hewat, Acta Cryst. A35, 248 (1979), with mu_r up to about 1.
    Kα doublets: tube = "Cu" (or Cr, Fe, Co, Mo, Ag) is Kα1 and Kα2; wavelength_2 beside wavelength names another
    second line. kalpha2_ratio is the ratio of the areas of the two lines, which share scale 1 between them.

Profile
    Ω is a pseudo-Voigt of area 1 by Thompson, Cox & Hastings, J. Appl. Cryst. 20, 79 (1987). The Gaussian part has the
    full width at half maximum Γ_G² = U tan² θ + V tan θ + W in degrees² (caglioti_u, _v, _w; W alone is above 0), the
    Lorentzian Γ_L = (X + (180/π) K λ/size)/cos θ + (Y + (180/π) 4 strain) tan θ in degrees (lorentz_x and lorentz_y are
    the instrument).
    GSAS and GSAS-II state U, V, W as variances in centidegrees²: times 8 ln 2/10⁴ = 5.545 · 10⁻⁴ they are these; X and
    Y there are full widths in centidegrees, divide by 100. K is scherrer_constant, 0.9 (GSAS-II: 1); size is a column
    length, weighted by volume, and strain is Δd/d (its microstrain is 4 · 10⁶ times it). size_lorentzian and
    strain_lorentzian (1) are the parts of each of the two widths that are Lorentzian; the rest, 1 less that, adds its
    square to Γ_G², as the LG mix of GSAS-II does. Near 1 a part and its size (or strain) only count as their product:
    fix a part where a fit ends there.
    Asymmetry in two ways. axial_divergence is S/L = H/L of Finger, Cox & Jephcoat, J. Appl. Cryst. 27, 892 (1994),
    with equal half heights of sample and slit, integrated with 20 nodes (begin above 0, such as 0.02). asymmetry and
    asymmetry_2 are the first term of Bérar & Baldinozzi, J. Appl. Cryst. 26, 128 (1993): a factor 1 − 2 s z exp(−z²)
    with z = (2θ − 2θ_h)/Γ, s = asymmetry/tan θ + asymmetry_2/tan 2θ, s > 0 being a tail to small angles. Both keep
    areas.
    Each population may have its own table [datasets.NAME.profiles.POPULATION] with size (Å, 10⁶ where not given),
    strain (0), size_lorentzian, strain_lorentzian and texture (1), and with texture_axis = [h, k, l]: texture is r of
    March and Dollase, J. Appl. Cryst. 19, 267 (1986), below 1 where plates lie flat in reflection, averaged over
    equivalents.
    intensities = "free" leaves the intensities of a phase to the fit (Pawley, J. Appl. Cryst. 14, 357 (1981)), none
    below 0; only cell and profile then count, and its mass fraction means nothing.
    Peaks are cut where their tail is below 10⁻⁶ of the highest peak of their phase.

Wavelength
    instrument names a file of instrument parameters of GSAS-II (.instprm) or GSAS (.prm), which gives the wavelengths
    as tube does. Its profile terms are not taken, since they are what a refinement begins with; a note tells them as
    keys here, in the units here.
    A wavelength may vary, { value = 0.4592, vary = true }, where at least one phase has a length of its cell fixed (a
    standard); a second line moves with it. f′ and f″ stay those of the start.

Microabsorption
    With particle_diameter (µm) in the profile of a phase its intensity is multiplied with
    τ = (1/V) ∫ exp(−(μ − μ̄) x) dV of spheres (Brindley, Phil. Mag. 36, 347 (1945)), x being the way in and out at
    2θ = 90°, μ its linear absorption (Elam's tables in xraydb, and the density of the crystal at the start) and μ̄ that
    of the solid mixture at the fractions refined. Phases without a diameter have τ = 1. It is meant for μ D up to 0.1;
    above, a remark says so. The diameter is that of particles, by a microscope: no fit shows it, no width of peaks.
    What it does to the measured mixtures, whose particles nobody measured: ZnO beside In2O3 (0.400 by weight) is 0.432
    without it and 0.411, 0.391, 0.332 with 1, 2, 5 µm for both; ZnO beside TiO2 (0.600) is 0.608 and 0.604, 0.600,
    0.589. ZnO beside V2O5 (0.400) is 0.449 with neither overflow_angle nor texture, 0.417 with the former, 0.415 with
    both (plates, texture of (001) 0.965) and 0.401 with 5 µm besides.

Crystals
    Perfect and large: a shape and its size do not broaden the peaks (size in the profile does), and populations of
    explicit atoms, with boundaries, stacking faults, shells or laws of size are refused: total-scattering knows them.

Background
    Chebyshev polynomials over the range of the data (background_terms of them) and any number of measured blanks,
    each with its own scale. All are linear.

Amorphous content
    With a crystalline standard that was weighed in (standard, a population, and standard_fraction, its part of the
    mass of the whole mixture), amorphous_fraction = 1 − standard_fraction/W_standard and the mass fractions of all
    phases in the mixture are derived, with standard errors: De La Torre et al., J. Appl. Cryst. 34, 196 (2001).

Weights
    σ of the file; without them Poisson's law for counts, which are whole numbers or what counts_per_unit makes them,
    and else by how the points scatter: σ is alike everywhere, grows as √I or with I, or is that of counts times a
    number, whichever the differences of neighbours tell, in the same way in any unit; a note says which. Where
    they tell nothing all count alike, and weights says it otherwise. Without σ points of intensity 0 at both ends are
    left out, and of counts also those within data of mostly more than 20 counts, as in gaps between detector
    modules.

Absent phases
    A phase whose amount is near 0 is left out once; where the pattern is as well described without it, by the rule of
    docs/uncertainties.md, its cell and profile rest at their start, are not determined, and its amount has an upper
    limit. A phase whose cell has moved by more than 3 % is named, as is one below two cells across: it may be another.
    While a fit runs cell and profile of a phase that has faded below 3 of its standard errors stay where they are. So
    begin with cells near the true ones and with amounts well above 0, and hold the cell and profile of traces (below
    about 1 %), which otherwise find false minima.

Worth
    Said with a result: that cells of a laboratory diffractometer without a standard in the sample are good to 1e-4 at
    best, and what they are with zero in the place of displacement (the shifts of one fitted by the other and a strain);
    how far microabsorption would move mass fractions for particles of 1 and 5 µm, from the absorption of the phases;
    that widths of instrument and sample were refined from one pattern.

Checked against
    the structure factors of gemmi and, by hand, of Si, NaCl and cubic CsPbBr3; areas of the Debye equation of a sphere
    of 15 nm (to 0.1 %); the certified intensities of NIST's SRM 674; areas, widths and shapes of peaks by quadrature;
    mixtures simulated with counting noise; measured mixtures of ZnO with TiO2, In2O3 and V2O5, by weight.

GSAS-II
    Version 2.0.0 (commit 013259a0), given the same inputs (benchmarks/gsas.py makes them and runs it). A pattern of γ-
    and δ-CsPbI3 with all terms of the widths agrees on absolute scale to 0.1 % at the peaks with f′ and f″ of GSAS-II
    in both, and to 1 % with those of each program. Refined from the same start, values here and there:
    the example on CsPbI3 from 11°, its γ: a 8.57739(39), 8.57737(40) Å; u 0.0346(9), 0.0345(9) Å²; size 432(7),
    435(7) Å; weight fraction 0.2867(6), 0.2863(7); R_wp 2.76, 2.82 %.
    Measured TiO2 and ZnO from 45 to 99.9°, the ZnO: a 3.24958(4), 3.24956(11) Å; c 5.20639(8), 5.20639(10) Å;
    u 0.0076(2), 0.0079(2) Å²; size 434.0(14), 434.4(19) Å; weight fraction 0.627(2), 0.628(2); R_wp 6.04, 6.05 %.
    GSAS-II multiplies standard errors with the goodness of fit, and leaves out reflections outside the data. Its axial
    divergence is another: at S/L + H/L = 0.025 and 2θ = 37° it shifts the mean of a peak by 0.010°, the integral (as
    here) by 0.0040°; so the two were compared without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.measurement import Abscissa, Blank, CurveTechnique, Points
from nanocrystal.measurement.agreement import Says, says_of_beam
from nanocrystal.measurement.counted import check_background
from nanocrystal.measurement.keys import (
    AngleGrid,
    AngleRange,
    Anomalous,
    Background,
    BackgroundTerms,
    Energy,
    Radiation,
)
from nanocrystal.measurement.points import TWO_THETA, check_angles
from nanocrystal.parameters import Claim, Derivation, Number, Parameter, Quantity, as_parameter, of_measurement
from nanocrystal.sample import Sample
from nanocrystal.tables.beam import EV_ANGSTROM
from nanocrystal.tables.form_factors import anomalous_factor
from nanocrystal.techniques.powder.beam import (
    BEAM_KEYS,
    LONGEST,
    SHORTEST,
    Beam,
    check_ruler,
    wavelengths_of,
    with_instrument,
    with_stated_beam,
)
from nanocrystal.techniques.powder.instrument import INSTRUMENT
from nanocrystal.techniques.powder.model import DERIVES, PowderModel
from nanocrystal.techniques.powder.phase import phases_of
from nanocrystal.techniques.powder.profile import PROFILE, Profile, check_profiles

FloatArray = NDArray[np.float64]
SPARSE = 0.5
"""°; a pattern with wider steps was hardly measured over 2θ"""


PowderBlank = Blank


@dataclass(frozen=True, kw_only=True)
class Powder(CurveTechnique):
    """A powder pattern over 2θ, measured (`file`) or to be simulated (`two_theta`).

    The beam is stated by `tube`, `wavelength` or `energy`, the phases by the populations of the sample.

    References
    ----------
    R. J. Hill, C. J. Howard, J. Appl. Cryst. 20, 467 (1987), for amounts; P. Thompson, D. E. Cox, J. B. Hastings, J.
    Appl. Cryst. 20, 79 (1987), for profiles.
    """

    two_theta: AngleGrid = None
    two_theta_range: AngleRange = None
    scale: Annotated[
        Number | None,
        Quantity(
            "scale",
            "",
            "scale of the calculated pattern",
            1.0,
            scale=0.1,
            meaning=of_measurement("scale", "of the intensity in electron units per dalton of the sample"),
        ),
    ] = None
    radiation: Radiation = "x-ray"
    tube: Annotated[
        str | None,
        "anode of an X-ray tube, for its Kα doublet: Cr, Fe, Co, Cu, Mo or Ag [tube or wavelength of the file, where "
        "it states one]",
    ] = None
    wavelength: Annotated[
        Number | None,
        Quantity(
            "wavelength",
            "Å",
            "of the (first) line, which may vary",
            1.5406,
            SHORTEST,
            LONGEST,
            scale=1e-3,
            meaning=of_measurement("wavelength", "of the first line"),
        ),
    ] = None
    wavelength_2: Annotated[float | None, "Å; second line of a doublet, beside wavelength"] = None
    energy: Energy = None
    instrument: Annotated[
        str | None,
        "a file of instrument parameters (.instprm of GSAS-II, .prm of GSAS), for its wavelengths instead of tube",
    ] = None
    anomalous: Anomalous = True
    geometry: Annotated[Literal["bragg-brentano", "debye-scherrer"], "flat sample in reflection, or capillary"] = (
        "bragg-brentano"
    )
    monochromator_angle: Annotated[float | None, "degrees; 2θ of a monochromator, instead of polarization"] = None
    radius: Annotated[float | None, "mm, of the goniometer; for displacement"] = None
    scherrer_constant: Annotated[float, "K of the Scherrer equation"] = 0.9
    profiles: Annotated[
        Mapping[str, Profile], "size, strain and texture of phases: [datasets.NAME.profiles.POPULATION]"
    ] = field(default_factory=dict)
    background_terms: BackgroundTerms = 6
    background: Background = field(default_factory=dict)
    standard: Annotated[str | None, "population that was weighed in as an internal standard"] = None
    standard_fraction: Annotated[float | None, "its part of the mass of the whole mixture"] = None
    zero: Annotated[Number | None, INSTRUMENT["zero"]] = None
    displacement: Annotated[Number | None, INSTRUMENT["displacement"]] = None
    polarization: Annotated[Number | None, INSTRUMENT["polarization"]] = None
    kalpha2_ratio: Annotated[Number | None, INSTRUMENT["kalpha2_ratio"]] = None
    mu_r: Annotated[Number | None, INSTRUMENT["mu_r"]] = None
    overflow_angle: Annotated[Number | None, INSTRUMENT["overflow_angle"]] = None
    caglioti_u: Annotated[Number | None, INSTRUMENT["caglioti_u"]] = None
    caglioti_v: Annotated[Number | None, INSTRUMENT["caglioti_v"]] = None
    caglioti_w: Annotated[Number | None, INSTRUMENT["caglioti_w"]] = None
    lorentz_x: Annotated[Number | None, INSTRUMENT["lorentz_x"]] = None
    lorentz_y: Annotated[Number | None, INSTRUMENT["lorentz_y"]] = None
    axial_divergence: Annotated[Number | None, INSTRUMENT["axial_divergence"]] = None
    asymmetry: Annotated[Number | None, INSTRUMENT["asymmetry"]] = None
    asymmetry_2: Annotated[Number | None, INSTRUMENT["asymmetry_2"]] = None

    name: ClassVar[str] = "powder"
    derives: ClassVar[Mapping[str, Derivation]] = DERIVES
    points: ClassVar[Points] = Points(abscissae=(TWO_THETA,), fewest=10, without_sigma="counting")
    linear: ClassVar[tuple[str, ...]] = ("scale",)

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        used = [n for n in self.quantities if n != "wavelength" or self.wavelength is not None]
        numbers: dict[str, Any] = {name: getattr(self, name) for name in used}
        quantities = {n: self.quantities[n] for n in used}
        if self.tube is None:
            claim = Claim("an unpolarised beam, unlike that of a synchrotron", 0.05)
            quantities["polarization"] = replace(quantities["polarization"], claim=claim)
        if self.caglioti_u is None and self.caglioti_v is None:  # W alone is the square of a width
            quantities["caglioti_w"] = replace(quantities["caglioti_w"], minimum=0.0)
        for name, profile in self.profiles.items():
            for key, quantity in PROFILE.items():
                if key != "texture" or profile.texture_axis is not None:
                    phrases = (f"K = {self.scherrer_constant:g}",) if key == "size" else ()
                    quantities[f"profiles.{name}.{key}"] = quantity.more(*phrases)
                    numbers[f"profiles.{name}.{key}"] = getattr(profile, key)
        return self.with_background(quantities, numbers, self.linear, self.background_terms, self.background)

    def bind(self, name: str, sample: Sample, folder: Path = Path()) -> PowderModel:
        """Read the data and return the model of this data set.

        Raises InputError for files and settings that cannot be used.
        """
        where = f"datasets.{name}"
        says_of_beam(self.radiation, self.name, where)
        if self.instrument is not None:
            settings, said = with_instrument(self, where, folder)
            model = settings.bind(name, sample, folder)
            return replace(model, measured=replace(model.measured, notes=(said, *model.measured.notes)))
        if self.file is not None and not any(getattr(self, key) is not None for key in BEAM_KEYS):
            curve = self.read(where, folder)
            settings, note = with_stated_beam(self, curve.stated)
            return settings._bound(name, sample, folder, replace(curve, notes=(*curve.notes, *note)))
        return self._bound(name, sample, folder)

    def _bound(self, name: str, sample: Sample, folder: Path, curve: Curve | None = None) -> PowderModel:
        """Return the model of a data set whose beam is stated; curve: of its file, where that was read already."""
        where = f"datasets.{name}"
        wavelengths = wavelengths_of(self, where)
        check_profiles(self.profiles, sample.populations, where, simulated=self.file is None)
        phases = phases_of(self, sample, Beam(self, where, wavelengths))
        check_ruler(self, sample, where)
        check_background(self.background_terms, self.background, where, "4 to 12")
        self._check_geometry(where)
        self._check_standard(sample, where)
        self._check_beam(sample, wavelengths[0], where)
        compared = self.compared(where, folder, sample, curve)
        model = PowderModel(
            settings=self,
            where=where,
            sample=sample,
            measured=compared.measured,
            phases=phases,
            blanks=compared.at_points(),
            counted_blanks=compared.counted_blanks(),
        )
        model.check_reach()
        return model

    # ---- the points ---------------------------------------------------------------------------

    def _check_abscissa(self, x: FloatArray, abscissa: Abscissa, where: str) -> None:
        check_angles(x, where)
        step = float(np.median(np.diff(x)))
        if step > SPARSE:
            raise InputError(where, f"the points are {step:g}° apart; peaks need steps of {SPARSE:g}° or less.")

    def _notes_on(self, curve: Curve, where: str) -> list[str]:
        if not curve.y.any():
            raise InputError(f"{where}.file", "all intensities in the range are zero; is the right column read?")
        return []

    def _says(self, where: str, sample: Sample) -> Mapping[str, Says]:
        lines = wavelengths_of(self, where)
        key = next(key for key in BEAM_KEYS if getattr(self, key) is not None)
        varies = key == "wavelength" and as_parameter(getattr(self, key)).vary
        shown = f'tube = "{self.tube}" is {lines[0]:.6g} Å' if key == "tube" else f"the study says {lines[0]:.6g} Å"
        beam = Says(lines, shown, key, "the wavelength is refined" if varies else "")
        return {
            **super()._says(where, sample),
            **says_of_beam(self.radiation, self.name, where),
            "wavelength": beam,
            "anode": beam,
        }

    # ---- the beam -----------------------------------------------------------------------------

    def _check_beam(self, sample: Sample, wavelength: float, where: str) -> None:
        if self.anomalous:
            key = next(k for k in BEAM_KEYS if getattr(self, k) is not None)
            for element in sorted({e for c in sample.crystals.values() for e in c.elements}):
                anomalous_factor(element, EV_ANGSTROM / wavelength, f"{where}.{key}")

    def _check_geometry(self, where: str) -> None:
        def stated(key: str, default: float = 0.0) -> bool:
            number = getattr(self, key)
            return number is not None and as_parameter(number) != Parameter(default)

        if self.monochromator_angle is not None:
            if not 0.0 <= self.monochromator_angle < 180.0:
                raise InputError(
                    f"{where}.monochromator_angle", f"is 2θ_m, 0 to 180°, got {self.monochromator_angle:g}."
                )
            if self.polarization is not None:
                raise InputError(f"{where}.polarization", "follows from monochromator_angle; give one of the two.")
        if self.radius is not None and not self.radius > 0.0:
            raise InputError(f"{where}.radius", f"must be above 0 mm, got {self.radius:g}.")
        if not 0.1 <= self.scherrer_constant <= 3.0:
            raise InputError(f"{where}.scherrer_constant", f"must be 0.1 to 3, got {self.scherrer_constant:g}.")
        reflection = self.geometry == "bragg-brentano"
        if stated("displacement") and (not reflection or self.radius is None):
            problem = "needs the radius of the goniometer in mm, such as radius = 145."
            if not reflection:
                problem = 'is of a flat sample; with geometry = "debye-scherrer" leave it out.'
            raise InputError(f"{where}.displacement", problem)
        if self.radius is not None and not reflection:
            raise InputError(f"{where}.radius", 'is used in geometry = "bragg-brentano" only; leave it out.')
        if stated("overflow_angle") and not reflection:
            raise InputError(f"{where}.overflow_angle", "is of a flat sample in reflection; leave it out.")
        if stated("mu_r") and reflection:
            raise InputError(f"{where}.mu_r", 'is of a capillary; say geometry = "debye-scherrer" or leave it out.')

    # ---- amorphous content --------------------------------------------------------------------

    def _check_standard(self, sample: Sample, where: str) -> None:
        if (self.standard is None) != (self.standard_fraction is None):
            missing = "standard_fraction" if self.standard is not None else "standard"
            raise InputError(
                f"{where}.{missing}", "is missing: an internal standard needs standard and standard_fraction."
            )
        if self.standard is None:
            return
        if self.standard not in sample.populations:
            known = nearest_names(self.standard, sample.populations)
            raise InputError(f"{where}.standard", f"there is no population {self.standard!r}; {known}")
        if len(sample.populations) < 2:
            raise InputError(f"{where}.standard", "stands alone; amounts are relative to other populations.")
        assert self.standard_fraction is not None
        if not 0.0 < self.standard_fraction < 1.0:
            raise InputError(
                f"{where}.standard_fraction",
                f"is a part of the mass, above 0 and below 1, got {self.standard_fraction:g}.",
            )
