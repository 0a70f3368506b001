"""Many robots in the model, as a vectorized Gymnasium environment. All of them advance in one compiled step."""

from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from dynax.errors import check_whole
from dynax.gym.environment import spaces_of
from dynax.gym.functional import FunctionalEnv, State


class VectorModelEnv(VectorEnv):
    """A vectorized environment. After the end of an episode, the next step resets that robot and ignores its action."""

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012

    def __init__(self, functional: FunctionalEnv, num_envs: int):
        check_whole("num_envs", num_envs, 1, 10_000_000)
        self.functional, self.num_envs = functional, num_envs
        self.single_observation_space, self.single_action_space = spaces_of(functional)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._reset = jax.jit(jax.vmap(functional.reset))
        self._step = jax.jit(jax.vmap(self._advance))
        self._state: State | None = None

    def _advance(self, state: State, action: jax.Array, key: jax.Array) -> State:
        """Return the next state of one robot, or its first state if the episode has ended."""
        after, first = self.functional.step(state, action), self.functional.reset(key)
        ended = jnp.logical_or(state.terminated, state.truncated)
        return jax.tree.map(lambda new, old: jnp.where(ended, new, old), first, after)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode of every robot. There are no options."""
        super().reset(seed=seed)
        self._state = state = self._reset(self._keys())
        return np.array(state.observation), {}

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Execute actions (num_envs, A) in [-1, 1] for one period."""
        if self._state is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        self._state = state = self._step(self._state, np.asarray(actions, np.float32), self._keys())
        ends = np.array(state.terminated), np.array(state.truncated)
        return np.array(state.observation), np.array(state.reward, float), *ends, {}

    def _keys(self) -> jax.Array:
        return jax.random.split(jax.random.key(int(self.np_random.integers(2**31))), self.num_envs)
