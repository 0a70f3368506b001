"""Contacts of K pairs of solids, and contacts of points with a solid."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from dynax.math.arrays import Leaf
from dynax.math.vec3 import Vec3
from dynax.mechanics.collision.shapes import Distance, Solid


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class PairContacts:
    """M contacts of each of K pairs of solids, in the world frame; arrays (M, K), or smaller ones that broadcast."""

    distance: Leaf  # between the surfaces, negative if they overlap, m
    normal: Vec3  # from the first to the second solid
    position: Vec3  # midway between the surfaces, m
    tangent: Vec3  # preferred first tangent of the contact frame; zero if there is none
    present: Leaf  # bool: MuJoCo would create this contact if the solids were close enough

    def broadcast(self) -> "PairContacts":
        """Return the same contacts with all arrays (M, K)."""
        return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, self.distance.shape), self)


Collide = Callable[[Solid, Solid, jax.Array], PairContacts]
"""Return the contacts of pairs of solids, given the distances (K,) in m below which MuJoCo creates a contact."""


def sphere_contacts(centers: Vec3, radius: Any, distance: jax.Array, outward: Vec3, sign: float) -> PairContacts:
    """Return the contacts of spheres with surfaces.

    Args:
        centers: centers of the spheres (M, K), m.
        radius: radii, m; zero for points.
        distance: distances (M, K) of the centers from the surfaces, m.
        outward: outward normals (M, K) of the surfaces.
        sign: 1 if the surfaces belong to the first solids, -1 if they belong to the second.
    """
    gap = distance - radius
    return PairContacts(
        distance=gap,
        normal=outward * sign,
        position=centers - outward * (radius + gap / 2),
        tangent=Vec3(0.0, 0.0, 0.0),
        present=jnp.ones_like(gap, bool),
    )


def point_contacts(points: Vec3, radius: Any, solid: Solid, distance: Distance, sign: float) -> PairContacts:
    """Return the contacts of points or spheres (M, K) in the world with solids; see `sphere_contacts`."""
    beyond, outward = distance(solid.to_local(points), solid)
    return sphere_contacts(points, radius, beyond, solid.rotation.rotate(outward), sign)


def concatenate(*parts: Any) -> Any:
    """Concatenate pytrees of arrays (K,) or (M, K) along their first axis."""
    return jax.tree.map(lambda *leaves: jnp.concatenate([jnp.atleast_2d(leaf) for leaf in leaves]), *parts)
