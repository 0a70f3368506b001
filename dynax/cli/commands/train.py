"""`dynax train`: train a model on a dataset, which is collected first if there is none."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT

import jax
from omegaconf import DictConfig

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.cli import resume, signals
from dynax.cli.directories import run_directory
from dynax.cli.signals import Stopped
from dynax.cli.training import identify
from dynax.cli.training.checkpoints import restore_training, resuming, saved_normalization
from dynax.cli.training.finish import finish
from dynax.cli.training.follow import follow
from dynax.cli.training.job import Job, assemble
from dynax.errors import config_section
from dynax.runs.history import FILE, History
from dynax.training import Training, TrainingSet

log = logging.getLogger(__name__)


def run(cfg: DictConfig) -> Path:
    """Train as `cfg` describes, or continue the run `training.resume`, and return the run directory."""
    path, start = run_directory(), time.monotonic()
    signals.advise(lambda: resuming(path))
    past = resume.past_of(path, cfg) if resume.is_continued(path, cfg) else None
    if past and past.is_finished():
        log.info("%s is finished; set training.num_epochs to a larger number to continue it", path)
        return path
    config = resume.config_of(cfg, past)
    if config["model"]["architecture"] == "rigid":
        identify.check_options(config)
    job = assemble(path, config, past)
    history = identify.identify(job) if isinstance(job.model, RigidDynamicsModel) else _train(job, past)
    with _resumable(path):
        finish(job, history, start)
    return path


def _train(job: Job, past: resume.Past | None) -> History:
    """Run all epochs that are left, and return the metrics of all epochs."""
    data, val = job.read_data()
    normalization = saved_normalization(job) if past else job.init and job.init["normalization"]
    train = TrainingSet.of(job.model, data, normalization)
    with config_section("training"):
        training = Training(job.model, train, val, job.training, jax.random.PRNGKey(job.training.seed), job.init)
    if past:
        restore_training(job, training)
        log.info("continuing %s after epoch %d", job.path, training.epoch)
    history = History(job.path / FILE, past.metrics if past else None)
    (job.path / "summary.json").unlink(missing_ok=True)  # its presence marks a finished run
    follow(job, training, history, past.seconds_in_epoch if past else 0.0)
    return history


@contextmanager
def _resumable(path: Path) -> Iterator[None]:
    """Explain how to write the summary if a signal stops the run after its training."""
    try:
        yield
    except (KeyboardInterrupt, Stopped) as error:
        number = error.number if isinstance(error, Stopped) else SIGINT
        advice = f"run `dynax train training.resume={path}` to write it"
        raise Stopped(number, f"training finished, but the summary was not written; {advice}") from None
