"""Coordinates: their units and limits, and how two states are subtracted and a change is added."""

import jax.numpy as jnp
import mujoco
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dynax.state_space import StateSpace

ANGLES = st.floats(-100, 100)
TURNS = st.integers(-5, 5)


def space_of(xml):
    return StateSpace.of(mujoco.MjModel.from_xml_string(xml))


def joints(*each):
    """The coordinates of a chain of bodies with one joint each."""
    bodies = "".join(f'<body><joint {joint}/><geom size=".1"/>' for joint in each)
    return space_of(f"<mujoco><worldbody>{bodies}{'</body>' * len(each)}</worldbody></mujoco>")


CART = joints('name="x" type="slide" axis="1 0 0"', 'name="angle" axis="0 1 0"')
ELBOW = joints('range="-170 170" axis="0 1 0"')


def test_units_and_names_follow_the_joints(cart_pole):
    assert cart_pole.space.units == ("m", "rad", "m/s", "rad/s")
    assert cart_pole.space.labels == ("slide", "hinge", "slide velocity", "hinge velocity")


def test_a_joint_without_a_name_is_called_by_its_number():
    assert joints("", "").joints == ("joint0", "joint1")


def test_limits_are_those_of_the_mjcf(cart_pole):
    space = cart_pole.space
    assert space.limited.tolist() == [True, False]
    assert (space.lower[0], space.upper[0]) == (-1.8, 1.8)


def test_only_unlimited_hinges_wrap():
    space = joints('type="slide"', "", 'range="-90 90"', 'type="slide" range="-1 1"')
    assert space.wrapped.tolist() == [False, True, False, False]


def test_the_control_step_is_so_many_physics_steps():
    model = mujoco.MjModel.from_xml_string(
        '<mujoco><option timestep=".02"/><worldbody><body><joint/><geom size=".1"/></body></worldbody></mujoco>'
    )
    assert (StateSpace.of(model).dt, StateSpace.of(model, 5).dt) == (0.02, 0.1)


def test_dimensions_count_positions_and_velocities(env):
    assert env.space.dim == env.mj_model.nq + env.mj_model.nv == 2 * env.space.nv


def test_the_shorter_way_round_is_the_difference_of_two_angles():
    start, end = np.array([0.0, 3.1, 0.0, 0.0]), np.array([0.0, -3.1, 0.0, 0.0])
    np.testing.assert_allclose(CART.difference(start, end), [0, 2 * np.pi - 6.2, 0, 0], atol=1e-14)


def test_a_limited_hinge_does_not_go_the_other_way_round():
    assert ELBOW.difference(np.array([2.9, 0]), np.array([-2.9, 0])).tolist() == [-5.8, 0]


def test_lengths_and_velocities_do_not_wrap():
    start, end = np.array([-4.0, 0.0, -9.0, -9.0]), np.array([4.0, 0.0, 9.0, 9.0])
    assert CART.difference(start, end).tolist() == [8, 0, 18, 18]


@given(ANGLES, TURNS)
def test_whole_turns_make_no_difference(angle, turns):
    start, end = np.array([1.0, angle, 2.0, 3.0]), np.array([1.0, angle + 2 * np.pi * turns, 2.0, 3.0])
    assert np.abs(CART.difference(start, end)).max() < 1e-12


@given(ANGLES, ANGLES)
def test_a_difference_is_at_most_half_a_turn(one, other):
    assert np.abs(CART.difference(np.array([0, one, 0, 0]), np.array([0, other, 0, 0]))).max() <= np.pi


@given(*[st.tuples(*[ANGLES] * 4)] * 2)
def test_the_way_back_is_the_negative_of_the_way_there(one, other):
    one, other = np.array(one), np.array(other)
    there, back = CART.difference(one, other), CART.difference(other, one)
    both = there + back
    both[1] = np.sin(both[1] / 2)  # half a turn is the negative of itself
    assert np.abs(both).max() < 1e-12


@given(*[st.tuples(*[ANGLES] * 4)] * 2)
def test_the_end_is_the_start_and_the_difference_up_to_whole_turns(start, end):
    start, end = np.array(start), np.array(end)
    off = start + CART.difference(start, end) - end
    off[1] = np.sin(off[1] / 2)
    assert np.abs(off).max() < 1e-12


def test_differences_take_any_leading_axes():
    states = np.random.default_rng(0).normal(size=(2, 3, 5, 4)) * 9
    one_by_one = [CART.difference(*pair) for pair in zip(*states.reshape(2, -1, 4), strict=True)]
    assert np.array_equal(CART.difference(*states).reshape(-1, 4), one_by_one)


def test_numpy_and_jax_agree_on_differences_and_each_gives_its_own_kind():
    start, end = np.random.default_rng(0).uniform(-9, 9, (2, 100, 4)).astype(np.float32)
    by_jax = CART.difference(jnp.asarray(start), jnp.asarray(end))
    assert isinstance(by_jax, jnp.ndarray)
    np.testing.assert_allclose(by_jax, CART.difference(start, end), atol=2e-6)


def test_beyond_is_positive_past_a_stop_alone(cart_pole):
    lower, upper = cart_pole.space.beyond(np.array([[1.9, 0, 0, 0], [0, 0, 0, 0], [-2.0, 0, 0, 0]]))
    np.testing.assert_allclose(lower[:, 0], [-3.7, -1.8, 0.2])
    np.testing.assert_allclose(upper[:, 0], [0.1, -1.8, -3.8])
