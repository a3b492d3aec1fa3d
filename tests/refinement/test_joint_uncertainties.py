"""Total scattering and small angles of one population together: smaller standard errors, still honest; contradictions.

α-CsPbBr3, coated prisms with lognormal D_ab 6.0 ± 0.8 nm and L_c 8.0 ± 1.0 nm. Counts at the
strongest point: 30,000 of the wide angles, a million of the small ones, which end before the counts become so few that
their square root is a poor σ.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from scipy import stats

from nanocrystal.report.refined.result import Result
from nanocrystal.study import read_study

STUDY = """
[crystals.x]
library = "CsPbBr3-alpha"
a = { value = 5.866, vary = true }
u_iso = { Cs = { value = 0.04, vary = true }, Pb = { value = 0.02, vary = true }, Br = { value = 0.04, vary = true } }
[populations.p]
crystal = "x"
shape = "prism"
d_ab = { distribution = "lognormal", mean = { value = 60, vary = true }, std = { value = 8, vary = true } }
l_c = { distribution = "lognormal", mean = { value = 80, vary = true }, std = { value = 10, vary = true } }
[populations.p.coating]
thickness = { value = 15.0, vary = true }
electron_density = 0.37
[datasets.wide]
technique = "total-scattering"
WIDE
background_terms = 1
[datasets.small]
technique = "saxs"
solvent = "SOLVENT"
SMALL
"""
DATA = {"wide": 'q = "0.8:14:0.02"\nnoise = { counts = 3e4, seed = SEED }',
        "small": 'q = "0.012:0.25:0.002"\nnoise = { counts = 1e6, seed = SEED }'}  # fmt: skip
TRUE = {
    "crystals.x.a": 5.866, "crystals.x.u_iso.Cs": 0.04, "crystals.x.u_iso.Pb": 0.02, "crystals.x.u_iso.Br": 0.04,
    "populations.p.d_ab.mean": 60.0, "populations.p.d_ab.std": 8.0, "populations.p.l_c.mean": 80.0,
    "populations.p.l_c.std": 10.0, "populations.p.coating.thickness": 15.0,
}  # fmt: skip
SIZES = [a for a in TRUE if "d_ab" in a or "l_c" in a]


def study(wide: str, small: str, solvent: str) -> str:
    return STUDY.replace("WIDE", wide).replace("SMALL", small).replace("SOLVENT", solvent)


@cache
def fitted(seed: int, solvent: str = "toluene") -> Result:
    """Return the refinement of data simulated in toluene; solvent: what the refined model says."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        given = {k: v.replace("SEED", str(seed + 100 * n)) for n, (k, v) in enumerate(DATA.items())}
        (folder / "true.toml").write_text(study(*given.values(), "toluene"), encoding="utf-8")
        for dataset, columns in read_study(folder / "true.toml").simulated().items():
            np.savetxt(
                folder / f"{dataset}.csv", np.column_stack(list(columns.values())), delimiter=",",
                header=",".join(columns), comments="",
            )  # fmt: skip
        files = [f'file = "{dataset}.csv"' for dataset in DATA]
        (folder / "fit.toml").write_text(study(*files, solvent), encoding="utf-8")
        return read_study(folder / "fit.toml").refine()


def test_together_they_know_more_than_each() -> None:
    result = fitted(1)
    assert result.converged
    for address in SIZES:
        joint = result.parameters[address].stderr
        for own in result.joint.shared[address].values():
            assert own.stderr is None or joint < own.stderr
    # sizes are known by both, the cell by wide angles alone
    assert result.joint.shared["populations.p.d_ab.mean"]["small"].stderr is not None
    assert result.joint.shared["crystals.x.a"]["small"].stderr is None
    assert result.joint.agreement.probability > 0.01
    assert all(0.999 < s < 1.15 for s in result.joint.error_scales.values())


@pytest.mark.campaign
def test_a_wrong_contrast_is_seen() -> None:
    """Chloroform has more electrons than toluene: the coating would be denser than or like its surroundings."""
    result = fitted(1, "chloroform")
    assert result.joint.agreement.probability < 1e-4
    assert any("contradict each other" in note for note in result.notes)
    pulls = [abs(o.pull) for a in SIZES for o in result.joint.shared[a].values() if o.pull is not None]
    assert max(pulls) > 5.0


@pytest.mark.campaign
def test_standard_errors_of_all_together_are_honest() -> None:
    seeds = range(30)
    pulls = {a: [] for a in TRUE}
    chances = []
    for seed in seeds:
        result = fitted(seed)
        chances.append(result.joint.agreement.probability)
        for address, true in TRUE.items():
            found = result.parameters[address]
            pulls[address].append((found.value - true) / found.stderr_scaled)
    pooled = np.mean(np.abs(np.concatenate(list(pulls.values()))) < 1.0)
    print(f"pooled {100.0 * pooled:.1f} %")
    for address, own in pulls.items():
        print(f"  {address}: mean {np.mean(own):+.2f}, std {np.std(own, ddof=1):.2f}")
    print(f"  agreement: Kolmogorov–Smirnov p = {stats.kstest(chances, 'uniform').pvalue:.2f}")
    assert abs(pooled - 0.683) < 0.08
    assert all(0.7 < np.std(own, ddof=1) < 1.35 for own in pulls.values())
    assert stats.kstest(chances, "uniform").pvalue > 0.01
