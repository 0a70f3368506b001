"""The primitive shapes of MuJoCo as convex facets, for the software backend."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import mujoco
import numpy as np
from jaxtyping import Float

MAX_PLANE_SIZE = 60.0  # half side of an infinite plane, m


class Solid(NamedTuple):
    """A convex shape. The corners of each facet run counterclockwise around the outward normal."""

    vertices: Float[np.ndarray, "V 3"]  # m
    facets: tuple[np.ndarray, ...]  # numbers of the vertices of each facet, F arrays
    normals: Float[np.ndarray, "F 3"]  # outward unit normals
    centers: Float[np.ndarray, "F 3"]  # m

    def moved(self, position: Float[np.ndarray, "3"], rotation: Float[np.ndarray, "3 3"]) -> "Solid":
        """Return the shape in the world frame. Rotation and position are its pose."""
        vertices, centers = self.vertices @ rotation.T + position, self.centers @ rotation.T + position
        return Solid(vertices, self.facets, self.normals @ rotation.T, centers)


@cache
def solid(kind: int, size: tuple[float, float, float]) -> Solid | None:
    """Return the shape of an `mjvGeom`, or None if the backend does not draw its kind.

    Args:
        kind: Value of mjtGeom.
        size: Size of the geom in m.
    """
    return _BUILDERS[kind](np.array(size)) if kind in _BUILDERS else None


def _solid(vertices: np.ndarray, facets: list[np.ndarray]) -> Solid:
    loops = [vertices[facet] for facet in facets]
    normals = np.array([np.cross(loop[1] - loop[0], loop[2] - loop[1]) for loop in loops])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return Solid(vertices, tuple(facets), normals, np.array([loop.mean(0) for loop in loops]))


def _revolved(profile: list[tuple[float, float]], sides: int = 24) -> Solid:
    """Return the solid of revolution of `profile` about the z axis. Its points (radius, z) run from bottom to top."""
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1)
    vertices = np.concatenate([np.c_[r * ring, np.full(sides, z)] for r, z in profile])
    i = np.arange(sides)
    j = np.roll(i, -1)
    facets = [i[::-1], i + sides * (len(profile) - 1)]
    for low in range(0, sides * (len(profile) - 1), sides):
        facets += list(np.stack([i + low, j + low, j + low + sides, i + low + sides], 1))
    return _solid(vertices, facets)


def _capsule_profile(radius: float, half_length: float) -> list[tuple[float, float]]:
    """Return the profile of a cylinder with a hemisphere at each end. The arguments are in m."""
    angle = np.linspace(0.08, np.pi / 2, 5)
    r, z = radius * np.sin(angle), radius * np.cos(angle)
    return [*zip(r, -half_length - z, strict=True), *zip(r[::-1], half_length + z[::-1], strict=True)]


def _plane(size: np.ndarray) -> Solid:
    """Return a plane. The first facet is the plane itself, and the other facets are the lines of its grid.

    `size` contains the two half sides and the spacing of the grid.
    """
    x, y = (s if s > 0 else MAX_PLANE_SIZE for s in size[:2])
    spacing = max(size[2], max(x, y) / 16)
    strips = [(-x, -y, x, y)]
    half = spacing / 60  # half the width of a line
    strips += [(a - half, -y, a + half, y) for a in np.arange(spacing * np.ceil(-x / spacing), x, spacing)]
    strips += [(-x, a - half, x, a + half) for a in np.arange(spacing * np.ceil(-y / spacing), y, spacing)]
    corners = [[[a, b, 0], [c, b, 0], [c, d, 0], [a, d, 0]] for a, b, c, d in strips]
    return _solid(np.array(corners).reshape(-1, 3), list(np.arange(4 * len(strips)).reshape(-1, 4)))


def _box(size: np.ndarray) -> Solid:
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    loops = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return _solid(corners * size, [np.array(loop) for loop in loops])


def _capsule(size: np.ndarray) -> Solid:
    return _revolved(_capsule_profile(size[0], size[2]))


def _cylinder(size: np.ndarray) -> Solid:
    return _revolved([(size[0], -size[2]), (size[0], size[2])])


def _ellipsoid(size: np.ndarray) -> Solid:
    profile = _capsule_profile(1.0, 0.0)
    del profile[len(profile) // 2]  # the profile contains the equator twice
    sphere = _revolved(profile)
    return _solid(sphere.vertices * size, list(sphere.facets))


_BUILDERS: dict[int, Callable[[np.ndarray], Solid]] = {
    mujoco.mjtGeom.mjGEOM_PLANE.value: _plane,
    mujoco.mjtGeom.mjGEOM_BOX.value: _box,
    mujoco.mjtGeom.mjGEOM_CAPSULE.value: _capsule,
    mujoco.mjtGeom.mjGEOM_CYLINDER.value: _cylinder,
    mujoco.mjtGeom.mjGEOM_SPHERE.value: _ellipsoid,
    mujoco.mjtGeom.mjGEOM_ELLIPSOID.value: _ellipsoid,
    mujoco.mjtGeom.mjGEOM_MESH.value: _box,  # the bounding box
}
