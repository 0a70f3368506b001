"""One epoch as a compiled program."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from toys import Drift, Linear, epochs, same, start

from dynax.config.schema import TrainingConfig
from dynax.training import TrainingSet
from dynax.training.epoch_size import EpochSize
from dynax.training.epochs import Epochs, initial_state
from dynax.training.losses import of_errors, one_step
from dynax.training.shards import Shards
from dynax.training.updates import Rule, updates_of


@pytest.mark.slow
def test_the_decay_of_the_moving_average_grows_up_to_its_limit(slide, sliding):
    """With one update per epoch, the decay is min(limit, (1 + t) / (10 + t))."""
    config = TrainingConfig(num_epochs=6, batch_size=10_000, learning_rate=0.1, warmup_steps=0, ema_decay=0.3)
    model = Drift(env=slide)
    average = float(start(model, sliding, config).state.params["network"]["drift"])
    for t, epoch in enumerate(epochs(model, sliding, config)):
        rate = min(0.3, (1 + t) / (10 + t))
        average = rate * average + (1 - rate) * float(epoch.state.params["network"]["drift"])
        assert float(epoch.state.ema["network"]["drift"]) == pytest.approx(average, rel=1e-5)
    assert rate == 0.3


@pytest.mark.slow
def test_without_a_moving_average_the_parameters_are_validated(slide, sliding):
    config = TrainingConfig(num_epochs=2, batch_size=64, learning_rate=0.1, ema_decay=None)
    for epoch in epochs(Linear(env=slide), sliding, config):
        assert same(epoch.state.ema, epoch.state.params)


@pytest.mark.parametrize(("precision", "word"), [("float32", "HIGHEST"), ("tf32", "HIGH"), ("bf16", "DEFAULT")])
def test_the_precision_is_that_of_the_matrix_products_of_the_gradient(slide, sliding, precision, word):
    config = TrainingConfig(precision=precision, ema_decay=None)
    model, train = Linear(env=slide), TrainingSet.of(Linear(env=slide), sliding[0])
    params = model.create(jax.random.PRNGKey(0), train.normalization)["params"]
    ends, optimizer = jnp.asarray(train.window_ends())[None], optax.sgd(0.1)
    state = initial_state(params, optimizer, jax.random.PRNGKey(0))
    rule = Rule(partial(one_step, model), partial(of_errors, "mse"), optimizer)
    updates = Shards().compile(updates_of(rule, train.normalization, config, 1, Shards()), donated=())
    moving, keys = (state.params, state.ema, state.opt_state), jax.random.split(jax.random.PRNGKey(0), 1)
    text = updates.lower(moving, jnp.zeros(1), state.epoch, train.samples, ends, keys, 0, 1).as_text()
    products = [line for line in text.splitlines() if "dot_general" in line]
    assert products
    assert all(f"precision = [{word}, {word}]" in line for line in products)


def test_the_loss_is_nan_if_the_last_update_gives_parameters_that_are_not_finite(slide, sliding):
    """The only update of the epoch follows a finite loss, and its learning rate is NaN."""
    config = TrainingConfig(num_epochs=1, batch_size=10_000, ema_decay=None)
    model, train = Linear(env=slide), TrainingSet.of(Linear(env=slide), sliding[0])
    params = model.create(jax.random.PRNGKey(0), train.normalization)["params"]
    ends, optimizer = train.window_ends(), optax.sgd(jnp.nan)
    state = initial_state(params, optimizer, jax.random.PRNGKey(0))
    rule = Rule(partial(one_step, model), partial(of_errors, "mse"), optimizer)
    updates = Shards().compile(updates_of(rule, train.normalization, config, 1, Shards()), donated=(0, 1))
    work = Epochs(updates, Shards(), train.samples, EpochSize(ends, batch=len(ends), updates=1))
    [(state, progress)] = work.pieces(state, work.start(state))
    assert np.isnan(work.finish(state, progress)[1])
