"""Powder data of GSAS: banks of counts over 2θ in centidegrees, in packed columns or in free ones.

A. C. Larson & R. B. Von Dreele, General Structure Analysis System, LAUR 86-748, and the importer `fxye` of GSAS-II: a
line BANK with number, points, records, binning (CONST: first 2θ and step), and the type of the data. STD, also where no
type is named: 10(I2, F6.0), detectors and their mean count; ESD: 5(F8.0, F8.0), intensity and σ; ALT: 4(F8.0, F7.4,
F5.4), 32 times 2θ, intensity and σ; FXYE and FXY: free columns. Times of flight and energies are refused.
Comments as of 11-BM say wavelength, temperature and sample.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from nanocrystal.data.curve import Curve, FloatArray
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.lines import number, quoted, text_lines
from nanocrystal.data.markup import positive
from nanocrystal.data.powder.gsas_rows import column_rows, free_rows
from nanocrystal.data.powder.instrument import beside
from nanocrystal.data.powder.scan import even_angles
from nanocrystal.data.stated import Stated
from nanocrystal.text import in_any_case

CENTIDEGREES = 100.0
ALT_UNITS = 3200.0
"""of a degree, in the type ALT"""
RECORD = 80
"""characters of a line; some files have no ends of lines"""
TYPES = ("STD", "ESD", "ALT", "FXYE", "FXY")
STEADY = ("CONST", "CONS")
"""binnings of constant steps"""
FLIGHT = ("SLOG", "RALF", "TIME_MAP", "LOG6", "LPSD", "CONQ", "COND")
EXPORT = "; only 2θ at one wavelength is read: export such data as .xye."
_BANK = re.compile(rb"(^|[\r\n])\s?BANK\s+\d+\s+\d+", re.IGNORECASE)
_NATURAL = re.compile(r"[0-9]{1,9}")
_WAVELENGTH = re.compile(r"wavelength[^=:\d]*[=:]\s*([\d.]+)", re.IGNORECASE)
_TEMPERATURE = re.compile(r"^temp\w*\s*\(K\)\s*[=:]\s*([\d.]+)", re.IGNORECASE)


@dataclass(frozen=True)
class _Bank:
    """One bank. line: where its BANK stands, from 1; words: of that line, in capitals; rows: the lines below it."""

    line: int
    words: list[str]
    rows: list[str]
    comments: list[str]

    @property
    def type(self) -> str:
        """One of `TYPES`, or another word in its place."""
        return self.words[-1] if self.words[-1].isalpha() and len(self.words) > 5 else "STD"

    @property
    def binning(self) -> str:
        return self.words[4] if len(self.words) > 4 else ""


def gsas_curve(file: RawFile) -> Curve:
    """Return the curve of one bank; raises InputError for what is no powder data over 2θ, in one sentence."""
    banks, title = _banks(file)
    if all(b.binning in FLIGHT for b in banks):
        raise file.error(f"holds times of flight (binning {banks[0].binning}){EXPORT}", banks[0].line)
    bank = banks[file.chosen([f"bank {b.words[1]}" for b in banks], "banks")]
    if bank.binning in FLIGHT:
        raise file.error(f"holds times of flight (binning {bank.binning}){EXPORT}", bank.line)
    if bank.type not in TYPES:
        raise file.error(f"is of the type {bank.type}; of GSAS {', '.join(TYPES)} are read: export FXYE.", bank.line)
    if bank.binning == "EDS":
        raise file.error(f"holds energies of an energy-dispersive detector{EXPORT}", bank.line)
    if bank.type in ("STD", "ESD") and bank.binning not in STEADY:
        raise file.error(f"has the binning {bank.binning or 'of no name'}; only CONST is read.", bank.line)
    x, y, sigma, notes = _points(file, bank)
    if not np.isfinite([x, y, y if sigma is None else sigma]).all() or not np.all(np.diff(x) > 0.0):
        raise file.error("holds 2θ that do not ascend, or missing values.", bank.line)
    if x[-1] > 180.0:
        raise file.error(f"holds abscissae to {x[-1] * CENTIDEGREES:g}, which are no 2θ in centidegrees{EXPORT}")
    if sigma is not None:
        kept = sigma > 0.0
        if kept.sum() < 3:
            raise file.error("holds hardly any point with a σ above 0.", bank.line)
        left_out = int((~kept).sum())
        notes += [f"{left_out} of {len(x)} points have σ = 0 and were left out"] if left_out else []
        x, y, sigma = x[kept], y[kept], sigma[kept]
    stated, more = _stated(file, title, bank.comments)
    notes = ["2θ was read in centidegrees, as GSAS writes it", *notes, *more]
    return file.curve(x, y, sigma, axes=("two_theta", "intensity"), stated=stated, notes=notes)


def _banks(file: RawFile) -> tuple[list[_Bank], str]:
    """Return the banks of a file and its title."""
    text = "".join(c if c.isprintable() or c in "\r\n\t" else " " for c in in_any_case(file.content))
    lines = text_lines(text)
    if len(lines) == 1 and len(text) > 3 * RECORD:
        lines = [text[i : i + RECORD] for i in range(0, len(text), RECORD)]
    starts = [i for i, line in enumerate(lines) if line.lstrip().upper().startswith("BANK")]
    if not starts:
        raise file.error("is no powder data of GSAS: no line begins with BANK.")
    banks, comments = [], [line.lstrip("# ") for line in lines[1 : starts[0]] if line.startswith(("#", "Inst", "INST"))]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        words = lines[start].upper().split()
        if len(words) < 3 or not all(_NATURAL.fullmatch(w) for w in words[1:3]):
            raise file.error(f"{quoted(lines[start])} names no bank with its number of points.", start + 1)
        said = [line.lstrip("# ") for line in lines[start:end] if line.startswith("#")]
        banks.append(_Bank(start + 1, words, lines[start + 1 : end], [*comments, *said]))
    return banks, "" if starts[0] == 0 else lines[0].strip("# ")


def _points(file: RawFile, bank: _Bank) -> tuple[FloatArray, FloatArray, FloatArray | None, list[str]]:
    """Return 2θ (°), intensities, their σ where they are no plain counts, and notes."""
    n = int(bank.words[2])
    if bank.type in ("FXYE", "FXY"):
        rows = free_rows(file, bank.rows, bank.line, 3 if bank.type == "FXYE" else 2)
        notes = [] if len(rows) == n else [f"the bank holds {len(rows)} points, {n} are announced"]
        return rows[:, 0] / CENTIDEGREES, rows[:, 1], rows[:, 2] if bank.type == "FXYE" else None, notes
    widths = {"STD": (2, 6), "ESD": (8, 8), "ALT": (8, 7, 5)}[bank.type]
    values, notes = column_rows(file, bank.rows, bank.line, widths, n)
    if bank.type == "ALT":
        return values[:, 0] / ALT_UNITS, values[:, 1], values[:, 2], notes
    start, step = (number(w) for w in (bank.words[5:7] if len(bank.words) > 6 else ("", "")))
    if start is None or step is None or not np.isfinite([start, step]).all() or step <= 0.0:
        raise file.error("must name the first 2θ and the step behind CONST, in centidegrees.", bank.line)
    x = even_angles(start / CENTIDEGREES, step / CENTIDEGREES, len(values))
    if bank.type == "ESD":
        return x, values[:, 0], values[:, 1], notes
    detectors = np.maximum(values[:, 0], 1.0)
    if (detectors == 1.0).all():
        return x, values[:, 1], None, notes
    notes.append(f"intensities are means of up to {detectors.max():g} detectors; σ is that of their counts")
    return x, values[:, 1], np.sqrt(np.maximum(values[:, 1] * detectors, 1.0)) / detectors, notes


def _stated(file: RawFile, title: str, comments: list[str]) -> tuple[Stated, list[str]]:
    """Return what title and comments state, and the instrument file that stands beside."""
    wavelength = next((positive(m[1]) for line in (*comments, title) if (m := _WAVELENGTH.search(line))), None)
    temperature = next((positive(m[1]) for line in comments if (m := _TEMPERATURE.match(line))), None)
    pairs = {k.strip().lower(): v.strip() for k, _, v in (c.partition("=") for c in comments) if v.strip()}
    named = next((c.partition(":")[2].strip() for c in comments if c.lower().startswith("inst") and ":" in c), "")
    sample = pairs.get("user sample name") or pairs.get("sample comment") or title
    stated = Stated(
        wavelength=wavelength, temperature=temperature, composition=pairs.get("composition", ""), sample=sample
    )
    instrument, notes = beside(file.path, named)
    if instrument is None:
        return stated, []
    if wavelength is None:
        stated = replace(
            stated,
            wavelength=instrument.wavelengths[0],
            second_wavelength=instrument.wavelengths[1] if len(instrument.wavelengths) > 1 else None,
            ratio=instrument.ratio,
        )
    return replace(stated, radiation=instrument.radiation), notes


GSAS = Format(
    "powder data of GSAS",
    (".fxye", ".gsas", ".gsa", ".gss", ".gda", ".xra"),
    gsas_curve,
    knows=lambda content: _BANK.search(content) is not None,
)
