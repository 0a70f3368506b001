"""True inertial parameters and constants of a model, for comparison with identified ones."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from dynax.architectures import RigidDynamicsModel


def inertias(model: mujoco.MjModel) -> np.ndarray:
    """Return mass, first moment and inertia about the origin of each body's frame, (nbody, 10); see `rigid_body`."""
    result = np.zeros((model.nbody, 10))
    for body in range(model.nbody):
        mass, center, axes = model.body_mass[body], model.body_ipos[body], np.zeros(9)
        mujoco.mju_quat2Mat(axes, model.body_iquat[body])
        axes = axes.reshape(3, 3)
        inertia = axes @ np.diag(model.body_inertia[body]) @ axes.T
        inertia += mass * (center @ center * np.eye(3) - np.outer(center, center))
        result[body] = [mass, *(mass * center), *inertia[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]]
    return result


def constants(model: RigidDynamicsModel) -> dict[str, jax.Array]:
    """Return the true constants of a model; see `RigidDynamicsModel.labels`."""
    mjcf, dofs = model.actuation, model.joint_constants
    of_joints = {"armature": model.env.mj_model.dof_armature, "damping": mjcf.damping, "stiffness": mjcf.stiffness}
    values = {
        "bodies": inertias(model.env.mj_model)[model.moving].ravel(),
        "gain": mjcf.gain,
        "position_gain": -mjcf.bias[:, 1],
        "rate_gain": -mjcf.bias[:, 2],
        **{name: value[dofs[name]] for name, value in of_joints.items() if name in dofs},
    }
    return {name: jnp.asarray(values[name]) for name in model.labels}
