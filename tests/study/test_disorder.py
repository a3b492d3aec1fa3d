"""Mixed sites, shells and size laws as a study states them: what is refused, what is read, what is found again."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.study import read_study
from nanocrystal.study.schema import study_schema
from support.paths import DOCS
from support.small_study import SmallStudy

STUDY = """[crystals.x]
library = "CsPbBr3-alpha"
a = 5.87
u_iso = { Cs = 0.03, Pb = 0.0127, Br = 0.025 }

[crystals.x.substitution.Br]
element = "Cl"
fraction = 0.3

[populations.dots]
crystal = "x"
shape = "cube"
edge_length = 30.0

[datasets.iq]
technique = "total-scattering"
q = "0.6:12:0.1"
background_terms = 0
noise = { counts = 1e6, seed = 1 }

"""
SHELL = "[populations.dots.shell]\nthickness = 6.0\nsubstitution = { Br = 0.9 }\n"
LAW = "[populations.dots.size_law]\nalpha = 0.5\n"
LAST = "noise = { counts = 1e6, seed = 1 }"


@pytest.fixture
def study(tmp_path: Path) -> SmallStudy:
    found = SmallStudy(tmp_path)
    found.text = STUDY
    return found


REFUSED = [
    ('element = "Cl"', 'element = "Br"', ["substitution.Br.element", "is Br, which has the site already"]),
    ('element = "Cl"', 'element = "Qq"', ["'Qq' is not the symbol of an element, such as Cl"]),
    ('element = "Cl"', "element = 17", ["crystals.x.substitution.Br.element", "17"]),
    ("[crystals.x.substitution.Br]", "[crystals.x.substitution.Bt]", ["substitution.Bt", "is no site", "Br"]),
    ("fraction = 0.3", "fraction = 1.3", ["at least 0 and at most 1, got 1.3"]),
    ("fraction = 0.3", "fraction = -0.1", ["at least 0 and at most 1, got -0.1"]),
    ("fraction = 0.3", "", ["fraction", "missing"]),
    ("fraction = 0.3", "fraction = 0.3\ncorrelation_length = -1", ["correlation_length", "got -1"]),
    ("fraction = 0.3", "fraction = 0.3\nbond_difference = 3", ["bond_difference", "got 3"]),
    ("fraction = 0.3", "fraction = 0.3\nlength = 3", ["length", "correlation_length"]),
    (LAST, SHELL.replace("6.0", "-6.0"), ["shell.thickness", "at least 0", "got -6"]),
    (LAST, SHELL.replace("0.9", "1.9"), ["shell.substitution.Br", "got 1.9"]),
    (LAST, SHELL.replace("Br =", "I ="), ["shell.substitution.I", "no such substitution"]),
    (LAST, SHELL.replace("substitution = { Br = 0.9 }", ""), ["shell", "says nothing that differs from the core"]),
    (LAST, SHELL.replace("substitution = { Br", "occupancy = { Na"), ["shell.occupancy.Na", "is no site"]),
    (LAST, SHELL + 'profile = "linear"', ["shell.profile", "gradient"]),
    (LAST, SHELL + "depth = 3", ["shell.depth"]),
    (LAST, SHELL.replace("thickness = 6.0\n", ""), ["shell.thickness", "missing"]),
    (LAST, LAW.replace("alpha = 0.5", ""), ["size_law", "says nothing"]),
    (LAST, LAW + "gamma = 0.5", ["size_law.gamma"]),
    (LAST, LAW + "u_iso = { Pb = 0.5 }", ["size_law.u_iso.Pb"]),
    (LAST, LAW + "u_iso = { Pb = { amplitude = 0.5 } }", ["size_law.u_iso.Pb.length", "missing"]),
    (LAST, LAW + "u_iso = { Pb = { amplitude = 0.5, length = 0 } }", ["size_law.u_iso.Pb.length", "above 0", "got 0"]),
    (LAST, LAW + "u_iso = { Na = { amplitude = 0.5, length = 9 } }", ["size_law.u_iso.Na", "is no site"]),
    (LAST, LAW + 'argument = "radius"', ["size_law.argument", "d_eq"]),
    (LAST, LAW + SHELL, ["stands beside shell"]),
]


@pytest.mark.parametrize(("old", "new", "words"), REFUSED)
def test_refused(study: SmallStudy, old: str, new: str, words: list[str]) -> None:
    study.change(old, f"{old}\n{new}" if old == LAST else new).refused(
        *words, verb="simulate", more=("--out", "{}/out")
    )


SHAPES = [
    ('shape = "bulk"', SHELL, "crystals with a surface"),
    ('shape = "bulk"', LAW, "crystals of a size"),
    ('shape = "cylinder"\ndiameter = 30.0\nlength = 30.0', SHELL, "not there for the shape 'cylinder'"),
    ('shape = "octahedron"\nedge_length = 30.0', SHELL, "not there for the shape 'octahedron'"),
]


@pytest.mark.parametrize(("shape", "table", "words"), SHAPES)
def test_refused_for_its_shape(study: SmallStudy, shape: str, table: str, words: str) -> None:
    study.change('shape = "cube"\nedge_length = 30.0', shape).add(table).refused(words, verb="simulate")


@pytest.mark.parametrize("table", [SHELL, LAW])
def test_refused_for_explicit_atoms(study: SmallStudy, table: str) -> None:
    atoms = 'shape = "atoms"\nfile = "four.xyz"\nu_iso = { Ni = 0.01 }'
    study.change('crystal = "x"\nshape = "cube"\nedge_length = 30.0', atoms).add(table)
    study.text = study.text.partition("[crystals.x]")[0] + study.text[study.text.index("[populations") :]
    study.refused(table.partition(".dots.")[2].partition("]")[0], verb="simulate")


def test_a_shell_to_the_middle_is_remarked_on(study: SmallStudy) -> None:
    study.add(SHELL.replace("6.0", "16.0")).write("study.toml", study.text)
    given = read_study(study.folder / "study.toml")
    [remark] = [r for r in given.sample.remarks(given.parameters.initial_values()) if "shell" in r]
    assert "nothing is left of their core" in remark


def test_schema_for_editors_knows_the_tables() -> None:
    definitions = study_schema()["$defs"]
    assert {"alpha", "beta", "u_iso", "occupancy", "argument"} == set(definitions["SizeLawTable"]["properties"])
    assert set(definitions["ExponentialTable"]["required"]) == {"amplitude", "length"}


# ---- found again ----------------------------------------------------------------------------------

LOGNORMAL = 'edge_length = { distribution = "lognormal", mean = 32.0, std = 5.0 }'
COUNTED = 'edge_length = { distribution = "tabulated", lengths = [24, 32, 40], counts = [1, 2, 1], factor = 1.0 }'
FREE = "{{ value = {0}, vary = true }}"
CASES = {
    "mixing": (
        "[crystals.x.substitution.Br]\nelement = \"Cl\"\nfraction = {0}\ncorrelation_length = {1}\n",
        {"crystals.x.substitution.Br.fraction": 0.3, "crystals.x.substitution.Br.correlation_length": 9.0},
        (0.4, 5.0),
    ),
    "shell": (
        "[crystals.x.substitution.Br]\nelement = \"Cl\"\nfraction = 0.2\n\n[populations.dots.shell]\n"
        "thickness = {0}\nsubstitution = {{ Br = {1} }}\n",
        {"populations.dots.shell.thickness": 5.0, "populations.dots.shell.substitution.Br": 0.8},
        (7.0, 0.6),
    ),
    "law": (
        "[populations.dots.size_law]\nalpha = {0}\nu_iso.Br = {{ amplitude = {1}, length = 15.0 }}\n",
        {"populations.dots.size_law.alpha": 0.3, "populations.dots.size_law.u_iso.Br.amplitude": 1.0},
        (0.2, 0.5),
    ),
}  # fmt: skip


def written(case: str, numbers: tuple[str, ...], edge: str, a: str, data: str) -> str:
    """Return a study of a case with these numbers."""
    u_iso = "Cs = 0.03, Pb = 0.0127, Br = 0.025" + (", Cl = 0.03" if case != "law" else "")
    return (
        f'[crystals.x]\nlibrary = "CsPbBr3-alpha"\na = {a}\nu_iso = {{ {u_iso} }}\n\n[populations.dots]\n'
        f'crystal = "x"\nshape = "cube"\n{edge}\n\n[datasets.iq]\ntechnique = "total-scattering"\n'
        f"background_terms = 0\n{data}\n\n" + CASES[case][0].format(*numbers)
    )


def pulls(case: str, seed: int, folder: Path) -> np.ndarray:
    """Return (value − truth)/stderr of the two parameters of a case, cell and size refined beside them."""
    _, truth, start = CASES[case]
    simulated = f'q = "0.6:16:0.01"\nnoise = {{ counts = 1e5, seed = {seed} }}'
    path = folder / "true.toml"
    true_edge = COUNTED if case == "law" else LOGNORMAL
    path.write_text(written(case, tuple(map(str, truth.values())), true_edge, "5.87", simulated), encoding="utf-8")
    columns = list(read_study(path).simulated()["iq"].values())
    np.savetxt(folder / "iq.csv", np.column_stack(columns), delimiter=",", header="q,intensity,sigma", comments="")
    free = [FREE.format(x) for x in start]
    edge = LOGNORMAL.replace("32.0", FREE.format(31.5)).replace("5.0", FREE.format(5.2))
    if case == "law":
        edge = COUNTED.replace("1.0", FREE.format(1.02))
    (folder / "study.toml").write_text(
        written(case, tuple(free), edge, FREE.format(5.872), 'file = "iq.csv"'), encoding="utf-8"
    )
    result = read_study(folder / "study.toml").refine()
    assert result.converged
    found = [result.parameters[a] for a in truth]
    return np.array([(e.value - t) / e.stderr for e, t in zip(found, truth.values(), strict=True)])  # type: ignore[operator]


@pytest.mark.parametrize("case", CASES)
def test_synthetic_data_give_back_what_they_were_made_of(case: str, tmp_path: Path) -> None:
    assert np.abs(pulls(case, 1, tmp_path)).max() < 3.5


@pytest.mark.campaign
@pytest.mark.parametrize("case", CASES)
def test_errors_are_honest(case: str, tmp_path: Path) -> None:
    """Twenty-five seeds: the pulls of each parameter have mean 0 and standard deviation 1."""
    found = np.array([pulls(case, seed, tmp_path) for seed in range(25)])
    assert np.abs(found.mean(axis=0)).max() < 4.0 / 5.0
    assert (found.std(axis=0) > 0.6).all()
    assert (found.std(axis=0) < 1.5).all()


# ---- the page on all this ---------------------------------------------------------------------------

PAGE = DOCS / "disorder.md"
BLOCKS = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_studies_of_the_page_run(number: int, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(BLOCKS[number], encoding="utf-8")
    simulated = read_study(tmp_path / "study.toml").simulated()
    assert simulated
    numbers = [np.asarray(c) for columns in simulated.values() for c in columns.values()]
    assert all(np.isfinite(c).all() for c in numbers if c.dtype.kind == "f")
