"""MuJoCo's warnings as messages of Dynax's log.

By default MuJoCo prints warnings and appends them to the file MUJOCO_LOG.TXT in the working directory.
"""

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import mujoco

log = logging.getLogger(__name__)


class _Redirection:
    """The redirection that all threads share, because MuJoCo has one warning handler per process.

    The first thread that enters starts the redirection, and the last thread that leaves ends it.
    """

    def __init__(self):
        self.lock, self.threads, self.stack = threading.Lock(), 0, contextlib.ExitStack()
        self.collections: list[list[str]] = []  # lists that receive each warning

    def receive(self, text: str) -> None:
        """Log a warning, and add it to the collections."""
        text = " ".join(text.split())
        log.debug("MuJoCo: %s", text)
        for collection in self.collections:
            if text not in collection:
                collection.append(text)


_redirection = _Redirection()
_logged: set[str] = set()  # messages of `log_once`


def log_once(message: str) -> None:
    """Log a warning, unless this process has already logged it."""
    if message not in _logged:
        _logged.add(message)
        log.warning("%s", message)


def repeat_warning(text: str) -> None:
    """Pass on a warning that MuJoCo has issued in another process."""
    _redirection.receive(text)


@contextlib.contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """Yield a list to which the warnings that MuJoCo issues within the block are added, each once."""
    collection: list[str] = []
    with warnings_to_log():
        _redirection.collections.append(collection)
        try:
            yield collection
        finally:
            _redirection.collections[:] = [c for c in _redirection.collections if c is not collection]


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
    mujoco.set_mju_user_warning(_redirection.receive)
    try:
        with warnings.catch_warnings():  # the compiler issues some of its warnings as Python warnings
            warnings.simplefilter("always", UserWarning)
            show = warnings.showwarning

            def receive(message: Warning | str, category: type[Warning], *where: Any) -> None:
                if issubclass(category, UserWarning):
                    _redirection.receive(str(message))
                else:
                    show(message, category, *where)

            warnings.showwarning = receive
            yield
    finally:
        mujoco.set_mju_user_warning(previous)
