"""Features of joint limits."""

import mujoco
import numpy as np
import pytest

from dynax.architectures import MLPDynamicsModel
from dynax.envs.state_space import StateSpace
from dynax.representation.limit_features import LimitFeatures

SPACE = StateSpace.of(
    mujoco.MjModel.from_xml_string(
        """<mujoco><compiler angle="radian"/><worldbody>
        <body><joint name="x" type="slide" range="-1.8 1.8"/><geom size=".1"/>
        <body><joint name="free" axis="0 1 0"/><geom size=".1"/>
        <body><joint name="elbow" axis="0 1 0" range="-1 1"/><geom size=".1"/></body></body></body>
        </worldbody></mujoco>"""
    )
)


def features(*state):
    """The features as an array (limits, features of a limit, joints)."""
    return LimitFeatures(SPACE)(np.array(state, float)).reshape(2, 3, 2)


def test_they_are_zero_within_the_range():
    assert not features(1.79, 50, -0.99, 3, 3, 3).any()


def test_beyond_an_upper_limit_they_are_depth_flag_and_velocity():
    values = features(2.0, 0, 0, 3, 4, 5)
    np.testing.assert_allclose(values[1, :, 0], [0.2, 1, 3])
    assert np.count_nonzero(values) == 3


def test_beyond_a_lower_limit_they_are_depth_flag_and_velocity():
    values = features(0, 0, -1.25, 3, 4, -5)
    np.testing.assert_allclose(values[0, :, 1], [0.25, 1, -5])
    assert np.count_nonzero(values) == 3


@pytest.mark.parametrize(("position", "depth"), [(0.7, 0.0), (0.9, 0.1), (1.1, 0.3)])
def test_a_limit_is_active_a_margin_before_the_end_of_the_range(position, depth):
    soft = StateSpace.of(
        mujoco.MjModel.from_xml_string(
            """<mujoco><worldbody><body><joint name="x" type="slide" range="-1 1" margin=".2"/><geom size=".1"/></body>
            </worldbody></mujoco>"""
        )
    )
    expected = [0, 0, 0, depth, depth > 0, 2 * (depth > 0)]
    np.testing.assert_allclose(LimitFeatures(soft)(np.array([position, 2.0])), expected)


def test_moving_the_cart_within_its_rail_changes_no_feature(cart_pole):
    model = MLPDynamicsModel(env=cart_pole)
    states = np.random.default_rng(0).uniform(-1, 1, (20, 4))
    assert np.array_equal(model.features(states), model.features(states + np.array([0.7, 0, 0, 0])))


def test_moving_the_cart_beyond_its_limit_changes_features(cart_pole):
    model = MLPDynamicsModel(env=cart_pole)
    assert not np.array_equal(model.features(np.array([1.79, 0, 0, 0])), model.features(np.array([1.81, 0, 0, 0])))


@pytest.mark.parametrize(
    ("options", "depends"),
    [({"constraints": "features"}, False), ({"constraints": "none"}, True), ({"drop_invariant": False}, True)],
)
def test_an_invariant_position_is_a_feature_if_nothing_else_predicts_its_limit(cart_pole, options, depends):
    model = MLPDynamicsModel(env=cart_pole, **options)
    differ = not np.array_equal(model.features(np.array([0.5, 0, 0, 0])), model.features(np.zeros(4)))
    assert differ == depends
