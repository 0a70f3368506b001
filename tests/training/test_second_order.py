"""Second-order fine-tuning of a linear system, which has a known solution and takes one or two steps."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from toys import GAINS, Linear, start

from dynax.config.schema import TrainingConfig
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.errors import UserError
from dynax.training import TrainingSet, least_squares, levenberg_marquardt, second_order


class Sequence(Linear):
    sequence: ClassVar[bool] = True
    history: int = 3

    @nn.compact
    def __call__(self, states, actions, training=False):
        return nn.Dense(self.target_dim)(jnp.concatenate([states, actions], axis=-1))


class Tanh(Linear):
    """A network that is not linear in its parameters."""

    @nn.compact
    def __call__(self, states, actions, training=False):
        return nn.Dense(self.target_dim)(nn.tanh(nn.Dense(4)(jnp.concatenate([states[-1], actions[-1]]))))


@pytest.fixture(scope="module")
def data(slide):
    rng = np.random.default_rng(0)
    states, actions = slide.sample_states(rng, 12), rng.uniform(-1, 1, (12, 40, 1))
    return Trajectories(simulate(slide, states, actions, "native"), actions)


def initial(train, seed=0):
    """Return random parameters."""
    return train.model.create(jax.random.PRNGKey(seed), train.normalization)["params"]


def finetuned(model, data, method="levenberg_marquardt", steps=5, loss="mse", seed=0):
    """Return the parameters and the loss after fine-tuning from random parameters."""
    config = TrainingConfig(finetune=method, finetune_steps=steps, loss=loss)
    train = TrainingSet.of(model, data)
    return second_order.finetune(train, initial(train, seed), config, jax.random.PRNGKey(0))


def gains(model, data, params):
    """Return the gains of position, velocity and action of a linear network."""
    norm, kernel = TrainingSet.of(model, data).normalization, params["network"]["Dense_0"]["kernel"][:, 0]
    return kernel * norm["target"]["std"] / np.concatenate([norm["features"]["std"], norm["actions"]["std"]])


@pytest.mark.parametrize("network", [Linear, Sequence])
def test_a_linear_problem_is_solved(slide, data, network):
    params, loss = finetuned(network(env=slide), data)
    assert loss < levenberg_marquardt.MIN_LOSS
    np.testing.assert_allclose(gains(network(env=slide), data, params), GAINS, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize(("network", "options"), [(Tanh, {}), (Linear, {"history": 2}), (Linear, {"ensemble_size": 3})])
def test_every_model_is_fitted(slide, data, network, options):
    assert finetuned(network(env=slide, **options), data, steps=30)[1] < 1e-5


@pytest.mark.slow
def test_the_returned_loss_belongs_to_the_returned_parameters(slide, data):
    model = Tanh(env=slide)
    params, loss = finetuned(model, data, steps=2)
    variables = {"params": params, "normalization": TrainingSet.of(model, data).normalization}
    following = model.predict(variables, *(jnp.asarray(x, jnp.float32) for x in windows(data)))
    error = (following - data.states[:, 1:].reshape(-1, 2))[:, 1] / variables["normalization"]["target"]["std"]
    assert loss == pytest.approx(float(jnp.mean(error**2)), rel=1e-4)


def windows(data):
    """Return states and actions of all transitions as windows of one."""
    return data.states[:, :-1].reshape(-1, 1, 2), data.actions.reshape(-1, 1, 1)


@pytest.mark.slow
def test_parameters_are_returned_in_float32_with_their_structure(slide, data):
    model = Tanh(env=slide)
    shapes = lambda tree: jax.tree.map(lambda x: (x.shape, x.dtype), tree)  # noqa: E731
    for method in ("levenberg_marquardt", "lbfgs"):
        assert shapes(finetuned(model, data, method, steps=1)[0]) == shapes(initial(TrainingSet.of(model, data)))


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["mse", "cauchy"])
def test_no_step_raises_the_loss(slide, data, loss):
    values = [finetuned(Tanh(env=slide), data, steps=steps, loss=loss)[1] for steps in (1, 3, 9)]
    assert values[0] >= values[1] >= values[2]


def test_only_the_cauchy_loss_ignores_outliers(slide, data):
    """One transition in eighty has a random velocity jump."""
    states = data.states.copy()
    states[::2, -1, 1] += 5
    disturbed, model, error = Trajectories(states, data.actions), Linear(env=slide), {}
    for loss in ("mse", "cauchy"):
        params, _ = finetuned(model, disturbed, steps=20, loss=loss)
        error[loss] = np.abs(gains(model, disturbed, params) - GAINS).max()
    assert error["cauchy"] < 1e-5 < 1e-3 < error["mse"]


def test_the_number_of_transitions_is_limited(slide, data, monkeypatch):
    """Outliers in all other transitions have no effect."""
    monkeypatch.setattr(least_squares, "MAX_TRANSITIONS", 40)
    monkeypatch.setattr(least_squares, "CHUNK_SIZE", 15)  # 30 of the 40 transitions fill whole chunks
    pairs = np.stack([data.states[:, :-1], data.states[:, 1:]], axis=2).reshape(480, 2, 2)
    used = np.asarray(jax.random.permutation(jax.random.PRNGKey(0), np.arange(480, dtype=np.int32))[:30])
    pairs[np.setdiff1d(np.arange(480), used), 1, 1] += 5
    disturbed = Trajectories(pairs, data.actions.reshape(480, 1, 1))
    params, _ = finetuned(Linear(env=slide), disturbed)
    np.testing.assert_allclose(gains(Linear(env=slide), disturbed, params), GAINS, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["mse", "cauchy"])
def test_lbfgs_lowers_the_loss(slide, data, loss):
    values = [finetuned(Tanh(env=slide), data, "lbfgs", steps=steps, loss=loss)[1] for steps in (1, 20)]
    assert values[1] < 0.01 * values[0]


def test_a_large_network_is_rejected_before_the_first_epoch(slide, data, monkeypatch):
    monkeypatch.setattr(second_order, "MAX_PARAMETERS", 3)
    pair, message = data.split(0.25), r"supports at most 3 parameters, but the model has 4: use lbfgs or none"
    with pytest.raises(UserError, match=message):
        start(Linear(env=slide), pair, TrainingConfig(finetune="levenberg_marquardt"))
    with pytest.raises(UserError, match="the model has 4: use none with unroll_epochs=5"):
        start(Linear(env=slide), pair, TrainingConfig(finetune="levenberg_marquardt", finetune_horizons=[1, 20]))
    for method in ("lbfgs", "none"):
        start(Linear(env=slide), pair, TrainingConfig(finetune=method))
