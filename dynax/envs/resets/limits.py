"""Projection of states onto the joint limits."""

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.envs.state_space import StateSpace
from dynax.math import rotations
from dynax.mjcf.joints import BALL


def clip_to_limits(
    model: mujoco.MjModel, space: StateSpace, states: Float[np.ndarray, "n s"]
) -> Float[np.ndarray, "n s"]:
    """Return `states` with all limited hinges, slides and ball joints within their range."""
    states = states.copy()
    for q, v, is_orientation in space.blocks:
        if not is_orientation:
            inside = np.clip(states[:, q], space.lower[v], space.upper[v])
            states[:, q] = np.where(space.limited[v], inside, states[:, q])
    for joint in np.flatnonzero((model.jnt_type == BALL) & (model.jnt_limited != 0)):
        q = slice(model.jnt_qposadr[joint], model.jnt_qposadr[joint] + 4)
        vector = rotations.log(states[:, q])
        angle = np.linalg.norm(vector, axis=1, keepdims=True)
        scale = np.minimum(1, model.jnt_range[joint].max() / np.maximum(angle, 1e-9))
        states[:, q] = rotations.exp(vector * scale)
    return states
