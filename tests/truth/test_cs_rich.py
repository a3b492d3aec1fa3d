"""A measured PDF in which a phase was looked for that is not there: Cs-rich nanocrystals of Cs4PbBr6 and CsBr."""

from __future__ import annotations

from pathlib import Path

import pytest

import nanocrystal as nc
from nanocrystal import vary
from support.measured import measured

CELL = {"a": 8.2, "b": 8.25, "c": 11.75}
"""of γ-CsPbBr3, Å"""


def crystal(name: str, file: str, u_iso: dict[str, object], **cell: object) -> nc.Crystal:
    return nc.Crystal(measured(f"cif/retyped_minimal/{file}.cif"), name=name, u_iso=u_iso, **cell)


@pytest.mark.campaign
def test_perovskite_in_cs_rich_nanocrystals_is_not_there(tmp_path: Path) -> None:
    """Left free, its cell goes to 6.8, 11.5 and 12.4 Å at 1.2 cells across, with a third of the mass.

    The owners of the data find it least like CsPbBr3 by correlation, too.
    """
    host = crystal(
        "host", "Cs4PbBr6_R-3c_computed", {"Cs": 0.026, "Pb": 0.026, "Br": 0.019}, a=vary(13.73), c=vary(17.39)
    )
    salt = crystal("salt", "CsBr_Pm-3m_computed", {"Cs": 0.025, "Br": 0.022}, a=vary(4.307))
    free = {k: vary(v) for k, v in CELL.items()}
    gamma = crystal("gamma", "CsPbBr3_gamma_Pbnm_RT", {"Cs": 0.05, "Pb": 0.02, "Br": 0.05}, **free)
    populations = {
        "host": nc.Population(host, shape=nc.Sphere(vary(110.0, max=400.0))),
        "salt": nc.Population(salt, shape=nc.Sphere(vary(200.0, max=400.0)), fraction=vary(0.5)),
        "gamma": nc.Population(gamma, shape=nc.Sphere(vary(40.0, max=400.0)), fraction=vary(0.3)),
    }
    file = measured("pdf/xpd_CsRich_CsPbBr3/CsRich_CsPbBr3_3.gr")
    data = nc.Pdf(file=file, r_range=(2.0, 30.0), qmin=0.5, qmax=21.0, qdamp=0.031, qbroad=0.032)
    result = nc.refine(populations, data)
    (said,) = [note for note in result.notes if note.startswith("populations.gamma")]
    assert "is not seen: left free " in said
    assert "cells across" in said
    for key, length in CELL.items():
        cell = result[f"crystals.gamma.{key}"]
        assert (cell.value, cell.status, cell.stderr) == (length, "undetermined", None)
    amount = result["populations.gamma.mass_fraction"]
    assert amount.limit is not None
    assert amount.limit < 0.06
    assert result["crystals.host.a"].value == pytest.approx(13.744, abs=0.03)
    assert result["crystals.salt.a"].value == pytest.approx(4.3075, abs=0.003)
