"""The coordinates of a state: units and limits, differences, and additions."""

import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dynax.envs import MjcfEnv
from dynax.envs.state_space import StateSpace
from dynax.representation.representation import Representation

ANGLES = st.floats(-100, 100)
TURNS = st.integers(-5, 5)


def space_of(xml):
    return StateSpace.of(mujoco.MjModel.from_xml_string(xml))


def joints(*each):
    """Return the coordinates of a chain of bodies with one joint each."""
    bodies = "".join(f'<body><joint {joint}/><geom size=".1"/>' for joint in each)
    return space_of(f"<mujoco><worldbody>{bodies}{'</body>' * len(each)}</worldbody></mujoco>")


CART = joints('name="x" type="slide" axis="1 0 0"', 'name="angle" axis="0 1 0"')
ELBOW = joints('range="-170 170" axis="0 1 0"')


def test_units_and_names_are_those_of_the_joints(cart_pole):
    assert cart_pole.space.units == ("m", "rad", "m/s", "rad/s")
    assert cart_pole.space.labels == ("slide", "hinge", "slide velocity", "hinge velocity")


def test_a_joint_without_a_name_is_named_by_its_number():
    assert joints("", "").joints == ("joint0", "joint1")


def test_limits_are_those_of_the_mjcf(cart_pole):
    space = cart_pole.space
    assert space.limited.tolist() == [True, False]
    assert (space.lower[0], space.upper[0]) == (-1.8, 1.8)


@pytest.mark.parametrize(
    ("joint", "rest", "wraps"),
    [
        ("", "", True),
        ("", '<actuator><velocity joint="a" kv="1"/></actuator>', True),
        ('stiffness="1"', "", False),
        ("", '<actuator><position joint="a" kp="1"/></actuator>', False),
        ("", '<equality><joint joint1="a"/></equality>', False),
        ("", '<tendon><fixed><joint joint="a" coef="1"/></fixed></tendon>', False),
    ],
)
def test_a_hinge_with_a_position_dependent_force_does_not_wrap(joint, rest, wraps):
    xml = f'<mujoco><worldbody><body><joint name="a" {joint}/><geom size=".1"/></body></worldbody>{rest}</mujoco>'
    env = MjcfEnv(xml="toy.xml", mjcf=xml)
    assert env.space.wrapped.tolist() == [wraps]
    sight = Representation.of(env, "sincos", "acceleration", "none", True, "world")
    assert sight.sizes[0] == (2 if wraps else 3)


def test_only_unlimited_hinges_wrap():
    space = joints('type="slide"', "", 'range="-90 90"', 'type="slide" range="-1 1"')
    assert space.wrapped.tolist() == [False, True, False, False]


def test_the_control_step_consists_of_physics_steps():
    model = mujoco.MjModel.from_xml_string(
        '<mujoco><option timestep=".02"/><worldbody><body><joint/><geom size=".1"/></body></worldbody></mujoco>'
    )
    assert (StateSpace.of(model).dt, StateSpace.of(model, 5).dt) == (0.02, 0.1)


def test_dimensions_count_positions_and_velocities(env):
    assert env.space.dim == env.mj_model.nq + env.mj_model.nv == 2 * env.space.nv


def test_the_difference_of_two_angles_is_the_shorter_rotation():
    start, end = np.array([0.0, 3.1, 0.0, 0.0]), np.array([0.0, -3.1, 0.0, 0.0])
    np.testing.assert_allclose(CART.difference(start, end), [0, 2 * np.pi - 6.2, 0, 0], atol=1e-14)


def test_the_difference_of_a_limited_hinge_is_not_wrapped():
    assert ELBOW.difference(np.array([2.9, 0]), np.array([-2.9, 0])).tolist() == [-5.8, 0]


def test_lengths_and_velocities_do_not_wrap():
    start, end = np.array([-4.0, 0.0, -9.0, -9.0]), np.array([4.0, 0.0, 9.0, 9.0])
    assert CART.difference(start, end).tolist() == [8, 0, 18, 18]


@given(ANGLES, TURNS)
def test_full_rotations_have_no_difference(angle, rotations):
    start, end = np.array([1.0, angle, 2.0, 3.0]), np.array([1.0, angle + 2 * np.pi * rotations, 2.0, 3.0])
    assert np.abs(CART.difference(start, end)).max() < 1e-12


@given(ANGLES, ANGLES)
def test_a_difference_of_angles_is_at_most_pi(one, other):
    assert np.abs(CART.difference(np.array([0, one, 0, 0]), np.array([0, other, 0, 0]))).max() <= np.pi


@given(*[st.tuples(*[ANGLES] * 4)] * 2)
def test_the_difference_changes_its_sign_with_the_order(one, other):
    one, other = np.array(one), np.array(other)
    there, back = CART.difference(one, other), CART.difference(other, one)
    both = there + back
    both[1] = np.sin(both[1] / 2)  # half a turn is the negative of itself
    assert np.abs(both).max() < 1e-12


@given(*[st.tuples(*[ANGLES] * 4)] * 2)
def test_the_end_is_the_start_plus_the_difference_modulo_full_rotations(start, end):
    start, end = np.array(start), np.array(end)
    off = start + CART.difference(start, end) - end
    off[1] = np.sin(off[1] / 2)
    assert np.abs(off).max() < 1e-12


def test_differences_accept_any_leading_axes():
    states = np.random.default_rng(0).normal(size=(2, 3, 5, 4)) * 9
    one_by_one = [CART.difference(*pair) for pair in zip(*states.reshape(2, -1, 4), strict=True)]
    assert np.array_equal(CART.difference(*states).reshape(-1, 4), one_by_one)


def test_numpy_and_jax_give_equal_differences_of_their_own_type():
    start, end = np.random.default_rng(0).uniform(-9, 9, (2, 100, 4)).astype(np.float32)
    by_jax = CART.difference(jnp.asarray(start), jnp.asarray(end))
    assert isinstance(by_jax, jnp.ndarray)
    np.testing.assert_allclose(by_jax, CART.difference(start, end), atol=2e-6)


def test_beyond_is_positive_only_past_a_joint_limit(cart_pole):
    lower, upper = cart_pole.space.beyond(np.array([[1.9, 0, 0, 0], [0, 0, 0, 0], [-2.0, 0, 0, 0]]))
    np.testing.assert_allclose(lower[:, 0], [-3.7, -1.8, 0.2])
    np.testing.assert_allclose(upper[:, 0], [0.1, -1.8, -3.8])


EVERY = mujoco.MjModel.from_xml_string(
    """<mujoco><worldbody>
    <body><joint name="rail" type="slide"/><joint name="turn" axis="0 0 1"/><geom size=".1"/>
      <body pos="1 0 0"><joint name="shoulder" type="ball"/><geom size=".1"/>
        <body pos="1 0 0"><joint name="elbow" axis="0 1 0" range="-90 90"/><geom size=".1"/></body></body></body>
    <body><freejoint name="box"/><geom size=".1"/></body>
    <body><joint name="last" type="slide"/><geom size=".1"/></body>
    </worldbody><actuator><intvelocity joint="rail" actrange="-1 1"/></actuator></mujoco>"""
)
SPACE = StateSpace.of(EVERY)
CHANGES = hnp.arrays(np.float64, SPACE.tangent_dim, elements=st.floats(-1.7, 1.7))  # no rotation of half a turn


def somewhere(rng, n=1):
    """Return random states (n, S) of a robot with a joint of every type."""
    return SPACE.add(np.tile(SPACE.default_state, (n, 1)), rng.normal(size=(n, SPACE.tangent_dim)))


def test_a_state_consists_of_positions_velocities_and_activations():
    assert (SPACE.nq, SPACE.nv, SPACE.na) == (EVERY.nq, EVERY.nv, EVERY.na) == (15, 13, 1)
    assert (SPACE.dim, SPACE.tangent_dim) == (29, 27)
    state = np.arange(29.0)
    parts = SPACE.qpos(state), SPACE.qvel(state), SPACE.act(state)
    assert np.array_equal(np.concatenate(parts), state)
    assert [len(part) for part in parts] == [15, 13, 1]


def test_degrees_of_freedom_are_named_after_their_joint_and_axis():
    assert SPACE.joints == ("rail", "turn", "shoulder", "elbow", "box", "last")
    assert SPACE.names[:6] == ("rail", "turn", "shoulder rx", "shoulder ry", "shoulder rz", "elbow")
    assert SPACE.names[6:] == (*(f"box {axis}" for axis in ("x", "y", "z", "rx", "ry", "rz")), "last")
    assert len(SPACE.labels) == len(SPACE.units) == SPACE.tangent_dim
    assert SPACE.units[:13] == ("m", *["rad"] * 5, *["m"] * 3, *["rad"] * 3, "m")
    assert (SPACE.units[13], SPACE.units[-1], SPACE.labels[-1]) == ("m/s", "1", "activation 0")


@given(st.integers(0, 1000))
def test_a_difference_equals_that_of_mujoco_modulo_full_rotations_of_hinges(seed):
    start, end = somewhere(np.random.default_rng(seed), 2)
    wanted = np.zeros(EVERY.nv)
    mujoco.mj_differentiatePos(EVERY, wanted, 1.0, start[:15], end[:15])
    found = SPACE.difference(start, end)
    off = found[:13] - wanted
    np.testing.assert_allclose(np.where(SPACE.wrapped, np.sin(off / 2), off), 0, atol=1e-12)
    assert np.array_equal(found[13:], (end - start)[15:])


@given(CHANGES, st.integers(0, 1000))
def test_addition_equals_the_integration_of_mujoco(change, seed):
    [start] = somewhere(np.random.default_rng(seed))
    wanted = start[:15].copy()
    mujoco.mj_integratePos(EVERY, wanted, change[:13], 1.0)
    found = SPACE.add(start, change)
    np.testing.assert_allclose(found[:15], wanted, atol=1e-12)
    np.testing.assert_allclose(found[15:], start[15:] + change[13:], atol=1e-15)


@given(CHANGES, st.integers(0, 1000))
def test_the_difference_is_the_change_that_was_added(change, seed):
    [start] = somewhere(np.random.default_rng(seed))
    np.testing.assert_allclose(SPACE.difference(start, SPACE.add(start, change)), change, atol=1e-12)


@given(st.integers(0, 1000))
def test_the_start_plus_the_difference_is_the_end(seed):
    start, end = somewhere(np.random.default_rng(seed), 2)
    again = SPACE.add(start, SPACE.difference(start, end))
    np.testing.assert_allclose(SPACE.difference(again, end), 0, atol=1e-12)


def test_quaternions_keep_unit_length_over_many_additions():
    rng = np.random.default_rng(0)
    [state] = somewhere(rng).astype(np.float32)
    for change in rng.normal(size=(1000, SPACE.tangent_dim)).astype(np.float32):
        state = SPACE.add(state, change)
    assert state.dtype == np.float32
    for q, _, is_orientation in SPACE.blocks:
        if is_orientation:
            np.testing.assert_allclose(np.linalg.norm(state[q]), 1, atol=1e-6)


@pytest.mark.slow
def test_numpy_and_jax_are_equal_for_every_joint():
    rng = np.random.default_rng(0)
    start, end = somewhere(rng, 100).astype(np.float32), somewhere(rng, 100).astype(np.float32)
    change = SPACE.difference(start, end)
    by_jax = SPACE.difference(jnp.asarray(start), jnp.asarray(end))
    assert change.dtype == by_jax.dtype == np.float32
    np.testing.assert_allclose(by_jax, change, atol=1e-5)
    moved = SPACE.add(jnp.asarray(start), jnp.asarray(change))
    assert isinstance(moved, jnp.ndarray)
    np.testing.assert_allclose(moved, SPACE.add(start, change), atol=1e-5)
    np.testing.assert_allclose(SPACE.positions(jnp.asarray(start)), SPACE.positions(start), atol=1e-5)


def test_the_position_of_an_orientation_is_the_rotation_vector_from_home():
    change = np.zeros(SPACE.tangent_dim)
    change[:13] = np.linspace(-1, 1, 13)
    moved = SPACE.add(SPACE.default_state, change)
    found = SPACE.positions(moved)
    turning = [block.v for block in SPACE.blocks if block.is_orientation]
    assert len(turning) == 2
    for v in turning:
        np.testing.assert_allclose(found[v], change[v], atol=1e-14)
    straight = [block for block in SPACE.blocks if not block.is_orientation]
    for q, v, _ in straight:
        assert np.array_equal(found[v], moved[q])
