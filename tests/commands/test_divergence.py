"""A training that diverges fails with a message and keeps its last good checkpoint."""

import json

import numpy as np
import pytest

import dynax as api


@pytest.mark.slow
def test_before_the_first_checkpoint(dynax):
    ran = dynax.smoke("training.learning_rate=1e6", "training.gradient_clip=null")
    assert (ran.code, ran.out) == (1, "")
    message = ran.err[ran.err.index("dynax: ") :]
    assert message.startswith("dynax: failed: training diverged in epoch 1: the loss is ")
    assert "lower training.learning_rate (now 1e+06) or training.gradient_clip" in message
    assert "Traceback" not in message
    [metrics] = dynax.folder.glob("outputs/train/*/*/metrics.jsonl")
    assert metrics.read_text() == ""
    assert not (metrics.parent / "summary.json").exists()
    assert "RunError" in (metrics.parent / "dynax.log").read_text()


@pytest.mark.slow
def test_after_a_good_checkpoint(dynax):
    """There is one update per epoch. The first one has the learning rate zero, the start of the warm-up."""
    slow_start = ["training.batch_size=1000000", "training.num_epochs=20", "training.checkpoint_every=100"]
    ran = dynax.smoke(
        "training.learning_rate=1e6", "training.gradient_clip=null", "training.ema_decay=null", *slow_start
    )
    assert (ran.code, ran.out) == (1, "")
    [run] = dynax.folder.glob("outputs/train/*/*")
    kept = run / "checkpoints" / "epoch-00001"
    assert "failed: training diverged in epoch 3: the loss is " in ran.err
    assert f"the last good checkpoint is {kept}" in ran.err
    assert [path.name for path in (run / "checkpoints").iterdir()] == [kept.name]
    assert not (run / "summary.json").exists()
    assert [json.loads(line)["epoch"] for line in (run / "metrics.jsonl").read_text().splitlines()] == [1, 2]
    model = api.load(run)
    assert np.isfinite(model.rollout(np.zeros((1, 2)), np.zeros((1, 5, 1)))).all()
