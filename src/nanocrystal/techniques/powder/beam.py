"""The beam of a powder pattern: its wavelengths, from a tube, an energy or themselves, which may vary; see `powder`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from nanocrystal.data import resolved_path
from nanocrystal.data.powder.instrument import read_instrument
from nanocrystal.data.stated import Stated
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import Here, Values, as_parameter
from nanocrystal.sample import Sample
from nanocrystal.tables.beam import EV_ANGSTROM, beam_wavelength
from nanocrystal.tables.xray_tubes import K_ALPHA
from nanocrystal.techniques.powder.instrument import INSTRUMENT, Line

if TYPE_CHECKING:
    from nanocrystal.techniques.powder.technique import Powder

SHORTEST, LONGEST = 0.08, 25.0
"""Å; X-rays of 155 keV and of 500 eV"""
BEAM_KEYS = ("tube", "wavelength", "energy")
"""keys of which one states the beam"""


@dataclass(frozen=True)
class Beam:
    """What all phases share: the settings and address of the data set, and wavelengths, one or two (Å)."""

    settings: Powder
    where: str
    wavelengths: tuple[float, ...]

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """The addresses on which it depends."""
        keys = ("wavelength", *INSTRUMENT) if self.settings.wavelength is not None else INSTRUMENT
        return tuple(f"{self.where}.{k}" for k in keys)

    def at(self, values: Values) -> BeamNow:
        """Return the beam and the instrument as of now."""
        return BeamNow(self, values.under(self.where))


@dataclass(frozen=True, eq=False)
class BeamNow:
    """Beam and instrument as of now."""

    beam: Beam
    here: Here

    @cached_property
    def instrument(self) -> dict[str, float]:
        """The values of the instrument by name."""
        return {k: self.here[k] for k in INSTRUMENT}

    @property
    def wavelength(self) -> float:
        """That of the first line, Å, which may vary."""
        return self.here.get("wavelength", self.beam.wavelengths[0])

    @cached_property
    def lines(self) -> list[Line]:
        """The spectral lines; the second one is moved with the first."""
        first, ratio = self.wavelength, self.here["kalpha2_ratio"]
        if len(self.beam.wavelengths) == 1:
            return [Line(first, 1.0)]
        second = first * self.beam.wavelengths[1] / self.beam.wavelengths[0]
        return [Line(first, 1.0 / (1.0 + ratio)), Line(second, ratio / (1.0 + ratio))]


def wavelengths_of(settings: Powder, where: str) -> tuple[float, ...]:
    """Return one wavelength, or those of a doublet, Å."""
    if settings.tube is not None:
        for key in ("wavelength", "wavelength_2", "energy"):
            if getattr(settings, key) is not None:
                raise InputError(f"{where}.{key}", f'stands beside tube = "{settings.tube}"; give one of the two.')
        if settings.tube not in K_ALPHA:
            raise InputError(
                f"{where}.tube", f"there is no tube {settings.tube!r}; {nearest_names(settings.tube, K_ALPHA)}"
            )
        first, second = K_ALPHA[settings.tube]
        return (first, second)
    first = _first_wavelength(settings, where)
    if settings.wavelength_2 is None:
        if settings.kalpha2_ratio is not None:
            raise InputError(f"{where}.kalpha2_ratio", "needs a second line: give tube or wavelength_2.")
        return (first,)
    if not abs(settings.wavelength_2 / first - 1.0) < 0.02:
        raise InputError(
            f"{where}.wavelength_2",
            f"is in Å and the other line of a doublet, within 2 % of {first:g}; got {settings.wavelength_2:g}.",
        )
    return (first, settings.wavelength_2)


def with_stated_beam(settings: Powder, stated: Stated) -> tuple[Powder, tuple[str, ...]]:
    """Return settings that state no beam with that of their file, and a note; as they are where that states none."""
    place = stated.place("anode" if stated.anode in K_ALPHA else "wavelength")
    if stated.anode in K_ALPHA and (stated.wavelength is None or stated.second_wavelength is not None):
        return replace(settings, tube=stated.anode), (f'tube = "{stated.anode}" is that of the file ({place})',)
    if stated.wavelength is None or not SHORTEST <= stated.wavelength <= LONGEST:
        return settings, ()
    energy, second = EV_ANGSTROM / stated.wavelength, stated.second_wavelength or settings.wavelength_2
    note = f"the wavelength {stated.wavelength:.7g} Å is that of the file ({place})"
    return replace(settings, energy=energy, wavelength_2=second), (note,)


def with_instrument(settings: Powder, where: str, folder: Path) -> tuple[Powder, str]:
    """Return settings that state the wavelengths of their file of instrument parameters, and what else that says.

    Raises InputError where the beam is stated beside it, and for a file that is not of X-rays of one wavelength.
    """
    for key in ("tube", "wavelength", "wavelength_2", "energy"):
        if getattr(settings, key) is not None:
            raise InputError(f"{where}.{key}", "stands beside instrument; give one of the two.")
    at = f"{where}.instrument"
    path = resolved_path(str(settings.instrument), folder, at)
    instrument = read_instrument(path, at)
    if instrument.radiation != "x-ray":
        raise InputError(at, f"{path.name} is of {instrument.radiation}s; powder is calculated for X-rays.")
    first, *rest = instrument.wavelengths
    if not SHORTEST <= first <= LONGEST:
        raise InputError(at, f"{path.name} states {first:g} Å; it must be between {SHORTEST:g} and {LONGEST:g} Å.")
    second = rest[0] if rest else None
    stated = replace(settings, instrument=None, energy=EV_ANGSTROM / first, wavelength_2=second)
    return stated, instrument.said(path.name)


def _first_wavelength(settings: Powder, where: str) -> float:
    """Return the wavelength of the first line at the start, Å."""
    if settings.wavelength is None and settings.energy is None:
        raise InputError(f"{where}.wavelength", 'is missing: give tube = "Cu", a wavelength (Å) or an energy (eV).')
    start = None if settings.wavelength is None else as_parameter(settings.wavelength).value
    if settings.wavelength is not None and start is None:
        raise InputError(f"{where}.wavelength", "must have a value to start from, in Å; it cannot be tied.")
    wavelength = beam_wavelength(start, settings.energy, where, (SHORTEST, LONGEST))
    assert wavelength is not None
    return wavelength


def check_ruler(settings: Powder, sample: Sample, where: str) -> None:
    """Raise InputError where the wavelength and all cells vary: angles say only how they relate."""
    if settings.wavelength is None or not as_parameter(settings.wavelength).vary:
        return
    for crystal in {str(p.crystal_name): sample.crystal_of(n) for n, p in sample.populations.items()}.values():
        assert crystal is not None
        lengths = [p for k, (_, p) in crystal.declared().items() if k in ("a", "b", "c")]
        if not all(p.vary or p.tie is not None for p in lengths):
            return
    raise InputError(
        f"{where}.wavelength",
        "varies together with the cells of all phases, but angles say only how they relate: fix the wavelength, or "
        "the cell of a phase that is known, such as a standard.",
    )
