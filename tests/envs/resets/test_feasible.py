"""Initial states satisfy equality constraints and do not overlap."""

import mujoco
import numpy as np
import pytest

from dynax.envs import Env, KeyframeReset, UniformReset
from dynax.errors import UserError
from dynax.mjcf import messages

LINK = '<geom type="capsule" fromto="0 0 0 {}" size=".01" contype="0" conaffinity="0" mass=".1"/>'
LOOP = f"""<mujoco><worldbody>
<body><joint name="crank" axis="0 1 0"/>{LINK.format("0 0 .1")}
  <body name="coupler" pos="0 0 .1"><joint name="coupler" axis="0 1 0"/>{LINK.format(".3 0 0")}</body></body>
<body name="rocker" pos=".3 0 0"><joint name="rocker" axis="0 1 0"/>{LINK.format("0 0 .1")}</body></worldbody>
<equality><connect name="loop" body1="coupler" body2="rocker" anchor=".3 0 0"/></equality></mujoco>"""
TOWED = """<mujoco><worldbody><body name="hand" mocap="true"><site name="grip"/></body>
<body pos="0 0 1"><joint name="shoulder" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 .4 0 0" size=".03"/>
<body pos=".4 0 0"><joint name="elbow" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 .4 0 0" size=".02"/>
<site name="tip" pos=".4 0 0"/></body></body></worldbody>
<equality><connect site1="tip" site2="grip"/></equality>
<actuator><position name="shoulder" joint="shoulder" kp="20"/></actuator>
<keyframe><key qpos="0 0" mpos="9 9 9"/><key qpos="-0.8 1.6" ctrl="-0.8" mpos="0.56 0 1"/></keyframe></mujoco>"""
STACK = """<mujoco><worldbody><geom name="floor" type="plane" size="1 1 1"/>
<body name="ball" pos="0 0 .1"><freejoint/><geom name="ball" size=".1"/></body>
<body pos="0 0 1"><joint name="arm" axis="0 1 0"/><geom name="arm" type="capsule" fromto="0 0 0 .5 0 0" size=".05"/>
</body><geom name="post" type="box" size=".05 .05 .05" pos="0 0 .5"/></worldbody></mujoco>"""


def forward(env, state):
    """Return MuJoCo's data of a state under the default action."""
    model, data = env.mj_model, mujoco.MjData(env.mj_model)
    data.qpos[:], data.qvel[:] = state[: model.nq], state[model.nq : model.nq + model.nv]
    poses = env.default_action[model.nu :]
    data.mocap_pos[:] = poses[: 3 * model.nmocap].reshape(-1, 3)
    data.mocap_quat[:] = poses[3 * model.nmocap :].reshape(-1, 4)
    mujoco.mj_forward(model, data)
    return data


@pytest.mark.parametrize("reset", [KeyframeReset(), UniformReset()])
def test_loops_are_closed_and_their_velocities_fit(reset):
    env = Env(LOOP, reset=reset)
    states = env.sample_states(np.random.default_rng(0), 16)
    assert states[:, 0].std() > 0.1  # of the crank, which remains random
    for state in states:
        data = forward(env, state)
        assert np.abs(data.efc_pos).max() < 1e-5
        assert np.abs(data.efc_vel).max() < 1e-5


def test_a_joint_that_its_damper_locks_starts_at_rest():
    env = Env(LOOP.replace('name="rocker" axis', 'name="rocker" damping="1e9" axis'))
    states = env.sample_states(np.random.default_rng(0), 8)
    velocity = states[:, env.space.names.index("rocker") + env.mj_model.nq]
    assert (velocity == 0).all()
    assert all(np.abs(forward(env, state).efc_vel).max() < 1e-5 for state in states)


def test_joints_with_a_range_keep_their_drawn_values():
    env = Env(LOOP, reset=KeyframeReset(ranges={"crank": (0.3, 0.4)}))
    states = env.sample_states(np.random.default_rng(0), 16)
    assert (states[:, 0] >= 0.3).all()
    assert (states[:, 0] <= 0.4).all()
    assert all(np.abs(forward(env, state).efc_pos).max() < 1e-3 for state in states)


def test_the_keyframe_gives_the_default_action_and_the_range_around_it():
    env = Env(TOWED, reset=KeyframeReset(keyframe=1))
    np.testing.assert_allclose(env.default_action, [-0.8, 0.56, 0, 1, 1, 0, 0, 0])
    low, high = env.action_bounds
    np.testing.assert_allclose((low + high) / 2, env.default_action)
    np.testing.assert_allclose(high - low, [2, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.3])
    states = env.sample_states(np.random.default_rng(0), 4)
    assert all(np.abs(forward(env, state).efc_pos).max() < 1e-3 for state in states)
    assert Env(TOWED, reset=KeyframeReset(keyframe=None)).default_action.tolist() == [0, 0, 0, 0, 1, 0, 0, 0]


def test_an_equality_that_cannot_be_satisfied_is_named(monkeypatch, caplog):
    monkeypatch.setattr(messages, "_logged", set())
    Env(TOWED).sample_states(np.random.default_rng(0), 2)  # keyframe 0: the hand is out of reach
    assert any("the equality constraint `0` is violated by" in message for message in caplog.messages)
    both = {"crank": (0.0, 0.0), "rocker": (2.0, 2.0)}
    with pytest.raises(UserError, match="finds no initial state: the equality constraint `loop` is violated by"):
        Env(LOOP, reset=KeyframeReset(ranges=both)).sample_states(np.random.default_rng(0), 1)


def test_initial_states_do_not_overlap():
    env = Env(STACK, reset=KeyframeReset(hinge=3.0))
    for state in env.sample_states(np.random.default_rng(0), 32):
        assert forward(env, state).contact.dist.min(initial=0) > -1.1e-3


def test_a_pair_that_always_overlaps_is_named():
    env = Env(STACK, reset=KeyframeReset(ranges={"arm": (1.55, 1.59)}))
    with pytest.raises(UserError, match="finds no initial state: the geoms `arm` and `post` overlap by"):
        env.sample_states(np.random.default_rng(0), 1)


def test_an_overlap_of_the_home_pose_is_accepted_and_logged(monkeypatch, caplog):
    monkeypatch.setattr(messages, "_logged", set())
    env = Env(STACK.replace('pos="0 0 .5"', 'pos=".4 0 1"'), reset=KeyframeReset(hinge=0.01))
    env.sample_states(np.random.default_rng(0), 2)
    assert any(m.startswith("robot: the geoms `arm` and `post` overlap by ") for m in caplog.messages)


def test_feasible_draws_do_not_change(every_robot):
    reset, model, space = every_robot.reset, every_robot.mj_model, every_robot.space
    drawn = reset(model, space, np.random.default_rng(3), 8)
    np.testing.assert_array_equal(every_robot.sample_states(np.random.default_rng(3), 8), drawn)
