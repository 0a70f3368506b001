"""The harnesses of `python -m benchmarks.faults` with few rounds, and the tables of `docs/faults.md`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.document import filled
from benchmarks.faults import full_disk, mutations, one_dataset
from benchmarks.faults.__main__ import DOCUMENT, HARNESSES, committed

pytestmark = pytest.mark.slow


def test_damage_is_named():
    results = list(mutations.measure(12, seed=7))
    assert [result for result in results if not result["passed"]] == []
    assert sum(result["count"] for result in results) == 12


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # threads of Orbax after its error
def test_a_full_disk_loses_nothing():
    if os.geteuid() or subprocess.run(["mount", "--version"], capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    results = list(full_disk.measure(len(full_disk.STAGES), seed=7))
    assert [result for result in results if not result["passed"]] == []


def test_processes_share_a_dataset(monkeypatch):
    monkeypatch.setattr(one_dataset, "PROCESSES", 2)
    [result] = one_dataset.measure(1, seed=7)
    assert (result["collected"], result["paths"], result["passed"]) == (1, 1, True)


@pytest.mark.parametrize(("name", "rounds"), [("commands", 6), ("hostile", 2)])
def test_hostile_input_is_harmless(tmp_path, name, rounds):
    """In a process of its own, because the harness forks before JAX uses a device."""
    code = f"""
from benchmarks.faults import {name} as harness
results = list(harness.measure({rounds}, 7))
print(harness.table(results))
assert all(result["passed"] for result in results), [result for result in results if not result["passed"]]
"""
    repository = Path(__file__).parents[2]
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(repository)}
    subprocess.run([sys.executable, "-c", code], cwd=repository, env=environment, check=True)


def test_failed_rounds_are_counted():
    row = {"damage": "flip", "file": "run.json", "outcome": "silent", "passed": False}
    assert "| flip | 0 | 0 | 0 | 1 |" in mutations.table([row])


def test_the_committed_tables_are_in_the_document():
    tables = {name: committed(name) for name in HARNESSES}
    assert filled(DOCUMENT.read_text(), tables) == DOCUMENT.read_text()
