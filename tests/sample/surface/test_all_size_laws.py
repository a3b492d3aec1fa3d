"""What each law of size does to a crystal, by hand: the cell, and the factors on displacements and occupancies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nanocrystal.parameters import Values
from nanocrystal.sample import Crystal, Exponential, SizeLaw
from nanocrystal.sample.crystal.cif import parse_cif
from support.modelling import start
from support.structures import CUBIC, GAMMA_CSPBBR3

SIZES = (12.0, 40.0, 1e6)
U_ISO = {"Pb": 0.0127, "Cs": 0.03, "Br": 0.025}


def of_size(law: SizeLaw, d: float, text: str = CUBIC) -> tuple[Any, Any]:
    """Return the numbers of a crystal as it stands, and of one of size D (Å), by their local names."""
    source = Crystal(parse_cif(text, "test.cif"), {}, U_ISO)
    values = {f"law.{k}": float(p.value or 0.0) for k, (_, p) in law.declared().items()}
    crystal = source.at(start(source))
    return crystal.here, law.at(Values(values).under("law")).crystal_of_size(d, crystal).here


@pytest.mark.parametrize("d", SIZES)
@pytest.mark.parametrize("text", [CUBIC, GAMMA_CSPBBR3])
@pytest.mark.parametrize(("alpha", "beta"), [(0.6, None), (None, -0.01), (-0.5, 0.004), (0.0, 0.0)])
def test_cell(alpha: float | None, beta: float | None, text: str, d: float) -> None:
    before, after = of_size(SizeLaw(alpha=alpha, beta=beta), d, text)
    factor = (1.0 - (alpha or 0.0) / (d + (alpha or 0.0))) * (1.0 + (beta or 0.0))
    for length in (k for k in ("a", "b", "c") if k in before):
        assert after[length] == pytest.approx(before[length] * factor, rel=1e-12)
    others = [k for k in before if k not in ("a", "b", "c")]
    assert len(others) > 3
    assert [after[k] for k in others] == [before[k] for k in others]


@pytest.mark.parametrize("d", SIZES)
@pytest.mark.parametrize("what", ["u_iso", "occupancy"])
@pytest.mark.parametrize(("amplitude", "length"), [(-0.6, 25.0), (1.5, 20.0), (0.0, 10.0)])
def test_factors(what: str, amplitude: float, length: float, d: float) -> None:
    """1 + A exp(−D/L), of one element alone; an occupancy is at most 1."""
    before, after = of_size(SizeLaw(**{what: {"Br": Exponential(amplitude, length)}}), d)  # type: ignore[arg-type]
    factor = 1.0 + amplitude * np.exp(-d / length)
    key = "u_iso.Br" if what == "u_iso" else "sites.Br.occupancy"
    expected = before[key] * factor if what == "u_iso" else min(before[key] * factor, 1.0)
    assert after[key] == pytest.approx(expected, rel=1e-12)
    others = [k for k in before if k != key]
    assert [after[k] for k in others] == pytest.approx([before[k] for k in others], rel=1e-12)
