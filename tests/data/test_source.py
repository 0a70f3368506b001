from threading import Barrier, Event

import numpy as np
import pytest

from dynax.data.simulate import diverged, simulate
from dynax.data.source import ATTEMPTS, Source, ahead
from dynax.envs import DoubleCartPoleEnv, PendulumEnv
from dynax.errors import UserError
from dynax.excitations.mixed import Mixed

MAX_ERROR = 863  # of seed 0: MuJoCo's Euler loses this double cart pole within five seconds


def test_a_lost_trajectory_is_drawn_again_and_its_neighbors_are_kept():
    source = Source(DoubleCartPoleEnv(), Mixed(), seed=0, steps=500)
    states, actions = source.draw(MAX_ERROR - 2, MAX_ERROR + 2)
    once = simulate(source.env, states, actions, "native")
    lost = diverged(once)
    assert lost.tolist() == [False, False, True, False]
    data, redrawn = source.trajectories(MAX_ERROR - 2, MAX_ERROR + 2, "native")
    assert redrawn == 1
    assert not diverged(data.states).any()
    np.testing.assert_array_equal(data.states[~lost], once[~lost])


def test_the_last_attempt_may_succeed(monkeypatch):
    source = Source(PendulumEnv(), Mixed(), seed=0, steps=5)
    drawn = iter(range(100))
    monkeypatch.setattr("dynax.data.source.diverged", lambda paths: np.full(len(paths), next(drawn) < ATTEMPTS - 1))
    assert source.trajectories(0, 1, "native")[1] == ATTEMPTS - 1


def test_what_is_drawn_again_does_not_depend_on_the_others():
    source = Source(DoubleCartPoleEnv(), Mixed(), seed=0, steps=500)
    few, _ = source.trajectories(MAX_ERROR, MAX_ERROR + 1, "native")
    many, _ = source.trajectories(MAX_ERROR - 8, MAX_ERROR + 8, "native")
    np.testing.assert_array_equal(many.states[8], few.states[0])


def test_batches_are_the_trajectories_whatever_their_size():
    source = Source(PendulumEnv(), Mixed(), seed=0, steps=5)
    whole, _ = source.trajectories(0, 70, "native")
    parts = [data for data, _ in source.batches(70, 32, "native")]
    assert [len(part) for part in parts] == [32, 32, 6]
    np.testing.assert_array_equal(np.concatenate([part.states for part in parts]), whole.states)
    np.testing.assert_array_equal(np.concatenate([part.actions for part in parts]), whole.actions)


def test_the_next_are_made_while_the_caller_is_busy():
    made, asked = [Event() for _ in range(4)], []

    def make(i):
        made[i].set()
        return -i

    def items():
        for i in range(4):
            asked.append(i)
            yield i

    several = ahead(make, items(), 2)
    assert not asked  # nothing is made before it is asked for
    assert next(several) == 0
    assert made[1].wait(10)
    assert made[2].wait(10)
    assert asked == [0, 1, 2]  # nor more of them than are told
    assert list(several) == [-1, -2, -3]


def test_several_are_made_at_once_and_come_in_order():
    together = Barrier(2)  # whose two must wait for each other

    def make(i):
        together.wait(10)
        return i

    assert list(ahead(make, range(6), 2)) == [0, 1, 2, 3, 4, 5]


def test_what_goes_wrong_ahead_is_told_when_it_is_due():
    def make(i):
        if i == 1:
            raise UserError("no more")
        return i

    several = ahead(make, range(5), 2)
    assert next(several) == 0
    with pytest.raises(UserError, match="no more"):
        next(several)
