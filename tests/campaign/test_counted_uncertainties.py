"""Are standard errors honest where few counts were taken?

Patterns of nickel written out by hand (support/counted_patterns.py), Poisson noise; cell and size refined, with a
scale and a flat background. Peak and background in counts. The share of truths within one standard error is to be 60
to 76 %, the mean of (value − truth)/stderr within 0.2 of 0, its standard deviation 0.85 to 1.15.
"""

from pathlib import Path

import numpy as np
import pytest

import nanocrystal as nc
from support import counted_patterns
from support.counted_fits import TWO_THETA, Q, of_powder, of_total_scattering
from support.structures import NICKEL

SIZES = {"powder": 120.0, "total scattering": 40.0}
FITS = {"powder": of_powder, "total scattering": of_total_scattering}
COUNTS = [(300.0, 3.0), (30.0, 1.0), (30.0, 0.2)]


def pulls(name: str, peak: float, background: float, seeds: int, folder: Path) -> np.ndarray:
    """Return (value − truth)/stderr of cell and size, (n_seeds, 2)."""
    cif = folder / "ni.cif"
    cif.write_text(NICKEL, encoding="utf-8")
    size = SIZES[name]
    if name == "powder":
        expected = counted_patterns.powder(TWO_THETA, size, 0.004)
    else:
        expected = counted_patterns.total_scattering(Q, size, 6.0)
    rows = []
    for seed in range(seeds):
        result = FITS[name](cif, counted_patterns.counted(expected, peak, background, seed))
        rows.append([pull(result, "a", counted_patterns.A), pull(result, ("size", "mean"), size)])
    return np.array(rows)


def pull(result: nc.Result, ending: str | tuple[str, ...], truth: float) -> float:
    endings = (ending,) if isinstance(ending, str) else ending
    [found] = [p for address, p in result.parameters.items() if address.rpartition(".")[2] in endings]
    assert found.stderr is not None
    return (found.value - truth) / found.stderr


def check(z: np.ndarray, seeds: int, what: str = "") -> None:
    for column, parameter in zip(z.T, ("cell", "size"), strict=True):
        within = 100.0 * (np.abs(column) < 1.0).mean()
        print(f"| {what} | {parameter} | {seeds} | {within:.0f} % | {column.mean():+.2f} | {column.std():.2f} |")
    wider = np.sqrt(300.0 / seeds)  # of fewer seeds than the limits are meant for
    within, mean, spread = (np.abs(z) < 1.0).mean(axis=0), z.mean(axis=0), z.std(axis=0)
    assert (np.abs(within - 0.68) <= 0.08 * wider).all(), within
    assert (np.abs(mean) <= 0.2 * wider).all(), mean
    assert (np.abs(spread - 1.0) <= 0.15 * wider).all(), spread


@pytest.mark.campaign
@pytest.mark.parametrize(("peak", "background"), COUNTS)
@pytest.mark.parametrize("name", list(FITS))
def test_errors_cover_with_few_counts(name: str, peak: float, background: float, tmp_path: Path) -> None:
    check(pulls(name, peak, background, 40, tmp_path), 40)


@pytest.mark.long
@pytest.mark.parametrize(("peak", "background"), COUNTS)
@pytest.mark.parametrize("name", list(FITS))
def test_errors_cover_with_few_counts_in_full(name: str, peak: float, background: float, tmp_path: Path) -> None:
    check(pulls(name, peak, background, 300, tmp_path), 300, f"{name}, {peak:g} over {background:g}")
