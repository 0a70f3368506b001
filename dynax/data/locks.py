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

    Raises:
        UserError: if the parent folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock = locks.acquire(_lock(path))
        except locks.Busy:
            log.info("waiting for another process, which is collecting %s", path)
            lock = locks.acquire(_lock(path), timeout=-1)
    except OSError as error:
        raise UserError(f"no dataset can be written to {path.parent}: {error.strerror or error}") from None
    try:
        yield
    finally:
        lock.release()


def discard_leftovers(root: Path) -> None:
    """Delete the unfinished datasets in `root` whose lock no process holds: their collections were killed."""
    for partial in root.glob(f".*{PARTIAL}"):
        name = partial.name.removeprefix(".").removesuffix(PARTIAL)
        with contextlib.suppress(locks.Busy), locks.locked(_lock(root / name)):
            shutil.rmtree(partial, ignore_errors=True)


def _lock(path: Path) -> Path:
    return path.parent / f".{path.name}.lock"
