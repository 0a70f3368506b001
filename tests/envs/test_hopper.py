"""The hopper: its joints, its home pose, and its fall."""

import mujoco
import numpy as np
import pytest

from dynax.envs import HopperEnv


@pytest.fixture
def env():
    return HopperEnv()


def test_the_hopper_is_planar_and_has_a_leg_of_three_joints_and_motors(env):
    model = env.mj_model
    assert [model.joint(i).name for i in range(model.njnt)] == ["x", "z", "pitch", "hip", "knee", "ankle"]
    assert model.jnt_limited.tolist() == [0, 0, 0, 1, 1, 1]
    assert model.actuator_trnid[:, 0].tolist() == [3, 4, 5]
    assert model.actuator_gear[:, 0].tolist() == [45, 40, 20]


def test_at_home_the_foot_is_flat_on_the_floor(env, home):
    assert {env.mj_model.geom(g).name for c in home.contact for g in c.geom} == {"floor", "foot"}
    assert len(home.contact) == 2
    assert np.abs(home.contact.dist).max() < 1e-3


def test_the_hopper_balances_for_a_moment_and_then_falls(env, home):
    start = home.body("torso").xpos[2]
    heights = []
    for _ in range(round(3 / env.dt)):
        mujoco.mj_step(env.mj_model, home)
        heights.append(home.body("torso").xpos[2])
    assert np.abs(np.array(heights[: round(0.4 / env.dt)]) - start).max() < 0.03
    assert heights[-1] < 0.7 * start
    assert home.contact.dist.min() > -0.02
