"""Lines of nuclei in solids: anisotropic chemical shift and quadrupole coupling, static or at the magic angle.

The unbroadened powder pattern comes from the package mrsimulator (an extra: D. J. Srivastava and co-workers, see its
documentation), on a grid of at most 1/64 of the line width; patterns are kept by their parameters. It is convolved with
the exact Voigt profile of `lines`. Derivatives by position and broadening are exact for the sampled pattern; those by
the parameters of the pattern are central differences whose steps move its edges by about 1/20 of the line width, good
to some 2 %, worse where a parameter hardly matters.

Conventions: the shift scale. csa = δ_zz − δ_iso (ppm), csa_asymmetry = (δ_yy − δ_xx)/csa, |δ_zz − δ_iso| the largest,
as Haeberlen; mrsimulator's ζ is that of the shielding, −csa. cq = e²qQ/h (Hz); cq_asymmetry is that of the field
gradient, whose axes are those of the shift. position is the isotropic shift: a quadrupole coupling moves the centre of
gravity away from it by `second_order_shift_ppm`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.spectra.lines import ANYWHERE, Form, voigt

FloatArray = NDArray[np.float64]
Transitions = Literal["central", "all"]
INSTALL = 'pip install "nanocrystal[solids]"'
FINEST = 64.0
"""points of the pattern within the line width, at least"""
MOST_POINTS = 2**18
MOST_SIDEBANDS = 2048
STEP = 0.05
"""of the line width, by which differences move the edges of the pattern"""
ORIENTATIONS = 140
"""along an edge of the octant; half of them when spinning, which costs more"""
NO_SIDEBANDS = 1e4
"""spinning faster than the pattern is wide by this factor leaves sidebands of less than 1e-8"""
ASYMMETRY_STEPS = (1e-4, 0.05)


@dataclass(frozen=True)
class Nucleus:
    """A nucleus in a field: its name such as "133Cs", spin I, frequency (MHz), and which transitions are seen.

    transitions: "central" (½ ↔ −½ alone) or "all" single-quantum ones; the same for spin ½ and for whole spins, which
    have no central transition.
    """

    name: str
    spin: float
    mhz: float
    transitions: Transitions = "central"

    @property
    def central(self) -> bool:
        """Whether only the central transition of several is seen."""
        return self.transitions == "central" and self.spin > 1.0 and self.spin % 1.0 == 0.5

    @property
    def seen(self) -> tuple[tuple[float, float], ...]:
        """m and weight of each transition m → m − 1; weights I(I + 1) − m(m − 1), as a short pulse excites them."""
        i = self.spin
        levels = (0.5,) if self.central else tuple(float(m) for m in np.arange(i, -i, -1.0))
        return tuple((m, i * (i + 1.0) - m * (m - 1.0)) for m in levels)


@dataclass(frozen=True, kw_only=True)
class Interactions:
    """What makes a powder pattern, as the module says; spinning_rate (Hz) at the magic angle, 0 for none."""

    csa: float = 0.0
    csa_asymmetry: float = 0.0
    cq: float = 0.0
    cq_asymmetry: float = 0.0
    spinning_rate: float = 0.0


# ---- sizes known in closed form -----------------------------------------------------------------


def second_order_shift_ppm(nucleus: Nucleus, cq: float, cq_asymmetry: float) -> float:
    """Return by how much the central transition's centre of gravity lies beside the isotropic shift, ppm.

    −(3/40) (cq/ν₀)² (I(I + 1) − 3/4)/(I² (2I − 1)²) (1 + η²/3): D. Freude & J. Haase, NMR Basic Principles and
    Progress 29, 1 (1993); the same static and spinning.
    """
    i = nucleus.spin
    if i < 1.0:
        return 0.0
    spin_part = (i * (i + 1.0) - 0.75) / (i * (2.0 * i - 1.0)) ** 2
    return -3e6 / 40.0 * (cq / (nucleus.mhz * 1e6)) ** 2 * spin_part * (1.0 + cq_asymmetry**2 / 3.0)


def csa_reach_hz(nucleus: Nucleus, csa: float) -> float:
    """Return how far from the isotropic shift the pattern of an anisotropic shift reaches, Hz."""
    return abs(csa) * nucleus.mhz


def quadrupole_reach_hz(nucleus: Nucleus, cq: float) -> float:
    """Return how far the pattern of a quadrupole coupling reaches at most, Hz, by both orders of perturbation."""
    i = nucleus.spin
    if i < 1.0:
        return 0.0
    splitting = 3.0 * abs(cq) / (2.0 * i * (2.0 * i - 1.0))
    second = splitting**2 / (nucleus.mhz * 1e6) * (i * (i + 1.0) - 0.75) / 4.0
    return second if nucleus.central else (i - 0.5) * splitting + 3.0 * second


def _half_window_hz(nucleus: Nucleus, pattern: Interactions) -> float:
    """Return half of the range that holds the pattern and its sidebands, Hz."""
    reach = csa_reach_hz(nucleus, pattern.csa) + quadrupole_reach_hz(nucleus, pattern.cq)
    rate = pattern.spinning_rate
    if rate == 0.0 or rate > NO_SIDEBANDS * reach:
        return reach
    return reach + 4.0 * rate * (1.0 + float(np.cbrt(reach / rate)))


# ---- the pattern, by mrsimulator ----------------------------------------------------------------


@contextmanager
def _unchanged_surroundings() -> Iterator[None]:
    """Undo what importing mrsimulator does to the environment and to the filters of warnings."""
    before = dict(os.environ)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            for name in set(os.environ) - set(before):
                del os.environ[name]
            os.environ.update(before)


def require_mrsimulator(where: str) -> None:
    """Raise InputError that says how to install mrsimulator, where it is not; does not import it."""
    if find_spec("mrsimulator") is None:
        raise InputError(where, f"lines of solids need the package mrsimulator; install it with: {INSTALL}")


def _mrsimulator() -> Any:
    """Return the package; its import takes seconds."""
    require_mrsimulator("shape")
    with _unchanged_surroundings():
        import mrsimulator
        import mrsimulator.method
        import mrsimulator.spin_system.isotope
    return mrsimulator


@lru_cache(maxsize=48)
def powder_pattern(nucleus: Nucleus, pattern: Interactions, step_hz: float, n: int) -> FloatArray:
    """Return the part of the intensity in each of n bins of step_hz, bin n/2 about the isotropic shift; sum 1.

    n: even. Raises InputError where mrsimulator is not installed or does not know the nucleus, and where it spins so
    slowly that it has more than 2048 sidebands.
    """
    reach = csa_reach_hz(nucleus, pattern.csa) + quadrupole_reach_hz(nucleus, pattern.cq)
    if reach == 0.0:
        return _read_only(np.where(np.arange(n) == n // 2, 1.0, 0.0))
    simulator = _simulator(nucleus, pattern, step_hz, n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        simulator.run()
    intensity = np.zeros(n)
    for method, (_, weight) in zip(simulator.methods, nucleus.seen, strict=True):
        of_one = np.asarray(method.simulation.y[0].components[0].real, dtype=np.float64)
        intensity += weight * of_one / of_one.sum()
    return _read_only(intensity / intensity.sum())


def _simulator(nucleus: Nucleus, pattern: Interactions, step_hz: float, n: int) -> Any:
    package = _mrsimulator()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        site: dict[str, Any] = {"isotope": nucleus.name, "isotropic_chemical_shift": 0.0}
        if pattern.csa != 0.0:
            site["shielding_symmetric"] = {"zeta": -pattern.csa, "eta": pattern.csa_asymmetry}
        if pattern.cq != 0.0:
            site["quadrupolar"] = {"Cq": pattern.cq, "eta": pattern.cq_asymmetry}
        dimension = {"count": n, "spectral_width": n * step_hz, "reference_offset": 0.0}
        methods = [
            package.method.Method(
                channels=[nucleus.name],
                magnetic_flux_density=nucleus.mhz / abs(_megahertz_per_tesla(nucleus.name)),
                rotor_frequency=pattern.spinning_rate,
                rotor_angle=float(np.arccos(1.0 / np.sqrt(3.0))),
                spectral_dimensions=[dimension | {"events": [_one_transition(m)]}],
            )
            for m, _ in nucleus.seen
        ]
        systems = [package.SpinSystem(sites=[package.Site(**site)])]
        simulator = package.Simulator(spin_systems=systems, methods=methods)
    simulator.config.number_of_sidebands = _sidebands(pattern.spinning_rate, n * step_hz)
    simulator.config.integration_density = ORIENTATIONS if pattern.spinning_rate == 0.0 else ORIENTATIONS // 2
    simulator.config.is_complex = False
    return simulator


def _one_transition(m: float) -> dict[str, Any]:
    """Return the event of mrsimulator that sees m → m − 1 alone, told by its change of m and of m²."""
    return {"transition_queries": [{"ch1": {"P": [-1], "D": [1.0 - 2.0 * m]}}]}


def _sidebands(rate: float, width: float) -> int:
    """Return how many sidebands mrsimulator shall calculate for a pattern of this width, Hz."""
    if rate == 0.0 or rate > width:
        return 16
    needed = int(2 ** np.ceil(np.log2(1.5 * width / rate)))
    if needed > MOST_SIDEBANDS:
        problem = f"is {rate:g} Hz, with more than {MOST_SIDEBANDS} sidebands; use 0, or spin faster."
        raise InputError("spinning_rate", problem)
    return max(16, needed)


def _megahertz_per_tesla(name: str) -> float:
    try:
        return float(_mrsimulator().spin_system.isotope.Isotope(symbol=name).gyromagnetic_ratio)
    except InputError:
        raise
    except Exception:
        raise InputError("nucleus", f"{name} is not known to mrsimulator.") from None


def _read_only(array: FloatArray) -> FloatArray:
    array.setflags(write=False)
    return array


# ---- the line -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Grid:
    """Bins of the pattern (n, of `step` Hz, n/2 at 0) and points first … last of the line, at multiples of step."""

    step: float
    n: int
    first: int
    last: int

    @property
    def offsets(self) -> FloatArray:
        """Points of the line, Hz from the isotropic shift."""
        return np.asarray(self.step * np.arange(self.first, self.last + 1))

    @property
    def differences(self) -> FloatArray:
        """Offsets of all points from all bins, Hz."""
        return np.asarray(self.step * np.arange(self.first - self.n + 1 + self.n // 2, self.last + self.n // 2 + 1))


def _grid(u: FloatArray, half_window: float, fwhm: float, rate: float) -> _Grid:
    """Return the grid of a line; spinning sidebands fall on middles of bins, so that no bin displaces them."""
    coarse = (float(np.ptp(u)) + 2.0 * half_window) / MOST_POINTS
    step = 2.0 ** np.floor(np.log2(max(fwhm / FINEST, coarse)))
    if rate > 0.0:
        step = rate / np.ceil(rate / step)
    n = 2 ** int(np.ceil(np.log2(2.0 * half_window / step + 16.0)))
    return _Grid(float(step), n, int(np.floor(u.min() / step)) - 4, int(np.ceil(u.max() / step)) + 4)


@dataclass(frozen=True)
class SolidLine:
    """The stacked curve of a line of a solid; see `solid_line`."""

    nucleus: Nucleus
    hz_per_unit: float
    names: tuple[str, ...]
    differentiated: frozenset[str]

    def __call__(self, x: FloatArray, *values: float) -> FloatArray:
        """Return the line and its derivatives over x, (1 + n_parameters, n_points)."""
        from scipy.interpolate import make_interp_spline
        from scipy.signal import fftconvolve

        by_name = {k: float(np.asarray(v).item()) for k, v in zip(self.names, values, strict=True)}
        pattern = Interactions(**{k: v for k, v in by_name.items() if k in Interactions.__dataclass_fields__})
        u = (np.asarray(x) - by_name["position"]) * self.hz_per_unit
        fwhm = by_name["fwhm"] * self.hz_per_unit
        grid = _grid(u, 1.05 * _half_window_hz(self.nucleus, pattern), fwhm, pattern.spinning_rate)
        profile = voigt(grid.differences, 0.0, max(fwhm, 4.0 * grid.step), by_name["lorentzian_part"])
        at = powder_pattern(self.nucleus, pattern, grid.step, grid.n)
        broadened = fftconvolve(profile, at[None, :], mode="valid", axes=1)
        rows = {"curve": broadened[0], "position": broadened[1], "fwhm": broadened[2], "lorentzian_part": broadened[3]}
        for name, slope in self._slopes(pattern, grid, fwhm).items():
            rows[name] = fftconvolve(profile[0], slope, mode="valid")
        smooth = make_interp_spline(grid.offsets, np.stack(list(rows.values()), axis=1), k=3)(u)
        # per Hz to per unit of x; position and fwhm are in units of x as well
        factors = {"position": self.hz_per_unit**2, "fwhm": self.hz_per_unit**2}
        curves = {k: smooth[:, j] * factors.get(k, self.hz_per_unit) for j, k in enumerate(rows)}
        nothing = np.zeros_like(u)
        return np.stack([curves.get(k, nothing) for k in ("curve", *self.names)])

    def _slopes(self, pattern: Interactions, grid: _Grid, fwhm: float) -> dict[str, FloatArray]:
        """Return derivatives of the pattern by its parameters, by central differences, where they are not 0."""
        slopes = {}
        for name, (low, high) in self._sides(pattern, max(fwhm, 4.0 * grid.step)).items():
            sides = [
                powder_pattern(self.nucleus, replace(pattern, **{name: v}), grid.step, grid.n) for v in (low, high)
            ]
            slopes[name] = (sides[1] - sides[0]) / (high - low)
        return slopes

    def _sides(self, pattern: Interactions, fwhm: float) -> dict[str, tuple[float, float]]:
        """Return name -> the two values that a difference is taken between."""
        move = STEP * fwhm
        shift = csa_reach_hz(self.nucleus, pattern.csa)
        coupling = quadrupole_reach_hz(self.nucleus, pattern.cq)
        sides = {"csa": _about(pattern.csa, move / self.nucleus.mhz)}
        if shift > 0.0:
            sides["csa_asymmetry"] = _within_one(pattern.csa_asymmetry, 2.0 * move / shift)
        if coupling > 0.0:
            steeper = 2.0 if self.nucleus.central else 1.0
            sides["cq"] = _about(pattern.cq, min(0.1, move / (steeper * coupling)) * abs(pattern.cq))
            sides["cq_asymmetry"] = _within_one(pattern.cq_asymmetry, move / coupling)
        elif self.nucleus.spin >= 1.0 and not self.nucleus.central:
            sides["cq"] = _about(0.0, move / quadrupole_reach_hz(self.nucleus, 1.0))
        return {k: v for k, v in sides.items() if k in self.differentiated}


def _about(value: float, step: float) -> tuple[float, float]:
    return value - step, value + step


def _within_one(value: float, step: float) -> tuple[float, float]:
    step = float(np.clip(step, *ASYMMETRY_STEPS))
    return max(0.0, value - step), min(1.0, value + step)


REFINABLE = ("csa", "csa_asymmetry", "cq", "cq_asymmetry")
"""parameters of a pattern that have derivatives"""


def solid_line(nucleus: Nucleus, hz_per_unit: float = 1.0, differentiated: Sequence[str] = REFINABLE) -> Form:
    """Return the form of a line of a solid over an axis of which one unit is hz_per_unit.

    differentiated: parameters of the pattern whose derivatives are wanted; those of others are given as 0 and cost no
    simulation, as does that of spinning_rate, which is known. position and fwhm are in the unit of the axis, cq and
    spinning_rate in Hz, csa in ppm of nucleus.mhz. Values are single numbers, not batches. A fwhm below 2⁻¹⁶ of the
    range of the line and of x is taken as that.
    """
    coupled = ("cq", "cq_asymmetry") if nucleus.spin >= 1.0 else ()
    names = ("position", "csa", "csa_asymmetry", *coupled, "spinning_rate", "fwhm", "lorentzian_part")
    limits = {
        "position": ANYWHERE,
        "csa": ANYWHERE,
        "csa_asymmetry": (0.0, 1.0),
        "cq": ANYWHERE,
        "cq_asymmetry": (0.0, 1.0),
        "spinning_rate": (0.0, np.inf),
        "fwhm": (0.0, np.inf),
        "lorentzian_part": (0.0, 1.0),
    }
    starts = {**dict.fromkeys((*REFINABLE, "spinning_rate"), 0.0), "lorentzian_part": 0.5}
    stacked = SolidLine(nucleus, hz_per_unit, names, frozenset(differentiated))
    return Form(
        name="solid",
        parameters=names,
        stacked=stacked,
        limits={k: limits[k] for k in names},
        starts={k: v for k, v in starts.items() if k in names},
    )
