"""`model=residual`: a run of `rigid` as its nominal model, and continued and fine-tuned runs."""

import json
import os
import shutil

import numpy as np
import pytest

import dynax as api

STILL = ["training=smoke", "training.learning_rate=1e-60", "training.final_learning_rate=0", "training.ema_decay=null"]
NETWORK = ["model=residual", "model.hidden_dims=[8]", "training.optimizer=adam"]


def prediction(run):
    """Return the prediction of a run for fixed actions."""
    trained = api.load(run)
    return np.asarray(trained.rollout(np.array([[0.5, -1.0]]), np.sin(np.arange(30.0)).reshape(1, 30, 1)))


@pytest.mark.slow
def test_the_nominal_model_is_a_copy_of_an_identified_run(workshop, dynax, tmp_path):
    """The run needs its base only once. Text with blanks is a path."""
    shutil.copytree(workshop.trained("pendulum", "rigid"), tmp_path / "my base")
    base = os.path.relpath(tmp_path / "my base", dynax.folder)
    run = dynax("train", *STILL, *NETWORK, f"model.base={base}").path
    expected = prediction(tmp_path / "my base")
    shutil.rmtree(tmp_path / "my base")
    np.testing.assert_allclose(prediction(run), expected, atol=1e-5)
    options = json.loads((run / "checkpoints" / "epoch-00002" / "run.json").read_text())["config"]["model"]
    assert (options["base"], options["friction"], len(options["constants"])) == (base, False, 12)
    assert dynax("train", f"training.resume={run}", "training.num_epochs=3").path == run
    np.testing.assert_allclose(prediction(run), expected, atol=1e-5)
    again = dynax("train", *STILL, f"training.init={run}").path
    np.testing.assert_array_equal(prediction(again), prediction(run))


@pytest.mark.slow
def test_an_unfinished_run_with_a_base_is_found(workshop, dynax):
    words = ["train", *STILL, *NETWORK, f"model.base={workshop.trained('pendulum', 'rigid')}", "training.resume=auto"]
    run = dynax(*words).path
    (run / "summary.json").unlink()
    assert dynax(*words).path == run


@pytest.mark.slow
def test_another_base_is_rejected(workshop, dynax):
    """The constants belong to the joints and bodies of one robot."""
    ran = dynax("train", "training=smoke", *NETWORK, f"model.base={workshop.trained()}")
    assert (ran.code, ran.out) == (2, "")
    assert "is a run of model=mlp: choose a run of model=rigid" in ran.err
    ran = dynax(
        "train", "env=cart_pole", "training=smoke", *NETWORK, f"model.base={workshop.trained('pendulum', 'rigid')}"
    )
    assert (ran.code, ran.out) == (2, "")
    assert "has other constants than cart_pole, for example" in ran.err
    [line] = dynax("train", *NETWORK, "model.base=nowhere").err.splitlines()
    assert "model.base=nowhere: the path is neither a training run with a checkpoint nor a saved model" in line
