"""The transformer: causality, positions, and dropout in training only."""

from functools import partial

import jax
import numpy as np
import pytest

from dynax.architectures import TransformerDynamicsModel

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


def test_predictions_depend_on_the_position_in_the_history(model, variables, apply):
    same = np.ones((H, model.feature_dim), np.float32), np.ones((H, 1), np.float32)
    rows = np.asarray(apply(variables, *same))
    assert len(np.unique(rows, axis=0)) == H


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
