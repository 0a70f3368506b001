"""Writing a dataset: trajectories are appended in parallel with their simulation."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dynax.data.arrays import STATE_WIDTHS, array_widths, explained, open_array, size_in_bytes
from dynax.data.integrity import digests
from dynax.data.manifest import FILE, with_checksums
from dynax.data.trajectories import Trajectories
from dynax.errors import UserError
from dynax.runs.disk import check_room, disk_full_as_error, is_full
from dynax.runs.files import sync, sync_directory, write_json

PARTIAL = ".partial"  # suffix of the hidden directory in which a dataset is written


class Writer:
    """Appends trajectories to the arrays of a dataset in the directory `path`, without waiting for the disk."""

    def __init__(self, path: Path, manifest: Mapping[str, Any]):
        self.path = path
        widths = array_widths(manifest)
        self._arrays = {name: open_array(path, manifest, name, create=True) for name in widths}
        self._ends = np.cumsum([width for name, width in widths.items() if name in STATE_WIDTHS])
        self._row, self._pending = 0, []

    def append(self, data: Trajectories) -> None:
        """Wait for the previous trajectories, and start to write the next ones.

        All calls but the last one must pass whole chunks. The caller must not change the arrays until they are written.
        """
        self.finish()
        rows = slice(self._row, self._row + len(data))
        parts = (*np.split(data.states, self._ends[:-1], axis=-1), data.actions)
        for (name, store), part in zip(self._arrays.items(), parts, strict=True):
            self._pending.append((name, store[rows].write(np.asarray(part, store.dtype.numpy_dtype))))
        self._row += len(data)

    def finish(self) -> None:
        """Wait until all trajectories are on disk.

        Raises:
            UserError: if they cannot be written.
        """
        for name, future in self._pending:
            with explained(self.path, name, "cannot be written"):
                future.result()
        self._pending = []

    def close(self) -> None:
        """Wait until no write is in progress, and ignore errors."""
        for _, future in self._pending:
            future.exception()


@contextlib.contextmanager
def creating(path: Path, description: Mapping[str, Any]) -> Iterator[Writer]:
    """Yield a writer of the dataset `path`.

    The dataset appears as a whole when the block ends, and not at all if the block raises an exception. Only one
    process at a time may create a given path; `collection` holds a lock.

    Args:
        path: directory of the dataset.
        description: the output of `manifest.with_description_hash`.

    Raises:
        UserError: if the directory cannot be written.
        DiskFullError: if the disk is full, or has less room than the data need.
    """
    partial, size = path.parent / f".{path.name}{PARTIAL}", size_in_bytes(description)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with disk_full_as_error(path, size):
            with _writable(path):
                partial.mkdir(parents=True)
            check_room(path, size)
            with contextlib.closing(Writer(partial, description)) as writer:
                yield writer
                writer.finish()
            with _writable(path):
                write_json(partial / FILE, with_checksums(description, digests(partial)))
                sync_directory(partial)
                partial.rename(path)
                sync(path.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise
        raise UserError(f"the dataset {path} cannot be written: {error.strerror or error}") from None
