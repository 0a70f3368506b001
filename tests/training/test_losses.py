"""The losses of predictors with known errors."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from dynax.architectures import LagrangianDynamicsModel
from dynax.base import BaseDynamicsModel
from dynax.training import losses
from dynax.training.samples import Samples, window

B, H = 6, 3
UNIT = {"mean": np.float32(0), "std": np.float32(1)}
IDENTITY = {"features": UNIT, "actions": UNIT, "target": UNIT}

one_step = jax.jit(losses.one_step, static_argnums=0)
noisy_step = jax.jit(losses.noisy_step, static_argnums=0)
multi_step = jax.jit(losses.multi_step, static_argnums=(0, 4))


class Constant(BaseDynamicsModel):
    """Predicts its single parameter for every entry of the target."""

    sequence: ClassVar[bool] = False

    @nn.compact
    def __call__(self, states, actions, training=False):
        return self.param("value", nn.initializers.zeros, ()) * jnp.ones(self.target_dim)


class ConstantSequence(Constant):
    sequence: ClassVar[bool] = True

    @nn.compact
    def __call__(self, states, actions, training=False):
        return self.param("value", nn.initializers.zeros, ()) * jnp.ones((self.history, self.target_dim))


class Echo(BaseDynamicsModel):
    """Predicts its features, with dropout in training."""

    rate: float = 0.0

    @nn.compact
    def __call__(self, states, actions, training=False):
        self.param("none", nn.initializers.zeros, ())
        return nn.Dropout(self.rate, deterministic=not training)(states[-1])


def loss(model, params, states, targets, seed=0):
    """Return the mean squared error of windows (B, H)."""
    states, targets = (jnp.asarray(x, jnp.float32).reshape(B * H, 4) for x in (states, targets))
    samples, ends = Samples(states, jnp.zeros((B * H, 1)), targets), H - 1 + H * jnp.arange(B)
    variables = {"params": {"network": params}, "normalization": IDENTITY}
    squared = one_step(model, variables, samples, ends, jax.random.PRNGKey(seed))
    assert squared.shape == ((1, B, H) if model.sequence else (1, B))
    return float(losses.mse(squared))


def test_an_exact_prediction_has_no_loss(cart_pole):
    states = np.random.default_rng(0).normal(size=(B, H, 4))
    assert loss(Echo(env=cart_pole, history=H), {"none": 0.0}, states, states) == 0


def test_predicting_no_change_of_normalized_targets_has_loss_one(cart_pole):
    targets = np.random.default_rng(0).choice([-1.0, 1.0], (B, H, 4))
    assert loss(Constant(env=cart_pole, history=H), {"value": 0.0}, np.zeros((B, H, 4)), targets) == 1


@pytest.mark.parametrize("value", [0.5, -2.0])
def test_mse_is_the_mean_square(cart_pole, value):
    assert (
        loss(Constant(env=cart_pole, history=H), {"value": value}, np.zeros((B, H, 4)), np.zeros((B, H, 4))) == value**2
    )


def test_other_models_are_trained_on_the_last_position_only(cart_pole):
    targets = np.zeros((B, H, 4))
    targets[:, :-1] = 9
    assert loss(Constant(env=cart_pole, history=H), {"value": 0.0}, np.zeros((B, H, 4)), targets) == 0


@pytest.mark.parametrize("position", range(H))
def test_a_sequence_model_is_trained_on_every_position(cart_pole, position):
    targets = np.zeros((B, H, 4))
    targets[:, position] = 3
    value = loss(ConstantSequence(env=cart_pole, history=H), {"value": 0.0}, np.zeros((B, H, 4)), targets)
    assert value == pytest.approx(9 / H)


def kept_share(cart_pole, seed):
    """Return the share of features that dropout keeps. Dropout doubles the features that it keeps."""
    model = Echo(env=cart_pole, history=H, rate=0.5)
    return loss(model, {"none": 0.0}, np.ones((B, H, 4)), np.zeros((B, H, 4)), seed) / 4


def test_dropout_follows_the_key(cart_pole):
    assert kept_share(cart_pole, 0) == kept_share(cart_pole, 0) != kept_share(cart_pole, 1)


def test_dropout_differs_between_samples(cart_pole):
    assert any(kept_share(cart_pole, seed) * 4 % 1 for seed in range(3))  # equal dropout would give whole quarters


class Homing(BaseDynamicsModel):
    """Predicts a step to the origin from every state."""

    sequence: ClassVar[bool] = False

    @nn.compact
    def __call__(self, states, actions, training=False):
        self.param("none", nn.initializers.zeros, ())
        return -states if self.sequence else -states[-1]


class SequenceHoming(Homing):
    sequence: ClassVar[bool] = True


def moving(steps, rate=0.0):
    """Return four trajectories in which every coordinate changes by `rate`, and a function to their window ends."""
    states = 1.0 + rate * jnp.arange(steps)[:, None] + jnp.zeros((4, steps, 4))
    samples = Samples(states.reshape(-1, 4), jnp.zeros((4 * steps, 1)), jnp.full((4 * steps, 4), rate))
    return samples, lambda horizon: (steps * jnp.arange(4)[:, None] + jnp.arange(H - 1, steps - horizon + 1)).ravel()


def variables(**params):
    return {"params": {"network": params}, "normalization": IDENTITY}


NETWORKS = pytest.mark.parametrize("network", [Constant, ConstantSequence])


@pytest.mark.slow
@NETWORKS
def test_a_noisy_step_without_noise_equals_a_step(cart_pole, network):
    model, (samples, ends) = network(env=cart_pole, history=H), moving(8, 0.5)
    args = model, variables(value=0.3), samples, ends(1), jax.random.PRNGKey(0)
    assert np.array_equal(noisy_step(*args, scale=np.zeros(4)), one_step(*args))


@pytest.mark.parametrize("network", [Homing, SequenceHoming])
def test_the_target_of_a_noisy_step_is_the_true_next_state(cart_pole, network):
    """All next states are the origin, so a model that always goes there has no error."""
    model, (samples, ends) = network(env=cart_pole, history=H), moving(8)
    samples = samples.replace(targets=-samples.states)
    squared = noisy_step(model, variables(none=0.0), samples, ends(1), jax.random.PRNGKey(0), np.full(4, 0.3))
    assert squared.shape == ((1, 24, H) if model.sequence else (1, 24))
    np.testing.assert_allclose(squared, 0, atol=1e-10)


@pytest.mark.slow
def test_noise_has_the_given_standard_deviation(cart_pole):
    """The error of a prediction of no change is the noise."""
    model, (samples, ends) = Constant(env=cart_pole, history=H), moving(2000)
    scale = np.array([0.1, 0.0, 0.0, 0.0])
    squared = noisy_step(model, variables(value=0.0), samples, ends(1), jax.random.PRNGKey(0), scale)
    assert float(jnp.mean(squared)) == pytest.approx(0.1**2 / 4, rel=0.05)


@NETWORKS
@pytest.mark.parametrize("steps", [1, 4])
def test_an_exact_model_has_no_error_after_several_steps(cart_pole, network, steps):
    model, (samples, ends) = network(env=cart_pole, history=H), moving(8, 0.5)
    squared = multi_step(model, variables(value=0.5), samples, ends(steps), steps, np.ones(4))
    assert squared.shape == (4 * (8 - H + 2 - steps), steps)
    assert not squared.any()


@NETWORKS
def test_an_error_that_grows_linearly_counts_equally_at_every_step(cart_pole, network):
    model, (samples, ends) = network(env=cart_pole, history=H), moving(8, 0.5)
    scale = np.array([1.0, 2.0, 1.0, 2.0])
    squared = multi_step(model, variables(value=0.7), samples, ends(4), 4, scale)
    np.testing.assert_allclose(squared, 0.2**2 * (1 + 1 / 4) / 2, rtol=1e-4)


@pytest.mark.slow
def test_one_step_of_multi_step_is_the_rollout_error(cart_pole):
    model, (samples, ends) = Homing(env=cart_pole, history=H), moving(8, 0.5)
    squared = multi_step(model, variables(none=0.0), samples, ends(1), 1, np.ones(4))
    path = model.rollout(*windows(samples, ends(1)), variables(none=0.0))
    error = cart_pole.space.difference(samples.states[ends(1)] + 0.5, path[:, 1])
    np.testing.assert_allclose(squared[:, 0], jnp.mean(error**2, axis=-1), rtol=1e-6)


def test_a_model_with_memory_is_trained_as_it_predicts(cart_pole):
    """It estimates the velocity once, at the start of the prediction."""
    options = {"history": H, "embedding_dim": 2, "constraints": "none"}
    model, (samples, ends) = LagrangianDynamicsModel(env=cart_pole, **options), moving(8, 0.01)
    samples = samples.replace(targets=samples.targets[:, 2:])
    weights = model.create(jax.random.PRNGKey(0), model.identity_normalization())
    observer = 0.01 * np.random.default_rng(0).normal(size=model.observer.init().shape)
    weights = weights | {"params": weights["params"] | {"observer": jnp.asarray(observer, jnp.float32)}}
    squared = multi_step(model, weights, samples, ends(4), 4, np.ones(4))
    states, actions, truth = window(model, weights["normalization"], samples, ends(4), 4)
    path = model.rollout(states, actions, weights)
    error = cart_pole.space.difference(truth, path[:, 1:]) / jnp.arange(1, 5)[:, None]
    np.testing.assert_allclose(squared, jnp.mean(error**2, axis=-1), rtol=1e-4)


def windows(samples, ends):
    """Return the states and actions of the windows that end at `ends`."""
    rows = ends[:, None] + jnp.arange(1 - H, 1)
    return samples.states[rows], samples.actions[rows]


def test_full_revolutions_are_not_an_error(cart_pole):
    """The pole of the data makes one revolution per step; the predicted pole does not move."""
    model, (samples, ends) = Constant(env=cart_pole, history=H), moving(8)
    revolving = samples.states.at[:, 1].add(2 * np.pi * jnp.arange(len(samples.states)))
    revolved = samples.replace(states=revolving)
    squared = multi_step(model, variables(value=0.0), revolved, ends(4), 4, np.ones(4))
    np.testing.assert_allclose(squared, 0, atol=1e-9)


def test_the_cauchy_loss_of_equal_errors_does_not_depend_on_their_size():
    for size in (1e-8, 1.0, 1e8):
        assert float(losses.cauchy(np.full(B, size))) == pytest.approx(np.log(1 + 1 / 25), rel=1e-3)


def test_the_cauchy_loss_of_no_error_is_zero():
    assert float(losses.cauchy(np.zeros(B))) == 0


def test_the_cauchy_loss_weights_small_errors_like_mse_and_outliers_much_less():
    """The gradient of an outlier is below a tenth of that of a typical error."""
    pull = jax.grad(lambda error: losses.cauchy(error**2))(np.array([0.5, 1, 1, 1, 1.5, 1000], np.float32))
    np.testing.assert_allclose(pull[:5] / pull[1], [0.5, 1, 1, 1, 1.5], rtol=0.1)
    assert pull[5] < 0.1 * pull[1]
