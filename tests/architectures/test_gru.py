"""The gated recurrent unit: causality and its memory."""

import jax
import numpy as np
import pytest

from dynax.architectures import GRUDynamicsModel

H = 4


@pytest.fixture(scope="module")
def model(robots):
    return GRUDynamicsModel(env=robots["pendulum"], history=H, width=8)


@pytest.fixture(scope="module")
def predict(model):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(H, model.feature_dim)).astype(np.float32), rng.normal(size=(H, 1)).astype(np.float32)
    variables = jax.jit(model.init)(jax.random.PRNGKey(0), *inputs)
    apply = jax.jit(model.apply)
    return inputs, lambda states, actions: np.asarray(apply(variables, states, actions))


def test_every_position_has_a_prediction(model, predict):
    inputs, apply = predict
    assert apply(*inputs).shape == (H, model.target_dim)


@pytest.mark.parametrize("later", range(1, H))
def test_later_inputs_change_no_earlier_prediction(predict, later):
    (states, actions), apply = predict
    changed = actions.copy()
    changed[later] += 1
    before, after = apply(states, actions), apply(states, changed)
    np.testing.assert_array_equal(before[:later], after[:later])
    assert (before[later] != after[later]).all()


def test_predictions_depend_on_the_past(predict):
    (states, actions), apply = predict
    changed = states.copy()
    changed[0] += 1
    assert (np.abs(apply(states, actions)[-1] - apply(changed, actions)[-1]) > 1e-7).all()
