"""Test trajectories: simulated in float64 from a separate random stream, with a warm-up for models with a history."""

import numpy as np
import pytest

from dynax.data.simulate import simulate
from dynax.data.source import TrajectorySource
from dynax.evaluation import testset
from dynax.excitations.piecewise_constant import PiecewiseConstant

WARMUP = 7


@pytest.fixture(scope="module")
def pendulum(robots):
    return robots["pendulum"]


@pytest.fixture(scope="module")
def test(pendulum):
    return testset.make_testset(pendulum, 6, 1.0, 3, "piecewise_constant", WARMUP)


def test_time_zero_follows_the_warm_up(test):
    assert test.trajectories.states.shape == (6, WARMUP + 51, 2)
    assert test.truth.shape == (6, 51, 2)
    assert test.actions.shape == (6, 50, 1)
    assert np.array_equal(test.truth[:, 0], test.trajectories.states[:, WARMUP])


def test_truth_is_float64_c_mujoco(test, pendulum):
    assert test.truth.dtype == np.float64
    np.testing.assert_allclose(simulate(pendulum, test.truth[:, 0], test.actions, "native"), test.truth, atol=1e-12)


@pytest.mark.parametrize("history", [1, 2, WARMUP + 1])
def test_the_inputs_of_a_model_are_its_history_up_to_time_zero(test, history):
    states, actions = test.inputs(history)
    assert states.shape == (6, history, 2)
    assert np.array_equal(states[:, -1], test.truth[:, 0])
    assert np.array_equal(states, test.trajectories.states[:, WARMUP + 1 - history : WARMUP + 1])
    assert np.array_equal(actions[:, history - 1 :], test.actions)
    assert actions.shape[1] == history - 1 + 50


def test_piecewise_constant_actions_last_a_fifth_of_a_second(test):
    blocks = test.trajectories.actions[:, :50].reshape(6, 5, 10)
    assert (blocks == blocks[:, :, :1]).all()
    assert len(np.unique(blocks[:, :, 0])) == 30


def test_uniform_actions_change_at_every_step(pendulum):
    actions = testset.make_testset(pendulum, 2, 1.0, 3, "uniform", 0).actions
    assert len(np.unique(actions)) == 100


def test_passive_actions_are_zero(pendulum):
    assert not testset.make_testset(pendulum, 2, 1.0, 3, "passive", 0).actions.any()


def test_equal_seeds_give_equal_tests(pendulum, test):
    again = testset.make_testset(pendulum, 6, 1.0, 3, "piecewise_constant", WARMUP)
    assert np.array_equal(again.truth, test.truth)


def test_different_seeds_give_different_tests(pendulum, test):
    assert not np.array_equal(testset.make_testset(pendulum, 6, 1.0, 4, "piecewise_constant", WARMUP).truth, test.truth)


def test_a_test_and_data_with_the_same_seed_have_different_initial_states(pendulum, test):
    states, _ = TrajectorySource(pendulum, PiecewiseConstant(0.2), 3, WARMUP + 50).draw(0, 6)
    assert not (test.trajectories.states[:, 0] == states).any()


def test_a_test_is_at_least_one_step_long(pendulum):
    assert testset.make_testset(pendulum, 2, 1e-9, 3, "piecewise_constant", 0).truth.shape == (2, 2, 2)
