import numpy as np

from dynax.data.simulate import diverged, simulate
from dynax.data.source import ATTEMPTS, Source
from dynax.envs import DoubleCartPoleEnv, PendulumEnv
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
