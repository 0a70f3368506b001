"""Robots with a floor and contacts: walkers, and an arm with a box."""

from dataclasses import InitVar, dataclass

from dynax.envs.env import Env
from dynax.envs.resets.reset import Reset
from dynax.envs.resets.standing import StandingReset
from dynax.envs.source import ASSETS, ModelSource


@dataclass(frozen=True, eq=False)
class HopperEnv(Env):
    """A torso that hops on one leg in a vertical plane, and touches itself when it falls.

    State: x, z (m; 0 with a straight leg), pitch of the torso, hip, knee, ankle (rad), and their rates.
    Action: three motors of at most 45, 40 and 20 N m. Control step: 0.004 s.
    Leaning forward and swinging the leg backward are positive.
    """

    source: InitVar[ModelSource | None] = ASSETS / "hopper.xml"
    reset: Reset = StandingReset()


@dataclass(frozen=True, eq=False)
class CheetahEnv(Env):
    """A runner in a vertical plane: a trunk on two legs with a spring in every joint.

    State: x, z (m), pitch of the trunk, hip, knee, hock, shoulder, elbow, wrist (rad), and their rates.
    Action: six motors of 25 to 75 N m. Without motor torque the springs carry the robot. Control step: 0.004 s.
    Leaning forward and swinging a limb backward are positive.
    """

    source: InitVar[ModelSource | None] = ASSETS / "cheetah.xml"
    reset: Reset = StandingReset()


@dataclass(frozen=True, eq=False)
class QuadrupedEnv(Env):
    """A trunk with a floating base on four legs of three joints.

    State: position (m) and quaternion of the trunk, abduction, hip and knee of every leg (rad), and the 18 rates.
    The legs are front left, front right, rear left and rear right. Action: motors of at most 12, 14 and 16 N m per
    leg. Control step: 0.004 s. Swinging a leg backward, or to the left of the robot, is positive.
    """

    source: InitVar[ModelSource | None] = ASSETS / "quadruped.xml"
    reset: Reset = StandingReset()


@dataclass(frozen=True, eq=False)
class ArmEnv(Env):
    """An arm of six servos with a hand of two fingers, over a table with a loose box.

    State: turn, shoulder, elbow, roll, wrist, twist (rad), position (m) and quaternion of the box, and the 12 rates.
    Action: target angles of the servos, in the range of the joints. Control step: 0.004 s.
    With all joints at 0 the arm points up. The gap between the fingers is slightly wider than the box.
    """

    source: InitVar[ModelSource | None] = ASSETS / "arm.xml"
    reset: Reset = StandingReset(
        home_drop=0.002, wide_shift=0.2, wide_tilt=3.0, wide_drop=0.15, wide_speed=0.5, wide_rate=2.0
    )
