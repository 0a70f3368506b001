"""The harnesses of kills, signals and many epochs: few rounds of each, and their tables."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.faults import epochs, kills, signals
from benchmarks.faults.processes import OTHER, phase_of

REPOSITORY = Path(__file__).parents[2]
KILLED_SWEEP = 27  # seed with which the first round kills a sweep of two trainings after 70% of its duration
KILLED_EVAL = 0  # seed with which the first round kills an evaluation after 76% of its duration


def test_the_table_of_kills_counts_phases():
    results = [
        {"phase": "train", "kind": "train", "passed": True},
        {"phase": "train", "kind": "sweep", "passed": False},
        {"phase": "compile", "kind": "train", "passed": True},
    ]
    lines = kills.table(results).splitlines()
    assert lines[2:] == [
        "| train | 2 | 1 | 1 | 0 | 1 of 2 |",
        "| compile | 1 | 1 | 0 | 0 | 1 of 1 |",
        "| all | 3 | | | | 2 of 3 |",
    ]


def test_the_table_of_signals_has_the_longest_stop():
    results = [
        {"signal": "SIGINT", "during": "work", "passed": True, "stop_s": 0.5},
        {"signal": "SIGINT", "during": "work", "passed": True, "stop_s": 1.5},
    ]
    assert signals.table(results).splitlines()[2] == "| SIGINT | work | 2 of 2 | 1.5 s |"


def test_the_table_of_epochs_begins_after_the_warm_up():
    samples = [{"epoch": i, "memory_mb": 500.0, "files": 9} for i in range(0, 101, 5)]
    lines = epochs.table([*samples, {"epochs": 100, "passed": True}]).splitlines()
    assert lines[2] == "| 25 | 500 MB | 9 |"
    assert lines[-1] == "| 95 | 500 MB | 9 |"


def test_a_process_without_a_known_frame_is_starting():
    assert phase_of(sys._getframe()) == OTHER


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rounds", "seed"),
    [("kills", 1, KILLED_SWEEP), ("kills", 1, KILLED_EVAL), ("signals", 1, 1), ("epochs", 400, 1)],
)
def test_few_rounds_pass(tmp_path, name, rounds, seed):
    """In a process of its own, because the harness forks before JAX uses a device.

    tests/commands/test_stopping.py kills a training, and sends it signals.
    """
    code = f"""
from benchmarks.faults import {name} as harness
results = list(harness.measure({rounds}, {seed}))
assert all(result.get("passed", True) for result in results), results
print(harness.table(results))
"""
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=environment, check=True)
