"""Saying what went wrong, on standard error and in the log."""

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from dynax.cli.explain import explain
from dynax.errors import RunError


def report(error: BaseException, *, job: str = "", log: Path | None = None, overrides: Sequence[str] = ()) -> int:
    """Print an error in a few lines, keep its traceback in the log; returns the exit code.

    DYNAX_TRACEBACK=1 prints the traceback too.
    """
    code, message = explain(error, overrides)
    trace = "".join(traceback.format_exception(error))
    if code == 1:
        message = f"failed: {message}" + (f"\n  log: {log}" if log else "")
        message += "" if isinstance(error, RunError) else "\n  DYNAX_TRACEBACK=1 shows the traceback"
    if os.environ.get("DYNAX_TRACEBACK") == "1":
        sys.stderr.write(trace)
    sys.stderr.write(f"dynax: {job}{': ' if job else ''}{message}\n")  # at once: jobs of a sweep share it
    _append(log, trace)
    return code


def _append(log: Path | None, text: str) -> None:
    try:
        if log:
            with log.open("a") as file:
                file.write(text)
    except OSError:
        pass  # it is what is being reported, or has been
