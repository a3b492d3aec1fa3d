"""Spectra of nuclear magnetic resonance as sums of lines.

Definition
    y(δ) = Σ_k area_k L_k(δ) + Σ_j c_j T_j(δ), with lines of unit area over the axis of the data and Chebyshev
    polynomials T_j over the fitted range as background. Each line is a table [datasets.NAME.lines.LINE] with its
    shape, position (ppm), fwhm (Hz) and what else the shape has. area and the c_j are linear: left out they are found
    exactly at each step. fwhm is the true full width of every shape; 1 ppm is spectrometer_frequency (MHz) in Hz.

Shapes
    "lorentzian", "gaussian"; "voigt" (exact) and "pseudo-voigt": fwhm and lorentzian_part, 0 for Gaussian and 1 for
    Lorentzian (of the Voigt profile: the Lorentzian width over the sum of both); "voigt-widths" and "thompson" (a
    pseudo-Voigt profile, Thompson, Cox & Hastings, J. Appl. Cryst. 20, 79 (1987)): gaussian_fwhm and lorentzian_fwhm;
    "split-gaussian", "split-lorentzian", "split-pseudo-voigt", "split-voigt": with asymmetry a the sides of small and
    large δ are 1 − a and 1 + a times as wide, area and full width stay. "measured": the shape in the file `samples`
    (its part samples_range), moved by `position` and broadened by a Gaussian of fwhm (0 unless given). "solid": a
    powder pattern, static or at the magic angle (by the package mrsimulator, an extra), broadened by an exact Voigt
    profile of fwhm and lorentzian_part; needs `nucleus`.

Solids
    position is the isotropic shift; csa = δ_zz − δ_iso (ppm, on the shift scale) and csa_asymmetry in Haeberlen's
    convention; cq = e²qQ/h (Hz) and cq_asymmetry; both tensors have the same axes; spinning_rate (Hz) is known and
    not refined. Of half-integer spins from 3/2 on the central transition alone is seen, and has the area, unless
    transitions = "all". Quadrupole coupling to second order.

Weights
    σ of a third column; or, with noise_range, of the scatter where there is no line; or none: then uncertainties are
    scaled so that χ²_red = 1.

Baseline
    Beside the background, which is fitted with the lines, as are measured blanks, each with its own linear scale,
    arpls_stiffness (1e5 to 1e8 are usual for 1000 points) takes a smooth baseline off the whole spectrum before (arPLS,
    by the package pybaselines, an extra).

Derived
    area_fraction of each line, its part of the area of all; fwhm_ppm; gaussian_fwhm and lorentzian_fwhm of a Voigt
    profile; second_order_shift of a solid with cq, by which its centre of gravity lies beside its position.

Limits
    Points of the real part of a spectrum that was filled with zeros to twice its length are independent, so standard
    errors from them hold; filled further, or through a window (apodisation), they are correlated, and standard errors
    are too small. The spectrum must be phased.

Checked against
    scipy.special.voigt_profile and numerical integrals; derivatives by Richardson's extrapolation; synthetic spectra
    with noise, of which the deviations over standard errors have a standard deviation of 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from nanocrystal.data import Curve
from nanocrystal.errors import InputError
from nanocrystal.measurement import Axis, CurveTechnique, Points, local_parameters
from nanocrystal.measurement.counted import as_simulated, background_quantities, check_background
from nanocrystal.measurement.keys import Background, BackgroundTerms, Range, XGrid, XRange
from nanocrystal.parameters import REQUIRED, Here, Number, Parameter, Quantity, as_parameter
from nanocrystal.sample.derived import DerivedQuantity
from nanocrystal.spectra.lines import LINES, Form, widths_of_voigt
from nanocrystal.spectra.solids import Transitions, second_order_shift_ppm
from nanocrystal.techniques.nmr.data import NMR, Megahertz, ShiftAxis, check_mhz, without_arpls
from nanocrystal.techniques.nmr.shapes import (
    MEASURED,
    NOT_READ,
    SOLID,
    check_samples,
    measured_form,
    nucleus_of,
    solid_form,
)
from nanocrystal.techniques.nmr.shapes import quantities as quantities_of_shapes
from nanocrystal.techniques.summed import PlacedPart, SummedModel, form_named, part_parameters
from nanocrystal.techniques.summed_stack import SPECTRA

USED = {name: form for name, form in LINES.items() if name != "doniach-sunjic"}
"""shapes that NMR has a use for, beside those of `shapes`"""
NO_NUMBERS = ("shape", "samples", "samples_range")
WIDTHS = ("fwhm", "gaussian_fwhm", "lorentzian_fwhm")
PartialWidth = Annotated[Number | None, "Hz; of voigt-widths and thompson"]


@dataclass(frozen=True)
class Line:
    """One line: shape, position, widths in Hz, area (linear unless given); what solids and measured shapes need."""

    shape: Annotated[
        str, "lorentzian, gaussian, voigt, pseudo-voigt, split-lorentzian, measured, solid, …", REQUIRED
    ] = "lorentzian"
    position: Annotated[Number | None, "in the unit of the axis"] = None
    fwhm: Annotated[Number | None, "Hz, full width at half maximum"] = None
    lorentzian_part: Annotated[Number | None, "0 Gaussian to 1 Lorentzian [0.5]"] = None
    gaussian_fwhm: PartialWidth = None
    lorentzian_fwhm: PartialWidth = None
    asymmetry: Annotated[Number | None, "of split shapes, −0.95 to 0.95 [0]"] = None
    area: Annotated[Number | None, "linear; left to the fit"] = None
    csa: Annotated[Number | None, "ppm, δ_zz − δ_iso; of solid [0]"] = None
    csa_asymmetry: Annotated[Number | None, "0 to 1; of solid [0]"] = None
    cq: Annotated[Number | None, "Hz, quadrupole coupling e²qQ/h; of solid [0]"] = None
    cq_asymmetry: Annotated[Number | None, "0 to 1; of solid [0]"] = None
    spinning_rate: Annotated[Number | None, "Hz, at the magic angle; of solid [0]"] = None
    samples: Annotated[str | Path | None, "file of a measured shape: axis, intensity"] = None
    samples_range: Annotated[Range | None, "part of samples that is the line [all]"] = None

    def given(self) -> dict[str, Number | None]:
        """Return all its numbers by name."""
        return {n: getattr(self, n) for n in self.__dataclass_fields__ if n not in NO_NUMBERS}


Lines = Annotated[Mapping[str, Line], "the lines, by name: [datasets.NAME.lines.LINE]"]


@dataclass(frozen=True, kw_only=True)
class NmrLines(CurveTechnique, own=("hz_per_unit", "unit")):
    """A spectrum of lines, measured (`file`) or to be simulated (`x`); spectrometer_frequency: MHz, of the nucleus."""

    x: XGrid = None
    axis: ShiftAxis = "ppm"
    spectrometer_frequency: Megahertz = None
    nucleus: Annotated[str | None, "that is observed, such as 133Cs"] = None
    transitions: Annotated[Transitions, "of solids with half-integer spin from 3/2: the central one or all"] = "central"
    x_range: XRange = None
    lines: Lines = field(default_factory=dict)
    arpls_stiffness: Annotated[
        float | None, "of a smooth baseline subtracted before the fit; 1e5 to 1e8 for 1000 points [none]"
    ] = None
    background_terms: BackgroundTerms = 1
    background: Background = field(default_factory=dict)

    name: ClassVar[str] = "nmr-lines"
    points: ClassVar[Points] = NMR
    needs_sample: ClassVar[bool] = False
    _of_files: ClassVar[tuple[str, ...]] = ("noise_range", "arpls_stiffness")

    @property
    def unit(self) -> str:
        """The unit of positions: ppm, or Hz where the axis is in Hz."""
        return "ppm" if self.axis == "ppm" else "Hz"

    @property
    def hz_per_unit(self) -> float:
        """What one unit of the axis is in Hz."""
        return 1.0 if self.axis == "hz" else self.spectrometer_frequency or 1.0

    def _quantities(self, line: Line) -> dict[str, Quantity]:
        """Return the declarations of the parameters of a line; changes that matter are parts of its width."""
        unit = self.unit
        given = next((as_parameter(w).value for w in (line.fwhm, line.gaussian_fwhm) if w is not None), None)
        width = 0.02 * self.hz_per_unit if given is None or not given > 0.0 else given
        place = None if line.position is None else as_parameter(line.position).value
        apart = 0.5 * width / self.hz_per_unit
        narrow = 0.1 * width
        texts = {
            "fwhm": "full width at half maximum",
            "gaussian_fwhm": "full width of the Gaussian part",
            "lorentzian_fwhm": "full width of the Lorentzian part",
        }
        return {
            "position": Quantity(
                "position", unit, "position of the line", scale=apart, start_spread=apart / abs(place) if place else 1.0
            ),
            **{
                n: Quantity(n, "Hz", t, None, 0.0, 1e9, open_minimum=line.shape != MEASURED, scale=narrow)
                for n, t in texts.items()
            },
            **quantities_of_shapes(width, self.hz_per_unit if self.axis == "ppm" else self.spectrometer_frequency or 1),
            "lorentzian_part": Quantity("lorentzian_part", "", "0 Gaussian, 1 Lorentzian", 0.5, 0.0, 1.0, scale=0.1),
            "asymmetry": Quantity("asymmetry", "", "relative difference of the sides", 0.0, -0.95, 0.95, scale=0.1),
        }

    def _forms(self, where: str) -> dict[str, Form]:
        return {n: self._form(line, where, f"{where}lines.{n}") for n, line in self.lines.items()}

    def _form(self, line: Line, where: str, at: str) -> Form:
        """Return the form of a line; that of a measured shape only by name, as its file is not read yet."""
        named = form_named(line.shape, {**USED, MEASURED: NOT_READ, SOLID: NOT_READ}, f"{at}.shape")
        check_samples(line.shape, line.samples, line.samples_range, at)
        if line.shape == SOLID:
            given = (self.nucleus, self.spectrometer_frequency, self.transitions)
            return solid_form(*given, self.hz_per_unit, line.given(), where, at)
        return named

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter); raises InputError with local addresses."""
        area = Quantity("area", "", f"area of the line, over the axis in {self.unit}", 1.0)
        entries: dict[str, tuple[Quantity, Parameter]] = {}
        for name, form in self._forms("").items():
            of_line = part_parameters(
                form, self.lines[name].given(), self._quantities(self.lines[name]), f"lines.{name}", area
            )
            entries |= {f"lines.{name}.{k}": v for k, v in of_line.items()}
        quantities, given = background_quantities(self.background_terms, self.background, self.blanks)
        if self.file is None:
            given = as_simulated(given, quantities, tuple(quantities))
            entries = {k: (q, Parameter(1.0) if p.linear else p) for k, (q, p) in entries.items()}
        return entries | local_parameters(quantities, tuple(quantities), given)

    def bind(self, name: str, sample: Any, folder: Path = Path()) -> SummedModel:
        """Read the data and return the model of this data set; raises InputError for what cannot be used."""
        where = f"datasets.{name}"
        self._check(where)
        found = self.compared(where, folder)
        measured = found.measured
        self._check_positions(measured.x, where)
        forms, inputs = self._forms(f"{where}."), {}
        for line, described in self.lines.items():
            if described.samples is not None:
                curve, forms[line] = measured_form(
                    described.samples, described.samples_range, f"{where}.lines.{line}", folder, len(measured.x)
                )
                inputs[curve.source] = curve.sha256
                self._check_overlap(line, curve.x, measured.x, where)
        parts = {n: self._placed(n, form, where) for n, form in forms.items()}
        axis = Axis("chemical_shift" if self.axis == "ppm" else "frequency", self.unit)
        return SummedModel(
            technique=self.name,
            where=where,
            x_axis=axis,
            y_axis=Axis("intensity", ""),
            measured=measured,
            parts=parts,
            background_terms=self.background_terms,
            blanks=found.at_points(),
            method=METHOD,
            noise=self.noise,
            derived_of=self._derived,
            derived_from=tuple(p.amplitude for p in parts.values()),
            look=SPECTRA,
            inputs=inputs,
        )

    def _prepared(self, curve: Curve, where: str) -> Curve:
        return without_arpls(curve, self.arpls_stiffness, where)

    def _placed(self, name: str, form: Form, where: str) -> PlacedPart:
        prefix = f"{where}.lines.{name}"
        factors = tuple(1.0 / self.hz_per_unit if p in WIDTHS else 1.0 for p in form.parameters)
        return PlacedPart(form, f"{prefix}.area", tuple(f"{prefix}.{p}" for p in form.parameters), factors)

    def _check(self, where: str) -> None:
        if not self.lines:
            raise InputError(f"{where}.lines", f"has no line; add a table such as [{where}.lines.a] with a shape.")
        if self.axis == "ppm" and self.spectrometer_frequency is None:
            raise InputError(
                f"{where}.spectrometer_frequency",
                'is missing: widths are in Hz, so say how many Hz a ppm is (MHz, of this nucleus), or axis = "hz".',
            )
        check_mhz(self.spectrometer_frequency, f"{where}.spectrometer_frequency")
        check_background(self.background_terms, self.background, where, "0 to 4")

    def _check_positions(self, x: np.ndarray, where: str) -> None:
        """Raise InputError for a line that begins outside of the fitted range."""
        for name, line in self.lines.items():
            if line.shape in (MEASURED, SOLID):  # their patterns lie beside their positions
                continue
            value = None if line.position is None else as_parameter(line.position).value
            if value is not None and not x[0] <= value <= x[-1]:
                raise InputError(
                    f"{where}.lines.{name}.position",
                    f"is {value:g} {self.unit}, outside of the fitted range, {x[0]:g} to {x[-1]:g}.",
                )

    def _check_overlap(self, name: str, samples: np.ndarray, x: np.ndarray, where: str) -> None:
        """Raise InputError for a measured shape that begins outside of the fitted range."""
        position = self.lines[name].position
        value = None if position is None else as_parameter(position).value
        if value is not None and not (samples[0] + value < x[-1] and samples[-1] + value > x[0]):
            raise InputError(
                f"{where}.lines.{name}.position",
                f"moves the samples to {samples[0] + value:g} to {samples[-1] + value:g} {self.unit}, outside of the "
                f"fitted range, {x[0]:g} to {x[-1]:g}; 0 leaves them where they are in their file.",
            )

    def _derived(self, here: Here) -> dict[str, DerivedQuantity]:
        areas = {n: here[f"lines.{n}.area"] for n in self.lines}
        total = sum(areas.values())
        found = {}
        for name, line in self.lines.items():
            own = here.under(f"lines.{name}")
            at = own.address
            if len(areas) > 1 and total != 0.0:
                text = "part of the area of all lines"
                found[f"{at}.area_fraction"] = DerivedQuantity(areas[name] / total, "", text)
            width = own.get("fwhm")
            if width is not None and self.axis == "ppm":
                found[f"{at}.fwhm_ppm"] = DerivedQuantity(width / self.hz_per_unit, "ppm", "full width at half maximum")
            coupling = own.get("cq")
            if coupling and line.shape == SOLID:
                nucleus = nucleus_of(
                    self.nucleus, self.spectrometer_frequency, self.transitions, f"{here.address}.", at
                )
                text = "of the centre of gravity of the central transition, by quadrupole coupling"
                shift = second_order_shift_ppm(nucleus, coupling, own["cq_asymmetry"])
                found[f"{at}.second_order_shift"] = DerivedQuantity(shift, "ppm", text)
            if width is not None and line.shape == "voigt":
                gauss, lorentz = widths_of_voigt(width, own["lorentzian_part"])
                for kind, part in (("gaussian", gauss), ("lorentzian", lorentz)):
                    text = f"full width of the {kind.capitalize()} part"
                    found[f"{at}.{kind}_fwhm"] = DerivedQuantity(float(part), "Hz", text)
        return found


METHOD = (
    "The spectrum was fitted by lines of Gaussian, Lorentzian, Voigt (exact, by the Faddeeva function) or pseudo-Voigt "
    "shape, by area, position and full width at half maximum, on a background of Chebyshev polynomials; areas and "
    "background were eliminated at each step."
)
