"""Metrics on errors made by hand, and against the formulas they are defined by."""

import numpy as np
import pytest

from dynax.evaluation import metrics
from dynax.evaluation.metrics import MAX_ERROR, normalized_error, nrmse, physical_rmse, valid_time

ONES = np.ones(4)


def one_state(*values):
    return np.array(values, float).reshape(1, 1, 4)


def test_the_error_is_the_root_mean_square_over_coordinates(cart_pole):
    error = normalized_error(cart_pole.space, one_state(0, 0, 0, 0), one_state(1, 1, 1, 7), np.array([1, 1, 1, 7]))
    assert error.tolist() == [[1]]


def test_an_angle_wrong_by_a_turn_is_right(cart_pole):
    error = normalized_error(cart_pole.space, one_state(0, 3, 0, 0), one_state(0, 3 + 4 * np.pi, 0, 0), ONES)
    np.testing.assert_allclose(error, 0, atol=1e-14)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("coordinate", range(4))
def test_what_is_not_finite_is_lost(cart_pole, value, coordinate):
    predicted = one_state(0, 0, 0, 0)
    predicted[..., coordinate] = value
    assert normalized_error(cart_pole.space, one_state(0, 0, 0, 0), predicted, ONES).tolist() == [[MAX_ERROR]]


@pytest.mark.parametrize("value", [1e4, 1e200])
def test_no_error_counts_for_more_than_being_lost(cart_pole, value):
    assert normalized_error(cart_pole.space, one_state(0, 0, 0, 0), one_state(value, 0, 0, 0), ONES).tolist() == [
        [MAX_ERROR]
    ]


def test_nrmse_is_the_root_mean_square_over_trajectories():
    np.testing.assert_allclose(nrmse(np.array([[0, 3.0], [0, 4.0]])), [0, np.sqrt(12.5)])


def test_the_typical_error_is_the_geometric_mean():
    assert metrics.geometric_mean(np.array([[1e-4, 1e-2], [1.0, 1e2]])) == pytest.approx(1e-1)
    assert metrics.geometric_mean(np.zeros((2, 3))) == pytest.approx(0, abs=1e-9)


def test_the_unit_of_an_error_is_the_deviation_in_the_test_set(cart_pole):
    states = np.random.default_rng(0).normal(size=(50, 60, 4)) * [1, 0.1, 3, 4]
    np.testing.assert_allclose(metrics.state_std(cart_pole.space, states), states.reshape(-1, 4).std(axis=0))


def test_the_deviation_of_an_angle_does_not_count_turns(cart_pole):
    states = np.random.default_rng(0).normal(size=(50, 60, 4)) * 0.1
    turned = states + 2 * np.pi * np.array([0, 5, 0, 0]) * np.arange(50)[:, None, None]
    np.testing.assert_allclose(*(metrics.state_std(cart_pole.space, s) for s in (states, turned)), rtol=1e-10)


def test_a_coordinate_that_does_not_move_has_a_unit(cart_pole):
    assert (metrics.state_std(cart_pole.space, np.zeros((2, 3, 4))) == 1e-6).all()


def test_physical_errors_are_in_the_unit_of_each_coordinate(cart_pole):
    truth, predicted = np.zeros((2, 3, 4)), np.zeros((2, 3, 4))
    predicted[:, 1], predicted[:, 2, 2] = [0.1, 2 * np.pi + 0.2, 3, 4], [5, -5]
    np.testing.assert_allclose(
        physical_rmse(cart_pole.space, truth, predicted, ONES), [[0] * 4, [0.1, 0.2, 3, 4], [0, 0, 5, 0]]
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_lost_trajectory_is_one_of_many_in_a_physical_error(cart_pole, value):
    truth, predicted = np.zeros((4, 1, 4)), np.zeros((4, 1, 4))
    predicted[0, 0, 2] = value
    wanted = MAX_ERROR * 0.5 / np.sqrt(4)
    np.testing.assert_allclose(physical_rmse(cart_pole.space, truth, predicted, np.full(4, 0.5)), [[0, 0, wanted, 0]])


def test_valid_time_is_the_first_passage():
    error = np.array([[0, 0.05, 0.2, 0.05, 0.3]])
    assert valid_time(error, 0.1, 0.5).median == 1.0


def test_reaching_the_threshold_is_not_passing_it():
    assert valid_time(np.array([[0, 0.1, 0.1, 0.11]]), 0.1, 1.0).median == 3


def test_a_trajectory_that_never_passes_counts_as_long_as_the_test():
    valid = valid_time(np.zeros((3, 11)), 0.1, 0.2)
    assert (valid.median, valid.p10, valid.capped) == (2, 2, True)


def test_a_median_is_capped_where_half_of_the_trajectories_never_pass():
    error = np.zeros((4, 5))
    error[:2, 3:] = 1
    assert valid_time(error, 0.1, 1.0).capped
    error[2, 3:] = 1
    assert not valid_time(error, 0.1, 1.0).capped


def test_the_tenth_percentile_is_over_trajectories():
    error = (np.arange(102) >= 1 + np.arange(101)[:, None]).astype(float)  # trajectory i passes at step i + 1
    valid = valid_time(error, 0.5, 1.0)
    assert (valid.median, valid.p10) == (51, 11)


def test_a_lost_prediction_has_passed(cart_pole):
    predicted = np.zeros((1, 5, 4))
    predicted[:, 2:] = np.nan
    error = normalized_error(cart_pole.space, np.zeros((1, 5, 4)), predicted, ONES)
    assert valid_time(error, 0.4, 1.0).median == 2


def test_holding_the_last_state_moves_nothing():
    truth = np.random.default_rng(0).normal(size=(2, 5, 4))
    held = metrics.hold_last(truth)
    assert held.shape == truth.shape
    assert (held == truth[:, :1]).all()


def test_constant_velocity_moves_positions_alone(cart_pole):
    truth = np.zeros((1, 3, 4))
    truth[0, 0] = [1, 2, 3, 4]
    predicted = metrics.constant_velocity(cart_pole.space, truth)
    np.testing.assert_allclose(predicted[0], [[1, 2, 3, 4], [1.03, 2.04, 3, 4], [1.06, 2.08, 3, 4]])


def test_figures_are_those_of_their_definition(robots):
    """Written down a second time, one trajectory and one coordinate after the other."""
    env, rng = robots["double_cart_pole"], np.random.default_rng(0)
    truth = np.cumsum(rng.normal(size=(9, 30, 6)), axis=1)
    predicted = truth + np.cumsum(rng.normal(size=truth.shape) * 0.05, axis=1)
    predicted[3, 7:] = np.inf
    scale = metrics.state_std(env.space, truth)
    wrapped = [False, True, True, False, False, False]
    error = np.zeros((9, 30))
    for n in range(9):
        for t in range(30):
            squares = []
            for c in range(6):
                e = predicted[n, t, c] - truth[n, t, c]
                if wrapped[c]:
                    e = np.arctan2(np.sin(e), np.cos(e)) if np.isfinite(e) else e
                    unit = np.std((truth[..., c] + np.pi) % (2 * np.pi) - np.pi)
                else:
                    unit = np.std(truth[..., c])
                squares.append((e / unit) ** 2)
            error[n, t] = min(np.sqrt(np.mean(squares)), 1e3)
    score = metrics.score(env.space, truth, predicted, scale)
    np.testing.assert_allclose(score.error, error, rtol=1e-10)
    np.testing.assert_allclose(score.nrmse, [np.sqrt(np.mean(error[:, t] ** 2)) for t in range(30)], rtol=1e-10)
    for valid, threshold in zip(score.valid, (0.1, 0.4), strict=True):
        passages = [next((t for t in range(30) if error[n, t] > threshold), 29) * env.dt for n in range(9)]
        assert valid.median == pytest.approx(np.median(passages))
        assert valid.p10 == pytest.approx(np.percentile(passages, 10))


def test_first_passage_is_one_past_the_end_where_there_is_none():
    error = np.array([[0.0, 0.2, 0.0], [0.0, 0.0, 0.0], [0.3, 0.0, 0.0]])
    assert metrics.first_passage(error, 0.1).tolist() == [1, 3, 0]
