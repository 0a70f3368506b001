"""Stopping between two epochs rather than in the middle of one."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

log = logging.getLogger(__name__)


class Stopped(BaseException):
    """The run was asked to stop and has put everything in order. The CLI exits with 128 + `number`."""

    def __init__(self, number: int, message: str):
        super().__init__(message)
        self.number = number


@dataclass
class Request:
    """Whether a signal has asked to stop; 0 while none has."""

    number: int = 0


@contextmanager
def defer_signals() -> Iterator[Request]:
    """Within the block the first SIGINT or SIGTERM is only noted; the second acts as it would have without."""
    request = Request()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number, frame):
        request.number = number
        restore()
        log.warning("%s: stopping after this epoch; once more to stop at once", signal.Signals(number).name)

    def restore():
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield request
    finally:
        restore()
