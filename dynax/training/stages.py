"""The stages of a training: one-step predictions, open-loop predictions of several steps, second-order fine-tuning.

Every stage has its own loss and optimizer. All stages share one `TrainState`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from dynax.base import Variables
from dynax.config.schema import TrainingConfig
from dynax.training import losses, optimizers, second_order
from dynax.training.epoch_size import EpochSize, epoch_size, optimizer_for
from dynax.training.epochs import Epochs, TrainState
from dynax.training.numbers import is_zero, with_numbers
from dynax.training.samples import Samples
from dynax.training.shards import Shards
from dynax.training.training_set import TrainingSet
from dynax.training.updates import Rule, updates_of


class EpochRunner(Protocol):
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


def run_epoch(runner: EpochRunner, state: TrainState) -> tuple[TrainState, jax.Array]:
    """Run an epoch at once. Return the new state and the mean squared error."""
    progress = runner.start(state)
    for piece in runner.pieces(state, progress):
        state, progress = piece
    return runner.finish(state, progress)


@dataclass(frozen=True)
class FirstOrder:
    """First-order updates of a stage, from which the programs of one training or of several trainings are made."""

    size: Callable[[TrainingSet, TrainingConfig], EpochSize]
    rule: Callable[[TrainingSet, TrainingConfig, Shards], Rule]

    def runner(self, train: TrainingSet, config: TrainingConfig) -> Epochs:
        """Return the epochs of one training, whose updates all devices share."""
        size = self.size(train, config)
        shards = Shards.of(config.shards, size.batch)
        updates = updates_of(self.rule(train, config, shards), train.normalization, config, size.updates, shards)
        return Epochs(shards.compile(updates, donated=(0, 1)), shards, train.samples, size)


@dataclass(frozen=True)
class Stage:
    """Consecutive epochs that minimize one loss."""

    name: str
    first: int  # number of the first epoch, counted from one
    last: int  # number of the last epoch
    remedy: str  # advice for a loss that diverges, for error messages
    method: FirstOrder | Callable[[TrainingSet, TrainingConfig], EpochRunner]
    patience: int | None = None  # epochs without a lower validation error that end the stage

    def runner(self, train: TrainingSet, config: TrainingConfig) -> EpochRunner:
        """Return the epochs of the stage."""
        return self.method.runner(train, config) if isinstance(self.method, FirstOrder) else self.method(train, config)

    def begin(self, train: TrainingSet, config: TrainingConfig, state: TrainState) -> TrainState:
        """Return the first state of the stage, from the last state of the previous one.

        Updates of several steps start from the best parameters so far, with a new state of the optimizer. Second-order
        steps have no optimizer, and choose the best parameters themselves.
        """
        if self.first == 1 or not isinstance(self.method, FirstOrder):
            return state
        shards = Shards.of(config.shards, self.method.size(train, config).batch)
        optimizer = self.method.rule(train, config, shards).optimizer
        copy = lambda: jax.tree.map(jnp.array, state.best)  # noqa: E731
        return state.replace(params=copy(), ema=copy(), opt_state=optimizer.init(state.best))


def stages_of(config: TrainingConfig) -> tuple[Stage, ...]:
    """Return the stages that `config` describes, in order."""
    remedy = f"lower training.learning_rate (now {config.learning_rate:g}) or training.gradient_clip"
    one_step = FirstOrder(one_step_size, one_step_rule)
    stages = [Stage("one-step training", 1, config.num_epochs, remedy, one_step, config.patience)]
    remedy = f"lower training.unroll_learning_rate (now {config.unroll_learning_rate:g}) or training.gradient_clip"
    for horizon in config.unroll_horizons * (config.unroll_epochs > 0):
        first, last = stages[-1].last + 1, stages[-1].last + config.unroll_epochs
        method = FirstOrder(partial(multi_step_size, horizon=horizon), partial(multi_step_rule, horizon=horizon))
        stages.append(Stage(f"training on {horizon} steps", first, last, remedy, method))
    if config.finetune != "none":
        epoch = stages[-1].last + 1
        remedy = "set training.finetune=none"
        stages.append(Stage("second-order fine-tuning", epoch, epoch, remedy, second_order.Finetuning))
    return tuple(stages)


def one_step_size(train: TrainingSet, config: TrainingConfig) -> EpochSize:
    """Return the size of an epoch of one-step predictions."""
    batch, updates = epoch_size(train.model, config, len(train.window_ends()))
    return EpochSize(train.weighted_ends(config.impact_weight), batch, updates)


def one_step_rule(train: TrainingSet, config: TrainingConfig, shards: Shards) -> Rule:
    """Train on one-step predictions."""
    model = train.model
    noise = {} if is_zero(config.input_noise) else {"scale": (config.input_noise * train.state_std).astype(np.float32)}
    if model.gaussian_head:
        errors, loss = partial(losses.likelihood_step, model, **noise), partial(losses.of_likelihoods, config.loss)
    else:
        step = losses.noisy_step if noise else losses.one_step
        errors, loss = partial(step, model, **noise), partial(losses.of_errors, config.loss)
    return Rule(errors, loss, optimizer_for(train, config, shards))


def multi_step_size(train: TrainingSet, config: TrainingConfig, horizon: int) -> EpochSize:
    """Return the size of an epoch of open-loop predictions of `horizon` steps."""
    ends = train.window_ends(horizon)
    batch = max(1, min(config.batch_size // horizon, len(ends)))
    return EpochSize(ends, batch, max(1, len(ends) // (batch * horizon)))


def multi_step_rule(train: TrainingSet, config: TrainingConfig, shards: Shards, horizon: int) -> Rule:
    """Train on open-loop predictions of `horizon` steps."""
    model, rate = train.model, config.unroll_learning_rate
    scale = train.change_std.astype(np.float32)
    slow = with_numbers(config, learning_rate=rate, final_learning_rate=rate / 100)
    num_steps = config.unroll_epochs * multi_step_size(train, config, horizon).updates

    def errors(variables: Variables, samples: Samples, ends: jax.Array, key: jax.Array) -> jax.Array:
        return losses.multi_step(model, variables, samples, ends, horizon, scale)[None]  # the ensemble as one model

    loss = partial(losses.of_errors, config.loss)
    return Rule(errors, loss, optimizers.make(slow, num_steps, model.ensemble_size, shards))
