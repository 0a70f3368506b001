"""Products of 3-vectors and rotation matrices with the sums written out.

XLA compiles written-out sums to one loop, but a reduction over an axis to a loop of its own. On a CPU this reduces
the time of forward kinematics to a quarter.
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Num

from dynax.math.arrays import AnyArray

MIN_LENGTH = 1e-15  # length of the shortest vector that has a direction; MuJoCo's mjMINVAL


def dot(a: Num[AnyArray, "... K"], b: Num[AnyArray, "... K"]) -> Num[AnyArray, "..."]:
    """Return the scalar product over the last axis."""
    return sum(a[..., i] * b[..., i] for i in range(a.shape[-1]))


def cross(a: Num[AnyArray, "... 3"], b: Num[AnyArray, "... 3"]) -> Num[Array, "... 3"]:
    """Return the cross product a x b."""
    parts = [a[..., i - 2] * b[..., i - 1] - a[..., i - 1] * b[..., i - 2] for i in range(3)]
    return jnp.stack(parts, axis=-1)


def rotate(rotation: Num[AnyArray, "... 3 3"], vector: Num[AnyArray, "... 3"]) -> Num[AnyArray, "... 3"]:
    """Return R v."""
    return sum(rotation[..., :, i] * vector[..., i, None] for i in range(3))


def matmul(a: Num[AnyArray, "... 3 3"], b: Num[AnyArray, "... 3 n"]) -> Num[AnyArray, "... 3 n"]:
    """Return A B."""
    return sum(a[..., :, i, None] * b[..., i, None, :] for i in range(3))


def safe_sqrt(square: Float[AnyArray, "..."] | float) -> Float[Array, "..."]:
    """Return the square root; its value and its gradient are zero below `MIN_LENGTH` squared."""
    positive = square > MIN_LENGTH**2
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1.0)), 0.0)


def normalized(vector: Float[AnyArray, "... n"], default: Any) -> Float[Array, "... n"]:
    """Return v / |v|, or `default` (n,) where v is shorter than `MIN_LENGTH`."""
    length = safe_sqrt(dot(vector, vector))[..., None]
    positive = length > 0
    return jnp.where(positive, vector / jnp.where(positive, length, 1.0), jnp.asarray(default, vector.dtype))
