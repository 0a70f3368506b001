"""An arm of three links in a vertical plane, which strikes stiff stops at every joint."""

from dataclasses import dataclass

from dynax.envs.env import UniformResetEnv


@dataclass(frozen=True, eq=False)
class ThreeLinkEnv(UniformResetEnv):
    """State `[angle, two relative angles, and their rates]` (rad; 0 hangs at rest), three actions; 0.01 s a step.

    The motors give at most 12, 6 and 3 N m, and the stops begin at 2, 2.2 and 2.4 rad either way.
    """

    reset_qpos: tuple[float, ...] = (1.6, 1.75, 1.9)
    reset_qvel: tuple[float, ...] = (3.0, 3.0, 3.0)
