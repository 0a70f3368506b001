"""Splines of actions: matrices from the values at knots to the values at all plan steps."""

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline, make_interp_spline

KINDS = ("hold", "linear", "cubic")


def basis(knots: int, steps: int, kind: str) -> Float[np.ndarray, "steps knots"]:
    """Return the matrix from the values at knots to the values at plan steps.

    The first knot is at the first step, and the last one at the last step. `hold` keeps the value of the last knot.
    """
    return _values(knots, steps, kind, np.arange(steps, dtype=float))


def shift(knots: int, steps: int, kind: str) -> Float[np.ndarray, "knots knots"]:
    """Return the matrix that moves a spline by one plan step into the past. Its last value remains."""
    return _values(knots, steps, kind, np.minimum(_positions(knots, steps) + 1, steps - 1))


def _positions(knots: int, steps: int) -> Float[np.ndarray, " knots"]:
    """Return the plan steps of the knots."""
    return np.linspace(0, steps - 1, knots)


def _values(knots: int, steps: int, kind: str, times: Float[np.ndarray, " t"]) -> Float[np.ndarray, "t knots"]:
    if knots == 1:
        return np.ones((len(times), 1))
    at, unit = _positions(knots, steps), np.eye(knots)
    if kind == "hold":
        return unit[np.searchsorted(at, times + 1e-9, side="right") - 1]
    if kind == "linear" or knots < 3:
        return make_interp_spline(at, unit, k=1)(times)
    return CubicSpline(at, unit, bc_type="natural")(times)
