"""The words before Hydra: commands, help, version; and what is asked of Hydra to print."""

import subprocess
import sys
from pathlib import Path

import pytest
from marks import slow

from dynax.cli.table import COMMANDS


@pytest.mark.parametrize("args", [[], ["--help"], ["-h"]])
def test_alone_it_prints_the_commands(dynax, args):
    ran = dynax(*args)
    assert (ran.code, ran.err) == (0, "")
    for command in COMMANDS.values():
        assert f"  {command.name}" in ran.out
        assert command.summary in ran.out


def test_version(dynax):
    ran = dynax("--version")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("dynax ")
    assert dynax("train", "--version").out == ran.out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["trian"], "unknown command trian (did you mean `train`?); the commands are collect, train, eval, render"),
        (["-m", "train"], "the command comes first, before -m: one of collect, train, eval, render"),
        (["env=cart_pole"], "the command comes first, before env=cart_pole: one of collect, train, eval, render"),
    ],
)
def test_no_command(dynax, args, message):
    ran = dynax(*args)
    assert (ran.code, ran.out, ran.err) == (2, "", f"dynax: {message}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(here, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    ran = here(command, "--help")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= 80
    for example in COMMANDS[command].examples:
        assert f"  {example}" in lines
    groups = {"collect": "collect: *default", "train": "training: *default  few", "eval": "eval: *default  smoke"}
    assert f"\n  {groups.get(command, 'render: *default  smoke')}" in ran.out
    assert ("  model: lagrangian  mechanical  *mlp  quadratic  resnet  rigid  transformer" in lines) == (
        command == "train"
    )


def test_help_shows_what_is_composed_with_the_comments_of_the_yaml(dynax, tmp_path):
    (tmp_path / "more" / "model").mkdir(parents=True)
    (tmp_path / "more" / "model" / "mine.yaml").write_text("architecture: mlp\nhidden_dims: [7]  # of mine\n")
    ran = dynax("train", "--help", "--config-dir", "more", "model=mine", "training=smoke", "training.seed=5")
    assert (ran.code, ran.err) == (0, "")
    assert "  model: lagrangian  mechanical  *mine  mlp  quadratic  resnet  rigid  transformer\n" in ran.out
    assert "model.hidden_dims=[7]   of mine\n" in ran.out
    assert "training: default  few  *smoke" in ran.out
    assert "training.seed=5 " in ran.out
    assert "of initialization" in ran.out


@pytest.mark.parametrize("command", COMMANDS)
def test_cfg_and_info(here, command):
    job = here(command, "--cfg", "job")
    assert (job.code, job.err) == (0, "")
    assert "hydra:" not in job.out
    assert f"name: {command}\n" in here(command, "--cfg", "hydra", "--package", "hydra.job").out
    info = here(command, "--info", "defaults-tree")
    assert (info.code, info.err) == (0, "")
    assert f"  {command}:" in info.out


@pytest.mark.parametrize("args", [["eval", "--cfg", "job"], ["train", "--help"], ["collect", "--info"]])
def test_what_is_asked_for_goes_to_standard_output(dynax, args):
    ran = dynax(*args)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("\n") > 5


def test_none_of_this_imports_jax_and_help_not_even_hydra(tmp_path):
    script = """
import contextlib, io, os, sys
from dynax.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    assert main(["--help"]) == 0
assert "hydra" not in sys.modules
os.environ["COMP_LINE"] = "dynax train model=re"
with contextlib.redirect_stdout(io.StringIO()) as out:
    for args in (["train", "--help"], ["train", "--cfg", "job"], ["eval", "--info", "all"], ["-sc", "query=bash"]):
        assert main(args) == 0
assert out.getvalue().endswith("model=resnet\\n")
assert not {"jax", "mujoco", "flax", "numpy"} & set(sys.modules), "heavy"
"""
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)


@pytest.mark.parametrize(
    "args", [["--help"], ["train", "--cfg", "job"], *slow(["train", "--info", "all"], ["train", "--help"])]
)
def test_a_reader_that_has_gone_is_no_traceback(dynax, args):
    process = dynax.start(*args)
    process.stdout.close()
    process.stdout = None
    ran = dynax.end(process)
    assert (ran.code, ran.err) == (1, "")


def test_a_full_disk_behind_standard_output(dynax):
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run([sys.executable, "-m", "dynax", "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ran.returncode, ran.stderr) == (1, "dynax: standard output: No space left on device\n")
