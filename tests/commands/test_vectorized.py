"""`hydra/launcher=vectorized`: the jobs of a sweep as one program, each with a run directory of its own."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from in_process import without_log

pytestmark = pytest.mark.slow

SMALL = ["env=pendulum", "training=smoke", "model.hidden_dims=[8]", "training.optimizer=adam"]
VECTORIZED = "hydra/launcher=vectorized"


def rows(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_each_job_has_the_results_of_a_run_of_its_own(dynax):
    sweep = dynax("train", "-m", *SMALL, "training.seed=0,1", "training.learning_rate=1e-3,3e-3", VECTORIZED)
    assert sweep.code == 0, sweep.err
    runs = [Path(line) for line in sweep.out.splitlines()]
    assert [run.name for run in runs] == ["0", "1", "2", "3"]
    assert "train 4 models: pendulum, mlp" in sweep.err
    assert sweep.err.count("preparing 440 transitions") == 1
    alone = dynax("train", *SMALL, "training.seed=1", "training.learning_rate=3e-3").path
    for name in ("epoch", "loss", "val_nrmse", "val_valid_time_s"):
        np.testing.assert_allclose([row[name] for row in rows(runs[3])], [row[name] for row in rows(alone)], rtol=1e-5)
    assert sorted(path.name for path in runs[3].iterdir()) == sorted(path.name for path in alone.iterdir())
    ours, theirs = (json.loads((run / "summary.json").read_text()) for run in (runs[3], alone))
    assert ours.keys() == theirs.keys()
    assert ours["training_seed"] == 1
    assert "training.learning_rate=0.003" in (runs[3] / ".hydra" / "overrides.yaml").read_text()
    ranked = dynax("compare", f"sweep={runs[0].parent}")
    assert ranked.code == 0, ranked.err
    assert dynax("train", f"training.resume={runs[2]}", "training.num_epochs=3").path == runs[2]
    assert [row["epoch"] for row in rows(runs[2])] == [1, 2, 3]


def test_jobs_with_other_programs_run_in_groups_and_errors_end_only_their_job(dynax):
    words = ["training.learning_rate=1e-3,-1,2e-3", "model=mlp,resnet", VECTORIZED]
    sweep = dynax("train", "-m", *SMALL[:2], SMALL[3], *words)
    assert sweep.code == 2
    assert [Path(line).name for line in sweep.out.splitlines()] == ["0", "1", "4", "5"]
    assert "train 2 models: pendulum, mlp" in sweep.err
    assert "train 2 models: pendulum, resnet" in sweep.err
    errors = [line for line in without_log(sweep.err) if line.startswith("dynax: job")]
    assert [error[:12] for error in errors] == ["dynax: job 2", "dynax: job 3"]
    assert all("training.learning_rate=-1 is out of range" in error for error in errors)


def test_a_job_that_diverges_fails_alone(dynax):
    words = ["training.learning_rate=1e-3,1e6", "training.gradient_clip=null", VECTORIZED]
    sweep = dynax("train", "-m", *SMALL, *words)
    assert sweep.code == 1
    [run] = [Path(line) for line in sweep.out.splitlines()]
    assert run.name == "0"
    assert "dynax: job 1 (" in sweep.err
    assert "failed: training diverged in epoch 1: " in sweep.err
    assert "the last good checkpoint" not in sweep.err
    assert not list(run.with_name("1").glob("checkpoints/*"))


def test_a_signal_saves_every_job(dynax, monkeypatch):
    from dynax.training import TrainingGroup

    advance, calls = TrainingGroup.advance, []

    def counted(self):
        result = advance(self)
        calls.append(result)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGTERM)
        return result

    monkeypatch.setattr("dynax.training.epochs.PIECE_SECONDS", 0.0)
    with monkeypatch.context() as patched:
        patched.setattr(TrainingGroup, "advance", counted)
        sweep = dynax("train", "-m", *SMALL, "training.seed=0,1", VECTORIZED)
    assert (sweep.code, sweep.out) == (143, "")
    [folder] = (dynax.folder / "outputs" / "train" / "sweeps").iterdir()
    expected = f"dynax: stopped in epoch 1; run `dynax train training.resume={folder}/<job>` to continue a job of 0, 1"
    assert sweep.err.splitlines()[-1] == expected
    for name in ("0", "1"):
        assert (folder / name / "checkpoints" / "epoch-00000" / "progress").is_dir()
    monkeypatch.undo()
    run = dynax("train", f"training.resume={folder / '1'}").path
    alone = dynax("train", *SMALL, "training.seed=1").path
    np.testing.assert_allclose([row["loss"] for row in rows(run)], [row["loss"] for row in rows(alone)], rtol=1e-5)


def test_only_trainings_share_a_program(dynax, workshop):
    finished = dynax("eval", "-m", f"run={workshop.trained()}", "eval.seed=0,1", VECTORIZED)
    assert (finished.code, finished.out) == (2, "")
    assert "hydra/launcher=vectorized runs only `dynax train`: remove it from this command line" in finished.err
