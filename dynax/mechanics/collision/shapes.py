"""The shapes of geoms, and their points that may touch other shapes.

A shape has MuJoCo's `size`: radius of a sphere, radius and half length of a capsule or cylinder, half extents of an
ellipsoid or box. A mesh is represented by its convex hull (`mesh`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import mujoco
import numpy as np
from jaxtyping import Int

from dynax.math.vec3 import Rotation, Vec3, X, Y, Z
from dynax.mechanics.collision import mesh

PLANE, SPHERE = int(mujoco.mjtGeom.mjGEOM_PLANE), int(mujoco.mjtGeom.mjGEOM_SPHERE)
CAPSULE, ELLIPSOID = int(mujoco.mjtGeom.mjGEOM_CAPSULE), int(mujoco.mjtGeom.mjGEOM_ELLIPSOID)
CYLINDER, BOX = int(mujoco.mjtGeom.mjGEOM_CYLINDER), int(mujoco.mjtGeom.mjGEOM_BOX)
MESH = int(mujoco.mjtGeom.mjGEOM_MESH)

RIM_POINTS = 8  # points on each rim of a cylinder


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Solid:
    """K solids of one shape with their poses; solid k is tested against solid k of another shape."""

    position: Vec3  # (K,) m
    rotation: Rotation  # shape frame to world, (K,)
    size: Vec3  # (K,) m
    points: Vec3  # contact points in the shape frame, (P, K), m
    normals: Vec3  # outward normals of the faces of a mesh, (F, K)
    offsets: Any  # distances of these faces from the origin of the shape frame, (F, K), m
    starts: Vec3  # first ends of the edges of a mesh in the shape frame, (E, K), m
    edges: Vec3  # vectors from the first to the second ends, (E, K), m

    @property
    def axis(self) -> Vec3:
        """The z axis of the shape frame, (K,): normal of a plane, axis of a capsule or cylinder."""
        return self.rotation.z

    def to_world(self, points: Vec3) -> Vec3:
        """Transform points from the shape frame to the world."""
        return self.position + self.rotation.rotate(points)

    def to_local(self, points: Vec3) -> Vec3:
        """Transform points from the world to the shape frame."""
        return self.rotation.rotate_back(points - self.position)


Distance = Callable[[Vec3, Solid], tuple[jax.Array, Vec3]]
"""Map points (P, K) in the shape frame to signed distances (P, K), negative inside, and outward normals (P, K)."""


def solids(model: mujoco.MjModel, geoms: Int[np.ndarray, " K"], hulls: mesh.Hulls) -> Solid:
    """Return geoms of one shape with equal `table_sizes`, as NumPy arrays in their own frames."""
    sizes = model.geom_size[geoms]
    points, faces, edges = zip(*(_tables(model, geom, hulls) for geom in geoms.tolist()), strict=True)
    faces, edges = np.stack(faces, axis=1), np.stack(edges, axis=1)
    return Solid(
        position=Vec3(0.0, 0.0, 0.0),
        rotation=Rotation(X, Y, Z),
        size=Vec3.of(sizes),
        points=Vec3.of(np.stack(points, axis=1)),
        normals=Vec3.of(faces[..., :3]),
        offsets=faces[..., 3],
        starts=Vec3.of(edges[:, :, 0]),
        edges=Vec3.of(edges[:, :, 1] - edges[:, :, 0]),
    )


def table_sizes(model: mujoco.MjModel, geom: int, hulls: mesh.Hulls) -> tuple[int, ...]:
    """Return the numbers of points, faces and edges of a geom."""
    return tuple(map(len, _tables(model, geom, hulls)))


def _tables(model: mujoco.MjModel, geom: int, hulls: mesh.Hulls) -> mesh.Tables:
    """Return the points (P, 3), faces (F, 4) and edges (E, 2, 3) of a geom; only meshes have faces and edges."""
    kind = int(model.geom_type[geom])
    if kind == MESH:
        return hulls[int(model.geom_dataid[geom])]
    return _points(kind, model.geom_size[geom]), np.zeros((0, 4)), np.zeros((0, 2, 3))


def _points(kind: int, size: np.ndarray) -> np.ndarray:
    """Return the points (P, 3) of a shape that touch other shapes first; centers for spheres and capsules."""
    if kind == CAPSULE:
        return np.array([[0, 0, size[1]], [0, 0, -size[1]]])
    if kind == BOX:  # in MuJoCo's order, in which x changes first
        return np.stack(np.meshgrid(*[[-1, 1]] * 3, indexing="ij")[::-1], axis=-1).reshape(8, 3) * size
    if kind == CYLINDER:
        angle = 2 * np.pi * np.arange(RIM_POINTS) / RIM_POINTS
        rim = np.stack([np.cos(angle), np.sin(angle), np.ones(RIM_POINTS)], axis=1) * size[[0, 0, 1]]
        return np.concatenate([rim, rim * [1, 1, -1]])
    return np.zeros((1, 3))
