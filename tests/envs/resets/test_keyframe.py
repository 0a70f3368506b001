"""The keyframe reset: noise by the type of joint, ranges by the name of a joint, and errors."""

import mujoco
import numpy as np
import pytest

from dynax.envs import MjcfEnv, make
from dynax.envs.resets.keyframe import KeyframeReset
from dynax.envs.resets.reset import keyframe_state
from dynax.envs.state_space import StateSpace
from dynax.errors import UserError

MODEL = mujoco.MjModel.from_xml_string(
    """<mujoco><compiler angle="radian"/><worldbody>
    <body><joint name="rail" type="slide"/><geom size=".1"/>
      <body><joint name="hip" type="ball"/><geom size=".1"/>
        <body><joint name="knee" axis="0 1 0" range="-1 1"/><geom size=".1"/></body></body></body>
    <body pos="0 0 2"><freejoint name="box"/><geom size=".1"/></body>
    </worldbody>
    <actuator><intvelocity joint="rail" actrange="-1 1"/></actuator>
    <keyframe>
      <key qpos=".5  1 0 0 0  .3  0 0 3  1 0 0 0"/>
      <key qpos="-.5  0 1 0 0  -.3  1 2 3  0 0 1 0" qvel="1 2 3 4 5 6 7 8 9 10 11" act=".7"/>
    </keyframe></mujoco>"""
)
SPACE = StateSpace.of(MODEL)
STILL = {"hinge": 0.0, "slide": 0.0, "ball": 0.0, "free": 0.0, "velocity": 0.0}
RAIL, HIP, KNEE, PLACE, TURN = [0], [1, 2, 3], [4], [5, 6, 7], [8, 9, 10]  # in the tangent space


def differences(n=4000, **options):
    """Return the differences (n, 2 nv + na) of `n` initial states from the keyframe."""
    reset = KeyframeReset(**STILL | options)
    reset.check(MODEL, SPACE)
    states = reset(MODEL, SPACE, np.random.default_rng(0), n)
    return SPACE.difference(np.tile(keyframe_state(MODEL, reset.keyframe), (n, 1)), states)


@pytest.mark.parametrize("keyframe", [0, 1])
def test_without_noise_every_trajectory_starts_at_the_keyframe(keyframe):
    states = KeyframeReset(keyframe, **STILL)(MODEL, SPACE, np.random.default_rng(0), 3)
    wanted = np.concatenate([MODEL.key_qpos[keyframe], MODEL.key_qvel[keyframe], MODEL.key_act[keyframe]])
    np.testing.assert_allclose(states, [wanted] * 3, atol=1e-15)


@pytest.mark.parametrize(("option", "where"), [("slide", RAIL), ("ball", HIP + TURN), ("hinge", KNEE), ("free", PLACE)])
def test_each_type_of_joint_has_its_own_noise(option, where):
    spread = differences(**{option: 0.1}).std(axis=0)
    np.testing.assert_allclose(spread[where], 0.1, rtol=0.1)
    assert np.count_nonzero(spread > 1e-12) == len(where)


def test_all_velocities_have_the_same_noise():
    spread = differences(velocity=2.0).std(axis=0)
    np.testing.assert_allclose(spread[11:22], 2, rtol=0.1)
    assert spread[:11].max() < 1e-12
    assert spread[22] == 0  # activations start where the keyframe has them


def test_quaternions_are_of_unit_length():
    states = KeyframeReset(ball=3.0)(MODEL, SPACE, np.random.default_rng(0), 100)
    for q, _, is_orientation in SPACE.blocks:
        if is_orientation:
            np.testing.assert_allclose(np.linalg.norm(states[:, q], axis=1), 1, atol=1e-12)


def test_only_limited_joints_stay_within_a_range():
    states = KeyframeReset(hinge=5.0, slide=5.0)(MODEL, SPACE, np.random.default_rng(0), 200)
    knee, rail = states[:, 5], states[:, 0]
    assert (knee.min(), knee.max()) == (-1, 1)
    assert np.abs(rail).max() > 5


def test_a_ball_joint_starts_within_its_range():
    xml = """<mujoco><worldbody><body><joint type="ball" range="0 20"/><geom size=".1"/></body></worldbody></mujoco>"""
    model = mujoco.MjModel.from_xml_string(xml)
    states = KeyframeReset(ball=0.3)(model, StateSpace.of(model), np.random.default_rng(0), 100)
    angle = np.degrees(2 * np.arctan2(np.linalg.norm(states[:, 1:4], axis=1), np.abs(states[:, 0])))
    assert angle.max() == pytest.approx(20)
    assert angle.min() < 15


def test_a_joint_with_a_range_is_uniform():
    states = KeyframeReset(ranges={"knee": (-0.5, 0.25), "rail": (3.0, 3.0)})(
        MODEL, SPACE, np.random.default_rng(0), 4000
    )
    assert (states[:, 0] == 3).all()
    assert -0.5 <= states[:, 5].min() < -0.49
    assert 0.24 < states[:, 5].max() <= 0.25
    np.testing.assert_allclose(states[:, 5].std(), 0.75 / np.sqrt(12), rtol=0.05)


def test_a_range_may_exceed_the_joint_limits():
    states = KeyframeReset(ranges={"knee": (-2.0, -1.5)})(MODEL, SPACE, np.random.default_rng(0), 10)
    assert (states[:, 5] <= -1.5).all()


def test_states_are_determined_by_the_generator():
    one, same, other = (KeyframeReset()(MODEL, SPACE, np.random.default_rng(seed), 5) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_without_an_index_the_default_pose_is_used():
    states = KeyframeReset(None, **STILL)(MODEL, SPACE, np.random.default_rng(0), 3)
    assert np.array_equal(states, np.tile([*MODEL.qpos0, *np.zeros(MODEL.nv + MODEL.na)], (3, 1)))


def test_the_home_pose_of_a_robot_without_keyframes_is_the_default_pose():
    xml = '<mujoco><worldbody><body pos="0 0 2"><freejoint/><geom size=".1"/></body></worldbody></mujoco>'
    model = mujoco.MjModel.from_xml_string(xml)
    assert keyframe_state(model).tolist() == [0, 0, 2, 1, 0, 0, 0, *[0] * 6]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keyframe": 2}, r"^keyframe=2 does not exist: the robot has 2 keyframes, counted from 0"),
        ({"ranges": {"kne": (0.0, 1.0)}}, r"^ranges.kne: no hinge .* \(did you mean `knee`\?\); the robot has rail"),
        ({"ranges": {"hip": (0.0, 1.0)}}, r"^ranges.hip: no hinge or slide of the robot has this name"),
        ({"ranges": {"knee": (1.0, 0.0)}}, r"^ranges.knee=\[1.0, 0.0\] must be \[lowest, highest\]"),
        ({"ranges": {"knee": (1.0,)}}, r"^ranges.knee=\[1.0\] must be"),
    ],
)  # fmt: skip
def test_an_option_that_does_not_fit_the_robot_is_an_error(options, message):
    with pytest.raises(UserError, match=message):
        KeyframeReset(**options).check(MODEL, SPACE)


@pytest.mark.parametrize("name", ["keyframe", "hinge", "slide", "ball", "free", "velocity"])
def test_negative_options_are_errors(name):
    with pytest.raises(UserError, match=f"^{name}=-1 is out of range"):
        KeyframeReset(**{name: -1 if name == "keyframe" else -1.0})


def test_the_config_section_contains_the_options():
    mjcf = '<mujoco><worldbody><body><joint name="x"/><geom size=".1"/></body></worldbody></mujoco>'
    group = {"name": "mjcf", "xml": "a.xml", "reset": {"hinge": 1, "ranges": {"x": [0, 0.5]}}}
    env = make(group, mjcf=mjcf)
    assert isinstance(env, MjcfEnv)
    assert env.reset == KeyframeReset(hinge=1.0, ranges={"x": (0.0, 0.5)})
    with pytest.raises(UserError, match=r"unknown key env.reset.hinges \(did you mean `hinge`\?\)"):
        make({"name": "mjcf", "xml": "a.xml", "reset": {"hinges": 1}}, mjcf=mjcf)
