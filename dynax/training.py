"""Fitting a model: one compiled program an epoch, on data that stay on the device.

`fit` is a generator of epochs: whoever runs it decides what is shown, saved and stopped.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import struct

from dynax import losses, metrics, optimizers
from dynax.base import BaseDynamicsModel, Variables
from dynax.config import TrainingConfig
from dynax.envs.env import Env
from dynax.errors import RunError, UserError
from dynax.samples import Samples, normalization_of, prepare
from dynax.trajectories import Trajectories

log = logging.getLogger(__name__)

DIVERGED = 1e4  # a mean squared error in units of the targets' variance; predicting no change at all has 1


class TrainState(struct.PyTreeNode):
    """All that changes during training; with it a run continues as if it had never stopped."""

    params: Any
    ema: Any  # moving average of `params`: what is validated and kept
    opt_state: Any
    key: jax.Array  # (2,) uint32; every epoch's order and dropout follow from it and `epoch`
    epoch: jax.Array  # () int32, epochs done
    best: Any  # the `ema` with the lowest validation error so far
    best_error: jax.Array  # () float32
    best_epoch: jax.Array  # () int32


@dataclass(frozen=True)
class Epoch:
    """What one epoch brought."""

    state: TrainState
    number: int
    loss: float  # mean squared one-step error over the epoch, in units of the targets' variance
    val_nrmse: float  # open-loop error on whole validation trajectories, geometric mean over them and their steps
    val_valid_time: float  # s, median first passage of 0.1


def initial_state(params: Any, optimizer: optax.GradientTransformation, key: jax.Array) -> TrainState:
    """The state before the first epoch. The trees it holds are copies: every epoch gives its input's memory away."""
    copy = lambda: jax.tree.map(jnp.array, params)  # noqa: E731
    return TrainState(
        params=copy(), ema=copy(), opt_state=optimizer.init(params), key=key, epoch=jnp.int32(0),
        best=copy(), best_error=jnp.float32(jnp.inf), best_epoch=jnp.int32(0),
    )  # fmt: skip


def make_epoch(
    model: BaseDynamicsModel, optimizer: optax.GradientTransformation, config: TrainingConfig, num_samples: int
) -> Callable[[TrainState, Samples], tuple[TrainState, jax.Array]]:
    """One pass over the data in random order, as one compiled scan: to the new state and the mean squared error."""
    windows, steps = batches(model, config, num_samples)
    window = jnp.arange(1 - model.history, 1)

    def objective(params: Any, data: tuple[jax.Array, jax.Array, jax.Array], key: jax.Array):
        squared = losses.squared_errors(model, params, *data, key)
        return losses.LOSSES[config.loss](squared), losses.mse(squared)

    def update(samples, carry, step):
        (params, ema, opt_state, count), (ends, key) = carry, step
        rows = ends[:, None] + window
        data = samples.features[rows], samples.actions[rows], samples.targets[rows]
        (_, error), gradient = jax.value_and_grad(objective, has_aux=True)(params, data, key)
        change, opt_state = optimizer.update(gradient, opt_state, params)
        params = optax.apply_updates(params, change)
        ema = _average(config.ema_decay, ema, params, count)
        return (params, ema, opt_state, count + 1), error

    @jax.default_matmul_precision("highest")
    def epoch(state: TrainState, samples: Samples) -> tuple[TrainState, jax.Array]:
        order_key, dropout_key = jax.random.split(jax.random.fold_in(state.key, state.epoch))
        order = jax.random.permutation(order_key, samples.ends)[: steps * windows].reshape(steps, windows)
        carry = state.params, state.ema, state.opt_state, (state.epoch * steps).astype(jnp.float32)
        keys = jax.random.split(dropout_key, steps)
        (params, ema, opt_state, _), loss = jax.lax.scan(lambda c, s: update(samples, c, s), carry, (order, keys))
        state = state.replace(params=params, ema=ema, opt_state=opt_state, epoch=state.epoch + 1)
        finite = jnp.isfinite(optax.tree.norm(params))  # the last update may have ruined what no loss has seen yet
        return state, jnp.where(finite, loss.mean(), jnp.nan)

    return jax.jit(epoch, donate_argnums=0)


def make_validation(
    model: BaseDynamicsModel, data: Trajectories, normalization: Variables
) -> Callable[[TrainState], tuple[TrainState, float, float]]:
    """Open-loop prediction of whole trajectories, which also keeps the best parameters in the state."""
    h = model.history
    given, truth = data.states[:, :h], data.states[:, h - 1 :]
    scale = metrics.deviations(model.env.space, data.states)

    @jax.jit
    def keep_best(state: TrainState, error: jax.Array) -> TrainState:
        better = error < state.best_error
        pick = lambda new, old: jax.tree.map(lambda a, b: jnp.where(better, a, b), new, old)  # noqa: E731
        return state.replace(
            best=pick(state.ema, state.best),
            best_error=pick(error, state.best_error),
            best_epoch=pick(state.epoch, state.best_epoch),
        )

    def validate(state: TrainState) -> tuple[TrainState, float, float]:
        predicted = model.rollout(given, data.actions, {"params": state.ema, "normalization": normalization})
        error = metrics.normalised_error(model.env.space, truth, np.asarray(predicted), scale)
        value = metrics.typical(error[:, 1:])
        return keep_best(state, jnp.float32(value)), value, metrics.valid_time(error, 0.1, model.env.dt).median

    return validate


def fit(
    model: BaseDynamicsModel,
    train: Trajectories,
    val: Trajectories,
    normalization: Variables,
    config: TrainingConfig,
    state: TrainState,
) -> Iterator[Epoch]:
    """Train from `state` to `config.num_epochs`, or until `config.patience` epochs brought nothing better.

    The state of an epoch is good until the next one is asked for, which reuses its memory.

    Raises:
        RunError: where the loss is not finite or has left all bounds; earlier epochs are not touched.
    """
    samples = prepare(model, train, normalization)
    epoch = make_epoch(model, optimizer_for(model, train, config), config, len(samples.ends))
    validate = make_validation(model, _first(val, config.val_rollouts), normalization)
    for number in range(int(state.epoch) + 1, config.num_epochs + 1):
        if config.patience is not None and number - 1 - int(state.best_epoch) >= config.patience:
            log.info("stopped early: no better validation error since epoch %d", int(state.best_epoch))
            return
        state, loss = epoch(state, samples)
        if not float(loss) < DIVERGED:
            raise RunError(
                f"training diverged in epoch {number}: the loss is {float(loss):.3g}; "
                f"lower training.learning_rate (now {config.learning_rate:g}) or training.gradient_clip"
            )
        state, error, valid = validate(state)
        yield Epoch(state, number, float(loss), error, valid)


def optimizer_for(
    model: BaseDynamicsModel, train: Trajectories, config: TrainingConfig
) -> optax.GradientTransformation:
    """The optimiser with its schedule laid over all epochs on `train`."""
    _, steps = batches(model, config, len(train.states) * (train.actions.shape[1] - model.history + 1))
    return optimizers.make(config, config.num_epochs * steps)


def batches(model: BaseDynamicsModel, config: TrainingConfig, num_windows: int) -> tuple[int, int]:
    """Windows an update and updates an epoch, which shows every transition about once.

    A sequence model learns from all h transitions of a window, so that `batch_size` transitions are fewer windows.
    """
    each = model.history if model.sequence else 1
    windows = max(1, min(config.batch_size // each, num_windows))
    return windows, max(1, num_windows // (windows * each))


def start(
    model: BaseDynamicsModel, train: Trajectories, config: TrainingConfig, key: jax.Array
) -> tuple[TrainState, Variables]:
    """The state before the first epoch of a new training, and the normalisation of its data."""
    init_key, run_key = jax.random.split(key)
    normalization = normalization_of(model, train)
    params = model.create(init_key, normalization)["params"]
    return initial_state(params, optimizer_for(model, train, config), run_key), normalization


def train_dynamics_model(
    model: BaseDynamicsModel,
    train_dataset: Trajectories,
    val_dataset: Trajectories,
    config: TrainingConfig | None = None,
    rng: jax.Array | None = None,
    env: Env | None = None,
) -> Variables:
    """Train `model` and return its variables at the epoch with the lowest validation error.

    Args:
        model: an untrained model.
        train_dataset, val_dataset: trajectories of the model's robot.
        config: defaults to `TrainingConfig()`.
        rng: JAX random key; by default from `config.seed`.
        env: the robot, to be told if the model is of another.

    Raises:
        UserError: where model and data are of different robots.
        RunError: where training diverges.
    """
    config = config or TrainingConfig()
    if env is not None and env.mjcf != model.env.mjcf:
        raise UserError(f"the model is of {model.env.name}, not of {env.name}")
    for data in (train_dataset, val_dataset):
        _check_fits(model, data)
    state, normalization = start(model, train_dataset, config, raw_key(rng, config.seed))
    for epoch in fit(model, train_dataset, val_dataset, normalization, config, state):
        state = epoch.state
        log.info("epoch %d: loss %.3g, validation nRMSE %.3g", epoch.number, epoch.loss, epoch.val_nrmse)
    return {"params": state.best, "normalization": normalization}


def raw_key(rng: jax.Array | None, seed: int) -> jax.Array:
    """A random key as its (2,) uint32 words, which a checkpoint can hold."""
    if rng is None:
        return jax.random.PRNGKey(seed)
    return jax.random.key_data(rng) if jnp.issubdtype(rng.dtype, jax.dtypes.prng_key) else rng


def _average(decay: float | None, ema: Any, params: Any, count: jax.Array) -> Any:
    """Moving average whose memory grows with the number of updates, so that the start is soon forgotten."""
    if decay is None:
        return params
    rate = jnp.minimum(decay, (1 + count) / (10 + count))
    return jax.tree.map(lambda old, new: rate * old + (1 - rate) * new, ema, params)


def _first(data: Trajectories, n: int) -> Trajectories:
    return Trajectories(data.states[:n], data.actions[:n])


def _check_fits(model: BaseDynamicsModel, data: Trajectories) -> None:
    have, want = (data.states.shape[-1], data.actions.shape[-1]), (model.state_dim, model.action_dim)
    if have != want:
        raise UserError(f"the data have states of {have[0]} and actions of {have[1]} numbers, {model.env.name} {want}")
