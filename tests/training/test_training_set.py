"""Samples: what a network is trained on is what the data say, on a scale of one."""

import numpy as np
import pytest

from dynax.base import BaseDynamicsModel, normalize
from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv
from dynax.errors import UserError
from dynax.training.training_set import RARE, check_length, normalization_of, prepare, window_ends

UNIT = {"mean": np.float32(0), "std": np.float32(1)}
AS_IT_IS = {"features": UNIT, "actions": UNIT, "target": UNIT}


FOUR = Trajectories(np.repeat(np.arange(4.0), 6).reshape(4, 6, 1) * np.ones(4), np.zeros((4, 5, 1)))


@pytest.mark.parametrize(("history", "ahead", "each"), [(1, 1, 5), (3, 1, 3), (1, 3, 3), (2, 3, 2), (3, 3, 1)])
def test_a_window_never_crosses_two_trajectories(cart_pole, history, ahead, each):
    """Every state tells which trajectory it is of."""
    samples = prepare(BaseDynamicsModel(env=cart_pole), FOUR, AS_IT_IS)
    rows = window_ends(FOUR, history, ahead)[:, None] + np.arange(1 - history, ahead)
    assert samples.states[rows, 0].tolist() == [[i] * (history + ahead - 1) for i in range(4) for _ in range(each)]


def test_trajectories_too_short_for_any_window_are_told():
    with pytest.raises(UserError, match=r"trajectories of 5 steps are too short for model.history=6$"):
        window_ends(FOUR, 6)
    with pytest.raises(UserError, match=r"for model.history=2 and training.unroll_horizons of 5$"):
        check_length(5, 2, 5)


def test_samples_are_transitions(cart_pole, trajectories):
    """The target of a sample is what follows its state under its action."""
    model, data = BaseDynamicsModel(env=cart_pole, target="acceleration"), trajectories["cart_pole"]
    samples = prepare(model, data, AS_IT_IS)
    predicted = model.integrate(np.asarray(samples.states, np.float64), np.asarray(samples.targets, np.float64))
    np.testing.assert_allclose(predicted, data.states[:, 1:].reshape(-1, 4), atol=2e-6)
    np.testing.assert_allclose(samples.actions, data.actions.reshape(-1, 1), atol=1e-7)


def test_targets_have_zero_mean_and_unit_deviation(cart_pole, trajectories):
    model, data = BaseDynamicsModel(env=cart_pole), trajectories["cart_pole"]
    targets = prepare(model, data, normalization_of(model, data)).targets
    np.testing.assert_allclose(targets.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(targets.std(axis=0), 1, atol=1e-5)


def test_normalized_features_and_actions_have_zero_mean_and_unit_deviation(cart_pole, trajectories):
    model, data = BaseDynamicsModel(env=cart_pole), trajectories["cart_pole"]
    norm = normalization_of(model, data)
    for values, statistics in ((data.states[:, :-1], norm["features"]), (data.actions, norm["actions"])):
        scaled = normalize(statistics, values)
        np.testing.assert_allclose(scaled.mean(axis=(0, 1)), 0, atol=1e-5)
        np.testing.assert_allclose(scaled.std(axis=(0, 1)), 1, atol=1e-5)


@pytest.mark.parametrize(("blows", "deviations"), [(1, RARE), (100, 3.0)])
def test_a_stop_that_is_hardly_ever_struck_is_not_blown_up(cart_pole, blows, deviations):
    """Of a thousand states `blows` are beyond it: a flag deviates by sqrt(p - p^2), for p = 0.001 by a thirtieth."""
    states = np.zeros((1, 1001, 4))
    states[0, :blows, 0] = cart_pole.mj_model.jnt_range[0, 1] + 0.1
    model = BaseDynamicsModel(env=cart_pole, constraints="features")
    seen = model.features(states)
    scaled = normalize(normalization_of(model, Trajectories(states, np.zeros((1, 1000, 1))))["features"], seen)
    changing = np.ptp(seen[0], axis=0) > 0
    np.testing.assert_allclose((scaled[0, 0] - scaled[0, -1])[changing], deviations, rtol=0.12)


def test_samples_of_a_robot_without_actuators_have_no_actions():
    fall = '<mujoco><worldbody><body><joint type="slide" axis="0 0 1"/><geom size=".1"/></body></worldbody></mujoco>'
    model = BaseDynamicsModel(env=MjcfEnv(xml="fall.xml", mjcf=fall))
    data = Trajectories(np.ones((2, 4, 2)), np.zeros((2, 3, 0)))
    samples = prepare(model, data, normalization_of(model, data))
    assert (samples.states.shape, samples.actions.shape, samples.targets.shape) == ((6, 2), (6, 0), (6, 2))


def test_what_never_changes_is_not_blown_up(cart_pole):
    still = Trajectories(np.full((2, 4, 4), 3.0), np.zeros((2, 3, 1)))
    for statistics in normalization_of(BaseDynamicsModel(env=cart_pole), still).values():
        assert (statistics["std"] == 1).all()
