"""Which constraints act in a state, and where in the data that changes.

Axes: N trajectories, T steps, S state, L stops, C slots of contacts.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from dynax.chunks import in_chunks
from dynax.constraints import JointRows
from dynax.envs.env import Env
from dynax.geometry.contacts import Contacts
from dynax.geometry.pairs import selection

AROUND = 2  # transitions before and after one


def acting(env: Env, contacts: Contacts | None) -> Callable[[jax.Array], tuple[jax.Array, jax.Array]]:
    """From a state (S,) to the stops (L,), as `JointRows` has them, and the contacts (C,) that act in it, bool."""
    rows = JointRows.of(env.mj_model)

    def found(state: jax.Array) -> tuple[jax.Array, jax.Array]:
        qpos = env.space.qpos(state)
        stops = rows.geometry(qpos)[0][rows.stop] < 0
        if contacts is None:
            return stops, jnp.zeros(0, bool)
        detected = contacts.detect(contacts.kinematics(qpos))
        return stops, detected.present & (detected.distance < contacts.parameters.margin)

    return found


def impacts(env: Env, states: np.ndarray) -> np.ndarray:
    """The transitions (N, T) bool of `states` (N, T + 1, S) around the beginning and the end of a constraint."""
    n, count = states.shape[:2]
    found = acting(env, Contacts.between(env.mj_model, selection(env.mj_model)[0]))
    act = np.concatenate(in_chunks(jax.jit(jax.vmap(found)), states.reshape(n * count, -1)), axis=-1)
    act = act.reshape(n, count, -1)
    change = (act[:, 1:] != act[:, :-1]).any(axis=-1)
    padded = np.pad(change, ((0, 0), (AROUND, AROUND)))
    return np.any(np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1, axis=1), axis=-1)
