"""`dynax doctor`: the report, and the first problem with its remedy."""

import subprocess
import sys

import pytest

from dynax.cli import diagnosis
from dynax.runs import locks


def test_help_and_wrong_words(in_process):
    shown = in_process("doctor", "--help")
    assert (shown.code, shown.err) == (0, "")
    assert "Usage: dynax doctor" in shown.out
    wrong = in_process("doctor", "env=pendulum")
    message = "dynax: dynax doctor has no options, but env=pendulum is given: remove it\n"
    assert (wrong.code, wrong.out, wrong.err) == (2, "", message)


def test_the_cheap_checks_report_facts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for check in (diagnosis.versions, diagnosis.machine, diagnosis.space, diagnosis.file_locks):
        assert all(isinstance(line, str) and line for line in check())
    assert list(tmp_path.iterdir()) == []


def test_the_report_ends_at_the_first_problem(in_process, monkeypatch):
    monkeypatch.setattr(locks, "are_kept", lambda folder: False)
    finished = in_process("doctor")
    assert finished.code == 1
    assert finished.out.splitlines()[-1].startswith("locks: failed, the file system of ")
    assert finished.out.startswith("versions: Python ")
    assert finished.err.startswith("dynax: locks: the file system of ")
    assert finished.err.endswith("work on a local disk, or never start two commands in the same directory\n")


def test_too_little_space_is_a_problem(monkeypatch):
    monkeypatch.setattr(diagnosis, "MIN_FREE", 1e20)
    with pytest.raises(OSError, match="GB of free space"):
        list(diagnosis.space())


def test_no_heavy_module_is_imported_for_the_help():
    code = "import sys\nfrom dynax.cli import main\nmain(['doctor', '--help'])\nassert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_everything_works_on_this_machine(dynax):
    finished = dynax("doctor", real=True)
    assert finished.code == 0, finished.err
    names = [line.partition(":")[0] for line in finished.out.splitlines() if not line.startswith(" ")]
    assert names == [check.name for check in diagnosis.CHECKS]
