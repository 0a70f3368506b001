"""The quadruped: its joints, its home pose, and its motion with and without a controller."""

import mujoco
import numpy as np
import pytest

from dynax.envs import QuadrupedEnv


@pytest.fixture
def env():
    return QuadrupedEnv()


def upright(data):
    """Return the cosine of the tilt of the trunk."""
    return data.body("trunk").xmat[8]


def test_the_quadruped_has_a_floating_base_and_four_legs_of_three_motors(env):
    model = env.mj_model
    assert (model.nq, model.nv, model.nu) == (19, 18, 12)
    assert [model.joint(1 + i).name for i in range(3)] == ["fl_abduction", "fl_hip", "fl_knee"]
    assert model.actuator_trnid[:, 0].tolist() == list(range(1, 13))
    assert model.dof_armature[6:].tolist() == [0.02] * 12


def test_left_is_the_mirror_of_right(env):
    model = env.mj_model
    for end in "fr":
        left, right = model.joint(f"{end}l_abduction"), model.joint(f"{end}r_abduction")
        assert left.range.tolist() == [-right.range[1], -right.range[0]]
        assert (model.body(f"{end}l_thigh").pos * [1, -1, 1]).tolist() == model.body(f"{end}r_thigh").pos.tolist()
        np.testing.assert_allclose(model.body(f"{end}l_thigh").mass, model.body(f"{end}r_thigh").mass)


def test_at_home_four_feet_are_on_the_floor(env, home):
    pairs = {frozenset(env.mj_model.geom(g).name for g in c.geom) for c in home.contact}
    assert pairs == {frozenset((f"{leg}_foot", "floor")) for leg in ("fl", "fr", "rl", "rr")}
    assert np.abs(home.contact.dist).max() < 1e-3


def test_a_joint_controller_keeps_the_quadruped_upright(env, home):
    model = env.mj_model
    pose, feedforward = home.qpos[7:].copy(), home.ctrl.copy()
    for _ in range(round(5 / model.opt.timestep)):
        torque = 40 * (pose - home.qpos[7:]) - 1 * home.qvel[6:]
        home.ctrl[:] = np.clip(feedforward + torque / model.actuator_gear[:, 0], -1, 1)
        mujoco.mj_step(model, home)
    assert upright(home) > 0.999
    assert abs(home.qpos[2] - model.key_qpos[0][2]) < 0.01
    assert np.abs(home.qvel).max() < 0.01


def test_the_constant_torques_of_home_carry_the_quadruped_for_a_moment(env, home):
    mujoco.mj_step(env.mj_model, home, round(0.3 / env.mj_model.opt.timestep))
    assert upright(home) > 0.99
    assert abs(home.qpos[2] - env.mj_model.key_qpos[0][2]) < 0.03


def test_without_torque_the_quadruped_collapses(env, home):
    home.ctrl[:] = 0
    mujoco.mj_step(env.mj_model, home, round(3 / env.mj_model.opt.timestep))
    assert home.qpos[2] < 0.6 * env.mj_model.key_qpos[0][2]
    assert home.qpos[2] > 0.08
