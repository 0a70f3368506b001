"""`-m`: one line a job that finished, in the order of the jobs, whoever ran them and whatever became of others."""

import os
import signal

import pytest
from command_line import wait_for

JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


@pytest.mark.slow
def test_one_line_a_job_in_their_order(dynax, tmp_path):
    ran = dynax("train", "-m", "model=mlp,transformer", "training.seed=1,0", acts={1: "noise"})
    assert ran.code == 0
    assert [path.name for path in ran.paths] == ["0", "1", "2", "3"]
    [folder] = {path.parent for path in ran.paths}
    assert folder.parent == tmp_path / "outputs" / "train" / "sweeps"
    assert all((path / "summary.json").exists() for path in ran.paths)
    assert "architecture: transformer" in (ran.paths[3] / ".hydra" / "config.yaml").read_text()
    assert ran.err.count("noise from C") == 2


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_jobs_that_finished_are_printed_though_others_did_not(dynax, launcher):
    acts = {1: "wrong", 2: "crash", 3: "noise"}
    ran = dynax("train", "-m", "training.seed=0,1,2,3", f"hydra/launcher={launcher}", acts=acts)
    assert ran.code == 1
    assert [path.name for path in ran.paths] == ["0", "3"]
    assert "dynax: job 1 (training.seed=1): wrong in the eyes of the stub\n" in ran.err
    assert "dynax: job 2 (training.seed=2): failed: ZeroDivisionError: one\n" in ran.err
    assert "noise from C\n" in ran.err
    assert not (ran.paths[0].parent / "1").exists()
    assert "four" in (ran.paths[0].parent / "2" / "dynax.log").read_text()


@pytest.mark.slow
def test_a_worker_that_dies(dynax):
    ran = dynax("train", "-m", "training.seed=1,1", *JOBLIB, acts={1: "die"})
    assert (ran.code, ran.out) == (1, "")
    assert "dynax: failed: TerminatedWorkerError" in ran.err


@pytest.mark.parametrize("words", ["training.seed=-1,-2", "training.sed=0,1", "env=pendulum,pendulm"])
def test_a_sweep_with_wrong_input_leaves_nothing_behind(here, tmp_path, words):
    ran = here("train", "-m", words)
    assert (ran.code, ran.out) == (2, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_folder_used_again_prints_its_own_jobs_only(dynax, tmp_path):
    assert len(dynax("train", "-m", "training.seed=0,1,2", "hydra.sweep.dir=sweep").paths) == 3
    ran = dynax("train", "hydra.mode=MULTIRUN", "training.seed=0", "hydra.sweep.dir=sweep")
    assert ran.paths == [tmp_path / "sweep" / "0"]


def test_ctrl_c_ends_a_sweep_and_the_job_that_runs(dynax, tmp_path):
    process = dynax.start("train", "-m", "training.seed=0,1,2", acts={1: "wait"})
    wait_for(tmp_path, 1)
    os.kill(process.pid, signal.SIGINT)
    ran = dynax.end(process)
    assert ran.code == 130
    assert [path.name for path in ran.paths] == ["0"]
    assert ran.err.endswith("dynax: job 1 (training.seed=1): interrupted\ndynax: the sweep is stopped\n")
    assert len(list(tmp_path.glob("outputs/**/saved"))) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_sweep_when_its_workers_have_saved(dynax, tmp_path, number, code):
    process = dynax.start("train", "-m", "training.seed=1,1,0", *JOBLIB, acts={1: "wait"})
    wait_for(tmp_path, 2)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        os.kill(process.pid, number)
    ran = dynax.end(process)
    assert (ran.code, ran.out) == (code, "")
    assert len(list(tmp_path.glob("outputs/**/saved"))) == 2, ran.err
    assert all(f"dynax: job {number} (training.seed=1): " in ran.err for number in (0, 1))
