"""The projection of the software backend."""

import mujoco
import numpy as np
from jaxtyping import Float


class Pinhole:
    """The camera of a scene as a pinhole camera for pictures of `width` x `height` pixels."""

    def __init__(self, scene: mujoco.MjvScene, width: int, height: int):
        left, right = scene.camera  # MuJoCo's stereo cameras; the picture is taken from the point between them
        self.eye = (left.pos + right.pos) / 2.0
        self._axes = np.stack([np.cross(left.forward, left.up), left.up, left.forward], 1)
        self._near = float(left.frustum_near)
        self._scale = height * self._near / (left.frustum_top - left.frustum_bottom)  # pixels per unit slope
        self._center = np.array([width / 2, self._scale * left.frustum_top / self._near])

    def to_camera(self, points: Float[np.ndarray, "P 3"]) -> Float[np.ndarray, "P 3"]:
        """Return points of the world frame in the camera frame (right, up, depth), in m."""
        return (points - self.eye) @ self._axes

    def pixels(self, loop: Float[np.ndarray, "P 3"]) -> list[tuple[float, float]]:
        """Return the pixels of a facet in the camera frame. The part behind the camera is cut off."""
        if loop[:, 2].min() < self._near:
            loop = cut(loop, self._near)
        projected = self._center + self._scale * loop[:, :2] * (1, -1) / loop[:, 2:]
        return [(x, y) for x, y in projected.tolist()]


def cut(loop: Float[np.ndarray, "P 3"], near: float) -> Float[np.ndarray, "Q 3"]:
    """Return the part of a convex polygon with a depth of at least `near` (Sutherland and Hodgman 1974)."""
    corners: list[np.ndarray] = []
    for a, b in zip(loop, np.roll(loop, -1, 0), strict=True):
        if a[2] >= near:
            corners.append(a)
        if (a[2] >= near) != (b[2] >= near):
            corners.append(a + (b - a) * (near - a[2]) / (b[2] - a[2]))
    return np.array(corners).reshape(-1, 3)
