"""Members of archives are read within bounds, whatever their names and sizes say."""

from __future__ import annotations

from pathlib import Path

import pytest

from nanocrystal.data import archive
from nanocrystal.data.archive import Archive
from nanocrystal.data.formats import RawFile
from nanocrystal.errors import InputError
from support.powder_files import zipped


def opened(content: bytes) -> Archive:
    return Archive(RawFile(Path("a.zip"), content, "a.zip"))


def test_members_are_read_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = opened(zipped({"../../outside.txt": "1 2", "/a.txt": "3 4"}))
    assert found.names == ["../../outside.txt", "/a.txt"]
    assert found.content("../../outside.txt") == b"1 2"
    assert list(tmp_path.iterdir()) == []


def test_more_than_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """All members together; a million zeros are compressed to a thousand bytes."""
    monkeypatch.setattr(archive, "LARGEST", 1_500_000)
    content = zipped({"a": bytes(1_000_000), "b": bytes(1_000_000)})
    assert len(content) < 5_000
    found = opened(content)
    assert len(found.content("a")) == 1_000_000
    with pytest.raises(InputError, match="holds more than 1 MB"):
        found.content("b")


@pytest.mark.parametrize("damage", [0, 40, 60, -22])
def test_damaged_members(damage: int) -> None:
    content = bytearray(zipped({"a.txt": "some text that is long enough to be compressed " * 20}))
    content[damage] ^= 0xFF
    content[damage + 1] ^= 0xFF
    with pytest.raises(InputError):
        opened(bytes(content)).content("a.txt")


def test_missing_and_encrypted_members() -> None:
    content = bytearray(zipped({"a.txt": "1 2"}))
    with pytest.raises(InputError, match=r"'b\.txt', which cannot be read"):
        opened(bytes(content)).content("b.txt")
    for flags in (6, content.rindex(b"PK\x01\x02") + 8):  # of the member and of the table of contents
        content[flags] |= 1
    with pytest.raises(InputError, match="encrypted"):
        opened(bytes(content)).content("a.txt")
