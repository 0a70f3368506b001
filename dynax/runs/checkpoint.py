"""Checkpoints of a run: sealed directories `<run>/checkpoints/epoch-00010`, of which the newest is kept."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from jaxtyping import PyTree

from dynax.errors import UserError
from dynax.runs import sealed

T = TypeVar("T")


def save(
    run: Path, epoch: int, trees: Mapping[str, PyTree], files: Mapping[str, bytes], info: Mapping[str, Any]
) -> Path:
    """Write the checkpoint of an epoch, delete older checkpoints, and return the new directory.

    Args:
        run: the run directory.
        epoch: number of completed epochs.
        trees, files, info: the content; see `sealed.write`.
    """
    path = run / "checkpoints" / f"epoch-{epoch:05d}"
    sealed.write(path, trees, files, info)
    for older in checkpoints(run)[:-1]:
        shutil.rmtree(older)
    return path


def checkpoints(run: Path) -> list[Path]:
    """Return the checkpoint directories of `run`, oldest first."""
    return sorted((run / "checkpoints").glob("epoch-*"), key=lambda path: (len(path.name), path.name))


def latest(run: Path) -> Path:
    """Return the newest checkpoint directory of `run`, or `run` itself if `run` is a sealed directory.

    Raises:
        UserError: if there is no checkpoint.
    """
    run = run.expanduser().absolute()
    if not run.is_dir():
        raise UserError(f"run={run} is not a directory")
    if sealed.is_sealed(run):
        return run
    paths = checkpoints(run)
    if not paths:
        raise UserError(
            f"run={run} contains no checkpoints/epoch-*: it is not a training run, "
            "or the training stopped before its first checkpoint"
        )
    return paths[-1]


def read(run: Path, reader: Callable[[Path], T]) -> T:
    """Verify the newest checkpoint of `run` and return `reader(path)`.

    A training that continues meanwhile may replace the checkpoint. The newer one is then read.

    Raises:
        UserError: if there is no checkpoint, or if the checkpoint is damaged.
    """
    while True:
        path = latest(run)
        try:
            sealed.verify(path)
            return reader(path)
        except (UserError, OSError):
            if latest(run) == path:
                raise
