"""`dynax learn`: learn a task from scratch, with few transitions of the true robot."""

import logging
import time
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from dynax import architectures, envs
from dynax.architectures.description import title
from dynax.cli import console, resume, signals
from dynax.cli.directories import run_directory
from dynax.cli.learning import checkpoints
from dynax.cli.learning.finish import finish
from dynax.cli.training.checkpoints import naming_last_checkpoint, resuming
from dynax.config.options import section
from dynax.config.schema import LearnConfig, TrainingRunConfig
from dynax.control import planners, tasks
from dynax.control.learning import Learning
from dynax.control.problem import Problem
from dynax.errors import UserError, config_section
from dynax.runs.history import FILE, History
from dynax.runs.saved_model import build
from dynax.runs.summary import read_summary

log = logging.getLogger(__name__)


def run(cfg: DictConfig) -> Path:
    """Learn as `cfg` describes, or continue the run `training.resume`, and return the run directory."""
    path, start = run_directory(), time.monotonic()
    signals.set_resume_advice(lambda: resuming(path, "learn"))
    past = resume.past_of(path, cfg) if resume.is_continued(path, cfg) else None
    if cfg.training.init is not None:
        raise UserError("training.init has no effect with `dynax learn`, which trains from scratch: remove it")
    config = resume.config_of(cfg, past)
    learning = _learning(config, past)
    if past:
        checkpoints.restore(path, learning)
        if learning.is_finished and read_summary(path) is not None:
            log.info("%s is finished; set learn.transitions to a larger number to continue it", path)
            return path
        log.info("continuing %s after round %d", path, learning.rounds[-1].number)
        (path / "summary.json").unlink(missing_ok=True)  # its presence marks a finished run
    history = History(path / FILE, past.metrics if past else None)
    _follow(path, config, learning, history)
    finish(path, config, learning, start)
    return path


def _learning(config: Any, past: resume.Past | None) -> Learning:
    """Return the learning that a config describes, before its first round."""
    model = build(past.saved) if past else architectures.make(envs.make(config["env"]), config["model"])
    settings = section(LearnConfig, config["learn"], "learn")
    training = section(TrainingRunConfig, config["training"], "training")
    task, planner = tasks.make(config["task"]), planners.make(config["planner"])
    with config_section("task"):
        Problem(model.env, task, planner)
    with config_section("learn"):
        return Learning(model, task, planner, settings, training)


def _follow(path: Path, config: Any, learning: Learning, history: History) -> None:
    """Run all rounds that are left and a last training, with a progress bar and a checkpoint after each round."""
    budget, heading = learning.config.transitions, f"learn {learning.problem.task.name}, {title(learning.model)}"
    done = learning.experience.transitions
    seconds, start = [], time.monotonic()

    def save() -> None:
        with signals.longer_deadline():
            checkpoints.save(path, config, learning, history, seconds)

    with console.progress(heading, budget, "transitions", done, "compiling") as update, naming_last_checkpoint(path):
        while not learning.is_finished:
            result = learning.step(lambda part: update(learning.experience.transitions, part))
            assert result is not None
            update(result.transitions, f"return {result.total:.4g}")
            seconds.append(time.monotonic() - start)
            start = time.monotonic()
            if result.number:
                save()
        log.info("training on all %d transitions", learning.experience.transitions)
        learning.train()
        save()
