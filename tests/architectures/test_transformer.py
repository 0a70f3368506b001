"""The transformer: causality, its band, its memory, and dropout in training only."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynax.architectures import TransformerDynamicsModel
from dynax.components.rollout import as_inputs, rollout
from dynax.errors import UserError

H = 5


@pytest.fixture(scope="module")
def model(robots):
    return TransformerDynamicsModel(env=robots["cart_pole"], history=H, width=8, num_layers=2, num_heads=2)


@pytest.fixture(scope="module")
def inputs(model):
    rng = np.random.default_rng(0)
    return rng.normal(size=(H, model.feature_dim)).astype(np.float32), rng.normal(size=(H, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def variables(model, inputs):
    return jax.jit(model.init)(jax.random.PRNGKey(0), *inputs)


@pytest.fixture(scope="module")
def apply(model):
    return jax.jit(model.apply)


def test_every_position_has_a_prediction(model, inputs, variables, apply):
    assert apply(variables, *inputs).shape == (H, model.target_dim)


@pytest.mark.parametrize("later", range(1, H))
@pytest.mark.parametrize("which", [0, 1], ids=["states", "actions"])
def test_later_inputs_change_no_earlier_prediction(inputs, variables, apply, later, which):
    changed = [x.copy() for x in inputs]
    changed[which][later] += 3
    before, after = np.asarray(apply(variables, *inputs)), np.asarray(apply(variables, *changed))
    assert np.array_equal(before[:later], after[:later])
    assert not np.array_equal(before[later], after[later])


def test_predictions_depend_on_the_past(inputs, variables, apply):
    changed = inputs[0].copy()
    changed[0] += 3
    before, after = apply(variables, *inputs), apply(variables, changed, inputs[1])
    assert (np.abs(before[-1] - after[-1]) > 1e-6).all()


def test_predictions_depend_on_the_order_of_the_history(inputs, variables, apply):
    swapped = [x[[0, 1, 3, 2, 4]] for x in inputs]
    before, after = apply(variables, *inputs), apply(variables, *swapped)
    assert (np.abs(before[-1] - after[-1]) > 1e-6).all()


@pytest.mark.slow
def test_a_prediction_depends_on_the_last_states_of_the_history_and_on_no_others(model, variables, apply):
    states, actions = jax.random.normal(jax.random.PRNGKey(1), (H + 3, model.feature_dim)), jnp.ones((H + 3, 1))
    last = apply(variables, states, actions)[-1]
    np.testing.assert_allclose(apply(variables, states[-H:], actions[-H:])[-1], last, atol=1e-6)
    changed = states.at[-H].add(3)  # the oldest state of the history
    assert (np.abs(apply(variables, changed, actions)[-1] - last) > 1e-7).all()


@pytest.mark.slow
@pytest.mark.parametrize("ensemble_size", [1, 2])
def test_a_rollout_with_memory_equals_one_that_computes_each_history(model, ensemble_size):
    model = model.clone(ensemble_size=ensemble_size)
    variables = model.create(jax.random.PRNGKey(0), model.identity_normalization())
    variables["params"] = jax.tree.map(lambda x: 0.3 * x, variables["params"])  # keeps the motion small
    rng = np.random.default_rng(0)
    states, actions = rng.normal(size=(4, H, 4)), rng.normal(size=(4, H + 29, 1))
    each = jax.jit(lambda *args: rollout(partial(model.predict, variables), *args))
    expected = each(*as_inputs(states, actions, model))
    np.testing.assert_allclose(model.rollout(states, actions, variables), expected, atol=1e-5)


def test_the_history_must_suit_the_number_of_blocks(robots):
    with pytest.raises(
        UserError, match=r"model.history=10 must be 1 plus a multiple of model.num_layers=2, such as 9 or 11"
    ):
        TransformerDynamicsModel(env=robots["cart_pole"], history=10)


@pytest.mark.slow
def test_dropout_is_active_only_in_training(model, inputs, variables, apply):
    dropping = model.clone(dropout=0.5)
    train = jax.jit(partial(dropping.apply, training=True))
    rows = [train(variables, *inputs, rngs={"dropout": jax.random.PRNGKey(i)}) for i in range(2)]
    assert np.array_equal(jax.jit(dropping.apply)(variables, *inputs), apply(variables, *inputs))
    assert not np.array_equal(*rows)


def test_without_dropout_training_changes_nothing(model, inputs, variables, apply):
    train = jax.jit(partial(model.apply, training=True))
    training = train(variables, *inputs, rngs={"dropout": jax.random.PRNGKey(0)})
    assert np.array_equal(training, apply(variables, *inputs))
