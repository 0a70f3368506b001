"""The begin and the end of a `dynax train` job: its data, its training, its metrics and its summary."""

import dataclasses
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path

import jax
from omegaconf import DictConfig

from dynax.cli import resume
from dynax.cli.training.checkpoints import naming_last_checkpoint, restore_training, resumable, saved_normalization
from dynax.cli.training.finish import finish
from dynax.cli.training.training_job import TrainingJob, assemble
from dynax.config.options import section
from dynax.config.schema import TrainingRunConfig
from dynax.data.trajectories import Trajectories
from dynax.errors import UserError, config_section
from dynax.runs.checkpoint import CHECKPOINTS
from dynax.runs.history import FILE, History
from dynax.training import Training, TrainingSet

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Begun:
    """A job whose training can run."""

    job: TrainingJob
    training: Training
    history: History
    val: Trajectories
    start: float  # time at which the command started, as `time.monotonic()` returns it


def begin(job: TrainingJob, past: resume.Past | None, start: float) -> Begun:
    """Read the data, and prepare the training.

    Args:
        job: the job.
        past: the run that is continued, if any.
        start: time at which the command started, as `time.monotonic()` returns it.
    """
    data, val = job.read_data()
    normalization = saved_normalization(job) if past else job.init and job.init["normalization"]
    train = TrainingSet.of(job.model, data, normalization)
    training = _training(job, train, val)
    if past:
        restore_training(job, training)
        log.info("continuing %s after epoch %d", job.path, training.epoch)
    history = History(job.path / FILE, past.metrics if past else None)
    if not os.access(job.path / CHECKPOINTS if past else job.path, os.W_OK):  # before the summary is deleted
        raise UserError(f"{job.path} cannot be written: allow this user to write, or copy the run")
    (job.path / "summary.json").unlink(missing_ok=True)  # its presence marks a finished run
    return Begun(job, training, history, val, start)


def begin_new(path: Path, cfg: DictConfig, other: Begun | None) -> Begun:
    """Begin a new run.

    Args:
        path: the run directory.
        cfg: the composed config.
        other: a job whose config differs only in the seed and the numbers of the training. Its data are shared.
    """
    start, config = time.monotonic(), resume.config_of(cfg, None)
    if other is None:
        return begin(assemble(path, config, None), None, start)
    config["model"] = other.job.config["model"]  # with the constants of its base
    settings = section(TrainingRunConfig, config["training"], "training")
    job = dataclasses.replace(other.job, path=path, config=config, settings=settings)
    return Begun(job, _training(job, other.training.train, other.val), History(path / FILE), other.val, start)


def end(begun: Begun, error: Exception | None) -> Path:
    """Write the summary of a job, and return its directory.

    Args:
        begun: the job, whose training is complete.
        error: the error that has ended the training instead; it is raised.
    """
    path = begun.job.path
    if error:
        with naming_last_checkpoint(path):
            raise error
    with resumable(path):
        finish(begun.job, begun.history, begun.start)
    return path


def _training(job: TrainingJob, train: TrainingSet, val: Trajectories) -> Training:
    with config_section("training"):
        return Training(job.model, train, val, job.settings, jax.random.PRNGKey(job.settings.seed), job.init)
