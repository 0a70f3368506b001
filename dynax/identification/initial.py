"""Initial constants of a fit to simulation errors: those of the MJCF, and small ones that an MJCF does not contain."""

import numpy as np
from jaxtyping import Float

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.components.friction import STOPPED, STRIBECK
from dynax.data.trajectories import Trajectories
from dynax.identification.scale import default_mass_matrix

SMALL = 0.05  # initial friction and rotor inertia, as shares of the forces and of the mass matrix
MIN_SPEED = 1e-6  # smallest standard deviation of a velocity


def initial_constants(model: RigidDynamicsModel, data: Trajectories) -> dict[str, Float[np.ndarray, " n"]]:
    """Return the constants of the MJCF in the form of the model's parameters.

    Friction and damping that the MJCF does not have start at a small share of the forces. Armature starts at a small
    share of the mass matrix in the default pose.

    Args:
        model: the model.
        data: trajectories, for the size of forces and velocities.
    """
    mj_model, mjcf = model.env.mj_model, model.actuation
    inertia = np.diag(default_mass_matrix(mj_model))
    velocities = model.env.space.qvel(data.states).reshape(-1, model.env.space.nv)
    speed = np.maximum(velocities.std(axis=0), MIN_SPEED)
    forces = np.sqrt(np.mean(((data.actions[..., : mj_model.nu] * mjcf.gain) @ mjcf.moment.T) ** 2, axis=(0, 1)))
    small = SMALL * np.where(forces > 0, forces, inertia * speed)  # without actuator: a velocity changes within 1 s
    of_joints = {
        "armature": _or(mj_model.dof_armature, SMALL * inertia),
        "damping": _or(mjcf.damping, small / speed),
        "coulomb_friction": small,
        "static_friction": small,
        "constant_force": np.zeros_like(small),
        "stop_speed": STOPPED * speed,
        "stribeck_speed": STRIBECK * speed,
    }
    own = {name: x[model.joint_constants[name]] for name, x in of_joints.items() if name in model.joint_constants}
    values = model.mjcf_constants | own
    return {name: values[name] for name in model.labels}


def _or(value: np.ndarray, default: np.ndarray) -> np.ndarray:
    return np.where(value != 0, value, default)
