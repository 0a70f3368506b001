"""Ensembles: members are trained independently, and their predictions are averaged."""

from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from marks import slow

from dynax.base import BaseDynamicsModel
from dynax.config.schema import TrainingConfig
from dynax.training import fitting, stages
from dynax.training.epochs import initial_state
from dynax.training.training_set import prepare


class Small(BaseDynamicsModel):
    target: str = "acceleration"
    rate: float = 0.0

    @nn.compact
    def __call__(self, states, actions, training=False):
        x = nn.tanh(nn.Dense(8)(jnp.concatenate([states.flatten(), actions.flatten()])))
        return nn.Dense(self.target_dim)(nn.Dropout(self.rate, deterministic=not training)(x))


class SmallSequence(Small):
    sequence: ClassVar[bool] = True
    history: int = 3

    @nn.compact
    def __call__(self, states, actions, training=False):
        return nn.Dense(self.target_dim)(nn.tanh(nn.Dense(8)(jnp.concatenate([states, actions], axis=-1))))


NETWORKS = pytest.mark.parametrize("network", [Small, SmallSequence])


@pytest.fixture(scope="module")
def data(trajectories):
    return trajectories["cart_pole"].split(0.25)


def initial(model, data, config=TrainingConfig(optimizer="adam")):  # noqa: B008
    return fitting.start(model, data[0], config, jax.random.PRNGKey(0))


def member(tree, i):
    return jax.tree.map(lambda x: x[i], tree)


@NETWORKS
@pytest.mark.parametrize("constraints", ["none", "layer"])
def test_an_ensemble_has_an_axis_of_members_in_front(cart_pole, data, network, constraints):
    def shapes(ensemble_size):
        model = network(env=cart_pole, ensemble_size=ensemble_size, constraints=constraints)
        return jax.eval_shape(lambda: initial(model, data)[0].params)

    assert jax.tree.map(lambda x: (3, *x.shape), shapes(1)) == jax.tree.map(jnp.shape, shapes(3))


def test_members_begin_differently(cart_pole, data):
    kernel = initial(Small(env=cart_pole, ensemble_size=3), data)[0].params["network"]["Dense_0"]["kernel"]
    assert len(np.unique(kernel, axis=0)) == 3


@NETWORKS
def test_predictions_are_averaged(cart_pole, data, network):
    model = network(env=cart_pole, ensemble_size=3)
    state, normalization = initial(model, data)
    h, single = model.history, model.clone(ensemble_size=1)
    args = data[0].states[:, :h], data[0].actions[:, :h]
    each = [
        single.rollout(*args, {"params": member(state.params, i), "normalization": normalization})[:, 1]
        for i in range(3)
    ]
    path = model.rollout(*args, {"params": state.params, "normalization": normalization})
    np.testing.assert_allclose(path[:, 1], np.mean(each, axis=0), atol=1e-6)
    assert np.std(each, axis=0).max() > 1e-3


ADAM = {"num_epochs": 1, "batch_size": 32, "optimizer": "adam", "learning_rate": 0.01, "gradient_clip": 0.1}


@pytest.mark.parametrize("options", [{}, *slow({"loss": "mse"}, {"input_noise": 0.1})], ids=str)
def test_a_member_is_trained_like_a_single_model(cart_pole, data, options):
    """On the same batches, with its own gradient norm for clipping and its own errors for outliers."""
    config = TrainingConfig(**ADAM | options)
    together = Small(env=cart_pole, ensemble_size=3)
    state, normalization = initial(together, data, config)
    samples, members = prepare(together, data[0], normalization), [member(state.params, i) for i in range(3)]

    def trained(model, params):
        optimizer = stages.optimizer_for(model, data[0], config)
        state = initial_state(params, optimizer, jax.random.PRNGKey(1))
        return next(stages.stages(model, data[0], normalization, config)).epoch(state, samples)[0].ema

    ensemble = trained(together, state.params)
    for i, params in enumerate(members):
        for one, other in zip(
            *map(jax.tree.leaves, (member(ensemble, i), trained(together.clone(ensemble_size=1), params))), strict=True
        ):
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_all_members_drop_units_in_training(cart_pole, data):
    model = Small(env=cart_pole, ensemble_size=2, rate=0.5)
    state, normalization = initial(model, data)
    args = [jnp.ones((5, 1, n), jnp.float32) for n in (4, 1)]
    predict = jax.jit(partial(model.predict_delta, {"params": state.params, "normalization": normalization}, *args))
    assert (np.asarray(predict(jax.random.PRNGKey(0))) != np.asarray(predict())).any(axis=(1, 2)).all()


def test_an_ensemble_is_trained_through_all_stages(cart_pole, data):
    config = TrainingConfig(
        **ADAM, unroll_epochs=1, unroll_horizons=(3,), finetune="levenberg_marquardt", finetune_steps=2, val_rollouts=1
    )
    model = Small(env=cart_pole, ensemble_size=2)
    state, normalization = initial(model, data, config)
    epochs = [(e.number, e.loss) for e in fitting.every(fitting.fit(model, *data, normalization, config, state))]
    assert [number for number, _ in epochs] == [1, 2, 3]
    assert epochs[2][1] < epochs[0][1]
