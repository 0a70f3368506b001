"""A runner in a vertical plane: a trunk on two legs with a spring in every joint."""

from dataclasses import dataclass

from dynax.envs.resets.standing import StandingEnv


@dataclass(frozen=True, eq=False)
class CheetahEnv(StandingEnv):
    """State: `x`, `z` (m), the trunk's pitch, hip, knee, hock, shoulder, elbow and wrist (rad), and their rates.

    Six motors of 25 to 75 N m; 0.004 s a step. It stands on its springs where no motor pulls. Leaning forward, and a
    limb swinging back, are positive.
    """
