"""The training set: transitions, windows and impacts of trajectories."""

import jax
import numpy as np
import pytest

from dynax.base import BaseDynamicsModel
from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv
from dynax.errors import UserError
from dynax.training import TrainingSet, training_set
from dynax.training.windows import check_length, window_ends

UNIT = {"mean": np.float32(0), "std": np.float32(1)}
IDENTITY = {"features": UNIT, "actions": UNIT, "target": UNIT}
# Four trajectories of five steps. The states of trajectory i are i.
FOUR = Trajectories(np.repeat(np.arange(4.0), 6).reshape(4, 6, 1) * np.ones(4), np.zeros((4, 5, 1)))


@pytest.mark.parametrize(("history", "horizon", "windows"), [(1, 1, 5), (3, 1, 3), (1, 3, 3), (2, 3, 2), (3, 3, 1)])
def test_a_window_lies_in_one_trajectory(cart_pole, history, horizon, windows):
    train = TrainingSet.of(BaseDynamicsModel(env=cart_pole, history=history), FOUR, IDENTITY)
    rows = train.window_ends(horizon)[:, None] + np.arange(1 - history, horizon)
    numbers = [[i] * (history + horizon - 1) for i in range(4) for _ in range(windows)]
    assert train.samples.states[rows, 0].tolist() == numbers


def test_windows_longer_than_the_trajectories_are_rejected():
    with pytest.raises(UserError, match=r"^history=6 is too long for trajectories of 5 steps$"):
        window_ends(4, 5, 6)
    with pytest.raises(
        UserError,
        match=r"^a prediction of 5 steps with a history of 2 is too long for trajectories of 5 steps: decrease ",
    ):
        check_length(5, 2, 5)


def test_samples_are_transitions(cart_pole, trajectories):
    """The target of a sample leads from its state to the next state."""
    model, data = BaseDynamicsModel(env=cart_pole, target="acceleration"), trajectories["cart_pole"]
    samples = TrainingSet.of(model, data, IDENTITY).samples
    predicted = model.integrate(np.asarray(samples.states, np.float64), np.asarray(samples.targets, np.float64))
    np.testing.assert_allclose(predicted, data.states[:, 1:].reshape(-1, 4), atol=2e-6)
    np.testing.assert_allclose(samples.actions, data.actions.reshape(-1, 1), atol=1e-7)


def test_samples_of_a_robot_without_actuators_have_no_actions():
    fall = '<mujoco><worldbody><body><joint type="slide" axis="0 0 1"/><geom size=".1"/></body></worldbody></mujoco>'
    model = BaseDynamicsModel(env=MjcfEnv(xml="fall.xml", mjcf=fall))
    samples = TrainingSet.of(model, Trajectories(np.ones((2, 4, 2)), np.zeros((2, 3, 0)))).samples
    assert (samples.states.shape, samples.actions.shape, samples.targets.shape) == ((6, 2), (6, 0), (6, 2))


def test_transitions_at_impacts_are_repeated(slide, sliding, monkeypatch):
    hit = np.random.default_rng(0).random(sliding[0].actions.shape[:2]) < 0.2
    monkeypatch.setattr(training_set, "impacts", lambda env, states: hit)
    train = TrainingSet.of(BaseDynamicsModel(env=slide, history=2), sliding[0])
    ends = train.window_ends()
    used, count = np.unique(train.weighted_ends(3), return_counts=True)
    np.testing.assert_array_equal(used, ends)
    np.testing.assert_array_equal(count, np.where(hit.ravel()[ends], 3, 1))
    np.testing.assert_array_equal(train.weighted_ends(1), ends)


def test_a_training_set_can_serve_several_trainings(slide, sliding, monkeypatch):
    """Impacts are detected once."""
    calls = []
    monkeypatch.setattr(training_set, "impacts", lambda *args: calls.append(1) or np.zeros((12, 40), bool))
    train = TrainingSet.of(BaseDynamicsModel(env=slide), sliding[0])
    for weight in (2, 3):
        train.weighted_ends(weight)
    assert calls == [1]


def test_samples_in_double_precision_have_the_same_values(slide, sliding):
    train = TrainingSet.of(BaseDynamicsModel(env=slide), sliding[0])
    with jax.enable_x64(True):
        double = train.double_samples()
    for one, other in zip((double.states, double.actions, double.targets), jax.tree.leaves(train.samples), strict=True):
        assert one.dtype == np.float64
        np.testing.assert_allclose(one, other, atol=1e-6)
