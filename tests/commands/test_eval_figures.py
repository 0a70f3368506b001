"""What `dynax eval` says of scores, on scores made by hand."""

import numpy as np
import pytest

from dynax.cli.commands import eval as evaluation
from dynax.evaluation.metrics import Score, ValidTime


def test_drawn_trajectories_go_from_the_worst_to_the_best_of_which_some_are_never_lost():
    lost_after = np.array([30, 99, 5, 60, 1, 80, 99, 20, 10, 40, 99])  # 99: never
    error = (np.arange(99) >= lost_after[:, None]).astype(float)
    score = Score(error, np.zeros((99, 2)), ())
    chosen = lost_after[evaluation._spread(score, 3)]
    assert chosen.tolist() == sorted(chosen)
    assert chosen[0] == 5
    assert chosen[-1] == 99
    assert len(set(evaluation._spread(score, 50))) == len(evaluation._spread(score, 50)) > 3


@pytest.mark.parametrize(
    ("mine", "ceiling", "said"),
    [
        ((5.0, False), (10.0, False), "50%"),
        ((5.0, False), (10.0, True), "< 50%"),
        ((1.13, False), (8.0, True), "< 15%"),
        ((0.03, False), (8.0, True), "< 1%"),
        ((10.0, True), (10.0, True), "100%"),
    ],
)
def test_a_share_of_a_ceiling_that_outlasts_the_test_is_a_bound(mine, ceiling, said):
    times = [ValidTime(0.1, median, 0.0, capped) for median, capped in (mine, ceiling)]
    assert evaluation._share(*times, dt=0.01) == said
