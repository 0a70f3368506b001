"""The limits of a child process that executes MuJoCo: memory, time, lifetime and open files."""

import contextlib
import ctypes
import gc
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

from dynax.config.bounds import available_memory
from dynax.config.memory_limit import used_for_data

MAX_BYTES = 4e9  # of new data; the largest models of MuJoCo's packages need well under 2 GB
ON_DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of Linux
DEFAULT_ACTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGALRM)


def memory_limit() -> int:
    """Return the memory in bytes that a child may use in addition to that of its parent."""
    return int(min(MAX_BYTES, available_memory()))


def death_signal() -> Callable[..., object] | None:
    """Return the function `prctl` of the C library, or None if the system does not have it."""
    return getattr(ctypes.CDLL(None), "prctl", None)


def end_with(parent: int, prctl: Callable[..., object] | None) -> None:
    """End this process when its parent ends, or at once if the parent has ended before this call."""
    if prctl:
        prctl(ON_DEATH_OF_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def limit_this_process(output: int, sender: int, seconds: float, memory: int) -> None:
    """Limit memory and time of this process, and close all files but the two that it needs.

    An inherited file would stay open if this process lived longer than its parent: a reader of standard output would
    wait for it, and a lock would stay locked.

    Args:
        output: file that receives standard output and standard error.
        sender: file that stays open.
        seconds: time until the signal SIGALRM ends this process.
        memory: new data in bytes, at most.
    """
    import resource  # exists on systems with fork

    gc.disable()  # destructors may wait for locks of threads that do not exist here
    logging.disable()  # the files of the log are closed
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.set_wakeup_fd(-1)
    for number in DEFAULT_ACTIONS:
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    _close_files(output, sender)
    with contextlib.suppress(ValueError, OSError):  # of systems without this limit
        most = used_for_data() + memory
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _close_files(output: int, sender: int) -> None:
    """Redirect the standard streams, and close all other files but one."""
    nowhere = os.open(os.devnull, os.O_RDONLY)
    for source, stream in ((nowhere, 0), (output, 1), (output, 2)):
        os.dup2(source, stream)
    for number in [int(path.name) for path in Path("/dev/fd").iterdir()]:
        if number > 2 and number != sender:
            with contextlib.suppress(OSError):  # the folder itself, which is closed
                os.close(number)
