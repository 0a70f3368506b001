"""Fitting a model, on data that stay on the device.

`fit` is a generator of stages, each with a generator of its epochs: whoever runs them decides what is shown, saved and
stopped.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from dynax.base import BaseDynamicsModel, Variables
from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.envs.env import Env
from dynax.errors import RunError, UserError
from dynax.training import second_order as polishing
from dynax.training import training_set as samples_of
from dynax.training.epochs import TrainState, initial_state
from dynax.training.stages import Stage, optimizer_for, stages
from dynax.training.training_set import normalization_of, prepare
from dynax.training.validation import make_validation

log = logging.getLogger(__name__)

DIVERGED = 1e4  # a mean squared error in units of the targets' variance; predicting no change at all has 1


@dataclass(frozen=True)
class Epoch:
    """What one epoch brought."""

    state: TrainState
    number: int
    loss: float  # mean squared one-step error over the epoch, in units of the targets' variance
    val_nrmse: float  # open-loop error on whole validation trajectories, geometric mean over them and their steps
    val_valid_time: float  # s, median first passage of 0.1


def fit(
    model: BaseDynamicsModel,
    train: Trajectories,
    val: Trajectories,
    normalization: Variables,
    config: TrainingConfig,
    state: TrainState,
) -> Iterator[tuple[Stage, Iterator[Epoch]]]:
    """Train from `state` through the stages of `config` that are left: one step, several steps, polish.

    Each comes with its epochs, which are to be run before the next stage is asked for.

    Every stage but the first starts from the best parameters so far. The first ends early where `config.patience`
    epochs brought nothing better. The state of an epoch is good until the next one is asked for, which reuses its
    memory.

    Raises:
        RunError: where the loss is not finite or has left all bounds; earlier epochs are not touched.
    """
    samples = prepare(model, train, normalization)
    validate = make_validation(model, _first(val, config.val_rollouts), normalization)

    def epochs(stage: Stage) -> Iterator[Epoch]:
        nonlocal state
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

    for stage in stages(model, train, normalization, config):
        if int(state.epoch) < stage.last:
            yield stage, epochs(stage)


def every(trained: Iterator[tuple[Stage, Iterator[Epoch]]]) -> Iterator[Epoch]:
    """The epochs of all stages."""
    for _, epochs in trained:
        yield from epochs


def start(
    model: BaseDynamicsModel, train: Trajectories, config: TrainingConfig, key: jax.Array
) -> tuple[TrainState, Variables]:
    """The state before the first epoch of a new training, and the normalization of its data.

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
    for epoch in every(fit(model, train_dataset, val_dataset, normalization, config, state)):
        state = epoch.state
        log.info("epoch %d: loss %.3g, validation nRMSE %.3g", epoch.number, epoch.loss, epoch.val_nrmse)
    return {"params": state.best, "normalization": normalization}


def raw_key(rng: jax.Array | None, seed: int) -> jax.Array:
    """A random key as its (2,) uint32 words, which a checkpoint can hold."""
    if rng is None:
        return jax.random.PRNGKey(seed)
    return jax.random.key_data(rng) if jnp.issubdtype(rng.dtype, jax.dtypes.prng_key) else rng


def _first(data: Trajectories, n: int) -> Trajectories:
    return Trajectories(data.states[:n], data.actions[:n])


def _check_fits(model: BaseDynamicsModel, data: Trajectories) -> None:
    have, want = (data.states.shape[-1], data.actions.shape[-1]), (model.state_dim, model.action_dim)
    if have != want:
        raise UserError(f"the data have states of {have[0]} and actions of {have[1]} numbers, {model.env.name} {want}")
