"""Steps of a refinement that lead where nothing can be calculated are refused, and the refinement goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.parameters import Evaluation, vary
from nanocrystal.refinement import refine
from nanocrystal.sample import Cube, Distribution, PairStructure, Population, Sample, Sphere
from nanocrystal.simulation import simulated_curves
from nanocrystal.techniques import Saxs, TotalScattering
from support.modelling import crystal
from support.structures import CUBIC

U_ISO = {"Pb": 0.0127, "Cs": 0.03, "Br": 0.025}


def cubes(mean: object, std: object) -> Sample:
    shape = Cube(Distribution("lognormal", mean, std))  # type: ignore[arg-type]
    return Sample({"p": Population("x", shape)}, {"x": crystal(CUBIC, U_ISO)})


def test_a_size_too_large_on_the_way_is_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a start that is far too narrow the first steps are thrown to spreads that are refused."""
    settings = TotalScattering(q="0.8:8:0.02", background_terms=0)
    curve = simulated_curves(cubes(60.0, 9.0), {"iq": settings}, Path())["iq"]
    y = np.random.default_rng(0).poisson(curve["intensity"] * 1e5 / curve["intensity"].max())
    file = tmp_path / "cubes.xye"
    np.savetxt(file, np.column_stack([curve["Q"], y, np.sqrt(np.maximum(y, 1))]))
    refused, whole = [], Sample.pairs

    def watched(self: Sample, evaluation: Evaluation) -> dict[str, PairStructure]:
        std = evaluation.values["populations.p.edge_length.std"]
        if std > 40.0:
            refused.append(std)
            raise InputError("populations.p", "its largest crystals are too large.")
        return whole(self, evaluation)

    monkeypatch.setattr(Sample, "pairs", watched)
    data = TotalScattering(str(file), columns=["q", "intensity", "sigma"], background_terms=0)
    result = refine(cubes(vary(60.0), vary(0.001)), {"iq": data})
    assert result.converged
    assert refused
    for name, truth in (("mean", 60.0), ("std", 9.0)):
        found = result.parameters[f"populations.p.edge_length.{name}"]
        assert abs(found.value - truth) < 4.0 * found.stderr


def test_a_spread_that_grows_to_the_mean_is_no_end(tmp_path: Path) -> None:
    """Of a normal law, against a power law that none describes: the fit ends, says so, and nothing is lost."""
    q = np.linspace(0.005, 0.3, 120)
    y = 1e-3 * q**-3.3
    rng = np.random.default_rng(0)
    shape = Sphere(Distribution("normal", vary(200.0), vary(20.0)))
    sample = Sample({"p": Population("x", shape)}, {"x": crystal(CUBIC, U_ISO)})
    data = Saxs(q=q, intensity=y * (1.0 + 0.03 * rng.normal(size=120)), sigma=0.03 * y, solvent="vacuum")
    result = refine(sample, {"saxs": data})
    mean, std = (result.parameters[f"populations.p.diameter.{n}"].value for n in ("mean", "std"))
    assert std <= mean
    assert not result.converged
    assert result.message.startswith("the fit stands where the model ends, not at a minimum; where it could not be")
    assert "a normal distribution needs std below its mean" in result.message
    assert np.isfinite(result.datasets["saxs"].calculated).all()
