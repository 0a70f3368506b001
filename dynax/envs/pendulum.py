"""A pole on a motor too weak to lift it in one push."""

from dataclasses import dataclass

import numpy as np

from dynax.envs.env import UniformResetEnv


@dataclass(frozen=True, eq=False)
class PendulumEnv(UniformResetEnv):
    """State `[angle, rate]` (rad, rad/s; 0 hangs at rest), action a torque up to the motor's gear; 0.02 s a step."""

    reset_qpos: tuple[float, ...] = (np.pi,)
    reset_qvel: tuple[float, ...] = (8.0,)
