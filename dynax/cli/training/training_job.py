"""The model, the settings and the dataset of a `dynax train` job."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynax import architectures, envs, excitations
from dynax.architectures.description import notes
from dynax.base import BaseDynamicsModel, Variables
from dynax.cli import console
from dynax.cli.collection_policy import make_policy
from dynax.cli.directories import DATASETS
from dynax.cli.resume import Past
from dynax.cli.training.base import with_constants
from dynax.cli.training.initial import initial_variables
from dynax.config.options import section
from dynax.config.schema import CollectConfig, TrainingRunConfig
from dynax.data import collection
from dynax.data.dataset import Dataset
from dynax.data.sizes import check_reading
from dynax.data.trajectories import Trajectories, train_size
from dynax.envs import Env
from dynax.envs.recorded import is_recorded_mjcf
from dynax.errors import UserError, config_section
from dynax.evaluation import warmstart
from dynax.mechanics.constraints import MAX_CONTACTS_PER_CONDIM, contact_overflow
from dynax.runs.saved_model import build
from dynax.training.memory_check import check_parameters
from dynax.training.windows import check_length

log = logging.getLogger(__name__)

MAX_OVERFLOW_STATES = 1_000  # states that are checked for too many contacts


@dataclass(frozen=True)
class TrainingJob:
    """Everything that a training needs, and the run directory."""

    path: Path
    config: Mapping[str, Any]  # the complete resolved config
    settings: TrainingRunConfig
    model: BaseDynamicsModel
    dataset: Dataset
    init: Variables | None = None  # variables from which the training starts

    def read_data(self) -> tuple[Trajectories, Trajectories]:
        """Return the training and validation trajectories; warn if the model cannot represent some states."""
        check_reading(self.model.env, len(self.dataset), self.dataset.manifest["rollout_length"])
        train, val = self.dataset.read_parts(self.settings.val_fraction)
        _warn_of_contact_overflow(self.model, train)
        return train, val


def assemble(path: Path, config: Mapping[str, Any], past: Past | None) -> TrainingJob:
    """Return the job that `config` describes; check the config before any data are collected.

    Args:
        path: the run directory.
        config: the complete resolved config.
        past: the run to continue, if any. Its saved robot is used.
    """
    settings = section(TrainingRunConfig, config["training"], "training")
    if past:
        model = build(past.saved)
    else:
        env = _env(config)
        config = {**config, "model": with_constants(config["model"], env)}
        model = architectures.make(env, config["model"])
    for note in notes(model):
        log.info("%s", note)
    check_parameters(model, settings)
    init = None if past else initial_variables(model, settings.init)
    dataset = _dataset(config, model, settings, past)
    dataset.check_robot(model.env)
    _check_length(dataset.manifest["rollout_length"], model, settings)
    if past:
        past.check_dataset(dataset)
    return TrainingJob(path, config, settings, model, dataset, init)


def _env(config: Mapping[str, Any]) -> Env:
    """Return the robot of a config. With `env=data`, the dataset of a log describes it."""
    if config["env"]["name"] != "data" or config["dataset"] is None:
        return envs.make(config["env"])
    dataset = Dataset.open(config["dataset"])
    mjcf = dataset.manifest["mjcf"]
    if not is_recorded_mjcf(mjcf):
        raise UserError(
            f"env.name=data: the dataset {dataset.path} has the mechanics of {dataset.manifest['robot']}; choose the "
            "robot with env=, or env=mjcf env.xml=<its file>"
        )
    return envs.make(config["env"], mjcf=mjcf)


def _dataset(
    config: Mapping[str, Any], model: BaseDynamicsModel, settings: TrainingRunConfig, past: Past | None
) -> Dataset:
    """Open the dataset of the continued run or of the config; collect a dataset if there is none."""
    if past and past.dataset.is_dir():
        return Dataset.open(past.dataset)
    if config["dataset"] is not None:
        return Dataset.open(config["dataset"])
    wanted, excitation = section(CollectConfig, config["collect"], "collect"), excitations.make(config["excitation"])
    train_size(wanted.num_rollouts, settings.val_fraction)  # raises if there are too few trajectories to split
    _check_length(wanted.rollout_length, model, settings)
    check_reading(model.env, wanted.num_rollouts, wanted.rollout_length)
    policy = make_policy(wanted, model.env)
    total = wanted.num_rollouts * wanted.rollout_length
    with console.progress(f"collect {model.env.name}", total, "transitions") as update:
        return collection.collect(
            model.env, excitation, wanted, DATASETS, lambda done, total: update(done), warmstart.check, policy
        )


def _check_length(steps: int, model: BaseDynamicsModel, settings: TrainingRunConfig) -> None:
    with config_section("training" if settings.horizon > 1 else "model"):
        check_length(steps, model.history, settings.horizon)


def _warn_of_contact_overflow(model: BaseDynamicsModel, data: Trajectories) -> None:
    """Log a warning if some states have more active contacts than the constraint layer includes."""
    if model.layer is None or model.layer.contacts is None:
        return
    states = data.states.reshape(-1, model.state_dim)
    stride = max(1, len(states) // MAX_OVERFLOW_STATES)
    share = contact_overflow(model.env.mj_model, model.env.space.qpos(states[::stride]))
    if share:
        log.warning(
            "%.1f%% of the states have more than %d active contacts of one condim: the constraint layer omits the most "
            "distant ones",
            100 * share,
            MAX_CONTACTS_PER_CONDIM,
        )
