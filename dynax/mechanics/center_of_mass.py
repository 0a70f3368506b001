"""The velocity of the center of mass of a part of a robot."""

import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float

from dynax.math.arrays import AnyArray
from dynax.math.vectors import rotate
from dynax.mechanics.kinematics import Kinematics
from dynax.mjcf.poses import subtree


def center_velocity(
    model: mujoco.MjModel, qpos: Float[AnyArray, " nq"], qvel: Float[AnyArray, " nv"], body: int
) -> Float[Array, " 3"]:
    """Return the velocity of the center of mass of a body and its descendants, m/s.

    This is MuJoCo's sensor `subtreelinvel`.

    Args:
        model: the MuJoCo model.
        qpos: positions, rad or m.
        qvel: velocities, rad/s or m/s.
        body: the first body of the subtree.
    """
    kinematics, bodies = Kinematics.of(model), np.array(subtree(model, body))
    poses = kinematics(qpos)
    centers = poses.position[bodies] + rotate(poses.rotation[bodies], jnp.asarray(model.body_ipos[bodies], qpos.dtype))
    mass = model.body_mass[bodies]
    linear, _ = kinematics.velocity(poses, qvel, bodies, centers)
    return jnp.asarray(mass / mass.sum(), qpos.dtype) @ linear
