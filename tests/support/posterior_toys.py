"""Problems whose posteriors are known without sampling: closed forms, and a sum over a grid."""

from __future__ import annotations

import numpy as np

from nanocrystal.parameters import Parameter, vary
from nanocrystal.refinement.problem import Problem
from support.toy_models import ToyModel, toy_problem

LEFT = Parameter(None, linear=True)
X = np.linspace(0.0, 1.0, 60)
SIGMA = 0.1 + 0.1 * X


def quadratic(seed: int = 0, sigma: bool = True, **a: Parameter) -> Problem:
    """Return y = a + b x + c x²; a and b are moved by the optimiser, c is linear and eliminated."""
    rng = np.random.default_rng(seed)
    observed = 1.0 + 2.0 * X + 0.5 * X**2 + SIGMA * rng.normal(size=len(X))

    def curves(v: dict[str, float]) -> np.ndarray:
        return np.array([X**2, v["a"] + v["b"] * X])

    model = ToyModel(X, observed, SIGMA if sigma else None, ("c", "one"), curves)
    parameters = {"a": a.get("a", vary(0.9)), "b": a.get("b", vary(1.8)), "c": LEFT, "one": Parameter(1.0)}
    return toy_problem(parameters, model)


def normal_law(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance of (a, b, c) from the normal equations, written out here."""
    design = np.column_stack([np.ones_like(X), X, X**2]) / SIGMA[:, None]
    measured = problem.models["d"].measured.observed
    assert measured is not None
    covariance = np.linalg.inv(design.T @ design)
    return covariance @ design.T @ (measured / SIGMA), covariance


def amount(true: float, seed: int = 3) -> tuple[Problem, float, float]:
    """Return y = p x with p ≥ 0, where noise makes the best p negative, and the mean and std without the bound."""
    observed = true * X + SIGMA * np.random.default_rng(seed).normal(size=len(X))
    error = float(1.0 / np.sqrt(np.sum((X / SIGMA) ** 2)))
    mean = float(np.sum(X * observed / SIGMA**2) * error**2)
    model = ToyModel(X, observed, SIGMA, ("one",), lambda v: v["p"] * X)
    return toy_problem({"p": vary(0.05, min=0.0), "one": Parameter(1.0)}, model), mean, error


def valley(scale_by_fit: bool) -> Problem:
    """Return c·exp(−k x) + 0·k with few noisy points: amplitude and rate trade along a bent valley."""
    x = np.array([0.0, 0.5, 1.0, 2.0])
    observed = np.array([1.3, 0.5, 0.75, 0.1])
    sigma = np.full(4, 0.35)

    def curves(v: dict[str, float]) -> np.ndarray:
        return np.exp(-v["k"] * x) if scale_by_fit else v["s"] * np.exp(-v["k"] * x)

    model = ToyModel(x, observed, sigma, ("s",) if scale_by_fit else ("one",), curves)
    rate = vary(0.8, min=0.0, max=6.0)
    if scale_by_fit:
        return toy_problem({"k": rate, "s": LEFT}, model)
    return toy_problem({"k": rate, "s": vary(1.0, min=-8.0, max=8.0), "one": Parameter(1.0)}, model)


def on_grid() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return k, s and their joint density summed to 1, (n_k, n_s), from the Gaussian likelihood written out."""
    x, observed = np.array([0.0, 0.5, 1.0, 2.0]), np.array([1.3, 0.5, 0.75, 0.1])
    k, s = (np.arange(1500) + 0.5) * 6.0 / 1500, -8.0 + (np.arange(2400) + 0.5) * 16.0 / 2400
    chi2 = sum(((y - s[None, :] * np.exp(-k * at)[:, None]) / 0.35) ** 2 for at, y in zip(x, observed, strict=True))
    density = np.exp(-0.5 * (chi2 - np.min(chi2)))
    return k, s, density / density.sum()
