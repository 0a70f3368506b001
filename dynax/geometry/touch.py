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

Axes: M contacts of a pair.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from dynax.geometry import shapes
from dynax.geometry.shapes import BOX, CAPSULE, CYLINDER, ELLIPSOID, MESH, PLANE, SPHERE, Distance, Solid
from dynax.geometry.vectors import TINY, cross, dot, length, normalised, turned, unturned

BOX_ON_PLANE = 4  # contacts that MuJoCo makes at most
HALVINGS = 14  # of a capsule, in search of its deepest point
RESOLVED = 1e-4  # of a capsule's half length, by which its middle must be deeper than its ends
POLISHED = 4  # steps between both surfaces after these
SUPPORTS = 12  # steps towards an ellipsoid's deepest point


class Touch(struct.PyTreeNode):
    """The contacts of one solid with another, in the frame of the world."""

    distance: jax.Array  # (M,) between the surfaces, negative where they overlap, m
    normal: jax.Array  # (M, 3) from the first to the second
    position: jax.Array  # (M, 3) midway between the surfaces, m
    tangent: jax.Array  # (M, 3) what the second row of the frame is made from; zero where nothing is preferred
    present: jax.Array  # (M,) bool


Collide = Callable[[Solid, Solid, jax.Array], Touch]
"""Of two solids, and the distance () in m below which MuJoCo makes a contact."""


def contact(points: jax.Array, radius: Any, beyond: jax.Array, outward: jax.Array, sign: float) -> Touch:
    """Points (M, 3) with a radius at `beyond` (M,) from a surface of normal `outward` (M, 3).

    `sign` is 1 where the surface is the first solid's, otherwise -1.
    """
    distance = beyond - radius
    return Touch(
        distance=distance,
        normal=sign * outward,
        position=points - outward * (radius + distance / 2)[:, None],
        tangent=jnp.zeros_like(points),
        present=jnp.ones_like(distance, bool),
    )


def against(points: jax.Array, radius: Any, solid: Solid, distance: Distance, sign: float) -> Touch:
    """Points (M, 3) of the world, with a radius, against a solid."""
    beyond, outward = distance(solid.inner(points), solid)
    return contact(points, radius, beyond, turned(solid.rotation, outward), sign)


def joined(*touches: Touch) -> Touch:
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *touches)


def points_on_plane(plane: Solid, solid: Solid, limit: jax.Array) -> Touch:
    """The points of a mesh."""
    return against(solid.outer(solid.points), 0.0, plane, shapes.plane, 1.0)


def sphere_on_plane(plane: Solid, sphere: Solid, limit: jax.Array) -> Touch:
    return against(sphere.outer(sphere.points), sphere.size[0], plane, shapes.plane, 1.0)


def capsule_on_plane(plane: Solid, capsule: Solid, limit: jax.Array) -> Touch:
    """Its ends; the frame follows its axis."""
    touch = sphere_on_plane(plane, capsule, limit)
    return touch.replace(tangent=jnp.broadcast_to(capsule.axis, touch.tangent.shape))


def box_on_plane(plane: Solid, box: Solid, limit: jax.Array) -> Touch:
    """The corners below its centre, and of these the first four that are near enough."""
    touch = points_on_plane(plane, box, limit)
    below = dot(turned(box.rotation, box.points), plane.axis) <= 0
    near = (below & (touch.distance <= limit)).astype(jnp.int32)
    return touch.replace(present=below & (jnp.cumsum(near) - near < BOX_ON_PLANE))


def ellipsoid_on_plane(plane: Solid, ellipsoid: Solid, limit: jax.Array) -> Touch:
    return against(_support(ellipsoid, -plane.axis[None]), 0.0, plane, shapes.plane, 1.0)


def cylinder_on_plane(plane: Solid, cylinder: Solid, limit: jax.Array) -> Touch:
    """The lowest point of each rim, and two more of the lower rim, a third of a turn to both sides."""
    radius, half = cylinder.size[0], cylinder.size[1]
    towards = jnp.where(dot(plane.axis, cylinder.axis) > 0, -1.0, 1.0) * cylinder.axis
    down = normalised(towards * dot(plane.axis, towards) - plane.axis, cylinder.rotation[:, 0]) * radius
    sideways = normalised(cross(down, towards), shapes.X) * radius * np.sqrt(3) / 2
    from_centre = jnp.stack([
        down + towards * half, down - towards * half,
        sideways + towards * half - down / 2, -sideways + towards * half - down / 2,
    ])  # fmt: skip
    return against(cylinder.position + from_centre, 0.0, plane, shapes.plane, 1.0)


def sphere_on(distance: Distance) -> Collide:
    def collide(sphere: Solid, solid: Solid, limit: jax.Array) -> Touch:
        return against(sphere.outer(sphere.points), sphere.size[0], solid, distance, -1.0)

    return collide


def capsule_on(distance: Distance) -> Collide:
    """Both ends, and the deepest point between them, where it is deeper.

    The distance from a convex solid is convex along a line: its slope, the normal's part along the axis, tells on which
    side the least of it is.
    """

    def collide(capsule: Solid, solid: Solid, limit: jax.Array) -> Touch:
        radius, half = capsule.size[0], capsule.size[1]
        ends = capsule.axis * half * jnp.array([[1], [-1]])
        centre, along = solid.inner(capsule.position), unturned(solid.rotation, capsule.axis * half)

        def halved(step: jax.Array, t: jax.Array) -> jax.Array:
            rising = dot(distance(centre + t * along, solid)[1], along) > 0
            return t + jnp.where(rising, -0.5, 0.5) * 0.5**step

        middle = jax.lax.stop_gradient(jax.lax.fori_loop(0, HALVINGS, halved, jnp.zeros_like(half)))
        points = capsule.position + jnp.concatenate([ends, middle * half * capsule.axis[None]])
        touch = against(points, radius, solid, distance, -1.0)
        deeper = touch.distance[2] < touch.distance[:2].min() - RESOLVED * half
        return touch.replace(present=jnp.stack([True, True, deeper]))

    return collide


def capsules(first: Solid, second: Solid, limit: jax.Array) -> Touch:
    """One contact where the axes are nearest; of parallel ones two, the ends of what they have beside each other,
    which are the same where that is nothing.

    The axes are p + x h, |x| <= 1; of the nearest points x minimises a quadratic, clipped to the segments.
    """
    half1, half2 = first.axis * first.size[1], second.axis * second.size[1]
    between = first.position - second.position
    a, b, c = dot(half1, half1), -dot(half1, half2), dot(half2, half2)
    u, v = -dot(half1, between), dot(half2, between)
    determinant = a * c - b * b
    parallel = jnp.abs(determinant) < jnp.maximum(8 * jnp.finfo(a.dtype).eps * a * c, TINY)
    safe = jnp.where(parallel, 1.0, determinant)

    free1 = (c * u - b * v) / safe
    x1 = jnp.clip(free1, -1, 1)
    free2 = jnp.where(x1 == free1, (a * v - b * u) / safe, (v - b * x1) / c)
    x2 = jnp.clip(free2, -1, 1)
    x1 = jnp.where(x2 == free2, x1, jnp.clip((u - b * x2) / a, -1, 1))

    ends = jnp.clip((u - b * jnp.array([-1, 1])) / a, -1, 1)  # of the second, seen from the first
    x1 = jnp.where(parallel, ends, x1)
    x2 = jnp.where(parallel, jnp.clip((v - b * ends) / c, -1, 1), x2)
    centres1, centres2 = first.position + x1[:, None] * half1, second.position + x2[:, None] * half2
    apart = length(centres2 - centres1)
    touch = contact(centres1, first.size[0], apart - second.size[0], normalised(centres1 - centres2, -shapes.X), -1.0)
    return touch.replace(present=jnp.stack([jnp.ones_like(parallel), parallel]))


def corners(first_distance: Distance, second_distance: Distance) -> Collide:
    """The points of the second against the first, and the other way round."""

    def collide(first: Solid, second: Solid, limit: jax.Array) -> Touch:
        return joined(
            against(second.outer(second.points), 0.0, first, first_distance, 1.0),
            against(first.outer(first.points), 0.0, second, second_distance, -1.0),
        )

    return collide


def ellipsoid_on(distance: Distance) -> Collide:
    """The point of the ellipsoid that is deepest in the other solid.

    The distance from a convex solid is convex: Frank and Wolfe's method goes from the centre towards the farthest point
    against the normal, each step by less. What is left is found by going from the one surface to the other.
    """

    def collide(ellipsoid: Solid, solid: Solid, limit: jax.Array) -> Touch:
        def towards(step: jax.Array, point: jax.Array) -> jax.Array:
            outward = turned(solid.rotation, distance(solid.inner(point), solid)[1])
            return point + 2 / (step + 2) * (_support(ellipsoid, -outward) - point)

        def across(_: jax.Array, point: jax.Array) -> jax.Array:
            return _onto(ellipsoid, _onto(solid, point, distance), shapes.ellipsoid)

        point = jax.lax.fori_loop(0, SUPPORTS, towards, ellipsoid.position[None])
        point = jax.lax.fori_loop(0, POLISHED, across, point)
        fixed = jax.lax.stop_gradient(ellipsoid.inner(point))  # the deepest: as good as fixed to the ellipsoid
        return against(ellipsoid.outer(fixed), 0.0, solid, distance, -1.0)

    return collide


def _onto(solid: Solid, points: jax.Array, distance: Distance) -> jax.Array:
    """The points of a solid's surface that are nearest to `points` (M, 3) of the world."""
    inner = solid.inner(points)
    beyond, outward = distance(inner, solid)
    return solid.outer(inner - beyond[:, None] * outward)


def _support(ellipsoid: Solid, direction: jax.Array) -> jax.Array:
    """The points of an ellipsoid that are farthest along unit directions of the world (M, 3)."""
    scaled = ellipsoid.size * unturned(ellipsoid.rotation, direction)
    return ellipsoid.outer(ellipsoid.size * normalised(scaled, shapes.X))


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
