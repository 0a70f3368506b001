"""`dynax train model=rigid` identifies the constants by least squares."""

import json

import pytest

pytestmark = pytest.mark.slow

DATA = ["collect.num_rollouts=12", "collect.rollout_length=60"]


@pytest.mark.parametrize("override", ["training.num_epochs=3", "training.learning_rate=1e-3"])
def test_training_options_without_effect_are_rejected(dynax, override):
    ran = dynax("train", "env=pendulum", "model=rigid", *DATA, override)
    assert (ran.code, ran.out) == (2, "")
    key = override.partition("=")[0]
    assert f"{key} has no effect with model=rigid, whose constants are computed by linear least squares" in ran.err
    assert not dynax.made()


def test_seed_and_validation_apply(dynax):
    run = dynax("train", "env=pendulum", "model=rigid", *DATA, "training.seed=3", "training.val_rollouts=1").path
    assert json.loads((run / "summary.json").read_text())["training_seed"] == 3
    [row] = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert (row["epoch"], set(row)) == (1, {"epoch", "loss", "val_nrmse", "val_valid_time_s", "time_s"})


def test_an_interrupted_run_is_repeated(dynax):
    run = dynax("train", "env=pendulum", "model=rigid", *DATA).path
    before = (run / "identified.json").read_bytes()
    (run / "summary.json").unlink()
    assert dynax("train", f"training.resume={run}").path == run
    assert (run / "summary.json").exists()
    assert (run / "identified.json").read_bytes() == before
