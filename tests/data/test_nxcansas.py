"""HDF5 files of strangers: maps are refused, nothing outside the file is read, sizes are checked before memory is."""

from __future__ import annotations

import io
import random
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nanocrystal import InputError
from nanocrystal.data import read_curve
from support.small_angle_files import Entry, nxcansas

Q = np.linspace(0.01, 0.3, 20)
COLUMNS = {"Q": (Q, "1/A"), "I": (np.exp(-Q), "1/cm"), "Idev": (0.01 * Q, "1/cm")}
SOUND = nxcansas(Entry([COLUMNS]))
DATA = "sasentry01/sasdata01"


def changed(path: Path, change: Any) -> Path:
    """Write the sound file as `change`, which gets its root group, makes it."""
    stream = io.BytesIO(SOUND)
    with h5py.File(stream, "r+") as root:
        change(root)
    path.write_bytes(stream.getvalue())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_curve(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_map_is_refused_in_one_sentence(tmp_path: Path) -> None:
    def as_map(root: Any) -> None:
        del root[f"{DATA}/I"], root[f"{DATA}/Q"]
        root[f"{DATA}/I"], root[f"{DATA}/Qx"] = np.ones((30, 40)), np.ones((30, 40))

    message = refusal(changed(tmp_path / "a.h5", as_map))
    assert "holds I of the shape 30 × 40, no curve over |Q|: reduce it to I(Q) in the program that wrote it." in message


def test_a_map_beside_a_curve_is_left_out_with_a_note(tmp_path: Path) -> None:
    def with_map(root: Any) -> None:
        root.copy(DATA, "sasentry01/map")
        del root["sasentry01/map/I"]
        root["sasentry01/map/I"] = np.ones((3, 4))

    curve = read_curve(changed(tmp_path / "a.h5", with_map))
    assert len(curve.x) == 20
    assert "1 of 2 SASdata are no curves over |Q| and were left out" in curve.notes


def test_names_of_2016_and_a_scaling_factor(tmp_path: Path) -> None:
    def older(root: Any) -> None:
        for group, name in (("sasentry01", "SASentry"), (DATA, "SASdata")):
            del root[group].attrs["canSAS_class"]
            root[group].attrs["NX_class"] = name
        data = root[DATA]
        for name in ("Q", "I", "Idev"):
            data[name].attrs["unit"] = data[name].attrs["units"]
            del data[name].attrs["units"]
        del data["I"].attrs["uncertainties"]
        data.move("Idev", "error")
        data["I"].attrs["uncertainty"] = "error"
        data["factor"] = 2.0
        data["I"].attrs["scaling_factor"] = "factor"

    curve = read_curve(changed(tmp_path / "a.h5", older))
    np.testing.assert_allclose(curve.y, 2.0 * np.exp(-Q), rtol=1e-14)
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma, 0.02 * Q, rtol=1e-14)


def test_a_file_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "named.dat"
    path.write_bytes(SOUND)
    assert len(read_curve(path).x) == 20


def external_link(root: Any) -> None:
    del root[f"{DATA}/I"]
    root[f"{DATA}/I"] = h5py.ExternalLink("other.h5", "/I")


def external_data(root: Any) -> None:
    del root[f"{DATA}/I"]
    root[DATA].create_dataset("I", shape=(20,), dtype="f8", external=[("/etc/hostname", 0, 160)])


def virtual_data(root: Any) -> None:
    layout = h5py.VirtualLayout(shape=(20,), dtype="f8")
    layout[:] = h5py.VirtualSource("other.h5", "I", shape=(20,))
    del root[f"{DATA}/I"]
    root[DATA].create_virtual_dataset("I", layout)


def endless(root: Any) -> None:
    for name in ("Q", "I"):
        del root[f"{DATA}/{name}"]
        root[DATA].create_dataset(name, shape=(10**12,), dtype="f8", chunks=(1000,))


def large_chunk(root: Any) -> None:
    del root[f"{DATA}/I"]
    root[DATA].create_dataset("I", shape=(20,), maxshape=(None,), dtype="f8", chunks=(2**28,), compression="gzip")


def words(root: Any) -> None:
    del root[f"{DATA}/I"]
    root[f"{DATA}/I"] = np.array([b"1"] * 20)


def loop(root: Any) -> None:
    root["sasentry01/again"] = root["sasentry01"]
    del root[DATA].attrs["canSAS_class"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (external_link, "without Q and I"),
        (external_data, "holds I, which cannot be used: kept in another file"),
        (virtual_data, "holds I, which cannot be used: kept in another file"),
        (endless, "1000000000000 numbers, more than are read"),
        (large_chunk, "more than are read"),
        (words, "holds I, which cannot be used: no numbers"),
        (loop, "holds no SASdata: of HDF5 files those of NXcanSAS are read"),
    ],
)
def test_what_is_outside_or_too_large_is_never_read(tmp_path: Path, change: Any, problem: str) -> None:
    stranger = tmp_path / "other.h5"
    with h5py.File(stranger, "w") as other:
        other["I"] = np.ones(20)
    assert problem in refusal(changed(tmp_path / "a.h5", change))


def test_without_h5py_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(SOUND)
    monkeypatch.setitem(sys.modules, "h5py", None)
    message = refusal(path)
    assert message.endswith(
        'is an HDF5 file, which needs the package h5py, which is not installed: pip install "nanocrystal[hdf5]".'
    )


@pytest.mark.parametrize("length", [8, 1000, len(SOUND) - 1])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(SOUND[:length])
    refusal(path)


def test_a_library_that_does_not_come_back_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nanocrystal.data.hdf5.LONGEST", 1e-3)
    path = tmp_path / "a.h5"
    path.write_bytes(SOUND)
    assert "Reading it does not end" in refusal(path)


@pytest.mark.parametrize("count", [5, pytest.param(200, marks=pytest.mark.campaign)])
def test_damaged_files_are_read_or_refused(tmp_path: Path, count: int) -> None:
    path, rng = tmp_path / "a.h5", random.Random(count)
    for _ in range(count):
        content = bytearray(SOUND)
        for _ in range(rng.choice((1, 2, 4))):
            at = rng.randrange(len(content))
            content[at : at + rng.choice((1, 4, 8))] = rng.randbytes(rng.choice((1, 4, 8)))
        path.write_bytes(content)
        try:
            curve = read_curve(path)
        except InputError:
            continue
        assert np.isfinite(curve.x).all()
