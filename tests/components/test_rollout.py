"""Open-loop prediction."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from small_models import MyModel, Still, skewed, unit

from dynax.base import BaseDynamicsModel
from dynax.components import rollout
from dynax.envs.mjcf import MjcfEnv
from dynax.errors import UserError


class Digits(BaseDynamicsModel):
    """Every coordinate moves by a number whose digits are the actions of the history, the newest last."""

    sequence: ClassVar[bool] = False

    @nn.compact
    def __call__(self, states, actions, training=False):
        one = self.param("one", nn.initializers.ones, ())
        return one * jnp.full(self.target_dim, jnp.sum(actions[:, 0] * 10.0 ** jnp.arange(self.history)[::-1]))


class SequenceDigits(Digits):
    """The same at every position of the history."""

    sequence: ClassVar[bool] = True

    @nn.compact
    def __call__(self, states, actions, training=False):
        number = self.param("one", nn.initializers.zeros, ())
        numbers = []
        for action in actions[:, 0]:
            number = 10 * number + action
            numbers.append(jnp.full(self.target_dim, number))
        return jnp.stack(numbers)


@pytest.mark.slow
@pytest.mark.parametrize("history", [1, 3])
def test_rollout_starts_at_the_given_state(cart_pole, history):
    model = MyModel(env=cart_pole, history=history)
    states = np.random.default_rng(0).normal(size=(5, history, 4)).astype(np.float32)
    path = model.rollout(states, np.zeros((5, history + 6, 1)), unit(model))
    assert path.shape == (5, 8, 4)
    assert np.array_equal(path[:, 0], states[:, -1])


def test_without_a_history_states_may_come_with_or_without_its_axis(cart_pole):
    model = MyModel(env=cart_pole)
    states, actions = np.random.default_rng(0).normal(size=(5, 4)), np.ones((5, 3, 1))
    variables = unit(model)
    assert np.array_equal(model.rollout(states, actions, variables), model.rollout(states[:, None], actions, variables))


def test_rollouts_of_numpy_and_jax_arrays_are_equal(cart_pole):
    model = MyModel(env=cart_pole)
    states, actions = np.random.default_rng(0).normal(size=(5, 4)), np.ones((5, 3, 1))
    variables = unit(model)
    by_jax = model.rollout(jnp.asarray(states), jnp.asarray(actions), variables)
    assert np.array_equal(model.rollout(states, actions, variables), by_jax)


@pytest.mark.parametrize("network", [Digits, SequenceDigits])
def test_each_step_reads_the_actions_of_its_own_history(cart_pole, network):
    model = network(env=cart_pole, history=3)
    actions = np.array([1, 2, 3, 4, 5, 6.0]).reshape(1, 6, 1)  # the first two belong to the first two states
    path = model.rollout(np.zeros((1, 3, 4)), actions, unit(model))
    assert path.shape == (1, 5, 4)
    assert np.diff(path[0, :, 0]).tolist() == [123, 234, 345, 456]


@pytest.mark.parametrize("target", ["delta", "acceleration"])
def test_rollout_is_the_plain_loop(cart_pole, target):
    class Net(BaseDynamicsModel):
        @nn.compact
        def __call__(self, states, actions, training=False):
            return nn.Dense(self.target_dim)(
                jnp.tanh(nn.Dense(8)(jnp.concatenate([states.flatten(), actions.flatten()])))
            )

    model = Net(env=cart_pole, history=3, target=target, angles="sincos")
    variables = skewed(model)
    rng = np.random.default_rng(0)
    states, actions = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 7, 1))
    expected = [plain_rollout(model, variables, s, a) for s, a in zip(states, actions, strict=True)]
    np.testing.assert_allclose(model.rollout(states, actions, variables), expected, rtol=1e-4, atol=1e-4)


def plain_rollout(model, variables, states, actions):
    """Return one trajectory, computed step by step as the documentation describes."""
    norm, states, network = variables["normalization"], list(states), jax.jit(model.apply)
    for t in range(len(actions) - model.history + 1):
        features = (model.features(np.array(states[t:])) - norm["features"]["mean"]) / norm["features"]["std"]
        inputs = (actions[t : t + model.history] - norm["actions"]["mean"]) / norm["actions"]["std"]
        output = np.asarray(
            network({"params": variables["params"]["network"]}, *np.float32([features]), *np.float32([inputs]))
        )
        states.append(model.integrate(states[-1], output * norm["target"]["std"] + norm["target"]["mean"]))
    return states[model.history - 1 :]


@pytest.mark.parametrize(
    ("history", "states", "actions", "message"),
    [
        (1, (2, 3), (2, 5, 1), r"states must have shape \(B, 4\), got \(2, 1, 3\)"),
        (1, (4,), (2, 5, 1), r"states must have shape \(B, 4\), got \(4,\)"),
        (1, (), (2, 5, 1), r"states must have shape \(B, 4\), got \(\)"),
        (3, (2, 4), (2, 5, 1), r"states must have shape \(B, 3, 4\), got \(2, 4\)"),
        (3, (2, 2, 4), (2, 5, 1), r"states must have shape \(B, 3, 4\), got \(2, 2, 4\)"),
        (1, (2, 4), (2, 5, 2), r"actions must have shape \(2, T, 1\) .*, got \(2, 5, 2\)"),
        (1, (2, 4), (3, 5, 1), r"actions must have shape \(2, T, 1\) .*, got \(3, 5, 1\)"),
        (1, (2, 4), (2, 5), r"actions must have shape \(2, T, 1\) .*, got \(2, 5\)"),
        (3, (2, 3, 4), (2, 2, 1), r"actions must have shape \(2, 2 \+ T, 1\) .*, got \(2, 2, 1\)"),
    ],
)
def test_arrays_of_wrong_shapes_are_an_error(cart_pole, history, states, actions, message):
    model = Still(env=cart_pole, history=history)
    with pytest.raises(ValueError, match=message):
        model.rollout(np.zeros(states), np.zeros(actions), {})


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e11, "1", None, 1j, True])
@pytest.mark.parametrize("argument", ["states", "actions"])
def test_entries_that_are_no_finite_numbers_are_an_error(cart_pole, argument, value):
    arrays = {"states": np.zeros((2, 4)), "actions": np.zeros((2, 5, 1))}
    arrays[argument] = np.full(arrays[argument].shape, value)
    with pytest.raises(UserError, match=rf"^{argument}(\[0, 0(, 0)?\] is .*: all entries| must be numbers)"):
        Still(env=cart_pole).rollout(*arrays.values(), {})


def test_quaternions_of_other_lengths_are_an_error():
    flying = MjcfEnv('<mujoco><worldbody><body name="kite"><freejoint/><geom size=".1"/></body></worldbody></mujoco>')
    states = np.tile(flying.space.default_state, (2, 1))
    states[1, 3:7] *= 2
    with pytest.raises(UserError, match=r"the quaternion of joint0 .* in states\[1, 0\] has the length 2 instead"):
        Still(env=flying).rollout(states, np.zeros((2, 5, 0)), {})


@pytest.mark.slow
def test_rollout_is_differentiable_in_its_actions(cart_pole):
    model = MyModel(env=cart_pole)
    variables = unit(model)
    gradient = jax.grad(lambda actions: model.rollout(jnp.ones((1, 4)), actions, variables)[0, -1, 0])(
        jnp.ones((1, 3, 1))
    )
    assert np.isfinite(gradient).all()
    assert np.any(gradient != 0)


@pytest.mark.parametrize("batch", [1, 4, 5, 11])
def test_a_large_batch_is_predicted_in_blocks(monkeypatch, batch):
    monkeypatch.setattr(rollout, "BLOCK", 4)
    sizes = set()

    def simulate(states, actions):
        sizes.add(len(states))
        return states[:, -1:] + jnp.cumsum(actions, axis=1)

    states, actions = np.arange(batch * 2.0).reshape(batch, 1, 2), np.ones((batch, 3, 2))
    path = rollout.in_blocks(jax.jit(simulate), states, actions)
    np.testing.assert_array_equal(path, states + np.array([[1.0], [2.0], [3.0]]))
    assert sizes == {{1: 1, 4: 4, 5: 3, 11: 4}[batch]}
