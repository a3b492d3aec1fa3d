"""Fits of many curves with parameters that all share: one D for all columns of a DOSY line, one T for all lines.

    decay = SumOfForms({"a": DECAYS["diffusion"]}, 0)
    fit = fit_shared(decay, b, columns, {"a.diffusion": 1e-10}, shared=["a.diffusion"])
    fit.shared["a.diffusion"], fit.shared_stderr("a.diffusion"), fit["a.amplitude"]

Each member has amplitudes and a baseline, which are eliminated (variable projection), and a value of each nonlinear
parameter that is not shared. The normal matrix is an arrow: a block of the shared ones, one small block for each
member, and what couples the two, so a step costs as much as fitting the members one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares
from nanocrystal.spectra.batch.plain import FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING
from nanocrystal.spectra.batch.starts import candidates, natural_limits
from nanocrystal.spectra.covariance import covariances, scaled, solved
from nanocrystal.spectra.sum import SumOfForms

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
MOST_STEPS = 200
RANK = 1e-10
"""relative size below which a combination of linear curves counts as nothing"""


@dataclass(frozen=True)
class SharedOptions(Declares):
    """How curves with shared parameters are fitted.

    Parameters
    ----------
    bounds : mapping of str to (float, float) or None
        Of nonlinear parameters.
    search : bool
        Whether places and times around the start are tried first.
    reach : mapping of str to float or None
        Name -> how far a place may be off, in its unit, or by which factor a time; 0 keeps it; None: 0.6 of the width
        of a line, a factor of 2.5.
    tolerance : float
        Relative change of χ² at which the descent ends.
    """

    bounds: Mapping[str, tuple[float, float]] | None = None
    search: bool = True
    reach: Mapping[str, float] | None = None
    tolerance: float = 1e-10


@dataclass(frozen=True, kw_only=True)
class SharedFit:
    """A fit of many curves, the members, with parameters that all share.

    Parameters
    ----------
    sum : SumOfForms
        The model.
    x : array (n_points,)
        Abscissa.
    free : array (n_members, n_free)
        Free parameters, shared ones repeated.
    shared_names : tuple of str
        The shared parameters.
    own_names : tuple of str
        Those that each member has for itself, linear ones included.
    shared_covariance : array (n_shared, n_shared)
        In the order of `shared_names`; without σ scaled so that χ²_red is 1; variances are infinite where nothing is
        determined.
    own_covariance : array (n_members, n_own, n_own)
        In the order of `own_names`, likewise.
    chi2 : float
        Of all members.
    chi2_of : array (n_members,)
        Of each.
    n_points : int
        Of all members.
    n_parameters : int
        Of all members.
    converged : bool
        Whether the descent ended in a minimum.
    n_evaluations : int
        Of the curves.
    """

    sum: SumOfForms
    x: FloatArray
    free: FloatArray
    shared_names: tuple[str, ...]
    own_names: tuple[str, ...]
    shared_covariance: FloatArray
    own_covariance: FloatArray
    chi2: float
    chi2_of: FloatArray
    n_points: int
    n_parameters: int
    converged: bool
    n_evaluations: int

    @property
    def shared(self) -> dict[str, float]:
        """The shared parameters by name."""
        return {n: float(self.free[0, self.sum.free_names.index(n)]) for n in self.shared_names}

    def __getitem__(self, name: str) -> FloatArray:
        """Return a parameter of each member, (n_members,)."""
        return np.asarray(self.sum.full(self.free)[:, self.sum.index(name)])

    def shared_stderr(self, name: str) -> float:
        """Return the standard error of a shared parameter; infinite where it is not determined."""
        k = self.shared_names.index(name)
        return float(np.sqrt(self.shared_covariance[k, k]))

    def stderr(self, name: str) -> FloatArray:
        """Return standard errors of a parameter of each member, (n_members,)."""
        if name in self.shared_names:
            return np.full(len(self.free), self.shared_stderr(name))
        k = self.own_names.index(name)
        return np.sqrt(self.own_covariance[:, k, k])

    @property
    def undetermined(self) -> tuple[str, ...]:
        """The parameters whose variance is infinite, for any of the members."""
        open_shared = [n for k, n in enumerate(self.shared_names) if not np.isfinite(self.shared_covariance[k, k])]
        diagonal = np.einsum("mjj->mj", self.own_covariance)
        return (*open_shared, *(n for k, n in enumerate(self.own_names) if not np.isfinite(diagonal[:, k]).all()))

    @property
    def chi2_red(self) -> float:
        """χ² of all members over points less parameters."""
        return self.chi2 / max(self.n_points - self.n_parameters, 1)

    def curves(self) -> FloatArray:
        """Return the fitted curves, (n_members, n_points)."""
        return self.sum.curve(self.x, self.free)


@dataclass(frozen=True, kw_only=True)
class _Problem:
    """What does not change: data (n_members, n_points), weights (n_members or 1, n_points), places of parameters."""

    model: SumOfForms
    x: FloatArray
    y: FloatArray
    weights: FloatArray
    shared: NDArray[np.int64]
    of_members: NDArray[np.int64]
    linear: NDArray[np.int64]
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, kw_only=True)
class _State:
    """One set of parameters; slopes (n_members, n_free, n_points) of all of them and residual, both over σ."""

    free: FloatArray
    chi2_of: FloatArray
    slopes: FloatArray
    basis: FloatArray
    residual: FloatArray

    @property
    def chi2(self) -> float:
        return float(self.chi2_of.sum())


def fit_shared(
    model: SumOfForms,
    x: FloatArray,
    members: FloatArray,
    start: Mapping[str, float | FloatArray],
    *,
    shared: Sequence[str],
    sigma: FloatArray | float | None = None,
    options: SharedOptions | None = None,
) -> SharedFit:
    """Fit many curves with some parameters common to all.

    Parameters
    ----------
    model : SumOfForms
        What is fitted.
    x : array (n_points,)
        Abscissa.
    members : array (n_members, n_points)
        The curves; points that are not finite are left out.
    start : mapping of str to float or array (n_members,)
        A value for all members, or one each; amplitudes and baseline may be left out.
    shared : sequence of str
        Names of the common parameters, none of them linear.
    sigma : float or array, optional
        Standard deviations that broadcast against the members.
    options : SharedOptions, optional
        Bounds and search.

    Returns
    -------
    SharedFit
        Shared parameters, those of each member, and covariances.

    Raises
    ------
    InputError
        For arrays and names that cannot be used.
    """
    options = options or SharedOptions()
    problem = _problem(model, x, members, shared, sigma, options.bounds, start)
    free = np.tile(model.start({k: float(np.ravel(v)[0]) for k, v in start.items()}), (len(problem.y), 1))
    for name, value in start.items():
        if np.ndim(value) and name in model.free_names:
            free[:, model.free_names.index(name)] = value
    tried = free[None]
    if options.search and not any(np.ndim(v) for v in start.values()):
        around = np.clip(candidates(model, free[0], options.reach), problem.low, problem.high)
        tried = np.repeat(around[:, None], len(problem.y), axis=1)
    state = _best_start(problem, tried)
    state, converged, steps = _descended(problem, state, options.tolerance)
    return _assembled(problem, state, converged, len(tried) + steps, sigma is not None)


def _problem(
    model: SumOfForms,
    x: FloatArray,
    members: FloatArray,
    shared: Sequence[str],
    sigma: FloatArray | float | None,
    bounds: Mapping[str, tuple[float, float]] | None,
    start: Mapping[str, float | FloatArray],
) -> _Problem:
    y = np.atleast_2d(np.asarray(members, dtype=np.float64))
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 1 or y.shape[1] != len(x):
        raise InputError("members", f"must have the shape (n_members, {x.size}) of x, got {np.shape(members)}.")
    for name in shared:
        if name not in model.free_names or model.free_is_linear[model.free_names.index(name)]:
            nonlinear = [n for n, k in zip(model.free_names, model.free_is_linear, strict=True) if not k]
            raise InputError(f"shared {name}", f"must be one of the nonlinear parameters, {', '.join(nonlinear)}.")
    weights = np.ones((1, len(x)))
    if sigma is not None:
        deviation = np.atleast_2d(np.broadcast_to(sigma, y.shape if np.ndim(sigma) > 1 else x.shape))
        good = np.isfinite(deviation) & (deviation > 0.0)
        weights = np.where(good, 1.0 / np.where(good, deviation, 1.0), 0.0)
    if not np.isfinite(y).all():
        weights, y = np.where(np.isfinite(y), weights, 0.0), np.where(np.isfinite(y), y, 0.0)
    starts = np.array([model.start({k: float(f(v)) for k, v in start.items()}) for f in (np.min, np.max)])
    low, high = natural_limits(model, x, starts, *model.limits(bounds))
    low[model.free_is_linear], high[model.free_is_linear] = -np.inf, np.inf
    places = {n: k for k, n in enumerate(model.free_names)}
    common = np.array([places[n] for n in dict.fromkeys(shared)], dtype=np.int64)
    of_members = np.setdiff1d(np.flatnonzero(~model.free_is_linear), common)
    return _Problem(
        model=model,
        x=x,
        y=y,
        weights=weights,
        shared=common,
        of_members=of_members,
        linear=model.free_linear,
        low=low,
        high=high,
    )


# ---- one evaluation -----------------------------------------------------------------------------


def _evaluated(problem: _Problem, free: FloatArray) -> _State:
    """Return the state with the linear parameters of each member solved for.

    Where all nonlinear parameters are shared, so are the curves of the members, which are calculated once.
    """
    model, weights = problem.model, problem.weights
    alike = not len(problem.of_members)
    full = model.full(free[:1] if alike else free)
    rows = model.rows(problem.x, full)
    y = problem.y - model.unmoved(rows, full)
    weighted = model.basis(rows) * weights[:, None, :]
    vectors, sizes, rest = np.linalg.svd(np.swapaxes(weighted, 1, 2), full_matrices=False)
    real = sizes > RANK * sizes[:, :1]
    basis = vectors * real[:, None, :]
    along = (np.swapaxes(basis, 1, 2) @ (y * weights)[:, :, None])[:, :, 0]
    inverse = np.where(real, 1.0 / np.where(real, sizes, 1.0), 0.0)
    free = free.copy()
    free[:, problem.linear] = (np.swapaxes(rest, 1, 2) @ (inverse * along)[:, :, None])[:, :, 0]
    residual = y * weights - (basis @ along[:, :, None])[:, :, 0]
    full = model.full(free)
    slopes = np.zeros((len(free), free.shape[1], len(problem.x)))
    slopes[:, problem.linear] = weighted
    model.add_nonlinear_slopes(slopes, rows, full, weights)
    return _State(free=free, chi2_of=(residual**2).sum(axis=1), slopes=slopes, basis=basis, residual=residual)


def _best_start(problem: _Problem, tried: FloatArray) -> _State:
    """Return the best of starts (n_candidates, n_members, n_free): one for each member, alike in what is shared."""
    groups: dict[bytes, tuple[FloatArray, FloatArray]] = {}
    for free in tried:
        state = _evaluated(problem, free)
        key = state.free[0, problem.shared].tobytes()
        best, chi2_of = groups.get(key, (state.free, state.chi2_of))
        lower = state.chi2_of < chi2_of
        groups[key] = (np.where(lower[:, None], state.free, best), np.where(lower, state.chi2_of, chi2_of))
    return _evaluated(problem, min(groups.values(), key=lambda group: float(group[1].sum()))[0])


# ---- steps --------------------------------------------------------------------------------------


def _descended(problem: _Problem, state: _State, tolerance: float) -> tuple[_State, bool, int]:
    """Return the state at the minimum, whether it is one, and the number of steps tried."""
    moving = np.concatenate([problem.shared, problem.of_members])
    if not len(moving):
        return state, True, 0
    n_shared, damping = len(problem.shared), FIRST_DAMPING
    equations = _projected(state, moving)
    for count in range(1, MOST_STEPS + 1):
        normal, right = equations
        used = _may_move(problem, state, right, moving)
        shared_step, member_steps, fine = _arrow_step(normal, right, n_shared, damping, used)
        expected = float(shared_step @ right[:, :n_shared].sum(axis=0) + (member_steps * right[:, n_shared:]).sum())
        trial = state.free.copy()
        trial[:, problem.shared] += shared_step
        trial[:, problem.of_members] += member_steps
        with np.errstate(all="ignore"):
            there = _evaluated(problem, np.clip(trial, problem.low, problem.high)) if fine else state
        if fine and there.chi2 <= state.chi2:
            small = state.chi2 - there.chi2 <= tolerance * state.chi2 and expected <= 1e3 * tolerance * state.chi2
            state, damping = there, max(0.1 * damping, LEAST_DAMPING)
            equations = _projected(state, moving)
            if small:
                return state, True, count
        else:
            if fine and expected <= tolerance * state.chi2:
                return state, True, count
            damping *= 10.0
            if damping > MOST_DAMPING:
                return state, False, count
    return state, False, MOST_STEPS


def _projected(state: _State, moving: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Return normal matrices (n_members, n, n) and right sides of the moving parameters, linear ones eliminated."""
    slopes = state.slopes[:, moving]
    slopes = slopes - (slopes @ state.basis) @ np.swapaxes(state.basis, 1, 2)
    return slopes @ np.swapaxes(slopes, 1, 2), (slopes @ state.residual[:, :, None])[:, :, 0]


def _may_move(problem: _Problem, state: _State, right: FloatArray, moving: NDArray[np.int64]) -> BoolArray:
    """Return which parameters of each member are free of their bounds; a shared one moves for all or for none."""
    n_shared = len(problem.shared)
    pull = right.copy()
    pull[:, :n_shared] = right[:, :n_shared].sum(axis=0)
    values, low, high = state.free[:, moving], problem.low[moving], problem.high[moving]
    return np.asarray(~(((values <= low) & (pull < 0.0)) | ((values >= high) & (pull > 0.0))))


def _arrow_step(
    normal: FloatArray, right: FloatArray, n_shared: int, damping: float, used: BoolArray
) -> tuple[FloatArray, FloatArray, bool]:
    """Return the damped steps of the shared (n_shared,) and the members' (n_members, n_own) parameters.

    (S − Σ B O⁻¹ Bᵀ) s = g − Σ B O⁻¹ o, then O p = o − Bᵀ s, each with its diagonal raised.
    """
    normal = np.where(used[:, :, None] & used[:, None, :], normal, 0.0)
    right = np.where(used, right, 0.0)
    coupling, member, member_used = normal[:, :n_shared, n_shared:], normal[:, n_shared:, n_shared:], used[:, n_shared:]
    damped = np.full(member_used.shape, damping)
    inner, fine = solved(member, right[:, n_shared:], damped, member_used)
    through = np.zeros_like(np.swapaxes(coupling, 1, 2))
    for k in range(n_shared):
        through[:, :, k], _ = solved(member, coupling[:, k], damped, member_used)
    block = normal[:, :n_shared, :n_shared].sum(axis=0)
    block[range(n_shared), range(n_shared)] *= 1.0 + damping
    schur = block - (coupling @ through).sum(axis=0)
    pull = right[:, :n_shared].sum(axis=0) - (coupling @ inner[:, :, None])[:, :, 0].sum(axis=0)
    shared_used = used[:1, :n_shared]
    step, good = solved(schur[None], pull[None], np.zeros((1, n_shared)), shared_used)
    steps = inner - (through @ step[0][:, None])[:, :, 0] if n_shared else inner
    return step[0], steps, bool(fine.all() and good.all())


# ---- uncertainties ------------------------------------------------------------------------------


def _assembled(problem: _Problem, state: _State, converged: bool, count: int, has_sigma: bool) -> SharedFit:
    """Return the result, with covariances from the full Jacobian, linear parameters included."""
    n_shared = len(problem.shared)
    of_members = np.concatenate([problem.of_members, problem.linear])
    order = np.concatenate([problem.shared, of_members])
    slopes = state.slopes[:, order]
    normal = slopes @ np.swapaxes(slopes, 1, 2)
    pull = (slopes @ state.residual[:, :, None])[:, :, 0]
    used = _may_move(problem, state, pull, order)
    shared_covariance, own_covariance = _arrow_covariance(normal, n_shared, used)
    n_points = int((problem.weights > 0.0).sum()) * (1 if len(problem.weights) > 1 else len(problem.y))
    n_parameters = n_shared + len(of_members) * len(problem.y)
    if not has_sigma:
        factor = state.chi2 / max(n_points - n_parameters, 1)
        shared_covariance, own_covariance = scaled(shared_covariance, factor), scaled(own_covariance, factor)
    names = problem.model.free_names
    return SharedFit(
        sum=problem.model,
        x=problem.x,
        free=state.free,
        shared_names=tuple(names[k] for k in problem.shared),
        own_names=tuple(names[k] for k in of_members),
        shared_covariance=shared_covariance,
        own_covariance=own_covariance,
        chi2=state.chi2,
        chi2_of=state.chi2_of,
        n_points=n_points,
        n_parameters=n_parameters,
        converged=converged,
        n_evaluations=count,
    )


def _arrow_covariance(normal: FloatArray, n_shared: int, used: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return blocks of the inverse of an arrow matrix: (n_shared, n_shared) and (n_members, n_own, n_own)."""
    coupling, member, member_used = normal[:, :n_shared, n_shared:], normal[:, n_shared:, n_shared:], used[:, n_shared:]
    inverse = _inverted(member, member_used)
    finite = np.where(np.isfinite(inverse), inverse, 0.0)
    through = finite @ np.swapaxes(coupling, 1, 2)
    schur = normal[:, :n_shared, :n_shared].sum(axis=0) - (coupling @ through).sum(axis=0)
    shared = _inverted(schur[None], used[:1, :n_shared])[0]
    spread = through @ np.where(np.isfinite(shared), shared, 0.0) @ np.swapaxes(through, 1, 2)
    return shared, inverse + spread


def _inverted(normal: FloatArray, used: BoolArray) -> FloatArray:
    """Return inverse matrices; what is not determined has an infinite variance and no covariance."""
    return covariances(normal, used)[0]
