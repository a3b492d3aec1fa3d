"""Files packed by gzip: unpacked in memory, up to a bound."""

from __future__ import annotations

import zlib

from nanocrystal.errors import InputError

GZIP = b"\x1f\x8b"
LARGEST = 500_000_000
"""bytes of an unpacked file"""


def unpacked(content: bytes, address: str) -> bytes:
    """Return what a file holds that gzip packed, the same bytes for any other file; raises InputError.

    Members that follow each other are one file, as gzip has it; what follows the last is left aside.
    """
    if not content.startswith(GZIP):
        return content
    parts: list[bytes] = []
    size, rest = 0, content
    while rest.startswith(GZIP):
        member = zlib.decompressobj(wbits=31)
        try:
            part = member.decompress(rest, LARGEST - size + 1)
        except zlib.error as error:
            raise InputError(address, f"cannot be unpacked: {error}.") from None
        size += len(part)
        if size > LARGEST:
            raise InputError(address, f"holds more than {LARGEST // 1_000_000} MB unpacked; is it the right file?")
        if not member.eof:
            raise InputError(address, "cannot be unpacked: it is cut off.")
        parts.append(part)
        rest = member.unused_data
    return b"".join(parts)
