"""Posteriors come back from their folders to the last bit, with the keys of version 0.1."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.arrays import without_arrays
from nanocrystal.report.encoding import schema_of
from nanocrystal.report.posterior.result import Posterior
from support.paths import REFERENCES
from support.posterior_example import KEPT, ODD, WALKERS, A, example
from support.report_example import CLOSING, HOSTILE
from support.report_example import example as refinement

OLD = REFERENCES / "0.1" / "posterior_nickel"


def document_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "posterior.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    example().save(tmp_path / "out", "title = 'as run'\n")
    return tmp_path / "out"


def test_a_posterior_comes_back_equal(saved: Path) -> None:
    """Samples to the last bit, and the whole refinement with its curves and models."""
    again = nc.read_result(saved)
    assert again == example()
    assert again.samples.tobytes() == example().samples.tobytes()
    assert again.log_density.tobytes() == example().log_density.tobytes()
    assert again.fit == example().fit
    assert again.fit.datasets["pdf"].observed.tobytes() == refinement().datasets["pdf"].observed.tobytes()
    assert again.fit.structures == refinement().structures


def test_the_schema_says_what_the_document_holds() -> None:
    document, schema = example().document(), schema_of(Posterior)
    assert set(schema["properties"]) == set(document) - {"schema", "kind", "not_finite"}
    assert set(schema["$defs"]["Marginal"]["properties"]) == set(document["parameters"][A])
    assert set(schema["$defs"]["SamplingRecord"]["properties"]) == set(document["sampling"])


def test_posteriors_that_differ_anywhere_are_not_equal() -> None:
    assert replace(example(), samples=example().samples * (1.0 + 1e-15)) != example()
    assert replace(example(), refinement=replace(refinement(), title="another")) != example()


def test_keys_are_those_of_version_0_1(saved: Path) -> None:
    """Every key of the document that 0.1 wrote, at its place; the refinement as its own record has it."""
    told, document = document_of(OLD), document_of(saved)
    assert (document["schema"], document["kind"]) == (2, "posterior")
    assert set(told) <= set(document)
    assert set(told["sampling"]) <= set(document["sampling"])
    old, new = told["parameters"]["crystals.ni.a"], document["parameters"][A]
    assert set(old) <= set(new)
    assert set(old["least_squares"]) == set(new["least_squares"])
    assert set(told["refinement"]) <= set(document["refinement"])
    assert document["refinement"]["kind"] == "refinement"
    assert set(document["files"]) == {p.name for p in saved.iterdir()}
    assert "samples" not in without_arrays(document)


def test_what_version_0_1_called_otherwise_is_there_still() -> None:
    posterior, m = example(), example().marginals[A]
    assert (m.value, m.stderr, m.stderr_scaled, m.status) == (3.925, 0.009, 0.018, "free")
    assert (m.autocorrelation, m.n_draws, m.ratio) == (2.5, 9.6, 1.004)
    assert posterior.stderr(A) == 0.018  # the scaled one is that for the noise that was taken
    assert (posterior.n_steps, posterior.n_discarded, posterior.n_evaluations) == (8, 2, 32)
    assert (posterior.seed, posterior.acceptance, posterior.factor) == (7, 0.5, 1.0)
    assert list(posterior.names) == [A, ODD]
    assert posterior.draws.shape == (KEPT * WALKERS, 2)
    assert posterior.of(ODD).tolist() == posterior.samples[:, :, 1].ravel().tolist()


def test_the_chain_is_a_table(saved: Path) -> None:
    with (saved / "chain.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == KEPT * WALKERS
    assert [row["step"] for row in rows[::WALKERS]] == ["2", "3", "4", "5", "6", "7"]
    assert [row["ensemble"] for row in rows[:WALKERS]] == ["0", "0", "1", "1"]
    assert np.array([float(row[ODD]) for row in rows]) == pytest.approx(example().of(ODD), rel=1e-7)


def test_what_the_terminal_prints() -> None:
    width = len(ODD)
    assert example().summary().splitlines() == [
        f"Sampled {HOSTILE}: interrupted, 8 steps of 4 walkers, 10 or more independent draws, NOT long enough, "
        "in 12.5 s",
        f"  {A:{width}s}  3.920 +0.020 −0.010 Å  (refined: 3.925(18))",
        f"  {ODD:{width}s}  below 1.2000 (95 %) Å  (refined: 0)",
        f"  ! interrupted {CLOSING}.",
    ]


def test_names_appear_on_the_page_as_text() -> None:
    page = example().page()
    assert HOSTILE not in page
    assert CLOSING not in page
    assert "Interrupted. The chain is too short: all intervals are provisional." in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_posterior_of_0_1_is_read() -> None:
    """Every number of its document, and the samples as its chain rounds them: its medians follow from them."""
    told, posterior = document_of(OLD), nc.read_result(OLD)
    assert isinstance(posterior, Posterior)
    document = json.loads(json.dumps(posterior.recorded(), allow_nan=False))
    for key in ("title", "version", "converged", "interrupted", "elapsed_s", "best", "notes"):
        assert document[key] == told[key]
    assert {k: document["sampling"][k] for k in told["sampling"]} == told["sampling"]
    for address, one in told["parameters"].items():
        assert {k: document["parameters"][address][k] for k in one} == one
        assert np.median(posterior.of(address)) == pytest.approx(one["median"], rel=1e-6)
    assert posterior.samples.shape == (18, 16, 4)
    assert posterior.ensemble.tolist() == [0] * 8 + [1] * 8
    assert posterior.fit.parameters["crystals.ni.a"].value == told["refinement"]["parameters"]["crystals.ni.a"]["value"]
    assert not posterior.errors_scaled
    assert "NOT long enough" in posterior.summary()


def test_a_posterior_of_0_1_is_saved_as_one_of_today(tmp_path: Path) -> None:
    old = nc.read_result(OLD)
    old.save(tmp_path / "new")
    assert nc.read_result(tmp_path / "new") == old


def test_a_chain_that_is_gone_is_named(tmp_path: Path) -> None:
    (tmp_path / "posterior.json").write_bytes((OLD / "posterior.json").read_bytes())
    with pytest.raises(nc.InputError, match=r"chain\.csv', which is not there any more"):
        nc.read_result(tmp_path)
