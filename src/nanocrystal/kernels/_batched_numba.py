"""Compiled Levenberg-Marquardt, one spectrum after the other. Called through `spectra.batch`; needs Numba at import.

The same steps as the plain text in `spectra.batch.plain`, which says why. Rows of `parts` are (form, first parameter,
number of parameters); `free_of` maps each parameter to its free one, or to −1 (fixed); several may share one (equal
ties).
"""

from __future__ import annotations

import math

import numpy as np

from nanocrystal.kernels._batched_jit import jit
from nanocrystal.kernels._batched_voigt import fill_voigt

CONVERGED, STALLED, SINGULAR, EMPTY = 0, 1, 2, 3
FOUR_LN2 = 4.0 * math.log(2.0)
GAUSS_HEIGHT = math.sqrt(FOUR_LN2 / math.pi)
LORENTZ_HEIGHT = 2.0 / math.pi
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-3, 1e-9, 1e9
SMALLEST_PIVOT = 1e-13
"""of a normal matrix scaled to a diagonal of ones: below it a direction counts as not determined"""
LEAST_EXPECTED = 1e-12
"""counts that a Poisson model expects at least"""


# ---- curves -------------------------------------------------------------------------------------


@jit
def fill_gaussian(x, p, rows, at):
    """Write curve and derivatives of a Gaussian (position, fwhm, asymmetry of the split one) to rows[at:]."""
    c, inverse = p[0], 1.0 / p[1]
    height = GAUSS_HEIGHT * inverse
    for i in range(len(x)):
        z = (x[i] - c) * inverse
        u = height * math.exp(-FOUR_LN2 * z * z)
        by_position = 2.0 * FOUR_LN2 * z * u * inverse
        rows[at, i] = u
        rows[at + 1, i] = by_position
        rows[at + 2, i] = z * by_position - u * inverse


@jit
def fill_lorentzian(x, p, rows, at):
    c, inverse = p[0], 1.0 / p[1]
    for i in range(len(x)):
        z = (x[i] - c) * inverse
        shape = 1.0 / (1.0 + 4.0 * z * z)
        u = LORENTZ_HEIGHT * inverse * shape
        by_position = 8.0 * z * shape * u * inverse
        rows[at, i] = u
        rows[at + 1, i] = by_position
        rows[at + 2, i] = z * by_position - u * inverse


@jit
def fill_pseudo_voigt(x, p, rows, at):
    c, inverse, mixing = p[0], 1.0 / p[1], p[2]
    for i in range(len(x)):
        z = (x[i] - c) * inverse
        shape = 1.0 / (1.0 + 4.0 * z * z)
        lorentz = LORENTZ_HEIGHT * inverse * shape
        gauss = GAUSS_HEIGHT * inverse * math.exp(-FOUR_LN2 * z * z)
        u = mixing * lorentz + (1.0 - mixing) * gauss
        by_position = 8.0 * z * inverse * (mixing * shape * lorentz + (1.0 - mixing) * math.log(2.0) * gauss)
        rows[at, i] = u
        rows[at + 1, i] = by_position
        rows[at + 2, i] = z * by_position - u * inverse
        rows[at + 3, i] = lorentz - gauss


@jit
def fill_split(x, p, rows, at, lorentz):
    c, inverse, asymmetry = p[0], 1.0 / p[1], p[2]
    for i in range(len(x)):
        d = x[i] - c
        side = 1.0 if d > 0.0 else -1.0
        stretch = 1.0 + asymmetry * side
        z = d * inverse / stretch
        if lorentz:
            shape = 1.0 / (1.0 + 4.0 * z * z)
            u = LORENTZ_HEIGHT * inverse * shape
            by_position = 8.0 * z * shape * u * inverse
        else:
            u = GAUSS_HEIGHT * inverse * math.exp(-FOUR_LN2 * z * z)
            by_position = 2.0 * FOUR_LN2 * z * u * inverse
        rows[at, i] = u
        rows[at + 1, i] = by_position / stretch
        rows[at + 2, i] = z * by_position - u * inverse
        rows[at + 3, i] = by_position * d * side / (stretch * stretch)


@jit
def fill_decay(x, p, rows, at, form):
    if form == 10:
        for i in range(len(x)):
            u = x[i] / p[0]
            curve = math.exp(-u)
            rows[at, i] = curve
            rows[at + 1, i] = u * curve / p[0]
    elif form == 11:
        for i in range(len(x)):
            u = x[i] / p[0]
            power, logarithm = 0.0, 0.0
            if u > 0.0:
                logarithm = math.log(u)
                power = math.exp(p[1] * logarithm)
            curve = math.exp(-power)
            rows[at, i] = curve
            rows[at + 1, i] = p[1] * power * curve / p[0]
            rows[at + 2, i] = -logarithm * power * curve
    elif form == 12:
        for i in range(len(x)):
            u = x[i] / p[0]
            curve = math.exp(-u)
            rows[at, i] = 1.0 - p[1] * curve
            rows[at + 1, i] = -p[1] * u * curve / p[0]
            rows[at + 2, i] = -curve
    else:
        for i in range(len(x)):
            curve = math.exp(-x[i] * p[0])
            rows[at, i] = curve
            rows[at + 1, i] = -x[i] * curve


@jit
def fill(x, full, parts, rows):
    """Write the unit curve of each part and its derivatives to the rows of its parameters."""
    for k in range(len(parts)):
        form, first, n = parts[k]
        p = full[first + 1 : first + n]
        if form == 0:
            fill_gaussian(x, p, rows, first)
        elif form == 1:
            fill_lorentzian(x, p, rows, first)
        elif form == 2:
            fill_pseudo_voigt(x, p, rows, first)
        elif form == 3 or form == 4:
            fill_split(x, p, rows, first, form == 4)
        elif form == 5 or form == 6:
            fill_voigt(x, p, rows, first, form == 5)
        else:
            fill_decay(x, p, rows, first, form)


# ---- small linear algebra -----------------------------------------------------------------------


@jit
def cholesky(matrix, n):
    """Factorise the first n rows of a matrix with ones on its diagonal in place; the smallest pivot, 0 if singular."""
    least = 1.0
    for j in range(n):
        pivot = matrix[j, j]
        for k in range(j):
            pivot -= matrix[j, k] * matrix[j, k]
        if not pivot > SMALLEST_PIVOT:
            return 0.0
        least = min(least, pivot)
        root = math.sqrt(pivot)
        matrix[j, j] = root
        for i in range(j + 1, n):
            value = matrix[i, j]
            for k in range(j):
                value -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = value / root
    return least


@jit
def substitute(factor, n, b):
    """Solve with a Cholesky factor in place."""
    for i in range(n):
        value = b[i]
        for k in range(i):
            value -= factor[i, k] * b[k]
        b[i] = value / factor[i, i]
    for i in range(n - 1, -1, -1):
        value = b[i]
        for k in range(i + 1, n):
            value -= factor[k, i] * b[k]
        b[i] = value / factor[i, i]


@jit
def solve(normal, right, damping, used, scaled, step):
    """Write the damped step of the used parameters to `step` (others 0); False where it cannot be solved.

    damping: (n,) added to the diagonal of the matrix scaled to ones.
    """
    n = 0
    place = np.empty(len(right), np.int64)
    root = np.empty(len(right))
    for i in range(len(right)):
        step[i] = 0.0
        if used[i] and normal[i, i] > 0.0:
            place[n] = i
            root[n] = math.sqrt(normal[i, i])
            n += 1
    b = np.empty(n)
    for i in range(n):
        for j in range(i):
            scaled[i, j] = normal[place[i], place[j]] / (root[i] * root[j])
        scaled[i, i] = 1.0 + damping[place[i]]
        b[i] = right[place[i]] / root[i]
    if cholesky(scaled, n) == 0.0:
        return False
    substitute(scaled, n, b)
    for i in range(n):
        step[place[i]] = b[i] / root[i]
    return True


# ---- one spectrum -------------------------------------------------------------------------------


@jit
def dot(a, b):
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@jit
def spread(free, free_of, full):
    for k in range(len(full)):
        if free_of[k] >= 0:
            full[k] = free[free_of[k]]


@jit
def linear_best(y, weight, rows, slopes, full, free, plan, low, high, held):
    """Solve the eliminated parameters; those that would leave their bounds are held there. False: singular."""
    _, free_of, is_linear, eliminated = plan
    n = len(free)
    rest = np.empty(len(y))
    normal, scaled = np.zeros((n, n)), np.empty((n, n))
    right, best, none, used = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n, np.bool_)
    for j in range(n):
        held[j] = False
        used[j] = eliminated[j]
    for attempt in range(n + 1):
        for i in range(len(y)):
            rest[i] = y[i]
        for k in range(len(full)):
            if is_linear[k] and (free_of[k] < 0 or not used[free_of[k]]):
                value = full[k] if free_of[k] < 0 else free[free_of[k]]
                if value != 0.0:
                    for i in range(len(y)):
                        rest[i] -= value * rows[k, i]
        for i in range(len(y)):
            rest[i] *= weight[i]
        for j in range(n):
            if used[j]:
                right[j] = dot(slopes[j], rest)
                if attempt == 0:
                    for m in range(j + 1):
                        if used[m]:
                            normal[j, m] = dot(slopes[j], slopes[m])
        if not solve(normal, right, none, used, scaled, best):
            return False
        outside = False
        for j in range(n):
            if used[j]:
                free[j] = best[j]
                if best[j] < low[j] or best[j] > high[j]:
                    free[j] = low[j] if best[j] < low[j] else high[j]
                    used[j] = False
                    held[j] = True
                    outside = True
        if not outside:
            return True
    return True


@jit
def evaluate(x, y, weight, baseline, poisson, full, free, plan, low, high, rows, slopes, residual, held):
    """Return χ² (or twice the Poisson deviance from a perfect fit); writes slopes (n_free, n_points) and residual.

    Both are divided by σ. The linear parameters in `free` are replaced by the best ones where they are eliminated.
    """
    parts, free_of, is_linear, eliminated = plan
    n_points, n_full = len(x), len(full)
    spread(free, free_of, full)
    fill(x, full, parts, rows)
    slopes[:] = 0.0
    for k in range(n_full):
        j = free_of[k]
        if j >= 0 and is_linear[k]:
            for i in range(n_points):
                slopes[j, i] += rows[k, i] * weight[i]
    if eliminated.any():
        if not linear_best(y, weight, rows, slopes, full, free, plan, low, high, held):
            return np.inf
        spread(free, free_of, full)
    for k in range(len(parts)):
        first, n = parts[k, 1], parts[k, 2]
        for row in range(first + 1, first + n):
            j = free_of[row]
            if j >= 0:
                for i in range(n_points):
                    slopes[j, i] += full[first] * rows[row, i] * weight[i]
    for i in range(n_points):
        residual[i] = 0.0
    for k in range(n_full):
        if is_linear[k]:
            for i in range(n_points):
                residual[i] += full[k] * rows[k, i]
    total = 0.0
    if not poisson:
        for i in range(n_points):
            residual[i] = (y[i] - residual[i]) * weight[i]
            total += residual[i] * residual[i]
        return total
    root = np.zeros(n_points)
    for i in range(n_points):
        if weight[i] == 0.0:
            residual[i] = 0.0
            continue
        if residual[i] < 0.0:
            return np.inf
        expected = max(residual[i], LEAST_EXPECTED)
        total += 2.0 * (expected - y[i])
        if y[i] > 0.0:
            total += 2.0 * y[i] * math.log(y[i] / expected)
        root[i] = 1.0 / math.sqrt(expected)
        residual[i] = (y[i] - expected) * root[i]
    for j in range(len(free)):
        for i in range(n_points):
            slopes[j, i] *= root[i]
    return total


@jit
def normal_equations(slopes, residual, normal, right):
    for j in range(len(right)):
        right[j] = dot(slopes[j], residual)
        for m in range(j + 1):
            normal[j, m] = dot(slopes[j], slopes[m])
            normal[m, j] = normal[j, m]


@jit
def at_limits(free, low, high, right, held, used):
    """Mark which parameters may move: not those at a bound that the step would push outwards."""
    for j in range(len(free)):
        outwards = (free[j] <= low[j] and right[j] < 0.0) or (free[j] >= high[j] and right[j] > 0.0)
        used[j] = not (outwards or held[j])


@jit
def descend(x, y, weight, baseline, poisson, full, free, plan, low, high, tolerance, most_steps, covariance):
    """Move `free` to the minimum; return χ², status, number of evaluations. covariance: (n_free, n_free)."""
    _, _, _, eliminated = plan
    n, n_points = len(free), len(x)
    rows = np.zeros((len(full), n_points))
    for k in range(len(baseline)):
        rows[len(full) - len(baseline) + k] = baseline[k]
    slopes, residual = np.empty((n, n_points)), np.empty(n_points)
    normal, scaled = np.empty((n, n)), np.empty((n, n))
    right, step, trial, damp = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    used, held = np.ones(n, np.bool_), np.zeros(n, np.bool_)
    chi2 = evaluate(x, y, weight, baseline, poisson, full, free, plan, low, high, rows, slopes, residual, held)
    if not math.isfinite(chi2):
        return chi2, SINGULAR, 1
    normal_equations(slopes, residual, normal, right)
    damping, status, count = FIRST_DAMPING, STALLED, 1
    while count < most_steps:
        at_limits(free, low, high, right, held, used)
        for j in range(n):
            damp[j] = 0.0 if eliminated[j] and not held[j] else damping
        if not solve(normal, right, damp, used, scaled, step):
            damping *= 10.0
            if damping > MOST_DAMPING:
                break
            continue
        expected = 0.0
        for j in range(n):
            trial[j] = min(max(free[j] + step[j], low[j]), high[j])
            expected += step[j] * right[j]
        reached = evaluate(x, y, weight, baseline, poisson, full, trial, plan, low, high, rows, slopes, residual, held)
        count += 1
        if reached <= chi2:
            small = chi2 - reached <= tolerance * chi2 and expected <= 1e3 * tolerance * chi2
            chi2 = reached
            free[:] = trial
            normal_equations(slopes, residual, normal, right)
            damping = max(0.1 * damping, LEAST_DAMPING)
            if small:
                status = CONVERGED
                break
        else:
            if expected <= tolerance * chi2 and damping <= FIRST_DAMPING:
                status = CONVERGED  # rounding decides
                break
            damping = max(10.0 * damping, FIRST_DAMPING)
            if damping > MOST_DAMPING:
                status = CONVERGED if expected <= tolerance * chi2 else STALLED
                break
    at_limits(free, low, high, right, held, used)
    return chi2, covariance_of(normal, used, scaled, covariance, status), count


@jit
def covariance_of(normal, used, scaled, covariance, status):
    """Invert the normal matrix; parameters at a bound, or that change nothing, have an infinite variance."""
    n = len(used)
    none, unit, column = np.zeros(n), np.zeros(n), np.empty(n)
    dead = False
    for j in range(n):
        unit[:] = 0.0
        unit[j] = 1.0
        if not used[j] or not normal[j, j] > 0.0:
            dead = dead or used[j]
            covariance[j, :] = 0.0
            covariance[:, j] = 0.0
            covariance[j, j] = np.inf
            continue
        if not solve(normal, unit, none, used, scaled, column):
            for k in range(n):
                covariance[k, :] = 0.0
            for k in range(n):
                covariance[k, k] = np.inf
            return SINGULAR
        for k in range(n):
            if used[k] and normal[k, k] > 0.0:
                covariance[k, j] = column[k]
    return SINGULAR if dead else status


@jit
def descend_all(x, spectra, weights, baseline, poisson, full, plan, low, high, tolerance, most_steps, answers):
    """Fit each spectrum (n_items, n_points) from its own start free (n_items, n_free); answers are written in place.

    plan: parts, free_of, is_linear, eliminated; answers: free, chi2, status, count, covariance.
    """
    free, chi2, status, count, covariance = answers
    for item in range(len(spectra)):
        if status[item] == EMPTY:
            continue
        y, weight, start = spectra[item], weights[item if len(weights) > 1 else 0], full.copy()
        chi2[item], status[item], count[item] = descend(
            x, y, weight, baseline, poisson, start, free[item], plan, low, high, tolerance, most_steps, covariance[item]
        )
