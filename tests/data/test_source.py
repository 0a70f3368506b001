"""Sources: diverged trajectories are drawn again, and batches do not change the data."""

import numpy as np
import pytest

from dynax.data.simulate import diverged, simulate
from dynax.data.source import FAST_DRAWS, MAX_DRAWS, TrajectorySource
from dynax.envs import DoubleCartPoleEnv, PendulumEnv
from dynax.excitations.mixed import Mixed

DIVERGING = 863  # index of a trajectory with seed 0: MuJoCo's Euler integrator diverges within five seconds


@pytest.fixture(scope="module")
def source():
    return TrajectorySource(DoubleCartPoleEnv(), Mixed(), seed=0, steps=500)


def test_a_diverged_trajectory_is_drawn_again_and_the_others_are_kept(source):
    states, actions = source.draw(DIVERGING - 2, DIVERGING + 2)
    paths = simulate(source.env, states, actions, "native")
    failed = diverged(paths)
    assert failed.tolist() == [False, False, True, False]
    data, redrawn = source.trajectories(DIVERGING - 2, DIVERGING + 2, "native")
    assert redrawn == 1
    assert not diverged(data.states).any()
    np.testing.assert_array_equal(data.states[~failed], paths[~failed])


def test_the_last_draw_may_succeed(monkeypatch):
    source = TrajectorySource(PendulumEnv(), Mixed(), seed=0, steps=5)
    calls = iter(range(100))
    monkeypatch.setattr("dynax.data.source.diverged", lambda paths: np.full(len(paths), next(calls) < MAX_DRAWS - 1))
    assert source.trajectories(0, 1, "native")[1] == MAX_DRAWS - 1


def test_a_repeated_draw_does_not_depend_on_other_trajectories(source):
    few, _ = source.trajectories(DIVERGING, DIVERGING + 1, "native")
    many, _ = source.trajectories(DIVERGING - 8, DIVERGING + 8, "native")
    np.testing.assert_array_equal(many.states[8], few.states[0])


def test_batches_of_every_size_contain_the_same_trajectories():
    source = TrajectorySource(PendulumEnv(), Mixed(), seed=0, steps=5)
    complete, _ = source.trajectories(0, 70, "native")
    parts = [data for data, _ in source.batches(70, 32, "native")]
    assert [len(part) for part in parts] == [32, 32, 6]
    np.testing.assert_array_equal(np.concatenate([part.states for part in parts]), complete.states)
    np.testing.assert_array_equal(np.concatenate([part.actions for part in parts]), complete.actions)


def test_late_draws_have_slower_initial_velocities(source):
    speeds = [np.abs(source.draw(0, 32, k)[0][:, source.env.mj_model.nq :]).mean() for k in range(MAX_DRAWS)]
    assert min(speeds[:FAST_DRAWS]) > 0.5 * max(speeds[:FAST_DRAWS])
    assert speeds[-1] < 0.01 * speeds[0]
