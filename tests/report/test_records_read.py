"""Records of results that are damaged, or made to reach beyond their folder: one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal import read_result
from nanocrystal.arrays import Packed, PackedRows
from nanocrystal.errors import InputError
from nanocrystal.report.beside import beside
from nanocrystal.report.series.checkpoints import read_member
from support.outcomes import MADE


def saved(folder: Path, kind: str = "refinement") -> Path:
    for name, text in MADE[kind]().files(has_pages=False).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def changed(folder: Path, change: Callable[[dict[str, Any]], object], record: str = "results.json") -> Path:
    document = json.loads((folder / record).read_text(encoding="utf-8"))
    change(document)
    (folder / record).write_text(json.dumps(document), encoding="utf-8")
    return folder


def refused(folder: Any) -> str:
    with pytest.raises(InputError) as caught:
        read_result(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("folder", [None, 3, b"x", ["a"]])
def test_what_is_no_path(folder: Any) -> None:
    assert refused(folder).startswith("folder: must be the folder of a result, got ")


@pytest.mark.parametrize("name", ["../secret.cif", "/etc/hostname", "a/../../secret.cif", "..\\secret.cif", ".", ""])
def test_no_file_outside_of_the_folder_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret.cif").write_text("data_secret")
    folder = changed(saved(tmp_path / "out"), lambda d: d["structures"].append(name))
    assert "which is not in its folder" in refused(folder) or "which is none" in refused(folder)


def test_no_device_is_read(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (folder / "zero.cif").symlink_to("/dev/zero")
    changed(folder, lambda d: d["structures"].append("zero.cif"))
    assert "it names the file zero.cif, which is none" in refused(folder)


def test_files_within_the_folder_are(tmp_path: Path) -> None:
    assert beside(tmp_path, "model_cdse.cif") == tmp_path / "model_cdse.cif"
    assert beside(tmp_path, "faulted/results.json") == tmp_path / "faulted" / "results.json"
    assert read_result(saved(tmp_path)) == MADE["refinement"]()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' * 100_000, "nested too deeply"),
        ("9" * 5000, "is no JSON that can be read"),
        ("[1, 2]", "is no record of a result"),
        ("{}", "is no result that can be read"),
        ('{"schema": 2, "kind": "refinement"}', "is no result that can be read"),
        ('{"schema": 2, "kind": "refinement", "not_finite": {"[]": "nan"}}', "is no result that can be read"),
        ('{"schema": 2, "kind": "refinement", "not_finite": []}', "is no result that can be read"),
        ('{"schema": 2, "kind": "refinement", "not_finite": {"[\\"a\\", 5]": "nan"}}', "is no result that can be read"),
        ('{"schema": 2, "kind": "refinement", "structures": 3}', "is no result that can be read"),
        ("\0", "is no JSON that can be read"),
        ("", "is no JSON that can be read"),
    ],
)
def test_documents_that_are_none(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(text, encoding="utf-8")
    assert words in refused(tmp_path)
    (tmp_path / "T1").mkdir()
    (tmp_path / "T1" / "member.json").write_text(text, encoding="utf-8")
    assert read_member(tmp_path, "T1") is None


def test_kinds_that_version_0_1_did_not_write(tmp_path: Path) -> None:
    folder = changed(saved(tmp_path, "text"), lambda d: d.pop("schema"), MADE["text"]().record)
    assert "version 0.1 wrote none of this kind" in refused(folder)


@pytest.mark.parametrize("column", [-1, 3, 2**31 - 1])
def test_a_sparse_matrix_has_no_column_that_is_not_there(column: int) -> None:
    """Sums over it would read memory that is not its own."""
    from scipy.sparse import csr_array

    packed = PackedRows().packed(csr_array(np.eye(3)))
    packed["columns"] = Packed("<i4").packed(np.array([0, column, 2]))
    with pytest.raises(ValueError, match=r"ind|column"):
        PackedRows().unpacked(packed)
