"""The integrators, in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynax.envs import MjcfEnv
from dynax.math import rotations
from dynax.mechanics.integration import ControlStep

SLIDER = '<body><joint type="slide"/><geom size=".1"/></body>'
BODY = '<body><freejoint/><geom size=".1"/></body>'


def space_of(body):
    return MjcfEnv(xml="toy.xml", mjcf=f"<mujoco><worldbody>{body}</worldbody></mujoco>").space


def after(step, velocity_change, state, steps=1):
    with jax.enable_x64(True):
        change = jax.jit(lambda state: step(velocity_change, state))
        for _ in range(steps):
            state = step.space.add(state, np.asarray(change(state)))
    return state


def test_semi_implicit_steps_move_the_position_by_the_new_velocity():
    """Under a constant acceleration a, q = h^2 a n (n + 1) / 2 after n steps."""
    step = ControlStep(space_of(SLIDER), 0.01, 4, runge_kutta=False)
    state = after(step, lambda state: jnp.full(1, 0.01 * 3.0), np.array([1.0, 2.0]))
    np.testing.assert_allclose(state, [1 + 0.04 * 2 + 1e-4 * 3 * 10, 2 + 0.04 * 3], rtol=1e-14)


@pytest.mark.parametrize("count", [1, 3])
def test_runge_kutta_is_the_fourth_order_taylor_series_of_an_oscillator(count):
    h = 0.3
    step = ControlStep(space_of(SLIDER), h, count, runge_kutta=True)
    state = after(step, lambda state: -h * state[:1], np.array([1.0, 0.5]))
    rate = h * np.array([[0.0, 1.0], [-1.0, 0.0]])
    series = sum(np.linalg.matrix_power(rate, k) / factor for k, factor in enumerate((1, 1, 2, 6, 24)))
    np.testing.assert_allclose(state, np.linalg.matrix_power(series, count) @ [1.0, 0.5], rtol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("runge_kutta", [False, True])
def test_a_constant_angular_velocity_turns_an_orientation_by_its_integral(runge_kutta):
    spin, axis = np.array([3.0, -2.0, 1.0]), rotations.exp(np.array([0.4, 0.2, -0.3]))
    step = ControlStep(space_of(BODY), 0.02, 5, runge_kutta)
    state = after(step, lambda state: jnp.zeros(6), np.r_[0.0, 0, 0, axis, 1.0, 0, 0, spin], steps=3)
    np.testing.assert_allclose(state[:3], [0.3, 0, 0], rtol=1e-13)
    np.testing.assert_allclose(state[3:7], rotations.multiply(axis, rotations.exp(0.3 * spin)), rtol=1e-13)


def test_evaluations_are_those_of_the_physics_steps():
    step = ControlStep(space_of(SLIDER), 0.1, 2, runge_kutta=True)
    with jax.enable_x64(True):
        change, evaluations = step.evaluated(lambda state: -0.1 * state[:1], jnp.array([1.0, 0.0]))
    states, changes = np.asarray(evaluations.states), np.asarray(evaluations.changes)
    assert states.shape == (8, 2)
    np.testing.assert_allclose(states[:2], [[1, 0], [1, -0.05]], rtol=1e-14)
    np.testing.assert_array_equal(changes, -0.1 * states[:, :1])
    np.testing.assert_allclose(2 * step.weights @ changes[:, 0], change[1], rtol=1e-14)
    assert step.times.tolist() == [0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1]


def test_two_changes_of_a_state_have_the_effect_of_their_composition():
    space = space_of(BODY + '<body pos="2 0 0"><joint axis="0 1 0"/><geom size=".1"/></body>')
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 100, space.tangent_dim))
    one_by_one = space.add(space.add(space.default_state, first), second)
    composed = space.add(space.default_state, space.compose(first, second))
    np.testing.assert_allclose(space.difference(composed, one_by_one), 0, atol=1e-12)
    tiny = np.float32(1e-9 * first)  # smaller than the rounding of an angle
    np.testing.assert_allclose(space.compose(tiny, tiny), 2 * tiny, rtol=1e-5)
