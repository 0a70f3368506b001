"""Contacts as features: what is near, what touches, and how it moves there."""

import jax.numpy as jnp
import numpy as np
import pytest

from dynax.architectures import MLPDynamicsModel
from dynax.envs import MjcfEnv
from dynax.math import rotations
from dynax.representation.contact_features import REACH

BALL = """<mujoco><worldbody><geom type="plane" size="5 5 1"/><body pos="0 0 1"><freejoint/><geom size=".2"/></body>
</worldbody></mujoco>"""


def ball(tmp_path):
    (tmp_path / "ball.xml").write_text(BALL)
    return MLPDynamicsModel(env=MjcfEnv(xml=str(tmp_path / "ball.xml"))).representation.contact_features


def state(height, velocity=(0.0, 0.0, 0.0)):
    return np.array([0, 0, height, 1, 0, 0, 0, *velocity, 0, 0, 0], float)


def test_a_ball_over_a_floor_has_one_slot(tmp_path):
    near = ball(tmp_path)
    np.testing.assert_allclose(near(state(0.25, (1, 2, 3))), [0.05, 0, 0, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(near(state(0.17, (1, 2, 3))), [-0.03, -0.03, 1, 1, 2, 3], atol=1e-12)
    np.testing.assert_allclose(near(state(9.0)), [REACH, 0, 0, 0, 0, 0])


def test_a_wall_shows_where_it_is_before_it_is_struck():
    wall = '<geom type="box" size=".5 2 1" pos="2 0 1" euler="0 0 90"/>'
    env = MjcfEnv(xml="wall.xml", mjcf=BALL.replace("<body", wall + "<body", 1))
    near = MLPDynamicsModel(env=env, frame="world").representation.contact_features
    assert near.walls.sum() == near.ground.sum() == 1
    south = state(1.0, (1, 2, 3))
    south[1] = -0.75  # the face of the wall is at y = -0.5
    sign = near(south)[13]
    assert abs(sign) == pytest.approx(1)
    np.testing.assert_allclose(near(south)[6:], [0.05, 0, 0, 0, 0, 0, 0, sign, 0], atol=1e-6)
    south[1] += 0.08
    into = near(south)[6:]
    np.testing.assert_allclose(into[[0, 1, 2, 6, 7, 8]], [-0.03, -0.03, 1, 0, sign, 0], atol=1e-6)
    np.testing.assert_allclose(np.abs(into[3:6]), [1, 2, 3], atol=1e-6)
    south[1] = -3
    np.testing.assert_allclose(near(south)[6:], [REACH, *np.zeros(8)], atol=1e-6)


@pytest.mark.slow
def test_numpy_and_jax_agree(tmp_path):
    near = ball(tmp_path)
    states = np.stack([[state(z, (z, 1, -1)) for z in (0.1, 0.2, 0.3)]] * 2)
    np.testing.assert_allclose(near(jnp.asarray(states, jnp.float32)), near(states), atol=1e-6)


def test_turning_the_world_changes_nothing_that_a_quadruped_feels(quadruped):
    near = MLPDynamicsModel(env=quadruped).representation.contact_features
    rng = np.random.default_rng(0)
    states, turn = quadruped.sample_states(rng, 8), rotations.exp(np.array([0, 0, 1.2]))
    states[:, 2] -= 0.02  # into the floor
    moved = states.copy()
    moved[:, :3] = rotations.rotate(rotations.matrix(turn), states[:, None, :3])[:, 0] + [3, -2, 0]
    moved[:, 3:7] = rotations.multiply(turn, states[:, 3:7])
    moved[:, 19:22] = rotations.rotate(rotations.matrix(turn), states[:, None, 19:22])[:, 0]
    assert near(states)[:, 2].max() >= 0
    np.testing.assert_allclose(near(moved), near(states), atol=1e-9)
