"""What is not ours is never replaced, whatever things are called; what is ours is known again."""

from __future__ import annotations

from dataclasses import replace

import pytest

import nanocrystal as nc
from nanocrystal.errors import InputError
from nanocrystal.report.files import check_beside
from support.report_example import example, platinum_pdf


@pytest.mark.parametrize("name", ["../evil", "../../evil", "/tmp/evil", "a/../../evil"])
def test_names_do_not_leave_the_folder(tmp_path, name):
    result = replace(example(), datasets={name: platinum_pdf()})
    with pytest.raises(InputError, match=r"and leave the folder; names of data sets"):
        result.save(tmp_path / "in" / "out")
    assert list(tmp_path.rglob("*evil*")) == []


def test_a_file_of_an_earlier_run_is_ours_even_after_one_that_did_not_write_it(tmp_path):
    folder = tmp_path / "out"
    first = replace(example(), datasets={"pdf": platinum_pdf()})
    first.save(folder)
    replace(example(), datasets={"saxs": platinum_pdf()}).save(folder)
    first.save(folder)
    assert nc.read_result(folder) == first


def test_a_page_beside_a_table_is_replaced_only_where_it_is_ours(tmp_path):
    page = example().page()
    (tmp_path / "mine.html").write_text("<!DOCTYPE html>\n<html><body>mine</body></html>", encoding="utf-8")
    with pytest.raises(InputError, match=r"would replace '.*mine\.html', which this command did not write"):
        check_beside(tmp_path / "mine.html", page)
    (tmp_path / "ours.html").write_text(page, encoding="utf-8")
    check_beside(tmp_path / "ours.html", page)
    check_beside(tmp_path / "new.html", page)
    (tmp_path / "t.csv").write_text("trace,height\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="did not write"):
        check_beside(tmp_path / "t.csv", "trace,integral,sigma\n")


@pytest.mark.parametrize(("key", "value"), [("kind", "plan"), ("kind", None), ("schema", "2"), ("schema", 1)])
def test_a_record_of_another_kind_is_refused(tmp_path, key, value):
    import json

    example().save(tmp_path / "out")
    record = tmp_path / "out" / "results.json"
    document = json.loads(record.read_text(encoding="utf-8")) | {key: value}
    record.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"should be of schema 2 and kind 'refinement', got"):
        nc.read_result(tmp_path / "out")


def test_a_result_knows_its_addresses():
    result = example()
    assert "crystals.pt.a" in result
    assert "crystals.pt.b" not in result
    assert list(result) == [*result.parameters, *result.derived]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: nc.Pdf(r="1:5:0.1", qmax=20.0, peak_form="pdfgi"),
            "Pdf.peak_form: must be 'debye' or 'pdfgui', got 'pdfgi'; did you mean",
        ),
        (lambda: nc.Options(loss="hub"), "Options.loss: must be 'linear',"),
        (lambda: nc.Options(error_scale="foo"), "Options.error_scale: must be 'estimated' or 'given', got 'foo'"),
        (lambda: nc.Population(nc.Sphere(40.0), "pt"), "Population: needs a crystal or its name and a shape"),
        (lambda: nc.Population("pt", shape="sphere"), "Population: needs a crystal or its name and a shape"),
        (lambda: nc.compare([1, 2], nc.Pdf(r="1:5:0.1", qmax=20.0)), "models: must be models by name, such as"),
        (lambda: nc.Population("pt", shape=nc.Sphere), "Population: needs a crystal or its name and a shape"),
    ],
)
def test_words_and_things_are_checked_when_they_are_given(make, said):
    with pytest.raises(InputError) as error:
        make()
    assert str(error.value).startswith(said)
