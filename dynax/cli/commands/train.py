"""`dynax train`: train a model on a dataset, which is collected first if there is none."""

import logging
import time
from pathlib import Path

from omegaconf import DictConfig

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.cli import resume, signals
from dynax.cli.directories import run_directory
from dynax.cli.training import identify
from dynax.cli.training.begin import begin
from dynax.cli.training.checkpoints import resumable, resuming
from dynax.cli.training.epoch_loop import run_epochs
from dynax.cli.training.finish import finish
from dynax.cli.training.training_job import assemble

log = logging.getLogger(__name__)


def run(cfg: DictConfig) -> Path:
    """Train as `cfg` describes, or continue the run `training.resume`, and return the run directory."""
    path, start = run_directory(), time.monotonic()
    signals.set_resume_advice(lambda: resuming(path))
    past = resume.past_of(path, cfg) if resume.is_continued(path, cfg) else None
    if past and past.is_finished():
        log.info("%s is finished; set training.num_epochs to a larger number to continue it", path)
        return path
    config = resume.config_of(cfg, past)
    if config["model"]["architecture"] == "rigid":
        identify.check_options(config)
    job = assemble(path, config, past)
    if isinstance(job.model, RigidDynamicsModel):
        history = identify.identify(job)
    else:
        begun = begin(job, past, start)
        run_epochs(job, begun.training, begun.history, past.seconds_in_epoch if past else 0.0)
        history = begun.history
    with resumable(path):
        finish(job, history, start)
    return path
