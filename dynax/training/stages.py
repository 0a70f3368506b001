"""The stages of a training: one-step predictions, open-loop predictions of several steps, second-order fine-tuning.

Every stage has its own loss and optimizer. All stages share one `TrainState`.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dynax.base import Variables
from dynax.config.schema import TrainingConfig
from dynax.training import losses, optimizers, second_order
from dynax.training.epoch_size import epoch_size, optimizer_for
from dynax.training.epochs import Epochs, TrainState, make_piece
from dynax.training.samples import Samples
from dynax.training.shards import Shards
from dynax.training.training_set import TrainingSet


class Work(Protocol):
    """The epochs of a stage, which can stop between two pieces. The position in an epoch is a pytree of arrays."""

    def start(self, state: TrainState) -> Any:
        """Return the position at the start of an epoch."""
        ...

    def pieces(self, state: TrainState, progress: Any) -> Iterator[tuple[TrainState, Any]]:
        """Run the rest of an epoch. Yield the state and the position after each piece."""
        ...

    def least_loss(self, progress: Any) -> float:
        """Return a lower bound of the mean squared error of the epoch, by which divergence is noticed early."""
        ...

    def finish(self, state: TrainState, progress: Any) -> tuple[TrainState, jax.Array]:
        """Return the state after the last piece, and the mean squared error of the epoch."""
        ...


@dataclass(frozen=True)
class Program:
    """The compiled functions of a stage."""

    begin: Callable[[TrainState], TrainState]  # maps the last state of the previous stage to the first of this one
    work: Work

    def epoch(self, state: TrainState) -> tuple[TrainState, jax.Array]:
        """Run an epoch at once. Return the new state and the mean squared error."""
        start = state, self.work.start(state)
        return self.work.finish(*reduce(lambda _, piece: piece, self.work.pieces(*start), start))


@dataclass(frozen=True)
class Stage:
    """Consecutive epochs that minimize one loss."""

    name: str
    first: int  # number of the first epoch, counted from one
    last: int  # number of the last epoch
    remedy: str  # advice for a loss that diverges, for error messages
    build: Callable[[TrainingSet, TrainingConfig], Program]
    patience: int | None = None  # epochs without a lower validation error that end the stage


def stages_of(config: TrainingConfig) -> tuple[Stage, ...]:
    """Return the stages that `config` describes, in order."""
    remedy = f"lower training.learning_rate (now {config.learning_rate:g}) or training.gradient_clip"
    stages = [Stage("one-step training", 1, config.num_epochs, remedy, one_step_program, config.patience)]
    remedy = f"lower training.unroll_learning_rate (now {config.unroll_learning_rate:g}) or training.gradient_clip"
    for horizon in config.unroll_horizons * (config.unroll_epochs > 0):
        first, last = stages[-1].last + 1, stages[-1].last + config.unroll_epochs
        stages.append(
            Stage(f"training on {horizon} steps", first, last, remedy, partial(multi_step_program, horizon=horizon))
        )
    if config.finetune != "none":
        epoch = stages[-1].last + 1
        stages.append(Stage("second-order fine-tuning", epoch, epoch, "set training.finetune=none", finetuning_program))
    return tuple(stages)


def one_step_program(train: TrainingSet, config: TrainingConfig) -> Program:
    """Train on one-step predictions."""
    model = train.model
    batch, updates = epoch_size(model, config, len(train.window_ends()))
    ends = jnp.asarray(train.weighted_ends(config.impact_weight))
    noise = {"scale": (config.input_noise * train.state_std).astype(np.float32)} if config.input_noise else {}
    if model.gaussian_head:
        errors, loss = partial(losses.likelihood_step, model, **noise), partial(losses.of_likelihoods, config.loss)
    else:
        step = losses.noisy_step if noise else losses.one_step
        errors, loss = partial(step, model, **noise), partial(losses.of_errors, config.loss)
    shards = Shards.of(config.shards, batch)
    piece = make_piece(errors, loss, train.normalization, optimizer_for(train, config), config, updates, shards)
    return Program(begin=lambda state: state, work=Epochs(piece, shards, train.samples, ends, batch, updates))


def multi_step_program(train: TrainingSet, config: TrainingConfig, horizon: int) -> Program:
    """Train on open-loop predictions of `horizon` steps, from the best parameters so far."""
    model = train.model
    ends = jnp.asarray(train.window_ends(horizon))
    batch = max(1, min(config.batch_size // horizon, len(ends)))
    updates = max(1, len(ends) // (batch * horizon))
    scale = train.change_std.astype(np.float32)
    rate = config.unroll_learning_rate
    slow = dataclasses.replace(config, learning_rate=rate, final_learning_rate=rate / 100)
    shards = Shards.of(config.shards, batch)
    optimizer = optimizers.make(slow, config.unroll_epochs * updates, model.ensemble_size, shards)

    def errors(variables: Variables, samples: Samples, ends: jax.Array, key: jax.Array) -> jax.Array:
        return losses.multi_step(model, variables, samples, ends, horizon, scale)[None]  # the ensemble as one model

    loss = partial(losses.of_errors, config.loss)
    piece = make_piece(errors, loss, train.normalization, optimizer, config, updates, shards)
    begin = partial(_from_best, optimizer=optimizer)
    return Program(begin=begin, work=Epochs(piece, shards, train.samples, ends, batch, updates))


def finetuning_program(train: TrainingSet, config: TrainingConfig) -> Program:
    """Fine-tune the best parameters so far by second-order steps."""
    return Program(begin=lambda state: state, work=second_order.Finetuning(train, config))


def _from_best(state: TrainState, optimizer: optax.GradientTransformation) -> TrainState:
    """Return the best parameters so far, with a new state of the optimizer."""
    copy = lambda: jax.tree.map(jnp.array, state.best)  # noqa: E731
    return state.replace(params=copy(), ema=copy(), opt_state=optimizer.init(state.best))
