"""Names of joints, controls and actions, with elements that have no name."""

import numpy as np
import pytest

from dynax.envs import Env
from dynax.errors import UserError
from dynax.mjcf.names import unique

ODD = """<mujoco><worldbody>
<body name="hand" mocap="true"/>
<body><joint/><geom size=".1"/>
  <body pos="1 0 0"><joint name="joint0"/><geom size=".1"/>
    <body pos="1 0 0"><joint name="左.膝=1" type="ball"/><geom size=".1"/>
      <body pos="1 0 0"><joint name="左.膝=1 rx"/><geom size=".1"/></body></body></body></body></worldbody>
<actuator><motor joint="joint0"/><motor name="actuator0" joint="joint0"/><motor name="left/hip.x" joint="joint0"/>
<motor name="hand x" joint="joint0"/></actuator></mujoco>"""


def test_generated_names_do_not_collide_with_names_of_the_file():
    env = Env(ODD, action_range={"actuator0": (-0.5, 0.5), "left/hip.x": (-3.0, 3.0)})
    assert env.space.joints == ("joint0_", "joint0", "左.膝=1", "左.膝=1 rx")
    assert len(set(env.space.names)) == env.space.nv
    assert len(set(env.space.labels)) == env.space.tangent_dim
    assert env.action_names[:5] == ("actuator0_", "actuator0", "left/hip.x", "hand x", "hand x_")
    low, high = env.action_bounds
    np.testing.assert_array_equal(low[:4], [-1, -0.5, -3, -1])
    np.testing.assert_array_equal(high[:4], [1, 0.5, 3, 1])


def test_a_joint_is_observed_by_its_own_name():
    observed = Env(ODD, observe=("joint0",)).space.observed
    assert np.flatnonzero(observed).tolist() == [1, 7]  # second position and second velocity of six
    with pytest.raises(UserError, match=r"did you mean `joint0_?`"):
        Env(ODD, observe=("joint1",))


def test_a_name_that_is_taken_receives_a_suffix():
    assert unique(["a", "b", "a", "c"], ["b"]) == ("a", "b_", "a_", "c")
