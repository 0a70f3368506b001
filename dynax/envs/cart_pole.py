"""A cart on a short rail, with a pole that swings freely below or above it."""

from dataclasses import dataclass

import numpy as np

from dynax.envs.env import UniformResetEnv


@dataclass(frozen=True, eq=False)
class CartPoleEnv(UniformResetEnv):
    """State `[x, angle, and their rates]` (m, rad; 0 hangs at rest), action a push of at most 10 N; 0.01 s a step."""

    reset_qpos: tuple[float, ...] = (1.5, np.pi)
    reset_qvel: tuple[float, ...] = (3.0, 6.0)
