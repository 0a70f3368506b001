"""How the command line is tested: in an empty folder, as a process or, where that is enough, in this one."""

import os
import signal
import sys

import pytest
from command_line import CommandLine, Ran


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
