"""Evaluation and clips of a model with random parameters on a log."""

import json

import jax
import numpy as np
import pytest
import yaml
from synthetic import MAPPING, drive_csv

from dynax.architectures import MLPDynamicsModel
from dynax.config.options import section
from dynax.config.schema import EvalConfig, RenderConfig
from dynax.envs import DataEnv
from dynax.errors import UserError
from dynax.evaluation.log_evaluation import evaluate_log
from dynax.logs.importing import import_log
from dynax.logs.mapping import LogMapping
from dynax.trained import TrainedModel


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    """Return a model and the dataset of a log."""
    folder = tmp_path_factory.mktemp("log")
    mapping = section(LogMapping, {**yaml.safe_load(MAPPING), "test_fraction": 0.5}, "mapping")
    dataset = import_log(drive_csv(folder / "log.csv"), mapping, folder).dataset
    model = MLPDynamicsModel(env=DataEnv(mjcf=dataset.manifest["mjcf"]), hidden_dims=(8,), history=2)
    params = model.create(jax.random.PRNGKey(0), model.identity_normalization())
    return TrainedModel(model, params, {}, {"dataset_sha256": dataset.sha256}), dataset


def test_an_evaluation_compares_the_model_with_baselines_and_the_noise(tested, tmp_path):
    trained, dataset = tested
    evaluation = evaluate_log(trained, dataset, EvalConfig(window_seconds=0.5, window_stride=0.25))
    summary = json.loads(json.dumps(evaluation.summary()))
    assert (summary["windows"], summary["simulations"]) == (5, 1)
    errors = summary["horizons"]["pos_rad [rad]"]
    assert set(errors) == {"model", "constant velocity", "hold last"}
    assert set(errors["model"]) == {"0.1", "0.25", "0.5"}
    truth = evaluation.windows.truth[:, :, 0]
    expected = np.sqrt(np.mean((truth[:, 25] - truth[:, 0]) ** 2))
    assert errors["hold last"]["0.25"]["rmse"] == pytest.approx(expected)
    assert summary["noise_std"]["pos_rad [rad]"] < 1e-3
    evaluation.save_plots(tmp_path)
    assert {"horizon.png", "trajectories.png"} == {path.name for path in tmp_path.iterdir()}
    assert len(evaluation.tables()) == 2


def test_a_window_longer_than_the_log_is_explained(tested):
    with pytest.raises(UserError, match="window_seconds=9 is too long: the longest test trajectory has"):
        evaluate_log(*tested, EvalConfig(window_seconds=9.0))


def test_a_clip_draws_curves(tested):
    from dynax.cli.render_log import log_clip

    frames, error, count = log_clip(*tested, RenderConfig(seconds=0.5, width=160, height=90, fps=4))
    frames = list(frames)
    assert (len(frames), frames[0].shape, error.shape) == (count, (90, 160, 3), (1, 51))
    assert (frames[0] != frames[-1]).any()
