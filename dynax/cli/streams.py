"""Standard output, reserved for the result, and a standard error whose reader may exit."""

import errno
import io
import os
import sys
from collections.abc import Iterable
from typing import Any


def reserve_stdout() -> int:
    """Redirect standard output to standard error, also for C libraries and at exit.

    Returns:
        A file descriptor of the original standard output.
    """
    sys.stdout.flush()
    descriptor = os.dup(1)
    os.dup2(2, 1)
    keep_stderr_writable(copy=1)
    sys.stdout = sys.stderr
    return descriptor


def keep_stderr_writable(copy: int = 2) -> None:
    """Discard messages once nobody reads standard error, for example because a terminal was closed.

    Args:
        copy: another file descriptor of the same reader, to which C libraries write.
    """
    own = isinstance(getattr(sys.stderr, "buffer", None), io.BufferedWriter | io.FileIO)  # FileIO: PYTHONUNBUFFERED
    if own and sys.stderr.fileno() == 2:
        sys.stderr.flush()
        raw = _Unread(2, "wb", closefd=False)
        raw.copy = copy
        sys.stderr = io.TextIOWrapper(raw, sys.stderr.encoding, "backslashreplace", line_buffering=True)


class _Unread(io.FileIO):
    """A file descriptor that writes to nowhere once its reader has exited, and so does its `copy`."""

    copy = 2

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO):
                raise
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.dup2(nowhere, self.copy)
            os.close(nowhere)
            return len(data)


def write_lines(descriptor: int, lines: Iterable[str]) -> None:
    """Write each line immediately.

    Raises:
        OSError: The descriptor cannot be written. It is a BrokenPipeError if the reader has exited.
    """
    for line in lines:
        os.write(descriptor, os.fsencode(line) + b"\n")
