"""The estimate of the velocity at the start of a prediction."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynax.architectures import LagrangianDynamicsModel
from dynax.components.observer import VelocityObserver
from dynax.envs import PendulumEnv

H = 3


@pytest.fixture(scope="module")
def pendulum():
    return PendulumEnv()


def test_initial_weights_change_nothing(pendulum):
    observer = VelocityObserver(pendulum.space, H, 1)
    states = jnp.asarray(pendulum.sample_states(np.random.default_rng(0), H), jnp.float32)
    unit = jnp.ones(1)
    np.testing.assert_array_equal(observer(observer.init(), states, jnp.ones((H, 1)), unit, unit), states[-1])


def test_weights_can_replace_the_velocity_by_the_slope_of_the_positions(pendulum):
    """The correction is linear in the differences of positions and velocities to the last measurement."""
    observer, dt, unit = VelocityObserver(pendulum.space, H, 1), pendulum.space.dt, jnp.array([2.0])
    # Inputs of each earlier measurement: position, velocity, action. Slope over one interval, less half the change.
    weights = jnp.zeros((1, 3 * (H - 1))).at[0, 3].set(-1.0)
    states = jnp.array([[0.1, 0.0], [0.2, 0.0], [0.5, 0.0]])
    estimated = observer(weights, states, jnp.zeros((H, 1)), unit, jnp.ones(1))
    np.testing.assert_allclose(estimated, [0.5, 0.3 / dt], rtol=1e-5)


@pytest.mark.parametrize(
    ("history", "rows"), [(2, [0]), (10, list(range(9))), (11, [0, 2, 4, 6, 8]), (20, [1, 4, 7, 10, 13, 16])]
)
def test_a_long_history_is_read_at_larger_intervals(pendulum, history, rows):
    observer = VelocityObserver(pendulum.space, history, 1)
    assert observer.rows.tolist() == rows
    assert observer.init().shape == (1, 3 * len(rows))


@pytest.mark.slow
def test_a_rollout_estimates_the_velocity_once(pendulum):
    """It equals a rollout of the model without history from the estimated state."""
    rng = np.random.default_rng(0)
    model, plain = (LagrangianDynamicsModel(env=pendulum, history=h) for h in (H, 1))
    variables = model.create(jax.random.PRNGKey(0), model.identity_normalization())
    weights = 0.01 * rng.normal(size=variables["params"]["observer"].shape).astype(np.float32)
    variables["params"]["observer"] = jnp.asarray(weights)
    states = pendulum.sample_states(rng, 5 * H).reshape(5, H, -1).astype(np.float32)
    actions = rng.normal(size=(5, H - 1 + 20, 1)).astype(np.float32)
    path = model.rollout(states, actions, variables)
    ones = jnp.ones(1)
    first = jax.vmap(lambda s, a: model.observer(weights, s, a, ones, ones))(jnp.asarray(states), actions[:, :H])
    network = {"params": {"network": variables["params"]["network"]}, "normalization": variables["normalization"]}
    expected = plain.rollout(first, actions[:, H - 1 :], network)
    np.testing.assert_allclose(path[:, 1:], expected[:, 1:], atol=1e-5)
    np.testing.assert_array_equal(path[:, 0], states[:, -1])
    following = model.predict(variables, jnp.asarray(states), jnp.asarray(actions[:, :H]))
    np.testing.assert_allclose(path[:, 1], following, atol=1e-6)
