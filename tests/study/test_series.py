"""[series] of a study: which members there are, what they start from, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from nanocrystal.errors import InputError
from nanocrystal.study.series import read_series
from nanocrystal.study.series.files import files_of_pattern
from support.series_members import SERIES, SmallSeries


@pytest.fixture
def small(tmp_path: Path) -> SmallSeries:
    return SmallSeries(tmp_path)


def read(small: SmallSeries):  # type: ignore[no-untyped-def]
    return read_series(small.write("study.toml", small.text).folder / "study.toml")


# ---- files by pattern -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "names", "places"),
    [
        ("x_{value}K.gr", ["x_150K.gr", "x_7.5K.gr", "y_1K.gr"], {(150.0, ""), (7.5, "")}),
        ("{value}.dat", ["-3.dat", "1e2.dat"], {(-3.0, ""), (100.0, "")}),
        ("x_{value}_{branch}.gr", ["x_1_up.gr", "x_1_down.gr"], {(1.0, "up"), (1.0, "down")}),
        ("{branch}/p(1)_{value}.gr", ["up/p(1)_2.gr", "down/p(1)_2.gr", "up/p1_3.gr"], {(2.0, "up"), (2.0, "down")}),
    ],
)
def test_values_are_read_from_file_names(
    tmp_path: Path, pattern: str, names: list[str], places: set[tuple[float, str]]
) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    found = files_of_pattern(pattern, tmp_path, "here")
    assert set(found) == places
    assert all((tmp_path / file).is_file() for file in found.values())


def test_a_pattern_in_a_package_that_finds_nothing() -> None:
    with pytest.raises(InputError, match="no file has a name such as"):
        files_of_pattern("package:nanocrystal/x_{value}.gr", Path(), "here")
    with pytest.raises(InputError, match="is not installed"):
        files_of_pattern("package:no_such_package/x_{value}.gr", Path(), "here")


def test_members_are_named_after_the_variable_and_ordered(small: SmallSeries) -> None:
    series = read(small)
    assert [(m.name, m.value) for m in series.members] == [("T100", 100.0), ("T200", 200.0), ("T300", 300.0)]
    assert series.members[0].content["datasets"]["pdf"]["file"] == "ni_100K.gr"
    series = read(small.add('order = "descending"'))
    assert [m.value for m in series.members] == [300.0, 200.0, 100.0]
    assert [len(chain) for chain in series.chains] == [3]


def test_members_by_name_take_files_of_the_pattern_and_lay_their_own_over(small: SmallSeries) -> None:
    small.add("[series.members.warm]\nvalue = 200\ncrystals.ni.a.value = 3.53\nrefine.starts = 2")
    series = read(small)
    assert [m.name for m in series.members] == ["T100", "warm", "T300"]
    [study] = series.studies(series.members[1]).values()
    assert study.parameters["crystals.ni.a"].parameter.value == 3.53
    assert study.options.starts == 2
    [other] = series.studies(series.members[0]).values()
    assert other.parameters["crystals.ni.a"].parameter.value == 3.51


def test_branches_are_chains_each_in_its_own_direction(small: SmallSeries) -> None:
    small.change('"ni_{value}K.gr"', '"{branch}_{value}K.gr"').add('orders = { cooling = "descending" }')
    for branch in ("heating", "cooling"):
        for value in (100, 200):
            small.write(f"{branch}_{value}K.gr", (small.folder / f"ni_{value}K.gr").read_bytes())
    for path in small.folder.glob("ni_*.gr"):
        path.unlink()
    chains = [[(m.branch, m.value) for m in chain] for chain in read(small).chains]
    assert chains == [[("cooling", 200.0), ("cooling", 100.0)], [("heating", 100.0), ("heating", 200.0)]]
    independent = read(small.change("[series]", '[series]\nmode = "independent"'))
    assert [len(chain) for chain in independent.chains] == [1, 1, 1, 1]


def test_the_same_value_on_two_branches_by_name(small: SmallSeries) -> None:
    small.text = small.text.replace('files = { pdf = "ni_{value}K.gr" }\n', "")
    for name, branch in (("up", "heating"), ("down", "cooling")):
        small.add(f'[series.members.{name}]\nvalue = 200\nbranch = "{branch}"\nfiles = {{ pdf = "ni_200K.gr" }}')
    assert [(m.name, m.branch) for m in read(small).members] == [("up", "heating"), ("down", "cooling")]


def test_some_values_of_a_pattern(small: SmallSeries) -> None:
    assert [m.value for m in read(small.add("values = [100, 300]")).members] == [100.0, 300.0]


# ---- wrong input ----------------------------------------------------------------------------------

WRONG = {
    "no series": ("", ["has no table [series]", "nanocrystal refine study.toml"]),
    "no variable": ("[series]\nunit = 'K'", ["series.variable: is missing"]),
    "unknown key": (SERIES + "mod = 1", ["series.mod: unknown key", "did you mean 'mode'"]),
    "unknown mode": (SERIES + 'mode = "parallel"', ["series.mode", "'sequential', 'independent' or 'shared'"]),
    "one member": (SERIES + "values = [100]", ["series: has 1 member"]),
    "missing member": (SERIES + "values = [100, 150]", ["series.values: names 150", "the nearest are 100, 200"]),
    "twice in values": (SERIES + "values = [100, 100]", ["series.values: names 100 twice"]),
    "no file fits": (SERIES.replace("ni_", "nickel_"), ["series.files.pdf: no file has a name such as"]),
    "no placeholder": (SERIES.replace("{value}", "100"), ["series.files.pdf: must have {value} once"]),
    "other placeholder": (SERIES.replace("{value}", "{t}"), ["series.files.pdf: has {t}"]),
    "value not a number": (
        SERIES + '[series.members.hot]\nvalue = "300"', ["series.members.hot.value: must be a number",
                                                        "leave out the quotation marks"]),
    "value not finite": (SERIES + "[series.members.hot]\nvalue = nan", ["members.hot.value: must be a finite number"]),
    "duplicate": (
        SERIES + "[series.members.one]\nvalue = 200\n[series.members.two]\nvalue = 200.0",
        ["series.members.two.value: the value 200 is that of one, too", 'branch = "heating"']),
    "names": (
        SERIES + '[series.members.t100]\nvalue = 400\nfiles = { pdf = "ni_300K.gr" }',
        ["series.members.T100: and 't100' would be one file on Windows and on the Mac"]),
    "no file of a member": (SERIES + "[series.members.hot]\nvalue = 400", ["the member hot has no file of pdf"]),
    "file not there": (
        SERIES + '[series.members.hot]\nvalue = 50\nfiles = { pdf = "hot.gr" }',
        ["series.members.hot.files.pdf: there is no file 'hot.gr'"]),
    "unknown data set": (
        SERIES + "[series.members.hot]\nvalue = 300\nfiles = { pfd = 'x.gr' }",
        ["hot.files.pfd", "did you mean 'pdf'"]),
    "other technique": (
        SERIES + '[series.members.hot]\nvalue = 300\ndatasets.pdf.technique = "saxs"',
        ["series.members.hot.datasets: has the data sets pdf (saxs), but T100 has pdf (pdf)", "same techniques"]),
    "further data set": (
        SERIES + '[series.members.hot]\nvalue = 300\ndatasets.more = { technique = "saxs", file = "x.dat" }',
        ["pdf (pdf), more (saxs)", "same techniques"]),
    "override": (
        SERIES + "[series.members.hot]\nvalue = 300\ncrystals.ni.uiso = 1",
        ["crystals.ni.uiso, member hot: unknown key", "did you mean 'u_iso'"]),
    "drop": (
        SERIES + '[series.members.hot]\nvalue = 300\ndrop = ["crystals.in"]',
        ["series.members.hot.drop: there is no 'crystals.in'"]),
    "branch of orders": (SERIES + 'orders = { heating = "ascending" }', ["series.orders.heating: is no branch"]),
    "shared without mode": (SERIES + 'shared = ["crystals.ni.a"]', ["series.shared: belongs to mode"]),
    "mode without shared": (SERIES + 'mode = "shared"', ["series.shared: is missing"]),
    "shared unknown": (
        SERIES + 'mode = "shared"\nshared = ["crystals.ni.b"]',
        ["series.shared: names 'crystals.ni.b', which is no refined parameter", "crystals.ni.a"]),
    "expression": (
        SERIES + '[series.order_parameter]\nexpression = "crystals.ni.a +"',
        ["order_parameter.expression: the expression", "not an arithmetic expression"]),
    "address of the expression": (
        SERIES + '[series.order_parameter]\nexpression = "crystals.ni.A"',
        ["order_parameter.expression: names 'crystals.ni.A'", "did you mean 'crystals.ni.a'"]),
    "candidate of the expression": (
        SERIES + '[series.order_parameter]\nexpression = "crystals.ni.a"\ncandidate = "fcc"',
        ["order_parameter.candidate: there is no 'fcc'"]),
    "wrong in every member": (
        SERIES.replace("[series]", "[datasets.pdf.x]\n[series]"), ["datasets.pdf.x: unknown key"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_series_are_refused(small: SmallSeries, case: str) -> None:
    text, words = WRONG[case]
    small.text = small.text.replace(SERIES, text)
    small.refused("study.toml", *words, verb="series")


def test_a_name_that_is_no_number_is_refused(small: SmallSeries) -> None:
    small.write("ni_roomK.gr", "").refused(
        "study.toml, line 22: series.files.pdf: 'ni_roomK.gr' has 'room'", "not a number", verb="series"
    )


def test_two_files_of_one_value_are_refused(small: SmallSeries) -> None:
    small.write("ni_100.0K.gr", "").refused("two files of one value", "'ni_100.0K.gr' and 'ni_100K.gr'", verb="series")


def test_one_data_set_without_a_file_is_refused(small: SmallSeries) -> None:
    small.change("[series]", '[datasets.more]\ntechnique = "pdf"\n[series]')
    small.change('"ni_{value}K.gr" }', '"ni_{value}K.gr", more = "more_{value}.gr" }').write("more_100.gr", "")
    small.refused("series.files.more: has no file of the value 200", verb="series")


def test_data_that_cannot_be_read_are_refused_before_anything_is_refined(small: SmallSeries) -> None:
    small.write("ni_100K.gr", "nothing\n").refused("datasets.pdf", verb="series")


@pytest.mark.parametrize("verb", ["refine", "compare", "simulate"])
def test_other_verbs_name_the_one_for_series(small: SmallSeries, verb: str) -> None:
    small.refused("is a series", "nanocrystal series study.toml", verb=verb)


def test_workers_must_be_positive(small: SmallSeries) -> None:
    said = small.series("--workers", "0")
    assert said.exit_code == 2
    assert "--workers" in said.stderr
