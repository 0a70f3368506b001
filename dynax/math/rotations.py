"""Rotations in MuJoCo's conventions: unit quaternions [w, x, y, z], and rotation vectors in rad.

The functions accept arrays of NumPy or JAX and return the same type. A rotation vector is expressed in the frame of the
body: `multiply(q, exp(w))` rotates the orientation q by w about the body's own axes. `mj_integratePos` uses the same
convention for the velocities of ball and free joints.
"""

import numpy as np
from jaxtyping import Float

from dynax.math.arrays import AnyArray

SERIES_BELOW = 1e-8  # squared angle below which a series replaces sine and cosine, rad^2; exact to rounding


def multiply(p: Float[AnyArray, "... 4"], q: Float[AnyArray, "... 4"]) -> Float[AnyArray, "... 4"]:
    """Return the Hamilton product p q, the rotation by q followed by the rotation by p."""
    pw, px, py, pz = (p[..., i] for i in range(4))
    qw, qx, qy, qz = (q[..., i] for i in range(4))
    parts = [
        pw * qw - px * qx - py * qy - pz * qz,
        pw * qx + px * qw + py * qz - pz * qy,
        pw * qy - px * qz + py * qw + pz * qx,
        pw * qz + px * qy - py * qx + pz * qw,
    ]
    return parts[0].__array_namespace__().stack(parts, axis=-1)  # JAX's if either p or q is JAX's


def conjugate(q: Float[AnyArray, "... 4"]) -> Float[AnyArray, "... 4"]:
    """Return the inverse of a unit quaternion."""
    return q * np.array([1, -1, -1, -1], q.dtype)


def normalized(q: Float[AnyArray, "... 4"]) -> Float[AnyArray, "... 4"]:
    """Return a quaternion divided by its norm."""
    return q / (q * q).sum(axis=-1, keepdims=True) ** 0.5


def exp(vector: Float[AnyArray, "... 3"]) -> Float[AnyArray, "... 4"]:
    """Return the unit quaternion of a rotation vector."""
    xp = vector.__array_namespace__()
    square = (vector * vector).sum(axis=-1, keepdims=True)
    small = square < SERIES_BELOW
    half = xp.where(small, 1.0, square) ** 0.5 / 2  # the square root has no derivative at zero
    sinc = xp.where(small, 0.5 - square / 48, xp.sin(half) / (2 * half))
    return xp.concat([xp.where(small, 1 - square / 8, xp.cos(half)), vector * sinc], axis=-1)


def log(q: Float[AnyArray, "... 4"]) -> Float[AnyArray, "... 3"]:
    """Return the shortest rotation vector of a unit quaternion; its angle is at most pi."""
    xp = q.__array_namespace__()
    q = xp.where(q[..., :1] < 0, -q, q)
    w, axis = q[..., :1], q[..., 1:]
    square = (axis * axis).sum(axis=-1, keepdims=True)
    small = square < SERIES_BELOW
    sine = xp.where(small, 1.0, square) ** 0.5
    return axis * xp.where(small, 2 + square / 3, 2 * xp.atan2(sine, w) / sine)


def unwrap(vectors: Float[np.ndarray, "... T 3"], start: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... T 3"]:
    """Return rotation vectors as a continuous path, without jumps between +pi and -pi.

    Full turns about the axis of each vector are added or removed, so that the vector is as close as possible to the
    previous one. The first vector follows `start`.
    """
    angle = np.linalg.norm(vectors, axis=-1, keepdims=True)
    axis = vectors / np.where(angle > 0, angle, 1.0)
    path, previous = np.empty_like(vectors), start
    for t in range(vectors.shape[-2]):
        missing = (axis[..., t, :] * previous).sum(axis=-1, keepdims=True) - angle[..., t, :]
        previous = vectors[..., t, :] + axis[..., t, :] * (2 * np.pi * np.round(missing / (2 * np.pi)))
        path[..., t, :] = previous
    return path


def matrix(q: Float[AnyArray, "... 4"]) -> Float[AnyArray, "... 3 3"]:
    """Return the rotation matrix of a unit quaternion; its columns are the body's axes in the world frame."""
    xp = q.__array_namespace__()
    w, x, y, z = (q[..., i] for i in range(4))
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return xp.stack([xp.stack(row, axis=-1) for row in rows], axis=-2)


def rotate(rotation: Float[AnyArray, "... 3 3"], vectors: Float[AnyArray, "... K 3"]) -> Float[AnyArray, "... K 3"]:
    """Return R v for each of the K vectors of a rotation matrix R."""
    return sum(rotation[..., None, :, i] * vectors[..., i, None] for i in range(3))


def rotate_back(
    rotation: Float[AnyArray, "... 3 3"], vectors: Float[AnyArray, "... K 3"]
) -> Float[AnyArray, "... K 3"]:
    """Return R^T v for each of the K vectors of a rotation matrix R."""
    return sum(rotation[..., None, i, :] * vectors[..., i, None] for i in range(3))
