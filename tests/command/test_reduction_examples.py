"""The examples of a reduction return what went in or is documented, and the page on it says what the code has."""

from __future__ import annotations

import re
import tomllib

import pytest
from pydantic import TypeAdapter

from nanocrystal.reduction import AtomicComposition
from nanocrystal.reduction.transform import d_over_g
from nanocrystal.study import read_study
from nanocrystal.study.reduction import read_reductions
from nanocrystal.study.reduction.schema import ReductionTable
from support.measured import measured
from support.paths import ROOT

PAGE = (ROOT / "docs" / "reduction.md").read_text(encoding="utf-8")


@pytest.mark.campaign
def test_cubes_before_and_after_a_shell() -> None:
    """True: no strain, no crystalline oxide, edges 50 ± 4 Å, a of the library, 5 counts an electron unit."""
    path = ROOT / "examples" / "reduction_pbs.toml"
    result = read_reductions(path).run()
    comparison = result.comparisons["shelled", "native"]
    assert not comparison.differs
    assert comparison.strain.limit < 1e-4
    assert comparison.parts[0].limit < 0.003
    assert 1.0 / result.reductions["native"].structure.constants["scale"].value == pytest.approx(5.0, rel=0.01)
    slope = next(c for c in result.reductions["native"].checks if c.name == "slope")
    assert slope.sigma is not None
    assert slope.expected is not None
    assert abs(slope.found - slope.expected) < 3.0 * slope.sigma
    fitted = read_study(path).refine()
    assert fitted.parameters["crystals.pbs.a"].value == pytest.approx(5.9362, abs=0.0004)
    assert fitted.parameters["populations.cubes.edge_length"].value == pytest.approx(
        50.9, abs=0.3
    )  # of one size: larger
    assert fitted.datasets["iq"].gof == pytest.approx(1.0, abs=0.1)


def test_nickel_from_intensities() -> None:
    """PDFgui: a = 3.52392(16) Å, from the G(r) that the authors made of these intensities."""
    measured("pdf/pdfttp_ch05Fit2Phase/ni.iq")
    pytest.importorskip("diffpy.cmi", reason="the data come with the extra: examples")
    result = read_study(ROOT / "examples" / "reduction_nickel.toml").refine()
    assert result.converged
    assert result.parameters["crystals.ni.a"].value == pytest.approx(3.52392, abs=0.0005)
    assert result.datasets["pdf"].rw < 0.09


# ---- the page -----------------------------------------------------------------------------------------


def test_page_names_every_key() -> None:
    keys = PAGE.partition("## Keys")[2]
    missing = [key for key in ReductionTable.model_fields if f"`{key}`" not in keys]
    assert not missing
    assert all(field.description for field in ReductionTable.model_fields.values())


def test_blocks_of_the_page_are_reductions() -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        TypeAdapter(dict[str, ReductionTable]).validate_python(tomllib.loads(block)["reduction"])


def test_constant_of_d_that_the_page_names() -> None:
    assert f"{d_over_g(AtomicComposition.from_formula('CsPbI3'), 'mean-square'):.2f}" == "0.96"
