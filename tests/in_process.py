"""Running a command line in this process, and leaving the process as it was."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def as_if_new(folder: Path) -> Iterator[None]:
    """What a command line changes of its process, put back; its own modules are imported afresh."""
    root, dynax = logging.getLogger(), logging.getLogger("dynax")
    handlers, levels = root.handlers[:], (root.level, dynax.level)
    known = logging._handlerList[:]  # hidden: configuring logging closes all it knows, and pytest's files with them
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
        root.handlers[:], logging._handlerList[:] = handlers, known
        root.setLevel(levels[0])
        dynax.setLevel(levels[1])


@contextmanager
def redirected(out: Path, err: Path) -> Iterator[None]:
    """Standard output and error, down to their descriptors, to two files."""
    streams, kept = (sys.stdout, sys.stderr), (os.dup(1), os.dup(2))
    with out.open("w") as sys.stdout, err.open("w") as sys.stderr:
        os.dup2(sys.stdout.fileno(), 1)
        os.dup2(sys.stderr.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams
            for number, descriptor in zip((1, 2), kept, strict=True):
                os.dup2(descriptor, number)
                os.close(descriptor)
