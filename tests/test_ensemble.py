"""Ensembles: members are trained separately, and their predictions are averaged."""

from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from toys import Drift

from dynax.base import BaseDynamicsModel
from dynax.config.schema import TrainingConfig
from dynax.training import Training, TrainingSet
from dynax.training.epoch_size import optimizer_for
from dynax.training.epochs import initial_state
from dynax.training.stages import run_epoch, stages_of


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


def initial(model, data):
    """Return random variables."""
    train = TrainingSet.of(model, data[0])
    return model.create(jax.random.PRNGKey(0), train.normalization)


def member(tree, i):
    return jax.tree.map(lambda x: x[i], tree)


@pytest.mark.slow
@NETWORKS
@pytest.mark.parametrize("constraints", ["none", "layer"])
def test_the_first_axis_of_parameters_is_that_of_the_members(cart_pole, data, network, constraints):
    def shapes(ensemble_size):
        model = network(env=cart_pole, ensemble_size=ensemble_size, constraints=constraints)
        return jax.eval_shape(lambda: initial(model, data)["params"])

    assert jax.tree.map(lambda x: (3, *x.shape), shapes(1)) == jax.tree.map(jnp.shape, shapes(3))


def test_members_have_different_initial_parameters(cart_pole, data):
    kernel = initial(Small(env=cart_pole, ensemble_size=3), data)["params"]["network"]["Dense_0"]["kernel"]
    assert len(np.unique(kernel, axis=0)) == 3


@NETWORKS
def test_predictions_are_averaged(cart_pole, data, network):
    model = network(env=cart_pole, ensemble_size=3)
    variables = initial(model, data)
    h, single = model.history, model.clone(ensemble_size=1)
    args = data[0].states[:, :h], data[0].actions[:, :h]
    each = [single.rollout(*args, {**variables, "params": member(variables["params"], i)})[:, 1] for i in range(3)]
    path = model.rollout(*args, variables)
    np.testing.assert_allclose(path[:, 1], np.mean(each, axis=0), atol=1e-6)
    assert np.std(each, axis=0).max() > 1e-3


@NETWORKS
def test_each_member_receives_its_own_predictions(cart_pole, data, network):
    model = network(env=cart_pole, ensemble_size=3)
    variables = initial(model, data)
    h, single = model.history, model.clone(ensemble_size=1)
    args = data[0].states[:4, :h], data[0].actions[:4, : h + 9]
    each = [single.rollout(*args, {**variables, "params": member(variables["params"], i)}) for i in range(3)]
    members = model.rollout_members(*args, variables)
    assert members.shape == (3, 4, 11, 4)
    np.testing.assert_allclose(members, np.stack(each), rtol=1e-4, atol=1e-5)
    alone = {**variables, "params": member(variables["params"], 0)}
    np.testing.assert_allclose(single.rollout_members(*args, alone), each[0][None], rtol=1e-5, atol=1e-6)


def test_the_members_of_a_mixed_prediction_change_places(slide):
    """Each member moves the slide with another drift of its velocity, so that the last velocity tells the order."""
    model = Drift(env=slide, ensemble_size=3)
    variables = {"params": {"network": {"drift": jnp.array([1.0, 10.0, 100.0])}}}
    variables["normalization"] = model.identity_normalization()
    order = jnp.array([[0, 1, 2], [1, 2, 0], [1, 0, 2]])  # of the particles, by step and member
    member = model.clone(ensemble_size=1)
    states, actions = jnp.zeros((2, 1, slide.state_dim)), jnp.zeros((2, 3, slide.action_dim))
    paths = model.ensemble.simulate_mixed(member.predict, variables, states, actions, order)
    assert paths.shape == (3, 2, 4, slide.state_dim)
    change = jnp.diff(paths[..., -1], axis=-1)[:, 0] / (paths[0, 0, 1, -1])
    np.testing.assert_allclose(change, [[1, 100, 10], [10, 1, 1], [100, 10, 100]], rtol=1e-5)


ADAM = {"num_epochs": 1, "batch_size": 32, "optimizer": "adam", "learning_rate": 0.01, "gradient_clip": 0.1}


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"loss": "mse"}, {"input_noise": 0.1}], ids=str)
def test_a_member_is_trained_like_a_single_model(cart_pole, data, options):
    """The batches are equal. Clipping and outliers depend only on the member's own gradient and errors."""
    config = TrainingConfig(**ADAM | options)
    ensemble = Small(env=cart_pole, ensemble_size=3)
    params = initial(ensemble, data)["params"]

    def trained(model, params):
        train = TrainingSet.of(model, data[0])
        state = initial_state(params, optimizer_for(train, config), jax.random.PRNGKey(1))
        return run_epoch(stages_of(config)[0].runner(train, config), state)[0].ema

    ours = trained(ensemble, params)
    for i in range(3):
        single = trained(ensemble.clone(ensemble_size=1), member(params, i))
        for one, other in zip(jax.tree.leaves(member(ours, i)), jax.tree.leaves(single), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.slow
def test_dropout_is_active_in_all_members(cart_pole, data):
    model = Small(env=cart_pole, ensemble_size=2, rate=0.5)
    args = [jnp.ones((5, 1, n), jnp.float32) for n in (4, 1)]
    deltas = jax.jit(partial(model.predict_delta, initial(model, data), *args))
    assert (np.asarray(deltas(jax.random.PRNGKey(0))) != np.asarray(deltas())).any(axis=(1, 2)).all()


@pytest.mark.slow
def test_an_ensemble_is_trained_through_all_stages(cart_pole, data):
    config = TrainingConfig(
        **ADAM, unroll_epochs=1, unroll_horizons=(3,), finetune="levenberg_marquardt", finetune_steps=2, val_rollouts=1
    )
    training = Training(Small(env=cart_pole, ensemble_size=2), *data, config, jax.random.PRNGKey(0))
    losses = {metrics.epoch: metrics.loss for metrics in iter(training.step, None)}
    assert list(losses) == [1, 2, 3]
    assert losses[3] < losses[1]
