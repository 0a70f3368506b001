"""One job, in the main process or in a worker of a sweep."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from dynax.cli import signals
from dynax.cli.command_table import COMMANDS
from dynax.cli.composition import plugins
from dynax.cli.composition.check import check
from dynax.cli.composition.mappings import restore_mappings
from dynax.cli.errors.report import report
from dynax.cli.jobs import cores, libraries, orphans, outcomes
from dynax.cli.jobs.ownership import owned
from dynax.cli.signals import Stopped
from dynax.cli.streams import keep_stderr_writable
from dynax.runs.provenance import commit

log = logging.getLogger(__name__)


def run(command: str, cfg: DictConfig) -> None:
    """Run a command and store its outcome. The function reports errors of the command, so that other jobs go on."""
    if outcomes.is_worker():
        keep_stderr_writable()
        signals.install()
        signals.set_signal_origin(outcomes.original_signal)
        orphans.end_with_parent()
    if outcomes.is_stopped() or signals.requested():
        return
    with outcomes.running():
        store_outcome(lambda: _result(command, cfg))


def store_outcome(function: Callable[[], Path | None]) -> None:
    """Store the outcome of a function that returns the result of the current job, or None if the job is not complete.

    Errors are reported.
    """
    try:
        path = function()
        outcome = None if path is None else outcomes.Outcome(0, str(path.absolute()))
    except (KeyboardInterrupt, Stopped) as error:
        outcome = outcomes.Outcome(_stopped(error))
    except (Exception, SystemExit) as error:
        outcome = outcomes.Outcome(_stopped(signals.stop_exception()) if signals.requested() else _failed(error))
    if outcome:
        outcomes.store(outcome)


def _result(command: str, cfg: DictConfig) -> Path:
    """Run a command and return the path of its result."""
    with prepared(command, cfg) as module:
        return Path(module.run(cfg))


@contextmanager
def prepared(command: str, cfg: DictConfig) -> Iterator[ModuleType]:
    """Own the run directory and check the config. Yield the module of the command.

    Between the parts, stop if a signal has arrived.
    """
    cores.use_own_cores()
    libraries.set_defaults()
    with owned(cfg):
        plugins.load(cfg.plugins)  # may import JAX
        restore_mappings(cfg)
        check(command, cfg)
        commit()  # caches the commit of the running code, before anyone changes the checkout
        signals.check()
        name = f"dynax.cli.commands.{COMMANDS[command].module or command}"
        if name not in sys.modules:  # it is there after the first job of a sweep
            log.info("importing libraries")  # at once, because the import may take seconds
        module = libraries.import_module(name)
        signals.check()
        yield module


def _stopped(error: KeyboardInterrupt | Stopped) -> int:
    """Return the exit code of a stopped job of a sweep.

    Raises:
        KeyboardInterrupt, Stopped: The whole command line has to end.
    """
    signals.acknowledge()
    if HydraConfig.get().mode != RunMode.MULTIRUN:
        raise error
    code = report(error, job=_name(HydraConfig.get()))
    if outcomes.is_parent():
        raise Stopped(code - 128, "the sweep was stopped") from None
    return code


def _failed(error: BaseException) -> int:
    """Report the error of this job and return its exit code."""
    hydra = HydraConfig.get()
    return report(error, job=_name(hydra), log=Path(hydra.runtime.output_dir) / "dynax.log")


def _name(hydra: HydraConf) -> str:
    """Return the number and the overrides of a job in a sweep, or an empty string for a single run."""
    return f"job {hydra.job.num} ({' '.join(hydra.overrides.task)})" if hydra.mode == RunMode.MULTIRUN else ""
