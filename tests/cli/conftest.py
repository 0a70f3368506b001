"""How the command line is tested: as a process, in an empty folder."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

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


@pytest.fixture
def dynax(tmp_path):
    """`dynax` as a process."""
    return CommandLine(tmp_path)


@pytest.fixture
def here(tmp_path, monkeypatch, capfd):
    """`dynax` in this process, which is quicker: for what ends before a command would begin."""
    from dynax.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["dynax"])
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    stdout = os.dup(1)

    def run(*args: str) -> Ran:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", sys.stdout)
            code = main(args)
        os.dup2(stdout, 1)
        return Ran(code, *capfd.readouterr())

    yield run
    os.close(stdout)
    for number, handler in handlers.items():
        signal.signal(number, handler)
