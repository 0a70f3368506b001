"""Initial states that tasks of the suite share. The suite does not move a robot out of the floor."""

import numpy as np
from jaxtyping import Float

from dynax.envs import Env
from dynax.mjcf.joints import HINGE


def random_joints(env: Env, rng: np.random.Generator, n: int, limited_only: bool = False) -> Float[np.ndarray, "n S"]:
    """Draw states at rest of a robot with hinges and slides, with uniform positions.

    A joint with limits is uniform in its range. A hinge without limits is uniform in [-pi, pi]. Other joints keep their
    default position. Source: `utils/randomizers.py` of the suite.

    Args:
        env: the robot.
        rng: the random numbers.
        n: number of states.
        limited_only: whether hinges without limits also keep their default position.
    """
    model, default = env.mj_model, env.mj_model.qpos0
    limited = model.jnt_limited.astype(bool)
    turning = (model.jnt_type == HINGE) & (not limited_only)
    low, high = (
        np.where(limited, model.jnt_range[:, side], np.where(turning, angle, default))
        for side, angle in ((0, -np.pi), (1, np.pi))
    )
    states = np.zeros((n, env.state_dim))
    states[:, : env.space.nq] = rng.uniform(low, high, (n, env.space.nq))
    return states
