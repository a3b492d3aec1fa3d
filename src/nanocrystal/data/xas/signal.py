"""From the columns of a scan to μ(E): which column is what, in the words of the file, and the ratio of counts.

In transmission μ = −ln(itrans/i0), in fluorescence μ = Σ ifluor/i0, both in units of the sample's thickness and with a
constant that normalisation takes out; of a reference foil behind the sample μ = −ln(irefer/itrans).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.arrays import FloatArray
from nanocrystal.data.xas.scan import AbsorptionScan
from nanocrystal.errors import InputError, nearest_names

Mode = Literal["transmission", "fluorescence", "mu"]
Columns = Mapping[str, Sequence[str]]

WORDS: Mapping[str, tuple[str, ...]] = {
    "energy": ("energy", "e", "ev", "energy_ev", "mono_energy", "energy(ev)", "e(ev)"),
    "i0": ("i0", "io", "i_0", "imon", "monitor"),
    "itrans": ("itrans", "i1", "it", "itrans1", "trans", "i_t", "transmission"),
    "ifluor": ("ifluor", "if", "iff", "fluor", "fluorescence", "i_f", "fl"),
    "irefer": ("irefer", "i2", "ir", "iref", "refer", "ref", "reference"),
    "mutrans": ("mutrans", "mu", "xmu", "mu_trans", "absorption", "absorbance"),
    "mufluor": ("mufluor", "mu", "xmu", "mu_fluor"),
    "mu": ("mu", "xmu", "mutrans", "mufluor", "munorm", "norm", "normabs", "absorption", "absorbance"),
    "murefer": ("murefer", "mu_refer", "mu_ref", "muref"),
}
"""what a column may be, as XDI calls it -> the words by which it is found where a study does not say"""
LEAST_EV = 200.0
"""smaller energies are in keV"""
MOST_EV = 200_000.0
"""no edge lies so high"""
FEWEST = 20
"""points of a scan"""


@dataclass(frozen=True, kw_only=True, eq=False)
class AbsorptionSignal:
    """μ of a scan over its energies.

    Parameters
    ----------
    energy : array (n,)
        eV, ascending
    mu : array (n,)
        Of the sample
    reference : array (n,) or None
        μ of a foil behind it
    scan : AbsorptionScan
        What it was made of
    notes : tuple of str
        What was decided, one sentence each
    """

    energy: FloatArray
    mu: FloatArray
    reference: FloatArray | None
    scan: AbsorptionScan
    notes: tuple[str, ...] = ()

    def kept(self, which: NDArray[np.bool_]) -> AbsorptionSignal:
        """Return the points that are marked, which: (n,)."""
        reference = None if self.reference is None else self.reference[which]
        return replace(self, energy=self.energy[which], mu=self.mu[which], reference=reference)


def absorption_signal(
    scan: AbsorptionScan, mode: Mode, columns: Columns | None = None, where: str = "", *, with_reference: bool = False
) -> AbsorptionSignal:
    """Return μ(E) of a scan.

    Parameters
    ----------
    scan : AbsorptionScan
        As it was read
    mode : "transmission", "fluorescence" or "mu"
        What is made of its columns
    columns : mapping, optional
        energy, i0, itrans, ifluor, irefer, mutrans, mufluor, murefer or mu -> names of the file, in a list; several
        detectors of fluorescence are summed
    where : str, optional
        The address of the reduction in the user's input, for messages
    with_reference : bool, optional
        Whether μ of a foil behind the sample is asked for

    Raises
    ------
    InputError
        Where a column is missing, where two may be meant, for energies that do not ascend or are in keV, and for counts
        that have no logarithm
    """
    said = columns or {}
    found = _Columns(scan, said, f"{where}.columns")
    scan = without_blank_points(scan, found.names("energy")[0])
    found = _Columns(scan, said, f"{where}.columns")
    energy, notes = _energy(found, scan, where)
    mu, how = _mu(found, mode)
    reference = _reference(found) if with_reference else None
    signal = AbsorptionSignal(energy=energy, mu=mu, reference=reference, scan=scan, notes=(*scan.notes, *notes, *how))
    return _ascending(signal, scan, where)


# ---- which column is what ---------------------------------------------------------------------------


class _Columns:
    """The columns of a scan by what they are."""

    def __init__(self, scan: AbsorptionScan, said: Columns, where: str) -> None:
        self.scan, self.where = scan, where
        self.said = {role: self._named(role, names) for role, names in said.items()}

    def _named(self, role: str, names: Sequence[str]) -> list[str]:
        if role not in WORDS:
            raise InputError(f"{self.where}.{role}", f"is no column that is known; {nearest_names(role, WORDS)}")
        order = list(self.scan.columns)
        found = []
        for name in names:
            if name.lower() in order:
                found.append(name.lower())
            elif name in order:
                found.append(name)
            elif name.isdecimal() and 1 <= int(name) <= len(order):
                found.append(order[int(name) - 1])
            else:
                problem = f"there is no column {name!r} in {self.scan}; its columns are {self.listed()}"
                raise InputError(f"{self.where}.{role}", f"{problem}.")
        if len(found) > 1 and role != "ifluor":
            raise InputError(f"{self.where}.{role}", f"is one column, got {len(found)}: {', '.join(found)}.")
        return found

    def listed(self) -> str:
        """Return the columns of the file in words."""
        return ", ".join(self.scan.columns) if self.scan.named else f"1 to {len(self.scan.columns)}, without names"

    def has(self, role: str) -> bool:
        """Return whether a column of a role is said, or found by its words."""
        return bool(self.said.get(role)) or any(word in self.scan.columns for word in WORDS[role])

    def names(self, role: str) -> list[str]:
        """Return the columns of a role; raises InputError where there is none, and where several may be meant."""
        if role in self.said:
            return self.said[role]
        if role in self.scan.columns:
            return [role]
        taken = {name for names in self.said.values() for name in names}
        found = [word for word in WORDS[role] if word in self.scan.columns and word not in taken]
        if len(found) == 1:
            return found
        listed = self.listed()
        if not found:
            hint = '"NAME"' if self.scan.named else "its place, 1, 2, …"
            problem = f"has no column of {role}; its columns are {listed}"
            raise self.scan.error(self.where, f"{problem}: say columns = {{ {role} = {hint} }}.")
        advice = " or ".join(f'{role} = "{name}"' for name in found)
        raise self.scan.error(self.where, f"has {len(found)} columns that may be {role}: say columns with {advice}.")

    def values(self, role: str) -> FloatArray:
        """Return the column of a role, detectors of fluorescence summed, (n,)."""
        return np.asarray(sum(self.scan.columns[name] for name in self.names(role)))


# ---- energies ---------------------------------------------------------------------------------------


def without_blank_points(scan: AbsorptionScan, name: str) -> AbsorptionScan:
    """Return a scan without points of energy 0, which programs leave behind; name: of the column of energies."""
    kept = scan.columns[name] != 0.0
    blank = int((~kept).sum())
    if not blank or not kept.any():
        return scan
    note = f"{scan}: {blank} point{'s' if blank > 1 else ''} of energy 0 {'are' if blank > 1 else 'is'} left out."
    rows = tuple(row for row, taken in zip(scan.rows, kept.tolist(), strict=True) if taken) if scan.rows else ()
    columns = {key: values[kept] for key, values in scan.columns.items()}
    return replace(scan, columns=columns, rows=rows, notes=(*scan.notes, note))


def _energy(found: _Columns, scan: AbsorptionScan, where: str) -> tuple[FloatArray, list[str]]:
    """Return energies in eV with the shift of the file, (n,), and notes."""
    name = found.names("energy")[0]
    energy, unit = scan.columns[name], scan.units.get(name, "ev")
    notes = []
    if unit.startswith("kev"):
        energy = 1000.0 * energy
        notes.append(f"{scan}: the energies stand in keV by the file, and are taken in eV.")
    elif not unit.startswith("ev"):
        raise scan.error(where, f"has its column {name} in {unit}; energies in eV are needed.")
    elif len(energy) and 0.0 < float(np.max(energy)) < LEAST_EV:
        problem = f"has energies from {np.min(energy):g} to {np.max(energy):g}, which look like keV"
        raise scan.error(where, f"{problem}: write them in eV, or state the unit as XDI does, # Column.1: energy keV.")
    strange = np.flatnonzero(~((energy > 0.0) & (energy < MOST_EV)))
    if len(strange):
        at = int(strange[0])
        problem = f"has {energy[at]:g} eV as an energy ({scan.place(at)}); energies lie between 0 and {MOST_EV:g} eV"
        raise scan.error(where, f"{problem}: is {name} the right column?")
    if scan.shift:
        energy = energy + scan.shift
        notes.append(f"{scan}: its energies are shifted by {scan.shift:g} eV, as the file says.")
    return np.asarray(energy), notes


def _ascending(signal: AbsorptionSignal, scan: AbsorptionScan, where: str) -> AbsorptionSignal:
    """Return a signal with one point at each energy; raises InputError for energies that go down, and too few."""
    energy = signal.energy
    if len(energy) < FEWEST:
        raise scan.error(where, f"has {len(energy)} points; at least {FEWEST} are needed.")
    down = np.flatnonzero(np.diff(energy) < 0.0)
    if len(down):
        first = int(down[0]) + 1
        problem = f"has energies that do not ascend: {energy[first - 1]:.10g} eV is followed by {energy[first]:.10g}"
        raise scan.error(where, f"{problem} ({scan.place(first)}); sort the file, or name each of its scans alone.")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(energy) > 0.0]))
    if len(starts) == len(energy):
        return signal
    counts = np.diff(np.concatenate([starts, [len(energy)]]))
    note = f"{scan}: {len(energy) - len(starts)} energies stand twice; the mean of what was measured there is taken."
    reference = signal.reference
    return replace(
        signal,
        energy=energy[starts],
        mu=np.add.reduceat(signal.mu, starts) / counts,
        reference=None if reference is None else np.add.reduceat(reference, starts) / counts,
        notes=(*signal.notes, note),
    )


# ---- absorption -------------------------------------------------------------------------------------


def _mu(found: _Columns, mode: Mode) -> tuple[FloatArray, list[str]]:
    """Return μ of the sample, (n,), and notes."""
    if mode == "mu":
        return _finite(found, found.values("mu"), "mu"), []
    counted, stored = {"transmission": ("itrans", "mutrans"), "fluorescence": ("ifluor", "mufluor")}[mode]
    if counted not in found.said and not found.has(counted) and found.has(stored):
        return _finite(found, found.values(stored), stored), []
    counts = found.values(counted)
    if not found.has("i0"):
        problem = f"has {counted} but no column of i0, which {mode} is divided by; its columns are {found.listed()}"
        advice = 'say columns = { i0 = "NAME" }, or mode = "mu" for what is divided already'
        raise found.scan.error(found.where, f"{problem}: {advice}.")
    if mode == "transmission":
        return _logarithm(found, "i0", "itrans"), []
    with np.errstate(all="ignore"):
        return _finite(found, counts / found.values("i0"), "ifluor/i0"), []


def _reference(found: _Columns) -> FloatArray:
    """Return μ of the reference foil, (n,)."""
    if "irefer" not in found.said and found.has("murefer"):
        return _finite(found, found.values("murefer"), "murefer")
    return _logarithm(found, "itrans", "irefer")


def _logarithm(found: _Columns, before: str, behind: str) -> FloatArray:
    """Return ln(before/behind), (n,); raises InputError where that is no number."""
    with np.errstate(all="ignore"):
        values = np.log(found.values(before) / found.values(behind))
    return _finite(found, values, f"ln({before}/{behind})")


def _finite(found: _Columns, values: FloatArray, what: str) -> FloatArray:
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        at = found.scan.place(int(bad[0]))
        problem = f"{what} is no number at {len(bad)} of {len(values)} points, first at {at}"
        raise found.scan.error(found.where, f"{problem}; are these the right columns ({found.listed()})?")
    return values
