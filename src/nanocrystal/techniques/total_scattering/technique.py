"""Total scattering I(Q) of the sample by the Debye equation, in electron units of its average nanocrystal.

Definition
    I(Q) = Σ_i Σ_j f_i f_j* exp(−(u_i + u_j) Q²/2) sin(Q r_ij)/(Q r_ij), self term included
    (Debye, Ann. Phys. 351, 809 (1915)), the number-weighted mean over sizes and populations;
    what is measured: scale · I(Q) · P(2θ) + background + blanks.
    f = f0(Q) of Waasmaier & Kirfel, Acta Cryst. A51, 416 (1995), with f′ + i f″ of Chantler where an
    energy or wavelength is given (anomalous = false leaves them out). Partly filled places: self term
    o f², pair term o_i o_j. With delta1 or delta2 the displacements of near pairs are correlated as in
    a PDF: σ² = (u_i + u_j)(1 − delta1/r − delta2/r²) for r below 12 Å.

Instrument
    P = 1 − polarization + polarization cos² 2θ (0: corrected data; 0.5: unpolarised beam). Resolution:
    a Gaussian in Q of standard deviation q_resolution + q_resolution_slope Q, or a column "dq" of the file.

Background
    Chebyshev polynomials over the range of the data, background.c0, c1, … (background_terms of them),
    and any number of measured blanks, each with its own scale. All are linear.

Incoherent scattering
    With compton = true that of free atoms is added (H. H. M. Balyuzi, Acta Cryst. A31, 600 (1975)): Σ S(Q) over the
    atoms of the mean nanocrystal, in the same electron units and under the same scale as I(Q), times compton_scale,
    which is 1 unless it is refined. Where a wavelength is known it is weakened by recoil, (E′/E)², as for a detector
    that counts photons.

Weights
    σ of the file; without them Poisson's law for counts, which are whole numbers or what counts_per_unit makes them,
    and else by how the points scatter: σ is alike everywhere, grows as √I or with I, or is that of counts times a
    number, whichever the differences of neighbours tell, in the same way in any unit; a note says which. Where
    they tell nothing all count alike, and weights says it otherwise. Without σ points of intensity 0 at both ends are
    left out, as behind a beam stop, and of counts also those within data of mostly more than 20 counts, as in gaps
    between detector modules.

Checked against
    a direct double sum over explicit atoms, on absolute scale; a prism of 8 × 8 × 8 cells as a
    population against its atoms; means over explicit crystals of many sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nanocrystal.cost import MOST_PAIRS
from nanocrystal.data import Curve
from nanocrystal.errors import InputError
from nanocrystal.measurement import Abscissa, Axis, CurveTechnique, Points
from nanocrystal.measurement.agreement import Says, says_of_beam
from nanocrystal.measurement.counted import check_background
from nanocrystal.measurement.keys import (
    AngleGrid,
    AngleRange,
    Anomalous,
    Background,
    BackgroundTerms,
    Energy,
    QGrid,
    QRange,
    QUnit,
    Radiation,
)
from nanocrystal.measurement.points import (
    TWO_THETA,
    WAVE_VECTOR,
    check_angles,
    check_beside_resolution,
    check_from_zero,
)
from nanocrystal.parameters import (
    Claim,
    Evaluation,
    Number,
    Parameter,
    ParameterSet,
    Quantity,
    as_parameter,
    of_measurement,
)
from nanocrystal.sample import PairGrid, Sample
from nanocrystal.tables.beam import EV_ANGSTROM, beam_wavelength
from nanocrystal.tables.form_factors import anomalous_factor
from nanocrystal.techniques.total_scattering.instrument import elements_of
from nanocrystal.techniques.total_scattering.model import TotalScatteringModel

FloatArray = NDArray[np.float64]
TABULATED_Q = 75.0
"""Å⁻¹; s = Q/4π up to 6 Å⁻¹ is what the table of form factors covers"""
SHORTEST, LONGEST = 0.08, 25.0
"""Å; X-rays of 155 keV and of 500 eV"""
LARGEST_Q = 60.0
"""Å⁻¹; a larger abscissa is not a Q in Å⁻¹"""
BLURRED = {"q_resolution": 0.3, "q_resolution_slope": 0.05}
"""resolutions, Å⁻¹ and without unit, beyond which no peak is left; none is wider where a fit begins"""


@dataclass(frozen=True, kw_only=True)
class TotalScattering(CurveTechnique):
    """Total scattering I(Q), measured (`file`) or to be simulated (`q` or `two_theta`).

    References
    ----------
    P. Debye, Ann. Phys. 351, 809 (1915).
    """

    q: QGrid = None
    two_theta: AngleGrid = None
    q_range: QRange = None
    two_theta_range: AngleRange = None
    q_unit: QUnit = "1/angstrom"
    radiation: Radiation = "x-ray"
    wavelength: Annotated[
        float | None, "Å; needed for 2θ [of the file, where it states it] and polarization; adds f′ and f″"
    ] = None
    energy: Energy = None
    anomalous: Anomalous = True
    background_terms: BackgroundTerms = 4
    background: Background = field(default_factory=dict)
    compton: Annotated[bool | None, "whether the incoherent scattering of the mean nanocrystal is added [false]"] = None
    scale: Annotated[
        Number | None,
        Quantity(
            "scale",
            "",
            "scale of the calculated curve",
            1.0,
            scale=0.1,
            meaning=of_measurement("scale", "of the intensity of the number-weighted mean crystal in electron units"),
        ),
    ] = None
    polarization: Annotated[
        Number | None,
        Quantity(
            "polarization",
            "",
            "part p of 1 − p + p cos² 2θ",
            0.0,
            0.0,
            1.0,
            scale=0.1,
            meaning=of_measurement("polarization", "of beam and optics"),
            claim=Claim("polarisation is corrected, or there is none", other=0.5),
        ),
    ] = None
    q_resolution: Annotated[
        Number | None,
        Quantity(
            "q_resolution",
            "Å⁻¹",
            "standard deviation of the resolution, constant part",
            0.0,
            0.0,
            1.0,
            scale=0.003,
            meaning=of_measurement("resolution", "standard deviation in Q, the part that is alike at all Q"),
            claim=Claim("the instrument broadens nothing", other=0.003),
        ),
    ] = None
    q_resolution_slope: Annotated[
        Number | None,
        Quantity(
            "q_resolution_slope",
            "",
            "standard deviation of the resolution over Q",
            0.0,
            0.0,
            0.1,
            scale=0.001,
            meaning=of_measurement("relative resolution", "standard deviation in Q over Q, the part that grows with Q"),
        ),
    ] = None
    compton_scale: Annotated[
        Number | None,
        Quantity(
            "compton_scale",
            "",
            "with compton = true: by what the incoherent scattering of free atoms is multiplied",
            1.0,
            0.0,
            10.0,
            scale=0.1,
            meaning=of_measurement("scale", "of the incoherent scattering of the mean nanocrystal, over that of I(Q)"),
        ),
    ] = None

    name: ClassVar[str] = "total-scattering"
    from_reduction: ClassVar[tuple[str, str] | None] = ("q", "intensity")
    points: ClassVar[Points] = Points(abscissae=(WAVE_VECTOR, TWO_THETA), fewest=10, without_sigma="counting")
    linear: ClassVar[tuple[str, ...]] = ("scale",)

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        numbers: dict[str, Any] = {name: getattr(self, name) for name in self.quantities}
        quantities = {n: q for n, q in self.quantities.items() if n != "compton_scale" or self.compton}
        linear = [n for n in self.linear if n in quantities]
        return self.with_background(quantities, numbers, linear, self.background_terms, self.background)

    def bind(self, name: str, sample: Sample, folder: Path = Path()) -> TotalScatteringModel:
        """Read the data and return the model of this data set.

        Raises InputError for files and settings that cannot be used.
        """
        where = f"datasets.{name}"
        says_of_beam(self.radiation, self.name, where)
        self._check_background(where)
        self._check_sizes(sample)
        curve, wavelength = None, self._wavelength(where)
        if wavelength is None and self.file is not None:
            curve = self.read(where, folder)
            wavelength, note = self._stated_wavelength(curve)
            curve = replace(curve, notes=(*curve.notes, *note))
        self._check_beam(sample, wavelength, where)
        compared = self.compared(where, folder, sample, curve)
        measured, axis, x = compared.measured, compared.abscissa.axis, compared.measured.x
        q = x if axis.name == "Q" else 4.0 * np.pi * np.sin(np.radians(x) / 2.0) / self._needed(wavelength, where)
        self._check_reach(q, axis, wavelength, where)
        check_beside_resolution([n for n in BLURRED if getattr(self, n) is not None], compared.width, where)
        return TotalScatteringModel(
            settings=self,
            where=where,
            sample=sample,
            measured=measured,
            x_axis=axis,
            q=q,
            wavelength=wavelength,
            width=compared.width,
            blanks=compared.at_points(),
            counted_blanks=compared.counted_blanks(),
        )

    @property
    def per_nm(self) -> bool:
        return self.q_unit == "1/nm"

    def _check_abscissa(self, x: FloatArray, abscissa: Abscissa, where: str) -> None:
        if abscissa is TWO_THETA:
            check_angles(x, where)
            return
        check_from_zero(x, abscissa.symbol, where)
        if x[-1] > LARGEST_Q:
            raise InputError(
                where,
                f'Q goes to {x[-1]:g} Å⁻¹; if it is in nm⁻¹ say q_unit = "1/nm", if it is 2θ say '
                'columns = ["two_theta", "intensity"].',
            )

    def _check_background(self, where: str) -> None:
        check_background(self.background_terms, self.background, where, "3 to 6")
        if self.compton_scale is not None and not self.compton:
            raise InputError(f"{where}.compton_scale", "needs compton = true, or leave it out.")

    def _check_sizes(self, sample: Sample) -> None:
        """Raise InputError for infinite crystals, and for spheres with more pairs than can be enumerated.

        Shapes along the lattice are checked where their pairs are counted.
        """
        values = ParameterSet(sample.declared_alone()).initial_values()
        for name, now in sample.at(Evaluation(values)).items():
            population, crystal, prefix = now.population, now.of_crystal, f"populations.{name}"
            if crystal is None:
                continue
            if not population.shape.finite:
                raise InputError(
                    f"{prefix}.shape",
                    "the Debye equation needs finite crystals; give a shape with a size instead of bulk.",
                )
            if population.shape.along_lattice:
                continue
            vectors, reach, cell = now.crystal.vectors, now.shape.reach, now.crystal.cell_volume
            radius = PairGrid(0.0, 1.0, whole=True).reaching(reach).r_max + float(np.linalg.norm(vectors, axis=1).sum())
            places = sum((k + 1) * s.multiplicity for k, s in enumerate(crystal.sites))
            if 4.19 * radius**3 / cell * places > MOST_PAIRS:
                atoms = np.pi / 6.0 * reach**3 / cell * sum(s.multiplicity for s in crystal.sites)
                spread = bool(now.shape.length_statistics())
                remedy = "make mean or std smaller" if spread else "make it smaller"
                raise InputError(
                    f"{prefix}.diameter",
                    f"the largest crystals are {reach / 10.0:.3g} nm across and hold {atoms:.1g} atoms, too many pairs "
                    f"for the Debye equation; {remedy}.",
                )

    def _wavelength(self, where: str) -> float | None:
        for key in ("wavelength", "energy"):
            value = getattr(self, key)
            if value is not None and not value > 0.0:
                raise InputError(f"{where}.{key}", f"must be above 0, got {value:g}.")
        if self.wavelength is not None and not SHORTEST <= self.wavelength <= LONGEST:
            unit, factor = ("nm", 10.0) if self.wavelength < SHORTEST else ("pm", 0.01)
            raise InputError(
                f"{where}.wavelength",
                f"is in Å and must lie within {SHORTEST:g} and {LONGEST:g}, got {self.wavelength:g}; "
                f"if it is in {unit}, write wavelength = {factor * self.wavelength:g}.",
            )
        return beam_wavelength(self.wavelength, self.energy, where, (SHORTEST, LONGEST))

    def _stated_wavelength(self, curve: Curve) -> tuple[float | None, list[str]]:
        """Return the wavelength that a file over 2θ states, where the study says none, and a note on it."""
        stated = curve.stated.wavelength
        if curve.x_name != "two_theta" or stated is None or not SHORTEST <= stated <= LONGEST:
            return None, []
        return stated, [f"the wavelength {stated:g} Å is that of the file ({curve.stated.place('wavelength')})"]

    def _says(self, where: str, sample: Sample) -> Mapping[str, Says]:
        says = {**super()._says(where, sample), **says_of_beam(self.radiation, self.name, where)}
        wavelength = self._wavelength(where)
        if wavelength is not None:
            beam = Says((wavelength,), f"the study says {wavelength:.6g} Å", self._beam_key())
            says |= {"wavelength": beam, "anode": beam}
        return says

    def _beam_key(self) -> str:
        return "energy" if self.wavelength is None else "wavelength"

    def _check_beam(self, sample: Sample, wavelength: float | None, where: str) -> None:
        """Raise InputError where f′ and f″, the polarisation or the resolution cannot be calculated."""
        for key, most in BLURRED.items():
            number = getattr(self, key)
            width = None if number is None else as_parameter(number).value
            if width is not None and width > most:
                raise InputError(
                    f"{where}.{key}",
                    f"is a standard deviation and must be at most {most:g}, got {width:g}, which leaves no peaks; "
                    f"usual are {0.01 * most:g} to {0.1 * most:g}.",
                )
        polarised = self.polarization is not None and as_parameter(self.polarization) != Parameter(0.0)
        if wavelength is None and polarised:
            raise InputError(
                f"{where}.polarization",
                "needs the angle of each point: give the wavelength (Å) or energy (eV), or leave polarization out.",
            )
        if wavelength is not None and self.anomalous:
            for element in elements_of(sample):
                anomalous_factor(element, EV_ANGSTROM / wavelength, f"{where}.{self._beam_key()}")

    def _check_reach(self, q: FloatArray, axis: Axis, wavelength: float | None, where: str) -> None:
        """Raise InputError for a Q that no angle below 180° reaches, or that no form factor is known for."""
        highest = float(q.max())
        place = f"{where}.{'file' if self.file else 'q' if self.q else 'two_theta'}"
        if wavelength is not None and axis.name == "Q" and highest > 4.0 * np.pi / wavelength * 1.0001:
            raise InputError(
                f"{where}.{self._beam_key()}",
                f"a wavelength of {wavelength:.5g} Å reaches Q = {4.0 * np.pi / wavelength:.4g} Å⁻¹ at most, but "
                f"the data go to {highest:.4g}; correct it, or if the file is over 2θ say "
                'columns = ["two_theta", "intensity"].',
            )
        if highest > TABULATED_Q:
            raise InputError(
                place, f"Q goes to {highest:.4g} Å⁻¹, but form factors are tabulated up to {TABULATED_Q:g} only."
            )

    def _needed(self, wavelength: float | None, where: str) -> float:
        if wavelength is None:
            raise InputError(f"{where}.wavelength", "is missing: data over 2θ need the wavelength (Å) or energy (eV).")
        return wavelength
