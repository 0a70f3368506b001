"""Write files and directories so that a reader finds the old content or the new content, never a part of either.

The content is written beside its place under a hidden name, forced to the disk, and then renamed. The old content is
deleted last, so that a power failure at any time leaves one of the two.
"""

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dynax.runs.disk import disk_full_as_error

REPLACED = ".replaced"  # suffix of the hidden name of a directory that is being replaced


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a draft path, and rename the draft to `path` when the block ends; an error deletes the draft.

    The draft has the suffix of `path` and lies in the same directory, which must exist.

    Raises:
        DiskFullError: if the disk is full.
    """
    draft = path.with_name(f".{path.stem}.partial{path.suffix}")
    draft.unlink(missing_ok=True)  # a link with this name would lead elsewhere
    try:
        with disk_full_as_error(path):
            yield draft
            sync(draft)
            draft.replace(path)
            sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def replacing_directory(path: Path) -> Iterator[Path]:
    """Yield an empty draft directory, and rename the draft to `path` when the block ends.

    An existing directory `path` is renamed just before and deleted afterwards. An error deletes the draft.
    """
    draft = path.with_name(f".{path.name}.partial")
    remove(draft)
    try:
        draft.mkdir(parents=True)
        yield draft
        sync_directory(draft)
        with _aside(path):
            draft.replace(path)
            sync(path.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _aside(path: Path) -> Iterator[None]:
    """Rename the directory `path`, if it exists, and delete it when the block ends; an error renames it back."""
    old = path.with_name(f".{path.name}{REPLACED}")
    if path.exists():
        remove(old)
        path.replace(old)
    try:
        yield
    except BaseException:
        if old.exists() and not path.exists():
            old.replace(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def remove(path: Path) -> None:
    """Delete a directory with its content, or the link itself if the path is a link; a missing path is ignored."""
    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def sync(path: Path) -> None:
    """Wait until the file, or the list of files of the directory, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot force directories to the disk
            raise
    finally:
        os.close(handle)


def sync_directory(folder: Path) -> None:
    """Wait until a directory with all files and directories below it is on the disk."""
    for path in (*folder.rglob("*"), folder):
        sync(path)


def write_text(path: Path, text: str) -> None:
    """Write `text` to the file `path`."""
    with replacing(path) as draft:
        draft.write_text(text)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to the file `path`."""
    with replacing(path) as draft:
        draft.write_bytes(content)


def write_json(path: Path, content: Any) -> None:
    """Write `content` to the file `path` as JSON."""
    write_text(path, json.dumps(content, indent=1) + "\n")
