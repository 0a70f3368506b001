"""The arm: its home pose, its servos, and the box."""

import mujoco
import numpy as np
import pytest

from dynax.envs import ArmEnv


@pytest.fixture
def env():
    return ArmEnv()


def steps(env, seconds):
    return round(seconds / env.mj_model.opt.timestep)


def test_the_arm_has_six_servos_in_the_range_of_their_joints_and_a_free_box(env):
    model = env.mj_model
    assert (model.nq, model.nv, model.nu) == (13, 12, 6)
    assert [model.joint(i).name for i in range(7)] == ["turn", "shoulder", "elbow", "roll", "wrist", "twist", "box"]
    np.testing.assert_allclose(model.actuator_ctrlrange, model.jnt_range[:6])
    assert env.integrator == "IMPLICITFAST"


def test_at_home_only_the_box_has_contacts_and_the_hand_is_just_above_the_box(env, home):
    model = env.mj_model
    assert {frozenset(model.geom(g).name for g in c.geom) for c in home.contact} == {frozenset(("floor", "box"))}
    gap = mujoco.mj_geomDistance(model, home, model.geom("box").id, model.geom("finger_left").id, 1.0, None)
    assert 0.01 < gap < 0.1


def test_the_home_pose_is_at_rest(env, home):
    pose = home.qpos.copy()
    mujoco.mj_step(env.mj_model, home, steps(env, 5))
    np.testing.assert_allclose(home.qpos, pose, atol=1e-3)


def test_the_servos_reach_their_targets(env, home):
    target = np.array([0.5, 0.4, 1.2, -0.5, 0.5, 1.0])
    home.ctrl[:] = target
    mujoco.mj_step(env.mj_model, home, steps(env, 3))
    np.testing.assert_allclose(home.qpos[:6], target, atol=0.1)
    assert np.abs(home.qvel[:6]).max() < 0.01


def test_the_hand_pushes_the_box(env, home):
    model = env.mj_model
    start = home.body("box").xpos.copy()
    down, away = [0.6, 1.0, 1.4, 0, 0.7, 0], [-0.6, 1.0, 1.4, 0, 0.7, 0]
    for target in (np.array([0.6, 0.5, 1.4, 0, 0.9, 0]), np.array(down), np.array(away)):
        home.ctrl[:] = target
        mujoco.mj_step(model, home, steps(env, 1.5))
    assert np.linalg.norm(home.body("box").xpos[:2] - start[:2]) > 0.05
    assert home.body("box").xpos[2] > 0.04


def test_the_gap_between_the_fingers_is_wider_than_the_box(env):
    model = env.mj_model
    left, right = (model.geom(f"finger_{side}") for side in ("left", "right"))
    inside = left.pos[1] - right.pos[1] - left.size[0] - right.size[0]
    assert inside > 2 * model.geom("box").size[0]
