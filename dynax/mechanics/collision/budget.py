"""The number of contact slots of pairs of geoms, and the pairs that a network has as features."""

import mujoco
import numpy as np
from jaxtyping import Bool, Float, Int

from dynax.mechanics.collision.mesh import MAX_VERTICES
from dynax.mechanics.collision.shapes import BOX, CAPSULE, CYLINDER, ELLIPSOID, MESH, PLANE, RIM_POINTS, SPHERE
from dynax.mjcf.poses import default_pose

MAX_SLOTS = 300  # contact slots of a network; each has up to nine features, which are stored for every transition
POINTS = {PLANE: 0, SPHERE: 1, CAPSULE: 2, ELLIPSOID: 1, CYLINDER: 2 * RIM_POINTS, BOX: 8, MESH: MAX_VERTICES}
POINTS_ON_PLANE = {**POINTS, CYLINDER: 4}


def within_budget(
    model: mujoco.MjModel, pairs: Int[np.ndarray, "K 3"], static: Bool[np.ndarray, " K"]
) -> Bool[np.ndarray, " K"]:
    """Return a mask of the pairs with at most `MAX_SLOTS` slots together.

    Args:
        model: the robot.
        pairs: pairs of geoms.
        static: mask of the pairs that are chosen first. Among equals, the closest pairs in the default pose come first.
    """
    order = np.lexsort((_gaps(model, pairs), ~static))
    mask = np.zeros(len(pairs), bool)
    mask[order] = np.cumsum(slot_counts(model, pairs)[order]) <= MAX_SLOTS
    return mask


def slot_counts(model: mujoco.MjModel, pairs: Int[np.ndarray, "K 3"]) -> Int[np.ndarray, " K"]:
    """Return the number of contact slots of each pair. A mesh with few vertices has fewer slots than this number."""
    kinds = model.geom_type[pairs[:, :2]].tolist()
    return np.array([_slot_count(first, second) for first, second in kinds], int)


def _slot_count(first: int, second: int) -> int:
    """Return the number of slots of two shapes; `narrowphase` documents the contacts."""
    if first == PLANE:
        return POINTS_ON_PLANE[second]
    if first in (SPHERE, ELLIPSOID):
        return 1
    if first == CAPSULE:
        return 2 if second == CAPSULE else 1 if second == SPHERE else 3
    return POINTS[first] + POINTS[second]


def _gaps(model: mujoco.MjModel, pairs: Int[np.ndarray, "K 3"]) -> Float[np.ndarray, " K"]:
    """Return the distances between the bounding spheres of geoms in the default pose, m. A plane bounds itself."""
    pose, (first, second) = default_pose(model), pairs[:, :2].T
    between = pose.geom_xpos[second] - pose.geom_xpos[first]
    height = (between * pose.geom_xmat[first][:, 2::3]).sum(axis=1)
    distance = np.where(model.geom_type[first] == PLANE, height, np.linalg.norm(between, axis=1))
    return distance - model.geom_rbound[first] - model.geom_rbound[second]
