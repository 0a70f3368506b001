"""Reporting an error on standard error and in the log."""

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from dynax.cli.errors.explain import explain
from dynax.errors import RunError
from dynax.runs.disk import is_full


def report(error: BaseException, *, job: str = "", log: Path | None = None, overrides: Sequence[str] = ()) -> int:
    """Print an error in a few lines, and append the traceback of a failure to the log.

    With DYNAX_TRACEBACK=1 in the environment, the traceback is printed as well.

    Args:
        error: The exception.
        job: Name of the job in a sweep.
        log: The log file.
        overrides: The overrides of the command line.

    Returns:
        The exit code.
    """
    code, message = explain(error, overrides, log.parent if log else None)
    trace = "".join(traceback.format_exception(error))
    if code == 1 and is_full(error):
        message = f"failed: {message}"  # the log is probably on the full disk
    elif code == 1:
        message = f"failed: {message}" + (f"\n  log: {log}" if log else "")
        message += "" if isinstance(error, RunError) else "\n  set DYNAX_TRACEBACK=1 to print the traceback"
    if os.environ.get("DYNAX_TRACEBACK") == "1":
        sys.stderr.write(trace)
    sys.stderr.write(f"dynax: {job}{': ' if job else ''}{message}\n")  # one write: the jobs of a sweep share stderr
    if code == 1:
        _append(log, trace)
    return code


def _append(log: Path | None, text: str) -> None:
    try:
        if log:
            with log.open("a") as file:
                file.write(text)
    except OSError:
        pass  # a full or read-only disk is either the error itself or has already been reported
