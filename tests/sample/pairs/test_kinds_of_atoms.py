"""Cells of many sites are summed by what distinguishes their atoms: against direct sums over explicit atoms."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.cost import allowing
from nanocrystal.errors import InputError
from nanocrystal.kernels import debye, plain
from nanocrystal.parameters import Evaluation, Number, vary
from nanocrystal.parameters.values import Values
from nanocrystal.refinement.fit import declared_parameters
from nanocrystal.sample import Bulk, Cube, PairGrid, Population, Sample, SiteOverride
from nanocrystal.sample.crystal.crystal import FEW_SITES
from nanocrystal.sample.pairs.lattice_pairs import rows_of_kinds
from nanocrystal.sample.shapes.shape import Shape
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import Pdf, TotalScattering
from support.modelling import calculated, crystal
from support.structures import cif

ELEMENTS = ("Cs", "Pb", "Br")
EDGE, N_CELLS = 9.6, 3
U_ISO = {"Cs": 0.03, "Pb": 0.015, "Br": 0.025}
PLAIN = TotalScattering(q="0.5:20:0.25", background_terms=0)
Q = 0.5 + 0.25 * np.arange(79)


def places(n: int) -> np.ndarray:
    """Return n places in a cell, near those of a grid, (n, 3)."""
    grid = np.stack(np.meshgrid(*[np.arange(3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)[:n]
    return np.round((grid + 0.08 * np.random.default_rng(3).uniform(-1.0, 1.0, (n, 3)) + 0.2) / 3.0, 5)


def cell(n: int) -> str:
    rows = [f"{ELEMENTS[k % 3]}{k} {ELEMENTS[k % 3]} {x} {y} {z} 1" for k, (x, y, z) in enumerate(places(n).tolist())]
    return cif(f"{EDGE} {EDGE} {EDGE} 90 90 90", "P 1", "\n".join(rows))


def sample(
    n: int, shape: Shape, more: dict[str, Number] | None = None, occupied: dict[str, Number] | None = None
) -> Sample:
    """Return crystals of a cell of n sites; more: u_iso of single sites; occupied: occupancies."""
    overrides = {k: SiteOverride(occupancy=v) for k, v in (occupied or {}).items()}
    made = crystal(cell(n), {**U_ISO, **(more or {})}, sites=overrides)
    return Sample({"p": Population("x", shape)}, {"x": made})


def evaluated(sample: Sample, grid: PairGrid | None = None, **changes: float) -> Evaluation:
    values = declared_parameters(sample, {}).initial_values()
    changed = {f"crystals.x.{k.replace('__', '.')}": v for k, v in changes.items()}
    return Evaluation(Values({**values, **changed}), grid or PairGrid(40.0, 0.005, True))


def direct(n: int, u_iso: np.ndarray, occupancy: np.ndarray) -> np.ndarray:
    """Return I(Q) of the explicit crystal, each site a kind of its own."""
    cells = np.stack(np.meshgrid(*[np.arange(N_CELLS)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    positions = (cells[:, None] + places(n)).reshape(-1, 3) * EDGE
    kinds = np.tile(np.arange(n), len(cells))
    f = np.array([form_factor(ELEMENTS[k % 3], Q) for k in range(n)])
    sums = plain.pair_sums(Q, positions, kinds, n)
    return debye.debye_intensity(Q, sums, f, u_iso, occupancy, np.full(n, float(len(cells))))


@pytest.mark.parametrize(
    ("more", "occupied", "n_kinds"),
    [
        ({}, {}, 3),
        ({"Br2": vary(0.06)}, {}, 4),
        ({"Br2": 0.06, "Pb4": 0.06, "Br5": 0.06}, {}, 5),
        ({}, {"Cs3": 0.7, "Cs6": 0.7, "Pb1": vary(0.7)}, 5),
    ],
)
def test_a_cube_of_a_cell_of_many_sites_is_its_atoms(
    more: dict[str, Number], occupied: dict[str, Number], n_kinds: int
) -> None:
    n = FEW_SITES + 3
    made = sample(n, Cube(N_CELLS * EDGE), more, occupied)
    assert len(made.pairs(evaluated(made))["p"].kinds) == n_kinds
    found = calculated(made, PLAIN, "iq")
    number = {k: v if isinstance(v, float) else v.value for k, v in {**more, **occupied}.items()}  # type: ignore[union-attr]
    labels = [f"{ELEMENTS[k % 3]}{k}" for k in range(n)]
    u_iso = np.array([number[x] if x in more else U_ISO[x[:2]] for x in labels])
    expected = direct(n, u_iso, np.array([number[x] if x in occupied else 1.0 for x in labels]))
    assert np.abs(found - expected).max() <= 1e-6 * expected.max()
    assert np.abs(found / expected - 1.0).max() <= 1e-5


def test_bulk_counts_all_pairs_of_elements() -> None:
    """Neighbours of each element about each other one within 8 Å, found in explicit cells."""
    n = FEW_SITES + 3
    made = sample(n, Bulk())
    structure = made.pairs(evaluated(made, PairGrid(8.0, 0.01)))["p"]
    assert [k.element for k in structure.kinds] == list(ELEMENTS)
    np.testing.assert_array_equal([k.count for k in structure.kinds], [4.0, 4.0, 3.0])
    cells = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    all_places = (cells[:, None] + places(n)).reshape(-1, 3) * EDGE
    element = np.tile(np.arange(n) % 3, len(cells))
    for row, (a, b) in enumerate([(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]):
        apart = np.concatenate(
            [np.linalg.norm(all_places[element == b] - places(n)[k] * EDGE, axis=1) for k in range(a, n, 3)]
        )
        near = apart[(apart > 0.5) & (apart < 7.99)]
        factor = 0.5 if a == b else 1.0
        moments = next(m for k, m in enumerate(structure.each_kind()) if k == row)
        r = 0.01 * np.arange(len(moments))
        inside = r < 7.985
        assert moments[inside, 0].sum() == pytest.approx(factor * (near < 7.985).sum(), abs=2.0)
        mean = (moments[inside, 0] * r[inside] + 0.01 * moments[inside, 1]).sum() / moments[inside, 0].sum()
        assert mean == pytest.approx(near.mean(), rel=1e-3)


@pytest.mark.parametrize("shape", [Bulk(), Cube(3.0 * EDGE)])
def test_a_fixed_number_that_is_another_makes_another_kind(shape: Shape) -> None:
    """Values are asked for that the study has not: the kinds follow them, and the pairs are those of the kinds."""
    made = sample(FEW_SITES + 3, shape, {"Br2": 0.025})
    same = evaluated(made)
    assert len(made.pairs(same)["p"].kinds) == 3
    other = same.at(evaluated(made, u_iso__Br2=0.05).values)
    structure = made.pairs(other)["p"]
    assert [k.u_iso for k in structure.kinds] == [0.03, 0.015, 0.05, 0.025]
    assert len(structure.of_kinds(structure.moments)) == 10
    assert len(made.pairs(same)["p"].kinds) == 3


def test_few_sites_are_kinds_by_themselves() -> None:
    made = sample(FEW_SITES, Bulk())
    assert len(made.pairs(evaluated(made))["p"].kinds) == FEW_SITES


def test_rows_of_kinds_by_hand() -> None:
    """Sites of kinds A, B, A: pairs AA, AB, AA, BB, BA, AA are rows 0, 1, 0, 2, 1, 0 of AA, AB, BB."""
    np.testing.assert_array_equal(rows_of_kinds(np.array([0, 1, 0])), [0, 1, 0, 2, 1, 0])


def test_a_pdf_sees_sites_that_are_alike_as_it_sees_them_apart() -> None:
    """Bins are finer there, so that what they round is no more than apart; each site apart: varied, with one value."""
    n, pdf = FEW_SITES + 3, Pdf(r="1.5:12:0.1", qmax=20.0, qdamp=0.03, delta2=1.0)
    curves = []
    for apart in (False, True):
        more = {f"{ELEMENTS[k % 3]}{k}": vary(U_ISO[ELEMENTS[k % 3]]) for k in range(3, n)} if apart else None
        made = sample(n, Bulk(), more)
        curves.append(calculated(made, pdf))
    assert np.abs(curves[0] - curves[1]).max() < 1e-6 * np.abs(curves[1]).max()


def test_more_kinds_of_pairs_than_memory_holds_are_refused() -> None:
    made = sample(FEW_SITES + 3, Cube(3.0 * EDGE))
    said = r"populations\.p: needs about .* \(histograms of 6 kinds of pairs .* let sites of one element share"
    with allowing(1e-3), pytest.raises(InputError, match=said):
        made.pairs(evaluated(made))
