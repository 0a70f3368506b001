"""`hydra/launcher=vectorized`: train the jobs of a sweep that differ only in numbers as one program.

The other jobs of the sweep run one after the other, as with Hydra's own launcher. Each job has its own run directory
with metrics and checkpoints. A run that was stopped continues alone.
"""

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, configure_log, filter_overrides, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from dynax.cli import directories
from dynax.cli.hydra_private import register_plugin
from dynax.cli.jobs import job, libraries, outcomes
from dynax.config.options import section
from dynax.config.schema import TrainingRunConfig
from dynax.errors import UserError

log = logging.getLogger(__name__)

NAME = "vectorized"


def register() -> None:
    """Add the launcher to Hydra."""
    target = register_plugin(VectorizedLauncher)
    ConfigStore.instance().store(group="hydra/launcher", name=NAME, node={"_target_": target}, provider="dynax")


@dataclass
class _Job:
    """A job of the sweep."""

    config: DictConfig
    contexts: ExitStack = field(default_factory=ExitStack)  # ends when the job ends: it owns the run directory
    begun: Any = None  # the prepared training
    result: JobReturn | None = None


class VectorizedLauncher(Launcher):
    """Runs the jobs of a sweep, those that can share a program together."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Store the arguments; Hydra calls this function before `launch`."""
        self._context, self._task, self._config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs, and return their results in the order of the jobs."""
        if self._config.hydra.job.config_name != "train":
            raise UserError(f"hydra/launcher={NAME} runs only `dynax train`: remove it from this command line")
        setup_globals()
        self._log_to_console()
        Path(str(self._config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        jobs = [self._job(number, words) for number, words in enumerate(job_overrides, initial_job_idx)]
        for group in _groups(jobs):
            if len(group) == 1:
                self._run(group[0], self._task)
            else:
                self._train(group)
        return [each.result for each in jobs if each.result]

    def _job(self, number: int, overrides: Sequence[str]) -> _Job:
        log.info("\t#%d : %s", number, " ".join(filter_overrides(overrides)))
        config = self._context.config_loader.load_sweep_config(self._config, list(overrides))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
        return _Job(config)

    def _train(self, jobs: Sequence[_Job]) -> None:
        """Train the models of several jobs as one program."""
        for each in jobs:
            first = next((other.begun for other in jobs if other.begun), None)
            self._run(each, lambda cfg, each=each, first=first: _begin(each, cfg, first))
        begun = [each for each in jobs if each.begun]
        if not begun:
            return
        self._log_to_console()
        try:
            run_group = libraries.import_module("dynax.cli.training.group_loop").run_group
            failures = run_group([each.begun for each in begun])
        except Exception as error:
            failures = dict.fromkeys(range(len(begun)), error)
        except BaseException:
            for each in begun:
                self._run(each, lambda cfg, each=each: each.contexts.close())
            raise
        for number, each in enumerate(begun):
            self._run(each, partial(_end, each, failures.get(number)))

    def _run(self, each: _Job, task: Callable[[DictConfig], None]) -> None:
        """Call a function of the config in Hydra's environment of a job."""
        each.result = run_job(
            hydra_context=self._context,
            task_function=task,
            config=each.config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )

    def _log_to_console(self) -> None:
        configure_log(self._config.hydra.hydra_logging, self._config.hydra.verbose)


def _groups(jobs: Sequence[_Job]) -> list[list[_Job]]:
    """Return the jobs that can share a program together, and each other job alone."""
    groups: dict[Any, list[_Job]] = {}
    for number, each in enumerate(jobs):
        groups.setdefault(_shared(each.config) or number, []).append(each)
    return list(groups.values())


def _shared(config: DictConfig) -> str | None:
    """Return the part of a config that all jobs of a program share, or None if the job must run alone."""
    from dynax.training.numbers import shared_settings  # here, because it imports NumPy

    parts = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    content: Any = OmegaConf.to_container(parts, resolve=True)
    training = content.pop("training")
    if training["resume"] is not None or content["model"]["architecture"] == "rigid":
        return None
    try:
        settings = section(TrainingRunConfig, training, "training")
    except UserError:
        return None  # the job itself reports the error
    return json.dumps([content, shared_settings(settings)], sort_keys=True, default=str)


def _begin(each: _Job, cfg: DictConfig, first: Any) -> None:
    """Prepare the training of a job, and keep its run directory. An error ends the job."""
    if outcomes.is_stopped():
        return

    def prepare() -> None:
        with ExitStack() as contexts:
            contexts.enter_context(outcomes.running())
            contexts.enter_context(job.prepared("train", cfg))
            begin_new = libraries.import_module("dynax.cli.training.begin").begin_new
            each.begun = begin_new(directories.run_directory(), cfg, first)
            each.contexts = contexts.pop_all()

    job.store_outcome(prepare)


def _end(each: _Job, error: Exception | None, cfg: DictConfig) -> None:
    """Write the results of a job, or report why its training has ended."""

    def end() -> Path:
        with each.contexts:
            return libraries.import_module("dynax.cli.training.begin").end(each.begun, error)

    job.store_outcome(end)
