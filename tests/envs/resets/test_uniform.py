"""The uniform reset: half-widths per degree of freedom, joint limits and orientations."""

import numpy as np
import pytest

from dynax.envs import CartPoleEnv, Env, PendulumEnv, UniformReset
from dynax.errors import UserError

ARM = """<mujoco><worldbody><body pos="0 0 1"><freejoint name="base"/><geom size=".1"/>
<body><joint name="knee" axis="0 1 0" range="20 60"/><geom size=".1" pos="1 0 0"/></body></body></worldbody></mujoco>"""


def test_states_fill_a_box_around_the_default_pose():
    states = CartPoleEnv().sample_states(np.random.default_rng(0), 2000)
    box = np.array([1.5, np.pi, 3.0, 6.0])
    assert (np.abs(states) <= box).all()
    np.testing.assert_allclose(states.std(axis=0), box / np.sqrt(3), rtol=0.05)


def test_one_half_width_applies_to_all_degrees_of_freedom():
    env = CartPoleEnv(reset=UniformReset((0.1,), (0.2,)))
    states = np.abs(env.sample_states(np.random.default_rng(0), 500))
    np.testing.assert_allclose(states.max(axis=0), [0.1, 0.1, 0.2, 0.2], rtol=0.02)


def test_any_robot_has_uniform_initial_states():
    env = Env(ARM, reset=UniformReset())
    states = env.sample_states(np.random.default_rng(0), 200)
    assert 0.4 < np.abs(states[:, :2]).max() <= 0.5
    assert 0.4 < np.abs(states[:, 2] - 1).max() <= 0.5
    np.testing.assert_allclose(np.linalg.norm(states[:, 3:7], axis=1), 1, rtol=1e-12)
    knee = states[:, 7]
    assert (knee >= np.radians(20) - 1e-12).all()
    assert (knee <= 0.5).all()


def test_the_number_of_half_widths_must_fit_the_robot():
    message = r"^reset.qpos=\[1.0, 2.0, 3.0\] must be one half-width of at least 0, or 2 of them, .* \(slide, hinge\)"
    with pytest.raises(UserError, match=message):
        CartPoleEnv(reset=UniformReset((1.0, 2.0, 3.0)))


@pytest.mark.parametrize("widths", [(-1.0,), ()])
def test_a_half_width_must_not_be_negative_or_missing(widths):
    with pytest.raises(UserError, match=r"^reset.qvel="):
        PendulumEnv(reset=UniformReset(qvel=widths))
