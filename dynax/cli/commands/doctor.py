"""`dynax doctor`: print the facts that a bug report needs, and check the machine by using it."""

import logging
import sys
import warnings
from collections.abc import Sequence

from dynax.cli import diagnosis, signals
from dynax.cli.jobs import libraries
from dynax.cli.streams import reserve_stdout, write_lines
from dynax.errors import UserError

USAGE = """\
dynax doctor: print the facts that a bug report needs, and check the machine by using it

Usage: dynax doctor

The report is the standard output. The exit code is 0, or 1 if a check fails. The last line on standard error then
names the problem and its remedy.
"""


def run(argv: Sequence[str]) -> int:
    """Print the report and return the exit code.

    Args:
        argv: The words after `dynax doctor`.

    Raises:
        UserError: if there are words other than `--help`.
    """
    if argv and argv[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0
    if argv:
        raise UserError(f"dynax doctor has no options, but {argv[0]} is given: remove it")
    libraries.set_defaults()
    logging.getLogger().setLevel(logging.ERROR)  # the report contains the facts
    with warnings.catch_warnings(action="ignore"):
        return _report(reserve_stdout())


def _report(stdout: int) -> int:
    """Make all checks up to the first one that fails, write the report to `stdout`, and return the exit code."""
    for check in diagnosis.CHECKS:
        signals.check()
        try:
            lines = list(check.lines())
        except Exception as error:
            signals.check()
            reason = (str(error).splitlines() or [""])[0] or type(error).__name__
            write_lines(stdout, [f"{check.name}: failed, {reason}"])
            remedy = "" if isinstance(error, UserError) else f"; {check.remedy}"  # a UserError names its remedy
            print(f"dynax: {check.name}: {reason}{remedy}", file=sys.stderr)
            return 1
        write_lines(stdout, [f"{check.name}: {lines[0]}", *(f"  {line}" for line in lines[1:])])
    return 0
