"""Random sequences of layers in closed form against enumeration, pure crystals and explicit stacks."""

from __future__ import annotations

from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.kernels import debye, plain
from nanocrystal.parameters import Evaluation, vary
from nanocrystal.refinement import declared_parameters
from nanocrystal.sample import Brick, Bulk, Crystal, Cylinder, Population, Sample, SiteOverride, Sphere, Stacking
from nanocrystal.sample.order.stacking import sequence_probabilities
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import Pdf, TotalScattering
from support.modelling import calculated, crystal
from support.structures import CUBIC, GAMMA_CSPBBR3

SETTINGS = TotalScattering(q="0.5:12:0.1", background_terms=0)
Q = 0.5 + 0.1 * np.arange(116)


def enumerated(cubic: float, correlation: float, n_steps: int) -> np.ndarray:
    """Return P(first step, last step, shift) over n_steps layers, by every sequence of kinds of layers."""
    found = np.zeros((2, 2, 3))
    from_cubic, from_hexagonal = cubic + correlation * (1.0 - cubic), cubic * (1.0 - correlation)
    for first in (0, 1):
        for kinds in product("ch", repeat=n_steps + 1):
            weight = 0.5 * (cubic if kinds[0] == "c" else 1.0 - cubic)
            for before, kind in pairwise(kinds):
                p = from_cubic if before == "c" else from_hexagonal
                weight *= p if kind == "c" else 1.0 - p
            step, shift = first, 0
            for kind in kinds[1:]:
                shift += 1 if step == 0 else -1
                step = step if kind == "c" else 1 - step
            found[first, step, shift % 3] += weight
    return found


@pytest.mark.parametrize(("cubic", "correlation"), [(0.3, 0.0), (0.7, 0.4), (0.0, 0.0), (1.0, 0.2), (0.5, 0.9)])
def test_markov_chain_is_every_sequence(cubic: float, correlation: float) -> None:
    table = sequence_probabilities(cubic, correlation, 7)
    for w in range(8):
        np.testing.assert_allclose(table[w], enumerated(cubic, correlation, w), atol=1e-13)


def sample(source: Crystal, shape: object, cubic: object, correlation: object = 0.0) -> Sample:
    return Sample({"p": Population("x", shape, stacking=Stacking(cubic, correlation))}, {"x": source})


def library(name: str, **given: object) -> Crystal:
    elements = {"CdSe-wurtzite": ("Cd", "Se"), "CdSe-zincblende": ("Cd", "Se"), "PbS": ("Pb", "S"), "Au": ("Au",),
                "ZnS-zincblende": ("Zn", "S"), "Si": ("Si",)}[name]  # fmt: skip
    return Crystal.from_library(name, u_iso=dict.fromkeys(elements, 0.01), **given)


PDF = Pdf(r="1:30:0.05", qmax=25.0)


@pytest.mark.parametrize("name", ["CdSe-wurtzite", "CdSe-zincblende", "PbS", "Au", "ZnS-zincblende", "Si"])
@pytest.mark.parametrize("shape", [None, Sphere(35.0)])
def test_pure_stackings_are_the_crystals(name: str, shape: object) -> None:
    """All layers hexagonal is wurtzite, all cubic is zinc blende, rock salt or fcc: G(r) as from the crystal."""
    x = library(name)
    pure = Sample({"p": Population("x", shape)} if shape else {"p": Population("x")}, {"x": x})
    expected = calculated(pure, PDF)
    kinds = {"p": Population("x", stacking=Stacking(0.0 if name == "CdSe-wurtzite" else 1.0))}
    if shape:
        kinds = {"p": Population("x", shape, stacking=Stacking(0.0 if name == "CdSe-wurtzite" else 1.0))}
    found = calculated(Sample(kinds, {"x": x}), PDF)
    assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()


def test_wurtzite_becomes_zinc_blende() -> None:
    """Ideal wurtzite with all layers cubic is the zinc blende of the same bond."""
    a = 4.3
    label = library("CdSe-wurtzite").sites[1].label
    ideal = library("CdSe-wurtzite", a=a, c=a * np.sqrt(8.0 / 3.0), sites={label: SiteOverride(z=0.375)})
    blende = library("CdSe-zincblende", a=a * np.sqrt(2.0))
    expected = calculated(Sample({"p": Population("x")}, {"x": blende}), PDF)
    found = calculated(sample(ideal, Bulk(), 1.0), PDF)
    assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()


def stacked(name: str, steps: list[int], start: int, n_base: int) -> tuple[np.ndarray, np.ndarray]:
    """Return places and kinds of a stack of layers of n_base × n_base cells, from what a layer looks like.

    Layers stand within the faces of the prism, shifted by 0, t or −t.
    """
    edge = float(library(name).structure.cell[0])
    a, height = edge / np.sqrt(2.0), edge / np.sqrt(3.0)
    first, second = np.array([a, 0.0, 0.0]), np.array([-0.5 * a, 0.5 * np.sqrt(3.0) * a, 0.0])
    to_hollow = (first + 2.0 * second) / 3.0
    places, kinds, shift = [], [], start
    for layer, step in enumerate(steps):
        # the anion stands in the octahedral hollow below the next layer's place, or straight above its metal
        above = -step * to_hollow + [0, 0, 0.5 * height] if name == "PbS" else np.array([0.0, 0.0, 0.75 * height])
        for i, j in product(range(n_base), repeat=2):
            corner = i * first + j * second + ((shift + 1) % 3 - 1) * to_hollow + [0.0, 0.0, layer * height]
            places += [corner, corner + above]
            kinds += [0, 1]
        shift += step
    return np.array(places), np.array(kinds)


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["PbS", "ZnS-zincblende"])
def test_faulted_prism_is_the_mean_over_every_stack(name: str) -> None:
    """I(Q) of five layers of 3 × 3 cells, every sequence of steps, by direct sums over explicit atoms."""
    x, cubic, correlation, n_layers = library(name), 0.35, 0.3, 5
    from_cubic, from_hexagonal = cubic + correlation * (1.0 - cubic), cubic * (1.0 - correlation)
    f = np.array([form_factor(e, Q) for e in (s.element for s in x.sites)])
    truth = np.zeros(len(Q))
    for first in (1, -1):
        for kinds in product("ch", repeat=n_layers):
            weight = 0.5 * (cubic if kinds[0] == "c" else 1.0 - cubic)
            steps = [first]
            for before, kind in pairwise(kinds):
                p = from_cubic if before == "c" else from_hexagonal
                weight *= p if kind == "c" else 1.0 - p
                steps.append(steps[-1] if kind == "c" else -steps[-1])
            for start in range(3):
                places, of_atoms = stacked(name, steps, start, 3)
                sums = plain.pair_sums(Q, places, of_atoms, 2)
                counts = np.bincount(of_atoms).astype(float)
                truth += weight / 3.0 * debye.debye_intensity(Q, sums, f, np.full(2, 0.01), np.ones(2), counts)
    a = float(x.structure.cell[0])
    shape = Brick(3 * a / np.sqrt(2.0), 3 * a / np.sqrt(2.0), n_layers * a / np.sqrt(3.0))
    found = calculated(sample(x, shape, cubic, correlation), SETTINGS, "iq")
    assert np.abs(found - truth).max() <= 1e-6 * truth.max()


def test_derivatives_are_those_of_the_curve() -> None:
    shape = Cylinder(30.0, 40.0)
    described = sample(library("CdSe-wurtzite"), shape, vary(0.3), vary(0.2))
    model = SETTINGS.bind("iq", described, Path())
    values = declared_parameters(described, {"iq": SETTINGS}).initial_values()
    base = Evaluation(values, model.requirement)
    addresses = ["populations.p.stacking.cubic_fraction", "populations.p.stacking.correlation"]
    found = model.exact_derivatives(base, addresses)
    for address in addresses:
        sides = (*values.sides(address, 1e-3), *values.sides(address, 2e-3))
        curves = [model.curves(base.at(side))[0] for side in sides]
        near, wide = (curves[1] - curves[0]) / 2e-3, (curves[3] - curves[2]) / 4e-3
        expected = (4.0 * near - wide) / 3.0
        assert np.abs(found[address][0] - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("text", [CUBIC, GAMMA_CSPBBR3])
def test_crystals_without_layers_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"populations\.p\.stacking: needs a crystal of close-packed layers"):
        sample(crystal(text, 0.01), Sphere(30.0), 0.5)
