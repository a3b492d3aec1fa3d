"""Ties: their values against Python's own arithmetic, their uncertainties against the covariance."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.parameters import Parameter, ParameterSet, Quantity, fixed, parse_expression, tied, vary
from support.small_study import SmallStudy, noisy_rows

VALUES = {"crystals.x.a": 3.5, "p.q": -2.0, "c": 0.25}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2.0),
        ("crystals.x.a", 3.5),
        ("-crystals.x.a + 1", -2.5),
        ("2 * crystals.x.a / sqrt(c)", 14.0),
        ("crystals.x.a ** 2 - p.q", 14.25),
        ("2 ** 3 ** 2", 512.0),
        ("-2 ** 2", -4.0),
        ("(1 - c) * (1 + c)", 0.9375),
        ("exp(log(c))", 0.25),
        ("sin(c) ** 2 + cos(c) ** 2", 1.0),
        ("7 / 2", 3.5),
        ("1\n + 2", 3.0),
    ],
)
def test_value_of_a_tie(text: str, value: float) -> None:
    assert parse_expression(text, "here").value(VALUES, "here") == pytest.approx(value, rel=1e-14)


def test_addresses_of_a_tie_in_order() -> None:
    assert parse_expression("p.q + sqrt(crystals.x.a) * p.q", "here").addresses == ("p.q", "crystals.x.a")


@pytest.mark.parametrize("text", ["9**9**9**9", "9**9**9**9**9", "10**(10**10)", "2.0**(1e300)"])
def test_huge_power_does_not_hang(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(InputError, match=r"^here: the tie .* has no value here: a number grows too large\.$"):
        parse_expression(text, "here").value({}, "here")
    assert time.perf_counter() - started < 1.0


@pytest.mark.parametrize("text", ["__import__('os')", "open('x')", "a.b()", "().__class__", "lambda: 1", "{a}", "*a"])
def test_nothing_is_called(text: str) -> None:
    with pytest.raises(InputError, match=r"^here: the tie "):
        parse_expression(text, "here")


LENGTH = Quantity("length", "Å", "a length", minimum=0.0, maximum=100.0, open_minimum=True)


def test_chain_of_ties_in_any_order() -> None:
    parameters = ParameterSet({"c": (LENGTH, tied("b + a")), "b": (LENGTH, tied("2 * a")), "a": (LENGTH, vary(3.0))})
    assert parameters.initial_values() == {"a": 3.0, "b": 6.0, "c": 9.0}
    assert parameters.values({"a": 1.5}) == {"a": 1.5, "b": 3.0, "c": 4.5}
    assert parameters.depends_on("c") == {"a"}
    assert [d.address for d in parameters.varied] == ["a"]


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        (fixed(-1.0), "p: must be a number above 0 and at most 100 Å, got -1."),
        (Parameter(math.nan), "p: must be a number above 0 and at most 100 Å, got nan."),
        (vary(5.0, min=6.0), "p: the value 5 is below its min, 6; start within the bounds."),
        (vary(5.0, max=4.0), "p: the value 5 is above its max, 4; start within the bounds."),
        (vary(5.0, min=6.0, max=4.0), "p: min must be below max, got min = 6 and max = 4."),
        (vary(5.0, max=1000.0), "p.max: must be a number above 0 and at most 100 Å, got 1000."),
        (Parameter(5.0, vary=True, min=math.nan), "p.min: must be a number, got nan."),
        (tied("p"), "p: the ties run in a circle: p -> p. Let one of them be a number."),
        (
            tied("200"),
            "p: the tie '200' starts outside the limits: it must be a number above 0 and at most 100 Å, got 200.",
        ),
    ],
)
def test_wrong_parameter(parameter: Parameter, message: str) -> None:
    with pytest.raises(InputError) as raised:
        ParameterSet({"p": (LENGTH, parameter)})
    assert str(raised.value) == message


def test_a_bound_at_the_hard_limit_is_allowed() -> None:
    assert ParameterSet({"p": (LENGTH, vary(5.0, min=0.0, max=100.0))}).varied[0].parameter.min == 0.0


def test_tie_to_an_eliminated_parameter() -> None:
    with pytest.raises(InputError, match=r"^p: the tie names 'd\.scale', which is left to the fit .*value = 1\.0"):
        ParameterSet({"p": (LENGTH, tied("d.scale")), "d.scale": (LENGTH, Parameter(None, linear=True))})


def test_refined_tie_and_its_uncertainty(tmp_path: Path) -> None:
    """qdamp = 0.001 D + u/0.3 is 0.04 for the true sample; its σ² is gᵀ C g with the covariance of D and u."""
    small = SmallStudy(tmp_path).write("ni.gr", "\n".join(noisy_rows()))
    tie = "0.001 * populations.dots.diameter + crystals.ni.u_iso.Ni / 0.3"
    said = small.change("qdamp = 0.04", f'qdamp = {{ tie = "{tie}" }}').refine("--quiet")
    assert said.exit_code == 0, said
    results = json.loads((tmp_path / "study" / "results.json").read_text(encoding="utf-8"))
    refined = results["parameters"]
    d, u = (refined[a] for a in ("populations.dots.diameter", "crystals.ni.u_iso.Ni"))
    qdamp = refined["datasets.pdf.qdamp"]
    assert qdamp["status"] == "tied"
    assert qdamp["value"] == pytest.approx(0.001 * d["value"] + u["value"] / 0.3, rel=1e-12)
    assert abs(qdamp["value"] - 0.04) < 5.0 * qdamp["stderr_scaled"]
    names, matrix = results["correlations"]["names"], np.array(results["correlations"]["matrix"])
    correlation = matrix[names.index("populations.dots.diameter"), names.index("crystals.ni.u_iso.Ni")]
    gradient, spread = np.array([0.001, 1.0 / 0.3]), np.array([d["stderr"], u["stderr"]])
    covariance = np.outer(spread, spread) * np.array([[1.0, correlation], [correlation, 1.0]])
    assert qdamp["stderr"] == pytest.approx(math.sqrt(gradient @ covariance @ gradient), rel=1e-3)


def test_nonlinear_tie_of_one_parameter(tmp_path: Path) -> None:
    """qdamp = 0.0001 D² : its σ is 0.0002 D σ(D)."""
    small = SmallStudy(tmp_path).write("ni.gr", "\n".join(noisy_rows()))
    small.change("qdamp = 0.04", 'qdamp = { tie = "0.0001 * populations.dots.diameter ** 2" }')
    assert small.refine("--quiet").exit_code == 0
    refined = json.loads((tmp_path / "study" / "results.json").read_text(encoding="utf-8"))["parameters"]
    d, qdamp = refined["populations.dots.diameter"], refined["datasets.pdf.qdamp"]
    assert qdamp["value"] == pytest.approx(1e-4 * d["value"] ** 2, rel=1e-12)
    assert qdamp["stderr"] == pytest.approx(2e-4 * d["value"] * d["stderr"], rel=1e-4)
