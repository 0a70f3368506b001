"""A cart on a rail, with two poles in series: chaotic within a second."""

from dataclasses import dataclass

import numpy as np

from dynax.envs.env import UniformResetEnv


@dataclass(frozen=True, eq=False)
class DoubleCartPoleEnv(UniformResetEnv):
    """State `[x, angle, relative angle, and their rates]` (m, rad), action a push of at most 10 N; 0.01 s a step."""

    reset_qpos: tuple[float, ...] = (1.5, np.pi, np.pi)
    reset_qvel: tuple[float, ...] = (5.0, 5.0, 5.0)
