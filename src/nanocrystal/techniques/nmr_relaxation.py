"""Relaxation of nuclear spins: T1 by inversion or saturation recovery, T2 by the decay of echoes.

Definition
    recovery: y(t) = Σ_k M_k [1 − f exp(−(t/T_k)^β_k)], f = 2 (inversion-recovery) or 1 (saturation-recovery) or
    refined as `inversion`, the same for all parts; echo-decay: y(t) = Σ_k M_k exp(−(t/T_k)^β_k) + background. Each part
    is a table [datasets.NAME.parts.PART] with time (T, s), exponent (β; 1, a single exponential, unless given) and
    amplitude (M, linear unless given). One part is a mono-, two are a bi-exponential law.

Several lines
    columns names the lines of a table of integrals, "delay" first, "sigma" after the line that it belongs to, "ignore"
    left out: columns = ["delay", "core", "sigma", "surface", "sigma"], as `nanocrystal nmr --integrate LOW:HIGH,…`
    writes it. Each line has amplitudes, times, exponents and the inversion of its own
    (datasets.NAME.lines.LINE.PART.time, datasets.NAME.lines.LINE.inversion), all starting at those of the parts; parts
    that `common` names have one time and exponent for all lines.

Weights
    σ of a third column; or, with noise_range, of the scatter there; or none: then uncertainties are scaled so that
    χ²_red = 1. Measured blanks, with linear scales of their own, may be added.

Derived
    mean_time T Γ(1/β)/β of a stretched part; amplitude_fraction where there are several.

Checked against
    hand calculations, scipy.optimize.least_squares on the stacked curves of several lines, and the T1 that a
    spectrometer's own program found in a measured series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import gamma
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve
from nanocrystal.data.units import factor
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.measurement import Abscissa, Axis, CurveTechnique, Points, local_parameters
from nanocrystal.measurement.counted import as_simulated, background_quantities, background_quantity, check_background
from nanocrystal.measurement.keys import Background, BackgroundTerms, XGrid, XRange
from nanocrystal.measurement.nmr.columns import line_places, roles_of
from nanocrystal.measurement.nmr.points import NMR, nmr_points
from nanocrystal.measurement.summed import Member, SummedModel, part_parameters
from nanocrystal.parameters import (
    Claim,
    Declares,
    Derivation,
    DerivedQuantity,
    Here,
    Meaning,
    Number,
    Parameter,
    Quantity,
    of_measurement,
)
from nanocrystal.spectra import DECAYS, Form, SumOfForms

FloatArray = NDArray[np.float64]
ROLES = frozenset(("x", "y", "sigma", "ignore", *NMR.aliases))
"""what columns of one curve may be"""
OF_LINE = ("amplitude", "amplitude_fraction")
"""what each line has alone, even of parts that are common"""
INVERSION = {"inversion-recovery": 2.0, "saturation-recovery": 1.0}


@dataclass(frozen=True)
class RelaxationPart(Declares):
    """One part of a decay or recovery: a stretched exponential M exp(−(t/T)^β), simple where β is left out."""

    time: Annotated[Number | None, "s, relaxation time"] = None
    exponent: Annotated[Number | None, "β of a stretched law [1]"] = None
    amplitude: Annotated[Number | None, "linear; left to the fit"] = None


@dataclass(frozen=True, kw_only=True)
class NmrRelaxation(CurveTechnique, own=("line_names", "of_parts", "recovers")):
    """A relaxation series: signal against delay, measured (`file`) or to be simulated (`x`)."""

    kind: Annotated[
        Literal["inversion-recovery", "saturation-recovery", "echo-decay"], "what was done before each delay"
    ]
    x: XGrid = None
    x_range: XRange = None
    inversion: Annotated[
        Number | None,
        Quantity(
            "inversion",
            "",
            "f of a recovery: 2 for complete inversion, 1 for saturation",
            2.0,
            0.0,
            2.5,
            scale=0.1,
            meaning=of_measurement("inversion", "of all parts alike"),
            claim=Claim("inversion or saturation is complete", times=0.95),
        ),
    ] = None
    parts: Annotated[Mapping[str, RelaxationPart], "the parts, by name: [datasets.NAME.parts.PART]"] = field(
        default_factory=dict
    )
    common: Annotated[Sequence[str], "parts of which all lines have one time and exponent [each line has its own]"] = ()
    background_terms: BackgroundTerms = 0
    background: Background = field(default_factory=dict)

    name: ClassVar[str] = "nmr-relaxation"
    points: ClassVar[Points] = nmr_points(" (s)")
    needs_sample: ClassVar[bool] = False
    of_parts: ClassVar[Mapping[str, Quantity]] = {
        "time": Quantity(
            "time",
            "s",
            "relaxation time",
            None,
            0.0,
            1e6,
            open_minimum=True,
            scale=0.1,
            start_spread=0.5,
            meaning=Meaning("relaxation time", "T of exp(−(t/T)^β)"),
        ),
        "exponent": Quantity(
            "exponent",
            "",
            "β of a stretched law; 1: exponential",
            1.0,
            0.05,
            2.0,
            scale=0.1,
            meaning=Meaning("exponent", "β of exp(−(t/T)^β)"),
            claim=Claim("one time, without a spread", other=0.8),
        ),
        "amplitude": Quantity(
            "amplitude",
            "",
            "amplitude, of a recovery that at long times",
            1.0,
            meaning=of_measurement("amplitude", "at the beginning, of a recovery at its end"),
        ),
    }
    derives: ClassVar[Mapping[str, Derivation]] = {
        "amplitude_fraction": Derivation(
            "",
            "part of the amplitude of all parts",
            Meaning("amplitude fraction", "of the amplitudes of all parts, at the beginning, of a recovery at its end"),
        ),
        "mean_time": Derivation(
            "s", "mean time of the stretched law", Meaning("relaxation time", "mean T Γ(1/β)/β of exp(−(t/T)^β)")
        ),
    }

    @property
    def recovers(self) -> bool:
        """Whether the curve grows to equilibrium."""
        return self.kind in INVERSION

    @property
    def _times(self) -> str:
        """Which relaxation is seen."""
        return "T1 (longitudinal)" if self.recovers else "T2 (transverse), by echoes"

    def _form(self) -> Form:
        return DECAYS["stretched-recovery" if self.recovers else "stretched"]

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter); raises InputError with local addresses."""
        for name in self.common:
            if name not in self.parts:
                raise InputError("common", f"there is no part {name!r}; {nearest_names(name, self.parts)}")
        entries: dict[str, tuple[Quantity, Parameter]] = {}
        if self.recovers:
            complete = Parameter(INVERSION[self.kind], left_out=True)
            usual = complete if self.inversion is None else self.inversion
            one = local_parameters(self.quantities, (), {"inversion": usual})["inversion"]
            entries |= {self._inversion_of(line): one for line in self._lines}
        for name, part in self.parts.items():
            numbers = {"time": part.time, "exponent": part.exponent, "amplitude": part.amplitude}
            quantities = {n: q.more(self._times) if n in ("time", "exponent") else q for n, q in self.of_parts.items()}
            of_part = part_parameters(
                DECAYS["stretched"], numbers, quantities, f"parts.{name}", quantities["amplitude"]
            )
            entries |= {self._place(line, name, k): v for line in self._lines for k, v in of_part.items()}
        if self.line_names:
            linear = Parameter(None, linear=True)
            background = {f"c{k}": (background_quantity(k), linear) for k in range(max(self.background_terms, 0))}
            return entries | {f"{self._background_of(n)}.{k}": v for n in self._lines for k, v in background.items()}
        quantities, of_background = background_quantities(self.background_terms, self.background, self.blanks)
        if self.file is None:
            of_background = as_simulated(of_background, quantities, tuple(quantities))
            entries = {k: (q, Parameter(1.0) if p.linear else p) for k, (q, p) in entries.items()}
        return entries | local_parameters(quantities, tuple(quantities), of_background)

    @property
    def line_names(self) -> tuple[str, ...]:
        """The lines that columns name, none where the data set is one curve; raises InputError, address local."""
        if all(name in ROLES for name in self.columns or ()):
            return ()
        return tuple(line_places(self.columns, "delay"))

    @property
    def _lines(self) -> tuple[str, ...]:
        """The lines, "" for the one of a data set that is one curve."""
        return self.line_names or ("",)

    def _place(self, line: str, part: str, name: str) -> str:
        """Return the local address of a parameter of a part in a line."""
        shared = part in self.common and name not in OF_LINE
        return f"lines.{line}.{part}.{name}" if line and not shared else f"parts.{part}.{name}"

    def _inversion_of(self, line: str) -> str:
        return f"lines.{line}.inversion" if line else "inversion"

    def _background_of(self, line: str) -> str:
        return f"lines.{line}.background" if line else "background"

    def bind(self, name: str, sample: Any, folder: Path = Path()) -> SummedModel:
        """Read the data and return the model of this data set; raises InputError for what cannot be used."""
        where = f"datasets.{name}"
        try:
            lines = self._lines
        except InputError as error:
            raise InputError(f"{where}.{error.where}", error.problem) from None
        self._check(where)
        members = tuple(self._member(line, name, where, folder) for line in lines)
        longest = max(float(m.measured.x[-1]) for m in members)
        style = None if not self.line_names else "offset" if self.recovers else "decays"
        return SummedModel(
            technique=self.name,
            where=where,
            x_axis=Axis("delay", "s"),
            y_axis=Axis("intensity", ""),
            members=members,
            method=METHOD,
            style=style,
            noise=self.noise,
            derived_of=self._derived,
            remarks_of=lambda here: self._remarks(here, longest),
            terms=None if self.recovers else (0, 1),
            inputs=_inputs(members) if self.line_names else {},
        )

    def _member(self, line: str, name: str, where: str, folder: Path) -> Member:
        """Return the curve of a line, or of the data set where it is one."""
        one = self
        if line:
            columns = self.columns or ()
            one = replace(self, columns=roles_of(columns, line_places(columns, "delay")[line]), common=())
        compared = one.compared(where, folder)
        form, first = self._form(), next(iter(self.parts))
        alike = [f"{part}.inversion" for part in self.parts] if self.recovers else []
        decays = SumOfForms(
            dict.fromkeys(self.parts, form), self.background_terms, same=dict.fromkeys(alike[1:], f"{first}.inversion")
        )
        addresses = {}
        for free in decays.free_names:
            part, _, of_part = free.partition(".")
            addresses[free] = f"{where}.{self._place(line, part, of_part)}"
        addresses |= dict.fromkeys(alike[:1], f"{where}.{self._inversion_of(line)}")
        addresses |= {f"c{k}": f"{where}.{self._background_of(line)}.c{k}" for k in range(self.background_terms)}
        blanks = {f"{where}.blanks.{n}.scale": y for n, y in compared.at_points().items()}
        return Member(name=line or name, measured=compared.measured, sum=decays, addresses=addresses, blanks=blanks)

    def _prepared(self, curve: Curve, where: str) -> Curve:
        """Return the curve over delays in s, in whatever unit the file states them."""
        unit = curve.stated.x_unit
        scale = factor(unit, "delay") or 1.0
        if scale == 1.0:
            return curve
        return replace(
            curve.scaled(lambda t: t * scale), notes=(*curve.notes, f"delays were converted from {unit} to s")
        )

    def _check_abscissa(self, x: FloatArray, abscissa: Abscissa, where: str) -> None:
        if x[0] < 0.0:
            raise InputError(where, f"delays must be at least 0 s, the first is {x[0]:g}.")

    def _check(self, where: str) -> None:
        if not self.parts:
            raise InputError(f"{where}.parts", f"has no part; add a table such as [{where}.parts.a] with a time.")
        if self.inversion is not None and not self.recovers:
            raise InputError(f"{where}.inversion", 'is for recoveries; leave it out with kind = "echo-decay".')
        if self.common and not self.line_names:
            raise InputError(f"{where}.common", "is for several lines; name them in columns, or leave it out.")
        if self.line_names and self.file is None:
            raise InputError(f"{where}.columns", "name lines of a file, which is missing; leave them out to simulate.")
        for unused in ("blanks", "background"):
            if self.line_names and getattr(self, unused):
                problem = "belongs to one curve; with several lines leave it out, or make a data set of each line."
                raise InputError(f"{where}.{unused}", problem)
        check_background(self.background_terms, self.background, where, "0 or 1")

    def _derived(self, here: Here) -> dict[str, DerivedQuantity]:
        derived: dict[str, DerivedQuantity] = {}
        for line in self._lines:
            amplitudes = {n: here[self._place(line, n, "amplitude")] for n in self.parts}
            total = sum(amplitudes.values())
            for name, amplitude in amplitudes.items():
                if len(amplitudes) > 1 and total != 0.0:
                    address = here.address_of(self._place(line, name, "amplitude_fraction"))
                    derived[address] = self.derives["amplitude_fraction"].of(amplitude / total)
                if self.parts[name].exponent is not None:
                    beta = here[self._place(line, name, "exponent")]
                    mean = here[self._place(line, name, "time")] * gamma(1.0 / beta) / beta
                    address = here.address_of(self._place(line, name, "mean_time"))
                    derived[address] = self.derives["mean_time"].more(self._times).of(mean)
        return derived

    def _remarks(self, here: Here, longest: float) -> tuple[str, ...]:
        if not self.recovers:
            return ()
        places = dict.fromkeys(self._place(line, n, "time") for line in self._lines for n in self.parts)
        slow = [p.removeprefix("parts.").removesuffix(".time") for p in places if longest < 3.0 * here[p]]
        return tuple(
            f"the longest delay, {longest:.3g} s, is less than three times T1 of {n}: its equilibrium was not reached, "
            "and T1 and amplitude are correlated."
            for n in slow
        )


def _inputs(members: Sequence[Member]) -> dict[str, str]:
    """Return file -> SHA-256 of what members were read from."""
    return {m.measured.source: m.measured.sha256 for m in members if m.measured.sha256 is not None}


METHOD = (
    "Relaxation was fitted by sums of exponential or stretched exponential laws; amplitudes were eliminated at each "
    "step. Recoveries are M [1 − f exp(−(t/T)^β)] with one f for all parts."
)
