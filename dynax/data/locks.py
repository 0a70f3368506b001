"""Locks between processes that collect datasets in the same folder."""

import contextlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock

from dynax.data.writer import PARTIAL
from dynax.errors import UserError

log = logging.getLogger(__name__)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the dataset `path`. Wait, with a log message, while another process holds it.

    Raises:
        UserError: if the parent folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = _lock(path)
        try:
            hold = lock.acquire(timeout=0)
        except filelock.Timeout:
            log.info("waiting for another process, which is collecting %s", path)
            hold = lock.acquire()
    except OSError as error:
        raise UserError(f"no dataset can be written to {path.parent}: {error.strerror or error}") from None
    with hold:
        yield


def discard_leftovers(root: Path) -> None:
    """Delete the unfinished datasets in `root` whose lock no process holds: their collections were killed."""
    for partial in root.glob(f".*{PARTIAL}"):
        lock = _lock(root / partial.name.removeprefix(".").removesuffix(PARTIAL))
        with contextlib.suppress(filelock.Timeout), lock.acquire(timeout=0):
            shutil.rmtree(partial, ignore_errors=True)


def _lock(path: Path) -> filelock.FileLock:
    return filelock.FileLock(path.parent / f".{path.name}.lock")
