"""The words before Hydra: commands, help and version. Printing of help and config."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dynax import cli
from dynax.cli import signals
from dynax.cli.command_table import COMMANDS, CONFIGURED
from dynax.cli.stop_request import Request
from dynax.errors import UserError

NAMES = "the commands are collect, train, eval, render, plan, learn, export, import, inspect, compare, doctor"


def test_help_lists_the_commands(dynax):
    finished = dynax("--help")
    assert (finished.code, finished.err) == (0, "")
    for command in COMMANDS.values():
        assert f"  {command.name}" in finished.out
        assert command.summary in finished.out


@pytest.mark.parametrize("args", [[], ["-h"]])
def test_no_arguments_print_the_same_help(in_process, args):
    assert in_process(*args) == in_process("--help")


def test_version(in_process):
    finished = in_process("--version")
    assert (finished.code, finished.err) == (0, "")
    assert finished.out.startswith("dynax ")
    assert in_process("train", "--version").out == finished.out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["trian"],
            f"trian is not a command (did you mean `train`?); {NAMES}",
        ),
        (["-m", "train"], f"-m must come after a command; {NAMES}"),
        (
            ["env=cart_pole"],
            f"env=cart_pole must come after a command; {NAMES}",
        ),
    ],
)
def test_missing_command(in_process, args, message):
    finished = in_process(*args)
    assert (finished.code, finished.out, finished.err) == (2, "", f"dynax: {message}\n")


@pytest.mark.parametrize("error", [ValueError("a library has caught the stop"), UserError("a consequence")])
def test_an_error_after_a_signal_is_a_consequence_of_the_signal(monkeypatch, capsys, error):
    def fail(argv):
        signals.request.deferred = True  # as if a library had caught the exception
        os.kill(os.getpid(), signal.SIGTERM)
        signals.request.deferred = False
        raise error

    monkeypatch.setattr(signals, "request", Request())
    monkeypatch.setattr(cli, "_run", fail)
    assert cli.main([]) == 128 + signal.SIGTERM
    assert capsys.readouterr().err == "dynax: terminated\n"


@pytest.mark.slow
@pytest.mark.parametrize("command", CONFIGURED)
def test_config_and_info(in_process, command):
    job = in_process(command, "--cfg", "job")
    assert (job.code, job.err) == (0, "")
    assert "hydra:" not in job.out
    assert f"name: {command}\n" in in_process(command, "--cfg", "hydra", "--package", "hydra.job").out
    info = in_process(command, "--info", "defaults-tree")
    assert (info.code, info.err) == (0, "")
    assert f"  {command}:" in info.out


@pytest.mark.parametrize("args", [["eval", "--cfg", "job"], ["train", "--help"]])
def test_help_and_config_go_to_standard_output(dynax, args):
    finished = dynax(*args)
    assert (finished.code, finished.err) == (0, "")
    assert finished.out.count("\n") > 5


@pytest.mark.slow
def test_help_imports_no_hydra_and_nothing_imports_jax(tmp_path):
    script = """
import contextlib, io, os, sys
from dynax.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    assert main(["--help"]) == 0
assert "hydra" not in sys.modules
os.environ["COMP_LINE"] = "dynax train model=re"
with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
    for args in (["train", "--help"], ["train", "--cfg", "job"], ["eval", "--info", "all"], ["-sc", "query=bash"]):
        assert main(args) == 0
    assert main(["train", "training.learning_rat=1"]) == 2
assert out.getvalue().endswith("model=resnet\\n")
heavy = {"jax", "mujoco", "flax", "numpy", "jaxtyping"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)


@pytest.mark.slow
@pytest.mark.parametrize("args", [["--help"], ["train", "--cfg", "job"]])
def test_a_closed_pipe_causes_no_traceback(dynax, args):
    process = dynax.start(*args)
    process.stdout.close()
    process.stdout = None
    finished = dynax.end(process)
    assert (finished.code, finished.err) == (1, "")


def test_a_full_disk_is_reported():
    command = [sys.executable, "-m", "dynax", "--help"]
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    message = "dynax: cannot write to standard output: No space left on device\n"
    assert (finished.returncode, finished.stderr) == (1, message)


def test_a_working_directory_that_does_not_exist_any_more(tmp_path):
    command = f"cd {tmp_path} && rmdir {tmp_path} && exec {sys.executable} -m dynax train --help"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    finished = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True)
    message = "dynax: the working directory does not exist any more: change to another directory\n"
    assert (finished.returncode, finished.stdout, finished.stderr) == (2, "", message)


def test_a_path_that_the_locale_cannot_decode_names_the_locale():
    command = [sys.executable, "-m", "dynax", "train", "dataset=ü"]
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    finished = subprocess.run(command, env={**os.environ, **locale}, capture_output=True, text=True)
    assert finished.returncode == 2
    message = "the locale has the encoding ascii: set LC_ALL=C.UTF-8, or rename the file or directory\n"
    assert finished.stderr.endswith(message)
