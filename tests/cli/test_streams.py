"""A standard error whose reader exits, and the workers of a sweep whose parent is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import wait_for_jobs


def test_a_command_goes_on_when_nobody_reads_its_messages(dynax):
    process = dynax.start("train", "training.seed=1", acts={1: "noise"})
    process.stderr.close()
    process.stderr = None
    finished = dynax.end(process)
    assert finished.code == 0
    [path] = finished.paths
    assert (path / "summary.json").exists()
    assert "a log line" in (path / "dynax.log").read_text()


@pytest.mark.slow
def test_files_do_not_become_closed_streams(tmp_path):
    """Without the streams, the next files would have their numbers, and receive their output."""
    show = "import os, dynax.cli; print([os.readlink(f'/dev/fd/{i}') for i in range(3)], file=open('numbers', 'w'))"
    code = f"import dynax.cli; dynax.cli._open_closed_streams(); {show}"
    command = f'exec {sys.executable} -c "{code}" <&- >&- 2>&-'
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0
    assert (tmp_path / "numbers").read_text() == "['/dev/null', '/dev/null', '/dev/null']\n"


@pytest.mark.slow
def test_workers_end_if_their_parent_is_killed(dynax, tmp_path):
    options = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    process = dynax.start("train", "-m", "training.seed=1,1", *options, acts={1: "wait"})
    wait_for_jobs(process, tmp_path, 2)
    os.kill(process.pid, signal.SIGKILL)
    assert dynax.end(process).code == -signal.SIGKILL  # the workers, which share its output, have ended
    assert len(list(tmp_path.glob("outputs/**/saved"))) == 2  # after their cleanup, as after SIGTERM
