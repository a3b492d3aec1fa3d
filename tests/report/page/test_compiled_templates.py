"""Templates are compiled once where that can be kept, and each time where not."""

from __future__ import annotations

import sys
from pathlib import Path

import jinja2
import pytest

from nanocrystal.report.page.compiled_templates import CompiledTemplates

TEXT = {"hello.html": "{{ 2 * number }}"}


def environment(folder: Path) -> jinja2.Environment:
    cache = CompiledTemplates()
    cache.directory = str(folder)
    return jinja2.Environment(loader=jinja2.DictLoader(TEXT), bytecode_cache=cache)


def test_a_second_process_finds_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert environment(tmp_path).get_template("hello.html").render(number=21) == "42"
    [kept] = tmp_path.iterdir()
    monkeypatch.setattr(jinja2.Environment, "_compile", None)  # nothing can be compiled any more
    assert environment(tmp_path).get_template("hello.html").render(number=4) == "8"
    monkeypatch.undo()
    kept.write_bytes(b"damaged")
    assert environment(tmp_path).get_template("hello.html").render(number=1) == "2"


def test_nothing_is_kept_where_python_is_told_not_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert environment(tmp_path).get_template("hello.html").render(number=1) == "2"
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert environment(tmp_path / "missing").get_template("hello.html").render(number=1) == "2"
