"""Files that gzip packed are read as what was packed, up to a bound."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from nanocrystal.data import packed, read_curve
from nanocrystal.data.packed import unpacked
from nanocrystal.errors import InputError

TEXT = b"# q  I\n" + b"".join(b"%d %d.5\n" % (i, i % 7) for i in range(1, 40))


@pytest.mark.parametrize("name", ["a.iq.gz", "a.iq"])
def test_a_packed_file_is_read_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    (tmp_path / "plain.iq").write_bytes(TEXT)
    plain = read_curve(tmp_path / "plain.iq")
    content = gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]) + b"\0\0"
    (tmp_path / name).write_bytes(content)
    curve = read_curve(tmp_path / name)
    assert curve.x.tolist() == plain.x.tolist()
    assert curve.y.tolist() == plain.y.tolist()
    assert curve.sha256 == hashlib.sha256(content).hexdigest()


def test_damaged_and_endless_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = gzip.compress(TEXT)
    with pytest.raises(InputError, match=r"^a\.gz: cannot be unpacked: it is cut off"):
        unpacked(content[:-12], "a.gz")
    with pytest.raises(InputError, match=r"^a\.gz: cannot be unpacked: "):
        unpacked(content[:12] + b"\xff" * 20, "a.gz")
    monkeypatch.setattr(packed, "LARGEST", 1_000_000)
    with pytest.raises(InputError, match=r"^a\.gz: holds more than 1 MB unpacked"):
        unpacked(gzip.compress(b"\0" * 50_000_000), "a.gz")
    assert unpacked(TEXT, "a") is TEXT
