"""The speed of predictions, by a clock of the test."""

import numpy as np

from dynax.data.trajectories import Trajectories
from dynax.evaluation import speed
from dynax.evaluation.speed import Speed
from dynax.evaluation.testset import TestSet


def test_a_speed_is_the_simulated_time_over_the_wall_time(slide, sliding, monkeypatch):
    """The simulation takes two seconds, and the prediction half a second."""
    times = iter([0.0, 2.0, 10.0, 10.5])
    monkeypatch.setattr(speed.time, "perf_counter", lambda: next(times))
    monkeypatch.setattr(speed, "usable_cores", lambda: 2)
    states, actions = sliding[1].states, sliding[1].actions  # four trajectories
    test = TestSet(Trajectories(states, actions), warmup=10)
    seconds = 30 * slide.dt
    found = Speed.of(slide, test, 8, lambda: None)
    np.testing.assert_allclose([found.model, found.mujoco], [8 * seconds / 0.5, 4 * seconds / 2.0])


def test_the_sentence_names_the_machine():
    assert Speed(3600.4, 5300.0, 256, 2).sentence() == (
        "Speed: 3,600 simulated seconds per second, C MuJoCo 5,300 (256 trajectories at once, 2 cores)."
    )
