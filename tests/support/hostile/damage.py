"""Ways to damage the bytes of a file: as transfers, editors, other programs and ill will do."""

from __future__ import annotations

import io
import random
import re
import warnings
import zipfile
from collections.abc import Callable, Sequence

TOKENS: tuple[bytes, ...] = (
    b"", b"nan", b"inf", b"-inf", b"1e999", b"-1", b"0", b"-0.0", b"1", b"2", b"999999999999", b"x", b"\0", b"9" * 25,
    b"9" * 5000, b"1e-320", b"1e308", b"-1e308", b"1_000", "١٢".encode(), "½".encode(), "−5".encode(), b"1,5", b"0x10",
    b"1e5", b"0.5", b"<>", b"(0..3)", b"true", b"None", b"?", b".", b"---", b"'", b'"', b"#", b";", b"=", b"\xff",
    b"1d3", b"1.2.3", b"%d", b"../x", b"\x1b[2J", "\u202e".encode(),
)  # fmt: skip
"""what stands in the place of a word of a text"""
FLOATS = (b"\0" * 8, b"\xff" * 8, b"\x7f\xf0" + b"\0" * 6, b"\0" * 6 + b"\xf0\x7f", b"\x7f\xef" + b"\xff" * 6)
INTEGERS = (
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\0",
    b"\0\0\0\1",
    b"\1\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x80\0\0\0",
)
LONG = 100_000
_WORD = re.compile(rb"[^\s,;=<>\[\]{}\"']+")
Damage = Callable[[bytes, random.Random], bytes]


def place(content: bytes, rng: random.Random) -> int:
    """Return a place in a file; its beginning, where headers stand, is hit as often as all the rest."""
    within = min(len(content), 2000) if rng.random() < 0.5 else len(content)
    return rng.randrange(within) if within else 0


def flipped(content: bytes, rng: random.Random) -> bytes:
    at = place(content, rng)
    return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :] if content else content


def replaced(content: bytes, rng: random.Random) -> bytes:
    at = place(content, rng)
    return content[:at] + rng.randbytes(rng.choice((1, 1, 2, 4, 8))) + content[at + 1 :]


def without_part(content: bytes, rng: random.Random) -> bytes:
    at = place(content, rng)
    return content[:at] + content[at + rng.choice((1, 1, 2, 4, 7, 60, 1000)) :]


def inserted(content: bytes, rng: random.Random) -> bytes:
    at = place(content, rng)
    return content[:at] + rng.choice((*TOKENS, rng.randbytes(rng.randrange(1, 9)))) + content[at:]


def cut_off(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.choice((0, 1, 3, place(content, rng), place(content, rng), max(0, len(content) - 1)))]


def without_beginning(content: bytes, rng: random.Random) -> bytes:
    return content[place(content, rng) :]


def twice(content: bytes, rng: random.Random) -> bytes:
    at = place(content, rng)
    part = content[at : at + rng.choice((1, 8, 80, 800, len(content)))]
    return content[:at] + part * rng.choice((2, 2, 3, 20)) + content[at + len(part) :]


def number(content: bytes, rng: random.Random) -> bytes:
    """Put a number at the limit of its kind where some bytes are."""
    at, put = place(content, rng) // 4 * 4, rng.choice((*FLOATS, *INTEGERS))
    return content[:at] + put + content[at + len(put) :]


def lines(content: bytes, rng: random.Random) -> bytes:
    """Swap, repeat, empty, join or drop lines."""
    rows = content.split(b"\n")
    a, b = rng.randrange(len(rows)), rng.randrange(len(rows))
    way = rng.randrange(5)
    if way == 0:
        rows[a], rows[b] = rows[b], rows[a]
    elif way == 1:
        rows.insert(b, rows[a])
    elif way == 2:
        rows[a] = b""
    elif way == 3:
        rows[a : a + 2] = [b"".join(rows[a : a + 2])]
    else:
        del rows[a]
    return b"\n".join(rows)


def token(content: bytes, rng: random.Random) -> bytes:
    """Put a nasty word in the place of a word."""
    words = list(_WORD.finditer(content, *_window(content, rng)))
    if not words:
        return inserted(content, rng)
    word = rng.choice(words)
    return content[: word.start()] + rng.choice(TOKENS) + content[word.end() :]


def swapped_words(content: bytes, rng: random.Random) -> bytes:
    words = list(_WORD.finditer(content, *_window(content, rng)))
    if len(words) < 2:
        return content
    first, second = sorted(rng.sample(words, 2), key=lambda w: w.start())
    return b"".join(
        (content[: first.start()], second[0], content[first.end() : second.start()], first[0], content[second.end() :])
    )


def stretched(content: bytes, rng: random.Random) -> bytes:
    """Repeat one character very often: what makes patterns of text take for ever."""
    at = place(content, rng)
    return (
        content[:at]
        + rng.choice((b" ", b",", b"[", b"(", b"9", b"a", b"=", b".", b"\t", b"#", b"x=")) * LONG
        + content[at:]
    )


def other_encoding(content: bytes, rng: random.Random) -> bytes:
    text = content.decode("latin-1")
    return rng.choice(
        (
            b"\xef\xbb\xbf" + content,
            b"\xff\xfe" + content,
            text.encode("utf-16"),
            content.replace(b"\n", b"\r\n"),
            content.replace(b"\n", b"\r"),
            content.replace(b".", b","),
            content.replace(b" ", "\N{NO-BREAK SPACE}".encode()),
        )
    )


def _window(content: bytes, rng: random.Random) -> tuple[int, int]:
    at = place(content, rng)
    return max(0, at - 300), min(len(content), at + 300)


OF_BYTES: Sequence[Damage] = (
    flipped,
    flipped,
    replaced,
    without_part,
    inserted,
    cut_off,
    without_beginning,
    twice,
    number,
    number,
)
OF_TEXT: Sequence[Damage] = (
    *(token,) * 8, swapped_words, swapped_words, lines, lines, lines, flipped, replaced, without_part, inserted,
    cut_off, twice, without_beginning, other_encoding,
)  # fmt: skip


def in_archive(content: bytes, rng: random.Random) -> bytes:
    """Return a zip archive of which one member is damaged, lost, twice there or called otherwise."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    k = rng.randrange(len(members))
    name, inner = members[k]
    way = rng.randrange(8)
    if way == 0:
        del members[k]
    elif way == 1:
        members.append((rng.choice(members)[0], inner))
    elif way == 2:
        members[k] = (damaged(name.encode(), rng).decode("latin-1").replace("\0", "")[:200] or "x", inner)
    else:
        members[k] = (name, damaged(inner, rng))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that comes twice
        for one, text in members:
            archive.writestr(zipfile.ZipInfo(one), text)
    return stream.getvalue()


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Return a file with one to four damages."""
    if content.startswith(b"PK") and rng.random() < 0.7:
        return in_archive(content, rng)
    is_text = b"\0" not in content[:2000]
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        content = rng.choice(OF_TEXT if is_text else OF_BYTES)(content, rng)
    return stretched(content, rng) if rng.random() < 0.01 else content
