"""Running a command line in the test process without changing the process."""

import logging
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def as_if_new(folder: Path) -> Iterator[None]:
    """Import the modules of the command line anew, and restore everything that a command line changes."""
    root, dynax = logging.getLogger(), logging.getLogger("dynax")
    handlers, levels = root.handlers[:], (root.level, dynax.level)
    # Configuring logging closes all handlers in this list, including those of pytest.
    registered = logging._handlerList[:]
    logging._handlerList.clear()
    environ, argv, cwd = dict(os.environ), sys.argv[:], Path.cwd()
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for name in [name for name in sys.modules if name.startswith("dynax.cli")]:
        del sys.modules[name]
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(cwd)
        for number, handler in signals.items():
            signal.signal(number, handler)
        os.environ.clear()
        os.environ.update(environ)
        sys.argv[:] = argv
        for handler in set(root.handlers) - set(handlers):
            handler.close()
        root.handlers[:], logging._handlerList[:] = handlers, registered
        root.setLevel(levels[0])
        dynax.setLevel(levels[1])


@contextmanager
def redirected(out: Path, err: Path) -> Iterator[None]:
    """Redirect standard output and error, including their file descriptors, to two files."""
    streams, copies = (sys.stdout, sys.stderr), (os.dup(1), os.dup(2))
    with out.open("w") as sys.stdout, err.open("w") as sys.stderr:
        os.dup2(sys.stdout.fileno(), 1)
        os.dup2(sys.stderr.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams
            for number, descriptor in zip((1, 2), copies, strict=True):
                os.dup2(descriptor, number)
                os.close(descriptor)


def without_log(err: str) -> list[str]:
    """Return the lines of standard error, without lines of the log, which a slow machine writes during long imports."""
    return [line for line in err.splitlines() if not re.match(r"\d\d:\d\d:\d\d ", line)]
