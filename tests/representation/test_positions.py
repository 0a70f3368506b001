"""Position features: angles on the circle, and no feature of a dropped position."""

import mujoco
import numpy as np
import pytest

from dynax.architectures import MLPDynamicsModel
from dynax.envs.state_space import StateSpace
from dynax.representation.frames import WorldFrame
from dynax.representation.positions import PositionFeatures

# A slide with limits, a hinge without limits, and a hinge with limits.
SPACE = StateSpace.of(
    mujoco.MjModel.from_xml_string(
        """<mujoco><compiler angle="radian"/><option timestep=".01"/><worldbody>
        <body><joint name="x" type="slide" range="-1.8 1.8"/><geom size=".1"/>
        <body><joint name="free" axis="0 1 0"/><geom size=".1"/>
        <body><joint name="elbow" axis="0 1 0" range="-1 1"/><geom size=".1"/></body></body></body>
        </worldbody></mujoco>"""
    )
)
NONE, CART = np.zeros(3, bool), np.array([True, False, False])


def features(state, angles, dropped=NONE):
    return PositionFeatures.of(SPACE, angles, dropped, WorldFrame(3))(state)


def state(x=0.0, free=0.0, elbow=0.0):
    return np.array([x, free, elbow, 0.0, 0.0, 0.0])


def test_raw_positions_are_copied():
    assert features(state(1, 20, 0.5), "raw").tolist() == [1, 20, 0.5]


def test_sincos_encodes_hinges_on_the_circle_and_also_copies_limited_ones():
    expected = [1, 0.5, np.sin(20), np.sin(0.5), np.cos(20), np.cos(0.5)]
    np.testing.assert_allclose(features(state(1, 20, 0.5), "sincos"), expected)


@pytest.mark.parametrize(("angles", "size"), [("raw", 2), ("sincos", 5)])
def test_a_dropped_position_is_no_feature(angles, size):
    pair = [features(state(x, 20, 0.5), angles, CART) for x in (0, 1)]
    assert pair[0].shape == (size,)
    assert np.array_equal(*pair)


def test_whole_turns_change_no_feature(env):
    model = MLPDynamicsModel(env=env)
    states = env.sample_states(np.random.default_rng(0), 20)
    shifted = states + 2 * np.pi * 3 * np.r_[env.space.wrapped, np.zeros(env.space.nv, bool)]
    np.testing.assert_allclose(model.features(shifted), model.features(states), atol=1e-13)
