"""A number is declared once, where it is used: tables, messages, schema and manual follow from the dataclasses."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.measurement import Model
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.report.written import report_html
from nanocrystal.simulation import simulated_curves
from nanocrystal.spectra.lines import gaussian
from nanocrystal.study import read_study, schema, whole
from nanocrystal.study.fields import Table
from nanocrystal.study.tables import arguments_of, object_of, table_of
from nanocrystal.techniques import TECHNIQUES
from support.paths import ROOT
from support.richardson import errors_of_derivatives
from support.tools import tool
from support.toy_technique import Peaks, PeaksModel

SOURCE = ROOT / "src" / "nanocrystal"


# ---- a technique with tables of its own is one file and one line -----------------------------------

STUDY = """[datasets.spectrum]
technique = "peaks"
file = "spectrum.txt"

[datasets.spectrum.parts.low]
position = { value = 2.0, vary = true }
fwhm = { value = 0.5, vary = true }

[datasets.spectrum.parts.high]
position = { value = 3.4, vary = true }
fwhm = { value = 0.5, vary = true, max = 1.0 }
"""
TRUE = {"low": (2.1, 0.4, 3.0), "high": (3.3, 0.6, 1.5)}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(TECHNIQUES, Peaks.name, Peaks)
    x = np.linspace(0.0, 5.0, 200)
    y = sum(area * gaussian(x, position, fwhm)[0] for position, fwhm, area in TRUE.values())
    rows = "".join(f"{a:.6f} {b:.9f}\n" for a, b in zip(x, y, strict=True))
    (tmp_path / "spectrum.txt").write_text(rows, encoding="utf-8")
    path = tmp_path / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


def test_toy_technique_is_small() -> None:
    assert len((ROOT / "tests" / "support" / "toy_technique.py").read_text(encoding="utf-8").splitlines()) <= 60


def test_toy_technique_is_read_and_refined(study: Path) -> None:
    dataset = read_study(study).datasets["spectrum"]
    assert isinstance(dataset, Peaks)
    assert dataset.parts["low"].position.value == 2.0
    result = read_study(study).refine()
    for name, values in TRUE.items():
        for key, value in zip(("position", "fwhm", "area"), values, strict=True):
            assert result.parameters[f"datasets.spectrum.parts.{name}.{key}"].value == pytest.approx(value, abs=1e-4)


def test_toy_technique_keeps_the_contract(study: Path) -> None:
    """As a model with a misspelt member would not be one; its curves are what its declarations say."""
    model = bound_problem(read_study(study).sample, read_study(study).datasets, study.parent).models["spectrum"]
    assert isinstance(model, Model)
    assert model.linear == ("datasets.spectrum.parts.low.area", "datasets.spectrum.parts.high.area")
    with pytest.raises(
        TypeError, match=r"Misspelt\.exact_derivative is no member of Model; did you mean 'exact_derivatives'"
    ):
        type(Model)("Misspelt", (PeaksModel,), {"exact_derivative": lambda self, evaluation: frozenset()})
    with pytest.raises(TypeError, match=r"Misspelt\.need_sample is no member of Technique"):
        type(Model)("Misspelt", (Peaks,), {"need_sample": False})


def test_toy_technique_has_the_right_jacobian(study: Path) -> None:
    """Against Richardson's extrapolation, with a tie between two parts."""
    text = STUDY.replace("value = 0.5, vary = true, max = 1.0", 'tie = "1.5 * datasets.spectrum.parts.low.fwhm"')
    study.write_text(text, encoding="utf-8")
    problem = bound_problem(read_study(study).sample, read_study(study).datasets, study.parent)
    errors = errors_of_derivatives(problem, "spectrum")
    assert set(errors) == {f"datasets.spectrum.parts.{n}" for n in ("low.position", "low.fwhm", "high.position")}
    assert max(errors.values()) < 1e-5, errors


def test_toy_technique_has_a_page_and_a_place_in_the_report(study: Path) -> None:
    page = tool("make_docs").page(Peaks)
    assert page.startswith("# peaks\n\nA spectrum of named Gaussian peaks")
    html = report_html(read_study(study).refine())
    assert "energy" in html
    assert "datasets.spectrum.parts.low.fwhm" in html


def test_toy_technique_is_simulated_with_a_blank_and_noise(study: Path) -> None:
    """What curves share needs nothing of it."""
    x = np.linspace(-1.0, 6.0, 50)
    rows = "".join(f"{a} {1.0 + 0.1 * a}\n" for a in x)
    (study.parent / "blank.txt").write_text(rows, encoding="utf-8")
    head = '[datasets.spectrum]\ntechnique = "peaks"\nx = "0:5:0.01"\nnoise = { counts = 1e4, seed = 1 }\n'
    blank = 'blanks.cell = { file = "blank.txt", scale = 2.0 }\n'
    parts = "".join(f"parts.{n} = {{ position = {p}, fwhm = {w}, area = {a} }}\n" for n, (p, w, a) in TRUE.items())
    study.write_text(head + blank + parts, encoding="utf-8")
    columns = simulated_curves(read_study(study).sample, read_study(study).datasets, study.parent)["spectrum"]
    energy, drawn, sigma = (columns[n] for n in ("energy", "intensity", "sigma"))
    exact = sum(a * gaussian(energy, p, w)[0] for p, w, a in TRUE.values()) + 2.0 * (1.0 + 0.1 * energy)
    assert energy.shape == (501,)
    expected = exact * 1e4 / exact.max()
    assert np.std((drawn - expected) / np.sqrt(expected)) == pytest.approx(1.0, abs=0.1)
    np.testing.assert_allclose(sigma, np.sqrt(drawn))


def test_toy_technique_is_in_the_schema(study: Path) -> None:
    found = schema.study_schema()
    [table] = [
        t
        for t in found["properties"]["datasets"]["additionalProperties"]["anyOf"]
        if t["properties"]["technique"]["const"] == "peaks"
    ]
    assert table["required"] == ["technique"]
    peak = found["$defs"][table["properties"]["parts"]["additionalProperties"]["$ref"].rpartition("/")[2]]
    sentences = {k: p["description"] for k, p in peak["properties"].items()}
    assert sentences == {
        "position": "centre of the peak (eV)",
        "fwhm": "full width (eV)",
        "area": "area of the peak, left to the fit (eV)",
    }
    assert peak["required"] == ["position", "fwhm"]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("fwhm = { value = 0.5, vary = true }", "fwmh = 0.5", 7, ["parts.low.fwmh: unknown key", "'fwhm'"]),
        ("fwhm = { value = 0.5, vary = true }", 'fwhm = "0.5"', 7, ["parts.low.fwhm", "must be a number", "quotation"]),
        ("fwhm = { value = 0.5, vary = true }", "fwhm = 20.0", 7, ["parts.low.fwhm", "at most 10 eV, got 20"]),
        ("value = 3.4, vary = true", "value = 3.4, vary = 1", 10, ["parts.high.position", "true or false"]),
        ("position = { value = 2.0, vary = true }\n", "", 5, ["parts.low.position", "is missing"]),
        ("parts.low]", 'parts."my low"]', 5, ["the name 'my low' must be made of letters"]),
    ],
)  # fmt: skip
def test_toy_technique_refuses_what_cannot_be_meant(
    study: Path, old: str, new: str, line: int, words: list[str]
) -> None:
    assert old in STUDY
    study.write_text(STUDY.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_study(study)
    message = str(refused.value)
    assert message.startswith(f"{study}, line {line}: datasets.spectrum"), message
    for word in words:
        assert word in message, message


def test_address_of_a_data_set_that_is_called_as_one_of_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    text = '[datasets.lines]\ntechnique = "nmr-lines"\nx = "0:10:1"\n[datasets.lines.lines.a]\nshape = "gauss"\n'
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"line 5: datasets\.lines\.lines\.a\.shape: "):
        read_study(path)


# ---- what a study may say --------------------------------------------------------------------------


def tables() -> Iterator[type[Table]]:
    """Yield all tables that may stand in a study."""
    seen: set[type[Table]] = set()
    waiting = [whole.StudyTable, *schema.population_tables().values(), *schema.dataset_tables().values()]
    while waiting:
        table = waiting.pop()
        if table not in seen:
            seen.add(table)
            yield table
            waiting += [t for field in table.model_fields.values() for t in nested(field.annotation)]


def nested(kind: Any) -> Iterator[type[Table]]:
    """Yield the tables that a kind of value is made of."""
    if isinstance(kind, type) and issubclass(kind, Table):
        yield kind
    for part in get_args(kind):
        yield from nested(part)


def test_every_field_says_what_it_is() -> None:
    found = list(tables())
    assert len(found) > 40
    missing = [f"{t.__name__}.{k}" for t in found for k, field in t.model_fields.items() if not field.description]
    assert not missing, f"annotate with a quantity or a sentence: {missing}"


def test_every_field_of_a_dataclass_is_a_key_or_says_that_it_is_none() -> None:
    """Nothing that a study says is lost on the way to the object."""
    for table in tables():
        if table.made_from is not None and "shape" not in table.model_fields:
            keys = set(table_of(table.made_from).model_fields)
            assert keys <= set(table.model_fields), table.__name__


# ---- once ------------------------------------------------------------------------------------------

GONE = [
    "SiteTable",
    "SubstitutionTable",
    "TwinTable",
    "StackingTable",
    "ShellTable",
    "ExponentialTable",
    "SizeLawTable",
    "CoatingTable",
    "BlankTable",
    "ProfileTable",
    "NoiseTable",
    "RefineTable",
    "LineTable",
    "RelaxationPartTable",
    "TitrationStepTable",
    "DiffusionComponentTable",
    "AbsorptionTable",
    "ImageTable",
    "PARTS",
    "REDUCED",
    "_SPECIAL_FIELDS",
    "_LISTS",
    "_profile",
    "_coating",
    "_size_law",
    "_twin_family",
]
MOST_SHARED = 3
"""names of fields that a class of the study may have in common with one of another room, by chance"""
OF_A_FILE = {"file", "columns", "q_unit", "q_range", "blanks"}
"""what is said of every measured curve"""
OUTCOMES = ("SeriesResult", "MemberResult")
"""which hold what was asked for beside what came of it"""


def own_fields(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Yield the classes of a module with the fields that they annotate."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            annotated = (s for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name))
            yield node.name, {s.target.id for s in annotated if "ClassVar" not in ast.unparse(s.annotation)}  # type: ignore[union-attr]


def test_no_class_of_the_study_repeats_the_fields_of_another() -> None:
    rooms = ("sample", "techniques", "measurement", "reduction", "refinement")
    others = [c for room in rooms for path in (SOURCE / room).rglob("*.py") for c in own_fields(path)]
    others = [(name, fields - OF_A_FILE) for name, fields in others if name not in OUTCOMES]
    for path in (SOURCE / "study").rglob("*.py"):
        for name, fields in own_fields(path):
            twins = {other: fields & theirs for other, theirs in others if len(fields & theirs) > MOST_SHARED}
            assert not twins, f"{path.name}: {name} repeats {twins}"


@pytest.mark.parametrize("name", GONE)
def test_twins_are_gone(name: str) -> None:
    for path in (SOURCE / "study").rglob("*.py"):
        module = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        defined = {n.name for n in module if isinstance(n, ast.ClassDef | ast.FunctionDef)}
        assert name not in defined, path


# ---- there and back --------------------------------------------------------------------------------


def test_declarations_need_no_pydantic() -> None:
    """What declares is not bound to what checks."""
    for room in ("parameters", "sample", "measurement", "techniques", "reduction"):
        for path in (SOURCE / room).rglob("*.py"):
            assert "pydantic" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("name", sorted(p.name for p in (ROOT / "examples").glob("*.toml")))
def test_examples_are_made_of_their_tables(name: str) -> None:
    """Each table of an example becomes the dataclass it was made from, and holds what the dataclass holds."""
    content = tomllib.loads((ROOT / "examples" / name).read_text(encoding="utf-8"))
    if "series" in content or "candidates" in content:  # which need not be complete alone
        content = {}
    for key, check in (("datasets", schema.dataset_table), ("populations", schema.population_table)):
        for entry, given in content.get(key, {}).items():
            table = check(given)
            made = table.made_from
            assert is_dataclass(made)
            arguments = arguments_of(made, table, f"{key}.{entry}")
            if key == "datasets" and "reduction" not in given:
                dataset = object_of(made, table, f"{key}.{entry}")
                assert {k: v for k, v in vars(dataset).items() if k in arguments} == arguments
