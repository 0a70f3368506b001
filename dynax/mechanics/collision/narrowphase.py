"""Where two solids touch: for each pair of shapes, a fixed number of contacts, whether near or far.

    exact     plane with sphere, capsule, ellipsoid, cylinder, box; sphere with sphere, capsule, cylinder, box; capsule
              with capsule: MuJoCo's contacts, and its choice among them
    nearest   sphere with ellipsoid, mesh: MuJoCo's to a nanometre. Capsule with ellipsoid, cylinder, box, mesh: its
              ends, and between them the deepest point of its axis, MuJoCo's to a micrometre; where a capsule lies
              along a face MuJoCo has two contacts, here they are the ends, even one that is beyond the face
    deepest   ellipsoid with ellipsoid, cylinder, box, mesh: one point
    corners   cylinder, box, mesh with each other: the points of each against the other. Where edge crosses edge there
              is no contact until a corner is in. Mesh with plane: all its points, of which MuJoCo takes three

For shapes of about 0.2 m, up to 0.02 m apart or overlapping, the least distances of the last two kinds differ from
MuJoCo's by a median of at most 0.05 mm (ellipsoids) and 7 mm (corners), and in nine of ten poses by at most 20 mm and
60 mm: edges are to blame.

A contact is `present` where MuJoCo would make it if it were near enough.

Axes: K pairs of solids, M contacts of each.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from dynax.math.vec3 import Vector, X, choose
from dynax.math.vectors import TINY
from dynax.mechanics.collision import shapes
from dynax.mechanics.collision.shapes import BOX, CAPSULE, CYLINDER, ELLIPSOID, MESH, PLANE, SPHERE, Distance, Solid

BOX_ON_PLANE = 4  # contacts that MuJoCo makes at most
HALVINGS = 14  # of a capsule, in search of its deepest point
RESOLVED = 1e-4  # of a capsule's half length, by which its middle must be deeper than its ends
POLISHED = 4  # steps between both surfaces after these
ROUNDED = 16  # what two points that are one may lie apart, in rounding errors of what they are made of
SUPPORTS = 12  # steps towards an ellipsoid's deepest point


class Touch(struct.PyTreeNode):
    """The contacts of solids with others, in the frame of the world; (M, K), or what is the same for some or all."""

    distance: jax.Array  # between the surfaces, negative where they overlap, m
    normal: Vector  # from the first to the second
    position: Vector  # midway between the surfaces, m
    tangent: Vector  # what the second row of the frame is made from; zero where nothing is preferred
    present: jax.Array  # bool

    @property
    def whole(self) -> "Touch":
        """With all arrays (M, K)."""
        return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, self.distance.shape), self)


Collide = Callable[[Solid, Solid, jax.Array], Touch]
"""Of pairs of solids, and the distances (K,) in m below which MuJoCo makes a contact."""


def contact(points: Vector, radius: Any, beyond: jax.Array, outward: Vector, sign: float) -> Touch:
    """Points (M, K) with a radius at `beyond` (M, K) from a surface of normal `outward` (M, K).

    `sign` is 1 where the surface is the first solid's, otherwise -1.
    """
    distance = beyond - radius
    return Touch(
        distance=distance,
        normal=outward * sign,
        position=points - outward * (radius + distance / 2),
        tangent=Vector(0.0, 0.0, 0.0),
        present=jnp.ones_like(distance, bool),
    )


def against(points: Vector, radius: Any, solid: Solid, distance: Distance, sign: float) -> Touch:
    """Points (M, K) of the world, with a radius, against a solid."""
    beyond, outward = distance(solid.inner(points), solid)
    return contact(points, radius, beyond, solid.rotation.turn(outward), sign)


def stacked(*parts: Any) -> Any:
    """Vectors (K,) or (M, K), with a first axis, along which they are put together."""
    return jax.tree.map(lambda *leaves: jnp.concatenate([jnp.atleast_2d(leaf) for leaf in leaves]), *parts)


def points_on_plane(plane: Solid, solid: Solid, limit: jax.Array) -> Touch:
    """The points of a mesh."""
    return against(solid.outer(solid.points), 0.0, plane, shapes.plane, 1.0)


def sphere_on_plane(plane: Solid, sphere: Solid, limit: jax.Array) -> Touch:
    return against(sphere.outer(sphere.points), sphere.size.x, plane, shapes.plane, 1.0)


def capsule_on_plane(plane: Solid, capsule: Solid, limit: jax.Array) -> Touch:
    """Its ends; the frame follows its axis."""
    return sphere_on_plane(plane, capsule, limit).replace(tangent=capsule.axis)


def box_on_plane(plane: Solid, box: Solid, limit: jax.Array) -> Touch:
    """The corners below its center, and of these the first four that are near enough."""
    touch = points_on_plane(plane, box, limit)
    below = box.rotation.turn(box.points).dot(plane.axis) <= 0
    near = (below & (touch.distance <= limit)).astype(jnp.int32)
    return touch.replace(present=below & (jnp.cumsum(near, axis=0) - near < BOX_ON_PLANE))


def ellipsoid_on_plane(plane: Solid, ellipsoid: Solid, limit: jax.Array) -> Touch:
    lowest = _support(ellipsoid, -plane.axis).each(jnp.atleast_2d)
    return against(lowest, 0.0, plane, shapes.plane, 1.0)


def cylinder_on_plane(plane: Solid, cylinder: Solid, limit: jax.Array) -> Touch:
    """The lowest point of each rim, and two more of the lower rim, a third of a turn to both sides."""
    radius, half = cylinder.size.x, cylinder.size.y
    towards = cylinder.axis * jnp.where(plane.axis.dot(cylinder.axis) > 0, -1.0, 1.0)
    down = (towards * plane.axis.dot(towards) - plane.axis).normalized(cylinder.rotation.x) * radius
    sideways = down.cross(towards).normalized(X) * (radius * np.sqrt(3) / 2)
    center, upper = cylinder.position + towards * half, cylinder.position - towards * half
    points = stacked(center + down, upper + down, center + sideways - down / 2, center - sideways - down / 2)
    return against(points, 0.0, plane, shapes.plane, 1.0)


def sphere_on(distance: Distance) -> Collide:
    def collide(sphere: Solid, solid: Solid, limit: jax.Array) -> Touch:
        return against(sphere.outer(sphere.points), sphere.size.x, solid, distance, -1.0)

    return collide


def capsule_on(distance: Distance) -> Collide:
    """Both ends, and the deepest point between them, where it is deeper.

    The distance from a convex solid is convex along a line: its slope, the normal's part along the axis, tells on which
    side the least of it is.
    """

    def collide(capsule: Solid, solid: Solid, limit: jax.Array) -> Touch:
        radius, half = capsule.size.x, capsule.size.y
        reach = capsule.axis * half
        center, along = solid.inner(capsule.position), solid.rotation.back(reach)

        def halved(step: jax.Array, t: jax.Array) -> jax.Array:
            rising = distance(center + along * t, solid)[1].dot(along) > 0
            return t + jnp.where(rising, -0.5, 0.5) * 0.5**step

        middle = jax.lax.stop_gradient(jax.lax.fori_loop(0, HALVINGS, halved, jnp.zeros((1, *half.shape), half.dtype)))
        points = stacked(*(capsule.position + reach * t for t in (1.0, -1.0, middle)))
        touch = against(points, radius, solid, distance, -1.0)
        deeper = touch.distance[2] < touch.distance[:2].min(axis=0) - RESOLVED * half
        return touch.replace(present=touch.present.at[2].set(deeper))

    return collide


def capsules(first: Solid, second: Solid, limit: jax.Array) -> Touch:
    """One contact where the axes are nearest; of parallel ones two, the ends of what they have beside each other,
    which are the same where that is nothing.

    The axes are p + x h, |x| <= 1; of the nearest points x minimizes a quadratic, clipped to the segments. Axes that
    cross, as those of a planar robot do, have no direction from one to the other but across both.
    """
    half1, half2 = first.axis * first.size.y, second.axis * second.size.y
    between = first.position - second.position
    a, b, c = half1.dot(half1), -half1.dot(half2), half2.dot(half2)
    u, v = -half1.dot(between), half2.dot(between)
    determinant = a * c - b * b
    parallel = jnp.abs(determinant) < jnp.maximum(8 * jnp.finfo(a.dtype).eps * a * c, TINY)
    safe = jnp.where(parallel, 1.0, determinant)

    free1 = (c * u - b * v) / safe
    x1 = jnp.clip(free1, -1, 1)
    free2 = jnp.where(x1 == free1, (a * v - b * u) / safe, (v - b * x1) / c)
    x2 = jnp.clip(free2, -1, 1)
    x1 = jnp.where(x2 == free2, x1, jnp.clip((u - b * x2) / a, -1, 1))

    ends = jnp.stack([jnp.clip((u + b) / a, -1, 1), jnp.clip((u - b) / a, -1, 1)])  # of the second, seen from the first
    x1 = jnp.where(parallel, ends, x1)
    x2 = jnp.where(parallel, jnp.clip((v - b * ends) / c, -1, 1), x2)
    centers1, centers2 = first.position + half1 * x1, second.position + half2 * x2
    apart = centers1 - centers2
    reach = first.position.length + second.position.length + first.size.y + second.size.y
    crossing = apart.length < ROUNDED * jnp.finfo(a.dtype).eps * reach
    outward = choose(crossing, -first.axis.cross(second.axis).normalized(X), apart.normalized(-X))
    touch = contact(centers1, first.size.x, apart.length - second.size.x, outward, -1.0)
    return touch.replace(present=jnp.stack([jnp.ones_like(parallel), parallel]))


def corners(first_distance: Distance, second_distance: Distance) -> Collide:
    """The points of the second against the first, and the other way round."""

    def collide(first: Solid, second: Solid, limit: jax.Array) -> Touch:
        return stacked(
            against(second.outer(second.points), 0.0, first, first_distance, 1.0).whole,
            against(first.outer(first.points), 0.0, second, second_distance, -1.0).whole,
        )

    return collide


def ellipsoid_on(distance: Distance) -> Collide:
    """The point of the ellipsoid that is deepest in the other solid.

    The distance from a convex solid is convex: Frank and Wolfe's method goes from the center towards the farthest point
    against the normal, each step by less. What is left is found by going from the one surface to the other.
    """

    def collide(ellipsoid: Solid, solid: Solid, limit: jax.Array) -> Touch:
        def towards(step: jax.Array, point: Vector) -> Vector:
            outward = solid.rotation.turn(distance(solid.inner(point), solid)[1])
            return point + (_support(ellipsoid, -outward) - point) * (2 / (step + 2))

        def across(_: jax.Array, point: Vector) -> Vector:
            return _onto(ellipsoid, _onto(solid, point, distance), shapes.ellipsoid)

        point = jax.lax.fori_loop(0, SUPPORTS, towards, ellipsoid.position.each(jnp.atleast_2d))
        point = jax.lax.fori_loop(0, POLISHED, across, point)
        fixed = jax.lax.stop_gradient(ellipsoid.inner(point))  # the deepest: as good as fixed to the ellipsoid
        return against(ellipsoid.outer(fixed), 0.0, solid, distance, -1.0)

    return collide


def _onto(solid: Solid, points: Vector, distance: Distance) -> Vector:
    """The points of a solid's surface that are nearest to `points` (M, K) of the world."""
    inner = solid.inner(points)
    beyond, outward = distance(inner, solid)
    return solid.outer(inner - outward * beyond)


def _support(ellipsoid: Solid, direction: Vector) -> Vector:
    """The points of an ellipsoid that are farthest along unit directions of the world (M, K)."""
    scaled = ellipsoid.size * ellipsoid.rotation.back(direction)
    return ellipsoid.outer(ellipsoid.size * scaled.normalized(X))


COLLIDE: dict[tuple[int, int], Collide] = {
    (PLANE, SPHERE): sphere_on_plane,
    (PLANE, CAPSULE): capsule_on_plane,
    (PLANE, ELLIPSOID): ellipsoid_on_plane,
    (PLANE, CYLINDER): cylinder_on_plane,
    (PLANE, BOX): box_on_plane,
    (PLANE, MESH): points_on_plane,
    **{(SPHERE, kind): sphere_on(shapes.DISTANCES[kind]) for kind in (SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX, MESH)},
    (CAPSULE, CAPSULE): capsules,
    **{(CAPSULE, kind): capsule_on(shapes.DISTANCES[kind]) for kind in (ELLIPSOID, CYLINDER, BOX, MESH)},
    **{(ELLIPSOID, kind): ellipsoid_on(shapes.DISTANCES[kind]) for kind in (ELLIPSOID, CYLINDER, BOX, MESH)},
    **{
        (first, second): corners(shapes.DISTANCES[first], shapes.DISTANCES[second])
        for first in (CYLINDER, BOX, MESH)
        for second in (CYLINDER, BOX, MESH)
        if first <= second
    },
}
"""By the types of both geoms, the lower first, as MuJoCo orders them."""
