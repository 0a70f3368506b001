"""Balance upright poles."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.control.tasks.poles import PoleTask
from dynax.envs import Env


@dataclass(frozen=True)
class Balance(PoleTask):
    """Start with upright poles. The goal is that they never fall.

    Source: `cartpole-balance` of the DeepMind Control Suite. The initial states are those of `swing_up`, turned by pi.
    """

    seconds: float = 5.0  # length of an episode, s
    hold: float = 5.0  # length of the end of an episode in which the poles must be upright, s

    def initial_states(self, env: Env, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n S"]:
        """Draw states near the upright pose."""
        return self.poses(env, rng, n, 0.0)
