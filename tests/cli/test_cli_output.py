"""Standard output carries the result and nothing else; exit codes tell the rest."""

import os
import signal
from pathlib import Path

import pytest
from command_line import wait_for
from marks import slow

from dynax.cli.table import COMMANDS

NOISE = ("noise from Python", "noise from C", "a warning", "a log line")


def run_to_evaluate(folder: Path) -> Path:
    """What `eval` and `render` need of a training run before JAX is there."""
    (folder / "run" / ".hydra").mkdir(parents=True)
    (folder / "run" / ".hydra" / "config.yaml").write_text("env: {name: cart_pole}\nmodel: {architecture: mlp}\n")
    return folder / "run"


@pytest.mark.parametrize("command", COMMANDS)
def test_one_line_the_run_directory(dynax, tmp_path, command):
    group = "training" if command == "train" else command
    args = [f"run={run_to_evaluate(tmp_path)}"] if command in ("eval", "render") else ["env=cart_pole"]
    ran = dynax(command, *args, f"{group}.seed=1", acts={1: "noise"})
    assert ran.code == 0
    [path] = ran.paths
    assert all(noise in ran.err for noise in NOISE)
    assert "a log line of a library" not in ran.err
    assert path.is_absolute()
    named = {"collect": "cart_pole"}.get(command, "cart_pole-mlp")
    assert path.parent == tmp_path / "outputs" / command / named
    assert sorted(entry.name for entry in path.iterdir()) == [".hydra", "dynax.log", "summary.json"]
    assert "a log line" in (path / "dynax.log").read_text()


@pytest.mark.slow
def test_two_runs_of_one_second_do_not_share_a_directory(dynax):
    processes = [dynax.start("train") for _ in range(3)]
    assert len({dynax.end(process).out for process in processes}) == 3


def test_a_robot_of_ones_own_names_its_run(dynax, tmp_path):
    (tmp_path / "hopper.xml").write_text("<mujoco/>")
    [path] = dynax("train", "env=mjcf", "env.xml=hopper.xml", "model=transformer").paths
    assert path.parent.name == "hopper-transformer"


def test_a_reader_that_has_gone_costs_no_result(dynax, tmp_path):
    process = dynax.start("train")
    process.stdout.close()
    process.stdout = None
    ran = dynax.end(process)
    [summary] = tmp_path.glob("outputs/**/summary.json")
    assert (ran.code, ran.err) == (1, f"dynax: cannot write to standard output (Broken pipe): {summary.parent}\n")


def test_wrong_input_leaves_nothing_behind(dynax, tmp_path):
    ran = dynax("train", "training.seed=1", acts={1: "wrong"})
    assert (ran.code, ran.out, ran.err) == (2, "", "dynax: wrong in the eyes of the stub\n")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_short_and_its_traceback_in_the_log(dynax, tmp_path):
    ran = dynax("train", "training.seed=1", acts={1: "crash"})
    assert (ran.code, ran.out) == (1, "")
    [log] = tmp_path.glob("outputs/**/dynax.log")
    assert ran.err.splitlines() == [
        "dynax: failed: ZeroDivisionError: one",
        "  two",
        "  three",
        f"  log: {log}",
        "  DYNAX_TRACEBACK=1 shows the traceback",
    ]
    assert "Traceback" in log.read_text()
    assert "four" in log.read_text()


def test_a_traceback_for_those_who_ask(dynax):
    ran = dynax("train", "training.seed=1", acts={1: "wrong"}, DYNAX_TRACEBACK="1")
    assert ran.code == 2
    assert ran.err.startswith("Traceback")
    assert ran.err.endswith("\ndynax: wrong in the eyes of the stub\n")


@pytest.mark.parametrize(
    ("act", "code", "message"),
    [
        ("sentence", 1, "dynax: failed: the loss is NaN\n  log: "),
        ("leave", 1, "dynax: failed: SystemExit: 7\n  log: "),
        ("unreadable", 2, "dynax: /etc/passwd/nowhere: Not a directory\n"),
    ],
)
def test_other_ends(dynax, act, code, message):
    ran = dynax("train", "training.seed=1", acts={1: act})
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith(message)


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), *slow((signal.SIGTERM, 143, "terminated"))]
)
def test_signals_end_it_in_order(dynax, tmp_path, number, code, word):
    process = dynax.start("train", "training.seed=1", acts={1: "wait"})
    wait_for(tmp_path, 1)
    os.kill(process.pid, number)
    ran = dynax.end(process)
    assert (ran.code, ran.out, ran.err) == (code, "", f"dynax: {word}\n")
    assert len(list(tmp_path.glob("outputs/**/saved"))) == 1
