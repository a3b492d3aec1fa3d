"""Shorthands of the tests for models without a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.parameters import Evaluation, Here, Values
from nanocrystal.refinement import declared_parameters
from nanocrystal.sample import Atoms, Bulk, Cluster, Crystal, Population, Sample
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.techniques import Pdf


def crystal(text: str, u_iso: Any = 0.01, **given: Any) -> Crystal:
    """Return a crystal from CIF text; one number for u_iso stands for all elements."""
    structure = parse_cif(text, "test.cif")
    if not isinstance(u_iso, dict):
        u_iso = {s.element: u_iso for s in structure.sites}
    sites = given.pop("sites", {})
    motion = given.pop("motion", {})
    return Crystal(structure, given, u_iso, sites, motion)


def start(declares: Any, **changes: float) -> Here:
    """Return the place `x` with what a crystal or a shape declares, at its starting values but for `changes`."""
    values = {f"x.{k}": float(p.value or 0.0) for k, (_, p) in declares.declared().items()}
    return Values(values).under("x").moved(changes)


def now(declares: Any, **changes: float) -> Any:
    """Return a crystal or a shape at its starting values but for `changes`."""
    return declares.at(start(declares, **changes))


def sample_of(text: str, shape: Any = None, u_iso: Any = 0.01, **given: Any) -> Sample:
    """Return a sample of one population `p` of one crystal `x`."""
    return Sample({"p": Population("x", shape or Bulk())}, {"x": crystal(text, u_iso, **given)})


def cluster_sample(elements: list[str], positions: np.ndarray, u_iso: dict[str, float]) -> Sample:
    """Return a sample of one explicit cluster `p`."""
    return Sample({"p": Population(atoms=Atoms(Cluster(tuple(elements), positions, "test.xyz"), u_iso))})


def calculated(sample: Sample, dataset: Pdf, name: str = "pdf") -> np.ndarray:
    """Return the curve that a data set without a file describes."""
    model = dataset.bind(name, sample, Path())
    values = declared_parameters(sample, {name: dataset}).initial_values()
    return np.asarray(model.curves(Evaluation(values, model.requirement))[0] * values[f"datasets.{name}.scale"])
