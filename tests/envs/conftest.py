"""What the tests of single robots share."""

import mujoco
import pytest


@pytest.fixture
def home(env):
    """The robot `env` of a test file in keyframe 0."""
    data = mujoco.MjData(env.mj_model)
    mujoco.mj_resetDataKeyframe(env.mj_model, data, 0)
    mujoco.mj_forward(env.mj_model, data)
    return data
