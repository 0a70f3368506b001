"""Contacts of spheres, ellipsoids, cylinders, boxes and meshes with convex shapes."""

import jax
import jax.numpy as jnp

from dynax.math.vec3 import Vec3, X
from dynax.mechanics.collision import distances
from dynax.mechanics.collision.pair_contacts import Collide, PairContacts, concatenate, point_contacts
from dynax.mechanics.collision.shapes import Distance, Solid

FRANK_WOLFE_STEPS = 12  # steps towards the deepest point of an ellipsoid
PROJECTION_STEPS = 4  # alternating projections between both surfaces after these


def sphere_on(distance: Distance) -> Collide:
    """Return a function for spheres and a shape: one contact."""

    def collide(sphere: Solid, solid: Solid, max_distance: jax.Array) -> PairContacts:
        return point_contacts(sphere.to_world(sphere.points), sphere.size.x, solid, distance, -1.0)

    return collide


def corners(first_distance: Distance, second_distance: Distance) -> Collide:
    """Return a function for two shapes: contacts of the points of each shape with the other."""

    def collide(first: Solid, second: Solid, max_distance: jax.Array) -> PairContacts:
        return concatenate(
            point_contacts(second.to_world(second.points), 0.0, first, first_distance, 1.0).broadcast(),
            point_contacts(first.to_world(first.points), 0.0, second, second_distance, -1.0).broadcast(),
        )

    return collide


def ellipsoid_on(distance: Distance) -> Collide:
    """Return a function for ellipsoids and a convex shape: the contact of the ellipsoid's deepest point.

    The distance from the convex shape is convex. The Frank-Wolfe method minimizes it over the ellipsoid: step k moves
    2 / (k + 2) of the way towards the support point against the normal. Alternating projections between both surfaces
    then refine the point.
    """

    def collide(ellipsoid: Solid, solid: Solid, max_distance: jax.Array) -> PairContacts:
        def frank_wolfe(step: jax.Array, point: Vec3) -> Vec3:
            outward = solid.rotation.rotate(distance(solid.to_local(point), solid)[1])
            return point + (support(ellipsoid, -outward) - point) * (2 / (step + 2))

        def project_twice(_: jax.Array, point: Vec3) -> Vec3:
            return _project(ellipsoid, _project(solid, point, distance), distances.ellipsoid)

        point = jax.lax.fori_loop(0, FRANK_WOLFE_STEPS, frank_wolfe, ellipsoid.position.map(jnp.atleast_2d))
        point = jax.lax.fori_loop(0, PROJECTION_STEPS, project_twice, point)
        # Treat the point as fixed to the ellipsoid. At the minimum, its motion does not change the distance.
        fixed = jax.lax.stop_gradient(ellipsoid.to_local(point))
        return point_contacts(ellipsoid.to_world(fixed), 0.0, solid, distance, -1.0)

    return collide


def support(ellipsoid: Solid, direction: Vec3) -> Vec3:
    """Return the farthest points of ellipsoids along unit directions (M, K) in the world.

    With the half axes s and the direction n in the shape frame, the point is s (s n) / |s n|.
    """
    scaled = ellipsoid.size * ellipsoid.rotation.rotate_back(direction)
    return ellipsoid.to_world(ellipsoid.size * scaled.normalized(X))


def _project(solid: Solid, points: Vec3, distance: Distance) -> Vec3:
    """Return the surface points of solids that are nearest to points (M, K) in the world."""
    local = solid.to_local(points)
    beyond, outward = distance(local, solid)
    return solid.to_world(local - outward * beyond)
