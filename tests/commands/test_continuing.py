"""`training.resume`: a run continues with its own config, robot and data, from any working directory."""

import json
import re
import shutil
from pathlib import Path

import pytest

import dynax as api


@pytest.fixture
def run(workshop, tmp_path):
    """A copy of a finished run of two epochs, which a test may change."""
    return Path(shutil.copytree(workshop.trained(), tmp_path / "run"))


def rows(run):
    return [json.loads(line)["epoch"] for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("override", "difference"),
    [
        ("model=transformer", "model.architecture is mlp in the run, not transformer"),
        ("model.hidden_dims=[17]", r"model.hidden_dims is \[16\] in the run, not \[17\]"),
        ("training.learning_rate=0.5", r"training.learning_rate is 0.\d+ in the run, not 0.5"),
        ("training=default", r"training.\w+ is \d+ in the run, not \d+"),
        ("training.patience=3", "training.patience is null in the run, not 3"),
        ("collect.seed=1", "collect.seed is 0 in the run, not 1"),
        ("env=cart_pole", "env.name is pendulum in the run, not cart_pole"),
        ("+model.foo=1", "model.foo is null in the run, not 1"),
    ],
)
def test_another_config_is_rejected(dynax, run, override, difference):
    before = sorted(path for path in run.rglob("*") if "resumed" not in path.parts)
    ran = dynax("train", f"training.resume={run}", override)
    assert (ran.code, ran.out) == (2, "")
    assert re.search(f"learn.transitions and plugins may change: {difference}$", ran.err.splitlines()[-1])
    assert sorted(path for path in run.rglob("*") if "resumed" not in path.parts) == before


@pytest.mark.slow
def test_a_finished_run_can_be_extended(dynax, run):
    same = ["training=smoke", "training.optimizer=adam", "model.hidden_dims=[16]"]  # values of the run may be repeated
    assert dynax("train", f"training.resume={run}", *same).path == run
    assert rows(run) == [1, 2]
    hydra = {file.name: file.read_bytes() for file in (run / ".hydra").glob("*.yaml")}
    assert dynax("train", f"training.resume={run}", "training.num_epochs=3").path == run
    assert rows(run) == [1, 2, 3]
    assert json.loads((run / "summary.json").read_text())["epochs"] == 3
    assert {file.name: file.read_bytes() for file in (run / ".hydra").glob("*.yaml")} == hydra
    assert dynax("train", f"training.resume={run}").path == run
    assert rows(run) == [1, 2, 3]


@pytest.mark.slow
def test_a_run_that_patience_ended_is_finished(dynax):
    early = [
        "training.num_epochs=9",
        "training.patience=1",
        "training.learning_rate=1e-12",
        "training.final_learning_rate=0",
    ]
    run = dynax.smoke("training.ema_decay=null", *early).path
    assert len(rows(run)) < 9
    summary = (run / "summary.json").read_bytes()
    assert dynax("train", f"training.resume={run}").path == run
    assert (run / "summary.json").read_bytes() == summary


@pytest.mark.slow
def test_the_first_stage_cannot_be_extended_after_the_second_has_begun(dynax):
    run = dynax.smoke("training.unroll_epochs=1", "training.unroll_horizons=[2]").path
    assert rows(run) == [1, 2, 3]
    summary = (run / "summary.json").read_bytes()
    ran = dynax("train", f"training.resume={run}", "training.num_epochs=5")
    assert (ran.code, ran.out) == (2, "")
    assert "is at epoch 3, and other stages follow the first one: training.num_epochs=5 instead of 2" in ran.err
    assert (run / "summary.json").read_bytes() == summary


def test_a_run_that_continues_has_no_summary(dynax, run, monkeypatch):
    def fail(*args):
        raise RuntimeError("in the first epoch")

    monkeypatch.setattr("dynax.training.training.Training.advance", fail)
    ran = dynax("train", f"training.resume={run}", "training.num_epochs=3")
    assert (ran.code, ran.out) == (1, "")
    assert not (run / "summary.json").exists()


@pytest.mark.slow
def test_resuming_writes_the_summary_of_a_run_that_was_interrupted_after_training(dynax, run, monkeypatch):
    (run / "summary.json").unlink()

    def interrupt(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("dynax.evaluation.plots.loss_curve", interrupt)
        ran = dynax("train", f"training.resume={run}")
    assert (ran.code, ran.out) == (130, "")
    assert (
        f"training finished, but the summary was not written; run `dynax train training.resume={run}` to write it"
        in ran.err
    )
    assert dynax("train", f"training.resume={run}").path == run
    assert rows(run) == [1, 2]


@pytest.mark.slow
def test_a_run_continues_without_its_dataset_and_its_robot_file(dynax, slider):
    """The checkpoint contains the robot. The same data are collected again."""
    run = dynax.smoke("env=mjcf", "env.xml=slider.xml").path
    shutil.rmtree(dynax.folder / "outputs" / "datasets")
    slider.unlink()
    run = run.rename(dynax.folder / "moved")
    model = api.load(run)
    assert (model.env.name, model.env.dt, model.env.mj_model.nv, model.history_length) == ("slider", 0.01, 1, 1)
    assert dynax("train", f"training.resume={run}", "training.num_epochs=3").path == run
    assert rows(run) == [1, 2, 3]


@pytest.mark.slow
def test_other_data_are_rejected(dynax):
    run = dynax.smoke().path
    dataset = Path(json.loads((run / "summary.json").read_text())["dataset"])
    shutil.rmtree(dataset)
    other = dynax("collect", "collect.num_rollouts=12", "collect.rollout_length=40", "collect.seed=1").path
    other.rename(dataset)
    ran = dynax("train", f"training.resume={run}", "training.num_epochs=3")
    assert (ran.code, ran.out) == (2, "")
    assert f"{dataset} contains another dataset: its manifest.json belongs to {other.name}" in ran.err
    assert (run / "summary.json").exists()


@pytest.mark.parametrize("text", ['{"epoch": 1}\n', '{"epoch": 1}\n{"epo\n'])
def test_a_damaged_history_is_reported(dynax, run, text):
    (run / "metrics.jsonl").write_text(text)
    ran = dynax("train", f"training.resume={run}", "training.num_epochs=3")
    assert (ran.code, ran.out) == (2, "")
    assert f"{run / 'metrics.jsonl'} is damaged" in ran.err
