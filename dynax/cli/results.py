"""What the jobs of a command line came to, carried from the process that ran each to the one that prints them.

`hydra.main` drops return values, and the jobs of a sweep may run elsewhere. The one job of a run leaves its
outcome in this module; each job of a sweep writes it to `<sweep directory>/.jobs/<number>.json`.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from dynax.cli.folders import remove_if_only


@dataclass(frozen=True)
class Outcome:
    """How a job ended, and the absolute path it printed if it did so well."""

    exit_code: int
    path: str | None = None


_single: list[Outcome] = []
_sweeps: list[Path] = []


class Sweep(Callback):
    """A Hydra callback (conf/hydra/dynax.yaml): tells the parent where the jobs of its sweep leave their outcomes."""

    def on_multirun_start(self, config: DictConfig, **kwargs) -> None:
        sweep = Path(config.hydra.sweep.dir).absolute()
        for old in _files(sweep):
            old.unlink()
        _sweeps.append(sweep)


def leave(outcome: Outcome) -> None:
    """Called in a job, at its end."""
    hydra = HydraConfig.get()
    if hydra.mode != RunMode.MULTIRUN:
        _single.append(outcome)
        return
    path = Path(hydra.sweep.dir).absolute() / ".jobs" / f"{hydra.job.num}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(outcome)))
    part.replace(path)


def collect() -> Sequence[Outcome]:
    """Called in the parent when all is over: the outcomes in the order of the jobs."""
    files = [file for sweep in _sweeps for file in _files(sweep)]
    return _single + [Outcome(**json.loads(file.read_text())) for file in files]


def tidy() -> None:
    """Remove the directory of a sweep in which no job has left anything but its outcome."""
    for sweep in _sweeps:
        remove_if_only(sweep, "multirun.yaml", ".jobs")


def _files(sweep: Path) -> list[Path]:
    return sorted((sweep / ".jobs").glob("*.json"), key=lambda file: int(file.stem))
