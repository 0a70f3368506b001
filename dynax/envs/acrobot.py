"""Two links that hang from a shoulder without a motor: only the elbow is driven."""

from dataclasses import dataclass

import numpy as np

from dynax.envs.env import UniformResetEnv


@dataclass(frozen=True, eq=False)
class AcrobotEnv(UniformResetEnv):
    """State `[angle, relative angle, and their rates]` (rad; 0 hangs at rest), action up to 5 N m; 0.01 s a step."""

    reset_qpos: tuple[float, ...] = (np.pi, np.pi)
    reset_qvel: tuple[float, ...] = (3.0, 3.0)
