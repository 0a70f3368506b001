"""Sweeps (`-m`): one line per finished job, in the order of the jobs, even if other jobs fail."""

import os
import signal

import pytest
from command_line import wait_for_jobs

JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


@pytest.mark.slow
def test_one_line_per_job_in_order(dynax, tmp_path):
    finished = dynax("train", "model=mlp,transformer", "-m", "training.seed=1,0", acts={1: "noise"})
    assert finished.code == 0
    assert [path.name for path in finished.paths] == ["0", "1", "2", "3"]
    [folder] = {path.parent for path in finished.paths}
    assert folder.parent == tmp_path / "outputs" / "train" / "sweeps"
    assert all((path / "summary.json").exists() for path in finished.paths)
    assert "architecture: transformer" in (finished.paths[3] / ".hydra" / "config.yaml").read_text()
    assert finished.err.count("noise from C") == 2


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["basic", "joblib", "submitit_local"])
def test_finished_jobs_are_printed_if_others_fail(dynax, tmp_path, launcher):
    acts = {1: "wrong", 2: "crash", 3: "noise"}
    finished = dynax("train", "-m", "training.seed=0,1,2,3", f"hydra/launcher={launcher}", acts=acts)
    assert finished.code == 1
    assert [path.name for path in finished.paths] == ["0", "3"]
    logs = "".join(log.read_text() for log in tmp_path.glob("outputs/**/.submitit/*/*_log.err"))
    err = logs if launcher == "submitit_local" else finished.err
    assert "dynax: job 1 (training.seed=1): the stub rejects this input\n" in err
    assert "dynax: job 2 (training.seed=2): failed: ZeroDivisionError: one\n" in err
    assert "noise from C\n" in err or launcher == "submitit_local"  # which has a file for the standard output
    assert not (finished.paths[0].parent / "1").exists()
    assert "four" in (finished.paths[0].parent / "2" / "dynax.log").read_text()


@pytest.mark.slow
def test_a_dead_worker_is_reported(dynax):
    finished = dynax("train", "-m", "training.seed=1,1", *JOBLIB, acts={1: "die"})
    assert (finished.code, finished.out) == (1, "")
    assert "dynax: failed: TerminatedWorkerError" in finished.err


@pytest.mark.parametrize("words", ["training.seed=-1,-2", "training.sed=0,1", "env=pendulum,pendulm"])
def test_wrong_input_leaves_no_files(in_process, tmp_path, words):
    finished = in_process("train", "-m", words)
    assert (finished.code, finished.out) == (2, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_reused_sweep_directory_runs_only_the_new_jobs(dynax, tmp_path):
    assert dynax("train", "-m", "training.seed=0", "hydra.sweep.dir=sweep").paths == [tmp_path / "sweep" / "0"]
    before = (tmp_path / "sweep" / "0" / ".hydra" / "overrides.yaml").read_text()
    finished = dynax("train", "hydra.mode=MULTIRUN", "training.seed=2,3", "hydra.sweep.dir=sweep")
    assert (finished.code, finished.paths) == (2, [tmp_path / "sweep" / "1"])
    assert "already contains a run (.hydra" in finished.err
    assert (tmp_path / "sweep" / "0" / ".hydra" / "overrides.yaml").read_text() == before


@pytest.mark.slow
def test_ctrl_c_ends_the_running_job_and_the_sweep(dynax, tmp_path):
    process = dynax.start("train", "-m", "training.seed=0,1,2", acts={1: "wait"})
    wait_for_jobs(process, tmp_path, 1)
    os.kill(process.pid, signal.SIGINT)
    finished = dynax.end(process)
    assert finished.code == 130
    assert [path.name for path in finished.paths] == ["0"]
    assert finished.err.endswith("dynax: job 1 (training.seed=1): interrupted\ndynax: the sweep was stopped\n")
    assert len(list(tmp_path.glob("outputs/**/saved"))) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_sweep_after_the_cleanup_of_its_workers(dynax, tmp_path, number, code):
    process = dynax.start("train", "-m", "training.seed=1,1,0", *JOBLIB, acts={1: "wait"})
    wait_for_jobs(process, tmp_path, 2)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # a terminal sends it to the whole process group
    else:
        os.kill(process.pid, number)
    finished = dynax.end(process)
    assert (finished.code, finished.out) == (code, "")
    assert len(list(tmp_path.glob("outputs/**/saved"))) == 2, finished.err
    word = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}[number]
    assert all(f"dynax: job {job} (training.seed=1): {word}" in finished.err for job in (0, 1))
    assert "SIGUSR1" not in finished.err


@pytest.mark.slow
def test_a_signal_of_a_job_scheduler_ends_one_job(dynax, tmp_path):
    """submitit ignores SIGTERM, so the job has to handle it itself."""
    process = dynax.start("train", "-m", "training.seed=1,0", "hydra/launcher=submitit_local", acts={1: "wait"})
    wait_for_jobs(process, tmp_path, 1)
    [mark] = [mark for mark in tmp_path.glob("outputs/**/.jobs/0.*") if mark.suffix != ".json"]
    os.kill(int(mark.suffix.removeprefix(".")), signal.SIGTERM)
    finished = dynax.end(process)
    assert [path.name for path in finished.paths] == ["1"]
    assert finished.code == 143
    assert len(list(tmp_path.glob("outputs/**/saved"))) == 1
