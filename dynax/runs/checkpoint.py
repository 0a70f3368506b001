"""Checkpoints of a run: sealed directories `<run>/checkpoints/epoch-00010`. Only the newest is kept.

`run.json` contains the epoch, the identity of the run, and the SHA-256 of `metrics.jsonl` up to the epoch. A checkpoint
of another run, or under the name of another epoch, is an error.
"""

import functools
import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from jaxtyping import PyTree

from dynax.errors import UserError
from dynax.runs import history, sealed
from dynax.runs.files import REPLACED, remove, sync
from dynax.runs.identity import ensure_run_id, read_run_id
from dynax.runs.info import CheckpointInfo

T = TypeVar("T")

log = logging.getLogger(__name__)

CHECKPOINTS = "checkpoints"  # the folder of the checkpoints in a run
# Checkpoints, and remainders of interrupted writes and deletions.
_DIRECTORY_OF_EPOCH = re.compile(rf"epoch-\d+|\.epoch-\d+(\.partial|\.deleted|{re.escape(REPLACED)})")
_CHECKPOINT_NAME = re.compile(rf"(?:epoch-(\d+)|\.epoch-(\d+){re.escape(REPLACED)})")


def save(
    run: Path, epoch: int, trees: Mapping[str, PyTree], files: Mapping[str, bytes], info: Mapping[str, Any]
) -> Path:
    """Write the checkpoint of an epoch, delete the other checkpoints, and return the new directory.

    The new checkpoint is read back, compared and on the disk before the others are deleted.

    Args:
        run: the run directory. Its `metrics.jsonl`, if there is one, must contain the epochs up to `epoch`.
        epoch: number of completed epochs.
        trees, files, info: the content; see `sealed.write`.
    """
    path = run / CHECKPOINTS / f"epoch-{epoch:05d}"
    (run / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
    sync(run)
    identity = {"run_id": ensure_run_id(run), "epoch": epoch, "metrics": history.metrics_digest(run / history.FILE)}
    sealed.write(path, trees, files, {**info, **identity})
    for other in list((run / CHECKPOINTS).iterdir()):
        if other != path and other.is_dir() and _DIRECTORY_OF_EPOCH.fullmatch(other.name):
            _delete(other)
    return path


def checkpoints(run: Path) -> list[Path]:
    """Return the sealed checkpoint directories of `run`, oldest first; warn of others.

    A directory that is not sealed is a remainder of an interrupted deletion, or was not made by Dynax. It contains no
    checkpoint.
    """
    found = []
    for path in (run / CHECKPOINTS).glob("*"):
        match = _CHECKPOINT_NAME.fullmatch(path.name)
        if match and sealed.is_sealed(path):
            found.append((int(match[1] or match[2]), bool(match[1]), path))
        elif match and match[1]:
            _warn(path)
    return [path for *_, path in sorted(found)]


@functools.cache
def _warn(path: Path) -> None:
    """Log once that a directory is ignored."""
    log.warning("%s is not a complete checkpoint and is ignored", path)


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
            f"run={run} contains no complete checkpoints/epoch-*: it is not a training run, "
            "or the training stopped before its first checkpoint"
        )
    return paths[-1]


def read(run: Path, reader: Callable[[Path], T]) -> T:
    """Verify the newest checkpoint of `run` and return `reader(path)`.

    A training that continues meanwhile may replace the checkpoint. The newer one is then read.

    Raises:
        UserError: if there is no checkpoint, or if the checkpoint is damaged or belongs to another run.
    """
    while True:
        path, inode = _latest_inode(run)
        try:
            sealed.verify(path)
            if _CHECKPOINT_NAME.fullmatch(path.name) and path.parent.name == CHECKPOINTS:
                _check_belongs(path)
            return reader(path)
        except (UserError, OSError):
            if _latest_inode(run) == (path, inode):
                raise


def _latest_inode(run: Path) -> tuple[Path, int]:
    """Return the newest checkpoint directory and its number in the file system, which changes if it is replaced."""
    while True:
        path = latest(run)
        try:
            return path, path.stat().st_ino
        except FileNotFoundError:  # deleted a moment ago
            continue


def _check_belongs(path: Path) -> None:
    """Raise `UserError` unless a checkpoint belongs to its directory: same run, same epoch, same metrics."""
    run, info = path.parents[1], sealed.read_info(path, CheckpointInfo)
    match = _CHECKPOINT_NAME.fullmatch(path.name)
    assert match
    if info["epoch"] != int(match[1] or match[2]):
        raise UserError(f"{path} is the checkpoint of epoch {info['epoch']}: restore the checkpoint of the run")
    if info["best_epoch"] > info["epoch"]:
        raise UserError(f"{sealed.DAMAGED}: {path / 'run.json'}: best_epoch is above epoch")
    if info["run_id"] != read_run_id(run):
        raise UserError(f"{path} is a checkpoint of another run, not of {run}: restore the checkpoint of this run")
    history.check(run / history.FILE, info["metrics"])


def _delete(path: Path) -> None:
    """Delete a checkpoint. Its name is hidden first, so that a half-deleted checkpoint is never read."""
    if not path.name.startswith("."):
        hidden = path.with_name(f".{path.name}.deleted")
        remove(hidden)
        path = path.replace(hidden)
    remove(path)
