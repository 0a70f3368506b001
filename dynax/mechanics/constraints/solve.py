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

from dynax.math import linalg

UNROLLED = 6  # steps of Newton's method
UNBOUNDED = 1e20  # N or N m; finite, so that its gradient is a number
TINY = 1e-30
FARTHEST = 100.0  # times Newton's step that a line search looks; only a step of rounding errors alone would want more
SEARCHES, AMONG_CONES = 4, 10  # points that a line search looks at; cones bend the slope between them


class Bounded(struct.PyTreeNode):
    """Rows whose force has bounds."""

    jacobian: jax.Array  # (R, nv)
    reference: jax.Array  # (R,) aref
    stiffness: jax.Array  # (R,) D; zero where a row is not there
    lower: jax.Array  # (R,) bounds of the force, finite
    upper: jax.Array  # (R,)
    rubs: tuple[int, ...] = struct.field(pytree_node=False, default=())  # rows that have a bound on either side

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
        """Where on the line y + t `rate` the rows of `rubs` come to a bound: t (2,) of each, or anything if never."""
        rubs = jnp.asarray(self.rubs, int)
        steep = (self.stiffness * rate)[rubs]
        ends = [-(bound[rubs] + (self.stiffness * y)[rubs]) / steep for bound in (self.lower, self.upper)]
        return jnp.concatenate(ends)


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
    """The generalized constraint force J^T f (nv,) at the minimum; a is a0 + M^-1 times that.

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
    return generalized(shifted, ends)


def newton(inertia: jax.Array, rows: list[Rows], x: jax.Array) -> tuple[list[jax.Array], list[jax.Array], jax.Array]:
    """y and f of the rows at x (nv,), and Newton's step from there (nv,)."""
    y = [row.jacobian @ x - row.reference for row in rows]
    forces = [row.force(v) for row, v in zip(rows, y, strict=True)]
    hessian = inertia
    for row, v in zip(rows, y, strict=True):
        bent = row.bend(v, row.jacobian).reshape(-1, len(x))
        hessian = hessian + row.jacobian.reshape(-1, len(x)).T @ bent
    return y, forces, linalg.solve(hessian, generalized(rows, forces) - inertia @ x)


def generalized(rows: list[Rows], forces: list[jax.Array]) -> jax.Array:
    """J^T f (nv,)."""
    flat = [f.ravel() @ row.jacobian.reshape(-1, row.jacobian.shape[-1]) for row, f in zip(rows, forces, strict=True)]
    return jnp.sum(jnp.stack(flat), axis=0)


def improved(inertia: jax.Array, rows: list[Rows], x: jax.Array) -> jax.Array:
    """x after a step of Newton's method, as long as lowers the problem's cost the most."""
    y, _, step = newton(inertia, rows, x)
    return x + length(inertia, rows, x, step, y) * step


def length(inertia: jax.Array, rows: list[Rows], x: jax.Array, step: jax.Array, y: list[jax.Array]) -> jax.Array:
    """How much of `step` (nv,) to take from x (nv,): near the minimum of the cost along it.

    The cost is convex along the step, so that its slope only rises; between the points where rows come to their bounds
    it does so in straight lines, nearly. Newton's method finds its zero, from the whole step on, and is kept between
    the last point that is known to lie before the minimum and the first that lies behind. Dry friction makes the slope
    jump within a short stretch, which would be missed: where it does is looked at first.
    """
    rates = [row.jacobian @ step for row in rows]
    linear, square = step @ inertia @ x, step @ inertia @ step

    def slope(t: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The slope at t, and its own."""
        there = [(row, v + t * r, r) for row, v, r in zip(rows, y, rates, strict=True)]
        pushed = sum((row.force(v) * r).sum() for row, v, r in there)
        bent = sum((row.bend(v, r[..., None])[..., 0] * r).sum() for row, v, r in there)
        return linear + t * square - pushed, square + bent

    low, high = jnp.zeros_like(square), jnp.full_like(square, FARTHEST)
    steep = jnp.abs(slope(low)[0])
    jumps = [row.turns(v, r) for row, v, r in zip(rows, y, rates, strict=True) if isinstance(row, Bounded) and row.rubs]
    if jumps:
        points = jnp.concatenate(jumps)
        points = jnp.where((points > 0) & (points < FARTHEST), points, 1.0)
        before = jax.vmap(slope)(points)[0] <= 0
        low, high = jnp.max(jnp.where(before, points, low)), jnp.min(jnp.where(before, high, points))
    t = jnp.clip(1.0, low, high)
    for _ in range(AMONG_CONES if any(isinstance(row, Cones) for row in rows) else SEARCHES):
        value, rate = slope(t)
        low, high = jnp.where(value <= 0, t, low), jnp.where(value <= 0, high, t)
        guess = t - value / jnp.maximum(rate, TINY)
        t = jnp.where((guess >= low) & (guess <= high), guess, (low + high) / 2)
    return jnp.where(jnp.abs(slope(t)[0]) <= steep, t, low)
