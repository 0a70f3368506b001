"""One robot in the model, as a Gymnasium environment."""

from typing import Any

import gymnasium
import jax
import numpy as np
from gymnasium import spaces

from dynax.gym.functional import FunctionalEnv, State


class ModelEnv(gymnasium.Env):
    """A Gymnasium environment in which a trained model takes the place of the robot."""

    metadata = {"render_modes": []}  # noqa: RUF012

    def __init__(self, functional: FunctionalEnv):
        self.functional = functional
        self.observation_space, self.action_space = spaces_of(functional)
        self._reset, self._step = jax.jit(functional.reset), jax.jit(functional.step)
        self._state: State | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode. There are no options."""
        super().reset(seed=seed)
        self._state = state = self._reset(jax.random.key(int(self.np_random.integers(2**31))))
        return np.array(state.observation), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Execute an action in [-1, 1] for one period."""
        if self._state is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        self._state = state = self._step(self._state, np.asarray(action, np.float32))
        return np.array(state.observation), float(state.reward), bool(state.terminated), bool(state.truncated), {}


def spaces_of(functional: FunctionalEnv) -> tuple[spaces.Box, spaces.Box]:
    """Return the spaces of observations and actions."""
    bound = functional.observation_bounds.astype(np.float32)
    return spaces.Box(-bound, bound), spaces.Box(-1.0, 1.0, (functional.trained.env.action_dim,))
