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
    "ignore" is left out. Left out, they are read from the header of a CSV, as `nanocrystal nmr --integrate` writes it.
    gradient_unit says "T/m" or "G/cm" (1 T/m = 100 G/cm).

Size
    With temperature (K) and a viscosity (mPa·s) or a tabulated solvent: solvodynamic_diameter = k_B T/(3π η D), a
    sphere with stick boundary; with shell_thickness (nm, of the ligands) core_diameter, less twice that; with
    population core_over_population, that diameter over the mean one of the crystals that scattering sees. η is printed.

Derived
    diffusion_m2_per_s and the diameters of each component (components.COMPONENT, or lines.LINE.COMPONENT where D is of
    each line); lines.LINE.COMPONENT.amplitude_fraction. With shifts = { LINE = 5.7 } (ppm) the report draws D against
    shift.

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
from math import pi
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import resolve
from nanocrystal.data.table import number_table
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.kernels.decays import DECAYS, b_values
from nanocrystal.parameters import Number, Parameter, Quantity, Values
from nanocrystal.sample.derived import DerivedQuantity
from nanocrystal.tables import viscosity as viscosities
from nanocrystal.tables.isotopes import isotope
from nanocrystal.techniques.base import Axis, Measured, Trend
from nanocrystal.techniques.counted import BACKGROUND, check_background
from nanocrystal.techniques.nmr.data import measured_curve, measured_points
from nanocrystal.techniques.summed import PlacedPart, part_parameters
from nanocrystal.techniques.summed_stack import Member, StackedModel

FloatArray = NDArray[np.float64]
BOLTZMANN = 1.380649e-23
"""J/K, exact"""
SI = 1e-12
"""m²/s of one µm²/s"""
STRONGEST = 10.0
"""T/m; more than gradient coils of NMR probes reach"""
LIQUIDS = (0.1, 2e4)
"""µm²/s, between which D of something dispersed or dissolved is credible"""
MOST_LINES = 64


@dataclass(frozen=True)
class DiffusionComponent:
    """One coefficient: diffusion in µm²/s; lines: those that it is in, all where left out."""

    diffusion: Number | None = None
    lines: Sequence[str] | None = None


@dataclass(frozen=True)
class NmrDiffusion:
    """Integrals against gradients. pulse_duration δ and diffusion_time Δ in ms; temperature K; viscosity mPa·s."""

    file: str | Path | None = None
    columns: Sequence[str] | None = None
    gradient_unit: Literal["T/m", "G/cm"] = "T/m"
    gradient_calibration: float = 1.0
    nucleus: str = "1H"
    pulse_duration: float | None = None
    diffusion_time: float | None = None
    shape_factor: float | None = None
    delta_correction: float = 1.0 / 3.0
    x_range: tuple[float, float] | None = None
    exclude: Sequence[tuple[float, float]] | None = None
    components: Mapping[str, DiffusionComponent] = field(default_factory=dict)
    own: Sequence[str] = ()
    background_terms: int = 0
    shifts: Mapping[str, Number] = field(default_factory=dict)
    temperature: float | None = None
    viscosity: float | None = None
    solvent: str | None = None
    shell_thickness: float | None = None
    population: str | None = None

    name: ClassVar[str] = "nmr-diffusion"
    needs_sample: ClassVar[bool] = False
    linear: ClassVar[tuple[str, ...]] = ()
    quantities: ClassVar[Mapping[str, Quantity]] = {}
    of_components: ClassVar[Mapping[str, Quantity]] = {
        "diffusion": Quantity(
            "diffusion", "µm²/s", "diffusion coefficient", None, 0.0, 1e7, open_minimum=True, scale=10.0,
            start_spread=0.5,
        ),
        "amplitude": Quantity("amplitude", "", "integral of the component without gradient", 1.0),
    }  # fmt: skip

    # ---- what was declared ----------------------------------------------------------------------

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter); raises InputError with local addresses.

        What is of each line is declared once the file is known, see `for_folder`.
        """
        if not self.components:
            raise InputError("components", "has none; add a table such as [datasets.NAME.components.slow] with diffusion.")
        if self.columns is None:
            raise InputError("columns", "is missing.")
        for name in self.own:
            if name not in self.components:
                raise InputError("own", f"there is no component {name!r}; {nearest_names(name, self.components)}")
        entries: dict[str, tuple[Quantity, Parameter]] = {}
        for name, component in self.components.items():
            own = part_parameters(
                DECAYS["diffusion"], {"diffusion": component.diffusion}, self.of_components, f"components.{name}",
                self.of_components["amplitude"],
            )  # fmt: skip
            lines = self._lines_of(name)
            entries |= {f"lines.{line}.{name}.amplitude": own["amplitude"] for line in lines}
            if name in self.own:
                entries |= {f"lines.{line}.{name}.diffusion": own["diffusion"] for line in lines}
            else:
                entries[f"components.{name}.diffusion"] = own["diffusion"]
        linear = (BACKGROUND, Parameter(None, linear=True))
        for line in self.line_names:
            entries |= {f"lines.{line}.background.c{k}": linear for k in range(max(self.background_terms, 0))}
        return entries
