"""A standard error whose reader exits, and the workers of a sweep whose parent is killed."""

import os
import signal

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
def test_workers_end_if_their_parent_is_killed(dynax, tmp_path):
    options = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    process = dynax.start("train", "-m", "training.seed=1,1", *options, acts={1: "wait"})
    wait_for_jobs(process, tmp_path, 2)
    os.kill(process.pid, signal.SIGKILL)
    assert dynax.end(process).code == -signal.SIGKILL  # the workers, which share its output, have ended
    assert len(list(tmp_path.glob("outputs/**/saved"))) == 2  # after their cleanup, as after SIGTERM
