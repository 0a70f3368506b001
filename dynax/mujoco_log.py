"""What MuJoCo has to say while it works: to Dynax's log, not to the terminal and a file in the working directory."""

import contextlib
import logging
import warnings
from collections.abc import Iterator

import mujoco

log = logging.getLogger(__name__)


@contextlib.contextmanager
def logged() -> Iterator[None]:
    """MuJoCo's warnings within the block are messages of level debug; its own handler appends to MUJOCO_LOG.TXT."""
    previous = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(lambda text: log.debug("MuJoCo: %s", text))
    try:
        with warnings.catch_warnings():  # the compiler's come as Python's too
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        mujoco.set_mju_user_warning(previous)
