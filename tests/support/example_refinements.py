"""The examples refined where the tests find their measured data."""

from __future__ import annotations

import os
import pickle
import tomllib
from functools import cache
from pathlib import Path

from nanocrystal.refinement import Result
from nanocrystal.study.reading import study_from
from support.measured import measured
from support.paths import EXAMPLES

IN_WHEEL = "package:diffpy.cmi/docs/examples/pdf/"


@cache
def refined(name: str, folder: Path, peak_form: str = "") -> Result:
    """Return the refinement of an example, its data taken from where the tests find them.

    peak_form: instead of the one that the example states; folder: where what is refined is kept for other tests, those
    of other processes too.
    """
    text = (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")
    form = peak_form or ("pdfgui" if 'peak_form = "pdfgui"' in text else "debye")
    kept = folder / f"{name}-{form}.pickle"
    if not kept.exists():
        study = with_data_of_tests(text, form)
        result = study_from(tomllib.loads(study), folder / f"{name}.toml", study).refine()
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_bytes(pickle.dumps(result))
        part.replace(kept)
    found: Result = pickle.loads(kept.read_bytes())
    return found


def with_data_of_tests(text: str, peak_form: str = "") -> str:
    """Return a study's text with its files where the tests find them, and with a form of the peaks."""
    lines = []
    for line in text.splitlines():
        if line.startswith(("cif = ", "file = ")):
            key, _, quoted = line.partition(" = ")
            path = quoted.strip('"').removeprefix(IN_WHEEL)
            line = f'{key} = "{_found(path)}"'
        if line.startswith("peak_form") and peak_form:
            line = f'peak_form = "{peak_form}"'
        lines.append(line)
        if line == 'technique = "pdf"' and peak_form and "peak_form" not in text:
            lines.append(f'peak_form = "{peak_form}"')
    return "\n".join(lines)


def _found(path: str) -> Path:
    chapter, _, rest = path.partition("/data/")
    return measured(f"pdf/pdfttp_{chapter}/{rest}" if rest else f"pdf/pdfgui_CdSe_3nm/{path}")
