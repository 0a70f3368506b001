"""Static geometry: the geoms that are fixed to the world, and the geoms that can take part in a contact."""

import mujoco
import numpy as np
from jaxtyping import Bool, Float, Int

from dynax.mjcf.poses import default_pose


def static_planes(model: mujoco.MjModel) -> tuple[Float[np.ndarray, "P 3"], bool]:
    """Return the static planes of a model.

    A mocap body is no static plane, because an action moves the body.

    Returns:
        The normals of the planes that are fixed to the world and can take part in a contact.
        Whether all static geometry that can take part in a contact consists of planes. If not, P is 0.
    """
    pose, normals = default_pose(model), []
    for geom in np.flatnonzero(world_fixed_bodies(model)[model.geom_bodyid] & can_touch(model)):
        if model.geom_type[geom] != mujoco.mjtGeom.mjGEOM_PLANE or model.body_weldid[model.geom_bodyid[geom]] != 0:
            return np.zeros((0, 3)), False
        normals.append(pose.geom_xmat[geom].reshape(3, 3)[:, 2])
    return np.reshape(normals, (-1, 3)), True


def world_fixed_bodies(model: mujoco.MjModel) -> Bool[np.ndarray, " nbody"]:
    """Return a mask of the world body, the mocap bodies, and the bodies welded to these."""
    weld = model.body_weldid
    return (weld == 0) | (model.body_mocapid[weld] >= 0)


def can_touch(model: mujoco.MjModel) -> Bool[np.ndarray, " ngeom"]:
    """Return a mask of the geoms that can take part in a contact."""
    mask = (model.geom_contype != 0) | (model.geom_conaffinity != 0)
    mask[model.pair_geom1], mask[model.pair_geom2] = True, True
    if model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_CONTACT:
        mask[:] = False
    return mask


def moving_bodies_that_touch(model: mujoco.MjModel) -> Int[np.ndarray, " n"]:
    """Return the bodies that move relative to the world and have a geom that can take part in a contact."""
    bodies = np.unique(model.geom_bodyid[can_touch(model)])
    return bodies[model.body_weldid[bodies] != 0]
