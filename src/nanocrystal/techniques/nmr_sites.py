"""The spectrum of a nucleus at the sites of the sample: ¹³³Cs in CsPbX3 nanocrystals.

Definition
    y(δ) = scale Σ_k w_k L(δ − δ_k) + Σ_j c_j T_j(δ). Each k is a population, a depth below the surface (surface,
    intermediate, core) and a number n of second halides among the twelve around a nucleus; w_k is the part of all
    nuclei in the sample that are so placed, calculated from shapes, sizes, shells and mixing (see
    `sample.surroundings`), so all areas follow from the crystals that scattering sees.
    δ_k = Σ_X (n_X/12) shifts.X, plus surface_shift or intermediate_shift at these depths: shifts.X is the shift in the
    core of the pure crystal of halide X.
    Lines are pseudo-Voigt profiles of unit area (over the axis in ppm): fwhm in Hz, surface_fwhm and intermediate_fwhm
    where they differ, lorentzian_part 0 to 1. 1 ppm is spectrometer_frequency (MHz) in Hz.

Depths
    surface_thickness and intermediate_thickness (Å) say which nuclei belong to the surface and to what lies below it;
    one pseudocubic cell (5.9 Å) is the outermost layer of Cs. Crystals whose faces all end with CsX have more of it.

Weights
    σ of a third column; or, with noise_range, of the scatter where there is no line; or none. Measured blanks, with
    linear scales of their own, may be added.

Derived
    core_fraction, surface_fraction, intermediate_fraction of the nuclei.

Limits
    Areas count nuclei only where all have relaxed: with a recycle delay below five T1 slow nuclei are missing. Spinning
    sidebands, quadrupolar shapes and exchange are not there. Shifts are taken as linear in the composition of the
    twelve neighbours. At edges and corners more neighbours lie on outer layers than below a face.

Checked against
    explicit crystals, neighbour by neighbour: random mixing, gradients and core and shell; binomial laws by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data.nmr_data import check_mhz
from nanocrystal.errors import InputError
from nanocrystal.kernels.polynomials import chebyshev
from nanocrystal.measurement import Axis, CurveTechnique, Look, Measured, Model, Points, local_parameters
from nanocrystal.measurement.agreement import Says, says_of_unit
from nanocrystal.measurement.counted import (
    as_simulated,
    background_assumption,
    background_quantities,
    check_background,
    with_noise,
)
from nanocrystal.measurement.keys import Background, BackgroundTerms, XGrid, XRange
from nanocrystal.measurement.nmr.lines import LORENTZIAN_PART
from nanocrystal.measurement.nmr.points import Megahertz, nmr_points
from nanocrystal.parameters import (
    Assumption,
    Claim,
    Derivation,
    DerivedQuantity,
    Evaluation,
    Meaning,
    Number,
    Parameter,
    Quantity,
    Values,
    as_parameter,
    of_measurement,
)
from nanocrystal.sample import Sample
from nanocrystal.sample.surroundings import NEIGHBOURS, Surroundings
from nanocrystal.spectra import LINES

FloatArray = NDArray[np.float64]
DEPTHS = ("surface", "intermediate", "core")
SHIFT = Quantity(
    "shifts",
    "ppm",
    "shift in the core of the pure crystal of this halide",
    scale=1.0,
    start_spread=0.0,
    meaning=Meaning("chemical shift", "isotropic, in the core of the pure crystal of a halide"),
)
Areas = dict[tuple[str, str], tuple[FloatArray, Surroundings]]
FREQUENCY_OF = {"Cs": "¹³³Cs"}


@dataclass(frozen=True, kw_only=True)
class NmrSites(CurveTechnique):
    """A spectrum of the nuclei of an element at the sites of the sample, measured (`file`) or to be simulated (`x`)."""

    x: XGrid = None
    element: Annotated[str, "whose nuclei are seen, on the A site"] = "Cs"
    spectrometer_frequency: Megahertz = None
    x_range: XRange = None
    shifts: Annotated[
        Mapping[str, Number], "ppm, in the core of the pure crystal of each halide: { Br = 90, Cl = 60 }"
    ] = field(default_factory=dict)
    scale: Annotated[
        Number | None,
        Quantity(
            "scale",
            "",
            "area of the whole spectrum over the axis in ppm",
            1.0,
            meaning=of_measurement("scale", "area of the whole spectrum over the axis in ppm"),
        ),
    ] = None
    surface_thickness: Annotated[
        Number | None,
        Quantity(
            "surface_thickness",
            "Å",
            "depth down to which nuclei belong to the surface",
            5.9,
            0.0,
            1e4,
            scale=1.0,
            meaning=Meaning(
                "thickness",
                "of the layer whose nuclei have the shift of the surface, from the surface of the crystal inwards",
            ),
            claim=Claim("only the outermost layer is the surface", other=11.8),
        ),
    ] = None
    intermediate_thickness: Annotated[
        Number | None,
        Quantity(
            "intermediate_thickness",
            "Å",
            "of the layer between surface and core",
            0.0,
            0.0,
            1e4,
            scale=1.0,
            meaning=Meaning("thickness", "of the layer below that of the surface whose nuclei have a shift between"),
        ),
    ] = None
    surface_shift: Annotated[
        Number | None,
        Quantity(
            "surface_shift",
            "ppm",
            "shift at the surface less that of the core",
            0.0,
            scale=1.0,
            meaning=Meaning("chemical-shift difference", "surface less core"),
            claim=Claim("nuclei at the surface have the shift of the core", other=5.0, either_way=True),
        ),
    ] = None
    intermediate_shift: Annotated[
        Number | None,
        Quantity(
            "intermediate_shift",
            "ppm",
            "shift of the intermediate layer less that of the core",
            0.0,
            scale=1.0,
            meaning=Meaning("chemical-shift difference", "layer below that of the surface less core"),
        ),
    ] = None
    fwhm: Annotated[
        Number | None,
        Quantity(
            "fwhm",
            "Hz",
            "full width of the lines",
            None,
            0.0,
            1e7,
            open_minimum=True,
            scale=50.0,
            meaning=Meaning("line width", "full, at half maximum").more("of nuclei in the core"),
        ),
    ] = None
    surface_fwhm: Annotated[
        Number | None,
        Quantity(
            "surface_fwhm",
            "Hz",
            "full width at the surface",
            None,
            0.0,
            1e7,
            open_minimum=True,
            scale=50.0,
            meaning=Meaning("line width", "full, at half maximum").more("of nuclei at the surface"),
        ),
    ] = None
    intermediate_fwhm: Annotated[
        Number | None,
        Quantity(
            "intermediate_fwhm",
            "Hz",
            "full width in the intermediate layer",
            None,
            0.0,
            1e7,
            open_minimum=True,
            scale=50.0,
            meaning=Meaning("line width", "full, at half maximum").more(
                "of nuclei in the layer below that of the surface"
            ),
        ),
    ] = None
    lorentzian_part: Annotated[Number | None, LORENTZIAN_PART] = None
    background_terms: BackgroundTerms = 1
    background: Background = field(default_factory=dict)

    name: ClassVar[str] = "nmr-sites"
    derives: ClassVar[Mapping[str, Derivation]] = {
        f"{depth}_fraction": Derivation(
            "",
            f"part of the nuclei at this depth: {depth}",
            Meaning("number fraction", "of the nuclei of an element in all crystals of the sample").more(depth),
        )
        for depth in DEPTHS
    }
    points: ClassVar[Points] = nmr_points(" (ppm)")
    linear: ClassVar[tuple[str, ...]] = ("scale",)

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        numbers: dict[str, Any] = {n: getattr(self, n) for n in self.quantities}
        for name in ("surface_fwhm", "intermediate_fwhm"):  # as wide as the core unless they are given
            if numbers[name] is None:
                numbers.pop(name)
        quantities = {n: self.quantities[n] for n in numbers}
        background, of_background = background_quantities(self.background_terms, self.background, self.blanks)
        linear = (*self.linear, *background)
        quantities, numbers = {**quantities, **background}, {**numbers, **of_background}
        if self.file is None:
            numbers = as_simulated(numbers, quantities, linear)
            numbers |= {n: getattr(self, n) for n in self.quantities if n in numbers and n not in linear}
        shifts = {f"shifts.{x}": (SHIFT.more(self.element, x), as_parameter(n)) for x, n in self.shifts.items()}
        return local_parameters(quantities, linear, numbers) | shifts

    def _says(self, where: str, sample: Any) -> Mapping[str, Says]:
        return says_of_unit("shift", "ppm", "the axis is in ppm", "file", "convert it to ppm")

    def bind(self, name: str, sample: Sample, folder: Path = Path()) -> SitesModel:
        """Read the data and return the model of this data set; raises InputError for what cannot be used."""
        where = f"datasets.{name}"
        self._check(where, sample)
        compared = self.compared(where, folder)
        blanks = compared.at_points()
        return SitesModel(settings=self, where=where, sample=sample, measured=compared.measured, blanks=blanks)

    def _check(self, where: str, sample: Sample) -> None:
        sample.check_surroundings(self.element, f"{where}.element")
        if self.spectrometer_frequency is None:
            problem = "is missing: it must be how many Hz a ppm is (MHz, of this nucleus)."
            raise InputError(f"{where}.spectrometer_frequency", problem)
        check_mhz(self.spectrometer_frequency, f"{where}.spectrometer_frequency")
        if self.fwhm is None:
            raise InputError(f"{where}.fwhm", "is missing; give the width of the lines in Hz.")
        around = sample.surroundings(Evaluation(_any_values(sample)), self.element, ())
        halides = sorted(
            {h for _, neighbours in around.values() for h in (neighbours.host, neighbours.second) if h is not None}
        )
        for halide in halides:
            if halide not in self.shifts:
                raise InputError(
                    f"{where}.shifts",
                    f"lacks {halide}; give the shift (ppm) in the pure crystal of each halide: {', '.join(halides)}.",
                )
        for halide in self.shifts:
            if halide not in halides:
                raise InputError(
                    f"{where}.shifts.{halide}", f"is no halide of the sample; it has {', '.join(halides)}."
                )
        check_background(self.background_terms, self.background, where, "0 to 2")


def _any_values(sample: Sample) -> Values:
    """Return values of a sample to see which atoms it has: a tie, which may name what is not of it, counts as 0.5."""
    numbers = {address: parameter.value for address, (_, parameter) in sample.declared().items()}
    return Values({address: 0.5 if value is None else value for address, value in numbers.items()})


class _Lines(NamedTuple):
    """The lines of the nuclei at one depth by how many second halides are around them.

    areas, second, shifts: (n_lines,), of all nuclei, of the twelve halides, ppm; fwhm: ppm; lorentzian_part: of each.
    """

    areas: FloatArray
    second: FloatArray
    shifts: FloatArray
    fwhm: float
    lorentzian_part: float

    def stacked(self, x: FloatArray) -> FloatArray:
        """Return lines of unit area at x (ppm), and their derivatives by shift, width, part, (4, n_lines, n_points)."""
        form = LINES["pseudo-voigt"]
        return form.stacked(x, self.shifts[:, None], self.fwhm, self.lorentzian_part)


@dataclass(frozen=True, kw_only=True)
class SitesModel(Model, own=("settings", "sample", "blanks")):
    """A spectrum bound to a sample."""

    settings: NmrSites
    where: str
    sample: Sample
    measured: Measured
    blanks: Mapping[str, FloatArray]

    technique = "nmr-sites"
    x_axis = Axis("shift", "ppm")
    y_axis = Axis("intensity", "")
    look = Look(x_reversed=True, components_shown=True)

    @cached_property
    def linear(self) -> tuple[str, ...]:
        background = [f"background.c{k}" for k in range(self.settings.background_terms)]
        background += [f"blanks.{n}.scale" for n in self.blanks]
        return tuple(f"{self.where}.{n}" for n in ("scale", *background))

    def background_rows(self) -> tuple[int, ...]:
        return tuple(range(1, len(self.linear)))

    def curves(self, evaluation: Evaluation) -> FloatArray:
        each = self._spectra(self.measured.x, evaluation.values, self._kept_areas(evaluation))
        total = np.sum(list(each.values()), axis=0)
        background = chebyshev(self.measured.x, self.settings.background_terms)
        return np.array([total, *background, *self.blanks.values()])

    def assumptions(self, evaluation: Evaluation) -> tuple[Assumption, ...]:
        """Return that lines of the surface are as wide as those of the core, and that a constant is the background."""
        wide = evaluation.values[f"{self.where}.fwhm"]
        found = []
        if self.settings.surface_fwhm is None:
            found.append(
                Assumption(
                    keys=(f"{self.where}.surface_fwhm",),
                    taken="fwhm: lines of the surface are as wide",
                    case="with half as much again",
                    instead=[{f"{self.where}.surface_fwhm": 1.5 * wide}],
                )
            )
        if self.settings.background_terms == 1:
            lacks = chebyshev(self.measured.x, 3)[1:]
            found.append(background_assumption(self.where, 1, lacks, 2))
        return tuple(found)

    def _borders(self, values: Values) -> tuple[float, float]:
        """Return down to which depth the surface and the intermediate layer reach, Å."""
        surface = values[f"{self.where}.surface_thickness"]
        return surface, surface + values[f"{self.where}.intermediate_thickness"]

    def _kept_areas(self, evaluation: Evaluation) -> Areas:
        """Return `_areas`, made again only where the sample or the depths have changed."""
        moved = [*self.sample.declared(), *(f"{self.where}.{d}_thickness" for d in DEPTHS[:2])]
        return evaluation.once(("areas", self.where), moved, lambda: self._areas(evaluation))

    def _areas(self, evaluation: Evaluation) -> Areas:
        """Return (population, depth) -> the part of all nuclei with 0 to 12 second halides around them, (13,)."""
        surface, inner = self._borders(evaluation.values)
        areas = {}
        each = self.sample.surroundings(evaluation, self.settings.element, (surface, inner))
        for name, (weight, around) in each.items():
            upper = around.depths[1:]
            which = np.where(upper <= surface + 1e-9, 0, np.where(upper <= inner + 1e-9, 1, 2))
            for k, depth in enumerate(DEPTHS):
                distribution = around.parts[which == k] @ around.neighbours[which == k]
                if (which == k).any() and distribution.sum() > 0.0:
                    areas[name, depth] = (weight * distribution, around)
        return areas

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, FloatArray]:
        """Exact for what lines are: shifts, widths and the part that is Lorentzian."""
        found: dict[str, FloatArray] = {}
        x, values = self.measured.x, evaluation.values

        def add(local: str, slope: FloatArray) -> None:
            address = f"{self.where}.{local}"
            if address in addresses:
                rows = found.setdefault(address, np.zeros((len(self.linear), len(x))))
                rows[0] += slope

        assert self.settings.spectrometer_frequency is not None
        for (_, depth), around, lines in self._lines(values, self._kept_areas(evaluation)):
            _, by_shift, by_width, by_part = lines.stacked(x)
            if around.second is None:
                add(f"shifts.{around.host}", lines.areas @ by_shift)
            else:  # a line stands between those of the pure crystals
                add(f"shifts.{around.host}", (lines.areas * (1.0 - lines.second)) @ by_shift)
                add(f"shifts.{around.second}", (lines.areas * lines.second) @ by_shift)
            if depth != "core":
                add(f"{depth}_shift", lines.areas @ by_shift)
            add(self._width_of(depth, values), lines.areas @ by_width / self.settings.spectrometer_frequency)
            add("lorentzian_part", lines.areas @ by_part)
        return found

    def _width_of(self, depth: str, values: Values) -> str:
        """Return the local name of the width of lines at a depth."""
        return f"{depth}_fwhm" if f"{self.where}.{depth}_fwhm" in values else "fwhm"

    def _lines(self, values: Values, areas_of: Areas) -> Iterator[tuple[tuple[str, str], Surroundings, _Lines]]:
        """Yield (population, depth), its surroundings and lines, those of no area left out."""
        assert self.settings.spectrometer_frequency is not None
        for (name, depth), (areas, around) in areas_of.items():
            kept = areas > 1e-12
            second = (np.arange(NEIGHBOURS + 1) / NEIGHBOURS)[kept]
            shifts = values[f"{self.where}.shifts.{around.host}"] * np.ones_like(second)
            if around.second is not None:
                shifts = (1.0 - second) * shifts + second * values[f"{self.where}.shifts.{around.second}"]
            if depth != "core":
                shifts = shifts + values[f"{self.where}.{depth}_shift"]
            width = values[f"{self.where}.{self._width_of(depth, values)}"]
            fwhm = width / self.settings.spectrometer_frequency
            part = values[f"{self.where}.lorentzian_part"]
            yield (name, depth), around, _Lines(areas[kept], second, shifts, fwhm, part)

    def _spectra(self, x: FloatArray, values: Values, areas_of: Areas) -> dict[tuple[str, str], FloatArray]:
        """Return (population, depth) -> its spectrum at x (ppm), of all nuclei together of unit area."""
        return {key: lines.areas @ lines.stacked(x)[0] for key, _, lines in self._lines(values, areas_of)}

    # ---- for the report -----------------------------------------------------------------------

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        scale, several = evaluation.values[f"{self.where}.scale"], len(self.sample.populations) > 1
        return {
            f"{name} {depth}" if several else depth: scale * y
            for (name, depth), y in self._spectra(
                self.measured.x, evaluation.values, self._kept_areas(evaluation)
            ).items()
        }

    def derived(self, values: Values) -> dict[str, DerivedQuantity]:
        """Return which part of the nuclei lies at which depth."""
        areas = self._areas(Evaluation(values))
        fractions = {}
        for depth in DEPTHS:
            parts = [float(a.sum()) for (_, d), (a, _) in areas.items() if d == depth]
            if parts:
                element = self.settings.element
                declared = self.settings.derives[f"{depth}_fraction"].more(element)
                text = f"part of the {element} nuclei at this depth: {depth}"
                fractions[f"{self.where}.{depth}_fraction"] = declared.of(sum(parts), text)
        return fractions

    def simulated(self, calculated: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Add normal noise of the standard deviation that the study asks for."""
        return with_noise(calculated, self.settings.noise, self.where, self.technique, ("sigma",))

    def methods(self) -> tuple[str, ...]:
        element = FREQUENCY_OF.get(self.settings.element, self.settings.element)
        return (
            f"The {element} spectrum was calculated from the model of the crystals: nuclei by their depth below the "
            "surface and by the halides among their twelve neighbours, one pseudo-Voigt line for each.",
        )
