"""The shapes of geoms: how far a point is from each, and the points that stand for one against another.

A shape is told by MuJoCo's `size`: sphere (radius), capsule and cylinder (radius, half length along z), ellipsoid and
box (half extents). A mesh is its convex hull, of which at most `VERTICES` vertices, `FACES` faces and `EDGES` edges
are kept, spread wide. The points are within the true hull and the faces around it; for a hull of few, they are it.

Axes: K solids of one shape, each against another; P points, F faces, E edges. Points against K solids are (P, K).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from flax import struct

from dynax.math.vec3 import Rotation, Vector, X, Y, Z, choose, row

PLANE, SPHERE = int(mujoco.mjtGeom.mjGEOM_PLANE), int(mujoco.mjtGeom.mjGEOM_SPHERE)
CAPSULE, ELLIPSOID = int(mujoco.mjtGeom.mjGEOM_CAPSULE), int(mujoco.mjtGeom.mjGEOM_ELLIPSOID)
CYLINDER, BOX = int(mujoco.mjtGeom.mjGEOM_CYLINDER), int(mujoco.mjtGeom.mjGEOM_BOX)
MESH = int(mujoco.mjtGeom.mjGEOM_MESH)

VERTICES = 16  # of a mesh
FACES = 64  # of a mesh
EDGES = 128  # of a mesh
RIM = 8  # points on each rim of a cylinder
NEWTON = 10  # steps to the point of an ellipsoid that is nearest
OFF_CENTER = 1e-5  # of an ellipsoid's half axis, how near its middle a point is looked at


class Solid(struct.PyTreeNode):
    """Solids of one shape, and where in the world they are."""

    position: Vector  # (K,) m
    rotation: Rotation  # (K,) the shape's frame to the world
    size: Vector  # (K,) m
    points: Vector  # (P, K) in the shape's frame, m
    normals: Vector  # (F, K) outward, of the faces of a mesh, in the shape's frame
    offsets: Any  # (F, K) of these faces from the frame's origin, m
    starts: Vector  # (E, K) of the edges of a mesh, in the shape's frame, m
    edges: Vector  # (E, K) from there to their other ends, m

    @property
    def axis(self) -> Vector:
        """(K,) z of the shape's frame: a plane's normal, a capsule's or cylinder's axis."""
        return self.rotation.z

    def outer(self, points: Vector) -> Vector:
        """Points of the shape's frame in the world's."""
        return self.position + self.rotation.turn(points)

    def inner(self, points: Vector) -> Vector:
        """Points of the world in the shape's frame."""
        return self.rotation.back(points - self.position)


Distance = Callable[[Vector, Solid], tuple[jax.Array, Vector]]
"""From points (P, K) in a shape's frame: signed distance (P, K), negative inside, and outward normal (P, K)."""


def plane(point: Vector, solid: Solid) -> tuple[jax.Array, Vector]:
    return point.z, Z


def sphere(point: Vector, solid: Solid) -> tuple[jax.Array, Vector]:
    return point.length - solid.size.x, point.normalized(X)


def capsule(point: Vector, solid: Solid) -> tuple[jax.Array, Vector]:
    half = solid.size.y
    return sphere(point - Z * jnp.clip(point.z, -half, half), solid)


def cylinder(point: Vector, solid: Solid) -> tuple[jax.Array, Vector]:
    """Inside, the nearer of side and cap."""
    across = point - Z * point.z
    side, cap = across.normalized(X), Z * jnp.where(point.z > 0, 1.0, -1.0)
    beside, above = across.length - solid.size.x, jnp.abs(point.z) - solid.size.y
    to_corner = side * jnp.maximum(beside, 0.0) + cap * jnp.maximum(above, 0.0)
    inside = jnp.maximum(beside, above)
    flat = choose(above > beside, cap, side)
    return jnp.where(inside > 0, to_corner.length, inside), choose(inside > 0, to_corner.normalized(X), flat)


def box(point: Vector, solid: Solid) -> tuple[jax.Array, Vector]:
    """Inside, the nearest face."""
    beyond = point.each(jnp.abs) - solid.size
    sign = point.each(lambda part: jnp.where(part > 0, 1.0, -1.0))
    out = beyond.each(lambda part: jnp.maximum(part, 0.0))
    inside = beyond.largest
    flat = choose(beyond.x == inside, X, choose(beyond.y == inside, Y, Z))
    return jnp.where(inside > 0, out.length, inside), sign * choose(inside > 0, out.normalized(X), flat)


def ellipsoid(point: Vector, solid: Solid) -> tuple[jax.Array, Vector]:
    """To the nearest point s_i^2 p_i / (t + s_i^2), t the largest root of sum_i (s_i p_i / (t + s_i^2))^2 = 1.

    The sum falls and is convex, so that Newton's method from a t below the root, where one term alone is 1, stays below
    it and does not overshoot. Gradients go through the last step, at the root, alone: what they are of the root.
    """
    size, square = solid.size, solid.size * solid.size
    side = point.each(lambda part: jnp.where(part < 0, -1.0, 1.0))
    least = size * OFF_CENTER
    point = side * (side * point).most(least)  # in a plane of symmetry are two nearest points
    reach = size * side * point

    def newton(t: jax.Array, reach: Vector) -> jax.Array:
        below = square + t
        part = reach / below
        slope = 2 * part.dot(part / below)
        return t + (part.dot(part) - 1) / jax.lax.stop_gradient(slope)

    fixed = jax.lax.stop_gradient(reach)
    t = (fixed - square).largest
    t = jax.lax.fori_loop(0, NEWTON, lambda _, t: newton(t, fixed), t)
    t = newton(jax.lax.stop_gradient(t), reach)
    nearest = square * point / (square + t)
    return jnp.sign(t) * (point - nearest).length, (nearest / square).normalized(X)


def mesh(point: Vector, solid: Solid) -> tuple[jax.Array, Vector]:
    """To the plane of the face that is the least behind; outside and beside that face, to the nearest edge."""
    normals, starts, edges = (part.each(lambda x: x[:, None]) for part in (solid.normals, solid.starts, solid.edges))
    offsets = solid.offsets[:, None]
    face = (normals.dot(point) - offsets).argmax(axis=0)
    normal = normals.row(face)
    ahead = normal.dot(point) - row(offsets, face)
    foot = point - normal * ahead
    beside = (normals.dot(foot) - offsets).max(axis=0) > 1e-5 * jnp.abs(offsets).max(axis=0)

    fraction = jnp.clip((point - starts).dot(edges) / edges.dot(edges), 0, 1)
    arms = point - starts - edges * fraction
    arm = arms.row(arms.dot(arms).argmin(axis=0))
    edge = (ahead > 0) & beside
    return jnp.where(edge, arm.length, ahead), choose(edge, arm.normalized(X), normal)


DISTANCES: dict[int, Distance] = {
    PLANE: plane, SPHERE: sphere, CAPSULE: capsule, ELLIPSOID: ellipsoid, CYLINDER: cylinder, BOX: box, MESH: mesh,
}  # fmt: skip


def solids(model: mujoco.MjModel, geoms: np.ndarray) -> Solid:
    """Geoms of one shape, and of one mesh if it is that, as NumPy arrays and in their own frames."""
    sizes = model.geom_size[geoms]
    points, faces, edges = zip(*(_told(model, geom) for geom in geoms), strict=True)
    faces, edges = np.stack(faces, axis=1), np.stack(edges, axis=1)
    return Solid(
        position=Vector(0.0, 0.0, 0.0),
        rotation=Rotation(X, Y, Z),
        size=Vector.of(sizes),
        points=Vector.of(np.stack(points, axis=1)),
        normals=Vector.of(faces[..., :3]),
        offsets=faces[..., 3],
        starts=Vector.of(edges[:, :, 0]),
        edges=Vector.of(edges[:, :, 1] - edges[:, :, 0]),
    )


def _told(model: mujoco.MjModel, geom: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The points (P, 3), faces (F, 4) and edges (E, 2, 3) of a geom."""
    kind, mesh = model.geom_type[geom], model.geom_dataid[geom]
    if kind != MESH:
        return _points(kind, model.geom_size[geom]), np.zeros((0, 4)), np.zeros((0, 2, 3))
    hull = _hull(model, mesh)
    return hull[spread(hull, VERTICES)], _faces(model, mesh, hull), _edges(model, mesh)


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
