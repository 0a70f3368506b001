"""`train_dynamics_model`: train a model in one call."""

import logging

import jax

from dynax.base import BaseDynamicsModel, Variables
from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.envs.env import Env
from dynax.errors import UserError, check_type
from dynax.training.training import Training

log = logging.getLogger(__name__)


def train_dynamics_model(
    model: BaseDynamicsModel,
    train_dataset: Trajectories,
    val_dataset: Trajectories,
    config: TrainingConfig | None = None,
    rng: jax.Array | int | None = None,
    env: Env | None = None,
    init: Variables | None = None,
) -> Variables:
    """Train `model` and return its variables at the epoch with the lowest validation error.

    Args:
        model: the model.
        train_dataset, val_dataset: trajectories of the model's robot.
        config: settings; by default `TrainingConfig()`. `TrainingConfig.recipe(model)` returns the settings of the
            command line.
        rng: JAX random key or integer seed; by default `jax.random.PRNGKey(config.seed)`, as on the command line.
        env: the robot, to check that the model belongs to it.
        init: variables from which the training starts, see `Training`.

    Returns:
        The variables, `{"params": ..., "normalization": ...}`.

    Raises:
        UserError: if model, data and `env` belong to different robots, if trajectories are too short, or if the model
            has too many parameters for `config.finetune`.
        RunError: if the training diverges.
    """
    check_type("model", model, BaseDynamicsModel, "a model, such as MLPDynamicsModel(env=env)")
    for name, data in (("train_dataset", train_dataset), ("val_dataset", val_dataset)):
        check_type(name, data, Trajectories, "an instance of dynax.data.trajectories.Trajectories")
    config = TrainingConfig() if config is None else config
    check_type("config", config, TrainingConfig, "a TrainingConfig")
    if env is not None and env.mjcf != model.env.mjcf:
        raise UserError(f"the model belongs to the robot {model.env.name}, but env is {env.name}: pass the same robot")
    key = jax.random.PRNGKey(config.seed) if rng is None else rng
    training = Training(model, train_dataset, val_dataset, config, key, init)
    while (metrics := training.step()) is not None:
        log.info("epoch %d: loss %.3g, validation nRMSE %.3g", metrics.epoch, metrics.loss, metrics.val_nrmse)
    return training.variables()
