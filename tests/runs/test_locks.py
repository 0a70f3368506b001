"""Locks between processes, and file systems that do not keep them."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager

import filelock
import pytest

from dynax.runs import locks


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".lock"


class Useless:
    """A lock that every process gets, as on some network file systems."""

    def __init__(self, path):
        pass

    @contextmanager
    def _held(self):
        yield

    def acquire(self, timeout):
        return self._held()

    def release(self):
        pass


class Missing(Useless):
    """A lock on a file system without locks, as `filelock` reports it."""

    def acquire(self, timeout):
        raise NotImplementedError


def holder(path, seconds=60):
    """Start a process that holds the lock."""
    code = f"""
import time
from pathlib import Path
from dynax.runs import locks
with locks.locked(Path({str(path)!r})):
    print("ready", flush=True)
    time.sleep({seconds})
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_lock_has_one_holder_and_leaves_no_note(path, caplog):
    with locks.locked(path):
        assert path.with_name(".lock.holder").exists()
        with pytest.raises(locks.Busy), locks.locked(path):
            pass
    assert not path.with_name(".lock.holder").exists()
    with locks.locked(path):
        pass
    assert caplog.messages == []


def test_a_lock_of_another_process_is_busy_until_it_is_killed(path):
    process = holder(path)
    with pytest.raises(locks.Busy), locks.locked(path):
        pass
    process.kill()
    process.communicate()
    with locks.locked(path):  # the note of the killed process remains
        pass


@pytest.mark.parametrize("stub", [Useless, Missing])
def test_a_lock_that_two_holders_get_is_noticed(path, monkeypatch, caplog, stub):
    monkeypatch.setattr(filelock, "FileLock", stub)
    with locks.locked(path):
        pass
    [message] = caplog.messages
    assert message.startswith(f"the file system of {path.parent} does not keep file locks")
    assert not locks.are_kept(path.parent)


def test_the_note_of_a_living_holder_is_a_lock(path, monkeypatch):
    process = holder(path)
    monkeypatch.setattr(filelock, "FileLock", Useless)
    with pytest.raises(locks.Busy), locks.locked(path):
        pass
    process.kill()
    process.communicate()
    with locks.locked(path):
        pass


def test_the_note_of_another_machine_is_a_lock_while_it_is_fresh(path):
    note = path.with_name(".lock.holder")
    note.write_text(json.dumps({"host": "elsewhere", "pid": 1, "token": "a"}))
    with pytest.raises(locks.Busy), locks.locked(path):
        pass
    old = time.time() - 2 * locks.STALE
    os.utime(note, (old, old))
    with locks.locked(path):
        pass


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "x"}', "\x00"])
def test_a_note_that_cannot_be_read_is_ignored(path, text):
    path.with_name(".lock.holder").write_text(text)
    with locks.locked(path):
        pass


def test_a_holder_touches_its_note(path, monkeypatch):
    monkeypatch.setattr(locks, "HEARTBEAT", 0.01)
    note = path.with_name(".lock.holder")
    with locks.locked(path):
        os.utime(note, (1, 1))
        end = time.monotonic() + 60
        while note.stat().st_mtime == 1 and time.monotonic() < end:
            time.sleep(0.01)
        assert note.stat().st_mtime > 1
