"""The stages of a training: one-step predictions, open-loop predictions of several steps, second-order fine-tuning.

Every stage has its own loss and optimizer. All stages share one `TrainState`.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dynax.base import Variables
from dynax.config.schema import TrainingConfig
from dynax.training import losses, optimizers, second_order
from dynax.training.batches import batches, optimizer_for
from dynax.training.epochs import TrainState, make_epoch
from dynax.training.samples import Samples
from dynax.training.training_set import TrainingSet


@dataclass(frozen=True)
class Program:
    """The compiled functions of a stage."""

    begin: Callable[[TrainState], TrainState]  # maps the last state of the previous stage to the first of this one
    epoch: Callable[[TrainState], tuple[TrainState, jax.Array]]  # returns the new state and the mean squared error


@dataclass(frozen=True)
class Stage:
    """Consecutive epochs that minimize one loss."""

    name: str
    first: int  # number of the first epoch, counted from one
    last: int  # number of the last epoch
    rate: str  # config key and value of the learning rate, for error messages
    build: Callable[[TrainingSet, TrainingConfig], Program]
    patience: int | None = None  # epochs without a lower validation error that end the stage


def plan(config: TrainingConfig) -> tuple[Stage, ...]:
    """Return the stages that `config` describes, in order."""
    rate = f"training.learning_rate (now {config.learning_rate:g})"
    stages = [Stage("one-step training", 1, config.num_epochs, rate, one_step, config.patience)]
    rate = f"training.unroll_learning_rate (now {config.unroll_learning_rate:g})"
    for horizon in config.unroll_horizons * (config.unroll_epochs > 0):
        first, last = stages[-1].last + 1, stages[-1].last + config.unroll_epochs
        stages.append(Stage(f"training on {horizon} steps", first, last, rate, partial(multi_step, horizon=horizon)))
    if config.finetune != "none":
        epoch = stages[-1].last + 1
        stages.append(Stage("second-order fine-tuning", epoch, epoch, "training.finetune_steps", finetune))
    return tuple(stages)


def one_step(train: TrainingSet, config: TrainingConfig) -> Program:
    """Train on one-step predictions."""
    model = train.model
    batch, updates = batches(model, config, len(train.window_ends()))
    ends = jnp.asarray(train.weighted_ends(config.impact_weight))
    errors = partial(losses.one_step, model)
    if config.input_noise:
        errors = partial(losses.noisy_step, model, scale=(config.input_noise * train.state_std).astype(np.float32))
    epoch = make_epoch(errors, train.normalization, optimizer_for(train, config), config, batch, updates)
    return Program(begin=lambda state: state, epoch=lambda state: epoch(state, train.samples, ends))


def multi_step(train: TrainingSet, config: TrainingConfig, horizon: int) -> Program:
    """Train on open-loop predictions of `horizon` steps, from the best parameters so far."""
    model = train.model
    ends = jnp.asarray(train.window_ends(horizon))
    batch = max(1, min(config.batch_size // horizon, len(ends)))
    updates = max(1, len(ends) // (batch * horizon))
    scale = train.change_std.astype(np.float32)
    rate = config.unroll_learning_rate
    slow = dataclasses.replace(config, learning_rate=rate, final_learning_rate=rate / 100)
    optimizer = optimizers.make(slow, config.unroll_epochs * updates, model.ensemble_size)

    def errors(variables: Variables, samples: Samples, ends: jax.Array, key: jax.Array) -> jax.Array:
        return losses.multi_step(model, variables, samples, ends, horizon, scale)[None]  # the ensemble as one model

    epoch = make_epoch(errors, train.normalization, optimizer, config, batch, updates)
    return Program(
        begin=partial(_from_best, optimizer=optimizer), epoch=lambda state: epoch(state, train.samples, ends)
    )


def finetune(train: TrainingSet, config: TrainingConfig) -> Program:
    """Fine-tune the best parameters so far by second-order steps."""

    def epoch(state: TrainState) -> tuple[TrainState, jax.Array]:
        params, loss = second_order.finetune(train, state.best, config, state.key)
        return state.replace(params=params, ema=params, epoch=state.epoch + 1), jnp.float32(loss)

    return Program(begin=lambda state: state, epoch=epoch)


def _from_best(state: TrainState, optimizer: optax.GradientTransformation) -> TrainState:
    """Return the best parameters so far, with a new state of the optimizer."""
    copy = lambda: jax.tree.map(jnp.array, state.best)  # noqa: E731
    return state.replace(params=copy(), ema=copy(), opt_state=optimizer.init(state.best))
