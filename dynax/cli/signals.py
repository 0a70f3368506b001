"""Stopping a process by a signal: SIGINT, SIGTERM, SIGHUP or SIGUSR1.

Three mechanisms complement one another:

- A flag, which `check` and `requested` read. Every loop of a command reads the flag.
- The exception `Stopped`, which the signal handler raises. Python discards it in `__del__` and in a callback of the
  garbage collection, and a library may catch it. The flag remains, and the watcher raises the exception again.
  While an extension module is imported, the handler raises nothing, because the module may abort the process if its
  initialization fails. The watcher sends the signal again until the import is over.
- The watcher (`dynax.cli.watcher`), a thread. It ends the process if no handler can run, as during a compilation, and
  after the second Ctrl-C.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import ExtensionFileLoader
from types import FrameType

from dynax.cli.stop_request import Request, Stopped
from dynax.cli.watcher import Watcher, callers

__all__ = ["Request", "Stopped"]

EXTENSION = (ExtensionFileLoader.create_module.__code__, ExtensionFileLoader.exec_module.__code__)

request = Request()


def requested() -> int:
    """Return the number of the signal that the process has received, or 0."""
    return request.number


def check() -> None:
    """Raise `Stopped` if a signal has arrived and signals are not deferred."""
    if request.number and not request.deferred and not request.acknowledged:
        raise stop_exception()


def stop_exception() -> Stopped:
    """Return the exception for the signal that has arrived."""
    return request.exception()


def acknowledge() -> None:
    """Report that the process is ending. No further exception is raised, but a second Ctrl-C ends the process."""
    request.acknowledged = True


def set_resume_advice(advice: Callable[[], str] | None) -> None:
    """Set the function that returns how to continue, for the message of a stop."""
    request.advice = advice


def set_stop_action(action: Callable[[int], None]) -> None:
    """Set a function of the signal that is called before `Stopped` is raised."""
    request.before = action


def set_signal_origin(origin: Callable[[int], int]) -> None:
    """Set a function that returns the signal of the user if another process has passed it on as another signal."""
    request.origin = origin


@contextmanager
def defer_signals() -> Iterator[Request]:
    """Only set the flag within the block. The caller reads `number` of the result and acknowledges the stop.

    Raises:
        Stopped: At the end of the block, if a stop has not been acknowledged.
    """
    check()
    request.deferred = True
    try:
        yield request
    finally:
        request.deferred = False
    check()


@contextmanager
def longer_deadline(checkpoints: int = 1) -> Iterator[None]:
    """Give the block more time after a signal, because it writes the checkpoint from which the run continues."""
    request.saving = checkpoints
    try:
        yield
    finally:
        request.saving = 0


def handle(number: int, frame: FrameType | None) -> None:
    """Handle a signal in the main thread: set the flag and raise `Stopped`, once and only if signals are not deferred.

    Raises:
        Stopped: The process has to end.
    """
    request.receive(number)
    on_its_way = request.raised is not None and request.raised() is not None
    if request.acknowledged or request.deferred or request.waiting or on_its_way or _in_extension(frame):
        return
    if request.before and request.raised is None:
        request.waiting = True
        try:
            request.before(request.number)
        finally:
            request.waiting = False
    raise request.exception()


def _in_extension(frame: FrameType | None) -> bool:
    """Return whether an extension module is being imported."""
    return any(caller.f_code in EXTENSION for caller in callers(frame))


def install() -> Watcher | None:
    """Handle signals from now on. Return None if they are handled already, or outside the main thread."""
    handled = signal.getsignal(signal.SIGTERM) is handle
    if handled or threading.current_thread() is not threading.main_thread():
        return None
    watcher = Watcher(request)
    watcher.install(handle)
    return watcher


@contextmanager
def handling() -> Iterator[None]:
    """Handle signals within the block. Outside the main thread, the block has no effect."""
    watcher = install()
    try:
        yield
    finally:
        if watcher:
            watcher.remove()
