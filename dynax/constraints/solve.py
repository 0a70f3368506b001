"""The acceleration under constraints, and how it changes with everything it depends on.

With a0 the acceleration without constraints,

    a = argmin  1/2 (a - a0)^T M (a - a0) + sum_i s_i(J_i a - aref_i)

where s is the cost of not following the reference acceleration aref. Its force is f = -ds/dy at y = J a - aref, and
there are two kinds (MuJoCo documentation, Computation: Constraint model, Primal problem):

    Bounded   s is a parabola of stiffness D while f = -D y lies between its bounds, and linear beyond: a stop pushes
              and never pulls, dry friction is at most its `frictionloss`, the edge of a friction pyramid only pushes
    Cones     y = (N, T) is scaled so that s = k/2 times the squared distance of y from the cone N >= mu |T|: friction
              is at most mu times the normal force, in every direction

The problem is convex and its gradient is continuous, so that Newton's method with a line search finds the minimum. Its
last step is what gradients go through: at the minimum, a - H^-1 g has the derivative -H^-1 dg of the implicit function.

Everything is written in x = a - a0, which is zero wherever no constraint acts.

Axes: R rows, C cones of d = 1 + friction's dimensions, nv degrees of freedom.
"""

import jax
import jax.numpy as jnp
from flax import struct

from dynax import linalg

UNROLLED = 6  # steps of Newton's method
UNBOUNDED = 1e20  # N or N m; finite, so that its gradient is a number
TINY = 1e-30
FARTHEST = 100.0  # times Newton's step that a line search looks; only a step of rounding errors alone would want more
SEARCHES = 4  # points of a line search among cones


class Bounded(struct.PyTreeNode):
    """Rows whose force has bounds."""

    jacobian: jax.Array  # (R, nv)
    reference: jax.Array  # (R,) aref
    stiffness: jax.Array  # (R,) D; zero where a row is not there
    lower: jax.Array  # (R,) bounds of the force, finite
    upper: jax.Array  # (R,)

    def cost(self, y: jax.Array) -> jax.Array:
        """sum s(y), from y (R,)."""
        free = -self.stiffness * y
        force = jnp.clip(free, self.lower, self.upper)
        costs = force * (free - force / 2) / jnp.maximum(self.stiffness, TINY)
        return jnp.where(self.stiffness > 0, costs, 0.0).sum()

    def force(self, y: jax.Array) -> jax.Array:
        """f (R,)."""
        return jnp.clip(-self.stiffness * y, self.lower, self.upper)

    def bend(self, y: jax.Array, vectors: jax.Array) -> jax.Array:
        """The Hessian of s at y times each of `vectors` (R, n)."""
        force = -self.stiffness * y
        return (self.stiffness * ((force > self.lower) & (force < self.upper)))[:, None] * vectors

    def turns(self, y: jax.Array, rate: jax.Array) -> jax.Array:
        """Where on the line y + t `rate` the force comes to a bound: t (2 R,), not finite where it never does."""
        steep = self.stiffness * rate
        return jnp.concatenate([-(bound + self.stiffness * y) / steep for bound in (self.lower, self.upper)])


class Cones(struct.PyTreeNode):
    """Rows of contacts with friction in elliptic cones, scaled so that the cone is round."""

    jacobian: jax.Array  # (C, d, nv), of the normal first
    reference: jax.Array  # (C, d)
    stiffness: jax.Array  # (C,) k; zero where a cone is not there
    slope: jax.Array  # (C,) mu

    def cost(self, y: jax.Array) -> jax.Array:
        """sum s(y), from y (C, d)."""
        top, bottom, depth, _, _ = self._zones(y)
        square = jnp.where(bottom, (y**2).sum(axis=1), depth**2 * (1 + self.slope**2))
        return (self.stiffness * jnp.where(top, 0.0, square)).sum() / 2

    def force(self, y: jax.Array) -> jax.Array:
        """f (C, d)."""
        top, bottom, depth, axis, _ = self._zones(y)
        force = jnp.where(bottom[:, None], -y, depth[:, None] * axis)
        return self.stiffness[:, None] * jnp.where(top[:, None], 0.0, force)

    def bend(self, y: jax.Array, vectors: jax.Array) -> jax.Array:
        """The Hessian of s at y times each of `vectors` (C, d, n)."""
        top, bottom, depth, axis, radius = self._zones(y)
        along = axis[:, :, None] * (axis[:, :, None] * vectors).sum(axis=1, keepdims=True)
        side = -axis[:, 1:, None] / self.slope[:, None, None]  # unit vector of the friction
        across = vectors[:, 1:] - side * (side * vectors[:, 1:]).sum(axis=1, keepdims=True)
        curved = jnp.pad((self.slope * depth / radius)[:, None, None] * across, ((0, 0), (1, 0), (0, 0)))
        middle = along / (1 + self.slope**2)[:, None, None] + curved
        bent = jnp.where(bottom[:, None, None], vectors, middle)
        return self.stiffness[:, None, None] * jnp.where(top[:, None, None], 0.0, bent)

    def turns(self, y: jax.Array, rate: jax.Array) -> jax.Array:
        """Where the line y + t `rate` meets the cone or its polar: t (4 C,), not finite where it never does."""
        found = []
        for slope in (self.slope, 1 / self.slope):
            sign = jnp.concatenate([jnp.ones_like(slope)[:, None], -(slope**2)[:, None] * jnp.ones_like(y[:, 1:])], 1)
            a, b, c = ((sign * left * right).sum(axis=1) for left, right in ((rate, rate), (y, rate), (y, y)))
            root = jnp.sqrt(jnp.maximum(b**2 - a * c, 0.0))
            found += [(-b - root) / a, (-b + root) / a]
        return jnp.concatenate(found)

    def _zones(self, y: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array, jax.Array]:
        """Where y is: above the cone, below its polar cone, or beside both, nearest to a point of the cone's side.

        Returns:
            top, bottom: (C,) bool.
            depth: (C,) how far outside, so that the vector to the cone is depth times axis.
            axis: (C, d) normal to the cone's side, (1, -mu T / |T|).
            radius: (C,) |T|, or 1 where there is none.
        """
        square = (y[:, 1:] ** 2).sum(axis=1)
        radius = jnp.sqrt(jnp.where(square > 0, square, 1.0))
        normal, tangent = y[:, 0], jnp.where(square > 0, radius, 0.0)
        top, bottom = normal >= self.slope * tangent, self.slope * normal + tangent <= 0
        depth = (self.slope * tangent - normal) / (1 + self.slope**2)
        axis = jnp.concatenate([jnp.ones_like(y[:, :1]), -(self.slope / radius)[:, None] * y[:, 1:]], axis=1)
        return top, bottom, depth, axis, radius


Rows = Bounded | Cones


def solve(
    inertia: jax.Array, free: jax.Array, rows: list[Rows], start: jax.Array | None = None, iterations: int = 0
) -> jax.Array:
    """The generalised constraint force J^T f (nv,) at the minimum; a is a0 + M^-1 times that.

    Args:
        inertia: mass matrix M (nv, nv).
        free: a0 (nv,).
        rows: of either kind.
        start: the acceleration (nv,) to begin with, a0 unless given. No `iterations` are needed if it is the
            answer, nor for one stop alone: the last step is right if `start` has the rows in the right zones.
        iterations: of Newton's method, before the last step.
    """
    shifted = [row.replace(reference=row.reference - row.jacobian @ free) for row in rows]
    first = jnp.zeros_like(free) if start is None else start - free
    fixed = jax.lax.stop_gradient(inertia), jax.lax.stop_gradient(shifted)
    x = jax.lax.stop_gradient(first)
    # A few steps written out are one program to XLA, and twice as fast; many take long to compile.
    unroll = max(iterations, 1) if iterations <= UNROLLED else 1
    x = jax.lax.fori_loop(0, iterations, lambda _, x: improved(*fixed, x), x, unroll=unroll)
    y, forces, step = newton(inertia, shifted, x)
    # The force at the end of the step, not at its beginning. Both are zero exactly where no constraint acts.
    ends = [
        f - row.bend(v, (row.jacobian @ step)[..., None])[..., 0] for row, f, v in zip(shifted, forces, y, strict=True)
    ]
    return generalised(shifted, ends)


def newton(inertia: jax.Array, rows: list[Rows], x: jax.Array) -> tuple[list[jax.Array], list[jax.Array], jax.Array]:
    """y and f of the rows at x (nv,), and Newton's step from there (nv,)."""
    y = [row.jacobian @ x - row.reference for row in rows]
    forces = [row.force(v) for row, v in zip(rows, y, strict=True)]
    hessian = inertia
    for row, v in zip(rows, y, strict=True):
        bent = row.bend(v, row.jacobian).reshape(-1, len(x))
        hessian = hessian + row.jacobian.reshape(-1, len(x)).T @ bent
    return y, forces, linalg.solve(hessian, generalised(rows, forces) - inertia @ x)


def generalised(rows: list[Rows], forces: list[jax.Array]) -> jax.Array:
    """J^T f (nv,)."""
    flat = [f.ravel() @ row.jacobian.reshape(-1, row.jacobian.shape[-1]) for row, f in zip(rows, forces, strict=True)]
    return jnp.sum(jnp.stack(flat), axis=0)


def improved(inertia: jax.Array, rows: list[Rows], x: jax.Array) -> jax.Array:
    """x after a step of Newton's method, as long as lowers the problem's cost the most."""
    y, _, step = newton(inertia, rows, x)
    return x + length(inertia, rows, x, step, y) * step


def length(inertia: jax.Array, rows: list[Rows], x: jax.Array, step: jax.Array, y: list[jax.Array]) -> jax.Array:
    """How much of `step` (nv,) to take from x (nv,): to the minimum of the cost along it.

    The cost is convex along the step, so that its slope only rises. Between the points where a row comes to one of its
    bounds the slope of bounded rows is a straight line, whose zero is known; cones bend it, and need `SEARCHES` more
    points.
    """
    rates = [row.jacobian @ step for row in rows]
    linear, square = step @ inertia @ x, step @ inertia @ step

    def slope(t: jax.Array) -> jax.Array:
        forces = sum((row.force(v + t * r) * r).sum() for row, v, r in zip(rows, y, rates, strict=True))
        return linear + t * square - forces

    turns = jnp.concatenate([row.turns(v, r) for row, v, r in zip(rows, y, rates, strict=True)])
    # Where a row turns behind x, or never, any other point does as well.
    points = jnp.append(jnp.where((turns > 0) & (turns < FARTHEST), turns, 1.0), 1.0)
    slopes = jax.vmap(slope)(points)
    down = slopes <= 0
    low = jnp.max(jnp.where(down, points, 0.0))
    low_slope = jnp.max(jnp.where(down, slopes, jnp.minimum(slope(jnp.zeros_like(low)), 0.0)))
    # Beyond the last point the slope rises by `square` at least.
    last = jnp.minimum(low - low_slope / jnp.maximum(square, TINY), FARTHEST)
    high = jnp.min(jnp.where(down, last, points))
    high_slope = slope(high)
    if not any(isinstance(row, Cones) for row in rows):
        return between(low, low_slope, high, high_slope)
    for _ in range(SEARCHES):
        t = between(low, low_slope, high, high_slope)
        t_slope = slope(t)
        left = t_slope <= 0
        # Illinois' rule: the end that stays counts half, so that the other end moves as well.
        low_slope, high_slope = jnp.where(left, t_slope, low_slope / 2), jnp.where(left, high_slope / 2, t_slope)
        low, high = jnp.where(left, t, low), jnp.where(left, high, t)
    t = between(low, low_slope, high, high_slope)

    def cost(t: jax.Array | float) -> jax.Array:
        of_rows = sum(row.cost(v + t * r) for row, v, r in zip(rows, y, rates, strict=True))
        return t * linear + t**2 * square / 2 + of_rows

    return jnp.where(cost(t) <= cost(0.0), t, low)  # never uphill: left of the minimum all goes down


def between(low: jax.Array, low_slope: jax.Array, high: jax.Array, high_slope: jax.Array) -> jax.Array:
    """Where a straight line from `low_slope` <= 0 to `high_slope` is zero, or its end where that is not in sight."""
    share = -low_slope / jnp.maximum(high_slope - low_slope, TINY)
    return low + (high - low) * jnp.clip(share, 0.0, 1.0)
