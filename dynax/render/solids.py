"""MuJoCo's primitive shapes as convex facets, for drawing without OpenGL. Axes: V vertices, F facets."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import mujoco
import numpy as np

_ENDLESS = 60.0  # m; how far a plane of size 0 is drawn


class Solid(NamedTuple):
    """Facets of a convex shape in its own frame; each facet's loop runs counterclockwise seen from outside."""

    vertices: np.ndarray  # (V, 3), m
    facets: tuple[np.ndarray, ...]  # F loops of vertex numbers
    normals: np.ndarray  # (F, 3), outward, length 1
    centers: np.ndarray  # (F, 3), m


def _solid(vertices: np.ndarray, facets: list[np.ndarray]) -> Solid:
    loops = [vertices[facet] for facet in facets]
    normals = np.array([np.cross(loop[1] - loop[0], loop[2] - loop[1]) for loop in loops])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return Solid(vertices, tuple(facets), normals, np.array([loop.mean(0) for loop in loops]))


def _revolved(profile: list[tuple[float, float]], sides: int = 24) -> Solid:
    """What `profile`, points (radius, z) from bottom to top, sweeps about the z axis."""
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], 1)
    vertices = np.concatenate([np.c_[r * ring, np.full(sides, z)] for r, z in profile])
    i = np.arange(sides)
    j = np.roll(i, -1)
    facets = [i[::-1], i + sides * (len(profile) - 1)]
    for low in range(0, sides * (len(profile) - 1), sides):
        facets += list(np.stack([i + low, j + low, j + low + sides, i + low + sides], 1))
    return _solid(vertices, facets)


def _capped(radius: float, half: float) -> list[tuple[float, float]]:
    """Profile of a rod of `radius` and half length `half`, m, with a dome on either end."""
    angle = np.linspace(0.08, np.pi / 2, 5)
    r, z = radius * np.sin(angle), radius * np.cos(angle)
    return [*zip(r, -half - z, strict=True), *zip(r[::-1], half + z[::-1], strict=True)]


def _plane(size: np.ndarray) -> Solid:
    """The plane as its first facet, then the lines of a grid on it; `size` is half its sides and the grid's spacing."""
    x, y = (s if s > 0 else _ENDLESS for s in size[:2])
    step = max(size[2], max(x, y) / 16)
    strips = [(-x, -y, x, y)]
    thin = step / 60
    strips += [(a - thin, -y, a + thin, y) for a in np.arange(step * np.ceil(-x / step), x, step)]
    strips += [(-x, a - thin, x, a + thin) for a in np.arange(step * np.ceil(-y / step), y, step)]
    corners = [[[a, b, 0], [c, b, 0], [c, d, 0], [a, d, 0]] for a, b, c, d in strips]
    return _solid(np.array(corners).reshape(-1, 3), list(np.arange(4 * len(strips)).reshape(-1, 4)))


def _box(size: np.ndarray) -> Solid:
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    loops = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return _solid(corners * size, [np.array(loop) for loop in loops])


def _capsule(size: np.ndarray) -> Solid:
    return _revolved(_capped(size[0], size[2]))


def _cylinder(size: np.ndarray) -> Solid:
    return _revolved([(size[0], -size[2]), (size[0], size[2])])


def _ellipsoid(size: np.ndarray) -> Solid:
    profile = _capped(1.0, 0.0)
    del profile[len(profile) // 2]  # the equator, there twice
    ball = _revolved(profile)
    return _solid(ball.vertices * size, list(ball.facets))


_KINDS: dict[int, Callable[[np.ndarray], Solid]] = {
    mujoco.mjtGeom.mjGEOM_PLANE.value: _plane,
    mujoco.mjtGeom.mjGEOM_BOX.value: _box,
    mujoco.mjtGeom.mjGEOM_CAPSULE.value: _capsule,
    mujoco.mjtGeom.mjGEOM_CYLINDER.value: _cylinder,
    mujoco.mjtGeom.mjGEOM_SPHERE.value: _ellipsoid,
    mujoco.mjtGeom.mjGEOM_ELLIPSOID.value: _ellipsoid,
    mujoco.mjtGeom.mjGEOM_MESH.value: _box,  # the box around it
}


@cache
def solid(kind: int, size: tuple[float, float, float]) -> Solid | None:
    """The shape of an `mjvGeom` of `kind` (an mjtGeom) and `size`, m; None for a kind that is not drawn."""
    return _KINDS[kind](np.array(size)) if kind in _KINDS else None
