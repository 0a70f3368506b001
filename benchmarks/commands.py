"""Running Dynax's command line in a benchmark."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def run_dynax(
    folder: Path, *words: str, environment: Mapping[str, str] | None = None, accept: Sequence[int] = (0,)
) -> list[str]:
    """Run `dynax words...` in a folder and return the paths of its results.

    Any exit code that is not in `accept` ends the benchmark.

    Args:
        folder: the working directory of the command.
        words: the arguments of the command line.
        environment: additional environment variables.
        accept: accepted exit codes.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "dynax", *words],
        cwd=folder, env=os.environ | dict(environment or {}), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate()
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt):  # the terminal sends Ctrl-C to both processes
            process.send_signal(signal.SIGTERM)
        process.wait()
        raise
    if process.returncode not in accept:
        sys.exit(f"`dynax {' '.join(words)}` failed with exit code {process.returncode}")
    return output.splitlines()
