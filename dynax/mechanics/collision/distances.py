"""Signed distances of points from solids, and the outward normals at the nearest surface points.

Functions take points (P, K) in the shape frame and K solids. They return distances (P, K), which are negative inside,
and normals (P, K).
"""

import jax
import jax.numpy as jnp

from dynax.math.vec3 import Vec3, X, Y, Z, take, where
from dynax.mechanics.collision.shapes import (
    BOX,
    CAPSULE,
    CYLINDER,
    ELLIPSOID,
    MESH,
    PLANE,
    SPHERE,
    Distance,
    Solid,
)

NEWTON_STEPS = 10  # steps to the nearest point of an ellipsoid
MIN_OFFSET = 1e-5  # smallest distance of a point from an ellipsoid's planes of symmetry, relative to the half axis
BESIDE_FACE = 1e-5  # distance by which a point must lie beside a face to be nearest to an edge, relative to the mesh


def plane(point: Vec3, solid: Solid) -> tuple[jax.Array, Vec3]:
    """Return distances and normals of a plane."""
    return point.z, Z


def sphere(point: Vec3, solid: Solid) -> tuple[jax.Array, Vec3]:
    """Return distances and normals of spheres."""
    return point.norm - solid.size.x, point.normalized(X)


def capsule(point: Vec3, solid: Solid) -> tuple[jax.Array, Vec3]:
    """Return distances and normals of capsules: spheres around the nearest point of the axis."""
    half = solid.size.y
    return sphere(point - Z * jnp.clip(point.z, -half, half), solid)


def cylinder(point: Vec3, solid: Solid) -> tuple[jax.Array, Vec3]:
    """Return distances and normals of cylinders; inside, those of the nearer of side and cap."""
    radial = point - Z * point.z
    side, cap = radial.normalized(X), Z * jnp.where(point.z > 0, 1.0, -1.0)
    past_side, past_cap = radial.norm - solid.size.x, jnp.abs(point.z) - solid.size.y
    to_point = side * jnp.maximum(past_side, 0.0) + cap * jnp.maximum(past_cap, 0.0)
    inside = jnp.maximum(past_side, past_cap)
    flat = where(past_cap > past_side, cap, side)
    return jnp.where(inside > 0, to_point.norm, inside), where(inside > 0, to_point.normalized(X), flat)


def box(point: Vec3, solid: Solid) -> tuple[jax.Array, Vec3]:
    """Return distances and normals of boxes; inside, those of the nearest face."""
    past_face = point.map(jnp.abs) - solid.size
    sign = point.map(lambda part: jnp.where(part > 0, 1.0, -1.0))
    outside = past_face.map(lambda part: jnp.maximum(part, 0.0))
    inside = past_face.max_component
    flat = where(past_face.x == inside, X, where(past_face.y == inside, Y, Z))
    return jnp.where(inside > 0, outside.norm, inside), sign * where(inside > 0, outside.normalized(X), flat)


def ellipsoid(point: Vec3, solid: Solid) -> tuple[jax.Array, Vec3]:
    """Return distances and normals of ellipsoids.

    With the half axes s_i, a point x_i of the surface satisfies sum_i (x_i / s_i)^2 = 1, and its normal is parallel to
    x_i / s_i^2. The vector from the nearest surface point x to p is parallel to the normal, p - x = t x / s^2, hence

        x_i = s_i^2 p_i / (s_i^2 + t)
        g(t) = sum_i (s_i p_i / (s_i^2 + t))^2 = 1,  where t is the largest root

    g decreases and is convex right of its largest pole. Newton's method starts at max_i (s_i |p_i| - s_i^2), where one
    term equals 1 and g >= 1. From there it approaches the root from below without overshooting. Gradients flow through
    the last step only. At the root, this step has the derivative of the implicit function.
    """
    size, square = solid.size, solid.size * solid.size
    side = point.map(lambda part: jnp.where(part < 0, -1.0, 1.0))
    least = size * MIN_OFFSET
    point = side * (side * point).maximum(least)  # in a plane of symmetry there may be two nearest points
    scaled = size * side * point

    def newton(t: jax.Array, scaled: Vec3) -> jax.Array:
        denominator = square + t
        term = scaled / denominator
        slope = 2 * term.dot(term / denominator)
        return t + (term.dot(term) - 1) / jax.lax.stop_gradient(slope)

    fixed = jax.lax.stop_gradient(scaled)
    t = (fixed - square).max_component
    t = jax.lax.fori_loop(0, NEWTON_STEPS, lambda _, t: newton(t, fixed), t)
    t = newton(jax.lax.stop_gradient(t), scaled)
    nearest = square * point / (square + t)
    return jnp.sign(t) * (point - nearest).norm, (nearest / square).normalized(X)


def mesh(point: Vec3, solid: Solid) -> tuple[jax.Array, Vec3]:
    """Return distances and normals of convex hulls.

    The distance refers to the plane of the face with the largest signed distance. If the point is outside and its
    projection lies beside this face, it refers to the nearest edge.
    """
    normals, starts, edges = (part.map(lambda x: x[:, None]) for part in (solid.normals, solid.starts, solid.edges))
    offsets = solid.offsets[:, None]
    face = (normals.dot(point) - offsets).argmax(axis=0)
    normal = normals.take(face)
    height = normal.dot(point) - take(offsets, face)
    projection = point - normal * height
    beside = (normals.dot(projection) - offsets).max(axis=0) > BESIDE_FACE * jnp.abs(offsets).max(axis=0)

    fraction = jnp.clip((point - starts).dot(edges) / edges.dot(edges), 0, 1)
    arms = point - starts - edges * fraction
    arm = arms.take(arms.dot(arms).argmin(axis=0))
    at_edge = (height > 0) & beside
    return jnp.where(at_edge, arm.norm, height), where(at_edge, arm.normalized(X), normal)


DISTANCES: dict[int, Distance] = {
    PLANE: plane, SPHERE: sphere, CAPSULE: capsule, ELLIPSOID: ellipsoid, CYLINDER: cylinder, BOX: box, MESH: mesh,
}  # fmt: skip
