"""Synthetic FIDs with known lines, and data sets of Bruker, Varian and others made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ComplexArray = NDArray[np.complex128]

CARRIER, ZERO = 52.4838, 52.48000
"""MHz, of 133Cs at 9.4 T: the carrier at +72.4 ppm"""


def fid(
    n: int, width: float, lines: list[tuple[float, float, float]], *, phase: float = 0.0, begin: float = 0.0
) -> ComplexArray:
    """Return Σ A exp(2πi f t − π Γ t) for (f in Hz, Γ in Hz, A), t_n = n/width + begin, and 0 for t < 0."""
    t = np.arange(n) / width + begin
    values = sum(a * np.exp((2j * np.pi * f - np.pi * g) * t) for f, g, a in lines) * np.exp(1j * np.radians(phase))
    return np.where(t >= -1e-12, values, 0.0)


def filtered_fid(n: int, width: float, lines: list[tuple[float, float, float]], delay: float) -> ComplexArray:
    """Return an FID behind a digital filter with a delay of that many points.

    The signal is sampled 32 times as often, smoothed by a symmetric low-pass (a windowed sinc of 2 × delay points) and
    taken at every 32nd sample, so that the signal begins `delay` points behind the first.
    """
    fine = 32
    half = round(delay * fine)
    k = np.arange(-half, half + 1)
    taps = np.sinc(k / fine) * np.kaiser(len(k), 8.0)
    taps /= taps.sum()
    t = np.arange(-2 * half, n * fine) / (width * fine)
    raw = sum(a * np.exp((2j * np.pi * f - np.pi * g) * np.maximum(t, 0.0)) for f, g, a in lines)
    raw = np.where(t > 1e-12, raw, np.where(t < -1e-12, 0.0, 0.5 * raw))
    # sample m of the answer is the filter centred at t = (m - delay)/width
    centres = 2 * half + np.round((np.arange(n) - delay) * fine).astype(int)
    padded = np.pad(raw, (0, half))
    return np.array([np.dot(taps, padded[c - half : c + half + 1]) for c in centres])


def write_bruker(
    folder: Path, values: ComplexArray, width: float, *, delay: float = 0.0, delays: list[str] | None = None,
    nucleus: str = "<133Cs>", little: bool = True, doubles: bool = False, points: int | None = None, nc: int = 0,
) -> Path:  # fmt: skip
    """Write fid or ser with its acqus, as TopSpin lays them out, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = np.atleast_2d(values)
    td = 2 * rows.shape[1]
    order = "<" if little else ">"
    kind = np.dtype(f"{order}f8" if doubles else f"{order}i4")
    block = 1024 // kind.itemsize
    content = b""
    for row in rows:
        pairs = np.stack([row.real, row.imag], axis=1).ravel() / 2.0**nc
        numbers = pairs.astype(kind) if doubles else np.round(pairs).astype(kind)
        if values.ndim == 2:
            numbers = np.concatenate([numbers, np.zeros(-len(numbers) % block, kind)])
        content += numbers.tobytes()
    (folder / ("ser" if values.ndim == 2 else "fid")).write_bytes(content)
    lines = [
        "##TITLE= Parameter file", f"##$TD= {points or td}", f"##$SW_h= {width!r}", f"##$SFO1= {CARRIER}",
        f"##$BF1= {ZERO}", f"##$NUC1= {nucleus}", f"##$GRPDLY= {delay}", f"##$BYTORDA= {0 if little else 1}",
        f"##$DTYPA= {2 if doubles else 0}", f"##$NC= {nc}", "##$AQ_mod= 3", "##$TE= 298.2", "##$SOLVENT= <Tol>",
        "##$DECIM= 24", "##$DSPFVS= 20", "##$PULPROG= <ledbpgp2s>", "##$D= (0..31)", "0 1.5" + " 0" * 18 + " 0.1",
        "##$P= (0..31)", "0 10" + " 0" * 28 + " 2000", "##END=",
    ]  # fmt: skip
    (folder / "acqus").write_text("\n".join(lines), encoding="latin-1")
    if values.ndim == 2:
        (folder / "acqu2s").write_text(f"##$TD= {len(rows)}\n##$FnMODE= 1\n##END=\n", encoding="latin-1")
    (folder / "pulseprogram").write_text("1 ze\n2 d1\n  p2 ph1\n  vd\n  p1 ph2\n  go=2 ph31\n", encoding="latin-1")
    if delays is not None:
        (folder / "vdlist").write_text("\n".join(delays) + "\n", encoding="latin-1")
    return folder
