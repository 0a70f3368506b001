"""The losses on predictors whose error is known."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from dynax import losses
from dynax.base import BaseDynamicsModel
from dynax.samples import Samples

B, H = 6, 3
UNIT = {"mean": np.float32(0), "std": np.float32(1)}
AS_IT_IS = {"features": UNIT, "actions": UNIT, "target": UNIT}


class Constant(BaseDynamicsModel):
    """Predicts its one parameter, everywhere."""

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
    """Predicts the features it sees, some of them dropped in training."""

    rate: float = 0.0

    @nn.compact
    def __call__(self, states, actions, training=False):
        self.param("none", nn.initializers.zeros, ())
        return nn.Dropout(self.rate, deterministic=not training)(states[-1])


def loss(model, params, states, targets, seed=0):
    """The mean squared error of windows (B, H)."""
    states, targets = (jnp.asarray(x, jnp.float32).reshape(B * H, 4) for x in (states, targets))
    samples, ends = Samples(states, jnp.zeros((B * H, 1)), targets), H - 1 + H * jnp.arange(B)
    variables = {"params": {"network": params}, "normalization": AS_IT_IS}
    squared = losses.one_step(model, variables, samples, ends, jax.random.PRNGKey(seed))
    assert squared.shape == ((1, B, H) if model.sequence else (1, B))
    return float(losses.mse(squared))


def test_a_perfect_prediction_has_no_loss(cart_pole):
    states = np.random.default_rng(0).normal(size=(B, H, 4))
    assert loss(Echo(env=cart_pole, history=H), {"none": 0.0}, states, states) == 0


def test_predicting_no_change_of_normalised_targets_has_loss_one(cart_pole):
    targets = np.random.default_rng(0).choice([-1.0, 1.0], (B, H, 4))
    assert loss(Constant(env=cart_pole, history=H), {"value": 0.0}, np.zeros((B, H, 4)), targets) == 1


@pytest.mark.parametrize("value", [0.5, -2.0])
def test_mse_is_the_mean_square(cart_pole, value):
    assert (
        loss(Constant(env=cart_pole, history=H), {"value": value}, np.zeros((B, H, 4)), np.zeros((B, H, 4))) == value**2
    )


def test_only_the_last_position_counts_where_there_is_one_prediction(cart_pole):
    targets = np.zeros((B, H, 4))
    targets[:, :-1] = 9
    assert loss(Constant(env=cart_pole, history=H), {"value": 0.0}, np.zeros((B, H, 4)), targets) == 0


@pytest.mark.parametrize("position", range(H))
def test_a_sequence_model_is_held_to_every_position(cart_pole, position):
    targets = np.zeros((B, H, 4))
    targets[:, position] = 3
    value = loss(ConstantSequence(env=cart_pole, history=H), {"value": 0.0}, np.zeros((B, H, 4)), targets)
    assert value == pytest.approx(9 / H)


def kept(cart_pole, seed):
    """The share of features that dropout keeps, as the loss tells it: those kept are doubled."""
    model = Echo(env=cart_pole, history=H, rate=0.5)
    return loss(model, {"none": 0.0}, np.ones((B, H, 4)), np.zeros((B, H, 4)), seed) / 4


def test_dropout_follows_the_key(cart_pole):
    assert kept(cart_pole, 0) == kept(cart_pole, 0) != kept(cart_pole, 1)


def test_dropout_differs_between_samples(cart_pole):
    assert any(kept(cart_pole, seed) * 4 % 1 for seed in range(3))  # whole quarters, if it did not


def test_robust_of_equal_errors_does_not_depend_on_their_size():
    for size in (1e-8, 1.0, 1e8):
        assert float(losses.robust(np.full(B, size))) == pytest.approx(np.log(1 + 1 / 25), rel=1e-3)


def test_robust_of_no_error_is_zero():
    assert float(losses.robust(np.zeros(B))) == 0


def test_robust_weighs_small_errors_as_mse_does_and_outliers_hardly_at_all():
    """On a scale of 25 medians an error of a million medians pulls no harder than one of a few."""
    pull = jax.grad(lambda error: losses.robust(error**2))(np.array([0.5, 1, 1, 1, 1.5, 1000], np.float32))
    np.testing.assert_allclose(pull[:5] / pull[1], [0.5, 1, 1, 1, 1.5], rtol=0.1)
    assert pull[5] < 0.1 * pull[1]
