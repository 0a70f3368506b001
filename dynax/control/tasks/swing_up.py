"""Swing poles up from hanging, and hold them upright."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.control.tasks.poles import PoleTask
from dynax.envs import Env


@dataclass(frozen=True)
class SwingUp(PoleTask):
    """Start with hanging poles. The goal is an upright pose during the last second.

    Source: `cartpole-swingup` of the DeepMind Control Suite; its initial states have the same noise.
    """

    def initial_states(self, env: Env, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n S"]:
        """Draw states near the hanging pose."""
        return self.poses(env, rng, n, np.pi)
