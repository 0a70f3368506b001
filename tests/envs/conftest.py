"""Fixtures for the tests of single robots."""

import mujoco
import pytest


@pytest.fixture
def home(env):
    """The data of keyframe 0 of the fixture `env`, after mj_forward."""
    data = mujoco.MjData(env.mj_model)
    mujoco.mj_resetDataKeyframe(env.mj_model, data, 0)
    mujoco.mj_forward(env.mj_model, data)
    return data
