"""Simulation of many trajectories at once: C MuJoCo on every core in float64, or MJX in one program in float32.

Axes: n trajectories, t control steps, s state coordinates [qpos, qvel, act], u entries of an action.
"""

import contextlib
import functools
import importlib.metadata
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import mujoco
import numpy as np
from mujoco import rollout

from dynax.envs import Env
from dynax.errors import UserError
from dynax.mjcf.messages import warnings_to_log

if TYPE_CHECKING:
    import jax

log = logging.getLogger(__name__)

Simulator = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of states (n, s) and actions (n, t, u)

BUFFER = {"native": 2**24, "mjx": 2**28}  # bytes of states simulated at once
DTYPE = {"native": np.dtype(np.float64), "mjx": np.dtype(np.float32)}
HUGE = 1e10  # MuJoCo's own mjMAXVAL: beyond it a simulation counts as unstable
CONTROLS = (  # of which an action is made, in this order; a robot without mocap bodies has the first alone
    mujoco.mjtState.mjSTATE_CTRL | mujoco.mjtState.mjSTATE_MOCAP_POS | mujoco.mjtState.mjSTATE_MOCAP_QUAT
)
PIECES = 64  # of a batch for each thread: the last to be done keeps the others waiting for less
CLOCK = 1.0  # s; where simulated time starts. MuJoCo sets it to 0 when it resets a trajectory, which betrays the reset


def preferred_backend(choice: str) -> str:
    """`native` or `mjx` for the choice `auto`, `native` or `mjx`: `auto` is MJX on a GPU. Only that may import JAX."""
    if choice == "auto":
        return "mjx" if _has_gpu() else "native"
    return choice


def resolve_backend(choice: str, env: Env) -> str:
    """The preferred backend if it can simulate `env`; where MJX refuses the robot, `auto` is `native`.

    Raises `UserError` where MJX was asked for by name and refuses.
    """
    if preferred_backend(choice) == "native":
        return "native"
    reason = _mjx_refusal(env)
    if not reason:
        return "mjx"
    if choice == "auto":
        log.warning("MJX cannot simulate %s (%s): C MuJoCo collects instead", env.name, reason)
        return "native"
    raise UserError(f"collect.backend=mjx cannot simulate {env.name}: {reason}; collect.backend=native can")


def simulate(
    env: Env, states: np.ndarray, actions: np.ndarray, backend: str, *, batch: int | None = None
) -> np.ndarray:
    """Trajectories (n, t + 1, s) from `states` (n, s) under `actions` (n, t, u), the given state first.

    `batch` trajectories run at once (default: as many as fit `BUFFER`); MJX compiles once for that number. The result
    is float64 by C MuJoCo, float32 by MJX. A trajectory is NaN from where the simulator lost it: see `diverged`.
    """
    batch = batch or max(1, min(len(actions), batch_size(env, actions.shape[1], backend)))
    with simulator(env, backend, batch) as run:
        return run(states, actions)


@contextlib.contextmanager
def simulator(env: Env, backend: str, batch: int) -> Iterator[Simulator]:
    """What `simulate` calls, for those who have much to simulate in parts. One thread at a time may call it."""

    def run(states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        n, steps = actions.shape[:2]
        result = np.empty((n, steps + 1, env.state_dim), DTYPE[backend])
        result[:, 0] = states
        for start in range(0, n, batch):
            rows = slice(start, min(start + batch, n))
            result[rows, 1:] = advance(states[rows], actions[rows])
        return result

    with {"native": _by_c_mujoco, "mjx": _by_mjx}[backend](env, batch) as advance:
        yield run


def simulate_rounded(env: Env, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """As `simulate` by C MuJoCo, with the state rounded to float32 after every physics step: (n, t + 1, s) float64.

    How long this stays near the float64 truth is the ceiling of any model whose state is float32.
    """
    n, steps = actions.shape[:2]
    result = np.empty((n, steps + 1, env.state_dim))
    result[:, 0] = states.astype(np.float32)
    with _c_mujoco(env) as advance:
        for t in range(steps):
            state = result[:, t]
            for _ in range(env.decimation):
                state = advance(state, actions[:, t : t + 1])[:, 0].astype(np.float32)
            result[:, t + 1] = state
    return result


def diverged(states: np.ndarray) -> np.ndarray:
    """Which of the trajectories (n, t + 1, s) the simulator lost, (n,) bool: a state is no number, or far too large."""
    lowest, highest = states.min(axis=(1, 2)), states.max(axis=(1, 2))
    return ~((lowest > -HUGE) & (highest < HUGE))  # NaN compares false


def batch_size(env: Env, steps: int, backend: str) -> int:
    """How many trajectories of `steps` control steps fit the buffer of a backend; C MuJoCo keeps every physics step."""
    width = mujoco.mj_stateSize(env.mj_model, mujoco.mjtState.mjSTATE_FULLPHYSICS.value) + env.mj_model.nsensordata
    kept = steps * {"native": env.decimation, "mjx": 1}[backend]
    return max(1, BUFFER[backend] // (kept * width * DTYPE[backend].itemsize))


@contextlib.contextmanager
def _by_c_mujoco(env: Env, batch: int) -> Iterator[Simulator]:
    every = env.decimation
    with _c_mujoco(env) as advance:
        yield lambda states, actions: advance(states, np.repeat(actions, every, axis=1))[:, every - 1 :: every]


@contextlib.contextmanager
def _c_mujoco(env: Env) -> Iterator[Simulator]:
    """A pool of threads that advances states (n, s) by the controls (n, p, u) of p physics steps to (n, p, s).

    A trajectory is NaN from where MuJoCo gave up on it: it resets an unstable one to its default pose, and stops.
    """
    model, steady = env.sim_model, mujoco.mjtState.mjSTATE_FULLPHYSICS.value
    data = [mujoco.MjData(model) for _ in range(_cores())]
    blank = np.empty(mujoco.mj_stateSize(model, steady))
    mujoco.mj_getState(model, data[0], blank, steady)  # [time, qpos, qvel, act, ...]
    blank[0] = CLOCK
    space, tick = slice(1, 1 + env.state_dim), model.opt.timestep

    def advance(states: np.ndarray, controls: np.ndarray) -> np.ndarray:
        full = np.tile(blank, (len(states), 1))
        full[:, space] = states
        path = np.empty((*controls.shape[:2], len(blank)))
        piece = max(1, len(states) // (PIECES * len(data)))
        with warnings_to_log():
            pool.rollout(model, data, full, controls, control_spec=CONTROLS, state=path, chunk_size=piece)
        due = CLOCK + tick * np.arange(1, controls.shape[1] + 1)
        if np.any(np.abs(path[:, -1, 0] - due[-1]) > tick / 2):
            path[np.abs(path[..., 0] - due) > tick / 2] = np.nan
        return path[..., space]

    with rollout.Rollout(nthread=len(data)) as pool:
        yield advance


@contextlib.contextmanager
def _by_mjx(env: Env, batch: int) -> Iterator[Simulator]:
    program = _mjx_program(env)

    def advance(states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        missing = batch - len(states)  # the last of several batches is filled up, not compiled anew
        fill = [np.concatenate([a, np.repeat(a[-1:], missing, axis=0)]).astype(np.float32) for a in (states, actions)]
        return np.asarray(program(*fill))[: len(states)]

    yield advance


@functools.lru_cache(maxsize=4)
def _mjx_program(env: Env) -> Callable[[np.ndarray, np.ndarray], "jax.Array"]:
    """The compiled map from states (n, s) and actions (n, t, u) to (n, t, s). Raises where MJX refuses the robot."""
    import jax

    with contextlib.redirect_stdout(sys.stderr):  # MJX prints on import, and stdout carries results
        from mujoco import mjx

    model = mjx.put_model(env.sim_model, impl="jax")
    rest, space, nu, nmocap = mjx.make_data(model), env.space, env.sim_model.nu, env.sim_model.nmocap

    def trajectory(state: jax.Array, actions: jax.Array) -> jax.Array:
        def step(data, action):
            place, turn = action[nu : nu + 3 * nmocap], action[nu + 3 * nmocap :]
            held = data.replace(
                ctrl=action[:nu], mocap_pos=place.reshape(nmocap, 3), mocap_quat=turn.reshape(nmocap, 4)
            )
            data = jax.lax.fori_loop(0, env.decimation, lambda _, data: mjx.step(model, data), held)
            return data, jax.numpy.concatenate([data.qpos, data.qvel, data.act])

        # without this, matrix products on a GPU are rounded to ten bits
        with jax.default_matmul_precision("highest"):
            start = rest.replace(qpos=space.qpos(state), qvel=space.qvel(state), act=space.act(state))
            return jax.lax.scan(step, start, actions)[1]

    return jax.jit(jax.vmap(trajectory))


def _mjx_refusal(env: Env) -> str:
    """Why MJX cannot simulate the robot, or nothing. The model is read and one step traced; nothing is compiled."""
    state, action = np.zeros((1, env.state_dim), np.float32), np.zeros((1, 1, env.action_dim), np.float32)
    try:
        import jax

        jax.eval_shape(_mjx_program(env), state, action)
    except ImportError as error:
        return f"it cannot be imported ({error})"
    except (NotImplementedError, ValueError) as error:
        return " ".join(str(error).split())
    return ""


def _has_gpu() -> bool:
    """Whether JAX would run on a GPU. It is not imported where no plugin of an accelerator is installed."""
    plugins = importlib.metadata.entry_points(group="jax_plugins") or importlib.util.find_spec("jax_plugins")
    if "jax" not in sys.modules and not plugins:
        return False
    import jax

    return jax.default_backend() == "gpu"


def _cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
