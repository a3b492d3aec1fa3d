"""Numbers and texts at places of a binary file, none beyond its end."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from nanocrystal.data.curve import FloatArray
from nanocrystal.data.formats import RawFile
from nanocrystal.text import in_any_case


@dataclass(frozen=True)
class Binary:
    """A part of a file that begins at a byte; numbers are little-endian, places counted from there."""

    file: RawFile
    start: int

    def short(self, at: int) -> int:
        return int(self._number("<H", at))

    def integer(self, at: int) -> int:
        return int(self._number("<I", at))

    def single(self, at: int) -> float:
        return float(self._number("<f", at))

    def double(self, at: int) -> float:
        return float(self._number("<d", at))

    def text(self, at: int, length: int) -> str:
        """Return a text that ends at its first zero, what cannot be printed left out."""
        content = self.file.content[self.start + at : self.start + at + length].split(b"\0")[0]
        return "".join(c for c in in_any_case(content) if c.isprintable()).strip()

    def singles(self, at: int, n: int, width: int) -> FloatArray:
        """Return n 4-byte floats, each `width` bytes behind the one before; raises InputError where they do not fit."""
        begin, end = self.start + at, self.start + at + n * width
        if not 0 <= begin <= end <= len(self.file.content):
            raise self.file.error(
                f"announces {n} points of {width} bytes, which reach beyond its end; it was cut off or is damaged."
            )
        raw = np.frombuffer(self.file.content, dtype=np.uint8, count=n * width, offset=begin).reshape(n, width)
        return np.ascontiguousarray(raw[:, :4]).view("<f4")[:, 0].astype(np.float64)

    def _number(self, kind: str, at: int) -> float:
        place = self.start + at
        if not 0 <= place <= len(self.file.content) - struct.calcsize(kind):
            raise self.file.error(f"ends at byte {len(self.file.content)}, in a header; it was cut off or is damaged.")
        return float(struct.unpack_from(kind, self.file.content, place)[0])


def is_beta(used: float, beta: float) -> bool:
    """Say whether the wavelength of a range is that of Kβ."""
    return beta > 0.0 and abs(used - beta) < 1e-4 * beta


def line_of(value: float | None) -> float | None:
    """Return a wavelength or a ratio as it was meant, where it is one: single precision is 7 digits."""
    return float(f"{value:.6g}") if value is not None and 0.0 < value < 100.0 else None
