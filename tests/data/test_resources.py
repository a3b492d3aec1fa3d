"""Where a file name in the user's input leads."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nanocrystal.data import resolved_path
from nanocrystal.errors import InputError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "site" / "measuredthings"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "data" / "Ni.gr").write_text("0 0\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "measuredthings", raising=False)
    return "measuredthings"


def message(path_text: str) -> str:
    with pytest.raises(InputError) as caught:
        resolved_path(path_text, Path("base"), "data.file")
    assert caught.value.where == "data.file"
    return caught.value.problem


def test_relative_path_begins_at_the_base(tmp_path: Path) -> None:
    assert resolved_path("a/Ni.gr", tmp_path, "") == tmp_path / "a" / "Ni.gr"


def test_absolute_path_stands(tmp_path: Path) -> None:
    assert resolved_path(str(tmp_path / "Ni.gr"), Path("elsewhere"), "") == tmp_path / "Ni.gr"


def test_file_inside_a_package(package: str) -> None:
    path = resolved_path(f"package:{package}/data/Ni.gr", Path("elsewhere"), "")
    assert path.read_text() == "0 0\n"


def test_published_example_is_found() -> None:
    pytest.importorskip("diffpy.cmi")
    text = "package:diffpy.cmi/docs/examples/pdf/ch03NiModelling/data/Ni.gr"
    assert resolved_path(text, Path(), "").stat().st_size == 90671


def test_misspelt_file_inside_a_package(package: str) -> None:
    problem = message(f"package:{package}/data/Nl.gr")
    assert f"the package {package} has no file data/Nl.gr: in {package}/data" in problem
    assert "did you mean 'Ni.gr'?" in problem
    assert "in measuredthings, did you mean 'data'?" in message(f"package:{package}/date/Ni.gr")
    assert "is a folder" in message(f"package:{package}/data")


def test_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "pip install nosuchpackage" in message("package:nosuchpackage/Ni.gr")
    monkeypatch.setitem(sys.modules, "diffpy.cmi", None)
    assert 'pip install "nanocrystal[examples]"' in message("package:diffpy.cmi/Ni.gr")


@pytest.mark.parametrize("name", ["actingthings", "actingthings.inner", "actingthings.inner.deep"])
def test_no_code_of_a_package_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study that names a file of a package does not import it, nor the packages above it."""
    acts = f"open({str(tmp_path / 'acted')!r}, 'w').close()\nraise RuntimeError('no luck')\n"
    for folder in ("actingthings", "actingthings/inner", "actingthings/inner/deep"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text(acts)
        (tmp_path / folder / "Ni.gr").write_text("0 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = resolved_path(f"package:{name}/Ni.gr")
    assert path == tmp_path / name.replace(".", "/") / "Ni.gr"
    assert not (tmp_path / "acted").exists()
    assert not [module for module in sys.modules if module.startswith("actingthings")]


def test_a_package_in_several_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name spaces, one within the other: the folder that has the file counts."""
    for place, file in (("one", "a.gr"), ("two", "b.gr")):
        (tmp_path / place / "spacethings" / "inner").mkdir(parents=True)
        (tmp_path / place / "spacethings" / "inner" / file).write_text("0 0\n")
        monkeypatch.syspath_prepend(str(tmp_path / place))
    for place, file in (("one", "a.gr"), ("two", "b.gr")):
        expected = tmp_path / place / "spacethings" / "inner" / file
        assert resolved_path(f"package:spacethings.inner/{file}") == expected
        assert resolved_path(f"package:spacethings/inner/{file}") == expected


def test_a_module_is_no_folder() -> None:
    assert "is not installed as a folder of files" in message("package:json.decoder/Ni.gr")


@pytest.mark.parametrize(
    "text", ["package:", "package:/Ni.gr", "package:diffpy.cmi", "package:a/../../x", "package:a b/x"]
)
def test_text_that_names_no_file_in_a_package(text: str) -> None:
    assert 'must be "package:NAME/path/to/file"' in message(text)


def test_empty_text() -> None:
    assert "empty" in message("  ")
