"""Constraint rows with their costs s, forces f = -ds/dy and Hessians, as functions of y = J a - aref.

The cost penalizes the difference y between the acceleration J a of a row and its reference acceleration aref (MuJoCo
documentation, Computation: Constraint model, Primal problem). There are two kinds of rows:

    BoundedRows   s is a parabola of weight D while the force -D y lies between its bounds, and linear beyond. The force
                  of a joint limit and of the edge of a friction pyramid cannot be negative. Dry friction is at most its
                  `frictionloss`.
    ConeRows      y = (N, T) is scaled so that s is D/2 times the squared distance of y from the cone N >= mu |T|. The
                  friction is then at most mu times the normal force, in every direction.

The zone of a row is the piece of the cost in which y lies: inactive, sticking, sliding, or at a bound.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dynax.math.arrays import AnyArray, Leaf

UNBOUNDED = 1e20  # bound of an unbounded force, N or N m; finite, so that gradients are finite
MIN_WEIGHT = 1e-30  # lower bound of divisors


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class BoundedRows:
    """Rows whose forces are bounded."""

    jacobian: Leaf  # J, (R, nv)
    reference: Leaf  # aref, (R,)
    weight: Leaf  # D, MuJoCo's efc_D, (R,), kg or kg m^2; zero for inactive rows
    lower: Leaf  # lower bounds of the forces, (R,), finite
    upper: Leaf  # upper bounds of the forces, (R,), finite
    two_sided: tuple[int, ...] = field(default=(), metadata={"static": True})  # rows with bounds on both sides

    def cost(self, y: Float[AnyArray, " R"]) -> Float[Array, ""]:
        """Return the sum of the costs."""
        linear = -self.weight * y
        force = jnp.clip(linear, self.lower, self.upper)
        costs = force * (linear - force / 2) / jnp.maximum(self.weight, MIN_WEIGHT)
        return jnp.where(self.weight > 0, costs, 0.0).sum()

    def force(self, y: Float[AnyArray, " R"]) -> Float[Array, " R"]:
        """Return the forces f."""
        return jnp.clip(-self.weight * y, self.lower, self.upper)

    def hvp(self, y: Float[AnyArray, " R"], vectors: Float[AnyArray, "R n"]) -> Float[Array, "R n"]:
        """Return the Hessian-vector products of the cost at y with each column of `vectors`."""
        force = -self.weight * y
        return (self.weight * ((force > self.lower) & (force < self.upper)))[:, None] * vectors

    def breakpoints(self, y: Float[AnyArray, " R"], rate: Float[AnyArray, " R"]) -> Float[Array, " K"]:
        """Return the values t at which two-sided rows reach their bounds on the line y + t `rate`.

        There are two for each row, lower bounds first. They are not finite for a row that does not change.
        """
        rows = jnp.asarray(self.two_sided, int)
        slope = (self.weight * rate)[rows]
        ends = [-(bound[rows] + (self.weight * y)[rows]) / slope for bound in (self.lower, self.upper)]
        return jnp.concatenate(ends)


class Zones(NamedTuple):
    """The position of y relative to the cone and its polar cone, for each of C cones."""

    inside: jax.Array  # (C,) bool: y is in the cone, the contact has no force
    sticks: jax.Array  # (C,) bool: y is in the polar cone; otherwise an active contact slides
    depth: jax.Array  # (C,) if the contact slides, y + depth * surface_normal is the nearest point of the surface
    surface_normal: jax.Array  # (C, d) normal of the cone's surface, (1, -mu T / |T|)
    radius: jax.Array  # (C,) |T|, or 1 if T is zero


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class ConeRows:
    """Rows of contacts with elliptic friction cones, scaled so that each cone is circular."""

    jacobian: Leaf  # J, (C, d, nv); the first of the d rows is the normal
    reference: Leaf  # aref, (C, d)
    weight: Leaf  # D, MuJoCo's efc_D of the scaled rows, (C,), kg; zero for inactive contacts
    mu: Leaf  # friction of the scaled contact, (C,)

    def cost(self, y: Float[AnyArray, "C d"]) -> Float[Array, ""]:
        """Return the sum of the costs."""
        zones = self.zones(y)
        square = jnp.where(zones.sticks, (y**2).sum(axis=1), zones.depth**2 * (1 + self.mu**2))
        return (self.weight * jnp.where(zones.inside, 0.0, square)).sum() / 2

    def force(self, y: Float[AnyArray, "C d"]) -> Float[Array, "C d"]:
        """Return the forces f."""
        zones = self.zones(y)
        force = jnp.where(zones.sticks[:, None], -y, zones.depth[:, None] * zones.surface_normal)
        return self.weight[:, None] * jnp.where(zones.inside[:, None], 0.0, force)

    def hvp(self, y: Float[AnyArray, "C d"], vectors: Float[AnyArray, "C d n"]) -> Float[Array, "C d n"]:
        """Return the Hessian-vector products of the cost at y with each column of `vectors`.

        The curvature of a sliding contact is 1 along the normal of the cone's surface, and mu depth / |T| in the
        directions of friction perpendicular to T.
        """
        inside, sticks, depth, surface_normal, radius = self.zones(y)
        along = surface_normal[:, :, None] * (surface_normal[:, :, None] * vectors).sum(axis=1, keepdims=True)
        side = -surface_normal[:, 1:, None] / self.mu[:, None, None]  # unit vector along T
        across = vectors[:, 1:] - side * (side * vectors[:, 1:]).sum(axis=1, keepdims=True)
        curved = jnp.pad((self.mu * depth / radius)[:, None, None] * across, ((0, 0), (1, 0), (0, 0)))
        sliding = along / (1 + self.mu**2)[:, None, None] + curved
        product = jnp.where(sticks[:, None, None], vectors, sliding)
        return self.weight[:, None, None] * jnp.where(inside[:, None, None], 0.0, product)

    def zones(self, y: Float[AnyArray, "C d"]) -> Zones:
        """Return the zone of each y: inside the cone N >= mu |T|, inside its polar cone, or neither."""
        square = (y[:, 1:] ** 2).sum(axis=1)
        radius = jnp.sqrt(jnp.where(square > 0, square, 1.0))
        normal, tangent = y[:, 0], jnp.where(square > 0, radius, 0.0)
        inside, sticks = normal >= self.mu * tangent, self.mu * normal + tangent <= 0
        depth = (self.mu * tangent - normal) / (1 + self.mu**2)
        surface_normal = jnp.concatenate([jnp.ones_like(y[:, :1]), -(self.mu / radius)[:, None] * y[:, 1:]], axis=1)
        return Zones(inside, sticks, depth, surface_normal, radius)


Rows = BoundedRows | ConeRows
