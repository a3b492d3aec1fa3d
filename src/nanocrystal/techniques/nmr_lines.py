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
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar

from nanocrystal.data import Curve
from nanocrystal.measurement import Axis, CurveTechnique, Points, local_parameters
from nanocrystal.measurement.agreement import Says
from nanocrystal.measurement.counted import as_simulated, background_quantities, check_background
from nanocrystal.measurement.keys import Background, BackgroundTerms, XGrid, XRange
from nanocrystal.measurement.nmr.lines import USED, WIDTH_OF, Line, Lines, ShiftLines, width_of
from nanocrystal.measurement.nmr.points import NMR, Megahertz, ShiftAxis, says_of_axis, without_arpls
from nanocrystal.measurement.nmr.shapes import (
    MEASURED,
    NOT_READ,
    SOLID,
    check_samples,
    measured_form,
    nucleus_of,
    solid_form,
)
from nanocrystal.measurement.summed import SPECTRA, Member, SummedModel, form_named, part_parameters
from nanocrystal.parameters import Derivation, DerivedQuantity, Here, Meaning, Parameter, Quantity
from nanocrystal.spectra import Form, SumOfForms
from nanocrystal.spectra.lines import widths_of_voigt
from nanocrystal.spectra.solids import Transitions, second_order_shift_ppm


@dataclass(frozen=True, kw_only=True)
class NmrLines(CurveTechnique, own=("shift_lines",)):
    """A spectrum of NMR as a sum of lines, measured (`file`) or to be simulated (`x`)."""

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
    derives: ClassVar[Mapping[str, Derivation]] = {
        "area_fraction": Derivation(
            "", "part of the area of all lines", Meaning("area fraction", "of the areas of all lines of a spectrum")
        ),
        "fwhm_ppm": Derivation("ppm", "full width at half maximum", Meaning("relative line width", WIDTH_OF["fwhm"])),
        "second_order_shift": Derivation(
            "ppm",
            "of the centre of gravity of the central transition, by quadrupole coupling",
            Meaning(
                "chemical-shift difference", "of the centre of gravity of the central transition to the isotropic shift"
            ),
        ),
        "gaussian_fwhm": Derivation(
            "Hz", "full width of the Gaussian part", Meaning("line width", WIDTH_OF["gaussian_fwhm"])
        ),
        "lorentzian_fwhm": Derivation(
            "Hz", "full width of the Lorentzian part", Meaning("line width", WIDTH_OF["lorentzian_fwhm"])
        ),
    }
    points: ClassVar[Points] = NMR
    needs_sample: ClassVar[bool] = False
    _of_files: ClassVar[tuple[str, ...]] = ("noise_range", "arpls_stiffness")

    @cached_property
    def shift_lines(self) -> ShiftLines:
        """The lines over their axis."""
        return ShiftLines(self.lines, self.axis, self.spectrometer_frequency)

    def _forms(self, where: str) -> dict[str, Form]:
        return {n: self._form(line, where, f"{where}lines.{n}") for n, line in self.lines.items()}

    def _form(self, line: Line, where: str, at: str) -> Form:
        """Return the form of a line; that of a measured shape only by name, as its file is not read yet."""
        named = form_named(line.shape, {**USED, MEASURED: NOT_READ, SOLID: NOT_READ}, f"{at}.shape")
        check_samples(line.shape, line.samples, line.samples_range, at)
        if line.shape == SOLID:
            nucleus = (self.nucleus, self.spectrometer_frequency, self.transitions)
            return solid_form(*nucleus, self.shift_lines.hz_per_unit, line.given(), where, at)
        return named

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter); raises InputError with local addresses."""
        entries: dict[str, tuple[Quantity, Parameter]] = {}
        for name, form in self._forms("").items():
            line, at = self.lines[name], f"lines.{name}"
            quantities = self.shift_lines.quantities(line)
            if self.nucleus is not None:
                quantities |= {n: quantities[n].more(self.nucleus) for n in ("position", "csa", "cq")}
            of_line = part_parameters(form, line.given(), quantities, at, self.shift_lines.area)
            entries |= {f"lines.{name}.{k}": v for k, v in of_line.items()}
        quantities, numbers = background_quantities(self.background_terms, self.background, self.blanks)
        if self.file is None:
            numbers = as_simulated(numbers, quantities, tuple(quantities))
            entries = {k: (q, Parameter(1.0) if p.linear else p) for k, (q, p) in entries.items()}
        return entries | local_parameters(quantities, tuple(quantities), numbers)

    def _says(self, where: str, sample: Any) -> Mapping[str, Says]:
        return says_of_axis(self.axis)

    def bind(self, name: str, sample: Any, folder: Path = Path()) -> SummedModel:
        """Read the data and return the model of this data set; raises InputError for what cannot be used."""
        where = f"datasets.{name}"
        self.shift_lines.check(where)
        check_background(self.background_terms, self.background, where, "0 to 4")
        compared = self.compared(where, folder)
        measured = compared.measured
        self.shift_lines.check_positions(measured.x, where)
        forms, inputs = self._forms(f"{where}."), {}
        for line, described in self.lines.items():
            if described.samples is not None:
                curve, forms[line] = measured_form(
                    described.samples, described.samples_range, f"{where}.lines.{line}", folder, len(measured.x)
                )
                inputs[curve.source] = curve.sha256
                self.shift_lines.check_overlap(line, curve.x, measured.x, where)
        lines = SumOfForms(forms, self.background_terms)
        background = {f"c{k}": f"{where}.background.c{k}" for k in range(self.background_terms)}
        member = Member(
            name=name,
            measured=measured,
            sum=lines,
            addresses={n: f"{where}.lines.{n}" for n in lines.names if n not in background} | background,
            factors=self.shift_lines.factors,
            blanks={f"{where}.blanks.{n}.scale": y for n, y in compared.at_points().items()},
        )
        return SummedModel(
            technique=self.name,
            where=where,
            x_axis=self.shift_lines.x_axis,
            y_axis=Axis("intensity", ""),
            members=(member,),
            method=METHOD,
            noise=self.noise,
            derived_of=self._derived,
            shown=SPECTRA,
            terms=(1, 2),
            inputs=inputs,
        )

    def _prepared(self, curve: Curve, where: str) -> Curve:
        return without_arpls(curve, self.arpls_stiffness, where)

    def _derived(self, here: Here) -> dict[str, DerivedQuantity]:
        areas = {n: here[f"lines.{n}.area"] for n in self.lines}
        total = sum(areas.values())
        derived = {}
        for name, line in self.lines.items():
            of_line = here.under(f"lines.{name}")
            at = of_line.address
            if len(areas) > 1 and total != 0.0:
                derived[f"{at}.area_fraction"] = self.derives["area_fraction"].of(areas[name] / total)
            width = of_line.get("fwhm")
            if width is not None and self.axis == "ppm":
                meaning = Meaning("relative line width", width_of("fwhm", line.shape))
                declared = replace(self.derives["fwhm_ppm"], meaning=meaning)
                derived[f"{at}.fwhm_ppm"] = declared.of(width / self.shift_lines.hz_per_unit)
            coupling = of_line.get("cq")
            if coupling and line.shape == SOLID:
                nucleus = nucleus_of(
                    self.nucleus, self.spectrometer_frequency, self.transitions, f"{here.address}.", at
                )
                shift = second_order_shift_ppm(nucleus, coupling, of_line["cq_asymmetry"])
                derived[f"{at}.second_order_shift"] = self.derives["second_order_shift"].of(shift)
            if width is not None and line.shape == "voigt":
                gauss, lorentz = widths_of_voigt(width, of_line["lorentzian_part"])
                for kind, part in (("gaussian_fwhm", gauss), ("lorentzian_fwhm", lorentz)):
                    derived[f"{at}.{kind}"] = self.derives[kind].of(float(part))
        return derived


METHOD = (
    "The spectrum was fitted by lines of Gaussian, Lorentzian, Voigt (exact, by the Faddeeva function) or pseudo-Voigt "
    "shape, by area, position and full width at half maximum, on a background of Chebyshev polynomials; areas and "
    "background were eliminated at each step."
)
