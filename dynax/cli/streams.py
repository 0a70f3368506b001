"""Standard output, kept for the result."""

import os
import sys
from collections.abc import Iterable


def keep_stdout() -> int:
    """A descriptor of standard output for the result alone: all that is written to it otherwise, also by libraries in C
    and at exit, goes to standard error from now on."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return kept


def write_lines(descriptor: int, lines: Iterable[str]) -> None:
    """Write each line at once. Raises OSError, such as BrokenPipeError where the reader has gone."""
    for line in lines:
        os.write(descriptor, os.fsencode(line) + b"\n")
