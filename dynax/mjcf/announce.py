"""Log lines about tasks that last longer than expected."""

import contextlib
import logging
import threading
from collections.abc import Iterator

PATIENCE = 1.0  # s


@contextlib.contextmanager
def announced(logger: logging.Logger, message: str) -> Iterator[None]:
    """Log a message if the block lasts longer than `PATIENCE`."""
    timer = threading.Timer(PATIENCE, logger.info, ("%s", message))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
