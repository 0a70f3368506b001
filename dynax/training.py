"""Fitting a model: one compiled program an epoch, on data that stay on the device.

`fit` is a generator of epochs: whoever runs it decides what is shown, saved and stopped.
"""

import dataclasses
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import struct

from dynax import losses, metrics, optimizers
from dynax import polish as polishing
from dynax import samples as samples_of
from dynax.base import BaseDynamicsModel, Variables
from dynax.config import TrainingConfig
from dynax.envs.env import Env
from dynax.errors import RunError, UserError
from dynax.impacts import impacts
from dynax.samples import Samples, normalization_of, prepare
from dynax.trajectories import Trajectories
from dynax.validation import make_validation

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


# Of variables, samples, ends and key, the squared errors; the first axis is of what is trained each by itself, members.
Errors = Callable[[Variables, Samples, jax.Array, jax.Array], jax.Array]


def make_epoch(
    errors: Errors, normalization: Variables, optimizer: optax.GradientTransformation, config: TrainingConfig,
    batch: int, steps: int,
) -> Callable[[TrainState, Samples, jax.Array], tuple[TrainState, jax.Array]]:  # fmt: skip
    """A pass over the windows that end at the given samples, in random order, as one compiled scan of `steps` updates.

    It maps the state, the samples and the ends (W,) to the new state and the mean squared error.
    """

    def objective(params: Any, samples: Samples, ends: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        squared = errors({"params": params, "normalization": normalization}, samples, ends, key)
        return jax.vmap(losses.LOSSES[config.loss])(squared).sum(), losses.mse(squared)

    def update(samples, carry, step):
        (params, ema, opt_state, count), (ends, key) = carry, step
        (_, error), gradient = jax.value_and_grad(objective, has_aux=True)(params, samples, ends, key)
        change, opt_state = optimizer.update(gradient, opt_state, params)
        params = optax.apply_updates(params, change)
        ema = _average(config.ema_decay, ema, params, count)
        return (params, ema, opt_state, count + 1), error

    @jax.default_matmul_precision("highest")
    def epoch(state: TrainState, samples: Samples, ends: jax.Array) -> tuple[TrainState, jax.Array]:
        order_key, dropout_key = jax.random.split(jax.random.fold_in(state.key, state.epoch))
        order = jax.random.permutation(order_key, ends)[: steps * batch].reshape(steps, batch)
        carry = state.params, state.ema, state.opt_state, (state.epoch * steps).astype(jnp.float32)
        keys = jax.random.split(dropout_key, steps)
        (params, ema, opt_state, _), loss = jax.lax.scan(lambda c, s: update(samples, c, s), carry, (order, keys))
        state = state.replace(params=params, ema=ema, opt_state=opt_state, epoch=state.epoch + 1)
        finite = jnp.isfinite(optax.tree.norm(params))  # the last update may have ruined what no loss has seen yet
        return state, jnp.where(finite, loss.mean(), jnp.nan)

    return jax.jit(epoch, donate_argnums=0)


def fit(
    model: BaseDynamicsModel,
    train: Trajectories,
    val: Trajectories,
    normalization: Variables,
    config: TrainingConfig,
    state: TrainState,
) -> Iterator[Epoch]:
    """Train from `state` through the stages of `config`: one step, several steps, polish.

    Every stage but the first starts from the best parameters so far. The first ends early where `config.patience`
    epochs brought nothing better. The state of an epoch is good until the next one is asked for, which reuses its
    memory.

    Raises:
        RunError: where the loss is not finite or has left all bounds; earlier epochs are not touched.
    """
    samples = prepare(model, train, normalization)
    validate = make_validation(model, _first(val, config.val_rollouts), normalization)
    for stage in stages(model, train, normalization, config):
        for number in range(max(int(state.epoch) + 1, stage.first), stage.last + 1):
            if number == stage.first > 1:
                state = stage.begin(state)
            if stage.patience is not None and number - 1 - int(state.best_epoch) >= stage.patience:
                log.info("%s stopped early: no better validation error since epoch %d", stage.name, state.best_epoch)
                state = state.replace(epoch=jnp.int32(stage.last))
                break
            state, loss = stage.epoch(state, samples)
            if not float(loss) < DIVERGED:
                raise RunError(
                    f"training diverged in epoch {number}: the loss is {float(loss):.3g}; "
                    f"lower {stage.rate} or training.gradient_clip"
                )
            state, error, valid = validate(state)
            yield Epoch(state, number, float(loss), error, valid)


@dataclass(frozen=True)
class Stage:
    """A stretch of epochs, `first` to `last`, counted from one, that minimise one objective."""

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
    if config.polish != "none":
        yield _polish(model, train, normalization, config, first)


def _one_step(model: BaseDynamicsModel, train: Trajectories, normalization: Variables, config: TrainingConfig) -> Stage:
    ends = samples_of.ends(train, model.history)
    batch, steps = batches(model, config, len(ends))
    shown = jnp.asarray(weighted(model.env, train, ends, config.impact_weight))
    errors = losses.one_step
    if config.input_noise:
        scale = (config.input_noise * metrics.deviations(model.env.space, train.states)).astype(np.float32)
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
    ends = jnp.asarray(samples_of.ends(train, model.history, horizon))
    batch = max(1, min(config.batch_size // horizon, len(ends)))
    steps = max(1, len(ends) // (batch * horizon))
    change = model.env.space.difference(train.states[:, :-1], train.states[:, 1:])
    scale = np.maximum(change.std(axis=(0, 1), dtype=np.float64), 1e-8).astype(np.float32)
    slow = dataclasses.replace(
        config, learning_rate=config.unroll_learning_rate, final_learning_rate=config.unroll_learning_rate / 100
    )
    optimizer = optimizers.make(slow, config.unroll_epochs * steps, model.members)

    def errors(variables: Variables, samples: Samples, ends: jax.Array, key: jax.Array) -> jax.Array:
        return losses.several_steps(model, variables, samples, ends, horizon, scale)[None]  # members together

    program = make_epoch(errors, normalization, optimizer, config, batch, steps)
    return Stage(
        name=f"training on {horizon} steps", first=first, last=first + config.unroll_epochs - 1,
        begin=lambda state: _from_best(state, optimizer),
        epoch=lambda state, samples: program(state, samples, ends),
        rate=f"training.unroll_learning_rate (now {config.unroll_learning_rate:g})",
    )  # fmt: skip


def _polish(
    model: BaseDynamicsModel, train: Trajectories, normalization: Variables, config: TrainingConfig, first: int
) -> Stage:
    def epoch(state: TrainState, samples: Samples) -> tuple[TrainState, jax.Array]:
        variables = {"params": state.best, "normalization": normalization}
        params, error = polishing.polish(model, variables, train, config, state.key)
        return state.replace(params=params, ema=params, epoch=state.epoch + 1), jnp.float32(error)

    return Stage(
        name="polish", first=first, last=first, begin=lambda state: state, epoch=epoch, rate="training.polish_steps"
    )


def _from_best(state: TrainState, optimizer: optax.GradientTransformation) -> TrainState:
    """The best parameters so far, with an optimiser that has seen none of them."""
    copy = lambda: jax.tree.map(jnp.array, state.best)  # noqa: E731
    return state.replace(params=copy(), ema=copy(), opt_state=optimizer.init(state.best))


def optimizer_for(
    model: BaseDynamicsModel, train: Trajectories, config: TrainingConfig
) -> optax.GradientTransformation:
    """The optimiser of one-step training, with its schedule laid over all of its epochs on `train`."""
    _, steps = batches(model, config, len(train.states) * (train.actions.shape[1] - model.history + 1))
    return optimizers.make(config, config.num_epochs * steps, model.members)


def batches(model: BaseDynamicsModel, config: TrainingConfig, num_windows: int) -> tuple[int, int]:
    """Windows an update and updates an epoch, which shows every transition about once.

    A sequence model learns from all h transitions of a window, so that `batch_size` transitions are fewer windows.
    """
    each = model.history if model.sequence else 1
    windows = max(1, min(config.batch_size // each, num_windows))
    return windows, max(1, num_windows // (windows * each))


def weighted(env: Env, data: Trajectories, ends: np.ndarray, weight: int) -> np.ndarray:
    """`ends` (W,), and those around impacts `weight` times, of which an epoch shows no more in all than without."""
    if weight == 1:
        return ends
    hit = impacts(env, data.states).ravel()[ends]
    log.info("%.1f%% of the transitions are around impacts, and shown %d times as often", 100 * hit.mean(), weight)
    return np.concatenate([ends, np.repeat(ends[hit], weight - 1)])


def start(
    model: BaseDynamicsModel, train: Trajectories, config: TrainingConfig, key: jax.Array
) -> tuple[TrainState, Variables]:
    """The state before the first epoch of a new training, and the normalisation of its data.

    Raises `UserError` where the model is too large for the polish that `config` asks for, or trajectories too short.
    """
    samples_of.check_length(train.actions.shape[1], model.history, config.horizon)
    init_key, run_key = jax.random.split(key)
    normalization = normalization_of(model, train)
    params = model.create(init_key, normalization)["params"]
    polishing.check(model, params, config)
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
