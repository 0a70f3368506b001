"""Metrics on constructed errors, and against their definitions."""

import numpy as np
import pytest

from dynax.evaluation import metrics
from dynax.evaluation.metrics import MAX_ERROR, normalized_error, nrmse, squared_physical_error, valid_time
from dynax.evaluation.scores import score

ONES = np.ones(4)


def one_state(*values):
    return np.array(values, float).reshape(1, 1, 4)


def test_the_error_is_the_root_mean_square_over_coordinates(cart_pole):
    error = normalized_error(cart_pole.space, one_state(0, 0, 0, 0), one_state(1, 1, 1, 7), np.array([1.0, 1, 1, 7]))
    assert error.tolist() == [[1]]


def test_an_error_of_full_turns_is_zero(cart_pole):
    error = normalized_error(cart_pole.space, one_state(0, 3, 0, 0), one_state(0, 3 + 4 * np.pi, 0, 0), ONES)
    np.testing.assert_allclose(error, 0, atol=1e-14)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("coordinate", range(4))
def test_a_value_that_is_not_finite_has_the_largest_error(cart_pole, value, coordinate):
    predicted = one_state(0, 0, 0, 0)
    predicted[..., coordinate] = value
    assert normalized_error(cart_pole.space, one_state(0, 0, 0, 0), predicted, ONES).tolist() == [[MAX_ERROR]]


@pytest.mark.parametrize("value", [1e4, 1e200])
def test_errors_are_limited(cart_pole, value):
    assert normalized_error(cart_pole.space, one_state(0, 0, 0, 0), one_state(value, 0, 0, 0), ONES).tolist() == [
        [MAX_ERROR]
    ]


def test_nrmse_is_the_root_mean_square_over_trajectories():
    np.testing.assert_allclose(nrmse(np.array([[0, 3.0], [0, 4.0]])), [0, np.sqrt(12.5)])


def test_the_geometric_mean():
    assert metrics.geometric_mean(np.array([[1e-4, 1e-2], [1.0, 1e2]])) == pytest.approx(1e-1)
    assert metrics.geometric_mean(np.zeros((2, 3))) == pytest.approx(0, abs=1e-9)


def test_the_unit_of_an_error_is_the_standard_deviation_in_the_test_set(cart_pole):
    states = np.random.default_rng(0).normal(size=(50, 60, 4)) * [1, 0.1, 3, 4]
    np.testing.assert_allclose(metrics.state_std(cart_pole.space, states), states.reshape(-1, 4).std(axis=0))


def test_the_standard_deviation_of_an_angle_ignores_full_turns(cart_pole):
    states = np.random.default_rng(0).normal(size=(50, 60, 4)) * 0.1
    with_turns = states + 2 * np.pi * np.array([0, 5, 0, 0]) * np.arange(50)[:, None, None]
    np.testing.assert_allclose(*(metrics.state_std(cart_pole.space, s) for s in (states, with_turns)), rtol=1e-10)


def test_a_constant_coordinate_has_a_positive_unit(cart_pole):
    assert (metrics.state_std(cart_pole.space, np.zeros((2, 3, 4))) == 1e-6).all()


def test_physical_errors_are_in_the_unit_of_each_coordinate(cart_pole):
    truth, predicted = np.zeros((2, 3, 4)), np.zeros((2, 3, 4))
    predicted[:, 1], predicted[:, 2, 2] = [0.1, 2 * np.pi + 0.2, 3, 4], [5, -5]
    np.testing.assert_allclose(
        np.sqrt(squared_physical_error(cart_pole.space, truth, predicted, ONES) / len(truth)),
        [[0] * 4, [0.1, 0.2, 3, 4], [0, 0, 5, 0]],
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_diverged_trajectory_has_a_limited_effect_on_the_physical_error(cart_pole, value):
    truth, predicted = np.zeros((4, 1, 4)), np.zeros((4, 1, 4))
    predicted[0, 0, 2] = value
    expected = MAX_ERROR * 0.5 / np.sqrt(4)
    squared = squared_physical_error(cart_pole.space, truth, predicted, np.full(4, 0.5))
    np.testing.assert_allclose(np.sqrt(squared / len(truth)), [[0, 0, expected, 0]])


def test_valid_time_is_the_first_passage_time():
    error = np.array([[0, 0.05, 0.2, 0.05, 0.3]])
    assert valid_time(error, 0.1, 0.5).median == 1.0


def test_an_error_equal_to_the_threshold_does_not_exceed_it():
    assert valid_time(np.array([[0, 0.1, 0.1, 0.11]]), 0.1, 1.0).median == 3


def test_a_trajectory_that_never_exceeds_the_threshold_counts_with_the_length_of_the_test():
    valid = valid_time(np.zeros((3, 11)), 0.1, 0.2)
    assert (valid.median, valid.p10, valid.is_lower_bound) == (2, 2, True)


def test_a_median_is_capped_if_half_of_the_trajectories_never_exceed_the_threshold():
    error = np.zeros((4, 5))
    error[:2, 3:] = 1
    assert valid_time(error, 0.1, 1.0).is_lower_bound
    error[2, 3:] = 1
    assert not valid_time(error, 0.1, 1.0).is_lower_bound


def test_the_tenth_percentile_is_over_trajectories():
    error = (np.arange(102) >= 1 + np.arange(101)[:, None]).astype(float)  # trajectory i exceeds it at step i + 1
    valid = valid_time(error, 0.5, 1.0)
    assert (valid.median, valid.p10) == (51, 11)


def test_a_prediction_that_is_not_finite_exceeds_every_threshold(cart_pole):
    predicted = np.zeros((1, 5, 4))
    predicted[:, 2:] = np.nan
    error = normalized_error(cart_pole.space, np.zeros((1, 5, 4)), predicted, ONES)
    assert valid_time(error, 0.4, 1.0).median == 2


def test_scores_agree_with_their_definitions(robots):
    """Compute the scores again, one trajectory and one coordinate at a time."""
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
    result = score(env.space, truth, predicted, scale)
    np.testing.assert_allclose(result.error, error, rtol=1e-10)
    np.testing.assert_allclose(result.nrmse, [np.sqrt(np.mean(error[:, t] ** 2)) for t in range(30)], rtol=1e-10)
    for valid, threshold in zip(result.valid_times, (0.1, 0.4), strict=True):
        passages = [next((t for t in range(30) if error[n, t] > threshold), 29) * env.dt for n in range(9)]
        assert valid.median == pytest.approx(np.median(passages))
        assert valid.p10 == pytest.approx(np.percentile(passages, 10))
