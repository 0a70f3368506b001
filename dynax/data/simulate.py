"""Simulation of many trajectories at once, by C MuJoCo in float64 or by MJX in float32."""

import contextlib
from collections.abc import Callable, Iterator

import mujoco
import numpy as np
from jaxtyping import Bool, Float

from dynax.data import mjx, native
from dynax.envs import Env
from dynax.math.numeric_input import MAX_VALUE

Simulator = Callable[[np.ndarray, np.ndarray], np.ndarray]  # states (n, s), actions (n, t, u) -> (n, t + 1, s)

BUFFER_BYTES = {"native": 2**24, "mjx": 2**28}  # of the states that are simulated at once
DTYPE = {"native": np.dtype(np.float64), "mjx": np.dtype(np.float32)}


def simulate(
    env: Env,
    states: Float[np.ndarray, "n s"],
    actions: Float[np.ndarray, "n t u"],
    backend: str,
    *,
    batch: int | None = None,
) -> Float[np.ndarray, "n t+1 s"]:
    """Simulate trajectories from initial states under given actions.

    Args:
        env: the robot.
        states: initial states.
        actions: actions; each one is constant during its control step.
        backend: `native` or `mjx`.
        batch: how many trajectories run at once; by default as many as fit into `BUFFER_BYTES`. MJX compiles one
            program for this number.

    Returns:
        The states, the initial state first; float64 (`native`) or float32 (`mjx`). If a trajectory diverges, its
        following states are NaN or very large (see `diverged`).
    """
    batch = batch or max(1, min(len(actions), batch_size(env, actions.shape[1], backend)))
    with simulator(env, backend, batch) as run:
        return run(states, actions)


@contextlib.contextmanager
def simulator(env: Env, backend: str, batch: int) -> Iterator[Simulator]:
    """Yield the function that `simulate` calls, for callers that simulate several times.

    Only one thread at a time may call it.
    """

    def run(states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        n, steps = actions.shape[:2]
        result = np.empty((n, steps + 1, env.state_dim), DTYPE[backend])
        result[:, 0] = states
        for start in range(0, n, batch):
            rows = slice(start, min(start + batch, n))
            result[rows, 1:] = advance(states[rows], actions[rows])
        return result

    with native.control_steps(env) if backend == "native" else mjx.control_steps(env, batch) as advance:
        yield run


def simulate_rounded(
    env: Env, states: Float[np.ndarray, "n s"], actions: Float[np.ndarray, "n t u"]
) -> Float[np.ndarray, "n t+1 s"]:
    """Simulate by C MuJoCo, and round the state to float32 after every physics step.

    No model with a float32 state can be expected to follow the exact trajectory for longer than this simulation does.

    Returns:
        The states in float64, the rounded initial state first.
    """
    n, steps = actions.shape[:2]
    result = np.empty((n, steps + 1, env.state_dim))
    result[:, 0] = states.astype(np.float32)
    with native.physics_steps(env) as advance:
        for t in range(steps):
            state = result[:, t]
            for _ in range(env.decimation):
                state = advance(state, actions[:, t : t + 1])[:, 0].astype(np.float32)
            result[:, t + 1] = state
    return result


def diverged(states: Float[np.ndarray, "n steps s"]) -> Bool[np.ndarray, " n"]:
    """Return which trajectories have diverged: a value is NaN or exceeds `MAX_VALUE`."""
    lowest, highest = states.min(axis=(1, 2)), states.max(axis=(1, 2))
    return ~((lowest > -MAX_VALUE) & (highest < MAX_VALUE))  # comparisons with NaN are false


def batch_size(env: Env, steps: int, backend: str) -> int:
    """Return how many trajectories of `steps` control steps fit into a backend's buffer.

    C MuJoCo stores the state of every physics step, MJX only the state of every control step.
    """
    width = mujoco.mj_stateSize(env.mj_model, native.FULL) + env.mj_model.nsensordata
    stored_steps = steps * (env.decimation if backend == "native" else 1)
    return max(1, BUFFER_BYTES[backend] // (stored_steps * width * DTYPE[backend].itemsize))
