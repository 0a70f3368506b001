"""Stopping a training between two epochs."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

log = logging.getLogger(__name__)


class Stopped(BaseException):
    """The process has received a signal and has finished its cleanup. The CLI exits with 128 + `number`."""

    def __init__(self, number: int, message: str):
        super().__init__(message)
        self.number = number


@dataclass
class Request:
    """The number of the signal that has requested a stop, or 0."""

    number: int = 0


@contextmanager
def defer_signals() -> Iterator[Request]:
    """Record the first SIGINT or SIGTERM within the block instead of acting on it.

    The second signal has its usual effect.
    """
    request = Request()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def record(number, frame):
        request.number = number
        restore()
        name = signal.Signals(number).name
        log.warning("%s received: stopping after this epoch. Send it again to stop immediately.", name)

    def restore():
        for number, handler in handlers.items():
            signal.signal(number, handler)

    for number in handlers:
        signal.signal(number, record)
    try:
        yield request
    finally:
        restore()
