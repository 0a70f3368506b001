"""Transitions at which a constraint becomes active or inactive."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import jax
import mujoco
import numpy as np
from jaxtyping import Bool, Float

from dynax.config.cores import usable_cores
from dynax.envs.env import Env
from dynax.math.chunks import map_in_chunks
from dynax.mechanics.constraints.active import active_constraints
from dynax.mjcf.messages import warnings_to_log

NEIGHBORS = 2  # transitions before and after an impact that belong to it


def impacts(env: Env, states: Float[np.ndarray, "N T1 S"]) -> Bool[np.ndarray, "N T1-1"]:
    """Return the transitions within `NEIGHBORS` steps of the activation or deactivation of a constraint."""
    n, count = states.shape[:2]
    program = jax.jit(jax.vmap(active_constraints(env.mj_model, env.space, None)))
    limits = map_in_chunks(program, states.reshape(n * count, -1))[0].reshape(n, count, -1)
    change = (limits[:, 1:] != limits[:, :-1]).any(axis=-1) | contact_changes(env.mj_model, env.space.qpos(states))
    padded = np.pad(change, ((0, 0), (NEIGHBORS, NEIGHBORS)))
    return np.any(np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBORS + 1, axis=1), axis=-1)


def contact_changes(model: mujoco.MjModel, qpos: Float[np.ndarray, "N T1 nq"]) -> Bool[np.ndarray, "N T1-1"]:
    """Return the transitions at which the active contacts change.

    C MuJoCo detects the contacts, of all kinds of geoms. It needs no compilation, which would take longer.
    """
    with warnings_to_log(), ThreadPoolExecutor(usable_cores()) as threads:
        return np.stack(list(threads.map(partial(_contact_changes, model), qpos)))


def _contact_changes(model: mujoco.MjModel, qpos: Float[np.ndarray, "T1 nq"]) -> Bool[np.ndarray, " T1-1"]:
    data, active = mujoco.MjData(model), []
    for position in qpos:
        data.qpos[:] = position
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        active.append(data.contact.geom[data.contact.exclude == 0].tobytes())  # MuJoCo sorts contacts by geoms
    return np.array([before != after for before, after in pairwise(active)], bool)
