"""The stages of a training: on one step, on several, and the polish.

Every stage has its own objective and its own optimizer, and all of them the same state.
"""

import dataclasses
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dynax.base import BaseDynamicsModel, Variables
from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.envs.env import Env
from dynax.evaluation import metrics
from dynax.training import losses, optimizers
from dynax.training import second_order as polishing
from dynax.training import training_set as samples_of
from dynax.training.epochs import TrainState, make_epoch
from dynax.training.impacts import impacts
from dynax.training.training_set import Samples

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """A stretch of epochs, `first` to `last`, counted from one, that minimize one objective."""

    name: str
    first: int
    last: int
    begin: Callable[[TrainState], TrainState]  # what the stage makes of the state that another has left
    epoch: Callable[[TrainState, Samples], tuple[TrainState, jax.Array]]
    rate: str  # the key of its learning rate and its value
    patience: int | None = None


def stages(
    model: BaseDynamicsModel, train: Trajectories, normalization: Variables, config: TrainingConfig
) -> Iterator[Stage]:
    """The stages of a training, each built when the one before it is done."""
    yield _one_step(model, train, normalization, config)
    first = config.num_epochs + 1
    for horizon in config.unroll_horizons * (config.unroll_epochs > 0):
        yield _unrolled(model, train, normalization, config, first, horizon)
        first += config.unroll_epochs
    if config.finetune != "none":
        yield _finetune(model, train, normalization, config, first)


def _one_step(model: BaseDynamicsModel, train: Trajectories, normalization: Variables, config: TrainingConfig) -> Stage:
    ends = samples_of.window_ends(train, model.history)
    batch, steps = batches(model, config, len(ends))
    shown = jnp.asarray(oversample_impacts(model.env, train, ends, config.impact_weight))
    errors = losses.one_step
    if config.input_noise:
        scale = (config.input_noise * metrics.state_std(model.env.space, train.states)).astype(np.float32)
        errors = partial(losses.noisy_step, scale=scale)
    program = make_epoch(
        partial(errors, model), normalization, optimizer_for(model, train, config), config, batch, steps
    )
    return Stage(
        name="one-step training", first=1, last=config.num_epochs, begin=lambda state: state,
        epoch=lambda state, samples: program(state, samples, shown),
        rate=f"training.learning_rate (now {config.learning_rate:g})", patience=config.patience,
    )  # fmt: skip


def _unrolled(
    model: BaseDynamicsModel, train: Trajectories, normalization: Variables, config: TrainingConfig, first: int,
    horizon: int,
) -> Stage:  # fmt: skip
    ends = jnp.asarray(samples_of.window_ends(train, model.history, horizon))
    batch = max(1, min(config.batch_size // horizon, len(ends)))
    steps = max(1, len(ends) // (batch * horizon))
    change = model.env.space.difference(train.states[:, :-1], train.states[:, 1:])
    scale = np.maximum(change.std(axis=(0, 1), dtype=np.float64), 1e-8).astype(np.float32)
    slow = dataclasses.replace(
        config, learning_rate=config.unroll_learning_rate, final_learning_rate=config.unroll_learning_rate / 100
    )
    optimizer = optimizers.make(slow, config.unroll_epochs * steps, model.ensemble_size)

    def errors(variables: Variables, samples: Samples, ends: jax.Array, key: jax.Array) -> jax.Array:
        return losses.multi_step(model, variables, samples, ends, horizon, scale)[None]  # ensemble_size together

    program = make_epoch(errors, normalization, optimizer, config, batch, steps)
    return Stage(
        name=f"training on {horizon} steps", first=first, last=first + config.unroll_epochs - 1,
        begin=lambda state: _from_best(state, optimizer),
        epoch=lambda state, samples: program(state, samples, ends),
        rate=f"training.unroll_learning_rate (now {config.unroll_learning_rate:g})",
    )  # fmt: skip


def _finetune(
    model: BaseDynamicsModel, train: Trajectories, normalization: Variables, config: TrainingConfig, first: int
) -> Stage:
    def epoch(state: TrainState, samples: Samples) -> tuple[TrainState, jax.Array]:
        variables = {"params": state.best, "normalization": normalization}
        params, error = polishing.finetune(model, variables, train, config, state.key)
        return state.replace(params=params, ema=params, epoch=state.epoch + 1), jnp.float32(error)

    return Stage(
        name="finetune", first=first, last=first, begin=lambda state: state, epoch=epoch, rate="training.finetune_steps"
    )


def _from_best(state: TrainState, optimizer: optax.GradientTransformation) -> TrainState:
    """The best parameters so far, with an optimizer that has seen none of them."""
    copy = lambda: jax.tree.map(jnp.array, state.best)  # noqa: E731
    return state.replace(params=copy(), ema=copy(), opt_state=optimizer.init(state.best))


def optimizer_for(
    model: BaseDynamicsModel, train: Trajectories, config: TrainingConfig
) -> optax.GradientTransformation:
    """The optimizer of one-step training, with its schedule laid over all of its epochs on `train`."""
    _, steps = batches(model, config, len(train.states) * (train.actions.shape[1] - model.history + 1))
    return optimizers.make(config, config.num_epochs * steps, model.ensemble_size)


def batches(model: BaseDynamicsModel, config: TrainingConfig, num_windows: int) -> tuple[int, int]:
    """Windows an update and updates an epoch, which shows every transition about once.

    A sequence model learns from all h transitions of a window, so that `batch_size` transitions are fewer windows.
    """
    each = model.history if model.sequence else 1
    windows = max(1, min(config.batch_size // each, num_windows))
    return windows, max(1, num_windows // (windows * each))


def oversample_impacts(env: Env, data: Trajectories, ends: np.ndarray, weight: int) -> np.ndarray:
    """`ends` (W,), and those around impacts `weight` times, of which an epoch shows no more in all than without."""
    if weight == 1:
        return ends
    hit = impacts(env, data.states).ravel()[ends]
    log.info("%.1f%% of the transitions are around impacts, and shown %d times as often", 100 * hit.mean(), weight)
    return np.concatenate([ends, np.repeat(ends[hit], weight - 1)])
