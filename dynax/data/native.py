"""Simulation by C MuJoCo in float64, with one thread per core."""

import contextlib
from collections.abc import Callable, Iterator

import mujoco
import numpy as np
from jaxtyping import Float
from mujoco import rollout

from dynax.config.cores import usable_cores
from dynax.envs import Env
from dynax.mjcf.messages import warnings_to_log

Advance = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (states, controls) -> the states after every step

FULL = mujoco.mjtState.mjSTATE_FULLPHYSICS.value  # MuJoCo's layout [time, qpos, qvel, act, ...]
CONTROLS = (  # the parts of an action, in this order; a robot without mocap bodies has only the first part
    mujoco.mjtState.mjSTATE_CTRL | mujoco.mjtState.mjSTATE_MOCAP_POS | mujoco.mjtState.mjSTATE_MOCAP_QUAT
)
CHUNKS_PER_THREAD = 64  # small chunks, so that all threads finish a batch at nearly the same time
START_TIME = 1.0  # s, simulated time at the first state; MuJoCo resets an unstable trajectory to time 0


@contextlib.contextmanager
def control_steps(env: Env) -> Iterator[Advance]:
    """Yield a function that advances states (n, s) by the actions (n, t, u) of t control steps to (n, t, s)."""
    every = env.decimation
    with physics_steps(env) as advance:
        yield lambda states, actions: advance(states, np.repeat(actions, every, axis=1))[:, every - 1 :: every]


@contextlib.contextmanager
def physics_steps(env: Env) -> Iterator[Advance]:
    """Yield a function that advances states (n, s) by the actions (n, p, u) of p physics steps to (n, p, s).

    MuJoCo resets an unstable trajectory to its default pose. The states of such a trajectory are NaN from the reset on.
    """
    model = env.sim_model
    data = [mujoco.MjData(model) for _ in range(usable_cores())]
    default = np.empty(mujoco.mj_stateSize(model, FULL))
    mujoco.mj_getState(model, data[0], default, FULL)
    default[0] = START_TIME
    space = slice(1, 1 + env.state_dim)

    def advance(states: Float[np.ndarray, "n s"], controls: Float[np.ndarray, "n p u"]) -> Float[np.ndarray, "n p s"]:
        start = np.tile(default, (len(states), 1))
        start[:, space] = states
        path = np.empty((*controls.shape[:2], len(default)))
        size = max(1, len(states) // (CHUNKS_PER_THREAD * len(data)))
        with warnings_to_log():
            pool.rollout(model, data, start, controls, control_spec=CONTROLS, state=path, chunk_size=size)
        _mask_resets(path, model.opt.timestep)
        return path[..., space]

    with rollout.Rollout(nthread=len(data)) as pool:
        yield advance


def _mask_resets(path: Float[np.ndarray, "n p full"], timestep: float) -> None:
    """Set full states to NaN, in place, if their simulated time shows that MuJoCo has reset the trajectory."""
    expected = START_TIME + timestep * np.arange(1, path.shape[1] + 1)
    if np.any(np.abs(path[:, -1, 0] - expected[-1]) > timestep / 2):
        path[np.abs(path[..., 0] - expected) > timestep / 2] = np.nan
