"""Full disks: every write that fails for lack of room is one error, which names the path and the room that it needs."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dynax.errors import DiskFullError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_PHRASES = ("No space left on device", "Disk quota exceeded", "File too large")  # in messages of C++ libraries


@contextmanager
def disk_full_as_error(path: Path, needed: int | None = None) -> Iterator[None]:
    """Convert the error of a full disk in the block to a `DiskFullError`.

    Args:
        path: the file or directory that the block writes.
        needed: its size in bytes, if it is known.

    Raises:
        DiskFullError: if the disk of `path` is full.
    """
    try:
        yield
    except DiskFullError:
        raise
    except Exception as error:
        if not is_full(error):
            raise
        raise disk_full_error(path, needed) from error


def check_room(path: Path, needed: int) -> None:
    """Raise `DiskFullError` if fewer than `needed` bytes are free on the disk of `path`, which need not exist.

    The file system of `/proc` has no size. Every write into it fails with an error of its own.
    """
    if free_space(path) < needed and size_of_disk(path):
        raise disk_full_error(path, needed)


def is_full(error: BaseException) -> bool:
    """Return whether an exception, or one of its causes, is the error of a full disk."""
    while error is not None:
        if isinstance(error, DiskFullError) or (isinstance(error, OSError) and error.errno in _FULL):
            return True
        if any(phrase in str(error) for phrase in _PHRASES):
            return True
        error = error.__cause__ or error.__context__  # pyright: ignore[reportAssignmentType] the loop ends with None
    return False


def disk_full_error(path: Path, needed: int | None) -> DiskFullError:
    """Return the error of a full disk."""
    wanted = f"{path} needs {_megabytes(needed)}" if needed else f"{path} cannot be written"
    return DiskFullError(f"the disk is full: {wanted}, and {_megabytes(free_space(path))} is free")


def size_of_disk(path: Path) -> int:
    """Return the size of the disk that `path`, which need not exist, lies on, in bytes."""
    return shutil.disk_usage(_existing(path)).total


def free_space(path: Path) -> int:
    """Return the free space of the disk that `path` lies on, in bytes."""
    return shutil.disk_usage(_existing(path)).free


def _existing(path: Path) -> Path:
    """Return the path, or its nearest folder that exists."""
    return next((folder for folder in (path, *path.parents) if folder.exists()), path)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.3g} MB"
