"""Features of contacts: distances, active flags and relative velocities."""

import jax.numpy as jnp
import numpy as np
import pytest

from dynax.architectures import MLPDynamicsModel
from dynax.envs import MjcfEnv
from dynax.math import rotations
from dynax.representation.contact_features import MAX_DISTANCE

BALL = """<mujoco><worldbody><geom type="plane" size="5 5 1"/><body pos="0 0 1"><freejoint/><geom size=".2"/></body>
</worldbody></mujoco>"""


def ball(tmp_path):
    (tmp_path / "ball.xml").write_text(BALL)
    return MLPDynamicsModel(env=MjcfEnv(xml=str(tmp_path / "ball.xml"))).representation.constraints.contacts


def state(height, velocity=(0.0, 0.0, 0.0)):
    return np.array([0, 0, height, 1, 0, 0, 0, *velocity, 0, 0, 0], float)


def test_a_ball_over_a_floor_has_one_slot(tmp_path):
    features = ball(tmp_path)
    np.testing.assert_allclose(features(state(0.25, (1, 2, 3))), [0.05, 0, 0, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(features(state(0.17, (1, 2, 3))), [-0.03, -0.03, 1, 1, 2, 3], atol=1e-12)
    np.testing.assert_allclose(features(state(9.0)), [MAX_DISTANCE, 0, 0, 0, 0, 0])


@pytest.mark.slow
def test_a_solid_has_distance_and_normal_before_contact():
    wall = '<geom type="box" size=".5 2 1" pos="2 0 1" euler="0 0 90"/>'
    env = MjcfEnv(xml="wall.xml", mjcf=BALL.replace("<body", wall + "<body", 1))
    features = MLPDynamicsModel(env=env, frame="world").representation.constraints.contacts
    assert features.with_nonplane.sum() == features.with_plane.sum() == 1
    south = state(1.0, (1, 2, 3))
    south[1] = -0.75  # the face of the wall is at y = -0.5
    sign = features(south)[13]
    assert abs(sign) == pytest.approx(1)
    np.testing.assert_allclose(features(south)[6:], [0.05, 0, 0, 0, 0, 0, 0, sign, 0], atol=1e-6)
    south[1] += 0.08
    into = features(south)[6:]
    np.testing.assert_allclose(into[[0, 1, 2, 6, 7, 8]], [-0.03, -0.03, 1, 0, sign, 0], atol=1e-6)
    np.testing.assert_allclose(np.abs(into[3:6]), [1, 2, 3], atol=1e-6)
    south[1] = -3
    np.testing.assert_allclose(features(south)[6:], [MAX_DISTANCE, *np.zeros(8)], atol=1e-6)


@pytest.mark.slow
def test_numpy_and_jax_agree(tmp_path):
    features = ball(tmp_path)
    states = np.stack([[state(z, (z, 1, -1)) for z in (0.1, 0.2, 0.3)]] * 2)
    np.testing.assert_allclose(features(jnp.asarray(states, jnp.float32)), features(states), atol=1e-6)


@pytest.mark.slow
def test_yaw_and_horizontal_position_change_no_contact_feature_of_a_quadruped(quadruped):
    features = MLPDynamicsModel(env=quadruped).representation.constraints.contacts
    rng = np.random.default_rng(0)
    states, yaw = quadruped.sample_states(rng, 8), rotations.exp(np.array([0, 0, 1.2]))
    states[:, 2] -= 0.02  # into the floor
    displaced = states.copy()
    displaced[:, :3] = rotations.rotate(rotations.matrix(yaw), states[:, None, :3])[:, 0] + [3, -2, 0]
    displaced[:, 3:7] = rotations.multiply(yaw, states[:, 3:7])
    displaced[:, 19:22] = rotations.rotate(rotations.matrix(yaw), states[:, None, 19:22])[:, 0]
    assert features(states)[:, 2].max() >= 0
    np.testing.assert_allclose(features(displaced), features(states), atol=1e-9)
