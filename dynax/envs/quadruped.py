"""A trunk on four legs of three joints, free in space."""

from dataclasses import dataclass

from dynax.envs.resets.standing import StandingEnv


@dataclass(frozen=True, eq=False)
class QuadrupedEnv(StandingEnv):
    """State: the trunk's position (m) and quaternion, abduction, hip and knee of every leg (rad), and the 18 rates.

    The legs are front left, front right, rear left and rear right; their motors give at most 12, 14 and 16 N m;
    0.004 s a step. A leg swinging back is positive, and so is one moved to the robot's left.
    """
