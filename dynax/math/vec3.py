"""3-vectors and rotations stored as one array per component (structure of arrays).

A CPU processes an array whose last axis has three entries one number at a time. With one array per component, each over
many pairs of geoms, a single vector instruction processes many pairs.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Shaped

from dynax.math.vectors import safe_sqrt


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Vec3:
    """3-vectors with any batch axes; components broadcast against each other and may be Python numbers."""

    x: Any
    y: Any
    z: Any

    @classmethod
    def of(cls, array: Any) -> "Vec3":
        """Return the vectors of an array (..., 3)."""
        return cls(*(array[..., i] for i in range(3)))

    @property
    def array(self) -> Float[Array, "... 3"]:
        """The vectors as one array."""
        return jnp.stack(jnp.broadcast_arrays(self.x, self.y, self.z), axis=-1)

    def __add__(self, other: "Vec3 | Any") -> "Vec3":
        """Add a vector, or a number to each component."""
        return self._combine(operator.add, other)

    def __sub__(self, other: "Vec3 | Any") -> "Vec3":
        """Subtract a vector, or a number from each component."""
        return self._combine(operator.sub, other)

    def __mul__(self, other: "Vec3 | Any") -> "Vec3":
        """Multiply by a number, or component by component by a vector."""
        return self._combine(operator.mul, other)

    def __truediv__(self, other: "Vec3 | Any") -> "Vec3":
        """Divide by a number, or component by component by a vector."""
        return self._combine(operator.truediv, other)

    def __neg__(self) -> "Vec3":
        """Return -v."""
        return self.map(operator.neg)

    def _combine(self, function: Callable[[Any, Any], Any], other: "Vec3 | Any") -> "Vec3":
        other = other if isinstance(other, Vec3) else Vec3(other, other, other)
        return Vec3(function(self.x, other.x), function(self.y, other.y), function(self.z, other.z))

    def map(self, function: Callable[[Any], Any]) -> "Vec3":
        """Apply a function to each component."""
        return Vec3(function(self.x), function(self.y), function(self.z))

    def maximum(self, other: "Vec3") -> "Vec3":
        """Return the elementwise maximum with another vector."""
        return self._combine(jnp.maximum, other)

    def take(self, index: Int[Array, "..."]) -> "Vec3":
        """Return for each batch entry the vector at `index` of the first axis."""
        return self.map(lambda part: take(part, index))

    def dot(self, other: "Vec3") -> Any:
        """Return the scalar product."""
        return self.x * other.x + self.y * other.y + self.z * other.z

    def cross(self, other: "Vec3") -> "Vec3":
        """Return the cross product."""
        return Vec3(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )

    @property
    def max_component(self) -> Float[Array, "..."]:
        """The largest of the three components."""
        return jnp.maximum(jnp.maximum(self.x, self.y), self.z)

    @property
    def norm(self) -> Float[Array, "..."]:
        """The length |v|; its gradient at zero is zero."""
        return safe_sqrt(self.dot(self))

    def normalized(self, default: "Vec3") -> "Vec3":
        """Return v / |v|, or `default` where v is too short to have a direction."""
        norm = self.norm
        positive = norm > 0
        return where(positive, self * (1 / jnp.where(positive, norm, 1.0)), default)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Rotation:
    """Rotations from a local frame to the world, stored as the axes of the frame in world coordinates."""

    x: Vec3
    y: Vec3
    z: Vec3

    @classmethod
    def of(cls, array: Any) -> "Rotation":
        """Return the rotations of matrices (..., 3, 3), whose columns are the axes of the frame."""
        return cls(*(Vec3.of(array[..., i]) for i in range(3)))

    def rotate(self, vector: Vec3) -> Vec3:
        """Rotate a vector from the frame to the world."""
        return self.x * vector.x + self.y * vector.y + self.z * vector.z

    def rotate_back(self, vector: Vec3) -> Vec3:
        """Rotate a vector from the world to the frame."""
        return Vec3(self.x.dot(vector), self.y.dot(vector), self.z.dot(vector))


def take(array: Shaped[Array, "n ..."], index: Int[Array, "..."]) -> Shaped[Array, "..."]:
    """Return for each batch entry the value at `index` of the first axis."""
    return jnp.take_along_axis(array, index[None], axis=0)[0]


def where(condition: Any, yes: Vec3, no: Vec3) -> Vec3:
    """Return `yes` where the condition holds, otherwise `no`."""
    return Vec3(*(jnp.where(condition, a, b) for a, b in zip(jax.tree.leaves(yes), jax.tree.leaves(no), strict=True)))


X, Y, Z = Vec3(1.0, 0.0, 0.0), Vec3(0.0, 1.0, 0.0), Vec3(0.0, 0.0, 1.0)
