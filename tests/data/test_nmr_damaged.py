"""NMR files whose headers state what cannot be: each key in one sentence, before anything is allocated."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data.nmr import read_nmr
from nanocrystal.errors import InputError
from support.hostile.seeds import JCAMP, ONE, jeol_file, varian_seeds
from support.hostile.trial import laid_out, memory_taken
from support.nmr_files import write_bruker


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_nmr(path, nucleus="133Cs", carrier_mhz=52.48)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    """Write a Bruker FID in which one line of a file is another, and return its folder."""
    write_bruker(folder, ONE, 20000.0)
    path = folder / name
    text = path.read_text(encoding="latin-1")
    assert old in text
    path.write_text(text.replace(old, new), encoding="latin-1")
    return folder


# ---- SIMPSON --------------------------------------------------------------------------------------

HEAD = "SIMP\nNP=8\nSW=20000\nTYPE=FID\n"
ROWS = "1 0\n" * 8


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SIMP\nSW=20000\nTYPE=FID\nDATA\n1 0\nEND", "must give NP as a whole number of at least 1, but does"),
        ("SIMP\nNP=8\nTYPE=FID\nDATA\n1 0\nEND", "must give SW as a number from 0.001 to 1e+10 Hz, but does"),
        (HEAD.replace("8", "x") + f"DATA\n{ROWS}END", "must give NP as a whole number of at least 1, got 'x'"),
        (HEAD.replace("8", "999999999999") + f"DATA\n{ROWS}END", "NP = 999999999999 pairs of numbers, it holds 8"),
        (HEAD.replace("20000", "1e999") + f"DATA\n{ROWS}END", "must give SW as a number"),
        (HEAD.replace("20000", "0") + f"DATA\n{ROWS}END", "must give SW as a number"),
        (HEAD.replace("FID", "FIT") + f"DATA\n{ROWS}END", "must give TYPE as FID or SPE, got 'FIT'"),
        (HEAD + "NI=two\n" + f"DATA\n{ROWS}END", "must give NI as a whole number, got 'two'"),
        (HEAD + "DATA\n" + ROWS.replace("1 0", "1 x", 1) + "END", "a.spe, line 6: '1 x' is no pair of numbers"),
        (HEAD + "DATA\n" + ROWS.replace("1 0", "nan 0", 1) + "END", "line 6: 'nan 0' is no pair of numbers"),
        (HEAD + "DATA\n" + ROWS.replace("1 0", "1", 1) + "END", "line 6: '1' is no pair of numbers"),
        (HEAD + "DATA\n" + ROWS.replace("1 0", "1e200 0", 1) + "END", "which nothing counts"),
        ("", "is no file of SIMPSON"),
    ],
)  # fmt: skip
def test_simpson(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.spe").write_text(text, encoding="latin-1")
    assert words in refused(tmp_path / "a.spe")


# ---- Bruker ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("##$NC= 0", "##$NC= x", "must give NC as a whole number from -64 to 64, got 'x'"),
        ("##$NC= 0", "##$NC= 99999", "must give NC as a whole number from -64 to 64"),
        ("##$BYTORDA= 0", "##$BYTORDA= ", "must give BYTORDA as 0 or 1, got ''"),
        ("##$DTYPA= 0", "##$DTYPA= 1", "must give DTYPA as 0 or 2, got '1'"),
        ("##$AQ_mod= 3", "##$AQ_mod= (0..1) 3 3", "must give AQ_mod as 0 or 1 or 2 or 3"),
        ("##$TD= 128", "##$TD= 1000000000", "1 trace of 1000000000 numbers are 4000000000 bytes, it has 512"),
        ("##$TD= 128", "##$TD= " + "9" * 5000, "must give TD as a whole number of at least 1"),
        ("##$TD= 128", "##$TD= -128", "must give TD as a whole number of at least 1, got '-128'"),
        ("##$SW_h= 20000.0", "##$SW_h= nan", "must give SW_h as a number from 0.001 to 1e+10 Hz, got 'nan'"),
        ("##$SW_h= 20000.0", "##$SW_h= 2_0000", "must give SW_h as a number"),
        ("##$GRPDLY= 0.0", "##$GRPDLY= <12>", ""),
        ("##$GRPDLY= 0.0", "##$GRPDLY= (0..0) 12", "must give GRPDLY as a number from -1 to 100000"),
        ("##$GRPDLY= 0.0", "##$GRPDLY= 300", "a delay of the digital filter that is longer than its 64 points"),
        ("##$GRPDLY= 0.0\n", "##$GRPDLY= -1\n##$DSPFVS= ten\n", "must give DSPFVS as a whole number"),
        ("##$SFO1= 52.4838", "##$SFO1= 52_4838", "must give SFO1 as a number from 1 to 3000 MHz, got '52_4838'"),
        ("##$SFO1= 52.4838", "##$SFO1= 400.13", "those are not of one nucleus"),
        ("##$BF1= 52.48", "##$BF1= x", "must give BF1 as a number from 1 to 3000 MHz"),
    ],
)  # fmt: skip
def test_bruker(old: str, new: str, words: str, tmp_path: Path) -> None:
    folder = changed(tmp_path / "1", "acqus", old, new)
    text = (folder / "acqus").read_text(encoding="latin-1")
    if "DSPFVS= ten" in new:
        (folder / "acqus").write_text(text.replace("##$DSPFVS= 20\n", ""), encoding="latin-1")
    if words:
        said = refused(folder)
        assert words in said
        assert "acqus" in said or "fid" in said
    else:
        assert read_nmr(folder).x[0] == pytest.approx(-12.0 / 20000.0)


def processed(folder: Path, **stated: object) -> Path:
    write_bruker(folder, ONE, 20000.0)
    inner = folder / "pdata" / "1"
    inner.mkdir(parents=True)
    keys = {"SF": 52.48, "SI": 64, "SW_p": 20000.0, "OFFSET": 200.0, "NC_proc": 0, "BYTORDP": 0, "DTYPP": 0} | stated
    lines = [f"##${key}= {value}" for key, value in keys.items() if value is not None]
    (inner / "procs").write_text("\n".join(lines) + "\n", encoding="latin-1")
    (inner / "1r").write_bytes(np.arange(64, dtype="<i4").tobytes())
    return inner


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"OFFSET": None}, "must give OFFSET as a number from -20000 to 20000 ppm, but does not say it"),
        ({"OFFSET": ""}, "must give OFFSET as a number"),
        ({"SI": 10**12}, "is cut off: 1000000000000 points are 4000000000000 bytes, it has 256"),
        ({"SI": 0}, "must give SI as a whole number of at least 1, got '0'"),
        ({"SF": "1e-320"}, "must give SF as a number from 1 to 3000 MHz"),
        ({"NC_proc": "1e9"}, "must give NC_proc as a whole number from -64 to 64"),
        ({"LB": "broad"}, "must give LB as a number"),
        ({"DTYPP": "int"}, "must give DTYPP as 0 or 2"),
    ],
)
def test_bruker_processed(stated: dict[str, object], words: str, tmp_path: Path) -> None:
    assert words in refused(processed(tmp_path / "1", **stated))


def test_tiles_that_do_not_fill_the_spectra(tmp_path: Path) -> None:
    folder = processed(tmp_path / "1", XDIM=24)
    (folder / "2rr").write_bytes(np.arange(256, dtype="<i4").tobytes())
    (folder / "proc2s").write_text("##$SI= 4\n##$XDIM= 2\n", encoding="latin-1")
    assert "procs: says SI = 64 in tiles of XDIM = 24, which do not fill it" in refused(folder)


def test_a_processed_spectrum_by_its_bare_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From within pdata, where the path has no folders above it."""
    folder = processed(tmp_path / "1")
    monkeypatch.chdir(folder.parent)
    assert read_nmr("1").nucleus == "133Cs"


# ---- Varian, JEOL, JCAMP-DX -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (0, 2_000_000_000, "is cut off: 2000000000 traces of 128 numbers are 1080000000032 bytes"),
        (4, 999_999_999, "is cut off"),
        (8, 2_000_000_000, "is cut off: 1 trace of 2000000000 numbers"),
        (8, 0, "its header states 1 blocks of 1 traces of 0 numbers"),
        (28, 2_000_000_000, "and 2000000000 headers"),
        (0, -1, "its header states -1 blocks"),
    ],
)
def test_varian_sizes(at: int, value: int, words: str, tmp_path: Path) -> None:
    pytest.importorskip("nmrglue")
    laid_out(tmp_path, varian_seeds()[0])
    content = bytearray((tmp_path / "fid").read_bytes())
    struct.pack_into(">l", content, at, value)
    (tmp_path / "fid").write_bytes(content)
    assert words in refused(tmp_path)


def test_varian_temperature_below_freezing(tmp_path: Path) -> None:
    pytest.importorskip("nmrglue")
    laid_out(tmp_path, varian_seeds()[0])
    text = (tmp_path / "procpar").read_text()
    (tmp_path / "procpar").write_text(text.replace("1 25.0", "1 -20.0"))
    assert read_nmr(tmp_path).temperature == pytest.approx(253.15)
    (tmp_path / "procpar").write_text(text.replace("1 20000.0", "1 fast"))
    assert "procpar: must give sw as a number" in refused(tmp_path)


def test_jeol_as_it_was_written(tmp_path: Path) -> None:
    """The file made here: its points, its frequency and the delay of its two stages of filters by hand."""
    pytest.importorskip("nmrglue")
    (tmp_path / "a.jdf").write_bytes(jeol_file(ONE))
    data = read_nmr(tmp_path / "a.jdf")
    np.testing.assert_array_equal(data.values, ONE)
    assert (data.carrier_mhz, data.nucleus, data.temperature) == (400.0, "1H", 298.15)
    assert data.reference_mhz == pytest.approx(400.0 / 1.000005)
    delay = 0.5 * (54 - 1) / (8 * 2) + 0.5 * (73 - 1) / 2
    assert data.x[0] == pytest.approx(-delay / 20000.0)


@pytest.mark.parametrize(
    ("at", "form", "value", "words"),
    [
        (176, ">I", 4_000_000_000, "is cut off: its header states 4000000000 points in 2 parts of 8 bytes"),
        (176, ">I", 0, "its header states 0 points"),
        (180, ">I", 70_000, "is cut off"),
        (1284, ">I", 2_000_000_000, "from byte 2000000000 on"),
        (1212, ">I", 4_000_000_000, "its header states parameters from byte 4000000000 on"),
        (1360 + 8, "<I", 2_000_000_000, "its header states parameters"),
        (1376 + 4, "<h", 32767, "a parameter of it is times ten to the power of 32767"),
        (1376 + 3 * 64 + 4, "<h", 9, "a parameter of it is times ten to the power of 9"),
    ],
)
def test_jeol_sizes(at: int, form: str, value: int, words: str, tmp_path: Path) -> None:
    """Also a text that is to be repeated a thousand million times."""
    pytest.importorskip("nmrglue")
    content = bytearray(jeol_file(ONE))
    struct.pack_into(form, content, at, value)
    (tmp_path / "a.jdf").write_bytes(content)
    assert words in refused(tmp_path / "a.jdf")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("900A0S999999999", "it repeats values more than 4194304 times"),
        ("900A0T" + "9" * 5000, "it repeats values more than 4194304 times"),
        ("900 0 0 2" + " " * 100_000 + "40 2", "holds more than 1000 blanks or commas together"),
    ],
)
def test_jcamp_that_stands_for_more_than_it_holds(body: str, words: str, tmp_path: Path) -> None:
    pytest.importorskip("nmrglue")
    (tmp_path / "a.jdx").write_text(JCAMP.format(body), encoding="ascii")
    assert words in refused(tmp_path / "a.jdx")


def test_jcamp_repeats_what_is_meant(tmp_path: Path) -> None:
    """By hand: 10, + 11, + 22, + 0, + 11, − 13, − 21, + 10, + 20, and + 20 once more, all × YFACTOR 0.5."""
    pytest.importorskip("nmrglue")
    (tmp_path / "a.jdx").write_text(JCAMP.format("900A0J1K2%J1j3k1J0K0T"), encoding="ascii")
    found = read_nmr(tmp_path / "a.jdx").values.real[::-1]
    np.testing.assert_allclose(found, 0.5 * np.array([10, 21, 43, 43, 54, 41, 20, 30, 50, 70]))


def test_files_without_end_and_beyond_all_measure(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a regular file"):
        read_nmr("/dev/zero")
    with (tmp_path / "a.txt").open("wb") as stream:
        stream.truncate(3_000_000_000)
    assert memory_taken(lambda: refused(tmp_path / "a.txt")) < 1e7
    assert "has 3000 MB; such files are read up to 100 MB: is it the right one?" in refused(tmp_path / "a.txt")
