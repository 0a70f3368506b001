"""Samples: what a network is trained on is what the data say, on a scale of one."""

import numpy as np

from dynax.base import BaseDynamicsModel
from dynax.samples import normalization_of, prepare
from dynax.trajectories import Trajectories

UNIT = {"mean": np.float32(0), "std": np.float32(1)}
AS_IT_IS = {"features": UNIT, "actions": UNIT, "target": UNIT}


def test_a_window_never_crosses_two_trajectories(cart_pole):
    """Every state tells which trajectory it is of."""
    model = BaseDynamicsModel(env=cart_pole, history=3)
    states = np.repeat(np.arange(4.0), 6).reshape(4, 6, 1) * np.ones(4)
    samples = prepare(model, Trajectories(states, np.zeros((4, 5, 1))), AS_IT_IS)
    assert samples.ends.tolist() == [2, 3, 4, 7, 8, 9, 12, 13, 14, 17, 18, 19]
    windows = samples.features[samples.ends[:, None] + np.arange(-2, 1), 0]
    assert windows.tolist() == [[i] * 3 for i in range(4) for _ in range(3)]


def test_samples_are_transitions(cart_pole, trajectories):
    """The target of a sample is what follows its state under its action."""
    model, data = BaseDynamicsModel(env=cart_pole, target="acceleration"), trajectories["cart_pole"]
    samples = prepare(model, data, AS_IT_IS)
    predicted = model.integrate(np.asarray(samples.features, np.float64), np.asarray(samples.targets, np.float64))
    np.testing.assert_allclose(predicted, data.states[:, 1:].reshape(-1, 4), atol=2e-6)
    np.testing.assert_allclose(samples.actions, data.actions.reshape(-1, 1), atol=1e-7)


def test_samples_have_zero_mean_and_unit_deviation(cart_pole, trajectories):
    model, data = BaseDynamicsModel(env=cart_pole), trajectories["cart_pole"]
    samples = prepare(model, data, normalization_of(model, data))
    for values in (samples.features, samples.actions, samples.targets):
        np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(values.std(axis=0), 1, atol=1e-5)


def test_what_never_changes_is_not_blown_up(cart_pole):
    still = Trajectories(np.full((2, 4, 4), 3.0), np.zeros((2, 3, 1)))
    for statistics in normalization_of(BaseDynamicsModel(env=cart_pole), still).values():
        assert (statistics["std"] == 1).all()
