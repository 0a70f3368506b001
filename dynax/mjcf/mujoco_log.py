"""What MuJoCo has to say while it works: to Dynax's log, not to the terminal and a file in the working directory."""

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator

import mujoco

log = logging.getLogger(__name__)


class _Threads:
    """The threads inside `logged`: where warnings go is one thing for all, so the last to leave puts it back."""

    def __init__(self):
        self.lock, self.inside, self.redirection = threading.Lock(), 0, contextlib.ExitStack()


_threads = _Threads()


@contextlib.contextmanager
def logged() -> Iterator[None]:
    """MuJoCo's warnings within the block are messages of level debug; its own handler appends to MUJOCO_LOG.TXT."""
    with _threads.lock:
        if not _threads.inside:
            _threads.redirection.enter_context(_redirected())
        _threads.inside += 1
    try:
        yield
    finally:
        with _threads.lock:
            _threads.inside -= 1
            if not _threads.inside:
                _threads.redirection.close()


@contextlib.contextmanager
def _redirected() -> Iterator[None]:
    previous = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(lambda text: log.debug("MuJoCo: %s", text))
    try:
        with warnings.catch_warnings():  # the compiler's come as Python's too
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        mujoco.set_mju_user_warning(previous)
