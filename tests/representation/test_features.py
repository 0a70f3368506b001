"""What a network sees: angles on the circle, stops only when touched, and nothing of a place that does not matter."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dynax.architectures import MLPDynamicsModel
from dynax.envs.state_space import StateSpace
from dynax.mechanics.collision.contacts import Contacts
from dynax.representation import features

# A slide with stops, a free hinge, and a hinge with stops.
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


def state(x=0.0, free=0.0, elbow=0.0, *velocity):
    return np.array([x, free, elbow, *(velocity or (0.0, 0.0, 0.0))])


def test_raw_positions_are_as_they_are():
    assert features.positions(SPACE, state(1, 20, 0.5), "raw", NONE).tolist() == [1, 20, 0.5]


def test_sincos_puts_hinges_on_the_circle_and_keeps_the_angle_of_a_limited_one():
    seen = features.positions(SPACE, state(1, 20, 0.5), "sincos", NONE)
    np.testing.assert_allclose(seen, [1, 0.5, np.sin(20), np.sin(0.5), np.cos(20), np.cos(0.5)])


@pytest.mark.parametrize(("angles", "number"), [("raw", 2), ("sincos", 5)])
def test_a_dropped_position_is_not_seen(angles, number):
    seen = [features.positions(SPACE, state(x, 20, 0.5), angles, CART) for x in (0, 1)]
    assert seen[0].shape == (number,)
    assert np.array_equal(*seen)


def test_stops_are_silent_inside_the_range():
    assert not features.stops(SPACE, state(1.79, 50, -0.99, 3, 3, 3)).any()


def test_past_an_upper_stop_are_depth_flag_and_velocity():
    seen = features.stops(SPACE, state(2.0, 0, 0, 3, 4, 5)).reshape(2, 3, 2)  # end, figure, joint
    np.testing.assert_allclose(seen[1, :, 0], [0.2, 1, 3])
    assert np.count_nonzero(seen) == 3


def test_past_a_lower_stop_are_depth_flag_and_velocity():
    seen = features.stops(SPACE, state(0, 0, -1.25, 3, 4, -5)).reshape(2, 3, 2)
    np.testing.assert_allclose(seen[0, :, 1], [0.25, 1, -5])
    assert np.count_nonzero(seen) == 3


def test_moving_the_cart_inside_its_rail_changes_no_feature(cart_pole):
    model = MLPDynamicsModel(env=cart_pole)
    states = np.random.default_rng(0).uniform(-1, 1, (20, 4))
    moved = states + np.array([0.7, 0, 0, 0])
    assert np.array_equal(model.features(states), model.features(moved))


def test_moving_the_cart_past_its_stop_changes_the_features(cart_pole):
    model = MLPDynamicsModel(env=cart_pole)
    assert not np.array_equal(model.features(np.array([1.79, 0, 0, 0])), model.features(np.array([1.81, 0, 0, 0])))


def test_whole_turns_change_no_feature(env):
    model = MLPDynamicsModel(env=env)
    states = env.sample_states(np.random.default_rng(0), 20)
    turned = states + 2 * np.pi * 3 * np.r_[env.space.wrapped, np.zeros(env.space.nv, bool)]
    np.testing.assert_allclose(model.features(turned), model.features(states), atol=1e-13)


def test_a_position_whose_stop_is_not_seen_otherwise_is_not_dropped(cart_pole):
    def sees_the_cart(**options):
        model = MLPDynamicsModel(env=cart_pole, **options)
        return not np.array_equal(model.features(np.array([0.5, 0, 0, 0])), model.features(np.zeros(4)))

    assert not sees_the_cart(constraints="features")
    assert sees_the_cart(constraints="none")
    assert sees_the_cart(drop_invariant=False)


def integrate(now, target, kind, exact):
    """The state after `now` under a target."""
    return SPACE.add(now, features.tangent(SPACE, now, target, kind, exact))


def test_velocity_is_integrated_semi_implicitly():
    following = integrate(state(1, 2, 3, 10, 20, 30), np.array([1.0, -2.0, 0.0]), "acceleration", True)
    np.testing.assert_allclose(following, [1.11, 2.18, 3.3, 11, 18, 30], rtol=1e-15)


def test_what_another_integrator_does_to_the_position_stands_before_the_velocity_change():
    change = np.array([0.5, 0.0, -0.5, 1.0, -2.0, 0.0])
    following = integrate(state(1, 2, 3, 10, 20, 30), change, "acceleration", False)
    np.testing.assert_allclose(following, [1.61, 2.18, 2.8, 11, 18, 30], rtol=1e-15)


STATES = hnp.arrays(np.float64, (2, 6), elements=st.floats(-50, 50))
KINDS = pytest.mark.parametrize(
    ("kind", "exact", "dim"),
    [("delta", True, 6), ("delta", False, 6), ("acceleration", True, 3), ("acceleration", False, 6)],
)


@KINDS
@given(states=STATES)
def test_to_integrate_undoes_to_take_the_target(kind, exact, dim, states):
    """Up to whole turns; between states that follow each other by the rule, where the rule is all there is."""
    now, following = states
    if kind == "acceleration" and exact:
        following[:3] = now[:3] + SPACE.dt * following[3:]
    change = features.targets(SPACE, now, following, kind, exact)
    assert change.shape == (dim,)
    again = integrate(now, change, kind, exact)
    np.testing.assert_allclose(SPACE.difference(following, again), 0, atol=1e-12)


@KINDS
@given(states=STATES)
def test_to_take_the_target_undoes_to_integrate(kind, exact, dim, states):
    now, change = states[0], states[1, :dim] / 50  # less than half a turn
    again = features.targets(SPACE, now, integrate(now, change, kind, exact), kind, exact)
    np.testing.assert_allclose(again, change, atol=1e-12)


def test_numpy_and_jax_agree(every_robot):
    touches = Contacts.of(every_robot.mj_model) is not None  # a contact may be one in only one of two precisions
    model = MLPDynamicsModel(env=every_robot, constraints="none" if touches else "features")
    states = 1.5 * every_robot.sample_states(np.random.default_rng(0), 200).astype(np.float32)  # some past their stops
    by_jax = jax.jit(model.features)(jnp.asarray(states))
    assert isinstance(by_jax, jnp.ndarray)
    np.testing.assert_allclose(by_jax, model.features(states), atol=2e-6)


@pytest.mark.slow
def test_leading_axes_and_float64_are_kept(every_robot):
    model = MLPDynamicsModel(env=every_robot)
    states = every_robot.sample_states(np.random.default_rng(0), 6).reshape(2, 3, -1)
    features = model.features(states)
    assert features.shape == (2, 3, model.feature_dim)
    assert features.dtype == np.float64


def test_a_stop_begins_to_act_a_margin_before_its_end():
    soft = StateSpace.of(
        mujoco.MjModel.from_xml_string(
            """<mujoco><worldbody><body><joint name="x" type="slide" range="-1 1" margin=".2"/><geom size=".1"/></body>
            </worldbody></mujoco>"""
        )
    )
    for place, depth in ((0.7, 0.0), (0.9, 0.1), (1.1, 0.3)):
        np.testing.assert_allclose(
            features.stops(soft, np.array([place, 2.0])), [0, 0, 0, depth, depth > 0, 2 * (depth > 0)]
        )
