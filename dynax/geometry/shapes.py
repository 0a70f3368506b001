"""The shapes of geoms: how far a point is from each, and the points that stand for one against another.

A shape is told by MuJoCo's `size`: sphere (radius), capsule and cylinder (radius, half length along z), ellipsoid and
box (half extents). A mesh is its convex hull, of which at most `VERTICES` vertices, `FACES` faces and `EDGES` edges
are kept, spread wide. The points are within the true hull and the faces around it; for a hull of few, they are it.

Axes: `...` any batch, P points, F faces, E edges.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from flax import struct

from dynax.geometry.vectors import dot, largest, length, normalised, turned, unturned

PLANE, SPHERE = int(mujoco.mjtGeom.mjGEOM_PLANE), int(mujoco.mjtGeom.mjGEOM_SPHERE)
CAPSULE, ELLIPSOID = int(mujoco.mjtGeom.mjGEOM_CAPSULE), int(mujoco.mjtGeom.mjGEOM_ELLIPSOID)
CYLINDER, BOX = int(mujoco.mjtGeom.mjGEOM_CYLINDER), int(mujoco.mjtGeom.mjGEOM_BOX)
MESH = int(mujoco.mjtGeom.mjGEOM_MESH)

VERTICES = 16  # of a mesh
FACES = 64  # of a mesh
EDGES = 128  # of a mesh
RIM = 8  # points on each rim of a cylinder
NEWTON = 10  # steps to the point of an ellipsoid that is nearest
OFF_CENTRE = 1e-5  # of an ellipsoid's half axis, how near its middle a point is looked at
X, Z = np.array([1.0, 0, 0]), np.array([0, 0, 1.0])


class Solid(struct.PyTreeNode):
    """A shape, and where in the world it is."""

    position: Any  # (3,) m
    rotation: Any  # (3, 3) the shape's frame to the world
    size: Any  # (3,) m
    points: Any  # (P, 3) in the shape's frame, m
    faces: Any  # (F, 4) outward normal of each face of a mesh in the shape's frame, and its distance, m
    edges: Any  # (E, 2, 3) the ends of each edge of a mesh in the shape's frame, m

    @property
    def axis(self) -> jax.Array:
        """(3,) z of the shape's frame: a plane's normal, a capsule's or cylinder's axis."""
        return self.rotation[:, 2]

    def outer(self, points: jax.Array) -> jax.Array:
        """Points (..., 3) of the shape's frame in the world's."""
        return self.position + turned(self.rotation, points)

    def inner(self, points: jax.Array) -> jax.Array:
        """Points (..., 3) of the world in the shape's frame."""
        return unturned(self.rotation, points - self.position)


Distance = Callable[[jax.Array, Solid], tuple[jax.Array, jax.Array]]
"""From points (..., 3) in a shape's frame: signed distance (...), negative inside, and outward normal (..., 3)."""


def plane(point: jax.Array, solid: Solid) -> tuple[jax.Array, jax.Array]:
    return point[..., 2], jnp.broadcast_to(jnp.asarray(Z, point.dtype), point.shape)


def sphere(point: jax.Array, solid: Solid) -> tuple[jax.Array, jax.Array]:
    return length(point) - solid.size[0], normalised(point, X)


def capsule(point: jax.Array, solid: Solid) -> tuple[jax.Array, jax.Array]:
    half = solid.size[1]
    return sphere(point - jnp.clip(point[..., 2:], -half, half) * jnp.asarray(Z, point.dtype), solid)


def cylinder(point: jax.Array, solid: Solid) -> tuple[jax.Array, jax.Array]:
    """Inside, the nearer of side and cap."""
    across, z = point * jnp.array([1, 1, 0], point.dtype), point[..., 2]
    side, radius = normalised(across, X), length(across)
    cap = jnp.where(z > 0, 1.0, -1.0)[..., None] * jnp.asarray(Z, point.dtype)
    beyond = jnp.stack([radius - solid.size[0], jnp.abs(z) - solid.size[1]], axis=-1)
    out = jnp.maximum(beyond, 0.0)
    to_corner = out[..., :1] * side + out[..., 1:] * cap
    flat = jnp.where(beyond[..., 1:] > beyond[..., :1], cap, side)
    inside = jnp.maximum(beyond[..., 0], beyond[..., 1])
    return jnp.where(inside > 0, length(to_corner), inside), jnp.where(
        inside[..., None] > 0, normalised(to_corner, X), flat
    )


def box(point: jax.Array, solid: Solid) -> tuple[jax.Array, jax.Array]:
    """Inside, the nearest face."""
    beyond = jnp.abs(point) - solid.size
    sign = jnp.where(point > 0, 1.0, -1.0)
    out = jnp.maximum(beyond, 0.0)
    inside = largest(beyond)
    x = beyond[..., 0] == inside
    y = ~x & (beyond[..., 1] == inside)
    flat = sign * jnp.stack([x, y, ~x & ~y], axis=-1)
    return jnp.where(inside > 0, length(out), inside), jnp.where(inside[..., None] > 0, normalised(sign * out, X), flat)


def ellipsoid(point: jax.Array, solid: Solid) -> tuple[jax.Array, jax.Array]:
    """To the nearest point s_i^2 p_i / (t + s_i^2), t the largest root of sum_i (s_i p_i / (t + s_i^2))^2 = 1.

    The sum falls and is convex, so that Newton's method from a t below the root, where one term alone is 1, stays below
    it and does not overshoot. Gradients go through the last step, at the root, alone: what they are of the root.
    """
    size, square = solid.size, solid.size**2
    side = jnp.where(point < 0, -1.0, 1.0)
    point = side * jnp.maximum(jnp.abs(point), OFF_CENTRE * size)  # in a plane of symmetry are two nearest points
    reach = size * jnp.abs(point)

    def newton(t: jax.Array, reach: jax.Array) -> jax.Array:
        below = t + square
        part = reach / below
        slope = 2 * dot(part, part / below)[..., None]
        return t + (dot(part, part)[..., None] - 1) / jax.lax.stop_gradient(slope)

    fixed = jax.lax.stop_gradient(reach)
    t = largest(fixed - square)[..., None]
    t = jax.lax.fori_loop(0, NEWTON, lambda _, t: newton(t, fixed), t)
    t = newton(jax.lax.stop_gradient(t), reach)
    nearest = square * point / (t + square)
    return jnp.sign(t[..., 0]) * length(point - nearest), normalised(nearest / square, X)


def mesh(point: jax.Array, solid: Solid) -> tuple[jax.Array, jax.Array]:
    """To the plane of the face that is the least behind; outside and beside that face, to the nearest edge."""
    normals, offsets = solid.faces[:, :3], solid.faces[:, 3]
    beyond = dot(point[..., None, :], normals) - offsets
    ahead, normal = beyond.max(axis=-1), normals[jnp.argmax(beyond, axis=-1)]
    foot = point - ahead[..., None] * normal
    beside = (dot(foot[..., None, :], normals) - offsets).max(axis=-1) > 1e-5 * jnp.abs(offsets).max()

    start, along = solid.edges[:, 0], solid.edges[:, 1] - solid.edges[:, 0]
    fraction = jnp.clip(dot(point[..., None, :] - start, along) / dot(along, along), 0, 1)
    arms = point[..., None, :] - start - fraction[..., None] * along
    nearest = jnp.argmin(dot(arms, arms), axis=-1)
    arm = jnp.take_along_axis(arms, nearest[..., None, None], axis=-2)[..., 0, :]
    edge = (ahead > 0) & beside
    return jnp.where(edge, length(arm), ahead), jnp.where(edge[..., None], normalised(arm, X), normal)


DISTANCES: dict[int, Distance] = {
    PLANE: plane, SPHERE: sphere, CAPSULE: capsule, ELLIPSOID: ellipsoid, CYLINDER: cylinder, BOX: box, MESH: mesh,
}  # fmt: skip


def solid(model: mujoco.MjModel, geom: int) -> Solid:
    """A geom as NumPy arrays, in its own frame."""
    kind, size, mesh = model.geom_type[geom], model.geom_size[geom], model.geom_dataid[geom]
    hull = _hull(model, mesh) if kind == MESH else None
    faces: Any = np.zeros((0, 4)) if hull is None else _faces(model, mesh, hull)
    return Solid(
        position=np.zeros(3),
        rotation=np.eye(3),
        size=size,
        points=_points(kind, size) if hull is None else hull[spread(hull, VERTICES)],
        faces=faces,
        edges=np.zeros((0, 2, 3)) if hull is None else _edges(model, mesh),
    )


def _points(kind: int, size: np.ndarray) -> np.ndarray:
    """The points (P, 3) of a shape that touch others first; those of spheres and capsules have a radius."""
    if kind == CAPSULE:
        return np.array([[0, 0, size[1]], [0, 0, -size[1]]])
    if kind == BOX:  # x changes first, as in MuJoCo
        return np.stack(np.meshgrid(*[[-1, 1]] * 3, indexing="ij")[::-1], axis=-1).reshape(8, 3) * size
    if kind == CYLINDER:
        angle = 2 * np.pi * np.arange(RIM) / RIM
        rim = np.stack([np.cos(angle), np.sin(angle), np.ones(RIM)], axis=1) * size[[0, 0, 1]]
        return np.concatenate([rim, rim * [1, 1, -1]])
    return np.zeros((1, 3))


def _hull(model: mujoco.MjModel, mesh: int) -> np.ndarray:
    """The vertices (P, 3) of a mesh's convex hull, in the geom's frame; all of the mesh's where it has no hull."""
    start = model.mesh_vertadr[mesh]
    vertices = model.mesh_vert[start : start + model.mesh_vertnum[mesh]].astype(float)
    graph = model.mesh_graphadr[mesh]
    if graph < 0:
        return vertices
    count = model.mesh_graph[graph]
    return vertices[model.mesh_graph[graph + 2 + count : graph + 2 + 2 * count]]


def _faces(model: mujoco.MjModel, mesh: int, hull: np.ndarray) -> np.ndarray:
    """The planes (F, 4) of a mesh's convex hull."""
    start = model.mesh_polyadr[mesh]
    normals = model.mesh_polynormal[start : start + model.mesh_polynum[mesh]]
    normals = normals[spread(normals, FACES)]
    return np.concatenate([normals, (normals @ hull.T).max(axis=1, keepdims=True)], axis=1)


def _edges(model: mujoco.MjModel, mesh: int) -> np.ndarray:
    """The edges (E, 2, 3) of a mesh's convex hull."""
    pairs: set[tuple[int, int]] = set()
    for polygon in range(model.mesh_polyadr[mesh], model.mesh_polyadr[mesh] + model.mesh_polynum[mesh]):
        start = model.mesh_polyvertadr[polygon]
        around = model.mesh_polyvert[start : start + model.mesh_polyvertnum[polygon]].tolist()
        pairs |= {(min(ends), max(ends)) for ends in zip(around, [*around[1:], around[0]], strict=True)}
    edges = model.mesh_vert[model.mesh_vertadr[mesh] + np.array(sorted(pairs))].astype(float)
    return edges[spread(edges.mean(axis=1), EDGES)]


def spread(points: np.ndarray, count: int) -> np.ndarray:
    """The indices of at most `count` of `points` (P, 3), each the farthest from those before, in rising order."""
    distance = np.linalg.norm(points - points.mean(axis=0), axis=1)
    chosen: list[int] = []
    for _ in range(min(count, len(points))):
        chosen.append(int(distance.argmax()))
        distance = np.linalg.norm(points[:, None] - points[chosen], axis=2).min(axis=1)
    return np.sort(np.unique(chosen))
