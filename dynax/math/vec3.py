"""Vectors and rotations of space, an array for each component: what XLA makes wide instructions of.

A CPU takes a loop over arrays whose last axis is a vector's number by number. Where each component is an array over
many pairs of geoms, a whole register of pairs goes through at once.
"""

import operator
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from dynax.math.vectors import root


class Vector(struct.PyTreeNode):
    """Vectors of any number of axes; the components broadcast against each other."""

    x: Any
    y: Any
    z: Any

    @classmethod
    def of(cls, array: Any) -> "Vector":
        """From an array (..., 3)."""
        return cls(*(array[..., i] for i in range(3)))

    @property
    def array(self) -> jax.Array:
        """(..., 3)."""
        return jnp.stack(jnp.broadcast_arrays(self.x, self.y, self.z), axis=-1)

    def __add__(self, other: "Vector | Any") -> "Vector":
        return self._each(operator.add, other)

    def __sub__(self, other: "Vector | Any") -> "Vector":
        return self._each(operator.sub, other)

    def __mul__(self, other: "Vector | Any") -> "Vector":
        """By one number each, or component by component."""
        return self._each(operator.mul, other)

    def __truediv__(self, other: "Vector | Any") -> "Vector":
        return self._each(operator.truediv, other)

    def __neg__(self) -> "Vector":
        return self.each(operator.neg)

    def _each(self, do: Callable[[Any, Any], Any], other: "Vector | Any") -> "Vector":
        other = other if isinstance(other, Vector) else Vector(other, other, other)
        return Vector(do(self.x, other.x), do(self.y, other.y), do(self.z, other.z))

    def each(self, do: Callable[[Any], Any]) -> "Vector":
        """What `do` makes of each component."""
        return Vector(do(self.x), do(self.y), do(self.z))

    def most(self, other: "Vector") -> "Vector":
        """The larger of each component."""
        return self._each(jnp.maximum, other)

    def row(self, index: jax.Array) -> "Vector":
        """Of several vectors, along the first axis, the one at an index."""
        return self.each(lambda part: row(part, index))

    def dot(self, other: "Vector") -> Any:
        return self.x * other.x + self.y * other.y + self.z * other.z

    def cross(self, other: "Vector") -> "Vector":
        return Vector(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )

    @property
    def largest(self) -> jax.Array:
        """The largest component."""
        return jnp.maximum(jnp.maximum(self.x, self.y), self.z)

    @property
    def length(self) -> jax.Array:
        """|v|, whose gradient is zero where v is."""
        return root(self.dot(self))

    def normalized(self, otherwise: "Vector") -> "Vector":
        """v / |v|, or `otherwise` where v is too short to have a direction."""
        length = self.length
        some = length > 0
        return choose(some, self * (1 / jnp.where(some, length, 1.0)), otherwise)


class Rotation(struct.PyTreeNode):
    """Rotations from a frame to the world: where its axes point."""

    x: Vector
    y: Vector
    z: Vector

    @classmethod
    def of(cls, array: Any) -> "Rotation":
        """From matrices (..., 3, 3), whose columns are the frame's axes."""
        return cls(*(Vector.of(array[..., i]) for i in range(3)))

    def turn(self, vector: Vector) -> Vector:
        """From the frame to the world."""
        return self.x * vector.x + self.y * vector.y + self.z * vector.z

    def back(self, vector: Vector) -> Vector:
        """From the world to the frame."""
        return Vector(self.x.dot(vector), self.y.dot(vector), self.z.dot(vector))


def row(array: jax.Array, index: jax.Array) -> jax.Array:
    """Along the first axis, what is at an index."""
    return jnp.take_along_axis(array, index[None], axis=0)[0]


def choose(condition: Any, yes: Vector, no: Vector) -> Vector:
    """The one vector or the other."""
    return Vector(*(jnp.where(condition, a, b) for a, b in zip(jax.tree.leaves(yes), jax.tree.leaves(no), strict=True)))


X, Y, Z = Vector(1.0, 0.0, 0.0), Vector(0.0, 1.0, 0.0), Vector(0.0, 0.0, 1.0)
