"""The spread of members with known distances from their mean."""

import numpy as np

from dynax.envs import PendulumEnv
from dynax.uncertainty.spread import MAX_SPREAD, member_spread, rms


def test_the_spread_is_the_rms_distance_in_units_of_std():
    prediction = np.zeros((3, 5, 2))
    offset = np.array([0.3, -2.0])
    members = np.stack([prediction + offset, prediction - offset])
    spread = member_spread(PendulumEnv().space, members, prediction, np.array([0.1, 4.0]))
    np.testing.assert_allclose(spread, np.broadcast_to([3.0, 0.5], (3, 5, 2)))


def test_angles_are_wrapped():
    prediction = np.full((1, 1, 2), np.pi - 0.01)
    members = np.stack([prediction, prediction + 2 * np.pi])
    assert member_spread(PendulumEnv().space, members, prediction, np.ones(2))[0, 0, 0] < 1e-9


def test_a_member_that_diverges_has_the_largest_spread():
    members = np.zeros((2, 1, 2, 2))
    members[0, 0, 1] = np.nan
    spread = member_spread(PendulumEnv().space, members, np.zeros((1, 2, 2)), np.ones(2))
    assert (spread[0, 1] == MAX_SPREAD).all()
    assert (spread[0, 0] == 0).all()


def test_the_rms_ignores_unobserved_coordinates():
    assert rms(np.array([3.0, 100.0, 4.0]), np.array([True, False, True])) == np.sqrt(12.5)
