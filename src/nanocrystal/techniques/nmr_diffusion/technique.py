"""Diffusion by pulsed gradients (DOSY): integrals of lines against gradients, with coefficients that lines share.

Definition
    I_l(g) = Σ_k A_lk exp(−b D_k) + background, b = (γ s g δ)² (Δ − κ δ): E. O. Stejskal & J. E. Tanner, J. Chem.
    Phys. 42, 288 (1965). g is the gradient of the file times gradient_calibration, γ that of `nucleus` (IUPAC 2001), δ
    the pulse_duration (ms), Δ the diffusion_time (ms) between the beginnings of the pulses.
    shape_factor s: area of a gradient pulse over that of a rectangle of its height; delta_correction κ. Rectangular
    pulses have s = 1 and κ = 1/3, half-sine pulses s = 2/π and κ = 1/4, Bruker's SMSQ10.100 s = 0.9 (by the maker).
    D. Sinnaeve, Concepts Magn. Reson. A 40A, 39 (2012) has κ of other pulses and sequences. s matters: D goes as
    1/s², so it has no default.
    Each component is a table [datasets.NAME.components.COMPONENT] with diffusion (D, µm²/s): common to all lines, or to
    those in its `lines`, unless `own` names it: then each line has a D of its own. Amplitudes are of each line, linear.

File
    columns names them: "gradient" first, then lines by names of your choice; "sigma" belongs to the line before it,
    "ignore" is left out. What `nanocrystal nmr --integrate LOW:HIGH,…` writes is columns = ["gradient", "alkene",
    "sigma", "solvent", "sigma"]. gradient_unit says "T/m" or "G/cm" (1 T/m = 100 G/cm).

Size
    With temperature (K) and a viscosity (mPa·s) or a tabulated solvent: solvodynamic_diameter = k_B T/(3π η D), a
    sphere with stick boundary. A component with shell_thickness (nm, of the ligands) has core_diameter, less twice
    that; with population core_over_population, over the mean diameter of the crystals that scattering sees. η is
    printed.

Derived
    diffusion_m2_per_s and the diameters of each component (components.COMPONENT, or lines.LINE.COMPONENT where D is of
    each line); lines.LINE.COMPONENT.amplitude_fraction. With positions = { LINE = 5.7 } (ppm) the report draws D
    against shift.

Limits
    Convection, restricted diffusion, exchange during Δ and crossed relaxation are not there. η of the dispersion is not
    that of the solvent at high concentration. Decays of similar D (within a factor of 2 to 3) cannot be told apart
    without several lines that hold them in different amounts. All lines weigh by their σ, or alike without σ. The error
    of gradient, temperature and η is in no standard error; D goes as gradient⁻².

Checked against
    the integral of the phase over pulses, numerically; scipy.optimize.least_squares on all curves stacked; a published
    pair of D and diameter; a measured series whose D was found with another program's equation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import resolved_path
from nanocrystal.data.reading import read_table
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.measurement import Axis, Look, Measured, MeasuredTechnique, Points, Trend
from nanocrystal.measurement.agreement import says_of_unit
from nanocrystal.measurement.counted import background_quantity, check_background
from nanocrystal.measurement.keys import BackgroundTerms, Range
from nanocrystal.measurement.nmr.columns import line_places, roles_of
from nanocrystal.measurement.nmr.points import NMR, measured_curve
from nanocrystal.measurement.points import Named
from nanocrystal.measurement.summed import Member, SummedModel, part_parameters
from nanocrystal.parameters import (
    Assumption,
    Derivation,
    DerivedQuantity,
    Here,
    Meaning,
    Number,
    Parameter,
    Quantity,
    of_measurement,
)
from nanocrystal.spectra import SumOfForms
from nanocrystal.spectra.decays import DECAYS, b_values
from nanocrystal.tables.isotopes import isotope
from nanocrystal.techniques.nmr_diffusion.sizes import (
    DIFFUSION,
    SIZES,
    DiffusionComponent,
    Sizes,
    Solvodynamics,
    mean_diameter,
)

FloatArray = NDArray[np.float64]
SI = 1e-12
"""m²/s of one µm²/s"""
STRONGEST, STRONG = 50.0, 10.0
"""T/m; more than gradient coils reach (those of diffusion probes 30), and than those of other probes do"""
LIQUIDS = (0.1, 2e4)
"""µm²/s, between which D of something dispersed or dissolved is credible"""


@dataclass(frozen=True, kw_only=True)
class NmrDiffusion(MeasuredTechnique, own=("line_names", "of_components", "places", "solvodynamics")):
    """Diffusion by pulsed field gradients: integrals of lines against gradients.

    References
    ----------
    E. O. Stejskal, J. E. Tanner, J. Chem. Phys. 42, 288 (1965); D. Sinnaeve, Concepts Magn. Reson. A 40A, 39 (2012),
    for shapes of pulses.
    """

    columns: Annotated[
        Sequence[str] | None, "gradient, then lines by name, each with its sigma or without, or ignore"
    ] = None
    exclude: Annotated[Sequence[Range] | None, "gradients that are left out"] = None
    gradient_unit: Annotated[Literal["T/m", "G/cm"], "of the first column"] = "T/m"
    gradient_calibration: Annotated[float, "factor on all gradients"] = 1.0
    nucleus: Annotated[str, "that the gradients act on"] = "1H"
    pulse_duration: Annotated[float | None, "ms, δ: of one gradient pulse (of both of a bipolar pair)"] = None
    diffusion_time: Annotated[float | None, "ms, Δ: between the beginnings of the gradient pulses"] = None
    shape_factor: Annotated[
        float | None, "area of a gradient pulse over that of a rectangle: 1 rectangular, 0.6366 half-sine"
    ] = None
    delta_correction: Annotated[float, "κ in Δ − κδ: 1/3 for rectangular pulses, 1/4 for half-sine ones [1/3]"] = (
        1.0 / 3.0
    )
    x_range: Annotated[Range | None, "both ends included, in the unit of the gradients; what is fitted [all]"] = None
    components: Annotated[
        Mapping[str, DiffusionComponent], "diffusion coefficients, by name: [datasets.NAME.components.COMPONENT]"
    ] = field(default_factory=dict)
    own: Annotated[Sequence[str], "components of which each line has a coefficient of its own [all are common]"] = ()
    background_terms: BackgroundTerms = 0
    positions: Annotated[Mapping[str, Number], "ppm, of lines by name, for the figure of D against shift"] = field(
        default_factory=dict
    )
    temperature: Annotated[float | None, "K, for diameters"] = None
    viscosity: Annotated[float | None, "mPa·s, for diameters; or a solvent"] = None
    solvent: Annotated[str | None, "instead of viscosity: toluene, hexane, octane, chloroform, water, …"] = None

    name: ClassVar[str] = "nmr-diffusion"
    points: ClassVar[Points] = NMR
    needs_sample: ClassVar[bool] = False
    of_components: ClassVar[Mapping[str, Quantity]] = {
        "diffusion": Quantity(
            "diffusion",
            "µm²/s",
            "diffusion coefficient",
            None,
            0.0,
            1e7,
            open_minimum=True,
            scale=10.0,
            start_spread=0.5,
            meaning=DIFFUSION,
        ),
        "amplitude": Quantity(
            "amplitude",
            "",
            "integral of the component without gradient",
            1.0,
            meaning=of_measurement("amplitude", "integral of a component in a line, without gradient"),
        ),
    }
    derives: ClassVar[Mapping[str, Derivation]] = {
        "diffusion_m2_per_s": Derivation("m²/s", "diffusion coefficient", DIFFUSION),
        **SIZES,
        "amplitude_fraction": Derivation(
            "",
            "part of the integral of the line",
            Meaning("amplitude fraction", "of a component in the integral of a line, without gradient"),
        ),
    }

    # ---- what was declared ----------------------------------------------------------------------

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter); raises InputError with local addresses."""
        if not self.components:
            raise InputError("components", "are missing; add a table such as [datasets.NAME.components.slow].")
        for name in self.own:
            if name not in self.components:
                raise InputError("own", f"there is no component {name!r}; {nearest_names(name, self.components)}")
        entries: dict[str, tuple[Quantity, Parameter]] = {}
        for name, component in self.components.items():
            of_component = part_parameters(
                DECAYS["diffusion"],
                {"diffusion": component.diffusion},
                self.of_components,
                f"components.{name}",
                self.of_components["amplitude"],
            )
            lines = self._lines_of(name)
            entries |= {f"lines.{line}.{name}.amplitude": of_component["amplitude"] for line in lines}
            if name in self.own:
                entries |= {f"lines.{line}.{name}.diffusion": of_component["diffusion"] for line in lines}
            else:
                entries[f"components.{name}.diffusion"] = of_component["diffusion"]
        linear = Parameter(None, linear=True)
        background = {f"c{k}": (background_quantity(k), linear) for k in range(max(self.background_terms, 0))}
        for line in self.line_names:
            entries |= {f"lines.{line}.background.{k}": entry for k, entry in background.items()}
        return entries

    @cached_property
    def places(self) -> dict[str, tuple[int, int | None]]:
        """The lines: name -> places of integral and sigma among the columns; raises InputError, address local."""
        return line_places(self.columns, "gradient")

    @property
    def line_names(self) -> tuple[str, ...]:
        return tuple(self.places)

    def _lines_of(self, component: str) -> tuple[str, ...]:
        """Return the lines that hold a component; raises InputError for one that the columns do not name."""
        lines = self.components[component].lines
        for line in lines or ():
            if line not in self.places:
                where = f"components.{component}.lines"
                raise InputError(where, f"there is no line {line!r}; {nearest_names(line, self.line_names)}")
        return self.line_names if lines is None else tuple(lines)

    # ---- reading --------------------------------------------------------------------------------

    def bind(self, name: str, sample: Any, folder: Path = Path()) -> SummedModel:
        """Read the integrals and return the model of all lines; raises InputError for what cannot be used."""
        where = f"datasets.{name}"
        self._check(where, sample)
        members: list[Member] = []
        inputs: dict[str, str] = {}
        for line in self.line_names:
            measured = self._measured(line, where, folder, inputs)
            components = [c for c in self.components if line in self._lines_of(c)]
            if not components:
                raise InputError(f"{where}.components", f"none is in line {line}; add it to one, or ignore its column.")
            decays = SumOfForms(dict.fromkeys(components, DECAYS["diffusion"]), self.background_terms)
            addresses = self._addresses(line, components, where)
            members.append(Member(name=line, measured=measured, sum=decays, addresses=addresses))
        return SummedModel(
            technique=self.name,
            where=where,
            x_axis=Axis("b", "s/µm²"),
            y_axis=Axis("integral", ""),
            members=tuple(members),
            method=self._method(),
            style="decays",
            derived_of=lambda here: self._derived(here, _sizes_at(sample, here)),
            remarks_of=lambda here: self._remarks(here, _sizes_at(sample, here)),
            trends=self._trends(where),
            shown=Look(),
            terms=(0, 1),
            assumed=self._assumed(where),
            inputs=inputs,
        )

    def _addresses(self, line: str, components: Sequence[str], where: str) -> dict[str, str]:
        """Return where the parameters of the sum of a line stand."""
        addresses = {f"c{k}": f"{where}.lines.{line}.background.c{k}" for k in range(self.background_terms)}
        for name in components:
            of_line = f"{where}.lines.{line}.{name}"
            at = of_line if name in self.own else f"{where}.components.{name}"
            addresses |= {f"{name}.amplitude": f"{of_line}.amplitude", f"{name}.diffusion": f"{at}.diffusion"}
        return addresses

    def _measured(self, line: str, where: str, folder: Path, inputs: dict[str, str]) -> Measured:
        """Return the integrals of a line against b (s/µm²)."""
        path = resolved_path(str(self.file), folder, f"{where}.file")
        if path.is_file():
            width = read_table(path, f"{where}.file").width
            assert self.columns is not None
            if width != len(self.columns):
                problem = f"names {len(self.columns)} columns, but {path.name} has {width}."
                raise InputError(f"{where}.columns", problem)
        columns = roles_of(self.columns or (), self.places[line])
        other = "G/cm" if self.gradient_unit == "T/m" else "T/m"
        unit, said = self.gradient_unit.lower(), f'gradient_unit is "{self.gradient_unit}"'
        says = says_of_unit("gradient", unit, said, "gradient_unit", f'say gradient_unit = "{other}" if it is that')
        curve = measured_curve(Named(str(self.file), columns, believe=self.believe), where, folder, says)
        inputs[curve.source] = curve.sha256
        _, points = self.points_of(curve, self.points.abscissae[0], where)
        return replace(points, x=self._b(points.x, where), notes=(*points.notes, self._b_words(points.x)))

    def _gradients(self, x: FloatArray) -> FloatArray:
        """Return gradients in T/m, calibrated."""
        return np.asarray(x * self.gradient_calibration * (0.01 if self.gradient_unit == "G/cm" else 1.0))

    def _b(self, x: FloatArray, where: str) -> FloatArray:
        """Return b in s/µm², from gradients in the unit of the file."""
        in_tesla = x * (0.01 if self.gradient_unit == "G/cm" else 1.0)
        if in_tesla[0] < 0.0:
            raise InputError(f"{where}.file", f"gradients must be at least 0, the first is {x[0]:g}.")
        if in_tesla[-1] > STRONGEST:
            hint = 'gradient_unit = "G/cm"?' if self.gradient_unit == "T/m" else "is the first column a gradient?"
            raise InputError(
                f"{where}.gradient_unit",
                f"gradients reach {in_tesla[-1]:g} T/m, and no probe more than {STRONGEST:g}: {hint}",
            )
        return np.asarray(self._seconds_per_m2(x) * SI)

    def _seconds_per_m2(self, x: FloatArray) -> FloatArray:
        assert self.pulse_duration is not None
        assert self.diffusion_time is not None
        assert self.shape_factor is not None
        return b_values(
            self._gradients(x),
            1e-3 * self.pulse_duration,
            1e-3 * self.diffusion_time,
            isotope(self.nucleus).gyromagnetic_ratio,
            self.shape_factor,
            self.delta_correction,
        )

    def _b_words(self, x: FloatArray) -> str:
        g = self._gradients(x)
        strong = ""
        if float(g[-1]) > STRONG and self.gradient_unit == "T/m":
            strong = '; only probes for diffusion reach that: where the file is in G/cm, say gradient_unit = "G/cm"'
        return (
            f"b = (γ s g δ)² (Δ − κδ) of {self.nucleus}: g {g[0]:.4g} to {g[-1]:.4g} T/m (calibration "
            f"{self.gradient_calibration:g}), δ {self.pulse_duration:g} ms, Δ {self.diffusion_time:g} ms, "
            f"s {self.shape_factor:.4g}, κ {self.delta_correction:.4g}{strong}"
        )

    def _check(self, where: str, sample: Any) -> None:
        if self.file is None:
            raise InputError(f"{where}.file", "is missing: the integrals against the gradients.")
        check_background(self.background_terms, {}, where, "0 or 1")
        isotope(self.nucleus, f"{where}.nucleus")
        unit = {"pulse_duration": " ms", "diffusion_time": " ms", "shape_factor": "", "gradient_calibration": ""}
        usual = {
            "pulse_duration": "give δ in ms",
            "diffusion_time": "give Δ in ms",
            "shape_factor": "1 for rectangular pulses, 2/π = 0.6366 for half-sine ones, 0.9 for SMSQ10.100",
        }
        for key, of in unit.items():
            value = getattr(self, key)
            if value is None:
                raise InputError(f"{where}.{key}", f"is missing: {usual[key]}.")
            if not (np.isfinite(value) and value > 0.0):
                raise InputError(f"{where}.{key}", f"must be above 0{of}, got {value:g}.")
        assert self.pulse_duration is not None
        assert self.diffusion_time is not None
        if not self.pulse_duration < self.diffusion_time:
            problem = (
                f"must be shorter than diffusion_time, {self.diffusion_time:g} ms, got {self.pulse_duration:g} ms."
            )
            raise InputError(f"{where}.pulse_duration", problem)
        if not 0.0 <= self.delta_correction <= 1.0:
            raise InputError(f"{where}.delta_correction", f"must be from 0 to 1, got {self.delta_correction:g}.")
        for line in self.positions:
            if line not in self.places:
                problem = f"there is no line {line!r}; {nearest_names(line, self.line_names)}"
                raise InputError(f"{where}.positions", problem)
        self.solvodynamics.check(self.components, where, sample)

    # ---- what follows ---------------------------------------------------------------------------

    @property
    def solvodynamics(self) -> Solvodynamics:
        """What diameters rest on."""
        return Solvodynamics(self.temperature, self.viscosity, self.solvent)

    def _coefficients(self) -> dict[str, str]:
        """Return the address of each D, less its last part -> its component."""
        coefficients = {}
        for name in self.components:
            for at in (
                [f"lines.{n}.{name}" for n in self._lines_of(name)] if name in self.own else [f"components.{name}"]
            ):
                coefficients[at] = name
        return coefficients

    def _derived(self, here: Here, sizes: Sizes) -> dict[str, DerivedQuantity]:
        derived = {}
        for at, name in self._coefficients().items():
            coefficient = here[f"{at}.diffusion"] * SI
            derived[here.address_of(f"{at}.diffusion_m2_per_s")] = self.derives["diffusion_m2_per_s"].of(coefficient)
            if self.solvodynamics:
                place = here.address_of(at)
                derived |= self.solvodynamics.diameters(place, self.components[name], coefficient, sizes)
        for line in self.line_names:
            components = [c for c in self.components if line in self._lines_of(c)]
            total = sum(here[f"lines.{line}.{c}.amplitude"] for c in components)
            for c in components if len(components) > 1 and total != 0.0 else ():
                part = here[f"lines.{line}.{c}.amplitude"] / total
                at = here.address_of(f"lines.{line}.{c}.amplitude_fraction")
                derived[at] = self.derives["amplitude_fraction"].of(part)
        return derived

    def _trends(self, where: str) -> tuple[Trend, ...]:
        """Return D against shift, where positions are given."""
        lines = [n for n in self.line_names if n in self.positions]
        if not lines:
            return ()
        series = {}
        for name in self.components:
            at = [f"{where}.lines.{n}.{name}" if name in self.own else f"{where}.components.{name}" for n in lines]
            held = self._lines_of(name)
            series[name] = tuple(f"{a}.diffusion_m2_per_s" if n in held else "" for a, n in zip(at, lines, strict=True))
        x = tuple(float(_plain(self.positions[n])) for n in lines)
        caption = "Diffusion coefficients against shift; bars are standard errors."
        shift, coefficient = Axis("chemical_shift", "ppm"), Axis("D", "µm²/s")
        return (Trend(caption, shift, coefficient, tuple(lines), x, series, 1.0 / SI, y_log=True, x_reversed=True),)

    def _remarks(self, here: Here, sizes: Sizes) -> tuple[str, ...]:
        remarks = []
        for at in self._coefficients():
            coefficient = here[f"{at}.diffusion"]
            if not LIQUIDS[0] <= coefficient <= LIQUIDS[1]:
                remarks.append(
                    f"{here.address_of(at)}.diffusion = {coefficient:.3g} µm²/s is outside of what liquids have: are "
                    "gradient_unit and the times (ms) right?"
                )
        if self.solvodynamics:
            remarks.append(self.solvodynamics.words)
            remarks += self._without_core(here, sizes)
        return tuple(remarks)

    def _without_core(self, here: Here, sizes: Sizes) -> list[str]:
        """Return a remark for each coefficient whose diameter is less than twice the shell."""
        remarks = []
        for at, name in self._coefficients().items():
            component, coefficient, place = self.components[name], here[f"{at}.diffusion"] * SI, here.address_of(at)
            diameters = self.solvodynamics.diameters(place, component, coefficient, sizes)
            remark = self.solvodynamics.negative_core(place, component, diameters)
            remarks += [] if remark is None else [remark]
        return remarks

    def _assumed(self, where: str) -> tuple[Assumption, ...]:
        """Return that gradients are calibrated, and that shaped pulses have the κ of rectangular ones."""
        found = []
        if self.gradient_calibration == 1.0:
            found.append(
                Assumption(
                    keys=(f"{where}.gradient_calibration",),
                    taken="1: gradients are those of the file",
                    case="with 1.01, by 2 %,",
                    moves={f"{where}.*.diffusion": "smaller"},
                )
            )
        if self.delta_correction == 1.0 / 3.0 and self.shape_factor != 1.0:
            assert self.pulse_duration is not None
            assert self.diffusion_time is not None
            by = (self.pulse_duration / 12.0) / (self.diffusion_time - self.pulse_duration / 4.0)
            found.append(
                Assumption(
                    keys=(f"{where}.delta_correction",),
                    taken="1/3: that of rectangular pulses, which these are not",
                    case=f"with 1/4, of half-sine ones, by {100.0 * by:.2g} %,",
                    moves={f"{where}.*.diffusion": "smaller"},
                )
            )
        return tuple(found)

    def _method(self) -> str:
        return (
            "Integrals were fitted at once against b = (γ s g δ)² (Δ − κδ) (Stejskal & Tanner, J. Chem. Phys. 42, 288 "
            f"(1965)), s = {self.shape_factor:.4g}, κ = {self.delta_correction:.4g}, by sums of exponentials whose "
            "coefficients lines share; amplitudes were eliminated at each step."
        )


def _sizes_at(sample: Any, here: Here) -> Sizes:
    """Return population -> the mean diameter of its crystals as of now; here: the data set."""
    return lambda population: mean_diameter(sample, here.whole.under(f"populations.{population}"))


def _plain(number: Number) -> float:
    value = number.value if isinstance(number, Parameter) else number
    return float("nan") if value is None else float(value)
