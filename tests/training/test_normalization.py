"""Normalization: features, actions and targets have zero mean and unit standard deviation."""

import numpy as np
import pytest

from dynax.base import BaseDynamicsModel, normalize
from dynax.data.trajectories import Trajectories
from dynax.training import TrainingSet
from dynax.training.normalization import MAX_RARE_FEATURE, normalization_of


def test_targets_have_zero_mean_and_unit_standard_deviation(cart_pole, trajectories):
    targets = TrainingSet.of(BaseDynamicsModel(env=cart_pole), trajectories["cart_pole"]).samples.targets
    np.testing.assert_allclose(targets.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(targets.std(axis=0), 1, atol=1e-5)


def test_features_and_actions_have_zero_mean_and_unit_standard_deviation(cart_pole, trajectories):
    model, data = BaseDynamicsModel(env=cart_pole), trajectories["cart_pole"]
    norm = normalization_of(model, data)
    for values, statistics in ((data.states[:, :-1], norm["features"]), (data.actions, norm["actions"])):
        scaled = normalize(statistics, values)
        np.testing.assert_allclose(scaled.mean(axis=(0, 1)), 0, atol=1e-5)
        np.testing.assert_allclose(scaled.std(axis=(0, 1)), 1, atol=1e-5)


@pytest.mark.parametrize(("hits", "distance"), [(1, MAX_RARE_FEATURE), (100, 3.0)])
def test_features_of_rare_joint_limit_impacts_are_bounded(cart_pole, hits, distance):
    """`hits` of 1,000 states exceed the limit. A flag with p = 0.001 has standard deviation sqrt(p - p^2) = 0.03."""
    states = np.zeros((1, 1001, 4))
    states[0, :hits, 0] = cart_pole.mj_model.jnt_range[0, 1] + 0.1
    model = BaseDynamicsModel(env=cart_pole, constraints="features")
    features = model.features(states)
    statistics = normalization_of(model, Trajectories(states, np.zeros((1, 1000, 1))))["features"]
    scaled = normalize(statistics, features)
    changing = np.ptp(features[0], axis=0) > 0
    np.testing.assert_allclose((scaled[0, 0] - scaled[0, -1])[changing], distance, rtol=0.12)


def test_the_standard_deviation_of_a_constant_is_one(cart_pole):
    still = Trajectories(np.full((2, 4, 4), 3.0), np.zeros((2, 3, 1)))
    for statistics in normalization_of(BaseDynamicsModel(env=cart_pole), still).values():
        assert (statistics["std"] == 1).all()
