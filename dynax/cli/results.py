"""What the jobs of a command line came to, carried from the processes that ran them to the one that prints it.

`hydra.main` drops return values, and the jobs of a sweep may run elsewhere. The one job of a run leaves its outcome
in this module. The jobs of a sweep leave theirs in the folder `.jobs` of the sweep directory: `<number>.json` at the
end, and as long as one runs `<number>.<process id>`; where the parent has put `stop`, none starts any more.
"""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from dynax.cli.folders import remove_if_only


@dataclass(frozen=True)
class Outcome:
    """How a job ended, and the absolute path that is its result if it did so well."""

    exit_code: int
    path: str | None = None


_single: list[Outcome] = []
_sweeps: list[Path] = []


class Sweep(Callback):
    """A callback of Hydra (conf/hydra/dynax.yaml), by which the parent learns where its sweep keeps `.jobs`."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        sweep = Path(config.hydra.sweep.dir).absolute()
        for old in (sweep / ".jobs").glob("*"):
            old.unlink()
        _sweeps.append(sweep)


def is_parent() -> bool:
    """Whether this process has started the sweep, rather than being a worker of it."""
    return bool(_sweeps)


def stopped() -> bool:
    """Whether the sweep this job belongs to has been stopped."""
    jobs = _jobs()
    return jobs is not None and (jobs / "stop").exists()


@contextmanager
def running() -> Iterator[None]:
    """Around what a job does."""
    jobs = _jobs()
    if jobs is None:
        yield
        return
    mark = jobs / f"{HydraConfig.get().job.num}.{os.getpid()}"
    mark.touch()
    try:
        yield
    finally:
        mark.unlink()


def leave(outcome: Outcome) -> None:
    """Called in a job, when it has ended."""
    jobs = _jobs()
    if jobs is None:
        _single.append(outcome)
        return
    part = jobs / f"{HydraConfig.get().job.num}.part"
    part.write_text(json.dumps(asdict(outcome)))
    part.replace(part.with_suffix(".json"))


def stop_workers(number: int) -> None:
    """Called in the parent on a signal: start no more jobs, and wait for those that run in processes of its own.

    Ctrl-C has reached them already; SIGTERM is passed on.
    """
    for jobs in (sweep / ".jobs" for sweep in _sweeps if (sweep / ".jobs").is_dir()):
        (jobs / "stop").touch()
        for worker in _workers(jobs) if number == signal.SIGTERM else ():
            worker.terminate()
        while _workers(jobs):
            time.sleep(0.1)


def collect() -> Sequence[Outcome]:
    """Called in the parent when all is over: the outcomes in the order of the jobs."""
    files = [file for sweep in _sweeps for file in (sweep / ".jobs").glob("*.json")]
    return _single + [Outcome(**json.loads(file.read_text())) for file in sorted(files, key=lambda f: int(f.stem))]


def tidy() -> None:
    """Remove the directory of a sweep in which no job has left anything but its outcome."""
    for sweep in _sweeps:
        remove_if_only(sweep, "multirun.yaml", ".jobs")


def _jobs() -> Path | None:
    """The folder `.jobs` of the sweep this job belongs to, if any."""
    hydra = HydraConfig.get()
    if hydra.mode != RunMode.MULTIRUN:
        return None
    jobs = Path(hydra.sweep.dir).absolute() / ".jobs"
    jobs.mkdir(parents=True, exist_ok=True)
    return jobs


def _workers(jobs: Path) -> list[BaseProcess]:
    """The child processes in which a job runs."""
    busy = {file.suffix[1:] for file in jobs.iterdir()}
    return [child for child in multiprocessing.active_children() if str(child.pid) in busy]
