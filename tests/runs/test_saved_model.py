"""Saved models whose files have been changed, with correct checksums; and the places where a model can be saved."""

import json
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
from toys import Linear

from dynax.errors import UserError
from dynax.runs import sealed
from dynax.runs.hashes import file_names, sha256
from dynax.runs.saved_model import robot_files
from dynax.trained import TrainedModel, load
from dynax.training.normalization import normalization_of


@pytest.fixture(scope="module")
def model(slide, sliding):
    robot = Linear(env=slide)
    return TrainedModel(robot, robot.create(jax.random.PRNGKey(0), normalization_of(robot, sliding[0])))


def change(path, **entries):
    """Change `run.json`, and correct its checksum."""
    info = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**info, **entries}))
    digests = {name: sha256(path / name) for name in file_names(path) if name != sealed.MANIFEST}
    (path / sealed.MANIFEST).write_text(json.dumps(digests))


def message(path):
    with pytest.raises(UserError) as caught:
        load(path, classes=[Linear])
    return str(caught.value)


def resaved(model, path, change):
    """Save a model with changed variables."""
    variables = jax.tree.map(np.array, model.params)
    change(variables)
    info = json.loads((path / "run.json").read_text())
    sealed.write(path, {"model": variables}, robot_files(model.env), info)
    return path


def test_a_changed_model_is_an_error_that_names_the_array(model, saved):
    def nan_bias(variables):
        next(iter(variables["params"].values()))["Dense_0"]["bias"][:] = np.nan

    def zero_std(variables):
        variables["normalization"]["target"]["std"][:] = 0

    text = message(resaved(model, saved, nan_bias))
    assert text.startswith(f"the saved model {saved} is damaged: params/")
    assert text.endswith("/Dense_0/bias contains numbers that are not finite")
    text = message(resaved(model, saved, zero_std))
    assert text == f"the saved model {saved} is damaged: normalization/target/std must be above 0"


def test_the_class_of_the_robot_must_be_the_saved_one(saved):
    change(saved, classes={"env": "CartPoleEnv", "model": "Linear"})
    assert "needs the class CartPoleEnv (env.name=mjcf)" in message(saved)


def test_a_wrong_option_is_reported_with_the_saved_model(saved):
    config = json.loads((saved / "run.json").read_text())["config"]
    change(saved, config={**config, "model": {**config["model"], "history": 1.5}})
    assert message(saved).startswith(f"the saved model {saved} cannot be used: ")
    assert "history=1.5 must be a whole number" in message(saved)


@pytest.mark.parametrize("wrong", [3, [1], {"a": 1}])
def test_a_wrong_calibration_is_an_error(saved, wrong):
    change(saved, calibration=wrong)
    assert message(saved).startswith(f"the saved model {saved} is damaged: the calibration does not have the expected")


def test_a_model_is_not_saved_over_anything_else(model, saved, tmp_path):
    dataset = tmp_path / "dataset"
    dataset.mkdir()
    (dataset / "manifest.json").write_text('{"rollout_length": 3}')
    checkpoint = Path(shutil.copytree(saved, tmp_path / "epoch-00001"))
    change(checkpoint, run_id="1")
    (tmp_path / "link").symlink_to(saved)
    (tmp_path / "file").touch()
    reasons = {
        dataset: "exists and is not a saved model",
        checkpoint: "is a checkpoint of a training",
        tmp_path / "link": "is a link",
        tmp_path / "file": "exists and is not a saved model",
        tmp_path / "file" / "model": "cannot be written: Not a directory",
    }
    before = sorted(path for path in tmp_path.rglob("*"))
    for path, reason in reasons.items():
        with pytest.raises(UserError, match=f"^{path} {reason}"):
            model.save(path)
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_a_dataset_is_no_model(tmp_path):
    (tmp_path / "manifest.json").write_text('{"rollout_length": 3}')
    assert "it is not a training run" in message(tmp_path)
