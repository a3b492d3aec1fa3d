"""What every shape promises, for each that a study may name: a new one is tested without being named here."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import simpson
from scipy.stats import lognorm

import nanocrystal
from nanocrystal.errors import InputError
from nanocrystal.study import schema
from support.modelling import now
from support.richardson import errors_of_derivatives, exact_addresses_of
from support.round_trip import check
from support.shape_examples import EXAMPLES, A, ExampleShape
from support.technique_studies import everything_free

EVERY = pytest.mark.parametrize("name", schema.population_tables())
BODIES = [n for n in schema.population_tables() if n not in EXAMPLES or EXAMPLES[n].inside is not None]
WITH_BODY = pytest.mark.parametrize("name", BODIES)
LENGTHS = [(n, length) for n in BODIES if n in EXAMPLES for length in EXAMPLES[n].lengths]
VECTORS = A * np.eye(3)
N_POINTS = 400_000


def example(name: str) -> ExampleShape:
    """Return the example of a shape, without which nothing can be said of it."""
    if name not in EXAMPLES:
        pytest.fail(
            f"{name} has no example: add one to EXAMPLES in tests/support/shape_examples.py, its keys and, by hand, "
            "which points lie in it, a box around it, and its surface."
        )
    return EXAMPLES[name]


def shape_of(name: str, folder: Path, spread: str = "") -> Any:
    return example(name).study(name, folder, spread).sample.populations["p"].shape


def volume(shape: Any) -> float:
    found = shape.volume(lambda: VECTORS)
    assert found is not None
    return float(found)


def envelope(shape: Any, r: np.ndarray) -> np.ndarray:
    """Return γ₀(r) of a shape as of now, whichever way it is asked for."""
    along = shape.shape.along_lattice
    return np.asarray(shape.envelope_along(r, VECTORS) if along else shape.envelope(r))


@cache
def points(name: str) -> tuple[np.ndarray, float]:
    """Return random points (n, 3) in the body of an example, and its volume as they tell it, Å³."""
    one, rng = example(name), np.random.default_rng(1)
    assert one.inside is not None
    tried = rng.uniform(-1.0, 1.0, (N_POINTS, 3)) * one.half
    kept = tried[one.inside(tried)]
    return kept, 8.0 * float(np.prod(one.half)) * len(kept) / N_POINTS


def test_a_shape_without_an_example_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="new has no example: add one to EXAMPLES in tests/support"):
        example("new")
    assert set(EXAMPLES) <= set(schema.population_tables())


@EVERY
def test_it_is_public_and_written_as_it_was_read(name: str, tmp_path: Path) -> None:
    study = example(name).study(name, tmp_path)
    check(study)
    kind = type(study.sample.populations["p"].shape)
    assert kind.name == name
    assert getattr(nanocrystal, kind.__name__) is kind
    assert kind.__name__ in nanocrystal.__all__
    for length in example(name).lengths:
        check(example(name).study(name, tmp_path, length))


@EVERY
def test_the_lengths_of_an_example_are_all_that_it_has(name: str, tmp_path: Path) -> None:
    """So that none is left out of what follows; what has no body has no sizes."""
    shape = shape_of(name, tmp_path)
    assert example(name).lengths == (() if shape.of_atoms else tuple(shape.declared()))
    assert (example(name).inside is None) == (shape.of_atoms or not shape.finite)


@WITH_BODY
def test_volume_and_surface_are_those_by_hand(name: str, tmp_path: Path) -> None:
    """And the volume by hand is that of random points, so that both are of the same body."""
    one, shape = example(name), now(shape_of(name, tmp_path))
    kept, found = points(name)
    error = found * np.sqrt((1.0 - len(kept) / N_POINTS) / len(kept)) + 1e-9 * found
    assert abs(one.volume - found) < 4.0 * error
    assert volume(shape) == pytest.approx(one.volume, rel=1e-12)
    assert shape.surface(VECTORS) == pytest.approx(one.surface, rel=2e-3)
    if shape.shape.sized:
        assert shape.mean_diameter == pytest.approx((6.0 * one.volume / np.pi) ** (1.0 / 3.0), rel=1e-9)
    if shape.shape.along_lattice:
        assert shape.mean_blocks(VECTORS) == pytest.approx(one.volume / A**3, rel=1e-12)
        beyond = np.diag(np.maximum(1.02 * shape.reach_in_blocks(VECTORS), shape.extent_in_blocks(VECTORS)))
        assert (np.abs(shape.overlap(beyond, VECTORS)) < 1e-6 * shape.mean_blocks(VECTORS)).all()


@WITH_BODY
def test_envelope_is_that_of_random_points(name: str, tmp_path: Path) -> None:
    """γ₀(r): the part of points in the body that are in it too at a distance r, in any direction."""
    kept, _ = points(name)
    one, rng = example(name), np.random.default_rng(2)
    assert one.inside is not None
    directions = rng.normal(size=kept.shape)
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    r = np.linspace(0.0, 2.2 * float(np.linalg.norm(one.half)), 14)
    drawn = np.array([one.inside(kept + x * directions).mean() for x in r])
    found = envelope(now(shape_of(name, tmp_path)), r)
    error = np.sqrt(drawn * (1.0 - drawn) / len(kept))
    assert (np.abs(found - drawn) < 4.0 * error + 5e-4).all(), np.stack([found, drawn])


@WITH_BODY
def test_envelope_begins_with_the_surface_and_holds_the_volume(name: str, tmp_path: Path) -> None:
    """γ₀(0) = 1, γ₀′(0) = −S/4V, ∫ 4π r² γ₀ dr = V."""
    shape, one = now(shape_of(name, tmp_path)), example(name)
    assert envelope(shape, np.zeros(1))[0] == pytest.approx(1.0, abs=1e-9)
    h = 0.4
    near, far = envelope(shape, np.array([h, 2.0 * h]))
    slope = (4.0 * near - far - 3.0) / (2.0 * h)
    assert -slope == pytest.approx(one.surface / (4.0 * volume(shape)), rel=5e-3)
    r = np.linspace(0.0, 2.2 * float(np.linalg.norm(one.half)), 801)
    assert simpson(4.0 * np.pi * r**2 * envelope(shape, r), x=r) == pytest.approx(volume(shape), rel=1e-3)


@WITH_BODY
def test_small_angles_begin_with_volume_and_radius_of_gyration(name: str, tmp_path: Path) -> None:
    """⟨|F|²⟩ = V² (1 − q² R_g²/3 + …), R_g by random points; a shape that has no amplitude says so by its name."""
    shape = now(shape_of(name, tmp_path))
    if not shape.shape.sized:
        with pytest.raises(InputError, match=f"shape '{name}' is not known"):
            shape.body(VECTORS)
        return
    kept, _ = points(name)
    square = float(((kept - kept.mean(axis=0)) ** 2).sum(axis=1).mean())
    q = np.array([1e-4, 0.2 / np.sqrt(square)])
    at_zero, further = shape.body(VECTORS).products(q, (0.0, 0.0))
    assert at_zero == pytest.approx(volume(shape) ** 2, rel=1e-5)
    assert 3.0 * (1.0 - further / at_zero) / q[1] ** 2 == pytest.approx(square, rel=0.015)


# ---- sizes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "length"), LENGTHS)
def test_a_length_that_is_spread_is_a_mean_over_single_ones(name: str, length: str, tmp_path: Path) -> None:
    """Volume, surface and γ₀ against the sum over crystals with the density of scipy."""
    spread, single = shape_of(name, tmp_path, length), shape_of(name, tmp_path)
    mean = now(single).shape.declared()[length][1].value
    s = np.sqrt(np.log1p(0.12**2))
    nodes, weights = np.polynomial.legendre.leggauss(40)
    x = mean * np.exp(5.5 * s * nodes)
    part = 5.5 * s * x * weights * lognorm(s, scale=mean * np.exp(-0.5 * s * s)).pdf(x)
    assert part.sum() == pytest.approx(1.0, abs=1e-6)
    each = [now(single, **{length: float(v)}) for v in x]
    volumes = np.array([volume(e) for e in each])
    whole = now(spread)
    assert volume(whole) == pytest.approx(part @ volumes, rel=1e-6)
    assert whole.surface(VECTORS) == pytest.approx(part @ [e.surface(VECTORS) for e in each], rel=1e-3)
    r = np.linspace(0.0, 45.0, 10)
    members = np.array([envelope(e, r) for e in each])
    np.testing.assert_allclose(envelope(whole, r), (part * volumes) @ members / (part @ volumes), atol=1e-3)


@pytest.mark.parametrize(("name", "length"), LENGTHS)
def test_derivatives_by_sizes_are_those_of_the_curve(name: str, length: str, tmp_path: Path) -> None:
    """I(Q) by each length, mean and std, against Richardson's extrapolation; those along the lattice are exact."""
    np.savetxt(tmp_path / "d.txt", np.column_stack([np.arange(0.5, 8.0, 0.05), np.ones(150)]))
    dataset = 'technique = "total-scattering"\nfile = "d.txt"\ncolumns = ["q", "intensity"]\nbackground_terms = 0'
    study = example(name).study(name, tmp_path, length, dataset)
    content = {"populations": {"p": dict.fromkeys(example(name).lengths, 0.0)}}
    content["populations"]["p"][length] = {"mean": 0.0, "std": 0.0}  # type: ignore[assignment]
    problem = everything_free(study, content)
    errors = errors_of_derivatives(problem, "d")
    assert len(errors) == len(example(name).lengths) + 1
    assert max(errors.values()) < 5e-4, errors
    if study.sample.populations["p"].shape.along_lattice:
        assert exact_addresses_of(problem, "d") == set(errors)


@pytest.mark.parametrize(("name", "length"), LENGTHS)
def test_crystals_between_two_sizes_make_up_all(name: str, length: str, tmp_path: Path) -> None:
    """Numbers, volumes, γ₀ and pairs of blocks of the slices that laws of size see, each larger than the one before."""
    whole = now(shape_of(name, tmp_path, length))
    parts = whole.parts({1: 5, 2: 3, 3: 2})
    assert len(parts) == 5
    assert sum(p.number for p in parts) == pytest.approx(whole.number, rel=1e-9)
    volumes = np.array([volume(p) for p in parts])
    assert volumes.sum() == pytest.approx(volume(whole), rel=1e-6)
    assert (np.diff(volumes / [p.number for p in parts]) > 0.0).all()
    r = np.linspace(0.0, 40.0, 9)
    np.testing.assert_allclose(volumes @ [envelope(p, r) for p in parts] / volumes.sum(), envelope(whole, r), atol=1e-3)
    if whole.shape.along_lattice:
        offsets = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 2.0, 1.0], [0.0, 3.0, 4.0]])
        summed = np.sum([p.overlap(offsets, VECTORS) for p in parts], axis=0)
        np.testing.assert_allclose(summed, whole.overlap(offsets, VECTORS), rtol=1e-6, atol=1e-6)
