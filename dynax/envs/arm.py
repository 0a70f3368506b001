"""An arm of six servos with a two-fingered hand, over a table with a loose box."""

from dataclasses import dataclass

from dynax.envs.resets.standing import StandingEnv


@dataclass(frozen=True, eq=False)
class ArmEnv(StandingEnv):
    """State: turn, shoulder, elbow, roll, wrist, twist (rad), the box's position (m) and quaternion, and the 12 rates.

    Actions are the angles that the servos pull towards, in the range of the joints; 0.004 s a step. With every joint at
    0 the arm points straight up. The fingers are a little further apart than the box is wide.
    """

    home_drop: float = 0.002
    wide_shift: float = 0.2
    wide_tilt: float = 3.0
    wide_drop: float = 0.15
    wide_speed: float = 0.5
    wide_rate: float = 2.0
