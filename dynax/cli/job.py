"""One job: a command on one composed config, in this process or in a worker of a sweep."""

import importlib
import os
import signal
from pathlib import Path

from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from dynax.cli import cores, plugins, results
from dynax.cli.check import check
from dynax.cli.folders import remove_if_only
from dynax.cli.report import report
from dynax.cli.signals import Stopped
from dynax.runs.provenance import commit


def run(command: str, cfg: DictConfig) -> None:
    """Run a command and leave its outcome. Its errors are reported here, where its log is, and end no other job."""
    signal.signal(signal.SIGTERM, terminate)
    if results.stopped():
        return
    with results.running():
        try:
            cores.keep_to_share()
            keep_compiled_programs()
            plugins.load(cfg.plugins)
            check(command, cfg)
            commit()  # of the code that runs, before anybody changes it
            module = importlib.import_module(f"dynax.cli.commands.{command}")
            outcome = results.Outcome(0, str(Path(module.run(cfg)).absolute()))
        except (KeyboardInterrupt, Stopped) as error:
            outcome = results.Outcome(_stopped(error))
        except (Exception, SystemExit) as error:
            outcome = results.Outcome(_failed(error))
        results.leave(outcome)


def keep_compiled_programs() -> None:
    """Let JAX, not yet imported, find what it has compiled in earlier runs. Variables the user has set stand."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dynax" / "jax"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


def terminate(number: int, *_: object) -> None:
    """What SIGTERM does: as Ctrl-C, it raises, so that `finally` blocks run."""
    raise Stopped(number, "terminated")


def _stopped(error: KeyboardInterrupt | Stopped) -> int:
    """Say that this job of a sweep was stopped; returns its exit code, or raises where more than the job has to end."""
    if HydraConfig.get().mode != RunMode.MULTIRUN:
        raise error
    code = report(error, job=_name(HydraConfig.get()))
    if results.is_parent():
        raise Stopped(code - 128, "the sweep is stopped") from None
    return code


def _failed(error: BaseException) -> int:
    """Report the error of this job; returns its exit code. Input that is wrong leaves no run directory behind."""
    hydra = HydraConfig.get()
    folder = Path(hydra.runtime.output_dir)
    code = report(error, job=_name(hydra), log=folder / "dynax.log")
    if code == 2 and hydra.output_subdir == ".hydra":
        remove_if_only(folder, ".hydra", "dynax.log", ".lock")
    return code


def _name(hydra: HydraConf) -> str:
    """Which job of a sweep this is."""
    return f"job {hydra.job.num} ({' '.join(hydra.overrides.task)})" if hydra.mode == RunMode.MULTIRUN else ""
