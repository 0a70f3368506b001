"""Locks between processes, which also notice a file system that does not keep them.

The lock itself is `flock`. Some network file systems ignore it, or keep it only within one machine. Two measures help:

- After locking, a second lock of the same file must fail. If it succeeds, a warning names the folder.
- The holder writes a note beside the lock and touches it every few seconds. A note of a living holder counts as a lock.
"""

import contextlib
import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

import filelock

from dynax.errors import UserError
from dynax.runs.json_files import read_json

log = logging.getLogger(__name__)

HEARTBEAT = 5.0  # time between two touches of a note, s
STALE = 60.0  # age at which the note of another machine no longer counts, s
POLL = 1.0  # time between two looks at a note while waiting, s

Busy = filelock.Timeout


@contextlib.contextmanager
def locked(path: Path, timeout: float = 0.0) -> Iterator[None]:
    """Hold the lock `path` within the block.

    Args:
        path: the lock file; its folder must exist.
        timeout: time to wait for another holder, s; -1 waits as long as necessary.

    Raises:
        Busy: if another process holds the lock.
        OSError: if the file cannot be written.
    """
    lock = acquire(path, timeout)
    try:
        yield
    finally:
        lock.release()


def acquire(path: Path, timeout: float = 0.0) -> "Lock":
    """Return the lock `path`, which the caller releases; the arguments are those of `locked`."""
    end = time.monotonic() + (float("inf") if timeout < 0 else timeout)
    while True:
        lock = Lock(path)
        lock.acquire(timeout)
        if not lock.note.is_of_another_process():
            lock.begin()
            return lock
        lock.let_go()
        if time.monotonic() >= end:
            raise Busy(str(path))
        time.sleep(POLL)


class Lock:
    """The lock file `path` and the note of its holder."""

    def __init__(self, path: Path):
        self.path, self.note = path, Note(path.with_name(f"{path.name}.holder"))
        self._file = filelock.FileLock(path)

    def acquire(self, timeout: float) -> None:
        """Lock the file, as far as the file system can, and warn if it does not keep the lock."""
        try:
            self._file.acquire(timeout=timeout)
            kept = not _succeeds(self.path)
        except NotImplementedError:  # the file system has no locks
            kept = False
        if not kept:
            log.warning(
                "the file system of %s does not keep file locks: do not start two processes that write there at the "
                "same moment",
                self.path.parent,
            )

    def begin(self) -> None:
        """Write the note, and touch it until the release."""
        self.note.write()
        self._released = threading.Event()
        threading.Thread(target=self._touch, name="dynax-lock", daemon=True).start()

    def release(self) -> None:
        """Remove the note and unlock the file."""
        self._released.set()
        self.note.remove()
        self.let_go()

    def let_go(self) -> None:
        """Unlock the file and leave the note."""
        self._file.release()

    def _touch(self) -> None:
        while not self._released.wait(HEARTBEAT):
            self.note.touch()


def are_kept(folder: Path) -> bool:
    """Return whether the file system of a folder keeps locks."""
    try:
        with filelock.FileLock(folder / "lock").acquire(timeout=0):
            return not _succeeds(folder / "lock")
    except NotImplementedError:
        return False


def _succeeds(path: Path) -> bool:
    """Return whether a locked file can be locked again."""
    with contextlib.suppress(filelock.Timeout), filelock.FileLock(path).acquire(timeout=0):
        return True
    return False


class Holder(TypedDict):
    """The content of a note."""

    host: str
    pid: int
    token: str


class Note:
    """A file that names the machine and the process that hold a lock."""

    def __init__(self, path: Path):
        self.path, self._token = path, secrets.token_hex(8)

    def write(self) -> None:
        """Write the note of this process."""
        content: Holder = {"host": socket.gethostname(), "pid": os.getpid(), "token": self._token}
        self.path.write_text(json.dumps(content))

    def touch(self) -> None:
        """Show that the holder lives."""
        with contextlib.suppress(OSError):
            os.utime(self.path)

    def remove(self) -> None:
        """Delete the note if it still belongs to this process."""
        content = self._read()
        if content and content["token"] == self._token:
            self.path.unlink(missing_ok=True)

    def is_of_another_process(self) -> bool:
        """Return whether the note belongs to a process that lives and is not this one."""
        content = self._read()
        if content is None:
            return False
        if content["host"] != socket.gethostname():
            return time.time() - self.path.stat().st_mtime < STALE
        return content["pid"] != os.getpid() and _lives(content["pid"]) and not self._is_stale()

    def _is_stale(self) -> bool:
        """Return whether the holder has not touched its note for long. A reused process number does not touch it."""
        return time.time() - self.path.stat().st_mtime > STALE

    def _read(self) -> Holder | None:
        """Return the content of the note, or None if there is none that can be read."""
        with contextlib.suppress(UserError):
            return read_json(self.path, Holder, "the note of a lock")
        return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it belongs to another user
        return True
    return True
