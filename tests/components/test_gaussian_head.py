"""The Gaussian head: its likelihood, its noise, and a training on noise of a known variance."""

from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from toys import Linear

from dynax.components.gaussian_head import MAX_LOG_VARIANCE, MIN_LOG_VARIANCE, LogVariance
from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.training import Training

STD = 0.3  # of the noise in `constant`, in units of the target


class LinearSequence(Linear):
    """A linear model of each state in a window."""

    sequence: ClassVar[bool] = True
    history: int = 3

    @nn.compact
    def __call__(self, states, actions, training=False):
        return nn.Dense(self.target_dim)(jnp.concatenate([states, actions], axis=-1))


def constant(model, std):
    """Return new variables of a model whose head predicts the same standard deviation in all states."""
    variables = model.create(jax.random.PRNGKey(0), model.identity_normalization())
    last = "Dense_0"  # the linear layer after the hidden layers
    head = jax.tree.map(jnp.zeros_like, variables["params"]["head"])
    wanted = jnp.full(head[last]["bias"].shape, 2 * np.log(std), jnp.float32)
    head[last]["bias"] = MAX_LOG_VARIANCE - jnp.log(jnp.expm1(MAX_LOG_VARIANCE - wanted))  # inverse of the upper bound
    return {**variables, "params": {**variables["params"], "head": head}}


def rollouts(model, variables, n=4000, steps=9, **options):
    states, actions = np.zeros((n, model.history, 2)), np.zeros((n, model.history - 1 + steps, 1))
    return np.asarray(model.rollout_members(states, actions, variables, **options))


def test_the_log_variance_is_bounded():
    network = LogVariance(2)
    variables = jax.tree.map(lambda x: 1e6 * x, network.init(jax.random.PRNGKey(0), jnp.ones(3)))
    for sign in (-1, 1):
        value = jnp.asarray(network.apply(variables, sign * jnp.ones(3)))
        assert jnp.all((value >= MIN_LOG_VARIANCE) & (value <= MAX_LOG_VARIANCE + 1e-6))


@pytest.mark.parametrize("network", [Linear, LinearSequence])
def test_the_noise_of_a_step_has_the_predicted_variance(slide, network):
    model = network(env=slide, head="gaussian")
    variables = constant(model, STD)
    velocity = rollouts(model, variables)[0, :, 1, 1]
    mean = np.asarray(model.rollout(np.zeros((1, model.history, 2)), np.zeros((1, model.history, 1)), variables))[
        0, 1, 1
    ]
    assert velocity.std() == pytest.approx(STD, rel=0.05)
    assert velocity.mean() == pytest.approx(mean, abs=0.02)


def test_the_noise_of_different_steps_members_and_samples_is_independent(slide):
    model = Linear(env=slide, head="gaussian", ensemble_size=2)
    single = model.clone(ensemble_size=1)
    variables = constant(single, STD)
    params = jax.tree.map(lambda x: jnp.stack([jnp.zeros_like(x)] * 2), variables["params"])
    params["head"] = jax.tree.map(lambda x: jnp.stack([x] * 2), variables["params"]["head"])
    changes = np.diff(rollouts(model, {**variables, "params": params})[..., 1], axis=-1)  # (E, B, T)
    steps = changes.transpose(0, 2, 1).reshape(-1, changes.shape[1])
    correlation = np.corrcoef(steps) - np.eye(len(steps))
    assert np.abs(correlation).max() < 0.08


def test_the_seed_determines_the_noise(slide):
    model = Linear(env=slide, head="gaussian")
    one, same, other = (rollouts(model, constant(model, STD), n=3, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_particles_of_a_mixed_prediction_have_different_noise(slide):
    model = Linear(env=slide, head="gaussian", ensemble_size=2)
    single = model.clone(ensemble_size=1)
    variables = constant(single, STD)
    variables["params"] = jax.tree.map(lambda x: jnp.stack([x] * 2), variables["params"])
    given = jnp.zeros((3, 1, 2)), jnp.zeros((3, 4, 1)), jnp.array([[0, 1]] * 4)
    with_noise, without = (
        model.ensemble.simulate_mixed(single.predict, variables, *given, seed=seed) for seed in (0, None)
    )
    assert np.ptp(with_noise[:, :, 1, 1]) > STD / 10
    assert np.ptp(without[:, :, 1, 1]) == 0


def test_a_model_without_a_head_has_no_noise(slide):
    model = Linear(env=slide)
    variables = model.create(jax.random.PRNGKey(0), model.identity_normalization())
    assert "head" not in variables["params"]
    paths = rollouts(model, variables, n=1)
    np.testing.assert_array_equal(paths[0], model.rollout(np.zeros((1, 2)), np.zeros((1, 9, 1)), variables))


@pytest.fixture(scope="module")
def noisy():
    """Return trajectories of a slide with noise of its velocity, which is ten times as large for positive actions."""

    def one(rng):
        actions, states = rng.uniform(-1, 1, (40, 200, 1)), np.zeros((40, 201, 2))
        noise = np.where(actions > 0, 0.1, 0.01)[..., 0] * rng.standard_normal((40, 200))
        for t in range(200):
            states[:, t + 1, 1] = 0.9 * states[:, t, 1] + 0.1 * actions[:, t, 0] + noise[:, t]
            states[:, t + 1, 0] = states[:, t, 0] + 0.02 * states[:, t + 1, 1]
        return Trajectories(states, actions)

    return one(np.random.default_rng(0)), one(np.random.default_rng(1))


CONFIG = TrainingConfig(
    num_epochs=12, batch_size=100, optimizer="adam", learning_rate=0.01, warmup_steps=5, loss="mse", gradient_clip=None,
    val_rollouts=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(slide, noisy):
    """Return the variables that trainings without and with a head have in the end."""

    def variables(head):
        training = Training(Linear(env=slide, head=head), *noisy, CONFIG, 0)
        for _ in iter(training.step, None):
            pass
        return {"params": training.state.params, "normalization": training.train.normalization}

    return {head: variables(head) for head in ("point", "gaussian")}


def test_a_head_learns_the_variance_of_the_noise(slide, trained):
    model, variables = Linear(env=slide, head="gaussian"), trained["gaussian"]
    states, actions = jnp.zeros((2, 1, 2)), jnp.array([[[-0.5]], [[0.5]]])
    log_variance = jax.jit(partial(model.log_variance, variables))(states, actions)
    std = np.exp(0.5 * log_variance[0, :, 0]) * variables["normalization"]["target"]["std"]
    np.testing.assert_allclose(std, [0.01, 0.1], rtol=0.2)


def test_the_mean_is_trained_as_without_a_head(trained):
    one, other = (trained[head]["params"]["network"] for head in ("point", "gaussian"))
    for x, y in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)
