"""Transitions at which a constraint becomes active or inactive."""

import jax
import numpy as np
from jaxtyping import Bool, Float

from dynax.envs.env import Env
from dynax.math.chunks import MAX_ROWS, map_in_chunks
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.collision.pairs import selection
from dynax.mechanics.constraints.active import active_constraints

NEIGHBORS = 2  # transitions before and after an impact that belong to it


def impacts(env: Env, states: Float[np.ndarray, "N T1 S"]) -> Bool[np.ndarray, "N T1-1"]:
    """Return the transitions within `NEIGHBORS` steps of the activation or deactivation of a constraint."""
    n, count = states.shape[:2]
    contacts = Contacts.between(env.mj_model, selection(env.mj_model)[0])
    program = jax.jit(jax.vmap(active_constraints(env.mj_model, env.space, contacts)))
    rows = contacts.rows_at_once if contacts else MAX_ROWS
    active = np.concatenate(map_in_chunks(program, states.reshape(n * count, -1), rows), axis=-1).reshape(n, count, -1)
    change = (active[:, 1:] != active[:, :-1]).any(axis=-1)
    padded = np.pad(change, ((0, 0), (NEIGHBORS, NEIGHBORS)))
    return np.any(np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBORS + 1, axis=1), axis=-1)
