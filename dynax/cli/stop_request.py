"""The state of a stop by a signal, which the handlers and the watcher share."""

import signal
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass

WORDS = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "stopped by SIGHUP",
    signal.SIGUSR1: "stopped by SIGUSR1",
}


class Stopped(BaseException):
    """The process has received a signal and has finished its cleanup. The CLI exits with 128 + `number`."""

    def __init__(self, number: int, message: str):
        super().__init__(message)
        self.number = number


@dataclass
class Request:
    """The state of a stop. `number` is the first signal that the process has received, or 0."""

    number: int = 0
    time: float = 0.0  # when the signal arrived, as `time.monotonic` returns it
    deferred: bool = False  # signals only set the flag
    waiting: bool = False  # the process waits for its workers
    saving: int = 0  # number of checkpoints that the process writes
    acknowledged: bool = False  # the process is ending
    raised: "weakref.ref[Stopped] | None" = None  # the exception that the handler has raised
    advice: Callable[[], str] | None = None  # how to continue
    before: Callable[[int], None] | None = None  # called with the signal before the exception is raised
    origin: Callable[[int], int] | None = None  # returns the signal of the user that a process has passed on

    def receive(self, number: int) -> None:
        """Record a signal. Only the first one is kept."""
        if not self.number:
            self.number, self.time = self.origin(number) if self.origin else number, time.monotonic()

    def message(self, circumstances: str = "") -> str:
        """Return the signal, its circumstances, and how to continue."""
        advice = self.advice() if self.advice else ""
        return f"{WORDS[signal.Signals(self.number)]}{circumstances}{advice and '; '}{advice}"

    def exception(self) -> Stopped:
        """Return the exception to raise."""
        error = Stopped(self.number, self.message())
        self.raised = weakref.ref(error)
        return error

    def is_unanswered(self) -> bool:
        """Return whether no exception exists, as it was postponed or discarded, and nothing has acknowledged it."""
        return not (self.acknowledged or self.deferred) and (self.raised is None or self.raised() is None)
