"""Running `dynax` as a process."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STUBS = Path(__file__).parent / "stubs"
REPOSITORY = Path(__file__).parents[2]
TIMEOUT = 600.0  # s; a stalled machine takes minutes instead of seconds


@dataclass(frozen=True)
class Finished:
    """The exit code and the output of a finished command line."""

    code: int
    out: str
    err: str

    @property
    def paths(self) -> list[Path]:
        return [Path(line) for line in self.out.splitlines()]


class CommandLine:
    """Starts `dynax` in a folder. Stubs replace the commands unless `real` is set."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._processes: list[subprocess.Popen] = []

    def start(self, *args: str, real: bool = False, acts: dict[int, str] | None = None, **env: str) -> subprocess.Popen:
        path = os.pathsep.join(str(p) for p in ([] if real else [STUBS]) + [REPOSITORY])
        process = subprocess.Popen(
            [sys.executable, "-m", "dynax", *args],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, "DYNAX_ACTS": json.dumps(acts or {}), "COLUMNS": "100", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def __call__(self, *args: str, **kwargs) -> Finished:
        return self.end(self.start(*args, **kwargs))

    @staticmethod
    def end(process: subprocess.Popen) -> Finished:
        out, err = process.communicate(timeout=TIMEOUT)
        return Finished(process.returncode, out, err)

    def close(self) -> None:
        """Kill the processes that a failed test has left."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.communicate()


def saved_run(folder: Path, config: Mapping[str, Any]) -> Path:
    """Write the files of a saved model that the command line reads before the command starts."""
    folder.mkdir(parents=True, exist_ok=True)
    info = json.dumps({"config": config})
    (folder / "run.json").write_text(info)
    (folder / "manifest.json").write_text(json.dumps({"run.json": hashlib.sha256(info.encode()).hexdigest()}))
    return folder


def wait_until(condition: Callable[[], bool], process: subprocess.Popen) -> None:
    """Wait until a condition holds. Fail if the process ends before, or after a generous time."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert process.poll() is None, f"the process ended early: {process.stderr.read()}"
        assert time.monotonic() < end, "the process makes no progress"
        time.sleep(0.05)


def wait_for_jobs(process: subprocess.Popen, folder: Path, jobs: int) -> None:
    """Wait until that many jobs of the stub wait for a signal."""
    wait_until(lambda: len(list(folder.glob("outputs/**/started"))) >= jobs, process)
