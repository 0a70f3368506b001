"""Contacts of planes with other shapes; the plane is the first solid of each pair."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from dynax.math.vec3 import X
from dynax.mechanics.collision import distances
from dynax.mechanics.collision.convex_contacts import support
from dynax.mechanics.collision.pair_contacts import PairContacts, concatenate, point_contacts
from dynax.mechanics.collision.shapes import Solid

MAX_BOX_CONTACTS = 4  # contacts of one box with a plane, as in MuJoCo


def points_on_plane(plane: Solid, solid: Solid, max_distance: jax.Array) -> PairContacts:
    """Return a contact for each point of a solid."""
    return point_contacts(solid.to_world(solid.points), 0.0, plane, distances.plane, 1.0)


def sphere_on_plane(plane: Solid, sphere: Solid, max_distance: jax.Array) -> PairContacts:
    """Return the contact of a sphere, or one contact for each end of a capsule."""
    return point_contacts(sphere.to_world(sphere.points), sphere.size.x, plane, distances.plane, 1.0)


def capsule_on_plane(plane: Solid, capsule: Solid, max_distance: jax.Array) -> PairContacts:
    """Return the contacts of both ends; the first tangent follows the axis of the capsule."""
    return replace(sphere_on_plane(plane, capsule, max_distance), tangent=capsule.axis)


def box_on_plane(plane: Solid, box: Solid, max_distance: jax.Array) -> PairContacts:
    """Return the contacts of all corners.

    As in MuJoCo, the corners below the center are present, up to the first `MAX_BOX_CONTACTS` within `max_distance`.
    """
    contacts = points_on_plane(plane, box, max_distance)
    below = box.rotation.rotate(box.points).dot(plane.axis) <= 0
    close = (below & (contacts.distance <= max_distance)).astype(jnp.int32)
    return replace(contacts, present=below & (jnp.cumsum(close, axis=0) - close < MAX_BOX_CONTACTS))


def ellipsoid_on_plane(plane: Solid, ellipsoid: Solid, max_distance: jax.Array) -> PairContacts:
    """Return the contact of the lowest point."""
    lowest = support(ellipsoid, -plane.axis).map(jnp.atleast_2d)
    return point_contacts(lowest, 0.0, plane, distances.plane, 1.0)


def cylinder_on_plane(plane: Solid, cylinder: Solid, max_distance: jax.Array) -> PairContacts:
    """Return four contacts: the lowest point of each rim, and two points of the lower rim, 120 degrees to each side.

    With the unit vector e along the axis towards the plane, its normal n and the radius r,

        down = r (e (n . e) - n) / |e (n . e) - n|        from the axis to the lowest point of a rim
        side = sqrt(3) / 2 r (down x e) / |down x e|
        third and fourth point = center of the lower cap - down / 2 +- side
    """
    radius, half = cylinder.size.x, cylinder.size.y
    axis = cylinder.axis * jnp.where(plane.axis.dot(cylinder.axis) > 0, -1.0, 1.0)
    down = (axis * plane.axis.dot(axis) - plane.axis).normalized(cylinder.rotation.x) * radius
    side = down.cross(axis).normalized(X) * (radius * np.sqrt(3) / 2)
    lower, upper = cylinder.position + axis * half, cylinder.position - axis * half
    points = concatenate(lower + down, upper + down, lower + side - down / 2, lower - side - down / 2)
    return point_contacts(points, 0.0, plane, distances.plane, 1.0)
