"""Exact line search along a Newton step, for the convex cost of `solve`.

The slope of the cost along the step is continuous, increasing and nearly piecewise linear. Its breakpoints are the
steps at which rows reach their bounds. Newton's method finds the zero of the slope, safeguarded by a bracket
(Nocedal and Wright 2006, Numerical Optimization, section 3.5). MuJoCo's primal solvers use the same method (MuJoCo
documentation, Computation: Algorithms).

Dry friction changes its slope within a very short interval, which Newton's method would miss. Its breakpoints are
therefore evaluated first.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dynax.mechanics.constraints.rows import BoundedRows, ConeRows, Rows

MAX_STEP = 100.0  # largest step, in Newton steps; only steps within rounding errors would need more
MIN_SLOPE_RATE = 1e-30  # lower bound of divisors
EVALUATIONS, EVALUATIONS_WITH_CONES = 4, 10  # steps of Newton's method; with cones the slope is curved

Bracket = tuple[jax.Array, jax.Array]  # step with a slope <= 0, and step with a slope > 0
Slope = Callable[[jax.Array], tuple[jax.Array, jax.Array]]  # step to the slope of the cost and its derivative


def line_search(
    mass_matrix: Float[Array, "nv nv"],
    rows: list[Rows],
    x: Float[Array, " nv"],
    step: Float[Array, " nv"],
    y: list[jax.Array],
) -> Float[Array, ""]:
    """Return the t that nearly minimizes the cost at x + t `step`.

    Args:
        mass_matrix: mass matrix M.
        rows: constraint rows.
        x: current point.
        step: Newton step.
        y: values of the rows at x.
    """
    rates = [row.jacobian @ step for row in rows]
    slope = slope_along(mass_matrix, rows, x, step, y, rates)
    low, high = jnp.zeros((), step.dtype), jnp.full((), MAX_STEP, step.dtype)
    initial_slope = jnp.abs(slope(low)[0])
    low, high = bracket_breakpoints(slope, (low, high), breakpoints(rows, y, rates))
    evaluations = EVALUATIONS_WITH_CONES if any(isinstance(row, ConeRows) for row in rows) else EVALUATIONS
    t, (low, high) = safeguarded_newton(slope, (low, high), evaluations)
    return jnp.where(jnp.abs(slope(t)[0]) <= initial_slope, t, low)


def slope_along(
    mass_matrix: jax.Array, rows: list[Rows], x: jax.Array, step: jax.Array, y: list[jax.Array], rates: list[jax.Array]
) -> Slope:
    """Return the slope of the cost along the step, and its derivative, as functions of t."""
    linear, square = step @ mass_matrix @ x, step @ mass_matrix @ step

    def slope(t: jax.Array) -> tuple[jax.Array, jax.Array]:
        points = [(row, v + t * r, r) for row, v, r in zip(rows, y, rates, strict=True)]
        force = sum((row.force(v) * r).sum() for row, v, r in points)
        curvature = sum((row.hvp(v, r[..., None])[..., 0] * r).sum() for row, v, r in points)
        return linear + t * square - force, square + curvature

    return slope


def breakpoints(rows: list[Rows], y: list[jax.Array], rates: list[jax.Array]) -> list[jax.Array]:
    """Return the breakpoints of all rows that have two-sided bounds."""
    return [
        row.breakpoints(v, r)
        for row, v, r in zip(rows, y, rates, strict=True)
        if isinstance(row, BoundedRows) and row.two_sided
    ]


def bracket_breakpoints(slope: Slope, bracket: Bracket, points: list[jax.Array]) -> Bracket:
    """Return the bracket reduced to the interval between the two breakpoints that enclose the minimum."""
    if not points:
        return bracket
    low, high = bracket
    candidates = jnp.concatenate(points)
    candidates = jnp.where((candidates > 0) & (candidates < MAX_STEP), candidates, 1.0)
    before_minimum = jax.vmap(slope)(candidates)[0] <= 0
    low, high = (
        jnp.max(jnp.where(before_minimum, candidates, low)),
        jnp.min(jnp.where(before_minimum, high, candidates)),
    )
    return low, high


def safeguarded_newton(slope: Slope, bracket: Bracket, evaluations: int) -> tuple[jax.Array, Bracket]:
    """Return an approximate zero of the slope, starting from t = 1, and the final bracket.

    A Newton step that leaves the bracket is replaced by bisection.
    """
    low, high = bracket
    t = jnp.clip(1.0, low, high)
    for _ in range(evaluations):
        value, rate = slope(t)
        low, high = jnp.where(value <= 0, t, low), jnp.where(value <= 0, high, t)
        guess = t - value / jnp.maximum(rate, MIN_SLOPE_RATE)
        t = jnp.where((guess >= low) & (guess <= high), guess, (low + high) / 2)
    return t, (low, high)
