"""Where in the data a constraint begins or ends to act.

Axes: N trajectories, T steps, S state.
"""

import jax
import numpy as np

from dynax.envs.env import Env
from dynax.math.chunks import map_in_chunks
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.collision.pairs import selection
from dynax.mechanics.constraints.active import active_constraints

AROUND = 2  # transitions before and after one


def impacts(env: Env, states: np.ndarray) -> np.ndarray:
    """The transitions (N, T) bool of `states` (N, T + 1, S) around the beginning and the end of a constraint."""
    n, count = states.shape[:2]
    found = active_constraints(env.mj_model, env.space, Contacts.between(env.mj_model, selection(env.mj_model)[0]))
    act = np.concatenate(map_in_chunks(jax.jit(jax.vmap(found)), states.reshape(n * count, -1)), axis=-1)
    act = act.reshape(n, count, -1)
    change = (act[:, 1:] != act[:, :-1]).any(axis=-1)
    padded = np.pad(change, ((0, 0), (AROUND, AROUND)))
    return np.any(np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1, axis=1), axis=-1)
