"""Simple predictions that any model should improve on."""

import numpy as np
from jaxtyping import Float

from dynax.envs.state_space import StateSpace


def hold_last(truth: Float[np.ndarray, "N steps S"]) -> Float[np.ndarray, "N steps S"]:
    """Predict that the initial state does not change."""
    return np.repeat(truth[:, :1], truth.shape[1], axis=1)


def constant_velocity(space: StateSpace, truth: Float[np.ndarray, "N steps S"]) -> Float[np.ndarray, "N steps S"]:
    """Predict that every degree of freedom keeps its initial velocity."""
    start = hold_last(truth)
    time = space.dt * np.arange(truth.shape[1])[:, None]
    dq = time * space.qvel(start)
    return space.add(start, np.concatenate([dq, np.zeros((*dq.shape[:-1], space.nv + space.na))], axis=-1))
