"""How the command line is tested: in an empty folder, as a process or, where that is enough, in this one."""

import importlib
import os
import sys

import pytest
from command_line import CommandLine, Ran
from in_process import as_if_new, redirected


@pytest.fixture
def dynax(tmp_path):
    """`dynax` as a process."""
    return CommandLine(tmp_path)


@pytest.fixture
def here(tmp_path, tmp_path_factory):
    """`dynax` in this process, which is quicker: for what ends before a command would begin."""
    said = tmp_path_factory.mktemp("said")

    def run(*args: str) -> Ran:
        out, err = said / "out", said / "err"
        with as_if_new(tmp_path), redirected(out, err):
            sys.argv[:] = ["dynax"]
            os.environ["HYDRA_FULL_ERROR"] = "0"
            code = importlib.import_module("dynax.cli").main(args)
        return Ran(code, out.read_text(), err.read_text())

    return run
