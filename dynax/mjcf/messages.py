"""MuJoCo's warnings as messages of Dynax's log.

By default MuJoCo prints warnings and appends them to the file MUJOCO_LOG.TXT in the working directory.
"""

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator

import mujoco

log = logging.getLogger(__name__)


class _Redirection:
    """The redirection that all threads share, because MuJoCo has one warning handler per process.

    The first thread that enters starts the redirection, and the last thread that leaves ends it.
    """

    def __init__(self):
        self.lock, self.threads, self.stack = threading.Lock(), 0, contextlib.ExitStack()


_redirection = _Redirection()


@contextlib.contextmanager
def warnings_to_log() -> Iterator[None]:
    """Log MuJoCo's warnings at level DEBUG within the block. Several threads may be inside at the same time."""
    with _redirection.lock:
        if not _redirection.threads:
            _redirection.stack.enter_context(_redirected())
        _redirection.threads += 1
    try:
        yield
    finally:
        with _redirection.lock:
            _redirection.threads -= 1
            if not _redirection.threads:
                _redirection.stack.close()


@contextlib.contextmanager
def _redirected() -> Iterator[None]:
    previous = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(lambda text: log.debug("MuJoCo: %s", text))
    try:
        with warnings.catch_warnings():  # the compiler also issues its warnings as Python warnings
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        mujoco.set_mju_user_warning(previous)
