"""The outcomes of all jobs of a command line, passed from the processes that run them to the process that prints them.

`hydra.main` discards return values, and the jobs of a sweep may run in other processes. The job of a single run stores
its outcome in this module. The jobs of a sweep use files in the folder `.jobs` of the sweep directory:

    <number>.json          the outcome of a finished job
    <number>.<process id>  exists while the job runs
    stop                   the parent has received this signal, so no further job starts
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypedDict

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from dynax.cli.directories import Additions
from dynax.cli.jobs import ownership
from dynax.runs.files import write_json
from dynax.runs.json_files import read_json


@dataclass(frozen=True)
class Outcome:
    """The exit code of a job, and the absolute path of its result if the job has succeeded."""

    exit_code: int
    path: str | None = None


class _File(TypedDict):
    """The content of the file of an outcome."""

    exit_code: int
    path: str | None


_single: list[Outcome] = []
_sweeps: list[Additions] = []  # the additions of this process to the directories of its sweeps


class Sweep(Callback):
    """A Hydra callback (see conf/hydra/dynax.yaml) by which the parent registers the directory of its sweep."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Create, own and register the sweep directory, and delete the outcomes of an earlier sweep in it."""
        added = ownership.own_sweep(config.hydra.sweep.dir)
        for file in (added.folder / ".jobs").glob("[0-9s]*"):
            file.unlink()
        _sweeps.append(added)


def is_parent() -> bool:
    """Return whether this process has started a sweep. Workers of the sweep return False."""
    return bool(_sweeps)


def is_worker() -> bool:
    """Return whether this process is a worker of a sweep, which the launcher of joblib or submitit has started."""
    return HydraConfig.get().mode == RunMode.MULTIRUN and not is_parent()


def is_stopped() -> bool:
    """Return whether the sweep of the current job has been stopped."""
    jobs = _jobs_folder()
    return jobs is not None and (jobs / "stop").exists()


def original_signal(number: int) -> int:
    """Return the signal that the parent of this worker has received, if it has passed that signal on as `number`."""
    if number == signal.SIGUSR1:
        with suppress(OSError, ValueError):  # nobody has stopped the sweep
            return int((Path(HydraConfig.get().sweep.dir) / ".jobs" / "stop").read_text())
    return number


@contextmanager
def running() -> Iterator[None]:
    """Mark the current job as running within the block."""
    jobs = _jobs_folder()
    if jobs is None:
        yield
        return
    mark = jobs / f"{HydraConfig.get().job.num}.{os.getpid()}"
    mark.touch()
    try:
        yield
    finally:
        mark.unlink()


def store(outcome: Outcome) -> None:
    """Store the outcome of the current job."""
    jobs = _jobs_folder()
    if jobs is None:
        _single.append(outcome)
    else:
        write_json(jobs / f"{HydraConfig.get().job.num}.json", asdict(outcome))


def stop_workers(number: int) -> None:
    """Start no further jobs, and wait for the jobs that run in child processes. The parent calls this on a signal.

    A terminal sends Ctrl-C to the child processes as well. Other signals may reach only the parent, which passes them
    on as SIGUSR1, because a second SIGTERM would end a worker at once.
    """
    for jobs in (sweep.folder / ".jobs" for sweep in _sweeps if (sweep.folder / ".jobs").is_dir()):
        (jobs / "stop").write_text(str(int(number)))
        for worker in _workers(jobs) if number != signal.SIGINT else ():
            os.kill(worker.pid or 0, signal.SIGUSR1)
        while _workers(jobs):
            time.sleep(0.1)


def collect() -> Sequence[Outcome]:
    """Return the outcomes in the order of the jobs. The parent calls this at the end."""
    files = [file for sweep in _sweeps for file in (sweep.folder / ".jobs").glob("[0-9]*.json")]
    return _single + [_read(file) for file in sorted(files, key=lambda f: int(f.stem))]


def _read(file: Path) -> Outcome:
    content = read_json(file, _File, "the outcome of a job is damaged")
    return Outcome(content["exit_code"], content["path"])


def remove_empty_sweeps() -> None:
    """Remove the files of a sweep whose jobs have written nothing but their outcomes."""
    for sweep in _sweeps:
        sweep.discard("multirun.yaml", ".jobs")


def _jobs_folder() -> Path | None:
    """Return the folder `.jobs` of the sweep of the current job, or None for a single run."""
    hydra = HydraConfig.get()
    if hydra.mode != RunMode.MULTIRUN:
        return None
    jobs = Path(hydra.sweep.dir).absolute() / ".jobs"
    jobs.mkdir(parents=True, exist_ok=True)
    return jobs


def _workers(jobs: Path) -> list[BaseProcess]:
    """Return the child processes that run a job."""
    busy = {file.suffix[1:] for file in jobs.iterdir()}
    return [child for child in multiprocessing.active_children() if str(child.pid) in busy]
