"""Select, then check: what cannot be used counts where it is needed; rows are sorted, points of two distances kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.data import read_curve
from nanocrystal.data.checks import Points, Source, checked
from nanocrystal.data.conventions import Said
from nanocrystal.data.reading import curve_of
from nanocrystal.errors import InputError
from nanocrystal.parameters import Evaluation
from nanocrystal.refinement import declared_parameters
from nanocrystal.sample import Population, Sample, Sphere
from nanocrystal.techniques import Pdf, Powder, Saxs, TotalScattering
from support.modelling import crystal
from support.structures import NICKEL

NI = Sample({"dots": Population("ni", Sphere(nc.vary(48.0)))}, {"ni": crystal(NICKEL)})
Q = np.linspace(0.02, 0.3, 141)


def sphere(q: np.ndarray) -> np.ndarray:
    """Return I(q) of spheres of 50 Å, 10⁴ at q = 0 (Rayleigh 1911)."""
    x = 25.0 * q
    return np.asarray(1e4 * (3.0 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2)


def written(folder: Path, columns: list[np.ndarray], name: str = "a.iq") -> Path:
    rows = zip(*columns, strict=True)
    (folder / name).write_text("\n".join(" ".join(f"{v:.10g}" for v in row) for row in rows), encoding="utf-8")
    return folder / name


def small_angles(file: Path, **more: Any) -> Saxs:
    return Saxs(**{"file": file, "solvent": "vacuum", "background": 0.0} | more)


def bad(kind: str, at: int) -> list[np.ndarray]:
    """Return q, I and σ with one value that cannot be used."""
    columns = [Q.copy(), sphere(Q), np.full_like(Q, 2.0)]
    column, value = {"missing I": (1, np.nan), "infinite I": (1, np.inf), "σ of 0": (2, 0.0), "σ below 0": (2, -1.0),
                     "missing σ": (2, np.nan)}[kind]  # fmt: skip
    columns[column][at] = value
    return columns


KINDS = ["missing I", "infinite I", "σ of 0", "σ below 0", "missing σ"]


@pytest.mark.parametrize("kind", KINDS)
def test_one_bad_value_outside_of_what_is_asked_for_ends_no_run(kind: str, tmp_path: Path) -> None:
    file = written(tmp_path, bad(kind, 120))
    for more in ({"q_range": (0.02, 0.2)}, {"exclude": [(0.25, 0.27)]}):
        result = nc.refine(NI, {"d": small_angles(file, **more)})
        assert result["populations.dots.diameter"].value == pytest.approx(50.0, abs=0.01)
    for more in ({}, {"q_range": (0.1, 0.3)}, {"exclude": [(0.1, 0.2)]}, {"noise_range": (0.2, 0.3), "weights": None}):
        with pytest.raises(InputError, match="line 121"):
            small_angles(file, **more).bind("d", NI)
    with pytest.raises(InputError, match="line 121"):
        read_curve(file)


def test_a_gap_at_the_ends_counts_where_the_range_holds_it(tmp_path: Path) -> None:
    file = written(tmp_path, bad("missing I", 0))
    with pytest.raises(InputError, match="line 1:"):
        small_angles(file, q_range=(0.02, 0.2)).bind("d", NI)
    assert len(small_angles(file, q_range=(0.03, 0.2)).bind("d", NI).measured.x) == 86


def test_a_blank_is_needed_where_the_data_are(tmp_path: Path) -> None:
    file = written(tmp_path, [Q, sphere(Q)])
    blank = np.full_like(Q, 5.0)
    blank[120] = np.nan
    blanks = {"cell": nc.Blank(str(written(tmp_path, [Q, blank], "cell.iq")))}
    assert small_angles(file, q_range=(0.02, 0.2), blanks=blanks).bind("d", NI)
    with pytest.raises(InputError, match="line 121"):
        small_angles(file, blanks=blanks).bind("d", NI)


def test_a_missing_value_of_a_pdf_counts_in_its_range(tmp_path: Path) -> None:
    r = 0.05 * np.arange(1, 401)
    g = np.sin(2.0 * r) / r
    g[20] = np.nan
    file = written(tmp_path, [r, g], "a.gr")
    assert Pdf(file, qmax=20.0, r_range=(2.0, 18.0)).bind("d", NI)
    with pytest.raises(InputError, match="line 21"):
        Pdf(file, qmax=20.0, r_range=(1.0, 18.0)).bind("d", NI)


# ---- order and repeats ----------------------------------------------------------------------------


def test_rows_in_any_order_are_one_curve(tmp_path: Path) -> None:
    columns = [Q, sphere(Q), np.linspace(1.0, 3.0, len(Q)), np.linspace(1e-4, 2e-3, len(Q))]
    names = ["q", "intensity", "sigma", "dq"]
    expected = read_curve(written(tmp_path, columns), columns=names)
    order = np.random.default_rng(1).permutation(len(Q))
    found = read_curve(written(tmp_path, [c[order] for c in columns], "b.iq"), columns=names)
    for name in ("x", "y", "sigma", "resolution"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert any("were not in order of q; they were sorted" in note for note in found.notes)
    two = written(tmp_path, [np.tile(c, 2) for c in (Q, np.arange(len(Q)) + 0.0)], "c.iq")
    with pytest.raises(InputError, match=r"line 142: q has run from 0\.02 to 0\.3 and begins again here: two scans"):
        read_curve(two)


def distances(folder: Path) -> tuple[Path, Path]:
    """Write a curve of two detector distances, which share a stretch of q to the digit, and the same without it."""
    far, near = Q[:81], Q[60:]
    q = np.concatenate([far, near])
    wave = 1.0 + 1e-3 * np.cos(50.0 * np.arange(len(q)))
    columns = [q, sphere(q) * wave, 0.01 * sphere(q) + 0.1, np.where(np.arange(len(q)) < 81, 1e-3, 2e-3)]
    both = written(folder, columns, "both.dat")
    both.write_text("q I sigma dq\n" + both.read_text(encoding="utf-8"), encoding="utf-8")
    single = [np.concatenate([c[:60], c[81:]]) for c in columns]
    alone = written(folder, single, "alone.dat")
    alone.write_text("q I sigma dq\n" + alone.read_text(encoding="utf-8"), encoding="utf-8")
    return both, alone


def test_two_distances_with_equal_q_are_both_compared(tmp_path: Path) -> None:
    both, alone = distances(tmp_path)
    curve = read_curve(both)
    assert (len(curve.x), int((np.diff(curve.x) == 0.0).sum())) == (162, 21)
    assert any("21 points share the q of another one" in note for note in curve.notes)
    assert sorted(set(curve.resolution)) == [1e-3, 2e-3]
    sizes = []
    for file, points in ((both, 162), (alone, 141)):
        result = nc.refine(NI, {"d": small_angles(file)})
        assert result.datasets["d"].n_points == points
        assert np.isfinite(result.datasets["d"].calculated).all()
        sizes.append(result["populations.dots.diameter"])
    # resolution broadens; both fits see the same spheres, the one with more points no worse
    assert sizes[0].value == pytest.approx(sizes[1].value, abs=3.0 * sizes[1].stderr)
    assert sizes[0].stderr < sizes[1].stderr


@pytest.mark.parametrize(
    ("technique", "x", "more"),
    [
        (TotalScattering, np.linspace(1.0, 9.0, 201), {"background_terms": 2, "q_resolution": 0.01}),
        (Powder, np.linspace(35.0, 95.0, 601), {"wavelength": 1.54, "anomalous": False, "background_terms": 3}),
        (Saxs, Q, {"solvent": "vacuum", "q_resolution": 1e-3}),
    ],
)
def test_a_point_twice_is_calculated_twice(technique: Any, x: np.ndarray, more: dict[str, Any], tmp_path: Path) -> None:
    y = 100.0 + 20.0 * np.sin(np.arange(len(x)))
    name = "a.xy" if technique is Powder else "a.iq"
    once = technique(file=written(tmp_path, [x, y], name), **more).bind("d", NI)
    again = written(tmp_path, [np.append(x, x[50:60]), np.append(y, y[50:60] + 1.0)], f"b{name[1:]}")
    twice = technique(file=again, **more).bind("d", NI)
    place = np.abs(x[None, :] - twice.measured.x[:, None]).argmin(axis=1)
    np.testing.assert_allclose(twice.measured.x, x[place], rtol=1e-9)
    assert len(twice.measured.x) == len(x) + 10
    start = declared_parameters(NI, {"d": technique(file=again, **more)}).initial_values()
    rows_once = once.curves(Evaluation(start, once.requirement))
    rows_twice = twice.curves(Evaluation(start, twice.requirement))
    np.testing.assert_allclose(rows_twice, rows_once[:, place], rtol=1e-6, atol=1e-9 * np.abs(rows_once).max())


def test_what_is_interpolated_has_one_value_at_each_place(tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, [[1.0, 2.0, 2.0, 3.0], [1.0, 4.0, 8.0, 1.0], [1.0, 1.0, 2.0, 1.0]]))  # type: ignore[list-item]
    single = curve.single_valued()
    assert single.x.tolist() == [1.0, 2.0, 3.0]
    assert single.y[1] == pytest.approx((4.0 + 8.0 / 4.0) / 1.25)  # weights 1 and 1/4
    assert single.sigma is not None
    assert single.sigma[1] == pytest.approx(1.0 / np.sqrt(1.25))


# ---- the parts ------------------------------------------------------------------------------------


def source(rows: str = "points") -> Source:
    return Source("a.iq", ("a.iq, line ", ""), "q", shown=lambda lines: [f"row {n}" for n in lines], rows=rows)


def points(x: list[float], y: list[float], sigma: list[float] | None = None) -> Points:
    of_sigma = None if sigma is None else np.array(sigma)
    return Points(np.array(x), np.array(y), of_sigma, None, np.arange(1, len(x) + 1))


def test_faults_know_where_they_are() -> None:
    kept, notes, (missing,) = checked(points([1, 2, 3, 4, 5], [1, np.nan, 3, np.inf, 5]), source())
    assert kept.x.tolist() == [1.0, 3.0, 5.0]
    assert notes == ()
    assert missing.x.tolist() == [2.0, 4.0]
    assert str(missing.error).startswith("a.iq, line 2: row 2 holds a missing")
    later = missing.within(3.0, 9.0)
    assert later is not None
    assert str(later.error).startswith("a.iq, line 4: row 4 holds")
    assert missing.within(2.5, 3.5) is None
    scaled = missing.scaled(lambda x: x / 10.0)
    assert scaled.x.tolist() == [0.2, 0.4]


def test_points_that_repeat_and_points_that_share() -> None:
    kept, notes, _ = checked(points([1, 2, 2, 2, 3], [1, 5, 6, 5, 9]), source())
    assert kept.x.tolist() == [1.0, 2.0, 2.0, 3.0]
    assert kept.y.tolist() == [1.0, 5.0, 6.0, 9.0]
    assert "repeats another one in every number" in notes[0]
    assert "1 point shares the q of another one" in notes[1]
    with pytest.raises(InputError, match="is q another column"):
        checked(points([1.0] * 9 + [2.0], list(range(10))), source())


def test_curves_keep_their_faults(tmp_path: Path) -> None:
    curve = curve_of(written(tmp_path, bad("missing I", 120)), Said())
    assert len(curve.faults) == 1
    assert curve.between(0.02, 0.2, "q").faults == ()
    assert len(curve.between(0.2, 0.3, "q").faults) == 1
    assert curve.faults_within(0.0, 1.0) == curve.faults or len(curve.faults_within(0.0, 1.0)) == 1
    with pytest.raises(InputError, match="line 121"):
        curve.sound()
