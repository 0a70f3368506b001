"""Simulation by MJX (MuJoCo on JAX) in float32, as one compiled program. JAX is imported when it is needed."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from dynax.data.native import Advance
from dynax.envs import Env

if TYPE_CHECKING:
    import jax

Program = Callable[[np.ndarray, np.ndarray], "jax.Array"]  # states (n, s), actions (n, t, u) -> (n, t, s)

_PROGRAMS: WeakKeyDictionary[Env, Program] = WeakKeyDictionary()  # a program is freed with its robot


@contextlib.contextmanager
def control_steps(env: Env, batch: int) -> Iterator[Advance]:
    """Yield a function that advances at most `batch` states by the actions of t control steps to (n, t, s).

    MJX compiles one program for `batch` trajectories. A smaller batch is padded with copies of its last trajectory.
    """
    simulate = program(env)

    def advance(states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        missing = batch - len(states)
        padded = [
            np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]).astype(np.float32)
            for array in (states, actions)
        ]
        return np.asarray(simulate(*padded))[: len(states)]

    yield advance


def unsupported_reason(env: Env) -> str:
    """Return the reason why MJX cannot simulate the robot, or an empty string.

    The model is converted and one step is traced. Nothing is compiled.
    """
    state, action = np.zeros((1, env.state_dim), np.float32), np.zeros((1, 1, env.action_dim), np.float32)
    try:
        import jax

        jax.eval_shape(program(env), state, action)
    except ImportError as error:
        return f"MJX cannot be imported ({error})"
    except (NotImplementedError, ValueError) as error:
        return " ".join(str(error).split())
    return ""


def program(env: Env) -> Program:
    """Return the robot's program; build it at the first call. Raises MJX's own errors for an unsupported robot."""
    if env not in _PROGRAMS:
        _PROGRAMS[env] = _build(env)
    return _PROGRAMS[env]


def _build(env: Env) -> Program:
    """Build the program. It must not refer to `env`, which would keep both of them alive for ever."""
    import jax

    with contextlib.redirect_stdout(sys.stderr):  # MJX prints when it is imported, and stdout is for results
        from mujoco import mjx

    model = mjx.put_model(env.sim_model, impl="jax")
    default, space, decimation = mjx.make_data(model), env.space, env.decimation
    nu, nmocap = env.sim_model.nu, env.sim_model.nmocap

    def step(data, action):
        position, quaternion = action[nu : nu + 3 * nmocap], action[nu + 3 * nmocap :]
        data = data.replace(
            ctrl=action[:nu], mocap_pos=position.reshape(nmocap, 3), mocap_quat=quaternion.reshape(nmocap, 4)
        )
        data = jax.lax.fori_loop(0, decimation, lambda _, data: mjx.step(model, data), data)
        return data, jax.numpy.concatenate([data.qpos, data.qvel, data.act])

    def trajectory(state: jax.Array, actions: jax.Array) -> jax.Array:
        with jax.default_matmul_precision("highest"):  # a GPU would round matrix products to ten bits
            data = default.replace(qpos=space.qpos(state), qvel=space.qvel(state), act=space.act(state))
            return jax.lax.scan(step, data, actions)[1]

    return jax.jit(jax.vmap(trajectory))
