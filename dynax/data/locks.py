"""Locks between processes that collect datasets in the same folder."""

import contextlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from dynax.data.writer import PARTIAL
from dynax.errors import UserError
from dynax.runs import locks

log = logging.getLogger(__name__)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the dataset `path`. Wait, with a log message, while another process holds it.

    If the dataset does not exist at the end, the lock file and the folders created for it are removed.

    Raises:
        UserError: if the parent folder cannot be written.
    """
    created = [folder for folder in path.parents if not folder.exists()]
    try:
        lock = _acquire(path)
        try:
            yield
        finally:
            if not path.exists():  # who waits for the lock notices that its file is gone, and creates another one
                _lock(path).unlink(missing_ok=True)
            lock.release()
    finally:
        with contextlib.suppress(OSError):  # a folder that is not empty, or that does not exist
            for folder in created:
                folder.rmdir()


def _acquire(path: Path) -> locks.Lock:
    """Return the lock of a dataset. Another process whose collection fails may remove the folder meanwhile."""
    for last in (False, False, True):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return locks.acquire(_lock(path))
            except locks.Busy:
                log.info("waiting for another process, which is collecting %s", path)
                return locks.acquire(_lock(path), timeout=-1)
        except OSError as error:
            if last or not isinstance(error, FileNotFoundError):
                raise UserError(f"no dataset can be written to {path.parent}: {error.strerror or error}") from None
    raise AssertionError("the last attempt returns or raises")


def discard_leftovers(root: Path) -> None:
    """Delete the unfinished datasets in `root` whose lock no process holds: their collections were killed."""
    for partial in root.glob(f".*{PARTIAL}"):
        name = partial.name.removeprefix(".").removesuffix(PARTIAL)
        with contextlib.suppress(locks.Busy), locks.locked(_lock(root / name)):
            shutil.rmtree(partial, ignore_errors=True)


def _lock(path: Path) -> Path:
    return path.parent / f".{path.name}.lock"
