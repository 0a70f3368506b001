"""One job: a command on one composed config, in this process or in a worker of a sweep."""

import importlib
import signal
from pathlib import Path
from types import FrameType
from typing import NoReturn

from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from dynax.cli import results
from dynax.cli.check import check
from dynax.cli.folders import remove_if_only
from dynax.cli.report import report
from dynax.errors import UserError
from dynax.signals import Stopped


def run(command: str, cfg: DictConfig) -> None:
    """Run a command and leave its outcome. Its errors are reported here, where its log is, and end no other job."""
    raise_on_sigterm()
    try:
        check(cfg)
        module = importlib.import_module(f"dynax.commands.{command}")
        outcome = results.Outcome(0, str(Path(module.run(cfg)).absolute()))
    except (Exception, SystemExit) as error:
        outcome = results.Outcome(_failed(error))
    results.leave(outcome)


def raise_on_sigterm() -> None:
    """From now on SIGTERM ends the program as Ctrl-C does: by an exception, so that `finally` blocks run."""
    signal.signal(signal.SIGTERM, _terminated)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise Stopped(number, "terminated")


def _failed(error: BaseException) -> int:
    """Report the error of this job; returns its exit code. Input that is wrong leaves no run directory behind."""
    hydra = HydraConfig.get()
    folder = Path(hydra.runtime.output_dir)
    code = report(error, job=_name(hydra), log=folder / "dynax.log")
    if isinstance(error, UserError) and hydra.output_subdir == ".hydra":
        remove_if_only(folder, ".hydra", "dynax.log")
    return code


def _name(hydra: HydraConf) -> str:
    """Which job of a sweep this is."""
    return f"job {hydra.job.num} ({' '.join(hydra.overrides.task)})" if hydra.mode == RunMode.MULTIRUN else ""
