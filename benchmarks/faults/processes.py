"""Command lines in forked processes, which need no imports, and the phase that each of them is in.

The parent imports Dynax and JAX once and never uses a device, so that its children can.
"""

import importlib
import mmap
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# The phase of a process is the first entry that occurs in the file name of a frame, from the innermost frame outwards.
PHASES = {
    "jax/_src/compiler.py": "compile",
    "dynax/runs/": "save",
    "dynax/data/": "collect",
    "dynax/evaluation/": "eval",
    "dynax/training/levenberg_marquardt.py": "second-order steps",
    "dynax/training/second_order.py": "second-order steps",
    "dynax/training/": "train",
}
OTHER = "start"
NAMES = [OTHER, *dict.fromkeys(PHASES.values())]
WATCH = 0.005  # time between two looks at the phase, s


def import_everything() -> None:
    """Import the modules that the commands use."""
    for name in ("train", "eval", "collect"):
        importlib.import_module(f"dynax.cli.commands.{name}")
    for name in ("dynax.cli.app.launch", "dynax.evaluation.plots", "hydra", "orbax.checkpoint", "mujoco"):
        importlib.import_module(name)


class Child:
    """A forked process that runs a command line in a folder. Its output is in the files `out` and `err` of the folder.

    Args:
        folder: the working directory.
        words: the arguments after `dynax`.
        result: called after a command that has succeeded; its result is then in the file `result`.
    """

    def __init__(self, folder: Path, words: Sequence[str], result: Callable[[], str] | None = None):
        self.folder, self._result, self._phase = folder, result, mmap.mmap(-1, 1)
        self.pid = os.fork()
        if self.pid == 0:
            in_child(folder, lambda: self._run(words))

    @property
    def phase(self) -> str:
        """The phase that the process was last in."""
        return NAMES[self._phase[0]]

    def wait(self, seconds: float = 600.0) -> int | None:
        """Wait for the end of the process and return its exit code; None if it still runs after `seconds`."""
        return wait(self.pid, seconds)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def _run(self, words: Sequence[str]) -> int:
        threading.Thread(target=self._observe, daemon=True).start()
        sys.argv[:] = ["dynax"]
        code = importlib.import_module("dynax.cli").main(words)
        if code == 0 and self._result:
            Path("result").write_text(self._result())
        return code

    def _observe(self) -> None:
        main = threading.main_thread().ident or 0
        while True:
            self._phase[0] = NAMES.index(phase_of(sys._current_frames().get(main)))
            time.sleep(WATCH)


def phase_of(frame: Any) -> str:
    """Return the phase of a stack of frames, given the innermost frame."""
    while frame is not None:
        for part, name in PHASES.items():
            if part in frame.f_code.co_filename:
                return name
        frame = frame.f_back
    return OTHER


def in_child(folder: Path, task: Callable[[], int]) -> None:
    """Run `task` in a folder with redirected output, and end the process with the result as its exit code."""
    code = 70
    try:
        os.chdir(folder)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), number)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        code = task()
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def wait(pid: int, seconds: float) -> int | None:
    """Wait for the end of a child and return its exit code, negative after a signal; None after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    return None
