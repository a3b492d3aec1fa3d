"""What is no NMR data, or is damaged: one sentence each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data.nmr import read_nmr
from nanocrystal.errors import InputError
from support.nmr_files import fid, write_bruker

ONE = fid(512, 20000.0, [(1000.0, 30.0, 1e6)])
SERIES = np.stack([ONE, ONE, ONE])


def refused(path: Path, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        read_nmr(path, **options)  # type: ignore[arg-type]
    said = str(caught.value)
    assert "\n" not in said
    return said


def table(path: Path, rows: list[tuple[object, object]], head: str = "") -> Path:
    path.write_text(head + "\n".join(f"{a} {b}" for a, b in rows), encoding="utf-8")
    return path


def test_folder_that_is_no_data_set(tmp_path: Path) -> None:
    assert "is no NMR data set: it has no acqus" in refused(tmp_path)
    write_bruker(tmp_path / "10", ONE, 20000.0)
    write_bruker(tmp_path / "11", ONE, 20000.0)
    assert "holds several experiments; name one: 10, 11" in refused(tmp_path)
    (tmp_path / "10" / "fid").unlink()
    assert "neither fid nor ser" in refused(tmp_path / "10")
    assert "did you mean '11'" in refused(tmp_path / "12") or "valid" in refused(tmp_path / "12")


def test_cut_off_series(tmp_path: Path) -> None:
    folder = write_bruker(tmp_path / "1", SERIES, 20000.0, delays=["1", "2", "3"])
    content = (folder / "ser").read_bytes()
    (folder / "ser").write_bytes(content[: len(content) // 2])
    assert "is cut off: 3 traces of 1024 numbers are 12288 bytes, it has 6144" in refused(folder)
    folder = write_bruker(tmp_path / "2", ONE, 20000.0, points=4096)
    assert "is cut off: 1 trace of 4096 numbers" in refused(folder)


def test_list_of_the_wrong_length(tmp_path: Path) -> None:
    folder = write_bruker(tmp_path / "1", SERIES, 20000.0, delays=["1", "2"])
    assert "holds 2 values, but the series has 3 traces" in refused(folder)
    (folder / "vdlist").write_text("1\n2\nlong\n", encoding="latin-1")
    assert "vdlist, line 3: 'long' is no number" in refused(folder)
    assert "has no difflist; lists here: vdlist" in refused(folder, indirect="difflist")
    (folder / "vdlist").write_text("1\n2\n3\n4\n", encoding="latin-1")
    assert any("the first 3" in note for note in read_nmr(folder).notes)


def test_missing_nucleus(tmp_path: Path) -> None:
    folder = write_bruker(tmp_path / "1", ONE, 20000.0, nucleus="<off>")
    assert 'does not say which nucleus was observed (NUC1); name it, such as "133Cs"' in refused(folder)
    assert read_nmr(folder, nucleus="133Cs").nucleus == "133Cs"


def test_correlation_spectra_are_refused(tmp_path: Path) -> None:
    folder = write_bruker(tmp_path / "1", SERIES, 20000.0)
    (folder / "acqu2s").write_text("##$TD= 3\n##$FnMODE= 5\n", encoding="latin-1")
    assert "two-dimensional correlation spectrum (FnMODE = 5)" in refused(folder)


def test_nothing_but_zeros_and_not_a_number(tmp_path: Path) -> None:
    assert "nothing but zeros" in refused(write_bruker(tmp_path / "1", 0.0 * ONE, 20000.0))
    spoiled = ONE.copy()
    spoiled[3] = np.nan
    folder = write_bruker(tmp_path / "2", spoiled, 20000.0, doubles=True)
    assert "holds 1 points that are not numbers" in refused(folder)


def test_text_that_is_no_spectrum(tmp_path: Path) -> None:
    y = np.sin(np.arange(50.0)) ** 2
    x = np.linspace(10.0, 0.0, 50)
    swapped = table(tmp_path / "a.txt", list(zip(y, x, strict=True)))
    assert "columns the wrong way round" in refused(swapped)
    broken = [*zip(x, y, strict=True)]
    broken[7] = (x[7], "nan")
    assert "line 8: holds a missing or not-a-number value" in refused(table(tmp_path / "b.txt", broken))
    jumping = np.concatenate([x[:20], x[10:]])
    said = refused(table(tmp_path / "c.txt", list(zip(jumping, [1.0, 2.0] * 30, strict=True))))
    assert "must have ppm in order" in said
    points = table(tmp_path / "d.txt", list(zip(np.arange(50) * 1000.0, y, strict=True)))
    assert "no range of ppm" in refused(points)
    in_hz = table(tmp_path / "e.txt", list(zip(np.arange(50) * 1000.0, y, strict=True)), "Hz intensity\n")
    assert read_nmr(in_hz).domain == "frequency"


def test_archives_and_damaged_files_of_others(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK")
    assert "is a .zip; unpack it" in refused(tmp_path / "a.zip")
    (tmp_path / "a.spe").write_text("SIMP\nNP=8\nSW=100\nTYPE=SPE\nDATA\n1 2\nEND\n", encoding="ascii")
    assert "must hold NP = 8 pairs of numbers, it holds 1" in refused(tmp_path / "a.spe")
    pytest.importorskip("nmrglue")
    (tmp_path / "a.jdf").write_bytes(b"JEOL.NMR" + bytes(100))
    assert "cannot be read as JEOL data" in refused(tmp_path / "a.jdf")
    (tmp_path / "a.dx").write_text("##TITLE= x\n##END=\n", encoding="ascii")
    assert "holds no NMR spectrum" in refused(tmp_path / "a.dx") or "cannot be read" in refused(tmp_path / "a.dx")


def test_missing_nmrglue_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nanocrystal.data.nmr_foreign as foreign

    def absent(name: str) -> object:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(foreign, "import_module", absent)
    (tmp_path / "a.jdf").write_bytes(b"JEOL.NMR")
    assert 'needs nmrglue to be read: pip install "nmrglue>=0.11"' in refused(tmp_path / "a.jdf")


@pytest.mark.parametrize(
    ("axis", "rows", "words"),
    [
        ("LEFT = 10 ppm. RIGHT = 0 ppm.\n# SIZE = 20", "1\n" * 12, "says SIZE = 20, but holds 12 intensities"),
        ("LEFT = 10 ppm. RIGHT = 0 ppm.", "1\n" * 9 + "x\n" + "1\n" * 4, "line 12: 'x' is no intensity"),
        ("LEFT = 0 ppm. RIGHT = 10 ppm.", "1\n" * 12, "left is the higher end"),
        ("LEFT = ten ppm. RIGHT = 0 ppm.", "1\n" * 12, "must give LEFT as a number"),
        ("SIZE = 12", "1\n" * 12, "holds one column of numbers"),
    ],
)
def test_one_column_whose_axis_cannot_be_meant(axis: str, rows: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"# spectrum\n# {axis}\n{rows}", encoding="utf-8")
    assert words in refused(tmp_path / "a.txt")
