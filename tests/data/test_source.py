from threading import Event

import numpy as np
import pytest

from dynax.data.simulate import diverged, simulate
from dynax.data.source import ATTEMPTS, Source, ahead
from dynax.envs import DoubleCartPoleEnv, PendulumEnv
from dynax.errors import UserError
from dynax.excitations.mixed import Mixed

LOST = 863  # of seed 0: MuJoCo's Euler loses this double cart pole within five seconds


def test_a_lost_trajectory_is_drawn_again_and_its_neighbours_are_kept():
    source = Source(DoubleCartPoleEnv(), Mixed(), seed=0, steps=500)
    states, actions = source.draw(LOST - 2, LOST + 2)
    once = simulate(source.env, states, actions, "native")
    lost = diverged(once)
    assert lost.tolist() == [False, False, True, False]
    data, redrawn = source.trajectories(LOST - 2, LOST + 2, "native")
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
    few, _ = source.trajectories(LOST, LOST + 1, "native")
    many, _ = source.trajectories(LOST - 8, LOST + 8, "native")
    np.testing.assert_array_equal(many.states[8], few.states[0])


def test_batches_are_the_trajectories_whatever_their_size():
    source = Source(PendulumEnv(), Mixed(), seed=0, steps=5)
    whole, _ = source.trajectories(0, 70, "native")
    parts = [data for data, _ in source.batches(70, 32, "native")]
    assert [len(part) for part in parts] == [32, 32, 6]
    np.testing.assert_array_equal(np.concatenate([part.states for part in parts]), whole.states)
    np.testing.assert_array_equal(np.concatenate([part.actions for part in parts]), whole.actions)


def test_the_next_is_made_while_the_caller_is_busy():
    made = [Event() for _ in range(3)]

    def items():
        for i, event in enumerate(made):
            event.set()
            yield i

    several = ahead(items())
    assert not made[0].is_set()  # nothing is made before it is asked for
    assert next(several) == 0
    assert made[1].wait(10)
    assert list(several) == [1, 2]


def test_what_goes_wrong_ahead_is_told_when_it_is_due():
    def items():
        yield 1
        raise UserError("no more")

    several = ahead(items())
    assert next(several) == 1
    with pytest.raises(UserError, match="no more"):
        next(several)
