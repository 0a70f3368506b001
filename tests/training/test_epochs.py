"""One epoch as a compiled program."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from toys import Drift, Linear, epochs, same

from dynax.config.schema import TrainingConfig
from dynax.training import fitting
from dynax.training.epochs import initial_state, make_epoch
from dynax.training.losses import one_step
from dynax.training.training_set import prepare, window_ends


def test_the_moving_average_forgets_its_start(slide, sliding):
    """One update an epoch, so that every one is seen: decay (1 + t) / (10 + t), at most the decay asked for."""
    config = TrainingConfig(num_epochs=6, batch_size=10_000, learning_rate=0.1, warmup_steps=0, ema_decay=0.3)
    model = Drift(env=slide)
    begun, _ = fitting.start(model, sliding[0], config, jax.random.PRNGKey(0))
    average = float(begun.params["network"]["drift"])
    for t, epoch in enumerate(epochs(model, sliding, config)):
        rate = min(0.3, (1 + t) / (10 + t))
        average = rate * average + (1 - rate) * float(epoch.state.params["network"]["drift"])
        assert float(epoch.state.ema["network"]["drift"]) == pytest.approx(average, rel=1e-5)
    assert rate == 0.3


def test_without_a_moving_average_the_parameters_are_kept(slide, sliding):
    config = TrainingConfig(num_epochs=2, batch_size=64, learning_rate=0.1, ema_decay=None)
    for epoch in epochs(Linear(env=slide), sliding, config):
        assert same(epoch.state.ema, epoch.state.params)


def test_parameters_ruined_by_the_last_update_of_an_epoch_are_divergence(slide, sliding):
    """The only update of the epoch follows a finite loss, and its learning rate is no number."""
    config = TrainingConfig(num_epochs=1, batch_size=10_000, ema_decay=None)
    model = Linear(env=slide)
    state, normalization = fitting.start(model, sliding[0], config, jax.random.PRNGKey(0))
    samples, last = prepare(model, sliding[0], normalization), jnp.asarray(window_ends(sliding[0], 1))
    ruinous = optax.sgd(jnp.nan)
    state = initial_state(state.params, ruinous, jax.random.PRNGKey(0))
    epoch = make_epoch(partial(one_step, model), normalization, ruinous, config, batch=len(last), steps=1)
    _, loss = epoch(state, samples, last)
    assert np.isnan(loss)
