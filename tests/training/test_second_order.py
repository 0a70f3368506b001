"""Polishing on a system that is linear, so that the lowest error is known, and found in a step or two."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from marks import slow
from toys import GAINS, Linear

from dynax.config.schema import TrainingConfig
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.errors import UserError
from dynax.training import fitting, second_order, training_set


class Sequence(Linear):
    sequence: ClassVar[bool] = True
    history: int = 3

    @nn.compact
    def __call__(self, states, actions, training=False):
        return nn.Dense(self.target_dim)(jnp.concatenate([states, actions], axis=-1))


class Tanh(Linear):
    """A network that is not linear in its parameters, and linear about zero."""

    @nn.compact
    def __call__(self, states, actions, training=False):
        return nn.Dense(self.target_dim)(nn.tanh(nn.Dense(4)(jnp.concatenate([states[-1], actions[-1]]))))


@pytest.fixture(scope="module")
def data(slide):
    rng = np.random.default_rng(0)
    states, actions = slide.sample_states(rng, 12), rng.uniform(-1, 1, (12, 40, 1))
    return Trajectories(simulate(slide, states, actions, "native"), actions)


def variables(model, data, seed=0):
    normalization = training_set.normalization_of(model, data)
    return model.create(jax.random.PRNGKey(seed), normalization)


def polished(model, data, kind="levenberg_marquardt", steps=5, loss="mse", seed=0):
    """The parameters and the error that a polish returns, from random parameters."""
    config = TrainingConfig(finetune=kind, finetune_steps=steps, loss=loss)
    return second_order.finetune(model, variables(model, data, seed), data, config, jax.random.PRNGKey(0))


def gains(model, data, params):
    """What a linear network makes of position, velocity and action."""
    norm, kernel = training_set.normalization_of(model, data), params["network"]["Dense_0"]["kernel"][:, 0]
    return kernel * norm["target"]["std"] / np.concatenate([norm["features"]["std"], norm["actions"]["std"]])


@pytest.mark.parametrize("network", [Linear, Sequence])
def test_least_squares_are_solved_at_once(slide, data, network):
    params, error = polished(network(env=slide), data)
    assert error < second_order.RESOLUTION
    np.testing.assert_allclose(gains(network(env=slide), data, params), GAINS, atol=1e-8)


@pytest.mark.parametrize(
    ("network", "options"), [(Tanh, {}), *slow((Linear, {"history": 2}), (Linear, {"ensemble_size": 3}))]
)
def test_any_model_is_fitted(slide, data, network, options):
    assert polished(network(env=slide, **options), data, steps=30)[1] < 1e-5


def test_the_error_returned_is_that_of_the_parameters_returned(slide, data):
    model = Tanh(env=slide)
    params, error = polished(model, data, steps=2)
    now = {"params": params, "normalization": training_set.normalization_of(model, data)}
    following = model.predict(now, data.states[:, :-1].reshape(-1, 1, 2), data.actions.reshape(-1, 1, 1))
    wrong = (following - data.states[:, 1:].reshape(-1, 2))[:, 1] / now["normalization"]["target"]["std"]
    assert error == pytest.approx(float(jnp.mean(wrong**2)), rel=1e-4)


def test_parameters_come_back_in_float32_and_in_their_tree(slide, data):
    model = Tanh(env=slide)
    shapes = lambda tree: jax.tree.map(lambda x: (x.shape, x.dtype), tree)  # noqa: E731
    for kind in ("levenberg_marquardt", "lbfgs"):
        assert shapes(polished(model, data, kind, steps=1)[0]) == shapes(variables(model, data)["params"])


@pytest.mark.parametrize("loss", ["mse", "cauchy"])
def test_no_step_raises_the_error(slide, data, loss):
    errors = [polished(Tanh(env=slide), data, steps=steps, loss=loss)[1] for steps in (1, 3, 9)]
    assert errors[0] >= errors[1] >= errors[2]


def test_outliers_are_left_out_by_the_robust_loss_alone(slide, data):
    """One transition in eighty is struck by something that no state tells of."""
    states = data.states.copy()
    states[::2, -1, 1] += 5
    struck = Trajectories(states, data.actions)
    wrong = {
        loss: np.abs(
            gains(Linear(env=slide), struck, polished(Linear(env=slide), struck, steps=20, loss=loss)[0]) - GAINS
        )
        for loss in ("mse", "cauchy")
    }
    assert wrong["cauchy"].max() < 1e-5 < 1e-3 < wrong["mse"].max()


def test_at_most_so_many_transitions_are_looked_at(slide, data, monkeypatch):
    """All others are struck, and it goes unnoticed."""
    monkeypatch.setitem(second_order.SAMPLES, "levenberg_marquardt", 40)
    monkeypatch.setattr(second_order, "CHUNK", 15)  # whole chunks alone
    pairs = np.stack([data.states[:, :-1], data.states[:, 1:]], axis=2).reshape(480, 2, 2)
    looked_at = np.asarray(jax.random.permutation(jax.random.PRNGKey(0), np.arange(480, dtype=np.int32))[:30])
    pairs[np.setdiff1d(np.arange(480), looked_at), 1, 1] += 5
    struck = Trajectories(pairs, data.actions.reshape(480, 1, 1))
    params, _ = polished(Linear(env=slide), struck)
    np.testing.assert_allclose(gains(Linear(env=slide), struck, params), GAINS, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["mse", "cauchy"])
def test_lbfgs_lowers_the_loss(slide, data, loss):
    errors = [polished(Tanh(env=slide), data, "lbfgs", steps=steps, loss=loss)[1] for steps in (1, 20)]
    assert errors[1] < 0.01 * errors[0]


def test_a_large_network_is_refused_before_any_epoch(slide, data, monkeypatch):
    monkeypatch.setattr(second_order, "LARGEST", 3)
    config = TrainingConfig(finetune="levenberg_marquardt")
    told = r"training.finetune=levenberg_marquardt solves .* at most 3, and the model has 4: use lbfgs or none"
    with pytest.raises(UserError, match=told):
        fitting.start(Linear(env=slide), data, config, jax.random.PRNGKey(0))
    for kind in ("lbfgs", "none"):
        fitting.start(Linear(env=slide), data, TrainingConfig(finetune=kind), jax.random.PRNGKey(0))
