"""Data in which nothing moves are not a success."""

import jax
import numpy as np
import pytest
from toys import Dropping

from dynax.config.schema import EvalConfig
from dynax.data.trajectories import Trajectories
from dynax.envs import Env
from dynax.evaluation import evaluate, plots
from dynax.evaluation.testset import TestSet
from dynax.trained import TrainedModel
from dynax.training.training_set import TrainingSet

TWO = """<mujoco><worldbody><body><joint name="a" axis="0 1 0"/><geom size=".1"/>
<body><joint name="b" type="slide"/><geom size=".1"/></body></body></worldbody></mujoco>"""


def model_of(mjcf):
    return Dropping(env=Env(mjcf))


def trajectories(moving):
    """Return trajectories of two joints, of which the first `moving` coordinates change."""
    states = np.zeros((3, 9, 4))
    states[..., :moving] = np.random.default_rng(0).normal(size=(3, 9, moving))
    return Trajectories(states, np.zeros((3, 8, 0)))


@pytest.mark.parametrize("where", ["the training data", "the test"])
def test_data_in_which_nothing_moves_are_a_warning_with_advice(where, caplog):
    model = model_of(TWO)
    if where == "the test":
        trained = TrainedModel(model, model.create(jax.random.PRNGKey(0), model.identity_normalization()))
        result = evaluate(trained, EvalConfig(plot_trajectories=1), TestSet(trajectories(0), 1))
        assert "Nothing moves in this test. Widen the initial states (env.reset)" in result.tables()[0].caption
        assert result.summary()["still_coordinates"] == ["a", "b", "a velocity", "b velocity"]
    else:
        TrainingSet.of(model, trajectories(0))
    assert any(m.startswith(f"nothing moves in {where} of robot, so that errors say nothing") for m in caplog.messages)
    assert "env.action_range" in caplog.text


def test_single_coordinates_that_do_not_move_are_named(caplog):
    TrainingSet.of(model_of(TWO), trajectories(2))
    assert "in the training data of robot, `a velocity`, `b velocity` do not move." in caplog.text


def test_moving_data_have_no_warning(caplog):
    TrainingSet.of(model_of(TWO), trajectories(4))
    assert "move" not in caplog.text


@pytest.mark.slow
def test_plots_of_errors_of_zero_raise_no_warning(tmp_path):
    rows = [{"epoch": 1, "loss": 0.0, "val_nrmse": 0.0}, {"epoch": 2, "loss": 0.0, "val_nrmse": 0.0}]
    plots.loss_curve(tmp_path / "loss.png", rows, "still")
    model = model_of(TWO)
    trained = TrainedModel(model, model.create(jax.random.PRNGKey(0), model.identity_normalization()))
    evaluate(trained, EvalConfig(plot_trajectories=1), TestSet(trajectories(0), 1)).save_plots(tmp_path)
