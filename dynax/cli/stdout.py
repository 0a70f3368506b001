"""Standard output, reserved for the result."""

import os
import sys
from collections.abc import Iterable


def reserve_stdout() -> int:
    """Redirect standard output to standard error, also for C libraries and at exit.

    Returns:
        A file descriptor of the original standard output.
    """
    sys.stdout.flush()
    descriptor = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return descriptor


def write_lines(descriptor: int, lines: Iterable[str]) -> None:
    """Write each line immediately.

    Raises:
        OSError: The descriptor cannot be written. It is a BrokenPipeError if the reader has exited.
    """
    for line in lines:
        os.write(descriptor, os.fsencode(line) + b"\n")
