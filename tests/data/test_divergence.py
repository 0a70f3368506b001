"""The cause of a divergence names the part of the robot that fails first."""

import numpy as np
from simulation_cases import UNSTABLE, robot

from dynax.data.divergence import cause_of_divergence

TORN = """<mujoco><option timestep="0.01" gravity="0 0 0"/><worldbody>
<body name="a" pos="0 0 1"><joint type="slide" axis="0 0 1" name="z" stiffness="-1e6"/><geom size=".1" mass="1"/></body>
<body name="b" pos="0 0 2"><joint type="slide" axis="0 0 1"/><geom size=".1"/></body></worldbody>
<equality><weld name="glue" body1="a" body2="b" solref="1 1"/></equality></mujoco>"""


def cause(mjcf, position):
    env = robot(mjcf)
    state = np.zeros(env.state_dim)
    state[0] = position
    return cause_of_divergence(env, state, np.zeros((100, env.action_dim)))


def test_a_torn_equality_constraint_is_named():
    assert cause(TORN, 1.0).startswith("The equality constraint `glue` is torn by ")


def test_the_fastest_joint_is_named():
    assert cause(UNSTABLE, 1.0).startswith("The joint `z` moves at ")
    assert " m/s after " in cause(UNSTABLE, 1.0)
