"""Path files of FEFF 6, 8 and 10 (feffNNNN.dat): what a photoelectron meets on one path, over its wave vector.

Layout
    a head with the absorber and the potentials ("Abs Z=29 … K shell"); a row that ends in "nleg, deg, reff, …" with
    the legs of the path, its degeneracy and half its length (Å); a row of words "x y z pot at#" above one row for each
    atom, the absorber first: place (Å), potential, atomic number, symbol; a row of words "k real[2*phc] mag[feff]
    phase[feff] red factor lambda real[p]" above the table. That is how the manual of FEFF describes it
    (https://feff.phys.washington.edu, "feffNNNN.dat"): F = mag·(red factor), δ = real[2*phc] + phase[feff].
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.data.lines import quoted, text_lines
from nanocrystal.errors import InputError
from nanocrystal.text import decoded, file_bytes

COLUMNS = ("k", "real[2*phc]", "mag[feff]", "phase[feff]", "red factor", "lambda", "real[p]")
FEWEST_ROWS = 4
_ABSORBER = re.compile(r"^\s*Abs\s+Z=\s*(\d+)", re.IGNORECASE)
_SHELL = re.compile(r"\b([KLM]\d?)\s+shell", re.IGNORECASE)
_PATH = re.compile(r"nleg.*reff", re.IGNORECASE)
_TABLE = re.compile(r"^\s*k\s+real\[2\*phc\]", re.IGNORECASE)
_ATOMS = re.compile(r"^\s*x\s+y\s+z\s+pot\s+at#", re.IGNORECASE)


@dataclass(frozen=True)
class FeffAtom:
    """An atom of a path: its place in Å, (3,), and its atomic number."""

    place: tuple[float, float, float]
    number: int


@dataclass(frozen=True)
class FeffPath:
    """One path, as FEFF describes it; arrays (n_k,) over k in Å⁻¹, ascending.

    source: file, with its SHA-256; absorber: its atomic number; shell: "K", "L3", … as the file says it, "" where it
    does not; atoms: those that scatter, in turn; n_legs, degeneracy, reff (Å): of the path; amplitude: F in Å, with the
    losses of the central atom; phase: δ, without jumps of 2π; mean_free: λ in Å; real_p: p′ in Å⁻¹.
    """

    source: str
    sha256: str
    absorber: int
    shell: str
    atoms: tuple[FeffAtom, ...]
    n_legs: int
    degeneracy: float
    reff: float
    k: FloatArray
    amplitude: FloatArray
    phase: FloatArray
    mean_free: FloatArray
    real_p: FloatArray


def read_feff(path: Path, where: str) -> FeffPath:
    """Return the path that a file of FEFF describes; raises InputError for what is none, at the place that names it."""
    content = file_bytes(path, where)
    lines = text_lines(decoded(content, f"{where}: {path}"))
    of_path = _first(lines, _PATH)
    of_table = _first(lines, _TABLE)
    of_atoms = _first(lines, _ATOMS)
    if of_path is None or of_table is None or of_atoms is None or not of_path < of_atoms < of_table:
        raise InputError(
            where,
            f"{path.name} is no path file of FEFF: a row with nleg, deg, reff, the atoms and a table with "
            f"{COLUMNS[1]} are needed; give a feffNNNN.dat as FEFF 6, 8 or 10 writes it.",
        )
    legs, degeneracy, reff = _numbers(lines, of_path, 3, path, where)
    if not reff > 0.0:
        raise InputError(where, f"{path.name} has reff = {reff:g}; half the length of a path is above 0 Å.")
    absorber, *atoms = _atoms(lines, of_atoms + 1, of_table, path, where)
    stated = next((int(m[1]) for m in map(_ABSORBER.match, lines[:of_path]) if m), absorber.number)
    if stated != absorber.number:
        raise InputError(
            where,
            f"{path.name} has an absorber of Z = {stated} in its head but of Z = {absorber.number} among its atoms; "
            "let FEFF write it again.",
        )
    shell = next((m[1].upper() for m in map(_SHELL.search, lines[:of_path]) if m), "")
    table = _table(lines, of_table + 1, path, where)
    k, central, magnitude, phase, reduction, free, real = table.T
    return FeffPath(
        source=str(path),
        sha256=sha256(content).hexdigest(),
        absorber=absorber.number,
        shell=shell,
        atoms=tuple(atoms),
        n_legs=int(legs),
        degeneracy=degeneracy,
        reff=reff,
        k=k.copy(),
        amplitude=magnitude * reduction,
        phase=np.unwrap(central + phase),
        mean_free=free.copy(),
        real_p=real.copy(),
    )


def _first(lines: Sequence[str], pattern: re.Pattern[str]) -> int | None:
    """Return which line matches first."""
    return next((n for n, line in enumerate(lines) if pattern.search(line)), None)


def _numbers(lines: Sequence[str], at: int, count: int, path: Path, where: str) -> list[float]:
    """Return the numbers with which a line begins; raises InputError where it has fewer."""
    try:
        values = [float(token) for token in lines[at].split()[:count]]
    except ValueError:
        values = []
    if len(values) < count or not np.isfinite(values).all():
        raise InputError(
            where,
            f"{path.name}, line {at + 1}: {quoted(lines[at])} should begin with {count} numbers; let FEFF write the "
            "file again.",
        )
    return values


def _atoms(lines: Sequence[str], start: int, stop: int, path: Path, where: str) -> list[FeffAtom]:
    """Return the atoms of a path, the absorber first; raises InputError where fewer than two are there."""
    atoms = []
    for at in range(start, stop):
        if lines[at].strip():
            x, y, z, _, number = _numbers(lines, at, 5, path, where)
            atoms.append(FeffAtom((x, y, z), int(number)))
    if len(atoms) < 2:
        raise InputError(where, f"{path.name} names {len(atoms)} atoms; a path has an absorber and who scatters.")
    return atoms


def _table(lines: Sequence[str], start: int, path: Path, where: str) -> FloatArray:
    """Return the table (n_k, 7); raises InputError for one that cannot be interpolated."""
    numbers = [at for at in range(start, len(lines)) if lines[at].strip()]
    rows = np.array([_numbers(lines, at, len(COLUMNS), path, where) for at in numbers])
    if len(rows) < FEWEST_ROWS:
        raise InputError(where, f"{path.name} has {len(rows)} rows of its table; at least {FEWEST_ROWS} are needed.")
    back = np.flatnonzero(np.diff(rows[:, 0]) <= 0.0)
    if len(back):
        at = numbers[int(back[0]) + 1]
        raise InputError(where, f"{path.name}, line {at + 1}: k must ascend, but {quoted(lines[at])} goes back.")
    if not (rows[:, 5] > 0.0).all():
        at = numbers[int(np.flatnonzero(rows[:, 5] <= 0.0)[0])]
        raise InputError(where, f"{path.name}, line {at + 1}: lambda, the mean free path, must be above 0 Å.")
    return rows
