"""Standard output contains the result and nothing else. The exit code shows how the command ended."""

import os
import signal
from pathlib import Path

import pytest
from command_line import saved_run, wait_for_jobs
from marks import slow

from dynax.cli.command_table import CONFIGURED

NOISE = ("noise from Python", "noise from C", "a warning", "a log line")


def run_to_evaluate(folder: Path) -> Path:
    """Write the files of a training run that `eval` and `render` read before the command starts."""
    return saved_run(folder / "run", {"env": {"name": "cart_pole"}, "model": {"architecture": "mlp"}})


@pytest.mark.slow
@pytest.mark.parametrize("command", CONFIGURED)
def test_the_output_is_one_line_with_the_run_directory(dynax, tmp_path, command):
    run = run_to_evaluate(tmp_path)
    args = {
        "collect": ["env=cart_pole", "collect.seed=1"],
        "train": ["env=cart_pole", "training.seed=1"],
        "import": [f"source={run}"],
        "inspect": [f"dataset={run}"],
        "compare": [f"sweep={run}"],
        "export": [f"run={run}"],
        "plan": [f"run={run}", "task=swing_up", "plan.seed=1"],
        "learn": ["task=swing_up", "learn.seed=1"],
    }.get(command, [f"run={run}", f"{command}.seed=1"])
    finished = dynax(command, *args, acts={0: "noise", 1: "noise"})
    assert finished.code == 0
    [path] = finished.paths
    assert all(noise in finished.err for noise in NOISE)
    assert "a log line of a library" not in finished.err
    assert path.is_absolute()
    name = {"collect": "cart_pole", "import": "run", "inspect": "run", "compare": "run"}.get(command, "cart_pole-mlp")
    assert path.parent == tmp_path / "outputs" / command / name
    files = [".hydra", *[".lock"] * (command in ("train", "learn")), "dynax.log", "summary.json"]
    assert sorted(entry.name for entry in path.iterdir()) == files
    assert "a log line" in (path / "dynax.log").read_text()


@pytest.mark.slow
def test_simultaneous_runs_have_separate_directories(dynax):
    processes = [dynax.start("train") for _ in range(3)]
    assert len({dynax.end(process).out for process in processes}) == 3


def test_the_mjcf_file_names_the_run(dynax, tmp_path):
    (tmp_path / "hopper.xml").write_text("<mujoco/>")
    [path] = dynax("train", "env=mjcf", "env.xml=hopper.xml", "model=transformer").paths
    assert path.parent.name == "hopper-transformer"


def test_a_closed_pipe_does_not_lose_the_result(dynax, tmp_path):
    process = dynax.start("train")
    process.stdout.close()
    process.stdout = None
    finished = dynax.end(process)
    [summary] = tmp_path.glob("outputs/**/summary.json")
    message = f"dynax: cannot write to standard output (Broken pipe); the result is {summary.parent}\n"
    assert (finished.code, finished.err) == (1, message)


def test_wrong_input_leaves_no_files(dynax, tmp_path):
    finished = dynax("train", "training.seed=1", acts={1: "wrong"})
    assert (finished.code, finished.out, finished.err) == (2, "", "dynax: the stub rejects this input\n")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_short_and_the_log_contains_the_traceback(dynax, tmp_path):
    finished = dynax("train", "training.seed=1", acts={1: "crash"})
    assert (finished.code, finished.out) == (1, "")
    [log] = tmp_path.glob("outputs/**/dynax.log")
    assert finished.err.splitlines() == [
        "dynax: failed: ZeroDivisionError: one",
        "  two",
        "  three",
        f"  log: {log}",
        "  set DYNAX_TRACEBACK=1 to print the traceback",
    ]
    assert "Traceback" in log.read_text()
    assert "four" in log.read_text()


def test_the_traceback_is_printed_on_request(dynax):
    finished = dynax("train", "training.seed=1", acts={1: "wrong"}, DYNAX_TRACEBACK="1")
    assert finished.code == 2
    assert finished.err.startswith("Traceback")
    assert finished.err.endswith("\ndynax: the stub rejects this input\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "code", "message"),
    [
        ("run_error", 1, "dynax: failed: the loss is NaN\n  log: "),
        ("exit_7", 1, "dynax: failed: SystemExit: 7\n  log: "),
        ("read_missing_file", 2, "dynax: cannot access /etc/passwd/nowhere: /etc/passwd is not a directory\n"),
    ],
)
def test_other_errors(dynax, act, code, message):
    finished = dynax("train", "training.seed=1", acts={1: act})
    assert (finished.code, finished.out) == (code, "")
    assert finished.err.startswith(message)


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), *slow((signal.SIGTERM, 143, "terminated"))]
)
def test_a_signal_ends_the_run_after_its_cleanup(dynax, tmp_path, number, code, word):
    process = dynax.start("train", "training.seed=1", acts={1: "wait"})
    wait_for_jobs(process, tmp_path, 1)
    os.kill(process.pid, number)
    finished = dynax.end(process)
    assert (finished.code, finished.out, finished.err) == (code, "", f"dynax: {word}\n")
    assert len(list(tmp_path.glob("outputs/**/saved"))) == 1
