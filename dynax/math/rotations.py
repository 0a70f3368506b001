"""Rotations, as MuJoCo writes them: unit quaternions [w, x, y, z], and rotation vectors in rad.

The functions take NumPy or JAX arrays and return the kind they were given, with any number of leading axes. A rotation
vector and the quaternion it stands for act in the frame of the body: `multiply(q, exp(w))` turns q by w about its own
axes, as `mj_integratePos` does with the velocities of ball and free joints.
"""

from typing import Any

import numpy as np

SMALL = 1e-8  # rad^2; below it a series is exact to the last bit


def multiply(p: Any, q: Any) -> Any:
    """The Hamilton product (..., 4): q first, then p."""
    pw, px, py, pz = (p[..., i] for i in range(4))
    qw, qx, qy, qz = (q[..., i] for i in range(4))
    parts = [
        pw * qw - px * qx - py * qy - pz * qz,
        pw * qx + px * qw + py * qz - pz * qy,
        pw * qy - px * qz + py * qw + pz * qx,
        pw * qz + px * qy - py * qx + pz * qw,
    ]
    return parts[0].__array_namespace__().stack(parts, axis=-1)  # one of the two may be a constant, of NumPy


def conjugate(q: Any) -> Any:
    """The inverse of a unit quaternion (..., 4)."""
    return q * np.array([1, -1, -1, -1], q.dtype)


def normalized(q: Any) -> Any:
    """A quaternion (..., 4) brought back to the unit sphere."""
    return q / (q * q).sum(axis=-1, keepdims=True) ** 0.5


def exp(vector: Any) -> Any:
    """The quaternion (..., 4) of a rotation vector (..., 3)."""
    xp = vector.__array_namespace__()
    square = (vector * vector).sum(axis=-1, keepdims=True)
    small = square < SMALL
    half = xp.where(small, 1.0, square) ** 0.5 / 2  # where it is small, its root has no derivative
    sinc = xp.where(small, 0.5 - square / 48, xp.sin(half) / (2 * half))
    return xp.concat([xp.where(small, 1 - square / 8, xp.cos(half)), vector * sinc], axis=-1)


def log(q: Any) -> Any:
    """The rotation vector (..., 3) of a unit quaternion (..., 4), the shorter way round: of at most pi."""
    xp = q.__array_namespace__()
    q = xp.where(q[..., :1] < 0, -q, q)
    w, axis = q[..., :1], q[..., 1:]
    square = (axis * axis).sum(axis=-1, keepdims=True)
    small = square < SMALL
    sine = xp.where(small, 1.0, square) ** 0.5
    return axis * xp.where(small, 2 + square / 3, 2 * xp.atan2(sine, w) / sine)


def unwound(vectors: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Rotation vectors (..., T, 3) of NumPy as a path that does not jump from one side of pi to the other.

    Each is a number of turns from what it was, as near as that brings it to the one before, and the first to `start`
    (..., 3).
    """
    angle = np.linalg.norm(vectors, axis=-1, keepdims=True)
    axis = vectors / np.where(angle > 0, angle, 1.0)
    path, last = np.empty_like(vectors), start
    for t in range(vectors.shape[-2]):
        ahead = (axis[..., t, :] * last).sum(axis=-1, keepdims=True) - angle[..., t, :]
        last = vectors[..., t, :] + axis[..., t, :] * (2 * np.pi * np.round(ahead / (2 * np.pi)))
        path[..., t, :] = last
    return path


def matrix(q: Any) -> Any:
    """The rotation matrix (..., 3, 3) of a unit quaternion (..., 4); its columns are the body's axes in the world."""
    xp = q.__array_namespace__()
    w, x, y, z = (q[..., i] for i in range(4))
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return xp.stack([xp.stack(row, axis=-1) for row in rows], axis=-2)


def rotate(rotation: Any, vectors: Any) -> Any:
    """Vectors (..., n, 3) turned by rotation matrices (..., 3, 3): R v."""
    return (rotation[..., None, :, :] * vectors[..., None, :]).sum(axis=-1)


def rotate_back(rotation: Any, vectors: Any) -> Any:
    """Vectors (..., n, 3) turned by the inverses of rotation matrices (..., 3, 3): R^T v."""
    return (rotation[..., None, :, :] * vectors[..., :, None]).sum(axis=-2)
