"""A torso that hops on one leg in a vertical plane, and folds onto itself when it falls."""

from dataclasses import dataclass

from dynax.envs.resets.standing import StandingEnv


@dataclass(frozen=True, eq=False)
class HopperEnv(StandingEnv):
    """State: `x`, `z` (m; 0 with the leg straight), the torso's pitch, hip, knee and ankle (rad), and their rates.

    Three motors of at most 45, 40 and 20 N m; 0.004 s a step. Leaning forward, and the leg swinging back, are positive.
    """
