"""A simulated robot in the place of a trained model, to test a policy on it."""

import weakref
from contextlib import ExitStack
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dynax.data import native
from dynax.envs import Env
from dynax.math.arrays import AnyArray
from dynax.trained import AnyFloat


class Robot(Protocol):
    """The methods of a trained model, or of a simulated robot, that an environment needs."""

    @property
    def env(self) -> Env: ...
    @property
    def history_length(self) -> int: ...
    def rollout(self, states: AnyFloat, actions: AnyFloat) -> Float[Array, "B T1 S"]: ...


class SimulatedRobot:
    """A robot that C MuJoCo simulates in float64, with one thread per core. Between two calls, its state is float32."""

    history_length = 1

    def __init__(self, env: Env):
        self.env, stack = env, ExitStack()
        self._control_steps = stack.enter_context(native.control_steps(env))
        weakref.finalize(self, stack.close)

    def rollout(self, states: AnyFloat, actions: AnyFloat) -> Float[Array, "B T1 S"]:
        """Return the states after each action; the first is the given state. JAX can compile and vectorize the call.

        Args:
            states: initial states (B, 1, S).
            actions: actions (B, T, A).
        """
        shape = jax.ShapeDtypeStruct((*actions.shape[:-1], states.shape[-1]), jnp.float32)
        following = jax.pure_callback(self._advance, shape, states[:, -1], actions, vmap_method="broadcast_all")
        return jnp.concatenate([states, following], axis=1)

    def _advance(
        self, states: Float[AnyArray, "*N S"], actions: Float[AnyArray, "*N T A"]
    ) -> Float[np.ndarray, "*N T S"]:
        states, actions = (np.asarray(x, float) for x in (states, actions))
        flat = states.reshape(-1, states.shape[-1]), actions.reshape(-1, *actions.shape[-2:])
        path = self._control_steps(*flat).astype(np.float32)
        return path.reshape(*actions.shape[:-1], states.shape[-1])
