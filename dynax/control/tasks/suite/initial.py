"""Initial states that tasks of the suite share."""

import numpy as np
from jaxtyping import Float

from dynax.envs import Env


def uniform_angles(env: Env, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n S"]:
    """Draw states at rest of a robot with hinges, with uniform angles in [-pi, pi]."""
    states = np.zeros((n, env.state_dim))
    states[:, : env.space.nq] = rng.uniform(-np.pi, np.pi, (n, env.space.nq))
    return states
