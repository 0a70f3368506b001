"""Full disks are one error, which names the path and the room that it needs."""

import errno
import shutil
from collections import namedtuple

import pytest

from dynax.errors import DiskFullError
from dynax.runs import disk


@pytest.fixture(autouse=True)
def free(monkeypatch):
    usage = namedtuple("Usage", "total used free")(10**9, 0, 2 * 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        ValueError('RESOURCE_EXHAUSTED: Error writing "x" [OS error 28: ENOSPC No space left on device]'),
        RuntimeError("ffmpeg failed: x.mp4: No space left on device"),
    ],
)
def test_every_error_of_a_full_disk_is_recognized(tmp_path, error):
    with pytest.raises(DiskFullError) as caught, disk.disk_full_as_error(tmp_path / "x", 3 * 10**6):
        raise error
    assert str(caught.value) == f"the disk is full: {tmp_path / 'x'} needs 3 MB, and 2 MB is free"


def test_the_cause_counts_and_the_innermost_path_is_named(tmp_path):
    outer, inner = disk.disk_full_as_error(tmp_path / "outer", 1), disk.disk_full_as_error(tmp_path / "inner")
    with pytest.raises(DiskFullError, match="inner cannot be written"), outer, inner:
        raise KeyError("x") from OSError(errno.ENOSPC, "full")


def test_other_errors_are_unchanged(tmp_path):
    with pytest.raises(PermissionError), disk.disk_full_as_error(tmp_path):
        raise PermissionError(errno.EACCES, "denied")


def test_room_is_checked_before_the_work(tmp_path):
    disk.check_room(tmp_path / "new" / "dataset", 2 * 10**6)
    with pytest.raises(DiskFullError, match="dataset needs 2 MB, and 2 MB is free"):
        disk.check_room(tmp_path / "new" / "dataset", 2 * 10**6 + 1)


def test_a_file_system_without_a_size_is_not_full(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("Usage", "total used free")(0, 0, 0))
    disk.check_room(tmp_path, 1)
