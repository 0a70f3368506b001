"""A heavy cart on an endless rail, with a light pole, and no friction anywhere."""

from dataclasses import dataclass, field

import numpy as np

from dynax.envs.env import UniformResetEnv


@dataclass(frozen=True, eq=False)
class NerdCartpoleEnv(UniformResetEnv):
    """State `[x, angle, and their rates]` (m, rad; 0 hangs at rest), action a push of at most 100 N; 1/60 s a step.

    The masses, lengths and frames are those of the cartpole of Xu et al., Neural Robot Dynamics (CoRL 2025), whose
    figures are of passive rollouts: `eval.actions=passive`.
    """

    decimation: int = field(default=5, kw_only=True)
    reset_qpos: tuple[float, ...] = (1.0, np.pi)
    reset_qvel: tuple[float, ...] = (1.0, 2.0)
