"""The cheetah: its joints, its home pose, and its motors."""

import mujoco
import numpy as np
import pytest

from dynax.envs import CheetahEnv

JOINTS = ["x", "z", "pitch", "hip", "knee", "hock", "shoulder", "elbow", "wrist"]


@pytest.fixture
def env():
    return CheetahEnv()


def test_the_cheetah_is_planar_and_has_two_legs_of_three_springs_and_motors(env):
    model = env.mj_model
    assert [model.joint(i).name for i in range(model.njnt)] == JOINTS
    assert (model.jnt_stiffness > 0).tolist() == [False] * 3 + [True] * 6
    assert (model.dof_damping > 0).tolist() == [False] * 3 + [True] * 6
    assert model.actuator_trnid[:, 0].tolist() == [3, 4, 5, 6, 7, 8]


def test_at_home_both_feet_touch_the_floor(env, home):
    pairs = [sorted(env.mj_model.geom(g).name for g in c.geom) for c in home.contact]
    assert sorted(pairs) == [["floor", "fore_foot"], ["floor", "hind_foot"]]
    assert np.abs(home.contact.dist).max() < 1e-3


def test_the_springs_carry_the_cheetah_without_motors(env, home):
    start = home.qpos.copy()
    mujoco.mj_step(env.mj_model, home, round(5 / env.dt))
    np.testing.assert_allclose(home.qpos, start, atol=0.02)


def test_the_motors_lift_the_cheetah_off_the_floor(env, home):
    home.ctrl[:] = [1, -1, 1, -1, 1, -1]  # every joint towards a straight leg
    airborne = 0
    for _ in range(round(0.5 / env.dt)):
        mujoco.mj_step(env.mj_model, home)
        airborne += not len(home.contact)
    assert airborne > 10
