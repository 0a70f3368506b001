"""Functions of MuJoCo in a child process, because some model files crash MuJoCo, and the process with it."""

import base64
import contextlib
import faulthandler
import json
import os
import re
import select
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import IO, Any, NoReturn, TypeVar

from dynax.errors import UserError
from dynax.mjcf import child_limits

MAX_SECONDS = 300.0  # after which the child is ended
BYTES = "\0base64"  # key of the object that represents bytes
MAX_CHARACTERS = 200  # of MuJoCo's last words in a message
NO_MEMORY = re.compile("MemoryError|bad_alloc|[Cc]ould not allocate memory|Caught an unknown exception")

T = TypeVar("T")


def run_in_child(function: Callable[[], T], source: str, argument: str | None = None) -> T:
    """Return the result of a function that a child process executes.

    The result consists of JSON values and bytes. A tuple arrives as a list.

    Args:
        function: it may use MuJoCo, but not JAX, whose threads a fork does not copy.
        source: the model, for error messages.
        argument: name of the argument at the beginning of `source`, if there is one.

    Raises:
        UserError: the error of the function, or if the child dies, needs too much memory or does not end.
    """
    if not hasattr(os, "fork"):
        return function()
    receiver, sender = os.pipe()
    parent, prctl, memory = os.getpid(), child_limits.death_signal(), child_limits.memory_limit()
    with tempfile.TemporaryFile() as output:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python and JAX warn of forks, but the child does not use threads
            child = os.fork()
        if not child:
            child_limits.end_with(parent, prctl)
            _execute(function, sender, output, memory)
        os.close(sender)
        content, in_time = _receive(receiver, child)
        _, status = os.waitpid(child, 0)
        if content and not status:
            failed, value = json.loads(content, object_hook=_decode)
            if failed:
                raise UserError(*value)
            return value
        output.seek(0)
        words = " ".join(output.read().decode(errors="replace").split())[-MAX_CHARACTERS:]
    raise UserError(f"{source} {_death(status, in_time, words, memory)}", argument)


def _execute(function: Callable[[], object], sender: int, output: IO[bytes], memory: int) -> NoReturn:
    """Call the function in the child, send its result or its error, and end the child."""
    try:
        faulthandler.disable()
        child_limits.limit_this_process(output.fileno(), sender, MAX_SECONDS, memory)
        try:
            result = False, function()
        except UserError as error:
            if NO_MEMORY.search(str(error)):  # a message of MuJoCo, which does not name the limit
                raise
            result = True, (str(error), error.argument)
        with os.fdopen(sender, "w") as pipe:
            json.dump(result, pipe, default=_encode)
        os._exit(0)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(2, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(1)


def _encode(value: object) -> dict[str, str]:
    """Return bytes as an object of JSON."""
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} cannot be sent to another process")
    return {BYTES: base64.b64encode(value).decode()}


def _decode(value: dict[str, Any]) -> Any:
    return base64.b64decode(value[BYTES]) if value.keys() == {BYTES} else value


def _receive(receiver: int, child: int) -> tuple[bytes, bool]:
    """Return the message of the child, and whether the child ended in time."""
    parts, end = [], time.monotonic() + MAX_SECONDS
    try:
        while select.select([receiver], [], [], max(0.0, end - time.monotonic()))[0]:
            part = os.read(receiver, 2**20)
            if not part:
                return b"".join(parts), True
            parts.append(part)
        return b"", False
    finally:
        os.close(receiver)
        if sys.exc_info()[0] or time.monotonic() > end:
            os.kill(child, signal.SIGKILL)


def _death(status: int, in_time: bool, words: str, memory: int) -> str:
    if not in_time or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM):
        return f"cannot be used: MuJoCo needs more than {MAX_SECONDS:g} s to compile the model and to simulate one step"
    if NO_MEMORY.search(words):
        return f"cannot be used: MuJoCo needs more than {memory / 1e9:.3g} GB of memory to compile the model"
    words = f": {words}" if words else ""
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return f"cannot be used: MuJoCo crashes with {name} when it compiles the model or simulates one step{words}"
    return f"cannot be used: MuJoCo ends with an error when it compiles the model or simulates one step{words}"
