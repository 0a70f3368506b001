"""The hopper stands, balances for a moment, and falls."""

import mujoco
import numpy as np

from dynax.envs import HopperEnv


def at_home(env):
    data = mujoco.MjData(env.mj_model)
    mujoco.mj_resetDataKeyframe(env.mj_model, data, 0)
    mujoco.mj_forward(env.mj_model, data)
    return data


def test_it_has_a_plane_of_motion_a_leg_of_three_joints_and_motors():
    model = HopperEnv().mj_model
    assert [model.joint(i).name for i in range(model.njnt)] == ["x", "z", "pitch", "hip", "knee", "ankle"]
    assert model.jnt_limited.tolist() == [0, 0, 0, 1, 1, 1]
    assert model.actuator_trnid[:, 0].tolist() == [3, 4, 5]
    assert model.actuator_gear[:, 0].tolist() == [45, 40, 20]


def test_at_home_the_foot_is_flat_on_the_floor():
    env = HopperEnv()
    data = at_home(env)
    assert {env.mj_model.geom(g).name for c in data.contact for g in c.geom} == {"floor", "foot"}
    assert len(data.contact) == 2
    assert np.abs(data.contact.dist).max() < 1e-3


def test_it_balances_for_a_moment_and_then_falls():
    env = HopperEnv()
    data = at_home(env)
    start = data.body("torso").xpos[2]
    heights = []
    for _ in range(round(3 / env.dt)):
        mujoco.mj_step(env.mj_model, data)
        heights.append(data.body("torso").xpos[2])
    assert np.abs(np.array(heights[: round(0.4 / env.dt)]) - start).max() < 0.03
    assert heights[-1] < 0.7 * start
    assert data.contact.dist.min() > -0.02
