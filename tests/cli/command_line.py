"""Running `dynax` as a process."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

STUBS = Path(__file__).parent / "stubs"
REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """What a process came to."""

    code: int
    out: str
    err: str

    @property
    def paths(self) -> list[Path]:
        return [Path(line) for line in self.out.splitlines()]


class CommandLine:
    """Runs `dynax` in a folder, with stubs in the place of the commands unless `real`."""

    def __init__(self, folder: Path):
        self.folder = folder

    def start(self, *args: str, real: bool = False, acts: dict[int, str] | None = None, **env: str) -> subprocess.Popen:
        path = os.pathsep.join(str(p) for p in ([] if real else [STUBS]) + [REPOSITORY])
        return subprocess.Popen(
            [sys.executable, "-m", "dynax", *args],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, "DYNAX_ACTS": json.dumps(acts or {}), "COLUMNS": "100", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __call__(self, *args: str, **kwargs) -> Ran:
        return self.end(self.start(*args, **kwargs))

    @staticmethod
    def end(process: subprocess.Popen) -> Ran:
        out, err = process.communicate(timeout=120)
        return Ran(process.returncode, out, err)


def wait_for(folder: Path, jobs: int) -> None:
    """Until so many jobs of the stub wait for a signal."""
    end = time.monotonic() + 60
    while len(list(folder.glob("outputs/**/started"))) < jobs:
        assert time.monotonic() < end, "no job has started"
        time.sleep(0.05)
