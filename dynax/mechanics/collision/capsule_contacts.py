"""Contacts of capsules with capsules and with other convex shapes."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import mujoco
from jaxtyping import Array, Bool, Float

from dynax.math.vec3 import Vec3, X, where
from dynax.mechanics.collision.pair_contacts import Collide, PairContacts, concatenate, point_contacts, sphere_contacts
from dynax.mechanics.collision.shapes import Distance, Solid

BISECTIONS = 14  # steps of the search for the deepest point of a capsule's axis
MIN_DEPTH_GAIN = 1e-4  # by which this point must be deeper than both ends, relative to the half length
MAX_ROUNDING = 16  # distance of two points that count as equal, in rounding errors of their coordinates


def capsule_on(distance: Distance) -> Collide:
    """Return a function for capsules and a convex shape: contacts of both ends, and of the deepest point between them.

    The third contact is present only if it is deeper than both ends. The distance from a convex shape is convex along
    the axis of the capsule. Its slope is the component of the normal along the axis, so that bisection by the sign of
    the slope finds the minimum.
    """

    def collide(capsule: Solid, solid: Solid, max_distance: jax.Array) -> PairContacts:
        radius, half = capsule.size.x, capsule.size.y
        half_axis = capsule.axis * half
        center, direction = solid.to_local(capsule.position), solid.rotation.rotate_back(half_axis)

        def bisect(step: jax.Array, t: jax.Array) -> jax.Array:
            rising = distance(center + direction * t, solid)[1].dot(direction) > 0
            return t + jnp.where(rising, -0.5, 0.5) * 0.5**step

        start = jnp.zeros((1, *half.shape), half.dtype)
        middle = jax.lax.stop_gradient(jax.lax.fori_loop(0, BISECTIONS, bisect, start))
        points = concatenate(*(capsule.position + half_axis * t for t in (1.0, -1.0, middle)))
        contacts = point_contacts(points, radius, solid, distance, -1.0)
        deeper = contacts.distance[2] < contacts.distance[:2].min(axis=0) - MIN_DEPTH_GAIN * half
        return replace(contacts, present=contacts.present.at[2].set(deeper))

    return collide


def capsules(first: Solid, second: Solid, max_distance: jax.Array) -> PairContacts:
    """Return the contacts of two capsules: one where their axes are nearest, or two if the axes are parallel.

    The axes are the segments p_i + x_i h_i with |x_i| <= 1 (`nearest_on_segments`). The contact is that of two spheres
    around the nearest points. If the axes intersect, as those of a planar robot may, the nearest points coincide and
    their difference has no direction; the normal is then h1 x h2.
    """
    half1, half2 = first.axis * first.size.y, second.axis * second.size.y
    x1, x2, parallel = nearest_on_segments(half1, half2, first.position - second.position)
    centers1, centers2 = first.position + half1 * x1, second.position + half2 * x2
    difference = centers1 - centers2
    size = first.position.norm + second.position.norm + first.size.y + second.size.y
    intersect = difference.norm < MAX_ROUNDING * jnp.finfo(x1.dtype).eps * size
    outward = where(intersect, -first.axis.cross(second.axis).normalized(X), difference.normalized(-X))
    contacts = sphere_contacts(centers1, first.size.x, difference.norm - second.size.x, outward, -1.0)
    return replace(contacts, present=jnp.stack([jnp.ones_like(parallel), parallel]))


def nearest_on_segments(
    half1: Vec3, half2: Vec3, between: Vec3
) -> tuple[Float[Array, "2 K"], Float[Array, "2 K"], Bool[Array, " K"]]:
    """Return the parameters x1 and x2 in [-1, 1] of the nearest points of two segments.

    With d = p1 - p2, the squared distance |d + x1 h1 - x2 h2|^2 is minimal where

        a x1 + b x2 = u      a = h1 . h1    b = -h1 . h2    u = -h1 . d
        b x1 + c x2 = v      c = h2 . h2                    v = h2 . d

    1. Solve for x1 = (c u - b v) / (a c - b^2) and clip it to [-1, 1].
    2. If x1 was clipped, solve the second equation for x2 = (v - b x1) / c; otherwise x2 = (a v - b u) / (a c - b^2).
       Clip x2.
    3. If x2 was clipped, solve the first equation for x1 = (u - b x2) / a and clip it.

    If the segments are parallel, a c - b^2 = 0. There are then two solutions, the ends of the overlap: x1 nearest to
    x2 = -1 and to x2 = 1, and x2 nearest to each of these. Without an overlap both are the same pair of points.

    Args:
        half1: h1, vectors (K,) from the center p1 of a segment to its end.
        half2: h2, the same for the other segment.
        between: d, vectors (K,) from p2 to p1.

    Returns:
        x1 and x2 for both solutions, the same twice unless the segments are parallel; and whether they are parallel.
    """
    a, b, c = half1.dot(half1), -half1.dot(half2), half2.dot(half2)
    u, v = -half1.dot(between), half2.dot(between)
    determinant = a * c - b * b
    parallel = jnp.abs(determinant) < jnp.maximum(8 * jnp.finfo(a.dtype).eps * a * c, mujoco.mjMINVAL)
    divisor = jnp.where(parallel, 1.0, determinant)

    line1 = (c * u - b * v) / divisor
    x1 = jnp.clip(line1, -1, 1)
    line2 = jnp.where(x1 == line1, (a * v - b * u) / divisor, (v - b * x1) / c)
    x2 = jnp.clip(line2, -1, 1)
    x1 = jnp.where(x2 == line2, x1, jnp.clip((u - b * x2) / a, -1, 1))

    ends = jnp.stack([jnp.clip((u + b) / a, -1, 1), jnp.clip((u - b) / a, -1, 1)])  # x1 nearest to x2 = -1 and 1
    return jnp.where(parallel, ends, x1), jnp.where(parallel, jnp.clip((v - b * ends) / c, -1, 1), x2), parallel
