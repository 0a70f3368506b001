"""`training.resume`: the run goes on as it began, wherever one stands and whatever has become of its surroundings."""

import json
import re
import shutil
from pathlib import Path

import pytest

import dynax as api


@pytest.fixture
def run(workshop, tmp_path):
    """A finished run of two epochs, to do with as one likes."""
    return Path(shutil.copytree(workshop.trained(), tmp_path / "run"))


def rows(run):
    return [json.loads(line)["epoch"] for line in (run / "metrics.jsonl").read_text().splitlines()]


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
def test_another_config_is_refused(dynax, run, override, difference):
    before = sorted(path for path in run.rglob("*") if "resumed" not in path.parts)
    ran = dynax("train", f"training.resume={run}", override)
    assert (ran.code, ran.out) == (2, "")
    [line] = ran.err.splitlines()
    assert re.search(f"only training.num_epochs may change: {difference}$", line)
    assert sorted(path for path in run.rglob("*") if "resumed" not in path.parts) == before


def test_a_finished_run_is_printed_again_and_takes_more_epochs(dynax, run):
    same = ["training=smoke", "model.hidden_dims=[16]"]  # what is as in the run may be said again
    assert dynax("train", f"training.resume={run}", *same).path == run
    assert rows(run) == [1, 2]
    hydra = {file.name: file.read_bytes() for file in (run / ".hydra").glob("*.yaml")}
    assert dynax("train", f"training.resume={run}", "training.num_epochs=3").path == run
    assert rows(run) == [1, 2, 3]
    assert json.loads((run / "summary.json").read_text())["epochs"] == 3
    assert {file.name: file.read_bytes() for file in (run / ".hydra").glob("*.yaml")} == hydra
    assert dynax("train", f"training.resume={run}").path == run  # of three epochs now
    assert rows(run) == [1, 2, 3]


@pytest.mark.slow
def test_a_run_that_ended_early_is_finished(dynax):
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
def test_the_first_stage_takes_no_more_epochs_once_others_have_begun(dynax):
    run = dynax.smoke("training.unroll_epochs=1", "training.unroll_horizons=[2]").path
    assert rows(run) == [1, 2, 3]
    summary = (run / "summary.json").read_bytes()
    ran = dynax("train", f"training.resume={run}", "training.num_epochs=5")
    assert (ran.code, ran.out) == (2, "")
    assert "is at epoch 3, and other stages follow the first: with training.num_epochs=5 instead of 2" in ran.err
    assert (run / "summary.json").read_bytes() == summary


def test_a_run_that_goes_on_is_not_finished(dynax, run, monkeypatch):
    def fail(*args):
        raise RuntimeError("in the first epoch")

    monkeypatch.setattr("dynax.cli.commands.train.fit", fail)
    ran = dynax("train", f"training.resume={run}", "training.num_epochs=3")
    assert (ran.code, ran.out) == (1, "")
    assert not (run / "summary.json").exists()


@pytest.mark.slow
def test_a_run_that_is_interrupted_once_trained_is_summed_up_by_resuming(dynax, run, monkeypatch):
    (run / "summary.json").unlink()

    def interrupt(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("dynax.cli.commands.train.plots.loss_curve", interrupt)
        ran = dynax("train", f"training.resume={run}")
    assert (ran.code, ran.out) == (130, "")
    assert f"trained, but not summed up; dynax train training.resume={run} does that" in ran.err
    assert dynax("train", f"training.resume={run}").path == run
    assert rows(run) == [1, 2]


@pytest.mark.slow
def test_a_run_needs_neither_its_data_nor_its_robot(dynax, slider):
    """They are in the run; the data are collected again where they are gone, and are the same."""
    run = dynax.smoke("env=mjcf", "env.xml=slider.xml").path
    shutil.rmtree(dynax.folder / "outputs" / "datasets")
    slider.unlink()
    run = run.rename(dynax.folder / "moved")
    model = api.load(run)
    assert (model.env.name, model.env.dt, model.env.mj_model.nv, model.history_length) == ("slider", 0.01, 1, 1)
    assert dynax("train", f"training.resume={run}", "training.num_epochs=3").path == run
    assert rows(run) == [1, 2, 3]


@pytest.mark.slow
def test_other_data_are_refused(dynax):
    run = dynax.smoke().path
    dataset = Path(json.loads((run / "summary.json").read_text())["dataset"])
    shutil.rmtree(dataset)
    other = dynax("collect", "collect.num_rollouts=12", "collect.rollout_length=40", "collect.seed=1").path
    other.rename(dataset)
    ran = dynax("train", f"training.resume={run}", "training.num_epochs=3")
    assert (ran.code, ran.out) == (2, "")
    assert "is another dataset: put the first one back, or start a new run" in ran.err
    assert (run / "summary.json").exists()


@pytest.mark.parametrize("text", ['{"epoch": 1}\n', '{"epoch": 1}\n{"epo\n'])
def test_a_damaged_history_is_named(dynax, run, text):
    (run / "metrics.jsonl").write_text(text)
    ran = dynax("train", f"training.resume={run}", "training.num_epochs=3")
    assert (ran.code, ran.out) == (2, "")
    assert f"{run / 'metrics.jsonl'} is damaged" in ran.err
