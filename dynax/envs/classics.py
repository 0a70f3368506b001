"""Robots of hinges and slides with few contacts. An angle of 0 hangs at rest."""

from dataclasses import InitVar, dataclass

import numpy as np

from dynax.envs.env import Env
from dynax.envs.resets.reset import Reset
from dynax.envs.resets.uniform import UniformReset
from dynax.envs.source import ASSETS, ModelSource


@dataclass(frozen=True, eq=False)
class PendulumEnv(Env):
    """A pole on a motor that is too weak to lift the pole in one push.

    State: angle (rad) and its rate. Action: torque, up to the gear of the motor. Control step: 0.02 s.
    """

    source: InitVar[ModelSource | None] = ASSETS / "pendulum.xml"
    reset: Reset = UniformReset((np.pi,), (8.0,))


@dataclass(frozen=True, eq=False)
class CartPoleEnv(Env):
    """A cart on a short rail, with a pole that swings freely below or above the cart.

    State: x (m), angle (rad), and their rates. Action: force on the cart, at most 10 N. Control step: 0.01 s.
    """

    source: InitVar[ModelSource | None] = ASSETS / "cart_pole.xml"
    reset: Reset = UniformReset((1.5, np.pi), (3.0, 6.0))


@dataclass(frozen=True, eq=False)
class DoubleCartPoleEnv(Env):
    """A cart on a rail, with two poles in series. The motion becomes chaotic within a second.

    State: x (m), angle, relative angle (rad), and their rates. Action: force on the cart, at most 10 N.
    Control step: 0.01 s.
    """

    source: InitVar[ModelSource | None] = ASSETS / "double_cart_pole.xml"
    reset: Reset = UniformReset((1.5, np.pi, np.pi), (5.0, 5.0, 5.0))


@dataclass(frozen=True, eq=False)
class AcrobotEnv(Env):
    """Two links that hang from a shoulder without a motor; the elbow has a motor.

    State: angle, relative angle (rad), and their rates. Action: torque at the elbow, at most 5 N m.
    Control step: 0.01 s.
    """

    source: InitVar[ModelSource | None] = ASSETS / "acrobot.xml"
    reset: Reset = UniformReset((np.pi, np.pi), (3.0, 3.0))


@dataclass(frozen=True, eq=False)
class ThreeLinkEnv(Env):
    """An arm of three links in a vertical plane, with stiff joint limits.

    State: angle, two relative angles (rad), and their rates. Action: torques, at most 12, 6 and 3 N m.
    The joint limits are at 2, 2.2 and 2.4 rad in both directions. Control step: 0.01 s.
    """

    source: InitVar[ModelSource | None] = ASSETS / "three_link.xml"
    reset: Reset = UniformReset((1.6, 1.75, 1.9), (3.0, 3.0, 3.0))


@dataclass(frozen=True, eq=False)
class NerdCartpoleEnv(Env):
    """A heavy cart on an endless rail, with a light pole and without friction.

    State: x (m), angle (rad), and their rates. Action: force on the cart, at most 100 N. Control step: 1/60 s.
    Masses, lengths and frames are those of the cartpole of Xu et al., Neural Robot Dynamics (CoRL 2025). The results
    of that paper are for passive rollouts: `eval.actions=passive`.
    """

    source: InitVar[ModelSource | None] = ASSETS / "nerd_cartpole.xml"
    decimation: int = 5
    reset: Reset = UniformReset((1.0, np.pi), (1.0, 2.0))
