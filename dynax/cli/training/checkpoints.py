"""Checkpoints of a `dynax train` job."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT

from jaxtyping import PyTree

from dynax.base import Variables
from dynax.cli.signals import Stopped
from dynax.cli.training.training_job import TrainingJob
from dynax.errors import DiskFullError, RunError
from dynax.runs import checkpoint
from dynax.runs.arrays import read_tree
from dynax.runs.saved_model import description, model_tree, robot_files, variables_template
from dynax.training import Training


def save(
    job: TrainingJob,
    epoch: int,
    variables: Variables,
    best_epoch: int,
    best_val_nrmse: float,
    trees: Mapping[str, PyTree] | None = None,
    seconds: float | None = None,
) -> None:
    """Write a checkpoint.

    Args:
        job: the job.
        epoch: number of completed epochs.
        variables: the best variables so far.
        best_epoch, best_val_nrmse: epoch of these variables, and their validation error.
        trees: further pytrees of arrays.
        seconds: duration of the part of the next epoch that is done, or None between two epochs.
    """
    info = {
        **description(job.model, job.config),
        "dataset": str(job.dataset.path),
        "dataset_sha256": job.dataset.sha256,
        "epoch": epoch,
        "best_epoch": best_epoch,
        "best_val_nrmse": best_val_nrmse,
        "seconds_in_epoch": seconds,
    }
    checkpoint.save(
        job.path, epoch, {"model": model_tree(variables), **(trees or {})}, robot_files(job.model.env), info
    )


def save_training(job: TrainingJob, training: Training, seconds: float) -> None:
    """Write a checkpoint from which the training can continue, also within an epoch.

    Args:
        job: the job.
        training: the training.
        seconds: duration of the part of the current epoch that is done.
    """
    trees, progress = {"training": training.state}, training.position
    if progress is not None:
        trees["progress"] = progress
    best = training.variables(), training.best_epoch, training.best_val_nrmse
    save(job, training.epoch, *best, trees, None if progress is None else seconds)


def resuming(path: Path, command: str = "train") -> str:
    """Return how to continue the run `path` of a command."""
    if checkpoint.checkpoints(path):
        return f"run `dynax {command} training.resume={path}` to continue"
    return "no checkpoint has been written, so that nothing can be continued; run the same command again"


def saved_normalization(job: TrainingJob) -> Variables:
    """Return the normalization in the newest checkpoint."""
    template = variables_template(job.model)
    return checkpoint.read(job.path, lambda path: read_tree(path / "model", template))["normalization"]


def restore_training(job: TrainingJob, training: Training) -> None:
    """Restore the state of a training from the newest checkpoint, also within an epoch."""

    def read(path: Path) -> None:
        training.restore(read_tree(path / "training", training.state))
        if (path / "progress").is_dir() and training.stage is not None:  # a smaller num_epochs may have ended it
            training.restore_position(read_tree(path / "progress", training.position_template()))

    checkpoint.read(job.path, read)


@contextmanager
def resumable(path: Path) -> Iterator[None]:
    """Explain how to write the summary if a signal stops the run `path` after its training."""
    try:
        yield
    except (KeyboardInterrupt, Stopped) as error:
        number = error.number if isinstance(error, Stopped) else SIGINT
        advice = f"run `dynax train training.resume={path}` to write it"
        raise Stopped(number, f"training finished, but the summary was not written; {advice}") from None


@contextmanager
def naming_last_checkpoint(path: Path) -> Iterator[None]:
    """Append the last checkpoint of the run `path` to the message of a `RunError`."""
    try:
        yield
    except RunError as error:
        paths = checkpoint.checkpoints(path)
        mark = "; " if isinstance(error, DiskFullError) else "\n"
        raise type(error)(f"{error}{mark}the last good checkpoint is {paths[-1]}" if paths else str(error)) from None
