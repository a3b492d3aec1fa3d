"""What a nucleus gives for the time spent: sensitivity per time, and how long or how concentrated for a target.

    print(nmr_sensitivity_table({"133Cs": (109.0, 2000.0), "207Pb": (1.0, 17600.0)}))

Sensitivity per time is defined as in the supporting information of M. Aebli et al., Disorder and halide distributions
in cesium lead halide nanocrystals as seen by colloidal ¹³³Cs nuclear magnetic resonance spectroscopy:
(R/R_ref)(FWHM_ref/FWHM)(T1_ref/T1), R the receptivity at natural abundance. It compares the height of the signal that
is added up in a time, not its ratio to the noise, which grows as the square root of time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

from nanocrystal.errors import InputError
from nanocrystal.tables.isotopes import SOURCE, isotope


@dataclass(frozen=True)
class NmrReferenceSignal:
    """The signal that others are compared with; by default ¹³³Cs in CsPbBr₃.

    Parameters
    ----------
    receptivity : float
        Relative to ¹H, at natural abundance.
    fwhm_hz : float
        Full width of the line, Hz.
    t1_s : float
        T1, s.
    name : str
        What tables call it.

    References
    ----------
    M. Aebli et al., Disorder and halide distributions in cesium lead halide nanocrystals as seen by colloidal ¹³³Cs
    nuclear magnetic resonance spectroscopy, supporting information, Table S3.
    """

    receptivity: float = 0.0484
    fwhm_hz: float = 2000.0
    t1_s: float = 109.0
    name: str = "133Cs in CsPbBr3"


CESIUM_IN_CSPBBR3 = NmrReferenceSignal()


@dataclass(frozen=True, kw_only=True)
class NmrSensitivity:
    """Sensitivity per time of one nucleus.

    Parameters
    ----------
    nucleus : str
        Such as "207Pb".
    receptivity : float
        Relative to ¹H, at natural or the enriched abundance.
    t1_s : float
        T1, s.
    fwhm_hz : float
        Full width of the line, Hz.
    sensitivity_per_time : float
        Over the reference.
    """

    nucleus: str
    receptivity: float
    t1_s: float
    fwhm_hz: float
    sensitivity_per_time: float


@dataclass(frozen=True)
class NmrSensitivityTable:
    """Sensitivities per time over one reference.

    Parameters
    ----------
    rows : sequence of NmrSensitivity
        One for each nucleus.
    reference : NmrReferenceSignal
        What all are compared with.
    """

    rows: Sequence[NmrSensitivity]
    reference: NmrReferenceSignal

    def __str__(self) -> str:
        lines = [f"{'nucleus':8s} {'receptivity':>12s} {'T1 (s)':>8s} {'FWHM (Hz)':>10s} {'sensitivity/time':>17s}"]
        lines += [
            f"{r.nucleus:8s} {r.receptivity:12.3g} {r.t1_s:8g} {r.fwhm_hz:10g} {r.sensitivity_per_time:17.3f}"
            for r in self.rows
        ]
        return "\n".join([*lines, f"over {self.reference.name}; receptivities at natural abundance over 1H, {SOURCE}"])

    def to_csv(self) -> str:
        """Return the rows with one header line."""
        lines = ["nucleus,receptivity,t1_s,fwhm_hz,sensitivity_per_time"]
        lines += [
            f"{r.nucleus},{r.receptivity:g},{r.t1_s:g},{r.fwhm_hz:g},{r.sensitivity_per_time:.6g}" for r in self.rows
        ]
        return "\n".join(lines) + "\n"


def nmr_sensitivity_per_time(
    receptivity: float, fwhm_hz: float, t1_s: float, reference: NmrReferenceSignal = CESIUM_IN_CSPBBR3
) -> float:
    """Return the sensitivity per time over a reference, (R/R_ref)(FWHM_ref/FWHM)(T1_ref/T1).

    It compares the height of the signal that is added up in a time, not its ratio to the noise, which grows as √time.

    Parameters
    ----------
    receptivity : float
        R, relative to ¹H.
    fwhm_hz : float
        Full width of the line, Hz.
    t1_s : float
        T1, s.
    reference : NmrReferenceSignal, optional
        What is compared with [¹³³Cs in CsPbBr₃].

    Returns
    -------
    float
        Over the reference.

    Raises
    ------
    InputError
        For numbers that are not above 0.

    References
    ----------
    M. Aebli et al., Disorder and halide distributions in cesium lead halide nanocrystals as seen by colloidal ¹³³Cs
    nuclear magnetic resonance spectroscopy, supporting information.
    """
    _positive("receptivity", receptivity, "")
    _positive("fwhm_hz", fwhm_hz, " Hz")
    _positive("t1_s", t1_s, " s")
    return (receptivity / reference.receptivity) * (reference.fwhm_hz / fwhm_hz) * (reference.t1_s / t1_s)


def nmr_sensitivity_table(
    signals: Mapping[str, tuple[float, float]],
    enrichment: Mapping[str, float] | None = None,
    reference: NmrReferenceSignal = CESIUM_IN_CSPBBR3,
) -> NmrSensitivityTable:
    """Return the sensitivities per time of several nuclei, receptivities from the table of isotopes.

    Parameters
    ----------
    signals : mapping of str to (float, float)
        Nucleus -> T1 in s and full width in Hz.
    enrichment : mapping of str to float, optional
        Nucleus -> fraction of the element that is this isotope, where it is not the natural one.
    reference : NmrReferenceSignal, optional
        What is compared with [¹³³Cs in CsPbBr₃].

    Returns
    -------
    NmrSensitivityTable
        A row for each nucleus.

    Raises
    ------
    InputError
        For unknown nuclei, fractions outside 0 to 1 and numbers that are not above 0.
    """
    fractions = enrichment or {}
    rows = []
    for name, (t1_s, fwhm_hz) in signals.items():
        entry = isotope(name)
        receptivity = entry.receptivity
        if name in fractions:
            fraction = fractions[name]
            if not 0.0 < fraction <= 1.0:
                raise InputError(f"enrichment of {name}", f"must be a fraction above 0 up to 1, got {fraction:g}.")
            receptivity *= fraction / entry.abundance
        value = nmr_sensitivity_per_time(receptivity, fwhm_hz, t1_s, reference)
        rows.append(
            NmrSensitivity(
                nucleus=entry.name, receptivity=receptivity, t1_s=t1_s, fwhm_hz=fwhm_hz, sensitivity_per_time=value
            )
        )
    return NmrSensitivityTable(tuple(rows), reference)


def signal_to_noise_after(signal_to_noise: float, time_s: float, new_time_s: float) -> float:
    """Return the signal-to-noise ratio after another time; it grows as √time.

    Parameters
    ----------
    signal_to_noise : float
        After `time_s`.
    time_s : float
        s.
    new_time_s : float
        s.

    Returns
    -------
    float
        After `new_time_s`.

    Raises
    ------
    InputError
        For numbers that are not above 0.
    """
    for name, value, unit in (
        ("signal_to_noise", signal_to_noise, ""),
        ("time_s", time_s, " s"),
        ("new_time_s", new_time_s, " s"),
    ):
        _positive(name, value, unit)
    return signal_to_noise * sqrt(new_time_s / time_s)


def time_for_signal_to_noise_s(
    target: float, signal_to_noise: float, time_s: float, *, concentration_ratio: float = 1.0
) -> float:
    """Return the time to reach a signal-to-noise ratio, time_s (target/(S/N · c))².

    Parameters
    ----------
    target : float
        The ratio to reach.
    signal_to_noise : float
        S/N after `time_s`.
    time_s : float
        s.
    concentration_ratio : float, optional
        c, the new concentration over the old.

    Returns
    -------
    float
        s.

    Raises
    ------
    InputError
        For numbers that are not above 0.
    """
    for name, value, unit in (
        ("target", target, ""),
        ("signal_to_noise", signal_to_noise, ""),
        ("time_s", time_s, " s"),
        ("concentration_ratio", concentration_ratio, ""),
    ):
        _positive(name, value, unit)
    return time_s * (target / (signal_to_noise * concentration_ratio)) ** 2


def concentration_for_signal_to_noise(
    target: float, signal_to_noise: float, concentration: float, *, time_ratio: float = 1.0
) -> float:
    """Return the concentration to reach a signal-to-noise ratio, c (target/S/N)/√(new time over the old).

    The signal is proportional to the concentration, the noise does not depend on it.

    Parameters
    ----------
    target : float
        The ratio to reach.
    signal_to_noise : float
        S/N at `concentration`.
    concentration : float
        c, in any unit.
    time_ratio : float, optional
        New time over the old.

    Returns
    -------
    float
        In the unit of `concentration`.

    Raises
    ------
    InputError
        For numbers that are not above 0.
    """
    for name, value in (
        ("target", target),
        ("signal_to_noise", signal_to_noise),
        ("concentration", concentration),
        ("time_ratio", time_ratio),
    ):
        _positive(name, value, "")
    return concentration * target / signal_to_noise / sqrt(time_ratio)


def _positive(name: str, value: float, unit: str) -> None:
    if not (isfinite(value) and value > 0.0):
        raise InputError(name, f"must be above 0{unit}, got {value:g}.")
