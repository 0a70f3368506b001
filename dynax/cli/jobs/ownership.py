"""The ownership of a run directory: one process writes to a run, and no process writes over another run.

Hydra would write its files into any directory before the job starts. So Hydra only creates the directory (see
`conf/hydra/dynax.yaml`), and `owned` writes these files once the directory belongs to the job.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from dynax.cli import directories
from dynax.cli.composition import unfinished
from dynax.cli.composition.resolvers import is_run
from dynax.cli.composition.unfinished import AUTO, LOCK
from dynax.cli.errors.explain import explain
from dynax.cli.jobs.occupied import check_given, check_outside
from dynax.errors import UserError
from dynax.runs import locks
from dynax.runs.files import write_text

NEW_SWEEP = "new"  # file in the folder `.jobs` of a sweep directory that the sweep has created
FILES = (  # the entries of the run directories of all commands
    ".hydra", ".jobs", "checkpoints", "dynax.log", "horizon.png", "identified.json", "identity.json", "learning.png",
    "loss.png", "manifest.json", "metrics.jsonl", "multirun.yaml", "ranking.csv", "ranking.png", "run.json",
    "summary.json", "trajectories.png", "trajectory.gif", "trajectory.mp4",
)  # fmt: skip


_sweep_locks: list[locks.Lock] = []  # held until this process ends


class WrongDirectory(BaseException):
    """An error of the user in a callback of Hydra, which turns other exceptions into warnings."""

    def __init__(self, error: UserError):
        super().__init__(str(error))
        self.error = error


class RunDirectory(Callback):
    """A Hydra callback (see conf/hydra/dynax.yaml) that creates and records the directory of a single run."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Create the directory of the run.

        Raises:
            WrongDirectory: if `hydra.run.dir` is not a path.
        """
        with suppress(OmegaConfBaseException):  # Hydra composes the path again, and reports the error
            with _as_wrong_directory():
                check_given("hydra.run.dir", config.hydra.run.dir)
            directories.create(Path(config.hydra.run.dir))


@contextmanager
def _as_wrong_directory() -> Iterator[None]:
    try:
        yield
    except UserError as error:
        raise WrongDirectory(error) from None


def own_sweep(given: str) -> directories.Additions:
    """Create and lock the directory of a sweep, and return a record of the additions of this process.

    Args:
        given: the value of `hydra.sweep.dir`.

    Raises:
        WrongDirectory: if the value is not a path, if the directory is inside a run or a dataset, or if another process
            runs a sweep in this directory.
    """
    with _as_wrong_directory():
        check_given("hydra.sweep.dir", given)
        folder = Path(given).absolute()
        check_outside("hydra.sweep.dir", folder, itself=True)
    directories.create(folder)
    added, jobs = directories.Additions(folder), folder / ".jobs"
    with suppress(OSError):  # Hydra reports that the directory cannot be written
        jobs.mkdir(exist_ok=True)
        try:
            _sweep_locks.append(locks.acquire(jobs / LOCK))
        except locks.Busy:
            raise WrongDirectory(UserError(f"hydra.sweep.dir={folder}: another process runs a sweep here")) from None
        (jobs / NEW_SWEEP).unlink(missing_ok=True)
        if directories.is_created(folder):
            (jobs / NEW_SWEEP).touch()
    return added


@contextmanager
def owned(cfg: DictConfig) -> Iterator[None]:
    """Own the directory of the current job within the block, and write the files of `.hydra`.

    If the block raises an error with exit code 2, everything that was written is removed.

    Raises:
        UserError: if the directory contains another run, or another process writes to it.
    """
    folder, resume = directories.run_directory(), OmegaConf.select(cfg, "training.resume")
    continued = resume is not None and is_run(folder)
    check = _check_continued if continued else _check_free
    try:
        _check_place(folder, resume)
        check(folder, resume)
        with _locked(folder, continued):
            check(folder, resume)  # again, because another job may have finished meanwhile
            with _discarded_after_wrong_input(folder, continued):
                _write_hydra_files(folder / ".hydra" / ("resumed" if continued else ""), cfg)
                yield
            if "training" not in cfg:  # only `dynax train` and `dynax learn` continue a run, under the same lock
                (folder / LOCK).unlink(missing_ok=True)
    finally:
        _remove_empty_job(folder)


def _check_place(folder: Path, resume: str | None) -> None:
    """Raise UserError if the run of `training.resume` is in another directory."""
    if resume not in (None, AUTO) and is_run(resume) and not Path(resume).expanduser().samefile(folder):
        raise UserError(f"training.resume={resume} continues in its own directory: remove hydra.run.dir={folder}")


def _check_continued(folder: Path, resume: str | None) -> None:
    """Raise UserError if the run contains links or devices."""
    _check_regular(folder, Path(folder).rglob("*"))


def _check_free(folder: Path, resume: str | None) -> None:
    """Raise UserError if the directory contains a run, or is inside a run, a dataset, a checkpoint or a saved model.

    With `training.resume=auto`, a run that was stopped before its first checkpoint may start again.
    """
    present = [name for name in FILES if os.path.lexists(folder / name)]
    started_again = resume == AUTO and not is_run(folder) and not {*present} & {"run.json", "summary.json"}
    if present and not started_again:
        raise UserError(
            f"{folder} already contains a run ({', '.join(present[:3])}): choose another "
            f"{'hydra.run.dir' if _is_single() else 'hydra.sweep.dir'}"
            + (f", or continue the run with training.resume={folder}" if is_run(folder) else "")
        )
    try:
        check_outside("hydra.run.dir" if _is_single() else "hydra.sweep.subdir", folder)
    except UserError:
        with suppress(OSError):
            if not _is_single():  # Hydra has created the directory for this job
                folder.rmdir()
        raise
    _check_regular(folder, (folder / name for name in (LOCK, *present)))


def _check_regular(folder: Path, paths: Iterable[Path]) -> None:
    """Raise UserError if a path is a link or a device: writing to it would change something outside the run."""
    for path in paths:
        if path.is_symlink() or (path.exists() and not path.is_file() and not path.is_dir()):
            raise UserError(f"{folder} contains {path.name}, which is a link or a device: copy the run without links")


@contextmanager
def _locked(folder: Path, continued: bool) -> Iterator[None]:
    """Lock the run, so that no other process writes to it."""
    try:
        lock = unfinished.take_claim(folder) or locks.acquire(folder / LOCK)
    except locks.Busy:
        what = f"training.resume={folder}" if continued else f"hydra.run.dir={folder}"
        raise UserError(f"{what}: another process is writing to this run") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _discarded_after_wrong_input(folder: Path, continued: bool) -> Iterator[None]:
    """Remove the files of the job if the block raises an error with exit code 2."""
    added = directories.Additions(folder / ".hydra" if continued else folder)
    try:
        yield
    except Exception as error:
        if explain(error)[0] == 2:
            added.discard(*(("resumed",) if continued else (".hydra", "dynax.log")))
            if not continued and not is_run(folder):
                (folder / LOCK).unlink(missing_ok=True)
        raise


def _write_hydra_files(folder: Path, cfg: DictConfig) -> None:
    """Write the config of the job, the settings of Hydra and the overrides, as Hydra does."""
    hydra = HydraConfig.get()
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "config.yaml", OmegaConf.to_yaml(cfg))
    write_text(folder / "hydra.yaml", OmegaConf.to_yaml(HydraConfig.instance().cfg))
    write_text(folder / "overrides.yaml", OmegaConf.to_yaml(hydra.overrides.task))


def _remove_empty_job(folder: Path) -> None:
    """Remove the empty directory of a job of a sweep, if the sweep has created the directory above it.

    `directories.remove_empty` removes the directory of a single run.
    """
    sweep = Path(HydraConfig.get().sweep.dir).absolute()
    if not _is_single() and (sweep / ".jobs" / NEW_SWEEP).exists() and folder.is_relative_to(sweep):
        with suppress(OSError):
            for path in (folder, *folder.parents):
                if path == sweep:
                    return
                path.rmdir()


def _is_single() -> bool:
    """Return whether the current job is not part of a sweep."""
    return HydraConfig.get().mode != RunMode.MULTIRUN
