"""What every technique promises, for each in the list of techniques: a new one is tested without being named here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanocrystal
from nanocrystal.errors import InputError
from nanocrystal.measurement import CurveTechnique
from nanocrystal.study import schema
from nanocrystal.techniques import TECHNIQUES
from support.richardson import errors_of_derivatives, exact_addresses_of
from support.round_trip import check
from support.technique_studies import (
    DATASET,
    FILE,
    STUDIES,
    TypicalStudy,
    changed,
    everything_free,
    study_of,
    write_rows,
)

EVERY = pytest.mark.parametrize("name", TECHNIQUES)
WAYS = [(name, way) for name in TECHNIQUES for way in range(len(STUDIES[name].ways) if name in STUDIES else 1)]
OF_FILES = [name for name in TECHNIQUES if name in STUDIES and STUDIES[name].x is not None]
HERE = f"datasets.{DATASET}"


def typical(name: str) -> TypicalStudy:
    """Return the typical study of a technique, without which nothing can be said of it."""
    if name not in STUDIES:
        pytest.fail(
            f"{name} has no typical study: add one to STUDIES in tests/support/technique_studies.py, a small sample "
            "and data set as TOML that state every number of the technique, and the points at which its data are made."
        )
    return STUDIES[name]


def test_a_technique_without_a_typical_study_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="new has no typical study: add one to STUDIES in tests/support"):
        typical("new")
    assert set(STUDIES) <= set(TECHNIQUES)


@EVERY
def test_it_is_public(name: str) -> None:
    public = TECHNIQUES[name].__name__
    assert public in nanocrystal.__all__
    assert getattr(nanocrystal, public) is TECHNIQUES[name]


@EVERY
def test_typical_studies_state_every_number(name: str, tmp_path: Path) -> None:
    """So that none is left out of what follows."""
    quantities, fixed, moved = set(TECHNIQUES[name].quantities), set(), set()
    for way in range(len(typical(name).ways)):
        typical(name).write_data(tmp_path, way)
        study = study_of(typical(name).content(way), tmp_path)
        free = everything_free(study, typical(name).content(way)).free
        addresses = {d.address.removeprefix(f"{HERE}.") for d in study.parameters if d.address.startswith(HERE)}
        ways_moved = {d.address.removeprefix(f"{HERE}.") for d in (*free, *study.parameters.eliminated)}
        fixed |= addresses - ways_moved
        moved |= ways_moved
    assert quantities - moved == set(), "state them in one of the ways of the typical study"
    assert fixed - moved == set(), "state them in one of the ways of the typical study"


# ---- there and back ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_it_is_written_as_it_was_read(name: str, way: int, tmp_path: Path) -> None:
    """TOML to objects to TOML to equal objects, fixed and varied."""
    content = typical(name).content(way)
    check(study_of(content, tmp_path))
    if way == 0:
        varied = {a: {"value": v, "vary": True, "min": v - 0.1 * abs(v)} for a, v in typical(name).start.items()}
        check(study_of(changed(content, varied), tmp_path))


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_derivatives_are_those_of_the_curve(
    name: str, way: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every number that the study states, against Richardson's extrapolation of wide differences."""
    one = typical(name)
    for constant, value in one.uncut.items():
        monkeypatch.setattr(constant, value)
    one.write_data(tmp_path, way)
    problem = everything_free(study_of(one.content(way), tmp_path), one.content(way))
    errors = errors_of_derivatives(problem, DATASET)
    assert max(errors.values()) < one.error, errors
    slopes = problem.derivatives(problem.point(problem.start))[DATASET]
    none = {d.address for d, slope in zip(problem.free, slopes.T, strict=True) if not slope.any()}
    assert not {a for a in none if a.startswith(HERE)}, "have no effect on the data set that declares them"
    if one.exact:
        assert exact_addresses_of(problem, DATASET) == {d.address for d in problem.free}


@EVERY
def test_what_was_put_in_is_found(name: str, tmp_path: Path) -> None:
    """Data without noise, made at the true values, refined from others."""
    one = typical(name)
    one.write_data(tmp_path)
    truth, content = one.true_values(study_of(one.content(), tmp_path)), one.content()
    study = study_of(changed(content, {a: {"value": v, "vary": True} for a, v in one.start.items()}), tmp_path)
    result = study.refine()
    assert result.converged
    refined = {d.address: d.quantity for d in (*study.parameters.varied, *study.parameters.eliminated)}
    assert set(one.start) <= set(refined)
    for address, quantity in refined.items():
        scale = max(quantity.scale, abs(truth[address]) if address not in one.start else 0.0)
        assert abs(result.parameters[address].value - truth[address]) < one.accuracy * scale, address


# ---- wrong input ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spoilt:
    """The study of a technique in a folder, whose file holds counts that are no curve; `refused` says how it ends."""

    name: str
    folder: Path

    @property
    def one(self) -> TypicalStudy:
        return typical(self.name)

    @property
    def columns(self) -> list[np.ndarray]:
        """The columns of a file that can be read: nothing in it but the abscissa is in order, as saw teeth are not."""
        assert self.one.x is not None
        return [self.one.x, *(1.0 + k + np.arange(len(self.one.x)) % 5 for k in range(self.one.curves))]

    @property
    def roles(self) -> list[str]:
        """What the readers call the columns."""
        aliases = TECHNIQUES[self.name].points.aliases
        return [aliases.get(n, n) for n in self.one.columns]

    def rows(self, *columns: np.ndarray) -> list[str]:
        """Write columns to the file and return its rows."""
        write_rows(self.folder / FILE, *columns)
        return (self.folder / FILE).read_text(encoding="utf-8").splitlines()

    def refused(self, key: str, sentence: str, rows: list[str] | None = None, **settings: Any) -> None:
        """Assert that the study with these rows in its file is refused with one sentence on a key."""
        if rows is not None:
            (self.folder / FILE).write_text("\n".join(rows) + "\n", encoding="utf-8")
        content = changed(self.one.content(), {f"{HERE}.{k}": v for k, v in settings.items()})
        with pytest.raises(InputError) as caught:
            study_of(content, self.folder).refine()
        said = str(caught.value).replace(f"{self.folder}/", "")
        assert re.sub(r"^study\.toml, line \d+: ", "", said) == f"{HERE}.{key}: {sentence}"


def listed(*names: str) -> str:
    """Return names as messages write a list of columns."""
    return "[" + ", ".join(f'"{n}"' for n in names) + "]"


@pytest.fixture(params=OF_FILES)
def spoilt(request: pytest.FixtureRequest, tmp_path: Path) -> Spoilt:
    return Spoilt(request.param, tmp_path)


@pytest.fixture(params=[name for name in OF_FILES if issubclass(TECHNIQUES[name], CurveTechnique)])
def curve(request: pytest.FixtureRequest, tmp_path: Path) -> Spoilt:
    """Return that of a technique whose columns are what its curve is made of."""
    return Spoilt(request.param, tmp_path)


def test_a_file_that_is_not_there(spoilt: Spoilt) -> None:
    spoilt.rows(*spoilt.columns)
    spoilt.refused("file", "there is no file e.txt; did you mean 'd.txt'? (valid: d.txt)", file="e.txt")


def test_text_among_the_numbers(spoilt: Spoilt) -> None:
    rows = spoilt.rows(*spoilt.columns)
    before, row, after = rows[4], " ".join([rows[5].split()[0], *["abc"] * spoilt.one.curves]), rows[6]
    spoilt.refused(
        "file",
        f"d.txt, line 6: {row!r} is not a row of numbers but stands below line 5, {before!r}, and above line 7, "
        f"{after!r}; correct or remove it, or begin the lines that are not data with #",
        [*rows[:5], row, *rows[6:]],
    )


def test_no_number_among_the_numbers(spoilt: Spoilt) -> None:
    rows = spoilt.rows(*spoilt.columns)
    for what in ("nan", "inf"):
        row = " ".join([rows[5].split()[0], *[what] * spoilt.one.curves])
        sentence = f"d.txt, line 6: {row!r} holds a missing, infinite or not-a-number value; remove the row, or "
        sentence += "leave it out with a range or exclude"
        spoilt.refused("file", sentence, [*rows[:5], row, *rows[6:]])


def test_too_few_points(spoilt: Spoilt) -> None:
    rows, fewest = spoilt.rows(*spoilt.columns), TECHNIQUES[spoilt.name].points.fewest
    spoilt.refused("file", f"d.txt has 3 points; at least {fewest} are needed.", rows[:3])


def test_a_range_without_a_point(spoilt: Spoilt) -> None:
    x = spoilt.columns[0]
    spoilt.rows(*spoilt.columns)
    key = TECHNIQUES[spoilt.name].points.abscissae[0].range_key
    name = key.removesuffix("_range")
    low, high = float(x[10] + 0.25 * (x[11] - x[10])), float(x[10] + 0.75 * (x[11] - x[10]))
    spoilt.refused(
        key,
        f"the range of {name} from {low:g} to {high:g} holds no point; d.txt has {name} from {x[0]:g} to {x[-1]:g} in "
        f"{len(x)} points",
        **{key: [low, high]},
    )


def test_a_sigma_below_zero(curve: Spoilt) -> None:
    sigma = np.full(len(curve.columns[0]), 0.5)
    sigma[[4, 7]] = -0.125
    rows = curve.rows(*curve.columns, sigma)
    curve.refused(
        "file",
        "d.txt, line 5: sigma must be positive, 2 values are negative, the first is -0.125; correct it, or ignore it "
        f"with columns = {listed(*curve.roles, 'ignore')}",
        rows,
        columns=[*curve.one.columns, "sigma"],
    )


def test_columns_that_are_swapped(curve: Spoilt) -> None:
    (x, y), (abscissa, ordinate) = curve.columns, curve.roles
    rows = curve.rows(y, x)
    curve.refused(
        "file",
        f"d.txt: the column read as {abscissa} is not in order, but the one read as {ordinate} is: they seem to be "
        f"swapped; say columns = {listed(ordinate, abscissa)}.",
        rows,
    )


@EVERY
def test_a_key_that_does_not_exist(name: str, tmp_path: Path) -> None:
    """Each key of the technique with its last letter twice, and those of the tables that its study holds."""
    given = typical(name).content()["datasets"][DATASET]
    keys = set(schema.dataset_tables()[name].model_fields)
    misspelt = {f"{key}{key[-1]}": key for key in keys}
    parts = {f"{k}.{n}": part for k, v in given.items() if isinstance(v, dict) for n, part in v.items()}
    misspelt |= {f"{at}.{k}{k[-1]}": k for at, part in parts.items() if isinstance(part, dict) for k in part}
    assert len(keys) >= 3
    for address, key in misspelt.items():
        with pytest.raises(InputError) as caught:
            study_of(changed(typical(name).content(), {f"{HERE}.{address}": 1.0}), tmp_path)
        said = str(caught.value)
        assert f"{HERE}.{address}: unknown key; did you mean" in said, said
        assert repr(key) in said.partition("(valid: ")[0] or len(key) < 3, said
