"""Small-angle scattering of the populations, with sizes and shapes shared with the other techniques.

Definition
    I(q) = scale · n r_e² [⟨|F|²⟩ + |⟨F⟩|² (S(q) − 1)] + background + power_law q^−power + blanks, q = 4π sin θ/λ, with
    ⟨ ⟩ the number-weighted mean over orientations, sizes and populations, F = Σ_k Δρ_k V_k f_k(q) over bodies nested
    in each other: the coating ([populations.NAME.coating]), the crystal, and the core where the composition of the
    crystal changes with depth. Δρ is the electron density of a body less that of what surrounds it: of the crystal from
    its cell (with f′ and f″ where an energy is given), of the solvent from `solvent` or `solvent_electron_density`.
    Lengths are continuous; crystals have the shapes and distributions that total scattering takes.
    With volume_fraction (of the crystals without coating) or number_density given, I is absolute, in cm⁻¹: scale is
    then 1 unless given; n = volume_fraction/⟨V⟩, r_e = 2.8179403 · 10⁻¹³ cm. Otherwise I is that of the mean crystal
    in electron units, and scale is left to the fit.

Structure
    structure_factor = "hard-spheres": Percus and Yevick, with effective_radius and effective_fraction, which
    include what keeps the crystals apart (Wertheim, Phys. Rev. Lett. 10, 321 (1963)). "string": crystals stacked to
    straight strings of `beads`, bead_spacing apart with the standard deviation bead_spacing_std, as found for
    CsPbCl₃ (more than 50) and CsPbBr₃ (6) by Bertolotti et al., ACS Nano 11, 3819 (2017), whose own equation is in
    their supporting information; spheres of shape = "sphere" are what they stacked. Sizes and orientations are taken
    as independent of places (decoupling: Kotlarchyk & Chen, J. Chem. Phys. 79, 2461 (1983)); for octahedra and for
    shapes along oblique cell vectors |⟨F⟩|² is taken as ⟨|F|²⟩. "stacked-spheres": spheres (alone in the sample) that
    touch in a straight string of `beads`, bead_gap between their surfaces (coatings) with bead_gap_std: distances
    follow from the sizes, so that polydispersity blurs the string too; no decoupling. Numbers of beads that are not
    whole are mixtures of strings with the next lower and higher number. Distances add up along a string (linear
    paracrystal: Hosemann & Bagchi, Direct Analysis of Diffraction by Matter, 1962).

Instrument
    A Gaussian in q of standard deviation q_resolution + q_resolution_slope q, or a column "dq" of the file, for
    pinholes; slit_length: half the length of a slit (Å⁻¹), over which I(√(q² + l²)) is averaged, 0 for none, that of
    the file (dQl of canSAS) unless it is said. The slit is evenly lit and has no width; one far longer than the largest
    q stands for an infinite one.

Weights
    σ of the file (columns q, I, σ; canSAS .xml, NXcanSAS .h5); without them 3 % of each intensity, or what `weights`
    says. Negative intensities stay; without σ of the file those of 0 at both ends are left out, as behind a beam stop.

Blanks
    Measured ones, as of the solvent or the empty cell, each with its own linear scale.

Accuracy
    ⟨|F|²⟩ of spheres, cubes, prisms, platelets, bricks, cylinders and octahedra is that of the integrals to 1e-5 up to
    q D = 100, D being the longest length that counts, the region of Porod's law included; in practice 1e-7. Shapes
    along block vectors that are not at right angles (hexagonal, monoclinic): 1e-3 of I (of one
    size alone 3e-3) up to q D = 20. Lognormals of any width, std/mean of 0.1 to 2 tested: 2e-5 of I(q) at all q, from
    I(0), in which sizes a thousand times the mean may count, to Porod's law. What a broad law scatters at a q comes of
    lengths up to about 100/q; longer ones add their surface and edges only, in closed form.

Limits
    A homogeneous body has no atoms: up to q = 0.3 Å⁻¹ it differs from the Debye sum of a crystal by f(q)² of the atoms
    (−1 % there for nickel), by faces that are layers d apart, (x/sin x)² with x = q d/2, and by 1 % of Porod's law.
    Bodies have edges where their coatings would be round. size_law: the density is that of the crystal as it stands
    in [crystals]. Crystals of one length with q D above 2000 are not resolved; lognormals are summed over all their
    sizes, however broad. A broad one is refused with a sentence along oblique block vectors and for stacked spheres,
    from a std of 0.65 of the mean on, and as coated ellipsoids where these have too many sizes and directions. Explicit
    atoms have no volume from which solvent could be displaced: use total-scattering, exact for atoms in vacuum.

Checked against
    spheres: the closed amplitude; prisms, platelets, cubes, cylinders, octahedra: amplitudes in closed form averaged
    over orientations numerically, by other code, to 1e-6; their polydisperse means against sums over many sizes; coated
    bodies likewise; sphere, core-shell sphere, cylinder, core-shell cylinder, parallelepiped, hollow rectangular prism,
    linear pearls and hard spheres of sasmodels 1.1.0 to 2e-5, its slit and its pinhole (both Gaussians cut at 4 σ; its
    own cut, −2.5 and +3 σ, makes up to 1.5 %) to 1e-3; strings and stacked spheres against chains drawn one by one;
    Ludox silica (SANS, absolute, with resolution) fitted by sasmodels with the same model: diameter 197.1 and 197.0 Å;
    the Debye sum of a population of cubes; Porod's law, the invariant and Guinier's law of bodies by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve
from nanocrystal.errors import InputError
from nanocrystal.measurement import Abscissa, Axis, CurveTechnique, Points
from nanocrystal.measurement.agreement import Says, says_of_beam
from nanocrystal.measurement.keys import Energy, QGrid, QRange, QUnit, Radiation
from nanocrystal.measurement.points import WAVE_VECTOR, check_beside_resolution
from nanocrystal.parameters import Claim, Meaning, Number, Parameter, Quantity, as_parameter, of_measurement
from nanocrystal.parameters.meaning import CRYSTAL
from nanocrystal.sample import Sample
from nanocrystal.tables.form_factors import anomalous_factor
from nanocrystal.tables.solvents import SOLVENTS, solvent_electron_density
from nanocrystal.techniques.saxs.instrument import SMEARING
from nanocrystal.techniques.saxs.model import SaxsModel, elements_of_crystals
from nanocrystal.techniques.saxs.structure import ARRANGEMENT, OF_STRUCTURE

FloatArray = NDArray[np.float64]
LARGEST_Q = 3.0
"""Å⁻¹; beyond it a homogeneous body is no description of a crystal"""
PER_CM = ("1/cm", "cm-1", "cm-1sr-1", "1/cm/sr", "1/(cm)", "1/cmsr")
"""absolute units, in plain spelling"""
ABSOLUTE = ("volume_fraction", "number_density")
"""quantities either of which makes the intensity absolute"""


@dataclass(frozen=True, kw_only=True)
class Saxs(CurveTechnique, own=("absolute",)):
    """Small-angle scattering I(q), measured (`file`) or to be simulated (`q`).

    References
    ----------
    A. Guinier, G. Fournet, Small-Angle Scattering of X-rays (1955); M. S. Wertheim, Phys. Rev. Lett. 10, 321 (1963),
    for hard spheres; R. Hosemann, S. N. Bagchi, Direct Analysis of Diffraction by Matter (1962), for strings.
    """

    q: QGrid = None
    q_range: QRange = None
    q_unit: QUnit = "1/angstrom"
    radiation: Radiation = "x-ray"
    scale: Annotated[
        Number | None,
        Quantity(
            "scale",
            "",
            "scale of the curve; 1 where the intensity is absolute",
            1.0,
            scale=0.1,
            meaning=of_measurement("scale", "of the intensity of the number-weighted mean crystal in electron units"),
        ),
    ] = None
    background: Annotated[
        Number | None,
        Quantity("background", "", "constant background", 0.0, meaning=of_measurement("background", "alike at all q")),
    ] = None
    power_law_background: Annotated[bool, "whether a background power_law q^−power is added"] = False
    power_law: Annotated[
        Number | None,
        Quantity(
            "power_law",
            "",
            "with power_law_background: coefficient of q^−power",
            0.0,
            meaning=of_measurement("background", "of q^−power"),
        ),
    ] = None
    power: Annotated[
        Number | None,
        Quantity(
            "power",
            "",
            "with power_law_background: its exponent",
            4.0,
            1.0,
            6.0,
            scale=0.2,
            meaning=of_measurement("exponent", "of the background q^−power"),
            claim=Claim("Porod's law", other=3.5),
        ),
    ] = None
    solvent: Annotated[
        str | None,
        "what surrounds the crystals: toluene, hexane, octane, cyclohexane, chloroform, ethanol, water, vacuum",
    ] = None
    solvent_electron_density: Annotated[
        Number | None,
        Quantity(
            "solvent_electron_density",
            "e/Å³",
            "electron density around the crystals, instead of solvent",
            0.0,
            0.0,
            10.0,
            scale=0.02,
            meaning=Meaning("electron density", "of what surrounds the crystals"),
        ),
    ] = None
    energy: Energy = None
    volume_fraction: Annotated[
        Number | None,
        Quantity(
            "volume_fraction",
            "",
            "part of the volume that is crystal; makes the intensity absolute",
            0.01,
            0.0,
            0.74,
            open_minimum=True,
            scale=0.001,
            meaning=Meaning("volume fraction", "of all crystals in the dispersion").more(CRYSTAL),
        ),
    ] = None
    number_density: Annotated[
        Number | None,
        Quantity(
            "number_density",
            "cm⁻³",
            "crystals in a volume, instead of volume_fraction",
            1e15,
            0.0,
            1e21,
            open_minimum=True,
            scale=1e14,
            meaning=Meaning("number density", "of all crystals in the dispersion"),
        ),
    ] = None
    structure_factor: Annotated[
        Literal["none", "hard-spheres", "string", "stacked-spheres"], "how the crystals stand to each other"
    ] = "none"
    effective_radius: Annotated[Number | None, ARRANGEMENT["effective_radius"]] = None
    effective_fraction: Annotated[Number | None, ARRANGEMENT["effective_fraction"]] = None
    beads: Annotated[Number | None, ARRANGEMENT["beads"]] = None
    bead_spacing: Annotated[Number | None, ARRANGEMENT["bead_spacing"]] = None
    bead_spacing_std: Annotated[Number | None, ARRANGEMENT["bead_spacing_std"]] = None
    bead_gap: Annotated[Number | None, ARRANGEMENT["bead_gap"]] = None
    bead_gap_std: Annotated[Number | None, ARRANGEMENT["bead_gap_std"]] = None
    q_resolution: Annotated[Number | None, SMEARING["q_resolution"]] = None
    q_resolution_slope: Annotated[Number | None, SMEARING["q_resolution_slope"]] = None
    slit_length: Annotated[Number | None, SMEARING["slit_length"]] = None

    name: ClassVar[str] = "saxs"
    points: ClassVar[Points] = Points(
        abscissae=(replace(WAVE_VECTOR, axis=Axis("q", "Å⁻¹"), symbol="q"),), fewest=5, without_sigma="relative"
    )
    linear: ClassVar[tuple[str, ...]] = ("scale", "background", "power_law")

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        numbers: dict[str, Any] = {name: getattr(self, name) for name in self._used()}
        quantities = {name: self.quantities[name] for name in numbers}
        if self.solvent is not None and self.solvent in SOLVENTS and self.solvent_electron_density is None:
            numbers["solvent_electron_density"] = solvent_electron_density(self.solvent)
        if numbers["scale"] is None and self.absolute:
            numbers["scale"] = Parameter(1.0, left_out=True)
        if self.absolute:
            quantities["scale"] = replace(
                quantities["scale"],
                meaning=of_measurement("scale", "of the intensity in cm⁻¹"),
                claim=Claim("the intensity is calibrated exactly", 1.05, either_way=True),
            )
        return self.with_background(quantities, numbers, [n for n in self.linear if n in quantities])

    @property
    def absolute(self) -> bool:
        """Whether the intensity is in cm⁻¹."""
        return any(getattr(self, name) is not None for name in ABSOLUTE)

    def _used(self) -> list[str]:
        """Return the quantities that this data set has."""
        unused = {n for names in OF_STRUCTURE.values() for n in names} - set(OF_STRUCTURE[self.structure_factor])
        unused |= {n for n in ABSOLUTE if getattr(self, n) is None}
        unused |= set() if self.power_law_background else {"power", "power_law"}
        return [n for n in self.quantities if n not in unused]

    def bind(self, name: str, sample: Sample, folder: Path = Path()) -> SaxsModel:
        """Read the data and return the model of this data set; raises InputError for what cannot be used."""
        where = f"datasets.{name}"
        self._check_sample(sample, where)
        if self.structure_factor == "stacked-spheres":
            self._check_stack(sample, where)
        self._check_surroundings(where)
        self._check_settings(where)
        if self.energy is not None:
            for element in elements_of_crystals(sample):
                anomalous_factor(element, self.energy, f"{where}.energy")
        self._says(where, sample)
        compared = self.compared(where, folder, sample)
        self._check_instrument(compared.width, where)
        return SaxsModel(
            settings=self,
            where=where,
            sample=sample,
            measured=compared.measured,
            width=compared.width,
            blanks=compared.at_points(),
            counted_blanks=compared.counted_blanks(),
            slit_of_file=self._slit_of(compared.curve),
        )

    # ---- the points ---------------------------------------------------------------------------

    @property
    def per_nm(self) -> bool:
        return self.q_unit == "1/nm"

    def _check_abscissa(self, x: FloatArray, abscissa: Abscissa, where: str) -> None:
        if x[0] <= 0.0:
            raise InputError(
                where, f"q must be above 0, got {x[0]:g}: behind the beam stop nothing is scattered; give q_range."
            )
        if x[-1] > LARGEST_Q:
            hint = "" if self.per_nm else '; if it is in nm⁻¹ say q_unit = "1/nm"'
            raise InputError(
                where,
                f"q goes to {x[-1]:g} Å⁻¹, but small angles end at {LARGEST_Q:g}{hint}; beyond, use total-scattering.",
            )

    def _says(self, where: str, sample: Sample) -> Mapping[str, Says]:
        says = {**super()._says(where, sample)}
        says |= says_of_beam(self.radiation, self.name, where, self._any_radiation(sample))
        if self.absolute:
            key = next(k for k in ABSOLUTE if getattr(self, k) is not None)
            says["y_unit"] = Says(PER_CM, f"with {key} the intensity is calculated in cm⁻¹", key)
        return says

    def _any_radiation(self, sample: Sample) -> str:
        """Return why neutrons would see the same curve but for its scale; "" where they would not."""
        populations = sample.populations.values()
        one = len({p.crystal_name for p in populations}) == 1
        alike = one and all(p.coating is None and p.shell is None for p in populations)
        free = not self.absolute and (self.scale is None or as_parameter(self.scale).vary)
        if alike and self.solvent_electron_density is not None:
            return "solvent_electron_density is given, which must make the contrast that neutrons see"
        if not (alike and free):
            return ""
        return "the bodies have one contrast and the scale is free, so that the form of the curve is the same"

    def _slit_of(self, curve: Curve | None) -> float:
        """Return the length of the slit that the file states, Å⁻¹, 0 where it or the study says otherwise."""
        said = (self.slit_length, self.q_resolution, self.q_resolution_slope)
        if curve is None or any(s is not None for s in said) or curve.resolution is not None:
            return 0.0
        return curve.stated.slit_length or 0.0

    def _notes_on(self, curve: Curve, where: str) -> list[str]:
        slit = self._slit_of(curve)
        of_file = [f"slit_length = {slit:g} Å⁻¹ is that of the file."] if slit else []
        negative = int((curve.y < 0.0).sum())
        what = "1 point is" if negative == 1 else f"{negative} points are"
        note = f"{what} negative, as background that was subtracted leaves it; kept, though not drawn on log axes."
        return [*of_file, *([note] if negative else [])]

    # ---- what cannot be meant -----------------------------------------------------------------

    def _check_sample(self, sample: Sample, where: str) -> None:
        for name, population in sample.populations.items():
            prefix = f"populations.{name}"
            if population.shape.explicit is not None:
                raise InputError(
                    f"{prefix}.shape",
                    "technique saxs needs bodies with a volume, which explicit atoms have not: give a crystal with a "
                    "shape, or fit small angles of atoms in vacuum with technique total-scattering.",
                )
            if not population.shape.finite:
                raise InputError(
                    f"{prefix}.shape",
                    "technique saxs needs finite crystals; give a shape with a size instead of bulk.",
                )
            if not population.shape.sized:
                raise InputError(
                    f"{prefix}.shape",
                    f"{population.shape.name!r} has no smooth surface; technique saxs needs a shape such as sphere or "
                    "cube.",
                )

    def _check_stack(self, sample: Sample, where: str) -> None:
        """Raise InputError for what is no population of spheres alone: others have no distance at which they touch."""
        place = f"{where}.structure_factor"
        if len(sample.populations) > 1:
            raise InputError(
                place, 'is "stacked-spheres", which needs one population alone; use "string" for mixtures.'
            )
        for name, population in sample.populations.items():
            if not population.shape.touching:
                raise InputError(
                    place,
                    f'is "stacked-spheres", but {name} has shape = "{population.shape.name}"; give it shape = '
                    '"sphere", or take "string" with bead_spacing.',
                )

    def _check_surroundings(self, where: str) -> None:
        if self.solvent is not None and self.solvent_electron_density is not None:
            raise InputError(f"{where}.solvent", "stands beside solvent_electron_density; give one of the two.")
        if self.solvent is not None:
            solvent_electron_density(self.solvent, f"{where}.solvent")
        elif self.solvent_electron_density is None:
            raise InputError(
                f"{where}.solvent",
                'is missing: say what surrounds the crystals, such as solvent = "toluene" (known: '
                f'{", ".join(SOLVENTS)}; "vacuum" for a dry powder), or give solvent_electron_density (e/Å³).',
            )

    def _check_settings(self, where: str) -> None:
        """Raise InputError for keys that need another one, or that exclude each other."""
        if all(getattr(self, n) is not None for n in ABSOLUTE):
            raise InputError(f"{where}.number_density", "stands beside volume_fraction; give one of the two.")
        for key in dict.fromkeys(k for names in OF_STRUCTURE.values() for k in names):
            kinds = [kind for kind, names in OF_STRUCTURE.items() if key in names]
            if getattr(self, key) is not None and self.structure_factor not in kinds:
                listed = " or ".join(f'"{kind}"' for kind in kinds)
                raise InputError(f"{where}.{key}", f"needs structure_factor = {listed}; add it or leave {key} out.")
        needed = {
            "hard-spheres": ("effective_radius", "effective_fraction"),
            "string": ("beads", "bead_spacing"),
            "stacked-spheres": ("beads",),
        }
        for key in needed.get(self.structure_factor, ()):
            if getattr(self, key) is None:
                raise InputError(
                    f"{where}.{key}", f'is missing: structure_factor = "{self.structure_factor}" needs it.'
                )
        for key in ("power", "power_law"):
            if getattr(self, key) is not None and not self.power_law_background:
                raise InputError(f"{where}.{key}", f"needs power_law_background = true; add it or leave {key} out.")
        if self.energy is not None and not self.energy > 0.0:
            raise InputError(f"{where}.energy", f"must be above 0 (eV), got {self.energy:g}.")

    def _check_instrument(self, width: FloatArray, where: str) -> None:
        slit = self.slit_length is not None and as_parameter(self.slit_length) != Parameter(0.0)
        pinhole = [n for n in ("q_resolution", "q_resolution_slope") if getattr(self, n) is not None]
        if slit and (pinhole or width.any()):
            resolution = pinhole[0] if pinhole else "the resolution of the file"
            raise InputError(f"{where}.slit_length", f"stands beside {resolution}; a slit or a pinhole, not both.")
        check_beside_resolution(pinhole, width, where)
