"""Relaxation of nuclear spins: T1 by inversion or saturation recovery, T2 by the decay of echoes.

Definition
    recovery: y(t) = Σ_k M_k [1 − f exp(−(t/T_k)^β_k)], f = 2 (inversion-recovery) or 1 (saturation-recovery) or
    refined as `inversion`, the same for all parts; echo-decay: y(t) = Σ_k M_k exp(−(t/T_k)^β_k) + background. Each part
    is a table [datasets.NAME.parts.PART] with time (T, s), exponent (β; 1, a single exponential, unless given) and
    amplitude (M, linear unless given). One part is a mono-, two are a bi-exponential law.

Several lines
    One data set for each line of a spectrum, all of one file: columns = ["delay", "ignore", "y"] takes the second.
    A common time is a tie, time = { tie = "datasets.first.parts.a.time" }; amplitudes stay linear, of each line alone.

Weights
    σ of a third column, else none: then uncertainties are scaled so that χ²_red = 1.

Derived
    mean_time T Γ(1/β)/β of a stretched part; amplitude_fraction where there are several.

Checked against
    hand calculations, scipy.optimize.least_squares on the stacked curves of several lines, and the T1 that a
    spectrometer's own program found in a measured series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import gamma
from pathlib import Path
from typing import Any, ClassVar, Literal

from nanocrystal.errors import InputError
from nanocrystal.kernels.decays import DECAYS
from nanocrystal.kernels.lines import Form
from nanocrystal.measurement import Axis, Noise, Technique, local_parameters
from nanocrystal.measurement.counted import as_simulated, background_quantities, check_background
from nanocrystal.parameters import Here, Number, Parameter, Quantity
from nanocrystal.sample.derived import DerivedQuantity
from nanocrystal.techniques.nmr.data import measured_curve, measured_points, simulated_points
from nanocrystal.techniques.summed import PlacedPart, SummedModel, part_parameters

INVERSION = {"inversion-recovery": 2.0, "saturation-recovery": 1.0}


@dataclass(frozen=True)
class RelaxationPart:
    """One part of a decay or recovery: time in s, exponent, amplitude (linear unless given)."""

    time: Number | None = None
    exponent: Number | None = None
    amplitude: Number | None = None


@dataclass(frozen=True)
class NmrRelaxation(Technique, own=("of_parts", "recovers")):
    """A series of delays, measured (`file`) or to be simulated (`x`); kind: what was done."""

    kind: Literal["inversion-recovery", "saturation-recovery", "echo-decay"]
    file: str | Path | None = None
    columns: Sequence[str] | None = None
    x: str | None = None
    x_range: tuple[float, float] | None = None
    exclude: Sequence[tuple[float, float]] | None = None
    inversion: Number | None = None
    parts: Mapping[str, RelaxationPart] = field(default_factory=dict)
    background_terms: int = 0
    background: Mapping[str, Number] = field(default_factory=dict)
    noise: Noise | None = None

    name: ClassVar[str] = "nmr-relaxation"
    abscissae: ClassVar[tuple[str, ...]] = ("x",)
    counted: ClassVar[bool] = False
    needs_sample: ClassVar[bool] = False
    linear: ClassVar[tuple[str, ...]] = ()
    quantities: ClassVar[Mapping[str, Quantity]] = {
        "inversion": Quantity(
            "inversion", "", "f of a recovery: 2 for complete inversion, 1 for saturation", 2.0, 0.0, 2.5, scale=0.1
        ),
    }
    of_parts: ClassVar[Mapping[str, Quantity]] = {
        "time": Quantity(
            "time", "s", "relaxation time", None, 0.0, 1e6, open_minimum=True, scale=0.1, start_spread=0.5
        ),
        "exponent": Quantity("exponent", "", "β of a stretched law; 1: exponential", 1.0, 0.05, 2.0, scale=0.1),
        "amplitude": Quantity("amplitude", "", "amplitude, of a recovery that at long times", 1.0),
    }

    @property
    def recovers(self) -> bool:
        """Whether the curve grows to equilibrium."""
        return self.kind in INVERSION

    def _form(self) -> Form:
        return DECAYS["stretched-recovery" if self.recovers else "stretched"]

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter); raises InputError with local addresses."""
        entries: dict[str, tuple[Quantity, Parameter]] = {}
        if self.recovers:
            usual = INVERSION[self.kind] if self.inversion is None else self.inversion
            entries |= local_parameters(self.quantities, (), {"inversion": usual})
        for name, part in self.parts.items():
            given = {"time": part.time, "exponent": part.exponent, "amplitude": part.amplitude}
            of_part = part_parameters(
                DECAYS["stretched"], given, self.of_parts, f"parts.{name}", self.of_parts["amplitude"]
            )
            entries |= {f"parts.{name}.{k}": v for k, v in of_part.items()}
        quantities, of_background = background_quantities(self.background_terms, self.background, {})
        if self.file is None:
            of_background = as_simulated(of_background, quantities, tuple(quantities))
            entries = {k: (q, Parameter(1.0) if p.linear else p) for k, (q, p) in entries.items()}
        return entries | local_parameters(quantities, tuple(quantities), of_background)

    def bind(self, name: str, sample: Any, folder: Path = Path()) -> SummedModel:
        """Read the data and return the model of this data set; raises InputError for what cannot be used."""
        where = f"datasets.{name}"
        self._check(where)
        if self.file is None:
            assert self.x is not None
            measured = simulated_points(self.x, where, [("x_range", self.x_range), ("exclude", self.exclude)])
        else:
            curve = measured_curve(self.file, self.columns, where, folder)
            measured = measured_points(curve, where, self.x_range, self.exclude, None)
        if measured.x[0] < 0.0:
            raise InputError(f"{where}.file", f"delays must be at least 0 s, the first is {measured.x[0]:g}.")
        form = self._form()
        parts = {}
        for part in self.parts:
            own = f"{where}.parts.{part}"
            addresses = tuple(f"{where}.inversion" if p == "inversion" else f"{own}.{p}" for p in form.parameters)
            parts[part] = PlacedPart(form, f"{own}.amplitude", addresses, (1.0,) * len(addresses))
        return SummedModel(
            technique=self.name,
            where=where,
            x_axis=Axis("delay", "s"),
            y_axis=Axis("intensity", ""),
            measured=measured,
            parts=parts,
            background_terms=self.background_terms,
            method=METHOD,
            noise=self.noise,
            derived_of=self._derived,
            remarks_of=lambda here: self._remarks(here, measured.x[-1]),
            derived_from=tuple(p.amplitude for p in parts.values()),
        )

    def _check(self, where: str) -> None:
        if (self.file is None) == (self.x is None):
            raise InputError(where, 'needs either a file or, to simulate, x = "START:STOP:STEP" (s).')
        if self.file is not None and self.noise is not None:
            raise InputError(f"{where}.noise", "is for simulated curves; leave it out, or leave out the file.")
        if not self.parts:
            raise InputError(f"{where}.parts", f"has no part; add a table such as [{where}.parts.a] with a time.")
        if self.inversion is not None and not self.recovers:
            raise InputError(f"{where}.inversion", 'is for recoveries; leave it out with kind = "echo-decay".')
        check_background(self.background_terms, self.background, where, "0 or 1")

    def _derived(self, here: Here) -> dict[str, DerivedQuantity]:
        amplitudes = {n: here[f"parts.{n}.amplitude"] for n in self.parts}
        total, found = sum(amplitudes.values()), {}
        for name, amplitude in amplitudes.items():
            own = here.under(f"parts.{name}")
            if len(amplitudes) > 1 and total != 0.0:
                text = "part of the amplitude of all parts"
                found[own.address_of("amplitude_fraction")] = DerivedQuantity(amplitude / total, "", text)
            if self.parts[name].exponent is not None:
                beta = own["exponent"]
                mean = own["time"] * gamma(1.0 / beta) / beta
                found[own.address_of("mean_time")] = DerivedQuantity(mean, "s", "mean time of the stretched law")
        return found

    def _remarks(self, here: Here, longest: float) -> tuple[str, ...]:
        if not self.recovers:
            return ()
        slow = [n for n in self.parts if longest < 3.0 * here[f"parts.{n}.time"]]
        return tuple(
            f"the longest delay, {longest:.3g} s, is less than three times T1 of {n}: its equilibrium was not reached, "
            "and T1 and amplitude are correlated."
            for n in slow
        )


METHOD = (
    "Relaxation was fitted by sums of exponential or stretched exponential laws; amplitudes were eliminated at each "
    "step. Recoveries are M [1 − f exp(−(t/T)^β)] with one f for all parts."
)
