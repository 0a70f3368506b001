"""The command line in an empty folder: as a process or, if that is sufficient, in the test process."""

import importlib
import os
import sys
from contextlib import closing

import pytest
from command_line import CommandLine, Finished
from in_process import as_if_new, redirected


@pytest.fixture
def dynax(tmp_path):
    """`dynax` as a process."""
    with closing(CommandLine(tmp_path)) as line:
        yield line


@pytest.fixture
def in_process(tmp_path, tmp_path_factory):
    """`dynax` in the test process, which is faster. Use it for command lines that end before the command starts."""
    output = tmp_path_factory.mktemp("output")

    def run(*args: str) -> Finished:
        out, err = output / "out", output / "err"
        with as_if_new(tmp_path), redirected(out, err):
            sys.argv[:] = ["dynax"]
            os.environ["HYDRA_FULL_ERROR"] = "0"
            code = importlib.import_module("dynax.cli").main(args)
        return Finished(code, out.read_text(), err.read_text())

    return run
