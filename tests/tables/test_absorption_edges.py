"""Edges are those that everyone quotes, and those of the package that the table was taken from."""

from __future__ import annotations

import pytest

from nanocrystal.tables.absorption_edges import absorption_edge_energies, nearest_edge


def test_edges_that_everyone_quotes() -> None:
    edges = absorption_edge_energies()
    quoted = {("Cu", "K"): 8979, ("Zn", "K"): 9659, ("Ga", "K"): 10367, ("Pb", "L3"): 13035, ("Au", "L3"): 11919}
    assert {(e, n): edges[e][n] for e, n in quoted} == quoted
    assert nearest_edge(9661.0) == ("Zn", "K", 9659.0)


def test_the_table_is_that_of_xraydb() -> None:
    xraydb = pytest.importorskip("xraydb")
    for element, edges in absorption_edge_energies().items():
        known = xraydb.xray_edges(element)
        assert edges == pytest.approx({n: known[n].energy for n in ("K", "L1", "L2", "L3") if n in known})
