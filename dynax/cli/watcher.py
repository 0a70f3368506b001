"""A thread that ends the process if the main thread cannot obey a signal."""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from dynax.cli.stop_request import WORDS, Request, Stopped

URGENT = (signal.SIGINT, signal.SIGTERM)  # signals that end the process at once if they arrive twice
SAME = 0.1  # signals within this time are one request, because `timeout` sends each of them twice, s
INTERVAL = 0.1  # time between two looks at the main thread after a signal, s
COMPILATION = 0.6  # time after which a compilation is ended, s
DEADLINE = 4.5  # time after which the process ends unless it writes a checkpoint, s
SAVING_DEADLINE = 9.0  # time for each checkpoint after which the process ends if it writes checkpoints, s
ENDING_DEADLINE = 25.0  # time after which the process ends in any case, s; Slurm waits 30 s
COMPILER = os.path.join("jax", "_src", "compiler.py")  # noqa: PTH118 the end of the name of a source file


class Watcher(threading.Thread):
    """Reads each signal from a pipe, to which Python's C handler writes even while the main thread runs no Python.

    Args:
        request: The state of the stop.
    """

    def __init__(self, request: Request):
        super().__init__(name="dynax-signals", daemon=True)
        self._request = request
        self._urgent: list[float] = []  # times of the urgent signals
        self._own = 0  # number of signals in the pipe that this thread has sent
        self._repeated: Any = None  # reference to the last exception that was discarded and raised again

    def install(self, handler: Callable[..., None]) -> None:
        """Set the handler of all signals, and start the thread. `nohup` ignores SIGHUP, which remains ignored."""
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._handlers = {number: signal.getsignal(number) for number in WORDS}
        self._hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
        self._descriptor = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number, before in self._handlers.items():
            if number != signal.SIGHUP or before is not signal.SIG_IGN:
                signal.signal(number, handler)
        os.register_at_fork(after_in_child=self._leave)
        self.start()

    def remove(self) -> None:
        """Restore the former handlers and end the thread."""
        for number, before in self._handlers.items():
            signal.signal(number, signal.SIG_DFL if before is None else before)
        signal.set_wakeup_fd(self._descriptor)
        sys.unraisablehook = self._hook
        write, self._write = self._write, -1
        os.close(write)

    def run(self) -> None:
        """Wait for signals, and look at the main thread after the first one."""
        request = self._request
        while True:
            if select.select([self._read], [], [], INTERVAL if request.number else None)[0]:
                numbers = os.read(self._read, 64)
                if not numbers:
                    return os.close(self._read)
                for number in numbers:
                    self._receive(number)
            if request.number and not request.waiting:
                self._push(time.monotonic() - request.time)

    def _receive(self, number: int) -> None:
        if self._own:
            self._own -= 1
            return
        if number in WORDS:
            self._request.receive(number)
        if number in URGENT:
            self._urgent.append(time.monotonic())
            if self._urgent[-1] - self._urgent[0] > SAME:
                self._end(" again; stopped at once")

    def _push(self, waited: float) -> None:
        """Raise a discarded exception again, or end the process if its time is over."""
        request = self._request
        deadline = SAVING_DEADLINE * request.saving or (ENDING_DEADLINE if request.acknowledged else DEADLINE)
        if waited > COMPILATION and not (request.acknowledged or request.saving) and _is_compiling():
            self._end(" during a compilation")
        elif waited > deadline:
            self._end(f", without an answer in {deadline:g} s")
        elif not self._own and self._is_unanswered():
            self._own, self._repeated = self._own + 1, request.raised
            signal.pthread_kill(threading.main_thread().ident or 0, request.number)

    def _is_unanswered(self) -> bool:
        """Return whether to send the signal again: repeatedly during an import, once after a discarded exception."""
        raised = self._request.raised
        return self._request.is_unanswered() and (raised is None or raised is not self._repeated)

    def _end(self, circumstances: str) -> None:
        """End the process at once. Files are written so that this is safe at any time."""
        cursor = "\x1b[?25h" if os.isatty(2) else ""  # a progress bar hides the cursor
        try:
            os.write(2, f"{cursor}dynax: {self._request.message(circumstances)}\n".encode())
        finally:
            os._exit(128 + self._request.number)

    def _unraisable(self, unraisable: Any) -> None:
        """Print no message about a discarded `Stopped`, which this thread raises again."""
        if not issubclass(unraisable.exc_type, Stopped):
            self._hook(unraisable)

    def _leave(self) -> None:
        """Restore the default handlers in a forked child, which would otherwise write to the pipe of its parent."""
        if self._write >= 0:
            signal.set_wakeup_fd(-1)
            for number in WORDS:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def _is_compiling() -> bool:
    """Return whether the main thread is in the compiler of JAX, where no signal handler runs."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    return any(caller.f_code.co_filename.endswith(COMPILER) for caller in callers(frame))


def callers(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield a frame and its callers."""
    while frame is not None:
        yield frame
        frame = frame.f_back
